# SPDX-License-Identifier: Apache-2.0
"""iiifctl validate, of Manifests and Collections: nothing is wrong with ours, and each mistake is named alone."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from support import paths
from support.servers import make
from test_validate import Erring

PROGRAM = paths.BUILD / "common/ctl/iiifctl"


def validate(url, *options, code=0):
    done = subprocess.run([str(PROGRAM), "validate", *options, url], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module", name="folder")
def holdings():
    with tempfile.TemporaryDirectory(prefix="iiif-validate-") as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "book").mkdir()
        for page in range(3):
            Image.new("RGB", (1300 + page, 900)).save(root / f"book/{page}.jpg")
        (root / "iiif.yaml").write_text("label: All\nsummary: Everything.\nmetadata: {Kind: books}\nrights: CC0\nattribution: L\n"
                                        "provider: {name: L, url: https://l.example.org/}\n")
        (root / "book/iiif.yaml").write_text("label: {en: Book}\nsummary: <b>A book</b>\nmetadata: {Date: 1890}\nstart: 1.jpg\n"
                                             "behavior: paged\nchapters:\n  - {label: One, items: [0.jpg, 1.jpg]}\n")
        yield root


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_nothing_is_wrong_with_ours(folder, kind):
    with make(kind, folder, {"presentation": "on"}) as server:
        for version in ("3", "2"):
            for name in ("collection.json", "book/collection.json", "book/manifest.json"):
                said = validate(f"{server.base}/iiif/{version}/{name}", "-v")
                counts = re.search(r"Presentation API (\S+): (\d+) of (\d+) claims hold; 0 that must and 0 that should", said)
                assert counts and counts[1] == {"2": "2.1", "3": "3.0"}[version], said
                assert int(counts[2]) == int(counts[3]) > 30, said


def changed(change):
    def mistake(path, status, headers, body):
        if path.endswith("book/manifest.json") and status == 200:
            document = json.loads(body)
            change(document)
            body = json.dumps(document).encode()
        return status, headers, body
    return mistake


def canvas(document):
    return document["items"][0]


def annotation(document):
    return canvas(document)["items"][0]["items"][0]


MISTAKES = {
    "another id": (lambda d: d.update(id="http://elsewhere.example/m"), "id is the URI"),
    "a label that is a text": (lambda d: d.update(label="Book"), "texts are by language"),
    "rights with https": (lambda d: d.update(rights="https://creativecommons.org/licenses/by/4.0/"), "rights is one URI"),
    "a date without zone": (lambda d: d.update(navDate="1890-01-01T00:00:00"), "navDate is"),
    "a thumbnail alone": (lambda d: d.update(homepage={"id": "http://a.example/", "type": "Text", "label": {"en": ["A"]}}),
                          "what may have several values is an array"),
    "broken HTML": (lambda d: d.update(summary={"en": ["<p>A<b></p>"]}), "HTML is one well-formed element"),
    "two ways to page": (lambda d: d.update(behavior=["paged", "continuous"]), "no two words of behavior"),
    "a width": (lambda d: d.update(width=4), "a Manifest has no format"),
    "a canvas without height": (lambda d: canvas(d).pop("height"), "a canvas has a width and a height"),
    "another motivation": (lambda d: annotation(d).update(motivation="commenting"), "is there for painting"),
    "another target": (lambda d: annotation(d).update(target="http://elsewhere.example/c"), "the target of a painting"),
    "another size": (lambda d: annotation(d)["body"].update(width=99), "the image of a canvas is as large"),
    "a thumbnail of another size": (lambda d: d["thumbnail"][0].update(width=99), "a thumbnail is as large"),
    "a range of another book": (lambda d: d["structures"][0]["items"][0].update(id="http://elsewhere.example/c"),
                                "the items of a range"),
    "a start elsewhere": (lambda d: d["start"].update(id="http://elsewhere.example/c"), "start is a canvas"),
}


def old_canvas(document):
    return document["sequences"][0]["canvases"][0]


def one_id_twice(document):
    second, third = document["sequences"][0]["canvases"][1:3]
    third["@id"] = third["images"][0]["on"] = second["@id"]


MISTAKES_2 = {
    "another id": (lambda d: d.update({"@id": "http://elsewhere.example/m"}), "@id is the URI"),
    "texts by language": (lambda d: d.update(description={"en": ["A book"]}), "texts are strings"),
    "metadata that is no list": (lambda d: d.update(metadata={"label": "a", "value": "b"}), "metadata is an array"),
    "a label without a value": (lambda d: d["metadata"].append({"label": "a"}), "metadata has a label and a value"),
    "a licence in words": (lambda d: d.update(license="CC0"), "license is a URI"),
    "a logo without address": (lambda d: d.update(logo={"label": "L"}), "logo is a URI"),
    "the hint of a page": (lambda d: d.update(viewingHint="non-paged"), "viewingHint is one of the words"),
    "the hint of a book": (lambda d: old_canvas(d).update(viewingHint="paged"), "viewingHint is one of the words"),
    "endless in no direction": (lambda d: d.update(viewingHint="continuous"), "what is continuous"),
    "a direction of a page": (lambda d: old_canvas(d).update(viewingDirection="left-to-right"), "viewingDirection is one"),
    "the date of a page": (lambda d: old_canvas(d).update(navDate="1890-01-01T00:00:00Z"), "navDate is of"),
    "a date with a zone": (lambda d: d.update(navDate="1890-01-01T00:00:00+01:00"), "navDate is of"),
    "a width": (lambda d: d.update(width=4), "a Manifest or Collection has no format"),
    "a rendering of no format": (lambda d: d.update(rendering={"@id": "http://a.example/", "label": "A"}),
                                 "rendering has a label and a format"),
    "a canvas without a label": (lambda d: old_canvas(d).pop("label"), "a canvas has a label"),
    "a canvas without a width": (lambda d: old_canvas(d).pop("width"), "a canvas has a width and a height"),
    "two of one id": (one_id_twice,
                      "a canvas has an http or https @id"),
    "another motivation": (lambda d: old_canvas(d)["images"][0].update(motivation="oa:linking"), "is there for painting"),
    "another canvas": (lambda d: old_canvas(d)["images"][0].update(on="http://elsewhere.example/c"), "an image is on"),
    "an image of another type": (lambda d: old_canvas(d)["images"][0]["resource"].update({"@type": "Image"}),
                                 "an image has an @id and @type"),
    "a service of no profile": (lambda d: old_canvas(d)["images"][0]["resource"]["service"].pop("profile"),
                                "an image service has @context"),
    "another size": (lambda d: old_canvas(d)["images"][0]["resource"].update(width=99), "the image of a canvas is as large"),
    "a start elsewhere": (lambda d: d["sequences"][0].update(startCanvas="http://elsewhere.example/c"), "startCanvas is"),
    "a range of another book": (lambda d: d["structures"][0].update(canvases=["http://elsewhere.example/c"]),
                                "the canvases of a range"),
    "a range of another type": (lambda d: d["structures"][0].update({"@type": "Range"}), "a range has an @id"),
}
ALL_MISTAKES = [("3", name) for name in MISTAKES] + [("2", name) for name in MISTAKES_2]


@pytest.mark.parametrize("version, name", ALL_MISTAKES)
def test_each_mistake_alone(folder, version, name):
    change, words = (MISTAKES if version == "3" else MISTAKES_2)[name]
    with make("nginx", folder, {"presentation": "on"}) as server, Erring(server, changed(change)) as erring:
        claims = json.loads(validate(f"{erring.base}/iiif/{version}/book/manifest.json", "--json", code=1))["claims"]
        wrong = [claim for claim in claims if claim["verdict"] == "wrong"]
        assert len(wrong) == 1 and words in wrong[0]["claim"], wrong
