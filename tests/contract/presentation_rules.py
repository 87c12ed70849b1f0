# SPDX-License-Identifier: Apache-2.0
"""Whether a document is one of Presentation API 3.0: which properties each resource must and must not have, what their
values are, and what has to agree. A JSON Schema in words: `check(document)` gives every sentence that does not hold.

Section numbers are those of Presentation API 3.0.
"""
import json
import re
from urllib.parse import urlsplit

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
DESCRIBED = {"label", "metadata", "summary", "requiredStatement", "rights", "provider", "thumbnail"}
LINKED = {"homepage", "rendering", "seeAlso", "service", "partOf", "behavior"}
# Appendix A. What is in neither set must not be there.
PROPERTIES = {
    "Collection": ({"id", "type", "label", "items"},
                   DESCRIBED | LINKED | {"navDate", "viewingDirection", "services", "annotations", "placeholderCanvas",
                                         "accompanyingCanvas"}),
    "Manifest": ({"id", "type", "label", "items"},
                 DESCRIBED | LINKED | {"navDate", "viewingDirection", "services", "start", "structures", "annotations",
                                       "placeholderCanvas", "accompanyingCanvas"}),
    "Canvas": ({"id", "type"}, DESCRIBED | LINKED | {"height", "width", "duration", "navDate", "items", "annotations",
                                                     "placeholderCanvas", "accompanyingCanvas"}),
    "Range": ({"id", "type", "items"}, DESCRIBED | LINKED | {"navDate", "viewingDirection", "start", "supplementary",
                                                             "annotations", "placeholderCanvas", "accompanyingCanvas"}),
    "AnnotationPage": ({"id", "type"}, DESCRIBED | LINKED | {"items"}),
    "Annotation": ({"id", "type", "motivation", "target"}, DESCRIBED | LINKED | {"body", "timeMode"}),
    "Image": ({"id", "type"}, {"format", "height", "width", "service", "label"}),
    "Agent": ({"id", "type", "label"}, {"homepage", "logo", "seeAlso"}),
}
LINKS = {"homepage": {"label"}, "rendering": {"label"}, "seeAlso": set()}  # what they need besides id and type
ARRAYS = {"thumbnail", "homepage", "rendering", "seeAlso", "service", "services", "partOf", "provider", "behavior", "items",
          "structures", "annotations", "metadata", "logo", "language"}
DIRECTIONS = {"left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top"}
# 3.4: which may be where, and which exclude each other.
BEHAVIORS = {
    "Collection": {"auto-advance", "no-auto-advance", "continuous", "individuals", "paged", "repeat", "no-repeat",
                   "unordered", "multi-part", "together"},
    "Manifest": {"auto-advance", "no-auto-advance", "continuous", "individuals", "paged", "repeat", "no-repeat", "unordered"},
    "Canvas": {"auto-advance", "no-auto-advance", "facing-pages", "non-paged"},
    "Range": {"auto-advance", "no-auto-advance", "continuous", "individuals", "paged", "unordered", "sequence",
              "thumbnail-nav", "no-nav"},
}
DISJOINT = [{"unordered", "individuals", "continuous", "paged"}, {"auto-advance", "no-auto-advance"},
            {"repeat", "no-repeat"}, {"multi-part", "together"}, {"sequence", "thumbnail-nav", "no-nav"},
            {"paged", "facing-pages", "non-paged"}]
RIGHTS = re.compile(r"http://(creativecommons\.org/(licenses|publicdomain)/[a-z+-]+/\d\.\d/([a-z]{2}/)?"
                    r"|rightsstatements\.org/vocab/[A-Za-z-]+/1\.0/)")
DATE_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"none|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
OPENS_HTML = re.compile(r"<\s*(a|b|br|i|img|p|small|span|sub|sup)\b", re.I)


def strict(text):
    """The JSON, without what lenient readers let pass: a key twice, NaN."""
    def pairs(found):
        keys = [key for key, _ in found]
        assert len(set(keys)) == len(keys), f"a key twice in {keys}"
        return dict(found)

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")
    return json.loads(text, object_pairs_hook=pairs, parse_constant=refuse)


class Checker:
    def __init__(self):
        self.wrong, self.ids = [], {}

    def claim(self, holds, where, sentence):
        if not holds:
            self.wrong.append(f"{where}: {sentence}")

    def uri(self, value, where, fragment=False):
        ok = isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) and urlsplit(value).scheme in ("http", "https")
        self.claim(ok and urlsplit(value).netloc, where, f"no HTTP URI: {value!r}")
        self.claim(fragment or "#" not in str(value), where, f"has a fragment: {value!r}")

    def texts(self, value, where, html=False):
        ok = isinstance(value, dict) and value and all(LANGUAGE.fullmatch(key) for key in value) and all(
            isinstance(texts, list) and texts and all(isinstance(one, str) for one in texts) for texts in value.values())
        self.claim(ok, where, f"no language map: {value!r}")
        if ok and not html:
            # 4.5: here markup would be shown as it is; that it stays text is the client's part.
            return
        for text in (one for texts in (value.values() if ok else []) for one in texts):
            if text.startswith("<") and text.endswith(">"):
                self.claim(OPENS_HTML.match(text), where, f"looks like HTML, and is none: {text!r}")

    def common(self, thing, kind, where):
        needed, allowed = PROPERTIES[kind]
        keys = set(thing) - {"@context"}
        self.claim(needed <= keys, where, f"a {kind} without {sorted(needed - keys)}")
        self.claim(keys <= needed | allowed, where, f"a {kind} has no {sorted(keys - needed - allowed)}")
        for name in ARRAYS & keys:
            self.claim(isinstance(thing[name], list), where, f"{name} is no array")
            self.claim(thing[name] or (kind == "Collection" and name == "items"), where, f"{name} is empty")
        self.uri(thing.get("id"), where)
        if "label" in keys:
            self.texts(thing["label"], f"{where}.label")
        if "summary" in keys:
            self.texts(thing["summary"], f"{where}.summary", html=True)
        for pair in [*thing.get("metadata", []), *([thing["requiredStatement"]] if "requiredStatement" in keys else [])]:
            self.claim(set(pair) == {"label", "value"}, where, f"a pair of {sorted(pair)}")
            self.texts(pair.get("label"), f"{where}.metadata")
            self.texts(pair.get("value"), f"{where}.metadata", html=True)
        if "rights" in keys:
            self.claim(isinstance(thing["rights"], str) and RIGHTS.fullmatch(thing["rights"]), where,
                       f"rights {thing['rights']!r}")
        if "navDate" in keys:
            self.claim(DATE_TIME.fullmatch(str(thing["navDate"])), where, f"navDate {thing['navDate']!r}")
        if "viewingDirection" in keys:
            self.claim(thing["viewingDirection"] in DIRECTIONS, where, f"viewingDirection {thing['viewingDirection']!r}")
        self.behavior(thing.get("behavior", []), kind, where)
        self.links(thing, where)

    def behavior(self, words, kind, where):
        self.claim(set(words) <= BEHAVIORS.get(kind, set()), where, f"behavior {words} of a {kind}")
        for group in DISJOINT:
            self.claim(len(group & set(words)) <= 1, where, f"behavior {sorted(group & set(words))} exclude each other")

    def links(self, thing, where):
        for name, needs in LINKS.items():
            for link in thing.get(name, []):
                self.claim({"id", "type"} | needs <= set(link), where, f"{name} without {sorted(needs - set(link))}")
                self.claim(set(link) <= {"id", "type", "label", "format", "profile", "language"}, where,
                           f"{name} has {sorted(link)}")
                if "label" in link:
                    self.texts(link["label"], f"{where}.{name}")
        for image in thing.get("thumbnail", []):
            self.image(image, f"{where}.thumbnail")
        for agent in thing.get("provider", []):
            self.claim(agent.get("type") == "Agent", where, "a provider is no Agent")
            self.common(agent, "Agent", f"{where}.provider")
            for logo in agent.get("logo", []):
                self.image(logo, f"{where}.logo")
        for above in thing.get("partOf", []):
            self.claim({"id", "type"} <= set(above), where, "partOf without id and type")
        for service in thing.get("service", []):
            self.service(service, where)

    def image(self, image, where):
        self.claim(image.get("type") == "Image", where, f"type {image.get('type')!r} of an image")
        self.common(image, "Image", where)
        self.claim(image.get("id") not in [one.get("id") for one in image.get("service", [])], where,
                   "an image is named by its service")
        for name in {"width", "height"} & set(image):
            self.claim(type(image[name]) is int and image[name] > 0, where, f"{name} {image[name]!r}")

    def service(self, service, where):
        old = "@id" in service
        self.claim({"@id", "@type"} <= set(service) if old else {"id", "type"} <= set(service), where,
                   f"a service of {sorted(service)}")
        kind = service.get("@type" if old else "type")
        if kind == "ImageService3":
            self.claim("@context" not in service and re.fullmatch("level[012]", service.get("profile", "")), where,
                       f"service {service!r}")
        if kind == "ImageService2":
            self.claim(re.fullmatch(r"http://iiif\.io/api/image/2/level[012]\.json", service.get("profile", "")), where,
                       f"service {service!r}")

    def resource(self, thing, where, top=False):
        kind = thing.get("type")
        self.claim(kind in PROPERTIES, where, f"type {kind!r}")
        if kind not in PROPERTIES:
            return
        self.claim(("@context" in thing) == top, where, "@context is of the outermost alone")
        self.claim([key for key in thing if key[0] == "@"] == (["@context"] if top else []), where, "keys that begin with @")
        self.common(thing, kind, where)
        place = self.ids.setdefault(thing.get("id"), where)
        self.claim(place == where, where, f"the id of {place}")
        getattr(self, kind.lower())(thing, where)

    def collection(self, thing, where):
        for number, item in enumerate(thing.get("items", [])):
            at = f"{where}.items[{number}]"
            self.claim(item.get("type") in ("Manifest", "Collection") and {"id", "label"} <= set(item), at,
                       "an item needs id, type and label")
            self.claim(item.get("type") != "Manifest" or not {"items", "structures"} & set(item), at, "a Manifest embedded")
            self.uri(item.get("id"), at)
            self.texts(item.get("label"), at)
            self.links(item, at)

    def manifest(self, thing, where):
        items = thing.get("items", [])
        for number, canvas in enumerate(items):
            at = f"{where}.items[{number}]"
            self.claim(canvas.get("type") == "Canvas", at, "no Canvas")
            self.resource(canvas, at)
        known = {canvas.get("id") for canvas in items}
        for number, part in enumerate(thing.get("structures", [])):
            self.claim(part.get("type") == "Range", where, "structures hold Ranges")
            self.resource(part, f"{where}.structures[{number}]")
            self.claim(self.canvases_of(part) <= known, where, "a Range names a Canvas that is not there")
        if "start" in thing:
            start = thing["start"]
            self.claim(start.get("type") == "Canvas" and start.get("id") in known, where, f"start {start!r}")

    def canvases_of(self, part):
        inner = [self.canvases_of(item) for item in part.get("items", []) if item.get("type") == "Range"]
        return {item.get("id") for item in part.get("items", []) if item.get("type") == "Canvas"}.union(*inner)

    def range(self, thing, where):
        for number, item in enumerate(thing.get("items", [])):
            if item.get("type") == "Range":
                self.resource(item, f"{where}.items[{number}]")
            else:
                self.claim(set(item) == {"id", "type"} and item["type"] == "Canvas", where, f"item {item!r}")

    def canvas(self, thing, where):
        for name in ("width", "height"):
            self.claim(type(thing.get(name)) is int and thing[name] > 0, where, f"{name} {thing.get(name)!r}")
        for number, page in enumerate(thing.get("items", [])):
            at = f"{where}.items[{number}]"
            self.claim(page.get("type") == "AnnotationPage", at, "no AnnotationPage")
            self.resource(page, at)
            for annotation in page.get("items", []):
                self.claim(annotation.get("motivation") == "painting", at, "not painting")
                self.claim(annotation.get("target") == thing.get("id"), at, "the target is another canvas")

    def annotationpage(self, thing, where):
        for number, one in enumerate(thing.get("items", [])):
            self.claim(one.get("type") == "Annotation", where, "no Annotation")
            self.resource(one, f"{where}.items[{number}]")

    def annotation(self, thing, where):
        self.uri(thing.get("target"), where)
        self.image(thing.get("body", {}), f"{where}.body")
        self.claim({"format", "width", "height", "service"} <= set(thing.get("body", {})), where, "a body without its size")


def check(document):
    """Sentences about what is not so; none, if all of it is."""
    checker = Checker()
    checker.claim(document.get("@context") == CONTEXT and next(iter(document)) == "@context", "document",
                  "@context comes first, and is of Presentation API 3.0")
    try:
        checker.resource(document, "document", top=True)
    except (AttributeError, TypeError) as mistake:  # a text where an object has to be, or the other way round
        checker.wrong.append(f"a value of another kind than it has to be: {mistake}")
    return checker.wrong
