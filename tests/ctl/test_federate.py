# SPDX-License-Identifier: Apache-2.0
"""iiifctl federate, against servers that are right, wrong, slow, hostile, or not there."""
import json
import ssl
import subprocess
import time

import pytest
from support import elsewhere, paths
from support.servers import free_port

PROGRAM = paths.BUILD / "common/ctl/iiifctl"
SNAPSHOT = ".iiif-include.json"


@pytest.fixture(name="other")
def another_institution():
    with elsewhere.Elsewhere() as there:
        yield there


def federate(folder, *options, code=0, timeout=120):
    done = subprocess.run([str(PROGRAM), "federate", *options, str(folder)], capture_output=True, text=True,
                          timeout=timeout, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def include(folder, *entries):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "iiif.yaml").write_text("label: Ours\ninclude:\n" + "".join(f"  - {entry}\n" for entry in entries))


def kept(folder):
    """{uri: entry}"""
    return {one["uri"]: one for one in json.loads((folder / SNAPSHOT).read_text())["documents"]}


def test_what_is_kept(other, tmp_path):
    book = other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b"))
    old = other.put("/o/manifest.json", elsewhere.manifest_2(other.base + "/o"))
    all_of_it = other.put("/c/collection.json", elsewhere.collection_3(
        other.base + "/c", [{"id": book, "type": "Manifest", "label": {"en": ["b"]},
                             "thumbnail": [{"id": "https://o.example/t.jpg", "type": "Image"}]}]))
    include(tmp_path / "a", book, "{collection: %s}" % all_of_it)
    include(tmp_path / "a/deeper", "{canvas: %s/b/canvas/2, manifest: %s}" % (other.base, book),
            "{canvas: %s/b/canvas/1, manifest: %s}" % (other.base, book),
            "{canvas: %s/o/canvas/1, manifest: %s}" % (other.base, old))
    said = federate(tmp_path)
    assert said.endswith("3 documents in 2 folders: 3 fetched, 0 unchanged, 0 failed\n"), said
    assert sorted(path for path, _ in other.requests) == ["/b/manifest.json", "/c/collection.json", "/o/manifest.json"]

    first, second = kept(tmp_path / "a"), kept(tmp_path / "a/deeper")
    assert set(first) == {book, all_of_it} and set(second) == {book, old}
    stub = first[book]["resource"]
    assert stub["rights"] == elsewhere.CC_BY and stub["label"]["cy"] == ["Eu llyfr"] and stub["items"] == []
    assert stub["thumbnail"][0]["id"] == other.base + "/b/image/1/full/,200/0/default.jpg"
    assert first[all_of_it]["resource"]["thumbnail"][0]["id"] == "https://o.example/t.jpg"
    assert {one["id"] for one in second[book]["resource"]["items"]} == {other.base + "/b/canvas/1", other.base + "/b/canvas/2"}
    theirs = elsewhere.canvas_3(other.base + "/b", 2)
    assert theirs in second[book]["resource"]["items"]
    turned = second[old]["resource"]
    assert turned["rights"].endswith("/vocab/InC/1.0/") and turned["label"] == {"de": ["Altes Buch"], "en": ["Old book"]}
    assert turned["requiredStatement"]["value"] == {"none": ["Example Museum"]}
    assert turned["provider"][0]["logo"][0]["id"] == "https://museum.example/logo.jpg"
    (page,) = turned["items"][0]["items"]
    assert page["items"][1]["target"] == other.base + "/o/canvas/1#xywh=10,20,300,200"
    assert [one["id"].split("/")[-5] for one in page["items"][1]["body"]["items"]] == ["1-uv", "1-ir"]
    assert page["items"][0]["body"]["service"][0]["@type"] == "ImageService2"
    assert "@context" not in json.dumps(turned) and "sc:" not in json.dumps(turned)

    for folder in ("a", "a/deeper"):
        assert (tmp_path / folder / SNAPSHOT).stat().st_mode & 0o777 == 0o644
        assert sorted(path.name for path in (tmp_path / folder).iterdir() if path.is_file()) == [SNAPSHOT, "iiif.yaml"]


def test_unchanged_is_not_sent_again(other, tmp_path):
    book = other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b"))
    include(tmp_path, book)
    federate(tmp_path)
    before = (tmp_path / SNAPSHOT).stat()
    said = json.loads(federate(tmp_path, "--json"))
    assert said["documents"][0]["came"] == "unchanged" and "if-none-match" in other.requests[-1][1]
    assert (tmp_path / SNAPSHOT).stat().st_ino == before.st_ino
    # What is picked now has never been asked for.
    include(tmp_path, book, "{canvas: %s/b/canvas/1, manifest: %s}" % (other.base, book))
    said = json.loads(federate(tmp_path, "--json"))
    assert said["documents"][0]["came"] == "fetched" and "if-none-match" not in other.requests[-1][1]
    assert len(kept(tmp_path)[book]["resource"]["items"]) == 1
    other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b", label={"en": ["Another name"]}))
    federate(tmp_path)
    assert kept(tmp_path)[book]["resource"]["label"] == {"en": ["Another name"]}


def test_nothing_is_included_any_more(other, tmp_path):
    include(tmp_path, other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b")))
    federate(tmp_path)
    (tmp_path / "iiif.yaml").write_text("label: Ours\n")
    assert "No sidecar here includes anything" in federate(tmp_path)
    assert not (tmp_path / SNAPSHOT).exists()


def test_one_that_is_down_stays_as_it_was(other, tmp_path):
    book = other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b"))
    gone = f"http://127.0.0.1:{free_port()}/manifest.json"
    include(tmp_path, book, gone)
    said = federate(tmp_path, code=1)
    assert "nobody answers there" in said and "nothing was ever fetched of it" in said
    before = kept(tmp_path)
    assert "resource" not in before[gone] and before[gone]["failed"]
    other.pages["/b/manifest.json"] = (503, {}, b"")
    said = federate(tmp_path, code=1)
    assert f"the server is in trouble (status 503)\n            -> what came at {before[book]['fetched']} stays" in said
    assert kept(tmp_path)[book]["resource"] == before[book]["resource"]
    assert "503" in kept(tmp_path)[book]["failed"]


def hang(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.wfile.flush()
    time.sleep(8)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    try:
        for _ in range(40):
            handler.wfile.write(b" " * (1 << 20))
    except OSError:
        pass


def deep(levels):
    return b'{"type":"Manifest","label":' + b"[" * levels + b"]" * levels + b"}"


REFUSED = {
    "no answer in time": (hang, "there was no complete answer within 2 seconds"),
    "endless": (endless, "more than 16 MB came"),
    "a page": (b"<!DOCTYPE html><title>Sorry</title>", "what came is a web page (HTML)"),
    "nothing": (b"", "what came is empty"),
    "no JSON": (b'{"type": "Manifest",}', "it is no valid JSON: line 1, column"),
    "not UTF-8": (b'{"type": "Manifest", "label": {"none": ["caf\xe9"]}}', "it is not UTF-8"),
    "a list": (b"[]", "its JSON is no object"),
    "very deep": (deep(100_000), "its JSON is nested too deeply"),
    "an info.json": (json.dumps({"protocol": "http://iiif.io/api/image", "width": 1}).encode(),
                     "it is the info.json of an image"),
    "another type": (json.dumps({"type": "Range"}).encode(), 'it is of type "Range"; only Manifests'),
    "not found": ((404, {}, b""), "there is nothing at this address (status 404)"),
    "not for all": ((401, {}, b""), "does not show it to everybody (status 401)"),
    "withdrawn": ((410, {}, b""), "it has been withdrawn (status 410)"),
    "nowhere": ((302, {"Location": "file:///etc/passwd"}, b""), "it redirects to no address with http or https"),
    "in a circle": ((302, {"Location": "/it"}, b""), "it redirects more than 5 times"),
    "unasked 304": ((304, {}, b""), "(status 304)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_words(other, tmp_path, name):
    page, sentence = REFUSED[name]
    other.pages["/it"] = (200, {}, page) if isinstance(page, bytes) else page
    include(tmp_path, other.base + "/it")
    started = time.monotonic()
    said = federate(tmp_path, "--timeout", "2", code=1)
    assert sentence in said, said
    assert time.monotonic() - started < 30
    assert "resource" not in kept(tmp_path)[other.base + "/it"]


def changed(document, **changes):
    out = {**document, **changes}
    return {key: value for key, value in out.items() if value is not None}


B = "http://other.example/b"
SAID = {
    # document, exit status, sentence
    "right": (elsewhere.manifest_3(B), 0, None),
    "no label": (changed(elsewhere.manifest_3(B), label=None), 0, "it has no label; its address is shown instead"),
    "a text for a label": (changed(elsewhere.manifest_3(B), label="Their book"), 0, "its label is no language map"),
    "rights in words": (changed(elsewhere.manifest_3(B), rights="All rights reserved"), 0,
                        "its rights are not of creativecommons.org or rightsstatements.org"),
    "a date": (changed(elsewhere.manifest_3(B), navDate="Easter 1890"), 1, "its navDate is \"Easter 1890\""),
    "no id": (changed(elsewhere.manifest_3(B), id=None), 0, "it has no id"),
    "no context": (changed(elsewhere.manifest_3(B), **{"@context": None}), 0, "it has no @context"),
    "a provider without an address": (changed(elsewhere.manifest_3(B), provider=[{"id": "javascript:alert(1)", "type": "Agent",
                                                                                 "label": {"en": ["x"]}}]), 1,
                                      "it has an id that is no address with http or https: \"javascript:alert(1)\""),
    "two licences": (changed(elsewhere.manifest_2(B), license=[elsewhere.CC_BY, elsewhere.IN_COPYRIGHT]), 1,
                     "it names 2 licenses; the first is shown"),
    "no sequences": (changed(elsewhere.manifest_2(B), sequences=None), 0, "it has no sequences"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_remote_got_wrong(other, tmp_path, name):
    document, code, sentence = SAID[name]
    # At the address that it says is its own, where it says one.
    text = json.dumps(document).replace(B, other.base + "/b").encode()
    include(tmp_path, other.put("/b/manifest.json", text))
    said = federate(tmp_path, "-v", code=code)
    assert said.startswith("fetched ")
    if sentence is None:
        assert len(said.splitlines()) == 2, said
        return
    assert sentence in said, said
    # Said again when nothing has changed.
    assert sentence in federate(tmp_path, code=code)


def test_canvases_that_are_not_as_they_should_be(other, tmp_path):
    base = other.base + "/b"
    book = elsewhere.manifest_3(base, 5)
    del book["items"][1]["width"]
    book["items"][2]["items"][0]["items"][0]["target"] = "https://elsewhere.example/c"
    del book["items"][3]["items"][0]["items"][0]["body"]["id"]
    book["items"][4]["summary"] = {"none": ["x" * 300_000]}
    uri = other.put("/b/manifest.json", book)
    include(tmp_path, *("{canvas: %s/canvas/%d, manifest: %s}" % (base, number, uri) for number in range(2, 7)))
    said = federate(tmp_path, code=1)
    for sentence in (f'its canvas "{base}/canvas/2" has no width and height',
                     "an annotation has a target that is not the canvas it stands in",
                     "no body with an address", f'its canvas "{base}/canvas/4" shows no image', "KB of JSON, more than 256",
                     f'it has no canvas "{base}/canvas/6"; it has 5, the first is "{base}/canvas/1"'):
        assert sentence in said, (sentence, said)


def test_the_kind_that_was_written(other, tmp_path):
    include(tmp_path, "{collection: %s}" % other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b")))
    assert 'write "manifest" instead of "collection"' in federate(tmp_path)


def test_redirects(other, tmp_path):
    other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b"))
    include(tmp_path, other.redirect("/old", "/newer", 301), other.redirect("/newer", "b/manifest.json#top", 302))
    said = federate(tmp_path, "-v")
    assert f"it has moved for good; write its new address: {other.base}/newer" in said
    assert all("resource" in one for one in kept(tmp_path).values())


def test_circles_end(other, tmp_path):
    """Two Collections that contain each other: what is in them is theirs, and is not fetched."""
    one, two = other.base + "/1/collection.json", other.base + "/2/collection.json"
    reference = {"type": "Collection", "label": {"en": ["x"]}}
    other.put("/1/collection.json", elsewhere.collection_3(other.base + "/1", [{"id": two, **reference}]))
    other.put("/2/collection.json", elsewhere.collection_3(other.base + "/2", [{"id": one, **reference}]))
    include(tmp_path, one)
    federate(tmp_path)
    assert len(other.requests) == 1


def test_servers_that_do_not_answer_are_left_alone(tmp_path):
    down = f"http://127.0.0.1:{free_port()}"
    include(tmp_path, *(f"{down}/{number}/manifest.json" for number in range(6)))
    said = federate(tmp_path, code=1)
    assert said.count("nobody answers there") == 3 and said.count("its server did not answer 3 times") == 3


@pytest.fixture(scope="module", name="signed")
def signed_by_itself(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "certificate"],
                   check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    with elsewhere.Elsewhere(context) as there:
        there.put("/manifest.json", elsewhere.manifest_3(there.base))
        there.certificate = folder / "certificate"
        yield there


def test_certificates_are_verified(signed, tmp_path):
    include(tmp_path, signed.base + "/manifest.json")
    said = federate(tmp_path, code=1)
    assert "its certificate cannot be trusted" in said and "self-signed" in said.replace("self signed", "self-signed")
    assert signed.requests == []
    assert "resource" not in kept(tmp_path)[signed.base + "/manifest.json"]


def test_certificates_of_a_known_authority(signed, tmp_path):
    """And for its own name only."""
    book = signed.base + "/manifest.json"
    include(tmp_path, book)
    federate(tmp_path, "--ca-file", signed.certificate)
    assert kept(tmp_path)[book]["resource"]["rights"] == elsewhere.CC_BY
    include(tmp_path, book.replace("127.0.0.1", "localhost"))
    said = federate(tmp_path, "--ca-file", signed.certificate, code=1)
    assert "its certificate cannot be trusted" in said
    federate(tmp_path, "--ca-file", tmp_path / "nowhere.pem", code=2)


def test_there_is_no_way_around_verification(tmp_path):
    federate(tmp_path, "--insecure", code=2)


def test_damaged_snapshots_are_replaced(other, tmp_path):
    book = other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b"))
    include(tmp_path, book)
    for text in ("{", '{"documents": [{"uri": "%s", "etag": "x\\r\\nHost: y", "resource": 7}]}' % book, "[" * 50_000):
        (tmp_path / SNAPSHOT).write_text(text)
        federate(tmp_path)
        assert kept(tmp_path)[book]["resource"]["rights"] == elsewhere.CC_BY


def test_a_link_is_not_followed(other, tmp_path):
    """Whoever may write into the folder must not choose which file is replaced."""
    target = tmp_path / "precious"
    target.write_text("as it was")
    folder = tmp_path / "images"
    include(folder, other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b")))
    (folder / SNAPSHOT).symlink_to(target)
    federate(folder)
    assert target.read_text() == "as it was" and not (folder / SNAPSHOT).is_symlink()


def test_a_folder_that_cannot_be_written(other, tmp_path):
    """Root may write into any folder, but puts no file in place of a folder."""
    include(tmp_path / "a", other.put("/b/manifest.json", elsewhere.manifest_3(other.base + "/b")))
    (tmp_path / "a" / SNAPSHOT).mkdir()
    assert f"a: {SNAPSHOT} cannot be written: Is a directory" in federate(tmp_path, code=1)
    assert [path.name for path in (tmp_path / "a").iterdir() if path.name.startswith(".")] == [SNAPSHOT]


def test_no_folder(tmp_path):
    federate(tmp_path / "none", code=2)
