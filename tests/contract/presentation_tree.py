# SPDX-License-Identifier: Apache-2.0
"""A small institution's folders, and what a Manifest or Collection has to be (Presentation API 3.0, 2.1.1)."""
import os
import re
import time
from pathlib import Path

import presentation_rules as rules
from PIL import Image, ImageDraw

CONTEXT = {"3": "http://iiif.io/api/presentation/3/context.json", "2": "http://iiif.io/api/presentation/2/context.json"}
LONG_AGO = time.time() - 3600

SIDECARS = {
    "iiif.yaml": """\
label: {en: Example Library, cy: Llyfrgell Enghreifftiol}
rights: CC BY 4.0
attribution: Example Library
provider:
  name: Example Library
  url: https://library.example.org/
  logo: https://library.example.org/logo.png
""",
    "metadata.csv": """\
file;title;title@cy;Creator;publish
book;A book of hours;Llyfr oriau;Unknown;
letters/hidden.png;;;;
unlisted;Not for all;;;no
""",
    "book/iiif.yaml": """\
summary: Twelve leaves.
direction: right-to-left
behavior: paged
start: page_10.jpg
scale: 0.1 mm
chapters:
  - label: Beginning
    items: [page_1.jpg, page_2.jpg]
  - label: End
    items: [page_10.jpg]
items:
  page_2.jpg: {label: {en: Second leaf}, withdrawn: false}
  page_3.jpg: {withdrawn: true}
""",
    "volumes/iiif.yaml": "label: Volumes\nobjects: chapters\n",
    "letters/iiif.yaml": "label: Letters\nobjects: files\nitems:\n  hidden.png: {publish: false}\n",
    "gone/iiif.yaml": "label: Was here\nwithdrawn: Taken away by request of the family.\nmetadata: {Date: 1911}\n",
    "secret/iiif.yaml": "label: Secret of the house\npublish: false\n",
    "broken/iiif.yaml": "label: [\nrights: <script>alert(1)</script>\n",
    "hostile/iiif.yaml": "label: <script>alert('x')</script>\nsummary: \"line\\u2028\\\" </script>\"\n",
}


def picture(path, text, size=(600, 450), **named):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (200, 190, 170))
    ImageDraw.Draw(image).text((20, 20), text, fill=(0, 0, 0))
    image.save(path, **named)


def make(root):
    """All of it an hour old, so that nothing waits for the next change."""
    for number in (1, 2, 3, 10):
        picture(root / f"book/page_{number}.jpg", f"page {number}", (1200 + number, 900))
    picture(root / "volumes/0 title.png", "title")
    for volume in ("Volume 2", "Volume 10"):
        for leaf in (1, 2):
            picture(root / f"volumes/{volume}/leaf {leaf}.jpg", f"{volume} {leaf}")
    for name in ("a&b?.png", "grüße.png", "hidden.png", "100%.jpg"):
        picture(root / "letters" / name, name)
    pages = [Image.new("RGB", (400 + 10 * number, 300), (60 * number, 90, 90)) for number in range(3)]
    (root / "maps").mkdir(parents=True)
    pages[0].save(root / "maps/atlas.tif", save_all=True, append_images=pages[1:])
    pages[0].save(root / "maps/report.pdf", save_all=True, append_images=pages[1:])
    picture(root / "deep/er/still/one.png", "one")
    for folder in ("unlisted", "gone", "secret", "broken", "hostile"):
        picture(root / folder / "image.png", folder)
    (root / "empty").mkdir()
    (root / "texts").mkdir()
    (root / "texts/readme.txt").write_text("no image")
    (root / "broken/no image.jpg").write_text("no image")
    picture(root / ".hidden/image.png", "hidden")
    for name, text in SIDECARS.items():
        (root / name).write_text(text)
    age(root)
    return root


def age(root):
    for path in sorted(Path(root).rglob("*"), reverse=True):
        os.utime(path, (LONG_AGO, LONG_AGO))
        path.chmod(0o755 if path.is_dir() else 0o644)
    os.utime(root, (LONG_AGO, LONG_AGO))
    Path(root).chmod(0o755)


# -- what the specification asks; each function fails with the place where it is not so --

def is_language_map(value):
    return (isinstance(value, dict) and value and
            all(re.fullmatch(r"none|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", key) for key in value) and
            all(isinstance(texts, list) and texts and all(isinstance(one, str) for one in texts)
                for texts in value.values()))


def check_id(value, where):
    assert isinstance(value, str) and re.fullmatch(r"https?://[\x21-\x7e]+", value), f"{where}: id {value!r}"
    assert "#" not in value and "?" not in value, f"{where}: id {value!r}"


def check_described(thing, where):
    for name in ("label", "summary"):
        if name in thing:
            assert is_language_map(thing[name]), f"{where}: {name} is {thing[name]!r}"
    for pair in thing.get("metadata", []) + [thing[name] for name in ("requiredStatement",) if name in thing]:
        assert set(pair) == {"label", "value"} and is_language_map(pair["label"]) and is_language_map(pair["value"]), \
            f"{where}: {pair!r}"
    for name in ("thumbnail", "homepage", "seeAlso", "service", "behavior", "partOf", "provider", "rendering", "items",
                 "structures", "annotations"):
        assert isinstance(thing.get(name, []), list), f"{where}: {name} is no array"
    if "rights" in thing:
        assert thing["rights"].startswith(("http://creativecommons.org/", "http://rightsstatements.org/")), where
    for agent in thing.get("provider", []):
        check_id(agent["id"], where)
        assert agent["type"] == "Agent" and is_language_map(agent["label"])
    if "viewingDirection" in thing:
        assert thing["viewingDirection"] in ("left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top")


def check_image(image, where):
    check_id(image["id"], where)
    assert image["type"] == "Image" and image["width"] > 0 and image["height"] > 0, f"{where}: {image!r}"
    for service in image["service"]:
        if "id" in service:
            assert service["type"] == "ImageService3" and re.fullmatch("level[012]", service["profile"])
        else:
            assert service["@type"] == "ImageService2" and service["profile"].startswith("http://iiif.io/api/image/2/")


def check_canvas(canvas, where):
    check_id(canvas["id"], where)
    assert canvas["type"] == "Canvas" and isinstance(canvas["width"], int) and isinstance(canvas["height"], int)
    check_described(canvas, where)
    assert is_language_map(canvas["label"])
    for image in canvas["thumbnail"]:
        check_image(image, where)
    (page,) = canvas["items"]
    assert page["type"] == "AnnotationPage"
    check_id(page["id"], where)
    for annotation in page["items"]:
        assert annotation["type"] == "Annotation" and annotation["motivation"] == "painting"
        check_id(annotation["id"], where)
        assert annotation["target"] == canvas["id"]
        check_image(annotation["body"], where)
        assert annotation["body"]["format"] == "image/jpeg"


def check_range(one, canvases, where):
    check_id(one["id"], where)
    assert one["type"] == "Range" and one["items"] and is_language_map(one["label"])
    for item in one["items"]:
        if item["type"] == "Range":
            check_range(item, canvases, where)
        else:
            assert item["type"] == "Canvas" and item["id"] in canvases, f"{where}: {item!r}"


def check_manifest(document, url):
    assert next(iter(document)) == "@context" and document["@context"] == CONTEXT["3"]
    assert document["id"] == url and document["type"] == "Manifest"
    assert [key for key in document if key.startswith("@")] == ["@context"]
    check_described(document, url)
    assert is_language_map(document["label"]) and document["items"]
    ids = [canvas["id"] for canvas in document["items"]]
    assert len(set(ids)) == len(ids)
    for canvas in document["items"]:
        assert "@context" not in canvas
        check_canvas(canvas, url)
    for one in document.get("structures", []):
        check_range(one, set(ids), url)
    if "start" in document:
        assert document["start"]["id"] in ids
    assert rules.check(document) == []


def check_collection(document, url):
    assert next(iter(document)) == "@context" and document["@context"] == CONTEXT["3"]
    assert document["id"] == url and document["type"] == "Collection"
    check_described(document, url)
    assert is_language_map(document["label"])
    for item in document["items"]:
        check_id(item["id"], url)
        assert item["type"] in ("Manifest", "Collection") and is_language_map(item["label"]), f"{url}: {item!r}"
        assert "@context" not in item
        for image in item.get("thumbnail", []):
            check_image(image, url)
    assert rules.check(document) == []
