# SPDX-License-Identifier: Apache-2.0
"""Folders as Manifests and Collections: the same from all servers, and everything they say is so."""
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import presentation_rules as rules
import presentation_tree as tree
import pytest
from support.cluster import BASE, Cluster
from support.servers import Endpoint, wait_for

LD_3 = 'application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"'


@pytest.fixture(scope="module", name="folder")
def tree_folder():
    with tempfile.TemporaryDirectory(prefix="iiif-tree-") as name:
        Path(name).chmod(0o755)
        yield tree.make(Path(name) / "Our holdings")


@pytest.fixture(scope="module", name="site")
def presentation_cluster(folder):
    group = Cluster([
        Endpoint("/p/", folder, {"presentation": "on"}),
        Endpoint("/small/", folder, {"presentation": "on", "max_width": "500", "versions": "3"}),
        Endpoint("/two/", folder, {"presentation": "on", "versions": "2"}),
        Endpoint("/chosen/", folder, {"presentation": "opt_in"}),
        Endpoint("/none/", folder),
        Endpoint("/single/", folder, {"presentation": "on", "page_delimiter": "off"}),
        Endpoint("/colon/", folder, {"presentation": "on", "page_delimiter": ":p"}),
    ], pool={"renderers": "2"})
    yield group
    group.stop()


def fetch(site, url):
    assert url.startswith(BASE), url
    answer = site.get(url[len(BASE):])
    assert answer.status == 200, f"{url}: {answer.status} {answer.body[:200]!r}"
    return answer


def document(site, url):
    answer = fetch(site, url)
    assert answer.header("Access-Control-Allow-Origin") == "*"
    return rules.strict(answer.body.decode("utf-8"))


def collections(site, url, seen=None):
    """Every Collection and Manifest that can be reached, {url: document}."""
    seen = {} if seen is None else seen
    if url in seen:
        return seen
    seen[url] = document(site, url)
    if seen[url]["type"] == "Collection":
        tree.check_collection(seen[url], url)
        for item in seen[url]["items"]:
            collections(site, item["id"], seen)
            inner = seen[item["id"]]
            assert inner["type"] == item["type"] and inner["label"] == item["label"], item["id"]
    else:
        tree.check_manifest(seen[url], url)
    return seen


def without(document, *names):
    return {key: value for key, value in document.items() if key not in names}


@pytest.mark.parametrize("start", ["/p/collection.json", "/p/3/collection.json", "/small/collection.json"])
def test_everything_leads_to_what_it_says(site, start):
    """Each id is there and says what was said of it; canvases are as large as info.json says, pictures as declared."""
    found = collections(site, BASE + start)
    manifests = [one for one in found.values() if one["type"] == "Manifest"]
    assert len(manifests) >= 8, sorted(found)
    seen = set()
    for manifest in manifests:
        for canvas in manifest["items"]:
            if canvas["id"] in seen:
                continue
            seen.add(canvas["id"])
            alone = document(site, canvas["id"])
            assert without(alone, "@context", "partOf") == canvas
            page = canvas["items"][0]
            assert without(document(site, page["id"]), "@context") == page
            assert without(document(site, page["items"][0]["id"]), "@context") == page["items"][0]
            body = page["items"][0]["body"]
            for image in [body, *canvas["thumbnail"]]:
                assert fetch(site, image["id"]).image().size == (image["width"], image["height"]), image["id"]
                for service in image["service"]:
                    base = service.get("id") or service["@id"]
                    info = document(site, base + "/info.json")
                    assert (info.get("id") or info["@id"]) == base
                    assert (info["width"], info["height"]) == (canvas["width"], canvas["height"])
                    if image is not body and "id" in service:
                        size = {"width": image["width"], "height": image["height"]}
                        assert size in info["sizes"] or size == {"width": info["width"], "height": info["height"]}
        for one in manifest.get("structures", []):
            assert without(document(site, one["id"]), "@context", "partOf") == one
        for above in manifest.get("partOf", []):
            assert manifest["id"] in [item["id"] for item in document(site, above["id"])["items"]], manifest["id"]
    assert len(seen) >= 20


@pytest.mark.parametrize("start", ["/p/2/collection.json", "/two/collection.json"])
def test_everything_in_2_1(site, start):
    pending, seen, canvases = [BASE + start], {}, 0
    while pending:
        url = pending.pop()
        if url in seen:
            continue
        one = seen[url] = document(site, url)
        assert one["@context"] == tree.CONTEXT["2"] and one["@id"] == url and one["label"]
        if one["@type"] == "sc:Collection":
            pending += [item["@id"] for item in one.get("collections", []) + one.get("manifests", [])]
            continue
        assert one["@type"] == "sc:Manifest"
        (sequence,) = one["sequences"]
        assert without(document(site, sequence["@id"]), "@context") == sequence
        ids = set()
        for canvas in sequence["canvases"]:
            canvases += 1
            ids.add(canvas["@id"])
            (image,) = canvas["images"]
            assert image["on"] == canvas["@id"] and image["motivation"] == "sc:painting"
            assert without(document(site, canvas["@id"]), "@context", "within") == canvas
            assert without(document(site, image["@id"]), "@context") == image
            resource = image["resource"]
            assert fetch(site, resource["@id"]).image().size == (resource["width"], resource["height"])
            info = document(site, resource["service"]["@id"] + "/info.json")
            assert info["@id"] == resource["service"]["@id"]
            assert (info["width"], info["height"]) == (canvas["width"], canvas["height"])
        known = {part["@id"] for part in one.get("structures", [])}
        for part in one.get("structures", []):
            assert set(part.get("canvases", [])) <= ids and set(part.get("ranges", [])) <= known
    assert canvases >= 20


def labels(items):
    return [next(iter(item["label"].values()))[0] for item in items]


def test_order_is_natural(site):
    assert labels(document(site, BASE + "/p/book/manifest.json")["items"]) == ["page 1", "Second leaf", "page 10"]


def test_chapters_are_ranges(site):
    manifest = document(site, BASE + "/p/volumes/manifest.json")
    assert labels(manifest["items"]) == ["0 title", "leaf 1", "leaf 2", "leaf 1", "leaf 2"]
    assert labels(manifest["structures"]) == ["Volume 2", "Volume 10"]
    written = document(site, BASE + "/p/book/manifest.json")
    assert labels(written["structures"]) == ["Beginning", "End"]
    assert [len(part["items"]) for part in written["structures"]] == [2, 1]


def test_what_the_sidecars_say(site):
    root = document(site, BASE + "/p/collection.json")
    assert root["label"] == {"en": ["Example Library"], "cy": ["Llyfrgell Enghreifftiol"]}
    book = document(site, BASE + "/p/book/manifest.json")
    assert book["label"]["cy"] == ["Llyfr oriau"] and "A book of hours" in sum(book["label"].values(), [])
    assert book["viewingDirection"] == "right-to-left" and book["behavior"] == ["paged"]
    assert book["start"]["id"].endswith("/p/book/page_10.jpg/canvas.json")
    assert book["rights"] == "http://creativecommons.org/licenses/by/4.0/"
    assert book["requiredStatement"]["value"] == {"none": ["Example Library"]}
    assert book["provider"][0]["id"] == "https://library.example.org/"
    assert any(pair["value"] == {"none": ["Unknown"]} for pair in book["metadata"])
    scale = book["items"][0]["service"][0]
    assert scale["physicalScale"] == 0.1 and scale["physicalUnits"] == "mm"
    old = document(site, BASE + "/p/2/book/manifest.json")
    assert old["license"] == book["rights"] and old["attribution"] == "Example Library"
    assert old["logo"] == "https://library.example.org/logo.png" and old["viewingHint"] == "paged"


def test_pages_of_files(site):
    for name in ("atlas.tif", "report.pdf"):
        manifest = document(site, f"{BASE}/p/maps/{name}/manifest.json")
        assert labels(manifest["items"]) == ["1", "2", "3"]
        assert manifest["items"][1]["id"] == f"{BASE}/p/maps/{name};2/canvas.json"
        sizes = [(canvas["width"], canvas["height"]) for canvas in manifest["items"]]
        assert len(set(sizes)) == 3
    whole = document(site, BASE + "/p/maps/manifest.json")
    assert len(whole["items"]) == 6 and labels(whole["structures"]) == ["atlas", "report"]


def test_pages_go_by_the_delimiter(site):
    one = document(site, BASE + "/single/maps/atlas.tif/manifest.json")
    assert labels(one["items"]) == ["atlas"]
    assert len(document(site, BASE + "/single/maps/manifest.json")["items"]) == 2
    third = document(site, BASE + "/colon/maps/atlas.tif/manifest.json")["items"][2]
    assert third["id"] == BASE + "/colon/maps/atlas.tif:p3/canvas.json"
    assert document(site, third["id"])["width"] == third["width"]


def test_the_log_says_what_a_sidecar_got_wrong(site):
    site.get("/p/broken/manifest.json")
    for server in site.servers.values():
        wait_for(lambda: '"broken/iiif.yaml", line 3: is not valid here' in server.log(), 5, server.log)
        assert '"broken/no image.jpg" is left out' in server.log()


def test_what_becomes_readable_shows(site, folder):
    """Rights change neither a file's size nor its time."""
    target, file = "/p/deep/er/still/manifest.json", folder / "deep/er/still/two.png"
    shutil.copy(folder / "deep/er/still/one.png", file)
    file.chmod(0)
    tree_time = (tree.LONG_AGO, tree.LONG_AGO)
    # Settled, but not as it was before: a document that was kept then would look as if it still held.
    for path in (file, file.parent):
        os.utime(path, (tree.LONG_AGO + 7,) * 2)
    try:
        wait_for(lambda: all(len(answer.json()["items"]) == 1 for answer in site.ask_each(target).values()), 5, target)
        file.chmod(0o644)
        wait_for(lambda: all(len(answer.json()["items"]) == 2 for answer in site.ask_each(target).values()), 15,
                 "the second image to show", step=0.5)
    finally:
        file.unlink()
        os.utime(file.parent, tree_time)


def test_what_is_not_for_all_is_in_no_collection(site):
    for prefix in ("/p/", "/p/2/"):
        found, pending = {}, [prefix + "collection.json"]
        while pending:
            url = pending.pop()
            if url in found:
                continue
            text = found[url] = site.get(url).text()
            one = json.loads(text)
            items = one.get("items", []) + one.get("collections", []) + one.get("manifests", [])
            pending += [(item.get("id") or item["@id"])[len(BASE):] for item in items
                        if (item.get("type") or item.get("@type")) in ("Collection", "Manifest", "sc:Collection",
                                                                      "sc:Manifest")]
        for url, text in found.items():
            for word in ("secret", "Secret of the house", "unlisted", "Not for all", "hidden", "Was here"):
                assert word not in text, f"{url} tells of {word}"
    # Who knows it may have it: keeping it from others is for the server's own rules.
    assert document(site, BASE + "/p/secret/manifest.json")["label"] == {"none": ["Secret of the house"]}
    assert document(site, BASE + "/chosen/collection.json")["items"] == []


def test_an_htaccess_keeps_its_folder_out(folder):
    """httpd heeds it for files, neither server for IIIF: rather is the folder in no Collection, and the log says why."""
    keep_out = ("letters", "volumes/Volume 2")
    (folder / "book/.htaccess").write_text("Options -Indexes\nRequire all granted\n")
    for name in ("maps", *keep_out):
        (folder / name / ".htaccess").write_text("Options -Indexes\nRequire valid-user\n")
    (folder / "maps/iiif.yaml").write_text("publish: true\n")
    tree.age(folder)
    (folder / "deep/.htaccess").symlink_to("../texts/readme.txt")  # httpd follows links
    group = Cluster([Endpoint("/g/", folder, {"presentation": "on"})])
    try:
        for target in ("/g/collection.json", "/g/2/collection.json"):
            answer = group.get(target).text()
            assert "etters" not in answer and "/book/" in answer and "/maps/" in answer and "/deep/" not in answer
        for server in group.servers.values():
            assert "letters/.htaccess\", line 2: does not guard" in server.log(), server.log()
            assert "maps/.htaccess" not in server.log()
        volumes = group.get("/g/volumes/manifest.json").text()
        assert "Volume%2010/" in volumes and "Volume%202/" not in volumes
        assert len(group.get("/g/letters/collection.json").json()["items"]) == 3
        for name in keep_out:
            (folder / name / ".htaccess").unlink()
        wait_for(lambda: "etters" in group.get("/g/collection.json").text(), 5, "the folder to be listed")
    finally:
        group.stop()
        for path in (*folder.rglob(".htaccess"), folder / "maps/iiif.yaml"):
            path.unlink()
        tree.age(folder)


def test_withdrawn(site):
    answer = site.get("/p/gone/manifest.json")
    assert answer.status == 410 and answer.header("ETag") is None
    tombstone = answer.json()
    assert tombstone["label"] == {"none": ["Was here"]} and tombstone["items"] == []
    assert tombstone["summary"] == {"none": ["Taken away by request of the family."]} and tombstone["metadata"]
    assert site.get("/p/book/page_3.jpg/manifest.json").status == 410


def test_sidecars_that_are_wrong(site):
    """The folder still works, and what is hostile stays text."""
    broken = document(site, BASE + "/p/broken/manifest.json")
    assert len(broken["items"]) == 1 and "script" not in json.dumps(broken.get("rights", ""))
    hostile = document(site, BASE + "/p/hostile/manifest.json")
    assert hostile["label"] == {"none": ["<script>alert('x')</script>"]}


REFUSED = [
    ("/p/nowhere/manifest.json", 404), ("/p/nowhere/collection.json", 404), ("/p/manifest.json", 404),
    ("/p/empty/manifest.json", 404), ("/p/empty/collection.json", 404), ("/p/texts/manifest.json", 404),
    ("/p/texts/readme.txt/manifest.json", 404), ("/p/.hidden/manifest.json", 404), ("/p/book/../book/manifest.json", 404),
    ("/p/book%2F..%2Fsecret/manifest.json", 404), ("/p/%2Fetc/manifest.json", 404), ("/p/book//manifest.json", 404),
    ("/p/book/page_1.jpg/collection.json", 404), ("/p/book/range-9.json", 404), ("/p/maps/atlas.tif;9/canvas.json", 404),
    ("/p/letters/manifest.json", 404), ("/p/book/page_3.jpg/canvas.json", 404), ("/p/b%zz/manifest.json", 400),
    ("/p/b%00ok/manifest.json", 400), ("/p/book/sequence.json", 303), ("/none/book/manifest.json", 404),
    ("/none/collection.json", 404), ("/p/" + "a" * 300 + "/manifest.json", 404),
]


@pytest.mark.parametrize("target, status", REFUSED)
def test_refused_in_words(site, target, status):
    if "/../" in target or "//" in target or "%zz" in target or "%00" in target:
        for kind, answer in site.ask_each(target).items():  # some are the server's own to refuse, or to tidy
            assert answer.status in (status, 400, 404, 301), f"{kind}: {answer.status}"
        return
    answer = site.get(target)
    if status == 303:
        assert answer.status in (303, 404)
        return
    assert answer.status == status, answer.body[:300]
    assert answer.header("Content-Type") == "text/plain; charset=utf-8" and len(answer.body) > 15
    assert "/tmp" not in answer.text()


def test_validators_and_media_types(site):
    for target in ("/p/book/manifest.json", "/p/3/collection.json"):
        whole = site.get(target)
        assert whole.header("Content-Type") == LD_3 and whole.header("Vary") == "Accept"
        assert whole.header("Cache-Control") == "no-cache"
        tag = whole.header("ETag")
        same = site.get(target, {"If-None-Match": tag})
        assert same.status == 304 and same.body == b"" and same.header("ETag") == tag
        assert site.get(target, {"If-None-Match": '"other"'}).status == 200
        head = site.ask(target, method="HEAD")
        assert head.status == 200 and head.body == b"" and head.header("ETag") == tag
        assert site.get(target, {"Accept": "application/json"}).header("Content-Type") == "application/json"
        assert site.get(target, {"Accept": "text/html,*/*;q=0.8"}).header("Content-Type") == "application/json"
        assert site.ask(target, method="OPTIONS").status == 204
        assert site.ask(target, method="POST").status == 405
    assert site.get("/p/2/book/manifest.json").header("Content-Type") == "application/json"
    assert site.get("/p/2/book/manifest.json", {"Accept": "application/ld+json"}).header("Content-Type") == \
        "application/ld+json"


def test_ids_do_not_depend_on_how_it_was_asked(site):
    one = document(site, BASE + "/p/3/volumes/Volume%202/manifest.json")
    assert site.get("/p/3/volumes%2FVolume%202/manifest.json").body == site.get(one["id"][len(BASE):]).body
    assert one["id"] == BASE + "/p/3/volumes/Volume%202/manifest.json"


def test_changes_show_and_ids_stay(site, folder):
    target = "/p/changing/manifest.json"
    place = folder / "changing"
    shutil.copytree(folder / "book", place)
    (place / "iiif.yaml").unlink()
    tree.age(place)
    os.utime(folder, (tree.LONG_AGO, tree.LONG_AGO))

    def ids():
        answers = site.ask_each(target)
        found = [[canvas["id"] for canvas in answer.json()["items"]] for answer in answers.values()]
        return found[0] if all(one == found[0] for one in found) else None

    try:
        before = wait_for(ids, 5, "the servers to agree")
        assert len(before) == 4
        tag = site.get(target).header("ETag")
        # Touched, but what it says is the same.
        os.utime(place / "page_1.jpg", (tree.LONG_AGO + 5,) * 2)
        time.sleep(1.1)
        assert site.get(target).header("ETag") == tag
        shutil.copy(place / "page_1.jpg", place / "page_0.jpg")
        after = wait_for(lambda: (ids() or [])[1:] == before and ids(), 5, "the new page to show")
        assert after[0].endswith("/page_0.jpg/canvas.json")
        (place / "page_0.jpg").unlink()
        wait_for(lambda: ids() == before, 5, "the page to go")
        (place / "iiif.yaml").write_text("label: Now with a label\n")
        wait_for(lambda: all(answer.json()["label"] == {"none": ["Now with a label"]}
                             for answer in site.ask_each(target).values()), 5, "the label to show")
    finally:
        shutil.rmtree(place)
        os.utime(folder, (tree.LONG_AGO, tree.LONG_AGO))
    wait_for(lambda: all(answer.status == 404 for answer in site.ask_each(target).values()), 5, "the folder to go")


@pytest.fixture(scope="module", name="guarded")
def guarded_cluster(folder):
    """A folder with a location of its own, one whose sidecar lists it all the same, and one with an endpoint inside."""
    users = folder.parent / "users"
    users.write_text("reader:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")  # password
    nginx = f"""
        location /g/3/letters/ {{ auth_basic "letters"; auth_basic_user_file {users}; }}
        location /g/volumes {{ deny all; }}
        location /g/3/maps/ {{ deny all; }}"""
    httpd = "\n".join(f"""<Location "/g/{where}">\n{rule}\n</Location>""" for where, rule in [
        ("3/letters/", f'AuthType Basic\nAuthName "letters"\nAuthUserFile {users}\nRequire valid-user'),
        ("volumes", "Require all denied"), ("3/maps/", "Require all denied")])
    (folder / "maps/iiif.yaml").write_text("publish: true\n")
    tree.age(folder)
    group = Cluster([Endpoint("/g/", folder, {"presentation": "on"}, extra={"nginx": nginx, "httpd": ""})],
                    server={"nginx": "", "httpd": httpd})
    yield group
    group.stop()
    (folder / "maps/iiif.yaml").unlink()
    tree.age(folder)


@pytest.mark.parametrize("inside", [False, True], ids=["beside the endpoint", "inside it"])
def test_what_a_pattern_guards_is_in_no_collection(folder, inside):
    pattern = "^/g/([23]/)?(letters|volumes/Volume 2)/"
    nginx = f'location ~ "{pattern}" {{ deny all; }}'
    httpd = f'<LocationMatch "{pattern}">\nRequire all denied\n</LocationMatch>'
    group = Cluster([Endpoint("/g/", folder, {"presentation": "on"}, extra={"nginx": nginx if inside else "", "httpd": ""})],
                    server={"nginx": "" if inside else nginx, "httpd": httpd})
    try:
        for target in ("/g/collection.json", "/g/3/collection.json", "/g/2/collection.json"):
            answer = group.get(target)
            assert answer.status == 200 and "/book/" in answer.text() and "etters" not in answer.text(), target
        # A chapter that is guarded is in no Manifest around it, either.
        volumes = group.get("/g/3/volumes/manifest.json")
        assert volumes.status == 200 and "Volume%2010/" in volumes.text() and "Volume%202/" not in volumes.text()
        for target in ("/g/letters/collection.json", "/g/3/letters/collection.json", "/g/2/volumes/Volume%202/manifest.json"):
            denied = {answer.status for answer in group.ask_each(target).values()}
            # A location of nginx beside an endpoint is no endpoint: what is denied there is not ours to answer.
            assert denied == {403}, target
    finally:
        group.stop()


def test_what_a_location_guards_is_in_no_collection(guarded):
    """Neither its name, nor its labels, nor a thumbnail of it; within, its own Collection works for who may have it."""
    for target in ("/g/collection.json", "/g/3/collection.json", "/g/2/collection.json"):
        answer = guarded.get(target)
        assert answer.status == 200
        for word in ("letters", "Letters", "volumes", "Volumes"):
            assert word not in answer.text(), f"{target} tells of {word}"
        assert "/maps/" in answer.text()  # by its sidecar's own word
    inside = "/g/3/letters/collection.json"
    assert {answer.status for answer in guarded.ask_each(inside).values()} == {401}
    allowed = guarded.get(inside, {"Authorization": "Basic cmVhZGVyOnBhc3N3b3Jk"})
    assert allowed.status == 200 and len(allowed.json()["items"]) == 3
    assert {answer.status for answer in guarded.ask_each("/g/volumes/manifest.json").values()} == {403}
