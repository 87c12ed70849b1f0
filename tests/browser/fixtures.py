# SPDX-License-Identifier: Apache-2.0
"""Folders of pictures to browse, and JSON that no folder of ours gives: hostile texts, thousands of items, Presentation
2.1 of others, several images on a canvas. The browser answers that from here (pages.mjs, "routes"); images, pages and
everything else come from the server."""
import math
from urllib.parse import quote

from PIL import Image, ImageDraw

P3, P2 = "http://iiif.io/api/presentation/3/context.json", "http://iiif.io/api/presentation/2/context.json"
FOLDERS = {"Letters": ("Letter to Anna", 6), "Maps/Coast": ("The coast", 3), "Maps/Hills": ("The hills", 2)}
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 2\"><b>bold</b>"


def paint(path, number, words):
    """A sheet that can be told from the others: its colour, its lines, its number."""
    width, height = (1500, 1100) if number % 3 == 2 else (1100, 1500)
    hue = (number * 47 + len(words) * 31) % 360
    sheet = Image.new("HSV", (width, height), (hue * 255 // 360, 40, 235)).convert("RGB")
    pen = ImageDraw.Draw(sheet)
    ink = tuple(channel // 3 for channel in sheet.getpixel((0, 0)))
    for line in range(14):
        points = [(x, height * (line + 3) // 20 + 24 * math.sin(x / (60 + 9 * number) + line)) for x in range(90,
            width - 90, 12)]
        pen.line(points, ink, 5)
    pen.rectangle((30, 30, width - 30, height - 30), outline=ink, width=4)
    label = Image.new("L", (90, 11))
    ImageDraw.Draw(label).text((0, 0), f"{words} {number}", 255)
    sheet.paste(ink, (110, 70), label.resize((90 * 8, 11 * 8)))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=85)
    return width, height


def make(root):
    """{folder: [(file, width, height)]}"""
    made = {}
    for folder, (words, pages) in FOLDERS.items():
        names = [f"{number:02}.jpg" for number in range(1, pages + 1)]
        made[folder] = [(name, *paint(root / folder / name, number, words)) for number, name in enumerate(names, 1)]
    return made


def service(base, path, version=3):
    return f"{base}/{version}/{quote(path, safe='')}"


def image(base, path, width, height):
    return {"id": f"{service(base, path)}/full/max/0/default.jpg", "type": "Image", "format": "image/jpeg",
        "width": width, "height": height,
            "service": [{"id": service(base, path), "type": "ImageService3", "profile": "level2"}]}


def canvas(base, identifier, label, bodies, width, height):
    annotations = [{"id": f"{identifier}/a{at}", "type": "Annotation", "motivation": "painting", "body": body,
        "target": identifier + place}
                   for at, (body, place) in enumerate(bodies)]
    return {"id": identifier, "type": "Canvas", "label": {"none": [label]}, "width": width, "height": height,
            "items": [{"id": f"{identifier}/p", "type": "AnnotationPage", "items": annotations}]}


def manifest(base, folder, files, label):
    own = f"{base}/{quote(folder)}"
    above = f"{base}/{quote(folder.rpartition('/')[0])}".rstrip("/") + "/collection.json"
    return {"@context": P3, "id": f"{own}/manifest.json", "type": "Manifest", "label": {"en": [label]},
            "summary": {"en": ["<p>Ink on paper, written between <i>1787</i> and 1789.</p>"]},
            "metadata": [{"label": {"en": ["Creator"]}, "value": {"none": ["Jane Example"]}},
                         {"label": {"en": ["Date"], "de": ["Datum"]}, "value": {"none": ["1787"]}}],
            "requiredStatement": {"label": {"en": ["Attribution"]}, "value": {"en": ["Example Library"]}},
            "rights": "http://creativecommons.org/licenses/by/4.0/",
            "provider": [{"id": "https://example.org/about", "type": "Agent", "label": {"en": ["Example Library"]}}],
            "partOf": [{"id": above, "type": "Collection",
                "label": {"en": ["Maps" if "/" in folder else "Example Library"]}}],
            "items": [canvas(base, f"{own}/{name}/canvas", f"Sheet {at}",
                [(image(base, f"{folder}/{name}", width, height), "")], width, height)
                      for at, (name, width, height) in enumerate(files, 1)]}


def reference(base, path, kind, label, picture=None):
    out = {"id": f"{base}/{quote(path)}/{kind.lower()}.json", "type": kind, "label": {"en": [label]}}
    if picture:
        out["thumbnail"] = [{"id": f"{service(base, picture)}/full/!200,200/0/default.jpg", "type": "Image"}]
    return out


def collection(base, path, label, items, above=None):
    out = {"@context": P3, "id": f"{base}/{path}collection.json", "type": "Collection", "label": {"en": [label]},
        "items": items}
    if above:
        out["partOf"] = [{"id": f"{base}/collection.json", "type": "Collection", "label": {"en": [above]}}]
    return out


def generated(base, made):
    """What the server says of the folders by itself, for as long as it does not."""
    routes = {f"/{quote(folder)}/manifest.json": manifest(base, folder, files, FOLDERS[folder][0])
              for folder, files in made.items()}
    routes["/collection.json"] = collection(base, "", "Example Library", [
        reference(base, "Letters", "Manifest", "Letter to Anna", "Letters/01.jpg"),
        reference(base, "Maps", "Collection", "Maps", "Maps/Coast/01.jpg")])
    routes["/Maps/collection.json"] = collection(base, "Maps/", "Maps", [
        reference(base, f"Maps/{name}", "Manifest", FOLDERS[f"Maps/{name}"][0],
            f"Maps/{name}/01.jpg") for name in ("Coast", "Hills")], "Example Library")
    for folder, files in made.items():
        own = reference(base, folder, "Manifest", FOLDERS[folder][0], f"{folder}/{files[0][0]}")
        routes[f"/{quote(folder)}/collection.json"] = collection(base, f"{quote(folder)}/", FOLDERS[folder][0], [own])
        routes[f"/2/{quote(folder)}/manifest.json"] = old(base, folder, files, FOLDERS[folder][0])
    return routes


def old(base, folder, files, label):
    own = f"{base}/2/{quote(folder)}"
    canvases = [{"@id": f"{own}/{name}/canvas", "@type": "sc:Canvas", "label": f"Sheet {at}", "width": width,
        "height": height,
                 "images": [{"@type": "oa:Annotation", "motivation": "sc:painting", "on": f"{own}/{name}/canvas",
                     "resource": {
                     "@id": f"{service(base, f'{folder}/{name}', 2)}/full/full/0/default.jpg", "@type": "dctypes:Image",
                     "width": width, "height": height,
                     "service": {"@context": "http://iiif.io/api/image/2/context.json",
                         "@id": service(base, f"{folder}/{name}", 2),
                                 "profile": "http://iiif.io/api/image/2/level2.json"}}}]}
                for at, (name, width, height) in enumerate(files, 1)]
    return {"@context": P2, "@id": f"{own}/manifest.json", "@type": "sc:Manifest", "label": label,
        "description": "An older description",
            "attribution": "Example Library", "license": "http://rightsstatements.org/vocab/InC/1.0/",
            "sequences": [{"@type": "sc:Sequence", "canvases": canvases}]}


def special(base, made):
    """What no folder gives."""
    name, width, height = made["Letters"][0]
    other, *_ = made["Letters"][2]
    first, second = (image(base, f"Letters/{file}", width, height) for file in (name, other))
    hostile = manifest(base, "Letters", made["Letters"][:1], HOSTILE)
    hostile.update(id=f"{base}/x-hostile/manifest.json", summary={"en": [f"<div>{HOSTILE}</div>"]},
                   metadata=[{"label": {"en": [HOSTILE]},
                       "value": {"en": [f"<span>{HOSTILE}<a href='javascript:window.hacked = 3'>link</a></span>",
                       HOSTILE]}}],
                   homepage=[{"id": "javascript:window.hacked=4", "type": "Text",
                       "label": {"en": [HOSTILE]}}], rights="javascript:window.hacked=5")
    choice = manifest(base, "Letters", [], "Two lights")
    choice.update(id=f"{base}/x-choice/manifest.json", items=[
        canvas(base, f"{base}/x-choice/1", "Recto", [({"type": "Choice", "items": [{**first,
            "label": {"en": ["Daylight"]}}, {**second, "label": {"en": ["Infrared"]}}]}, "")], width, height),
        canvas(base, f"{base}/x-choice/2", "Spread", [(first, f"#xywh=0,0,{width},{height}"), (second,
            f"#xywh={width},0,{width},{height}")], 2 * width, height)])
    many = collection(base, "x-many/", "Five thousand", [reference(base, f"item/{at}", "Manifest",
        f"Item {at} of many", "Letters/01.jpg") for at in range(1, 5001)])
    return {"/x-hostile/manifest.json": hostile, "/x-choice/manifest.json": choice, "/x-many/collection.json": many}
