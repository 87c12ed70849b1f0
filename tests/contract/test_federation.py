# SPDX-License-Identifier: Apache-2.0
"""Collections and Manifests of one's own and of other institutions: the same from all servers, whoever is down."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

import presentation_tree as tree
import pytest
from support import elsewhere, paths
from support.cluster import BASE, Cluster
from support.servers import Endpoint, free_port, wait_for

PROGRAM = paths.BUILD / "common/ctl/iiifctl"
SNAPSHOT = ".iiif-include.json"


def federate(folder, code=0):
    done = subprocess.run([str(PROGRAM), "federate", str(folder)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr


class Others:
    """Two institutions, one with Presentation 3.0 and one with 2.1, and one that is never there."""

    def __init__(self):
        self.server = elsewhere.Elsewhere()
        self.book_base, self.old_base = self.server.base + "/b", self.server.base + "/o"
        self.book = self.server.put("/b/manifest.json", elsewhere.manifest_3(self.book_base))
        self.old = self.server.put("/o/manifest.json", elsewhere.manifest_2(self.old_base))
        self.all = self.server.put("/c/collection.json", elsewhere.collection_3(self.server.base + "/c"))
        down = f"http://127.0.0.1:{free_port()}"
        self.down = down + "/lost-book/manifest.json"
        self.sidecars = {
            "iiif.yaml": "label: National collection\nrights: CC0\n",
            "both/iiif.yaml": f"""\
label: Ours and theirs
attribution: Our own
include:
  - {self.book}
  - {{collection: {self.all}, label: {{en: As we call it}}}}
  - {{manifest: {self.old}}}
  - {self.down}
  - {BASE}/f/both/collection.json
""",
            "theirs/iiif.yaml": f"label: Only theirs\ninclude: [{self.old}]\n",
            "mixed/iiif.yaml": f"""\
label: Side by side
attribution: Our own
order: [b.png, "{self.old_base}/canvas/1"]
start: {self.book_base}/canvas/3
chapters:
  - {{label: Theirs, items: ["{self.book_base}/canvas/3", a.png]}}
include:
  - {{canvas: {self.book_base}/canvas/3, manifest: {self.book}, label: As we call it}}
  - {{canvas: {self.old_base}/canvas/1, manifest: {self.old}}}
  - {{canvas: {self.book_base}/canvas/1, manifest: {self.book}}}
  - {{canvas: {down}/c, manifest: {self.down}}}
  - {{canvas: "{BASE}/f/mixed/a.png/canvas.json", manifest: "{self.server.base}/own.json"}}
""",
            "picked/iiif.yaml": f"label: Picked\ninclude:\n  - {{canvas: {self.old_base}/canvas/2, manifest: {self.old}}}\n",
            "hostile/iiif.yaml": f"label: Hostile\ninclude:\n  - {self.book}\n"
                                 f"  - {{canvas: {self.book_base}/canvas/1, manifest: {self.book}}}\n",
            "changing/iiif.yaml": f"label: Changing\ninclude: [{self.book}]\n",
        }
        # Somebody may pick a canvas of this very server.
        own = elsewhere.manifest_3(self.server.base + "/own", 1)
        own["items"][0]["id"] = own["items"][0]["items"][0]["items"][0]["target"] = BASE + "/f/mixed/a.png/canvas.json"
        self.server.put("/own.json", own)


@pytest.fixture(scope="module", name="others")
def other_institutions():
    others = Others()
    yield others
    others.server.close()


@pytest.fixture(scope="module", name="folder")
def national_collection(others):
    with tempfile.TemporaryDirectory(prefix="iiif-federation-") as name:
        Path(name).chmod(0o755)
        root = Path(name) / "images"
        tree.picture(root / "both/one.png", "one")
        tree.picture(root / "mixed/a.png", "a")
        tree.picture(root / "mixed/b.png", "b", (500, 700))
        for path, text in others.sidecars.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        federate(root, code=1)  # one is down
        tree.age(root)
        yield root


@pytest.fixture(scope="module", name="site")
def servers(folder):
    group = Cluster([Endpoint("/f/", folder, {"presentation": "on"})], pool={"renderers": "2"})
    yield group
    group.stop()


def get(site, target):
    answer = site.get(target)
    assert answer.status == 200, answer.body[:300]
    return json.loads(answer.body.decode("utf-8"))


def label(thing):
    return next(iter(thing["label"].values()))[0]


def test_a_mixed_collection(site, others):
    asked = len(others.server.requests)
    url = "/f/both/collection.json"
    one = get(site, url)
    tree.check_collection(one, BASE + url)
    own, book, theirs, old, down = one["items"]
    assert own["id"] == BASE + "/f/both/manifest.json" and "rights" not in own
    assert list(book) == ["id", "type", "label", "requiredStatement", "rights", "navDate", "provider", "thumbnail"]
    assert book["id"] == others.book and book["label"]["cy"] == ["Eu llyfr"] and book["rights"] == elsewhere.CC_BY
    assert book["provider"] == elsewhere.manifest_3(others.book_base)["provider"]
    assert book["requiredStatement"]["value"] == {"en": ["The Other Library"]} and book["navDate"] == "1890-01-01T00:00:00Z"
    assert book["thumbnail"][0]["id"] == others.book_base + "/image/1/full/,200/0/default.jpg"
    assert theirs["type"] == "Collection" and theirs["label"] == {"en": ["As we call it"]}
    assert old["rights"] == elsewhere.IN_COPYRIGHT and old["label"] == {"de": ["Altes Buch"], "en": ["Old book"]}
    assert old["thumbnail"][0]["service"][0]["@type"] == "ImageService2"
    # Never fetched: listed all the same.
    assert down["id"] == others.down and down["type"] == "Manifest" and label(down).startswith("lost-book (127.0.0.1")
    assert one["requiredStatement"]["value"] == {"none": ["Our own"]}
    assert len(others.server.requests) == asked  # no renderer goes to the network


def test_a_mixed_collection_in_2_1(site, others):
    one = get(site, "/f/2/both/collection.json")
    assert [item["@id"] for item in one["collections"]] == [others.all]
    own, book, old, down = one["manifests"]
    assert book == {"@id": others.book, "@type": "sc:Manifest", "label": [
        {"@value": "Their book", "@language": "en"}, {"@value": "Eu llyfr", "@language": "cy"}],
        "attribution": [{"@value": "The Other Library", "@language": "en"}], "license": elsewhere.CC_BY,
        "navDate": "1890-01-01T00:00:00Z", "logo": "https://other.example/logo.png", "thumbnail": book["thumbnail"]}
    assert old["attribution"] == "Example Museum" and old["license"] == elsewhere.IN_COPYRIGHT
    assert own["@id"] == BASE + "/f/2/both/manifest.json" and down["label"]


def test_what_holds_only_others_is_in_the_collection_above(site, others):
    above = get(site, "/f/collection.json")
    found = {label(item): item for item in above["items"]}
    assert found["Only theirs"]["type"] == "Collection" and found["Picked"]["type"] == "Manifest"
    assert found["Ours and theirs"]["type"] == "Collection" and found["Side by side"]["type"] == "Manifest"
    for name in ("Only theirs", "Picked"):
        assert found[name]["thumbnail"][0]["id"].startswith(others.old_base), found[name]
        inner = get(site, found[name]["id"][len(BASE):])
        assert inner["type"] == found[name]["type"] and inner["label"] == found[name]["label"]
    assert site.get("/f/theirs/manifest.json").status == 404
    assert get(site, "/f/picked/manifest.json")["items"][0]["id"] == others.old_base + "/canvas/2"


def check_other(canvas, manifest):
    tree.check_id(canvas["id"], canvas["id"])
    tree.check_described(canvas, canvas["id"])
    assert canvas["width"] > 0 and canvas["height"] > 0 and tree.is_language_map(canvas["label"])
    assert canvas["partOf"] == [{"id": manifest, "type": "Manifest", "label": canvas["partOf"][0]["label"]}]
    assert "@context" not in json.dumps(canvas)
    for page in canvas["items"]:
        tree.check_id(page["id"], canvas["id"])
        assert page["type"] == "AnnotationPage" and page["items"]
        for annotation in page["items"]:
            tree.check_id(annotation["id"], canvas["id"])
            assert annotation["type"] == "Annotation" and annotation["motivation"] == "painting"
            assert annotation["target"].split("#")[0] == canvas["id"]


def test_a_mixed_manifest(site, others):
    url = "/f/mixed/manifest.json"
    one = get(site, url)
    ids = [canvas["id"] for canvas in one["items"]]
    # As `order` has it, across institutions; then one's own, then theirs; and nothing twice.
    assert ids == [BASE + "/f/mixed/b.png/canvas.json", others.old_base + "/canvas/1", BASE + "/f/mixed/a.png/canvas.json",
                   others.book_base + "/canvas/3", others.book_base + "/canvas/1"]
    assert one["start"] == {"id": others.book_base + "/canvas/3", "type": "Canvas"}
    assert [item["id"] for item in one["structures"][0]["items"]] == [ids[3], ids[2]]
    assert one["requiredStatement"]["value"] == {"none": ["Our own"]}
    for canvas in (one["items"][0], one["items"][2]):
        tree.check_canvas(canvas, url)
        assert "rights" not in canvas
    old, third, first = one["items"][1], one["items"][3], one["items"][4]
    for canvas, manifest in ((old, others.old), (third, others.book), (first, others.book)):
        check_other(canvas, manifest)
    theirs = elsewhere.canvas_3(others.book_base, 1)
    assert first["items"] == theirs["items"] and first["label"] == theirs["label"] and first["metadata"] == theirs["metadata"]
    assert (first["width"], first["height"]) == (theirs["width"], theirs["height"])
    assert first["rights"] == elsewhere.CC_BY and first["provider"][0]["id"] == "https://other.example/"
    assert third["label"] == {"none": ["As we call it"]}
    assert old["rights"] == elsewhere.IN_COPYRIGHT and old["requiredStatement"]["value"] == {"none": ["Example Museum"]}
    assert old["items"][0]["items"][1]["target"].endswith("#xywh=10,20,300,200")
    assert old["items"][0]["items"][1]["body"]["type"] == "Choice"
    for server in site.servers.values():
        wait_for(lambda: "has not been fetched; iiifctl federate does it" in server.log(), 5, server.log)


def test_a_mixed_manifest_in_2_1(site, others):
    one = get(site, "/f/2/mixed/manifest.json")
    (sequence,) = one["sequences"]
    canvases = sequence["canvases"]
    assert [canvas["@id"] for canvas in canvases][1::2] == [others.old_base + "/canvas/1", others.book_base + "/canvas/3"]
    assert sequence["startCanvas"] == others.book_base + "/canvas/3"
    old, third = canvases[1], canvases[3]
    assert old["within"] == others.old and old["attribution"] == "Example Museum" and old["license"] == elsewhere.IN_COPYRIGHT
    whole, part = old["images"]
    theirs = elsewhere.canvas_2(others.old_base, 1)
    assert whole["resource"] == {**theirs["images"][0]["resource"]} and whole["on"] == old["@id"]
    assert part["on"] == old["@id"] + "#xywh=10,20,300,200" and part["resource"]["@type"] == "oa:Choice"
    assert part["resource"]["default"]["@id"].endswith("/1-uv/full/full/0/default.jpg") and len(part["resource"]["item"]) == 1
    (image,) = third["images"]
    assert image["resource"]["service"]["@id"] == others.book_base + "/image/3/2"


def both(site, target, holds):
    return all(answer.status == 200 and holds(answer.json()) for answer in site.ask_each(target).values())


def test_a_new_snapshot_shows(site, folder, others):
    target = "/f/changing/collection.json"
    assert label(get(site, target)["items"][0]) == "Their book"
    others.server.put("/b/manifest.json", elsewhere.manifest_3(others.book_base, label={"en": ["A new name"]}))
    try:
        federate(folder / "changing")
        wait_for(lambda: both(site, target, lambda one: label(one["items"][0]) == "A new name"), 10, "the new name")
    finally:
        others.server.put("/b/manifest.json", elsewhere.manifest_3(others.book_base))
    others.server.pages.pop("/b/manifest.json")
    try:
        federate(folder / "changing", code=1)
        assert both(site, target, lambda one: label(one["items"][0]) == "A new name")
    finally:
        others.server.put("/b/manifest.json", elsewhere.manifest_3(others.book_base))
    (folder / "changing" / SNAPSHOT).unlink()
    wait_for(lambda: both(site, target, lambda one: label(one["items"][0]).startswith("b (127.0.0.1")), 10, "its address")


def hostile(others, **resource):
    return {"documents": [{"uri": others.book, "resource": resource}]}


def test_hostile_snapshots(site, folder, others):
    """Whoever wrote it: valid JSON of the same shape comes out, or what is there without it."""
    place = folder / "hostile"
    target = "/f/hostile/collection.json"
    script = "<script>alert(1)</script>"
    canvas = {"id": others.book_base + "/canvas/1", "type": "Canvas", "width": 10, "height": 10}
    annotation = {"type": "Annotation", "motivation": "painting", "@context": "http://evil.example/",
                  "body": {"id": "https://o.example/i.jpg", "type": "Image", "service": {"id": "javascript:alert(1)"}}}
    texts = {
        "half": b'{"documents": [{"uri": "' + others.book.encode(),
        "deep": b"[" * 1_000_000,
        "no UTF-8": b'{"documents": ["\xff"]}',
        "large": b" " * (9 << 20),
        "other types": json.dumps(hostile(others, type=7, label=7, rights=[], provider={"id": 1}, items={"a": []})).encode(),
        "odd": json.dumps(hostile(others, type="Manifest", label={script: [script, 7]}, rights="javascript:alert(1)",
                                  thumbnail=[{"id": "javascript:alert(1)", "type": "Image"}], navDate=script,
                                  items=[{**canvas, "items": [{"type": "AnnotationPage", "items": [annotation] * 3}]},
                                         {**canvas, "width": -1}, {**canvas, "width": 1e300}, 7])).encode(),
    }
    try:
        for name, text in texts.items():
            (place / SNAPSHOT).write_bytes(text)
            os.utime(place / SNAPSHOT, (tree.LONG_AGO, tree.LONG_AGO))
            marked = script if name == "odd" else None
            wait_for(lambda: both(site, target, lambda one: (script in json.dumps(one)) == bool(marked)), 10, name)
            one = get(site, target)
            tree.check_collection({**one, "items": [{**item, "thumbnail": []} for item in one["items"]]}, BASE + target)
            assert "javascript:" not in json.dumps([item.get("thumbnail") for item in one["items"]])
            assert [item["id"] for item in one["items"]][-1] == others.book, name
            manifest = site.get("/f/hostile/manifest.json")
            if name != "odd":
                assert manifest.status == 404, name
                continue
            (shown,) = manifest.json()["items"]
            check_other(shown, others.book)
            assert "javascript:" not in json.dumps(shown["items"]) and "evil" not in json.dumps(shown)
            assert site.get("/f/2/hostile/manifest.json").json()["sequences"][0]["canvases"][0]["@id"] == canvas["id"]
    finally:
        (place / SNAPSHOT).unlink()


def test_the_snapshot_is_not_served(site):
    for target in (f"/f/both/{SNAPSHOT}/info.json", f"/f/both%2F{SNAPSHOT}/manifest.json", f"/f/{SNAPSHOT}/full/max/0/default.jpg"):
        assert {answer.status for answer in site.ask_each(target).values()} == {404}, target
