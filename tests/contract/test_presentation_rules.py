# SPDX-License-Identifier: Apache-2.0
"""The rules that documents are held to find what is wrong: each change makes a right document a wrong one."""
import copy

import presentation_rules as rules
import pytest

BASE = "https://example.org/iiif/book"
IMAGE = {"id": "https://example.org/iiif/3/a/full/max/0/default.jpg", "type": "Image", "format": "image/jpeg", "width": 30,
         "height": 20, "service": [{"id": "https://example.org/iiif/3/a", "type": "ImageService3", "profile": "level2"},
                                   {"@id": "https://example.org/iiif/2/a", "@type": "ImageService2",
                                    "profile": "http://iiif.io/api/image/2/level2.json"}]}


def right():
    canvas = {"id": f"{BASE}/a/canvas.json", "type": "Canvas", "width": 30, "height": 20, "label": {"none": ["a"]},
              "items": [{"id": f"{BASE}/a/annotations.json", "type": "AnnotationPage", "items": [
                  {"id": f"{BASE}/a/annotation.json", "type": "Annotation", "motivation": "painting",
                   "body": copy.deepcopy(IMAGE), "target": f"{BASE}/a/canvas.json"}]}]}
    return {"@context": rules.CONTEXT, "id": f"{BASE}/manifest.json", "type": "Manifest", "label": {"en": ["Book"]},
            "summary": {"en": ["<p>Old.</p>"]}, "metadata": [{"label": {"en": ["Date"]}, "value": {"none": ["1450"]}}],
            "rights": "http://creativecommons.org/licenses/by/4.0/", "navDate": "1450-01-01T00:00:00Z",
            "provider": [{"id": "https://example.org/", "type": "Agent", "label": {"en": ["Library"]}}],
            "homepage": [{"id": "https://example.org/b", "type": "Text", "label": {"en": ["Page"]}}],
            "viewingDirection": "left-to-right", "behavior": ["paged"], "thumbnail": [copy.deepcopy(IMAGE)],
            "start": {"id": f"{BASE}/a/canvas.json", "type": "Canvas"}, "items": [canvas],
            "structures": [{"id": f"{BASE}/range-1.json", "type": "Range", "label": {"en": ["All"]},
                            "items": [{"id": f"{BASE}/a/canvas.json", "type": "Canvas"}]}]}


def collection():
    return {"@context": rules.CONTEXT, "id": f"{BASE}/collection.json", "type": "Collection", "label": {"en": ["Books"]},
            "items": [{"id": f"{BASE}/manifest.json", "type": "Manifest", "label": {"en": ["Book"]}}]}


def test_what_is_right_is_right():
    assert rules.check(right()) == [] and rules.check(collection()) == []


def put(value, *path):
    def change(document):
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    return change


def drop(*path):
    def change(document):
        place = document
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
    return change


ANNOTATION = ("items", 0, "items", 0, "items", 0)
WRONG = [
    drop("@context"), drop("label"), drop("id"), drop("items"), put([], "items"), put("Book", "label"),
    put({"english!": ["Book"]}, "label"), put({"en": "Book"}, "label"), put({"en": []}, "label"), put({}, "label"),
    put(3, "width"), put("x", "format"), put("x", "@type"), put(rules.CONTEXT, "items", 0, "@context"),
    put("a/manifest.json", "id"), put("https://example.org/ä", "id"), put(f"{BASE}/a/canvas.json#x", "items", 0, "id"),
    put("https://creativecommons.org/licenses/by/4.0/", "rights"), put("All rights reserved", "rights"),
    put("1450", "navDate"), put("1450-01-01T00:00:00", "navDate"), put("sideways", "viewingDirection"),
    put("paged", "behavior"), put(["paged", "continuous"], "behavior"), put(["together"], "behavior"),
    put(["facing-pages", "non-paged"], "items", 0, "behavior"), put(["paged"], "items", 0, "behavior"),
    put({"en": ["<script>x</script>"]}, "summary"), put("x", "metadata"), drop("metadata", 0, "value"),
    drop("provider", 0, "label"), put("Person", "provider", 0, "type"), drop("homepage", 0, "label"),
    drop("homepage", 0, "type"), put("https://example.org/t.jpg", "thumbnail"),
    put("https://example.org/iiif/3/a", "thumbnail", 0, "id"), put(0, "thumbnail", 0, "width"),
    put("level9", "thumbnail", 0, "service", 0, "profile"), drop("thumbnail", 0, "service", 0, "type"),
    put("x", "start", "id"), put("Range", "items", 0, "type"), put(0, "items", 0, "width"), put(2.5, "items", 0, "height"),
    put(True, "items", 0, "height"), put("tagging", *ANNOTATION, "motivation"), put("https://e.org/c", *ANNOTATION, "target"),
    drop(*ANNOTATION, "body", "width"), put(f"{BASE}/a/canvas.json", *ANNOTATION, "id"), drop("structures", 0, "items"),
    put("https://example.org/none", "structures", 0, "items", 0, "id"), put("Canvas", "structures", 0, "type"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_is_wrong_is_found(number):
    document = right()
    WRONG[number](document)
    assert rules.check(document), f"change {number} went unnoticed"


@pytest.mark.parametrize("change", [drop("label"), put([{}], "items"), drop("items", 0, "label"), put("Canvas", "items", 0, "type"),
                                    put([], "items", 0, "items"), put(["facing-pages"], "behavior"), put({}, "start")])
def test_what_is_wrong_with_a_collection_is_found(change):
    document = collection()
    change(document)
    assert rules.check(document)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', "{'a': 1}", '{"a": 1,}'])
def test_json_is_strict(text):
    with pytest.raises((AssertionError, ValueError)):
        rules.strict(text)
