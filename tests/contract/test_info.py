# SPDX-License-Identifier: Apache-2.0
"""info.json: its properties, and that every promise in it is kept."""
import json
import math

import pytest
from support.cluster import BASE
from table import CONTEXT3, SMALL

LEVEL2_FORMATS = {"jpg", "png"}
FEATURES3 = {"baseUriRedirect", "canonicalLinkHeader", "cors", "jsonldMediaType", "mirroring", "profileLinkHeader",
             "regionByPct", "regionByPx", "regionSquare", "rotationArbitrary", "rotationBy90s", "sizeByConfinedWh",
             "sizeByH", "sizeByPct", "sizeByW", "sizeByWh", "sizeUpscaling"}
FEATURES2 = (FEATURES3 - {"sizeUpscaling"}) | {"sizeAboveFull", "sizeByDistortedWh"}
SOURCES = [SMALL, "cases%2F6000x4000.tif", "cases%2F4003x6001.tif", "cases%2F1x1.png", "cases%2F20000x100.tif",
           "cases%2F100x10000.png", "chart.png", "tiff%2Fpyramid-jpeg-ycbcr.tif", "chart.jp2", "orientation%2F6.jpg",
           "names%2Fgr%C3%BC%C3%9Fe.png", "ark:/12025/654xz321.png"]
ENDPOINTS = ["iiif", "limited", "width", "area", "up", "described"]


def info(cluster, endpoint, version, source):
    target = f"/{endpoint}/{version}/{source}"
    answer = cluster.get(target + "/info.json")
    assert answer.status == 200, answer.body
    document = json.loads(answer.body.decode("utf-8"), object_pairs_hook=dict)
    return document, target


def limits(declared):
    """maxWidth alone limits both sides (3.0, section 5.3)."""
    width = declared.get("maxWidth", math.inf)
    return width, declared.get("maxHeight", width), declared.get("maxArea", math.inf)


def assert_within(width, height, declared):
    most_wide, most_high, most_area = limits(declared)
    assert width <= most_wide and height <= most_high and width * height <= most_area, f"{width}x{height} of {declared}"


def check_tiles_and_sizes(document, declared):
    full = document["width"], document["height"]
    assert all(type(n) is int and n > 0 for n in full)
    tiles, factors = document.get("tiles", []), []
    assert len({(tile["width"], tile.get("height", tile["width"])) for tile in tiles}) == len(tiles)  # I3-INFO-14
    for tile in tiles:
        assert_within(tile["width"], tile.get("height", tile["width"]), declared)  # I3-INFO-11
        assert all(type(factor) is int and factor > 0 for factor in tile["scaleFactors"])
        factors += tile["scaleFactors"]
    assert len(set(factors)) == len(factors)  # I3-INFO-15
    for size in document.get("sizes", []):
        assert size["width"] <= full[0] and size["height"] <= full[1]
        assert_within(size["width"], size["height"], declared)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_version_3(cluster, endpoint, source):
    document, target = info(cluster, endpoint, 3, source)
    assert list(document)[0] == "@context"  # I3-INFO-03
    assert document["@context"] == CONTEXT3 or (type(document["@context"]) is list
                                                and document["@context"][-1] == CONTEXT3)  # I3-INFO-02
    base = "https://images.example.org/collection" if endpoint == "described" else f"{BASE}/" + endpoint
    assert document["id"] == f"{base}/3/{source}"  # I3-INFO-04
    assert document["type"] == "ImageService3" and document["protocol"] == "http://iiif.io/api/image"
    assert document["profile"] == "level2"  # I3-INFO-07
    for name in ("maxWidth", "maxHeight", "maxArea"):
        assert type(document.get(name, 1)) is int
    assert "maxHeight" not in document or "maxWidth" in document  # I3-INFO-10
    check_tiles_and_sizes(document, document)
    features = document.get("extraFeatures", [])
    assert set(features) <= FEATURES3 and len(set(features)) == len(features)
    assert {"canonicalLinkHeader", "profileLinkHeader", "mirroring", "rotationArbitrary"} <= set(features)
    assert ("sizeUpscaling" in features) == (endpoint == "up")
    if "sizeUpscaling" in features:
        assert "maxWidth" in document or "maxArea" in document  # I3-SIZE-19
    offered = LEVEL2_FORMATS | set(document.get("extraFormats", []))
    assert set(document.get("preferredFormats", [])) <= offered  # I3-INFO-16
    removed = {"attribution", "logo", "license", "@id", "@type", "sizeAboveFull"}  # I3-INFO-23
    assert not removed & set(document)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_version_2(cluster, endpoint, source):
    document, _ = info(cluster, endpoint, 2, source)
    assert document["@context"] == "http://iiif.io/api/image/2/context.json"
    base = "https://images.example.org/collection" if endpoint == "described" else f"{BASE}/" + endpoint
    assert document["@id"] == f"{base}/2/{source}"
    assert document.get("@type", "iiif:Image") == "iiif:Image" and document["protocol"] == "http://iiif.io/api/image"
    # Level 2 needs bitonal (I2-QUAL-03), which that endpoint does not offer.
    level = 1 if endpoint == "described" else 2
    assert document["profile"][0] == f"http://iiif.io/api/image/2/level{level}.json"  # I2-INFO-05
    extra = {}
    for entry in document["profile"][1:]:
        assert type(entry) is dict
        assert not {"@context", "@id"} & set(entry)
        extra.update(entry)
    for name in ("formats", "qualities", "supports"):
        assert extra.get(name, ["x"]), "I2-INFO-07: omitted when empty"
    assert set(extra.get("supports", [])) <= FEATURES2
    assert ("sizeAboveFull" in extra["supports"]) == (endpoint == "up")
    assert "regionSquare" in extra["supports"]
    assert "maxHeight" not in extra or "maxWidth" in extra
    check_tiles_and_sizes(document, extra)
    assert not {"id", "type", "rights", "partOf", "extraFormats", "extraQualities", "extraFeatures"} & set(document)


def test_descriptive_properties_3(cluster):
    document, _ = info(cluster, "described", 3, "names%2Fgr%C3%BC%C3%9Fe.png")
    encoded = "names%2Fgr%C3%BC%C3%9Fe.png"
    assert document["rights"] == "http://rightsstatements.org/vocab/InC/1.0/"  # I3-INFO-17
    assert document["preferredFormats"] == ["webp", "jpg"]
    assert document["extraFormats"] == ["webp"]
    part, collection = document["partOf"]  # I3-INFO-20, 21
    assert (part["id"], part["type"]) == (f"https://example.org/manifest/{encoded}", "Manifest")
    assert list(part["label"].values()) == [["A book"]]
    assert (collection["id"], collection["type"]) == ("https://example.org/collection", "Collection")
    [also] = document["seeAlso"]
    assert also["id"] == f"https://example.org/{encoded}.xml" and also["type"] == "Dataset"
    assert (also["format"], also["profile"]) == ("text/xml", "https://example.org/profile")
    [service] = document["service"]
    assert service.get("id", service.get("@id")) == "https://example.org/auth"
    assert service.get("type", service.get("@type")) == "AuthService2"
    assert service["profile"] == "https://example.org/auth-profile"
    assert document["tiles"][0]["width"] == 256
    # color cannot be withheld in 3.0 (I3-QUAL-05), so it is listed (I3-QUAL-04).
    assert set(document["extraQualities"]) == {"color", "gray"}


def test_descriptive_properties_2(cluster):
    document, _ = info(cluster, "described", 2, SMALL)
    assert document["attribution"] == 'Example Library, "reading room"'
    assert document["license"] == "http://rightsstatements.org/vocab/InC/1.0/"
    logo = document["logo"]
    assert logo == "https://example.org/logo.png" or logo["@id"] == "https://example.org/logo.png"
    assert "service" in document


def test_limits_are_declared(cluster):
    document, _ = info(cluster, "limited", 3, SMALL)
    assert (document["maxWidth"], document["maxHeight"], document["maxArea"]) == (500, 300, 100000)
    document, _ = info(cluster, "limited", 2, SMALL)
    assert (document["profile"][1]["maxWidth"], document["profile"][1]["maxHeight"],
            document["profile"][1]["maxArea"]) == (500, 300, 100000)


def test_there_is_a_limit_without_any(cluster):
    document, _ = info(cluster, "iiif", 3, SMALL)
    assert document["maxArea"] == 400_000_000 and not {"maxWidth", "maxHeight"} & set(document)
    assert "maxArea" not in info(cluster, "width", 3, SMALL)[0]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("version", [2, 3])
def test_profile_link_agrees(cluster, endpoint, version):
    """IX-HTTP-12: the profile in the Link header is the one in info.json."""
    document, target = info(cluster, endpoint, version, SMALL)
    profile = document["profile"][0] if version == 2 else f"http://iiif.io/api/image/3/{document['profile']}.json"
    for rest in ("/info.json", "/full/30,/0/default.jpg"):
        assert cluster.get(target + rest).links()["profile"] == profile


def test_gray_source(cluster):
    """I3-QUAL-06: color works, but is not listed for a source without colour."""
    document, _ = info(cluster, "iiif", 3, "cases%2Fgray-600x400.png")
    assert "color" not in document.get("extraQualities", [])
    document, _ = info(cluster, "iiif", 3, SMALL)
    assert {"color", "gray", "bitonal"} <= set(document["extraQualities"])


@pytest.mark.parametrize("endpoint,version", [("iiif", 3), ("iiif", 2), ("described", 3), ("described", 2)])
def test_offers_are_kept(cluster, endpoint, version):
    """I3-QUAL-04, I3-FMT-06, IX-FMT-03: what is listed works, what is not listed is refused."""
    document, target = info(cluster, endpoint, version, SMALL)
    extra = document if version == 3 else document["profile"][1]
    formats = LEVEL2_FORMATS | set(extra.get("extraFormats" if version == 3 else "formats", []))
    qualities = {"default"} | set(extra.get("extraQualities" if version == 3 else "qualities", []))
    if version == 2:
        qualities |= {"color", "gray", "bitonal"} if endpoint == "iiif" else set()
    for format in ("jpg", "png", "webp", "gif", "tif", "jp2", "avif", "pdf"):
        answer = cluster.get(f"{target}/full/60,40/0/default.{format}")
        assert answer.status == (200 if format in formats else 400), f"{format}: {answer.body[:200]!r}"
    for quality in ("default", "color", "gray", "bitonal"):
        answer = cluster.get(f"{target}/full/60,40/0/{quality}.png")
        if quality == "color":  # must never fail in 3.0 (I3-QUAL-05); offered or not otherwise
            assert answer.status == 200 or (quality not in qualities and version == 2)
            continue
        assert answer.status == (200 if quality in qualities else 400), f"{quality}: {answer.body[:200]!r}"


def scaled_tiles(document):
    """(region, w, h) of every tile, as the implementation notes compute them: edges rounded up."""
    width, height = document["width"], document["height"]
    for tile in document["tiles"]:
        tile_width, tile_height = tile["width"], tile.get("height", tile["width"])
        for factor in tile["scaleFactors"]:
            for top in range(0, height, tile_height * factor):
                for left in range(0, width, tile_width * factor):
                    w, h = min(tile_width * factor, width - left), min(tile_height * factor, height - top)
                    region = f"{left},{top},{w},{h}" if (w, h) != (width, height) else "full"
                    yield region, -(-w // factor), -(-h // factor)


@pytest.mark.parametrize("endpoint,source", [
    ("iiif", "tiff%2Fpyramid-jpeg-ycbcr.tif"), ("iiif", "chart.jp2"), ("described", "chart.png"),
    ("limited", "chart.png"),
    ("iiif", "orientation%2Fpyramid-6.tif"), ("iiif", "cases%2F20000x100.tif"), ("iiif", "cases%2F100x10000.png"),
    ("iiif", "cases%2F7x4.png"), ("iiif", "cases%2F1000x1.png")])
def test_tiles_and_sizes_are_kept(cluster, endpoint, source):
    """I3-SIZE-17, I3-SIZE-18, I2-SIZE-11: what info.json implies answers with exactly these dimensions."""
    document, target = info(cluster, endpoint, 3, source)
    older = target.replace("/3/", "/2/")
    for region, width, height in scaled_tiles(document):
        answer = cluster.get(f"{target}/{region}/{width},{height}/0/default.jpg")
        assert answer.status == 200, f"{region}/{width},{height}: {answer.body!r}"
        assert answer.image().size == (width, height)
    for size in document.get("sizes", []):
        width, height = size["width"], size["height"]
        answer = cluster.get(f"{target}/full/{width},{height}/0/default.jpg")
        assert answer.status == 200, answer.body
        assert answer.image().size == (width, height)
        for text in (f"{width},{height}", f"{width},"):
            answer = cluster.get(f"{older}/full/{text}/0/default.jpg")
            assert answer.status == 200, f"{text}: {answer.body!r}"
            assert answer.image().size[0] == width and abs(answer.image().size[1] - height) <= 1


@pytest.mark.parametrize("source", SOURCES)
def test_info_tells_the_size_of_max(cluster, source):
    """I3-INFO-09."""
    document, target = info(cluster, "iiif", 3, source)
    answer = cluster.get(f"{target}/full/max/0/default.jpg")
    assert answer.image().size == (document["width"], document["height"])
