# SPDX-License-Identifier: Apache-2.0
"""Pyramids of sources that can only be decoded whole: made once, then answered from, by both servers alike."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest
from PIL import Image
from support import chart, http, pixels
from support.servers import Endpoint, Httpd, Nginx, StartError, make, wait_for, worker_account

WIDTH, HEIGHT = 3000, 2000  # six megapixels: above delivery::kPyramidPixels
CACHE = "iiif_cache_path @FOLDER@/cache levels=1:2 keys_zone=images:1m;"
EXTRA = {"nginx": "iiif_pyramids @FOLDER@/pyramids; iiif_cache images; add_header X-Cache $upstream_cache_status always;",
         "httpd": "IIIFPyramids @FOLDER@/pyramids"}


@pytest.fixture(scope="module")
def sources():
    """The chart as files without tiles, seen upright by their viewers, and old enough to be settled."""
    with tempfile.TemporaryDirectory(prefix="iiif-test-unprepared-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        picture = Image.fromarray(chart.pixels(WIDTH, HEIGHT))
        picture.save(folder / "chart.png", compress_level=1)
        picture.save(folder / "chart.jpg", quality=95, subsampling=0)
        picture.save(folder / "chart.tif", compression="tiff_lzw")
        exif = Image.Exif()
        exif[0x0112] = 8  # the camera was turned: to be turned by 270 degrees clockwise
        picture.transpose(Image.Transpose.ROTATE_270).save(folder / "turned.jpg", quality=95, subsampling=0, exif=exif)
        alpha = Image.new("L", picture.size, 255)
        alpha.paste(0, (0, 0, 1000, 1000))
        clear = picture.copy()
        clear.putalpha(alpha)
        clear.save(folder / "clear.png", compress_level=1)
        deep = chart.pixels(WIDTH, HEIGHT).astype(numpy.uint16) * 257
        raw, sixteen = folder / "raw", folder / "sixteen.v"
        raw.write_bytes(deep.tobytes())
        run("vips", "rawload", raw, sixteen, WIDTH, HEIGHT, 3, "--format", "ushort", "--interpretation", "rgb16")
        run("vips", "tiffsave", sixteen, folder / "sixteen.tif", "--compression", "deflate")
        run("vips", "tiffsave", sixteen, folder / "tiled.tif", "--tile", "--compression", "deflate")
        run("vips", "tiffsave", sixteen, folder / "prepared.tif", "--tile", "--pyramid", "--compression", "deflate")
        raw.unlink()
        sixteen.unlink()
        picture.convert("L").save(folder / "gray.png", compress_level=1)
        picture.resize((1500, 1000)).save(folder / "small.png", compress_level=1)
        settle(folder)
        yield folder


def run(*words):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


def settle(folder):
    """What changed within two seconds is not remembered by anybody."""
    past = time.time() - 100
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (past, past))


@pytest.fixture(scope="module", params=["nginx", "event", "prefork"])
def server(request, sources):
    with started(request.param, sources) as one:
        yield one


def started(kind, root, **named):
    endpoints = [Endpoint("/iiif/", root, {"background": "3366CC"}, extra=EXTRA),
                 Endpoint("/slow/", root, {"background": "3366CC"})]
    if kind == "nginx":
        return Nginx(endpoints=endpoints, http=CACHE, **named)
    return Httpd(endpoints=endpoints, mpm=kind, **named)


def pyramids(server):
    return sorted(path for path in (Path(server.folder) / "pyramids").iterdir() if re.fullmatch(r"\w{32}\.tif", path.name))


def lines_of(server, target):
    return [line for line in server.access() if f" {target} " in line]


def served(server, target):
    return lines_of(server, target)[-1].partition("served=")[2].split()[0]


def made(server):
    """How often a renderer wrote a pyramid."""
    return sum("pyramid=" in line for line in server.access())


def introduce(server, name):
    """From now on the server knows what is heavy: pyramids are made on the lane for heavy work only."""
    assert server.get(f"/iiif/3/{name}/info.json").status == 200


def until_stored(server, target):
    """The first answer, and one that the web server gave by itself: pyramids too have to be settled for that."""
    introduce(server, target.split("/")[3])
    first = server.get(target)
    assert first.status == 200, first.body
    assert first.header("ETag"), first.headers

    def stored():
        answer = server.get(target)
        assert (answer.status, answer.header("ETag")) == (200, first.header("ETag"))
        assert answer.body == first.body, "one ETag, two bodies"
        return answer if served(server, target) == "file" else None
    return first, wait_for(stored, 20, f"{target} from the pyramid", step=0.3)


@pytest.mark.parametrize("name", ["chart.png", "chart.jpg", "chart.tif", "turned.jpg", "sixteen.tif", "gray.png"])
def test_every_answer_comes_from_one_pyramid(server, name):
    before = len(pyramids(server))
    info = server.get(f"/iiif/3/{name}/info.json").json()
    assert (info["width"], info["height"]) == (WIDTH, HEIGHT)
    first = server.get(f"/iiif/3/{name}/0,0,512,512/512,512/0/default.jpg")
    assert first.status == 200 and first.header("ETag"), (first.headers, first.body[:200])
    assert len(pyramids(server)) == before + 1
    kept = pyramids(server)
    for region, size, rotation, turns in [
            ((512, 512, 1024, 1024), (512, 512), "0", 0), ((0, 0, WIDTH, HEIGHT), (600, 400), "0", 0),
            ((100, 300, 900, 700), (450, 350), "0", 0), ((2560, 1536, 440, 464), (440, 464), "0", 0),
            ((1000, 1000, 800, 400), (400, 200), "90", 1), ((1000, 1000, 800, 400), (400, 200), "!0", 0)]:
        target = f"/iiif/3/{name}/{','.join(map(str, region))}/{size[0]},{size[1]}/{rotation}/default.jpg"
        answer = server.get(target)
        assert answer.status == 200 and answer.header("ETag"), (target, answer.body)
        slow = server.get(target.replace("/iiif/", "/slow/"))
        assert difference(answer, slow) < 5, target
        if name != "gray.png":
            pixels.assert_chart(pixels.decoded(answer), region, size, mirror=rotation == "!0", turns=turns, tolerance=20)
    assert pyramids(server) == kept, "made again"


def difference(one, other):
    """Of two pictures: mean over the pixels. Both have lost a little as JPEG, each in its own way."""
    one, other = pixels.decoded(one), pixels.decoded(other)
    assert one.shape == other.shape
    return numpy.abs(one - other).mean()


@pytest.mark.parametrize("name", ["chart.png", "chart.jpg", "sixteen.tif"])
def test_tiles_are_sent_as_they_are_stored(server, name):
    targets = [f"/iiif/3/{name}/512,512,512,512/512,512/0/default.jpg"]
    if name != "chart.jpg":  # which is cheap at half its size
        targets += [f"/iiif/3/{name}/0,0,1024,1024/512,512/0/default.jpg",
                    f"/iiif/2/{name}/1024,0,1024,1024/512,/0/default.jpg"]
    for target in targets:
        first, stored = until_stored(server, target)
        assert first.header("Content-Type") == stored.header("Content-Type") == "image/jpeg"
        assert first.header("Link") == stored.header("Link")


def test_transparency_is_laid_on_the_background(server):
    introduce(server, "clear.png")
    answer = server.get("/iiif/3/clear.png/0,0,512,512/256,256/0/default.jpg")
    assert answer.header("ETag")
    assert numpy.abs(pixels.decoded(answer)[128, 128][:3] - (0x33, 0x66, 0xCC)).max() <= 3


@pytest.mark.parametrize("target", [
    "small.png/0,0,512,512/256,256/0/default.jpg",          # cheap as it is
    "chart.png/full/max/0/default.jpg",                     # nothing to gain
    "chart.png/0,0,512,512/256,256/0/default.png",          # lossless
    "chart.png/0,0,512,512/256,256/0/bitonal.jpg",
    "tiled.tif/0,0,512,512/512,512/0/default.jpg",          # this part can be decoded alone
    "prepared.tif/full/300,200/0/default.jpg",
    "prepared.tif/full/max/0/default.jpg",
])
def test_what_needs_none(sources, target):
    with started("nginx", sources) as server:
        introduce(server, target.split("/")[0])
        answer = server.get("/iiif/3/" + target)
        assert answer.status == 200 and answer.header("ETag")
        assert pyramids(server) == []
        assert answer.body == server.get("/slow/3/" + target).body


def test_only_the_large_views_of_a_tiled_image_without_levels(server):
    target = "/iiif/3/tiled.tif/full/600,400/0/default.jpg"
    introduce(server, "tiled.tif")
    before = len(pyramids(server))
    answer = server.get(target)
    assert len(pyramids(server)) == before + 1
    pixels.assert_chart(pixels.decoded(answer), (0, 0, WIDTH, HEIGHT), (600, 400), tolerance=20)


@pytest.mark.parametrize("kind", ["nginx", "event", "prefork"])
def test_made_once_however_many_ask(sources, kind):
    with started(kind, sources, pool={"renderers": "6"}) as server:
        introduce(server, "chart.png")
        targets = [f"/iiif/3/chart.png/{x},512,512,512/512,512/0/default.jpg" for x in range(0, 2560, 512)] * 3
        with ThreadPoolExecutor(len(targets)) as threads:
            answers = list(threads.map(lambda target: http.get(server.port, target), targets))
        assert {answer.status for answer in answers} == {200}
        assert all(answer.header("ETag") for answer in answers)
        for target in targets:
            assert len({answer.body for answer, asked in zip(answers, targets) if asked == target}) == 1
        assert len(pyramids(server)) == 1
        wait_for(lambda: len(server.access()) > len(targets), 10, "the access log")
        assert made(server) == 1, server.access()


def test_a_replaced_file_has_another(sources):
    with tempfile.TemporaryDirectory(prefix="iiif-test-replaced-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(sources / "chart.png", folder / "one.png")
        settle(folder)
        with started("nginx", folder) as server:
            target = "/iiif/3/one.png/512,512,512,512/512,512/0/default.jpg"
            first, _ = until_stored(server, target)
            with Image.open(sources / "chart.png") as picture:
                picture.transpose(Image.Transpose.ROTATE_180).save(folder / "new.png", compress_level=1)
            settle(folder)
            os.utime(folder / "new.png", (time.time() - 50, time.time() - 50))
            os.replace(folder / "new.png", folder / "one.png")
            second, _ = until_stored(server, target)
            assert second.header("ETag") != first.header("ETag") and second.body != first.body
            assert len(pyramids(server)) == 2


def test_a_file_that_is_just_being_written_has_none(sources):
    with tempfile.TemporaryDirectory(prefix="iiif-test-fresh-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copyfile(sources / "chart.png", folder / "one.png")
        os.utime(folder / "one.png", (time.time() + 1, time.time() + 1))
        with started("nginx", folder) as server:
            os.utime(folder / "one.png", (time.time() + 1, time.time() + 1))
            answer = server.get("/iiif/3/one.png/512,512,512,512/512,512/0/default.jpg")
            assert (answer.status, answer.header("ETag"), answer.header("Cache-Control")) == (200, None, "no-cache")
            assert pyramids(server) == []


@pytest.mark.parametrize("kind", ["nginx", "event"])
def test_a_folder_that_cannot_be_used(sources, kind):
    """Answers are right, but nobody keeps them: the next may be made in another way. The log says why, once."""
    with started(kind, sources) as server:
        folder = Path(server.folder) / "pyramids"
        folder.chmod(0)
        os.chown(folder, 0, 0)
        target = "/iiif/3/chart.png/512,512,512,512/512,512/0/default.jpg"
        introduce(server, "chart.png")
        for _ in range(3):
            answer = server.get(target)
            assert (answer.status, answer.header("ETag"), answer.header("Last-Modified")) == (200, None, None)
            assert answer.header("Cache-Control") == "no-cache"
            assert answer.header("X-Cache") in (None, "MISS"), "kept although it must not be"
            pixels.assert_chart(pixels.decoded(answer), (512, 512, 512, 512), (512, 512), tolerance=14)
        said = [line for line in server.log().splitlines() if "pyramids" in line and "Permission denied" in line]
        assert 1 <= len(said) <= 2, server.log()  # each renderer may say it


def test_what_was_left_half_written_is_written_anew(sources):
    with started("nginx", sources) as server:
        target = "/iiif/3/chart.png/512,512,512,512/512,512/0/default.jpg"
        introduce(server, "chart.png")
        first = server.get(target)
        (one,) = pyramids(server)
        whole = one.read_bytes()
        one.unlink()
        half = one.with_name("." + one.name)
        half.write_bytes(whole[:100000])
        account = worker_account()
        shutil.chown(half, *account)
        again = server.get(target.replace("/512,512,", "/1024,512,"))  # nginx's cache has kept the first
        assert again.status == 200 and again.header("ETag")
        assert one.read_bytes() == whole, "equal pixels, equal bytes"
        assert not half.exists()


@pytest.mark.parametrize("kind", ["nginx", "event"])
def test_a_renderer_killed_while_it_writes(sources, kind):
    with started(kind, sources, pool={"renderers": "4"}) as server:
        introduce(server, "sixteen.tif")
        folder = Path(server.folder) / "pyramids"
        targets = [f"/iiif/3/sixteen.tif/{x},512,512,512/512,512/0/default.jpg" for x in (0, 512, 1024, 1536)]
        with ThreadPoolExecutor(4) as threads:
            asked = [threads.submit(http.get, server.port, target) for target in targets]
            wait_for(lambda: any(name.startswith(".") for name in os.listdir(folder)), 20, "a pyramid begun", step=0.001)
            killed = [pid for pid in server.renderers() if server.signal(signal.SIGKILL, pid) or True]
            answers = [one.result() for one in asked]
        assert killed
        assert {answer.status for answer in answers} <= {200, 502, 503}
        for target in targets:
            answer = wait_for(lambda: next((a for a in [server.get(target)] if a.status == 200), None), 20, target)
            x = int(target.split("/")[4].split(",")[0])
            pixels.assert_chart(pixels.decoded(answer), (x, 512, 512, 512), (512, 512), tolerance=20)
        assert len(pyramids(server)) == 1
        assert [name for name in os.listdir(folder) if name.startswith(".")] == []


def test_a_file_that_is_not_a_pyramid_is_none(sources):
    with started("nginx", sources) as server:
        target = "/iiif/3/chart.png/512,512,512,512/512,512/0/default.jpg"
        introduce(server, "chart.png")
        first = server.get(target)
        (one,) = pyramids(server)
        for content in (b"", b"II*\0 nothing of the kind", one.read_bytes()[:5000]):
            one.write_bytes(content)
            answer = server.get(target)
            assert answer.status == 200
            pixels.assert_chart(pixels.decoded(answer), (512, 512, 512, 512), (512, 512), tolerance=14)
            if answer.header("ETag"):
                assert answer.body == first.body


@pytest.mark.parametrize("kind", ["nginx", "httpd"])
def test_what_is_wrong_with_the_directive(images, kind):
    for words, said in [(("relative",), "absolute path"), (("/var/tmp/none", "12"), "at least 64m"),
                        (("/var/tmp/no/such/folder",), 'there is no folder .?"/var/tmp/no/such'),
                        (("/etc/passwd",), "not a folder")]:
        with pytest.raises(StartError) as failure:
            make(kind, images, {"pyramids": words}).start()
        assert re.search(said, str(failure.value)), failure.value
