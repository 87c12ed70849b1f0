# SPDX-License-Identifier: Apache-2.0
"""What files and sidecars say reaches Manifests, in both versions, from all servers; and what hostile ones say does no harm."""
import os
import struct
import tempfile
import time
from pathlib import Path

import presentation_rules as rules
import presentation_tree as tree
import pytest
from PIL import Image
from support.cluster import BASE, Cluster
from support.servers import Endpoint, wait_for

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"
 xmpRights:WebStatement="https://creativecommons.org/licenses/by-sa/4.0/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Harbour</rdf:li><rdf:li xml:lang="cy">Harbwr</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>J. Jones</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"""

ALL = """\
label: {en: [A book of hours, Horae], cy: Llyfr oriau}
summary: {en: Made in Flanders., cy: O Fflandrys.}
metadata:
  - {label: {en: Materials, cy: Deunyddiau}, value: {en: [parchment, gold], cy: [memrwn, aur]}}
  - {label: Size, value: <120 x 90 mm>}
requiredStatement: {label: {en: Credit}, value: Given in 1921}
rights: In Copyright
provider:
  - name: {en: Example Library, cy: Llyfrgell Enghreifftiol}
    url: https://library.example.org/
    homepage: https://library.example.org/about
    logo: https://library.example.org/logo.png
  - {name: A friend, url: https://friend.example.org/}
homepage: {url: https://library.example.org/horae, label: About it}
seeAlso: {url: https://library.example.org/horae.xml, label: MODS, format: text/xml, profile: https://www.loc.gov/mods/v3}
rendering: [{url: https://library.example.org/horae.pdf, label: As PDF, type: Text, format: application/pdf}]
direction: right-to-left
behavior: [paged, multi-part]
navDate: 1450-05
order: [leaf_10.jpg, leaf_2.jpg]
start: leaf_2.jpg
thumbnail: leaf_10.jpg
scale: 300 dpi
items:
  leaf_2.jpg: {label: {en: Second, cy: Ail}, navDate: 1451, behavior: paged, direction: top-to-bottom, scale: 0.5 cm}
  leaf_1.jpg: {behavior: [non-paged, auto-advance]}
chapters:
  - label: {en: Calendar}
    items: [leaf_1.jpg, nowhere.jpg]
    chapters: [{label: January, items: [leaf_2.jpg]}]
"""
TABLE = """\
file,title@en,title@cy,Summary,Creator,Subject@en,Subject@cy,navDate,order,rights,attribution,homepage,withdrawn,publish
one.jpg,One,Un,A view,"Jones, J.",boats|nets,cychod,1890,2,CC0,The family,https://example.org/1,,
two.jpg,Two,Dau,,,,,,1,,,,,
gone.jpg,Gone,,Was here,Jones,,,,,,,,by request,
hidden.jpg,Hidden,,,,,,,,,,,,no
"""

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{here}: &{here} [{','.join(['*' + there] * 9)}]\n" for there, here in zip("abcdefgh", "bcdefghi")) + "label: *i\n"
# name of the folder: (name of the file, what is in it, what the log says of it)
HOSTILE = {
    "laughs": ("iiif.yaml", LAUGHS.encode(), "anchor"),
    "deep": ("iiif.yaml", b"[" * 100_000, "is nested too deeply"),
    "deep-map": ("iiif.yaml", b"".join(b" " * n + b"a:\n" for n in range(2000)), ""),
    "deep-json": ("iiif.json", b'{"label":' * 50_000, ""),
    "huge": ("iiif.yaml", b"label: " + b"x" * (9 << 20), "is larger than 8 MiB"),
    "long": ("iiif.yaml", b"label: " + b"x" * (1 << 20), ""),
    "latin": ("iiif.yaml", b"label: Gr\xfc\xdfe\n", "UTF-8"),
    "nul": ("iiif.yaml", b"label: a\0b\n", ""),
    "tag": ("iiif.yaml", b"label: !!python/object/apply:os.system ['id']\n", ""),
    "merge": ("iiif.yaml", b"<<: {label: x}\n", ""),
    "binary": ("iiif.yaml", bytes(range(256)) * 64, ""),
    "html": ("iiif.yaml", b"label: <img src=x onerror=alert(1)>\nsummary: <script>alert(1)</script>\n"
                          b"metadata: {<b>x</b>: <a href='javascript:alert(1)'>y</a>}\n"
                          b"homepage: javascript:alert(1)\nprovider: {name: x, url: 'data:text/html,x'}\n", "https://"),
    "table-quote": ("metadata.csv", b'file,title\nimage.png,"never closed\nb,c\n', ""),
    "table-nul": ("metadata.csv", b"file,title\nimage.png,a\0b\n", ""),
    "table-latin": ("metadata.csv", b"file,title\nimage.png,Gr\xfc\xdfe\n", "UTF-8"),
    "table-wide": ("metadata.csv", b"file" + b",a" * 5000 + b"\nimage.png" + b",x" * 5000 + b"\n", "columns"),
    "table-line": ("metadata.csv", b"file,title\nimage.png," + b"x" * (4 << 20) + b"\n", ""),
    "table-many": ("metadata.csv", b"file,title\n" + b"".join(b"%d.png,x\n" % n for n in range(100_000)), ""),
    "table-outside": ("metadata.csv", b"file,title\n../laughs/image.png,x\n/etc/passwd,x\n", "in this folder itself"),
    "table-utf16": ("metadata.csv", "file,title\nimage.png,x\n".encode("utf-16"), ""),
}


def with_segment(path, marker, body):
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + data[2:])


def iptc(*pairs):
    records = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text for number, text in pairs)
    padded = records + b"\0" * (len(records) % 2)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + padded


def make(root):
    for name in ("exif", "xmp", "iptc", "bare_name__of 1"):
        tree.picture(root / f"photos/{name}.jpg", name, (640, 400))
    picture = Image.open(root / "photos/exif.jpg")
    exif = picture.getexif()
    exif[0x0112], exif[0x010E], exif[0x013B], exif[0x8298] = 6, "Turned", "A. Evans", "Copyright A. Evans"
    picture.save(root / "photos/exif.jpg", exif=exif)
    with_segment(root / "photos/xmp.jpg", 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.encode())
    with_segment(root / "photos/iptc.jpg", 0xED, iptc((5, b"Quarry"), (80, b"M. Rees"), (116, b"(c) M. Rees"),
                                                      (120, b"Slate workers at rest.")))
    for number in (1, 2, 10):
        tree.picture(root / f"all/leaf_{number}.jpg", str(number), (800 + number, 600))
    (root / "all/iiif.yaml").write_text(ALL)
    for name in ("one", "two", "three", "gone", "hidden"):
        tree.picture(root / f"each/{name}.jpg", name)
    (root / "each/metadata.csv").write_text(TABLE)
    (root / "each/iiif.yaml").write_text("objects: files\n")
    for shelf, objects in (("shelf", "folder"), ("volumes", "chapters")):
        for name in ("a", "b", "part 2", "part 10"):
            tree.picture(root / shelf / name / "1.png", name)
        (root / shelf / "iiif.yaml").write_text(f"objects: {objects}\norder: [part 10, b, nowhere]\n")
    tree.picture(root / "roll/1.png", "1")
    (root / "roll/iiif.yaml").write_text(
        "behavior: continuous\nrendering: [https://l.example.org/roll.epub, https://l.example.org/roll]\n")
    for name, (file, content, _) in HOSTILE.items():
        tree.picture(root / f"hostile/{name}/image.png", name)
        (root / "hostile" / name / file).write_bytes(content)
    tree.picture(root / "hostile/odd/image.png", "odd")
    (root / "hostile/odd/iiif.yaml").mkdir()
    os.mkfifo(root / "hostile/odd/iiif.json")
    (root / "hostile/odd/metadata.csv").symlink_to("/etc/passwd")
    tree.age(root)


@pytest.fixture(scope="module", name="site")
def cluster():
    with tempfile.TemporaryDirectory(prefix="iiif-says-") as name:
        root = Path(name) / "holdings"
        root.mkdir()
        Path(name).chmod(0o755)
        make(root)
        group = Cluster([Endpoint("/p/", root, {"presentation": "on"})], pool={"renderers": "2"})
        yield group
        group.stop()


def document(site, target, status=200):
    answer = site.get(target)
    assert answer.status == status, f"{target}: {answer.status} {answer.body[:300]!r}"
    found = rules.strict(answer.text())
    if "/2/" not in target and status == 200:
        assert rules.check(found) == []
    return found


def by_label(items):
    return {next(iter(item["label"].values()))[0]: item for item in items}


def text(label):
    return label if isinstance(label, str) else next(iter(label.values()))[0]


def said(thing, label):
    (value,) = [pair["value"] for pair in thing.get("metadata", []) if label in sum(pair["label"].values(), [])]
    return value


def test_files_say_it_themselves(site):
    canvases = by_label(document(site, "/p/photos/manifest.json")["items"])
    assert sorted(canvases) == ["Harbour", "Quarry", "Turned", "bare name of 1"]
    harbour = canvases["Harbour"]
    assert "Harbwr" in harbour["label"]["cy"] and said(harbour, "Creator") == {"none": ["J. Jones"]}
    assert harbour["rights"] == "http://creativecommons.org/licenses/by-sa/4.0/"
    quarry = canvases["Quarry"]
    assert said(quarry, "Creator") == {"none": ["M. Rees"]} and said(quarry, "Copyright") == {"none": ["(c) M. Rees"]}
    assert quarry["summary"] == {"none": ["Slate workers at rest."]}
    assert said(canvases["Turned"], "Creator") == {"none": ["A. Evans"]}


def test_what_is_turned_is_as_large_as_it_is_seen(site):
    turned = by_label(document(site, "/p/photos/manifest.json")["items"])["Turned"]
    assert (turned["width"], turned["height"]) == (400, 640)
    info = rules.strict(site.get("/p/3/photos%2Fexif.jpg/info.json").text())
    assert (info["width"], info["height"]) == (400, 640)
    body = turned["items"][0]["items"][0]["body"]
    assert site.get(body["id"][len(BASE):]).image().size == (body["width"], body["height"]) == (400, 640)
    old = document(site, "/p/2/photos/exif.jpg/canvas.json")
    assert (old["width"], old["height"]) == (400, 640)


def test_all_that_a_sidecar_can_say(site):
    one = document(site, "/p/all/manifest.json")
    assert one["label"] == {"en": ["A book of hours", "Horae"], "cy": ["Llyfr oriau"]}
    assert one["summary"] == {"en": ["Made in Flanders."], "cy": ["O Fflandrys."]}
    assert one["metadata"] == [
        {"label": {"en": ["Materials"], "cy": ["Deunyddiau"]}, "value": {"en": ["parchment", "gold"], "cy": ["memrwn", "aur"]}},
        {"label": {"none": ["Size"]}, "value": {"none": ["<120 x 90 mm> "]}}]
    assert one["requiredStatement"] == {"label": {"en": ["Credit"]}, "value": {"none": ["Given in 1921"]}}
    assert one["rights"] == "http://rightsstatements.org/vocab/InC/1.0/"
    library, friend = one["provider"]
    assert library["id"] == "https://library.example.org/" and library["label"]["cy"] == ["Llyfrgell Enghreifftiol"]
    assert library["homepage"][0]["id"] == "https://library.example.org/about"
    assert library["logo"][0]["id"] == "https://library.example.org/logo.png" and library["logo"][0]["type"] == "Image"
    assert friend["id"] == "https://friend.example.org/"
    (home,), (data,), (pdf,) = one["homepage"], one["seeAlso"], one["rendering"]
    assert home["id"] == "https://library.example.org/horae" and home["label"] == {"none": ["About it"]}
    assert (data["type"], data["format"], data["profile"]) == ("Dataset", "text/xml", "https://www.loc.gov/mods/v3")
    assert (pdf["type"], pdf["format"]) == ("Text", "application/pdf")
    assert one["viewingDirection"] == "right-to-left" and one["behavior"] == ["paged"]
    assert one["navDate"] == "1450-05-01T00:00:00Z"
    assert [canvas["id"].split("/")[-2] for canvas in one["items"]] == ["leaf_10.jpg", "leaf_2.jpg", "leaf_1.jpg"]
    assert one["start"]["id"].endswith("/leaf_2.jpg/canvas.json") and "leaf_10.jpg" in one["thumbnail"][0]["id"]
    first, second = one["items"][:2]
    assert first["service"][0]["physicalScale"] == 0.0033333333 and first["service"][0]["physicalUnits"] == "in"
    assert second["service"][0]["physicalScale"] == 0.5 and second["service"][0]["physicalUnits"] == "cm"
    assert second["label"] == {"en": ["Second"], "cy": ["Ail"]} and second["navDate"] == "1451-01-01T00:00:00Z"
    (calendar,) = one["structures"]
    assert [item["type"] for item in calendar["items"]] == ["Canvas", "Range"]
    assert calendar["items"][1]["label"] == {"none": ["January"]}
    assert one["items"][2]["behavior"] == ["non-paged", "auto-advance"] and "behavior" not in second


def test_sub_folders_are_ordered(site):
    wanted = ["part 10", "b", "a", "part 2"]
    for version in ("2", "3"):
        shelf = document(site, f"/p/{version}/shelf/collection.json")
        items = shelf["items"] if version == "3" else shelf["manifests"]
        assert [text(item["label"]) for item in items] == wanted
        volumes = document(site, f"/p/{version}/volumes/manifest.json")
        assert [text(part["label"]) for part in volumes["structures"] if text(part["label"]) in wanted] == wanted
        canvases = volumes["items"] if version == "3" else volumes["sequences"][0]["canvases"]
        assert [canvas.get("id", canvas.get("@id")).split("/")[-3] for canvas in canvases] == [
            name.replace(" ", "%20") for name in wanted]


def test_all_that_2_1_has_a_place_for(site):
    old = document(site, "/p/2/all/manifest.json")
    assert {"@value": "Llyfr oriau", "@language": "cy"} in old["label"] and old["attribution"] == "Given in 1921"
    assert old["license"] == "http://rightsstatements.org/vocab/InC/1.0/"
    assert old["logo"] == "https://library.example.org/logo.png" and old["navDate"] == "1450-05-01T00:00:00Z"
    assert [one["@id"] for one in old["related"]] == [
        "https://library.example.org/horae", "https://library.example.org/about", "https://friend.example.org/"]
    assert all("navDate" not in canvas for canvas in old["sequences"][0]["canvases"])
    assert old["rendering"][0]["format"] == "application/pdf" and old["seeAlso"][0]["format"] == "text/xml"
    assert old["viewingDirection"] == "right-to-left" and old["viewingHint"] == "paged"
    assert old["sequences"][0]["startCanvas"].endswith("/leaf_2.jpg/canvas.json")
    assert [part["label"] for part in old["structures"]] == [[{"@value": "Calendar", "@language": "en"}], "January"]
    assert "viewingHint" not in old["sequences"][0]["canvases"][1]
    assert old["sequences"][0]["canvases"][2]["viewingHint"] == "non-paged"

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()
    assert not keys(old) & {"id", "type", "items", "summary", "requiredStatement", "rights", "provider", "homepage", "partOf",
                            "behavior"}


def test_what_2_1_wants_said(site):
    """Sections 3.3 and 3.4: a direction of what is continuous, and a format of each rendering; 3.0 leaves both open."""
    old, new = document(site, "/p/2/roll/manifest.json"), document(site, "/p/3/roll/manifest.json")
    assert (old["viewingHint"], old["viewingDirection"]) == ("continuous", "left-to-right") and "viewingDirection" not in new
    assert [one["format"] for one in old["rendering"]] == ["application/epub+zip", "text/html"]


def test_a_row_for_each_image(site):
    whole = document(site, "/p/each/collection.json")
    assert [item["id"].split("/")[-2] for item in whole["items"]] == ["two.jpg", "one.jpg", "three.jpg"]
    assert whole["items"][1]["label"] == {"en": ["One"], "cy": ["Un"]}
    one = document(site, "/p/each/one.jpg/manifest.json")
    assert one["summary"] == {"none": ["A view"]} and one["navDate"] == "1890-01-01T00:00:00Z"
    assert said(one, "Creator") == {"none": ["Jones, J."]}
    assert said(one, "Subject") == {"en": ["boats", "nets"], "cy": ["cychod"]}
    assert one["rights"] == "http://creativecommons.org/publicdomain/zero/1.0/"
    assert one["requiredStatement"]["value"] == {"none": ["The family"]}
    assert one["homepage"][0]["id"] == "https://example.org/1"
    gone = document(site, "/p/each/gone.jpg/manifest.json", 410)
    assert gone["label"] == {"en": ["Gone"]} and gone["items"] == []
    assert gone["summary"] == {"none": ["Was here"]} and said(gone, "Creator") == {"none": ["Jones"]}


@pytest.mark.parametrize("name", [*HOSTILE, "odd"])
def test_hostile_sidecars(site, name):
    """The folder works, soon, on all servers, says nothing that is no JSON; and the log says which file it was."""
    begun = time.monotonic()
    one = document(site, f"/p/hostile/{name}/manifest.json")
    assert time.monotonic() - begun < 30, "bounded, however busy the machine is"
    assert len(one["items"]) == 1
    assert "root:" not in str(one) and "uid=" not in str(one)
    for server in site.servers.values():
        if name in HOSTILE and HOSTILE[name][2]:
            file, _, words = HOSTILE[name]
            wait_for(lambda: any(f'"hostile/{name}/{file}"' in line and words in line for line in server.log().splitlines()),
                     5, lambda: server.log()[-3000:])
        assert "signal" not in server.log(), server.log()[-3000:]
    assert len(server.renderers()) == 2


def test_html_is_text(site):
    one = document(site, "/p/hostile/html/manifest.json")
    assert one["label"] == {"none": ["<img src=x onerror=alert(1)>"]}
    assert one["summary"] == {"none": ["<script>alert(1)</script> "]}  # the blank says that it is no HTML
    assert one["metadata"][0]["value"] == {"none": ["<a href='javascript:alert(1)'>y</a> "]}
    assert "homepage" not in one and "provider" not in one


def test_the_collection_of_all_that_is_hostile(site):
    items = document(site, "/p/hostile/collection.json")["items"]
    assert len(items) == len(HOSTILE) + 1
