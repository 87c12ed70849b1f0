# SPDX-License-Identifier: Apache-2.0
"""Stored tiles and whole files, sent as they lie in the file by the web server's own process."""
import io
import os
import shutil
import struct
import subprocess
import time

import pytest
import tifffile
from PIL import Image, ImageCms
from support import pixels

# (source, suffix, regions of whole tiles at each level)
PYRAMIDS = [
    ("tiff/pyramid-jpeg-ycbcr.tif", "jpg"), ("tiff/pyramid-jpeg-rgb.tif", "jpg"), ("tiff/subifd-jpeg.tif", "jpg"),
    ("tiff/bigtiff-jpeg.tif", "jpg"), ("pixels/gray-pyramid.tif", "jpg"), ("tiff/pyramid-webp.tif", "webp"),
]
TILE = "tiff/pyramid-jpeg-ycbcr.tif"


def escaped(path):
    return path.replace("/", "%2F")


def last_served(server, target):
    """How the server says it served its last request for the target."""
    return [line for line in server.access() if f" {target} " in line][-1].partition("served=")[2].split()[0]


def served(cluster, target):
    ways = {kind: last_served(server, target) for kind, server in cluster.servers.items()}
    assert len(set(ways.values())) == 1, ways
    return ways.popitem()[1]


def ask_twice(cluster, target):
    """The renderer's answer, then the worker's own; by then every process has described the image."""
    first = cluster.get(target)
    assert first.status == 200, first.body
    for _ in range(6):  # each server has more than one worker
        second = cluster.get(target)
        assert (second.status, second.header("ETag"), second.body) == (200, first.header("ETag"), first.body)
    return second


def levels_of(path):
    """[(width, height, tile width, tile height)], largest first."""
    with tifffile.TiffFile(path) as tiff:
        pages = [tiff.pages[0], *(tiff.pages[0].pages or []), *tiff.pages[1:]]
        return [(page.imagewidth, page.imagelength, page.tilewidth, page.tilelength) for page in pages]


@pytest.mark.parametrize("source, suffix", PYRAMIDS)
def test_tiles_of_every_level(images, cluster, source, suffix):
    base = f"/iiif/3/{escaped(source)}"
    levels = levels_of(images / source)
    full = levels[0]
    sent = 0
    for width, height, tile_width, tile_height in levels:
        factor = round(full[0] / width)
        for column in range(width // tile_width):
            row = height // tile_height - 1
            if row < 0 or (column + 1) * tile_width * factor > full[0]:
                continue
            region = (column * tile_width * factor, row * tile_height * factor, tile_width * factor,
                      tile_height * factor)
            target = f"{base}/{','.join(map(str, region))}/{tile_width},{tile_height}/0/default.{suffix}"
            answer = ask_twice(cluster, target)
            assert served(cluster, target) == "file", target
            picture = pixels.decoded(answer)
            if source.startswith("tiff/"):
                pixels.assert_chart(picture, region, (tile_width, tile_height), tolerance=14)
            assert picture.shape[:2] == (tile_height, tile_width)
            sent += 1
    assert sent > 0


@pytest.mark.parametrize("target, way", [
    ("/iiif/3/{}/0,0,256,256/256,256/0/default.jpg", "file"),
    ("/iiif/3/{}/0,0,256,256/max/0/default.jpg", "file"),
    ("/iiif/3/{}/0,0,256,256/256,/0/color.jpg", "file"),
    ("/iiif/3/{}/0,0,256,256/pct:100/0/default.jpg", "file"),
    ("/iiif/3/{}/0,0,512,512/pct:50/0/default.jpg", "file"),
    ("/iiif/3/{}/0,0,256,256/256,256/360/default.jpg", "file"),
    ("/iiif/2/{}/0,0,256,256/256,/0/default.jpg", "file"),
    ("/iiif/2/{}/0,0,512,512/256,/0/default.jpg", "file"),
    ("/iiif/2/{}/0,0,256,256/full/0/default.jpg", "file"),
    ("/iiif/3/{}/0,0,256,256/256,256/0/gray.jpg", "render"),
    ("/iiif/3/{}/0,0,256,256/256,256/0/default.png", "render"),
    ("/iiif/3/{}/0,0,256,256/256,256/90/default.jpg", "render"),
    ("/iiif/3/{}/0,0,256,256/256,256/!0/default.jpg", "render"),
    ("/iiif/3/{}/0,0,256,256/255,255/0/default.jpg", "render"),
    ("/iiif/3/{}/1,0,256,256/256,256/0/default.jpg", "render"),
    ("/iiif/3/{}/1024,768,76,32/76,32/0/default.jpg", "file"),   # an edge tile, stored with padding: cut
    ("/iiif/3/{}/1024,768,76,32/76,32/90/default.jpg", "render"),
    ("/iiif/3/{}/1024,768,75,32/75,32/0/default.jpg", "render"),
    ("/rendered/3/{}/0,0,256,256/256,256/0/default.jpg", "render"),
])
def test_which_requests(cluster, target, way):
    target = target.format(escaped(TILE))
    ask_twice(cluster, target)
    assert served(cluster, target) == way


@pytest.mark.parametrize("request_, operation, box", [
    # An edge tile, and quarter turns and mirrors of an inner one: cut as it is coded, turned as coefficients.
    ("1024,768,76,32/76,32/0", None, (0, 0, 76, 32)),
    ("0,0,256,256/256,256/90", Image.Transpose.ROTATE_270, None),
    ("0,0,256,256/256,256/180", Image.Transpose.ROTATE_180, None),
    ("0,0,256,256/256,256/!0", Image.Transpose.FLIP_LEFT_RIGHT, None),
])
def test_edge_tiles_and_turns_are_not_coded_again(images, cluster, request_, operation, box):
    """A second generation of loss would show as other quantisation tables, and in the pixels."""
    stored = ask_twice(cluster, f"/iiif/3/{escaped(TILE)}/0,0,256,256/256,256/0/default.jpg").image()
    answer = ask_twice(cluster, f"/iiif/3/{escaped(TILE)}/{request_}/default.jpg").image()
    tables = list(stored.quantization.values())
    turned = operation not in (None, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT)
    if turned:  # rows and columns of a table change places with those of the picture; Pillow gives them in order
        tables = [[table[8 * (i % 8) + i // 8] for i in range(64)] for table in tables]
    assert list(map(list, answer.quantization.values())) == list(map(list, tables))
    rendered = ask_twice(cluster, f"/rendered/3/{escaped(TILE)}/{request_}/default.jpg").image()
    assert rendered.quantization != answer.quantization
    if operation is not None:
        expected = stored.transpose(operation)
        difference = max(abs(a - b) for x, y in zip(answer.getdata(), expected.getdata()) for a, b in zip(x, y))
        assert difference <= 12  # chroma is interpolated by the decoder, in another direction
    else:
        assert answer.size == box[2:]


def test_stored_quality_is_kept(images, cluster):
    """The stored bytes, not another generation of them: the tables of the file, whatever iiif_jpeg_quality says."""
    stored = {endpoint: ask_twice(cluster, f"/{endpoint}/3/{escaped(TILE)}/0,0,256,256/256,256/0/default.jpg").body
              for endpoint in ("iiif", "quality", "rendered")}
    assert stored["iiif"] == stored["quality"] != stored["rendered"]
    with tifffile.TiffFile(images / TILE) as tiff:
        page = tiff.pages[0]
        offset, length = page.dataoffsets[0], page.databytecounts[0]
        tables = page.jpegtables
    with open(images / TILE, "rb") as file:
        file.seek(offset)
        tile = file.read(length)
    assert stored["iiif"].endswith(tables[2:-2] + tile[2:])
    assert stored["iiif"].startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF\0")


def test_a_profile_that_matters_goes_along(cluster):
    target = "/iiif/3/icc%2Fswapped-jpeg.tif/0,0,256,256/256,256/0/default.jpg"
    answer = ask_twice(cluster, target)
    assert served(cluster, target) == "file"
    picture = answer.image()
    assert picture.info["icc_profile"]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    shown = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"))
    rendered = cluster.get(target.replace("/iiif/", "/rendered/")).image()
    for place in ((50, 50), (150, 50), (150, 150)):
        assert all(abs(a - b) <= 8 for a, b in zip(shown.getpixel(place), rendered.getpixel(place))), place


@pytest.mark.parametrize("source, suffix, way", [
    ("chart.jpg", "jpg", "file"), ("chart.png", "png", "file"), ("chart.webp", "webp", "file"),
    ("chart.gif", "gif", "file"), ("chart.jp2", "jp2", "file"), ("chart.jpg", "png", "render"),
    ("jp2/codestream.j2k", "jp2", "render"),         # no JP2 file, although the same codec
    ("orientation/6.jpg", "jpg", "render"),          # has to be turned
    ("orientation/1.jpg", "jpg", "file"),
])
def test_the_file_itself(images, cluster, source, suffix, way):
    target = f"/iiif/3/{escaped(source)}/full/max/0/default.{suffix}"
    answer = ask_twice(cluster, target)
    assert served(cluster, target) == way
    assert (answer.body == (images / source).read_bytes()) == (way == "file")
    assert answer.header("Content-Length") == str(len(answer.body))


def test_head_and_conditions(cluster):
    target = f"/iiif/3/{escaped(TILE)}/256,256,256,256/256,256/0/default.jpg"
    answer = ask_twice(cluster, target)
    head = cluster.ask(target, method="HEAD")
    assert (head.status, head.body, head.header("ETag")) == (200, b"", answer.header("ETag"))
    assert cluster.get(target, {"If-None-Match": answer.header("ETag")}).status == 304


@pytest.fixture
def damaged(images):
    """A function that writes a variant of the pyramid beside the images, older than a moment."""
    made = []

    def write(name, change):
        path = images / "broken" / name
        data = bytearray((images / TILE).read_bytes())
        with tifffile.TiffFile(images / TILE) as tiff:
            change(data, tiff.pages[0])
        path.write_bytes(data)
        before = time.time() - 60
        os.utime(path, (before, before))
        made.append(path)
        return f"/iiif/3/broken%2F{name}"
    yield write
    for path in made:
        path.unlink(missing_ok=True)


def first_tile(data, page):
    return page.dataoffsets[0], page.databytecounts[0]


def zeros(data, page):
    offset, length = first_tile(data, page)
    data[offset:offset + length] = bytes(length)


def no_start(data, page):
    offset, _ = first_tile(data, page)
    data[offset:offset + 2] = b"xx"


def put_entry(data, page, tag, index, value):
    """Overwrites one element of an array of 32-bit numbers."""
    at = page.tags[tag].valueoffset + 4 * index
    struct.pack_into("<I", data, at, value)


def far_away(data, page):
    put_entry(data, page, "TileOffsets", 0, 0xFFFFFFF0)


def absent(data, page):
    put_entry(data, page, "TileOffsets", 0, 0)
    put_entry(data, page, "TileByteCounts", 0, 0)


def too_long(data, page):
    put_entry(data, page, "TileByteCounts", 0, len(data))


def other_extent(data, page):
    offset, length = first_tile(data, page)
    at = data.index(b"\xff\xc0", offset, offset + length)
    struct.pack_into(">HH", data, at + 5, 128, 128)


@pytest.mark.parametrize("change", [zeros, no_start, far_away, absent, too_long, other_extent])
def test_damaged_tiles_are_not_sent(cluster, damaged, change):
    """The long way decides what is said about them; the tiles beside them are sent."""
    base = damaged(f"{change.__name__}.tif", change)
    good = base + "/256,0,256,256/256,256/0/default.jpg"
    ask_twice(cluster, good)
    assert served(cluster, good) == "file"
    target = base + "/0,0,256,256/256,256/0/default.jpg"
    answer = cluster.get(target)
    assert served(cluster, target) == "render"
    assert answer.status in (200, 500)
    if answer.status == 200:
        assert answer.image().size == (256, 256)
        answer.image().load()


def test_a_replaced_file(images, cluster):
    """Never a tile of the old file at the new one's offsets."""
    path = images / "names/exchanged.tif"
    target = "/iiif/3/names%2Fexchanged.tif/0,0,256,256/256,256/0/default.jpg"
    bodies = []
    try:
        for source in ("tiff/pyramid-jpeg-ycbcr.tif", "tiff/pyramid-jpeg-rgb.tif", "icc/swapped-jpeg.tif"):
            fresh = path.with_name("exchanged.new")
            shutil.copy(images / source, fresh)
            os.utime(fresh, (1e9 + len(bodies), 1e9 + len(bodies)))
            os.rename(fresh, path)
            answer = ask_twice(cluster, target)
            assert served(cluster, target) == "file"
            original = f"/iiif/3/{escaped(source)}/0,0,256,256/256,256/0/default.jpg"
            assert answer.body == cluster.get(original).body
            bodies.append(answer.body)
    finally:
        path.unlink(missing_ok=True)
    assert len(set(bodies)) == 3


def test_big_endian_and_gray_tiles(images, cluster):
    """What libvips does not write, libtiff's own tool does."""
    path = images / "names/big-endian-jpeg.tif"
    try:
        subprocess.run(["tiffcp", "-B", "-t", "-w", "128", "-l", "128", "-c", "jpeg:90", str(images / TILE) + ",0",
                        str(path)], check=True, capture_output=True)
        os.utime(path, (1e9, 1e9))
        target = "/iiif/3/names%2Fbig-endian-jpeg.tif/128,128,128,128/128,128/0/default.jpg"
        answer = ask_twice(cluster, target)
        assert served(cluster, target) == "file"
        pixels.assert_chart(pixels.decoded(answer), (128, 128, 128, 128), (128, 128), tolerance=14)
        with Image.open(io.BytesIO(answer.body)) as picture:
            picture.load()
    finally:
        path.unlink(missing_ok=True)
