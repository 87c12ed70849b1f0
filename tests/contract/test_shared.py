# SPDX-License-Identifier: Apache-2.0
"""Who asks the same gets the same image, rendered once, with a head of their own; never one of another file or state."""
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from PIL import Image
from support import http
from support.servers import KINDS, Endpoint, make, wait_for

SOURCE = "cases%2F6000x4000.tif"
# As long as it takes until the renderers trust that a file does not change any more.
SETTLED = 2.3

CACHES = {
    "nginx": {"extra": "iiif_cache images; iiif_cache_valid 200 1h; iiif_cache_lock on; iiif_cache_lock_timeout 30s;",
              "raw": {"http": "iiif_cache_path @FOLDER@/cache levels=1:2 keys_zone=images:1m;"}},
    "httpd": {"extra": "", "raw": {"server": """
        CacheRoot @FOLDER@/cache
        CacheEnable disk /iiif/
        CacheLock on
        CacheLockPath @FOLDER@/tmp/lock
        CacheDefaultExpire 3600
        """}},
}


def serve(kind, folder, cached=False, renderers="4"):
    own = CACHES[kind.partition("-")[0]] if cached else {"extra": "", "raw": {}}
    endpoints = [Endpoint("/iiif/", folder, extra=own["extra"]),
                 Endpoint("/plain/", folder, {"png_compression": "0"}),
                 Endpoint("/gray/", folder, {"jpeg_quality": "20"})]
    return make(kind, endpoints=endpoints, pool={"renderers": renderers}, **own["raw"])


@pytest.fixture(scope="module", params=KINDS)
def server(request, images):
    with serve(request.param, images) as started:
        yield started


def at_once(server, target, count=8):
    with ThreadPoolExecutor(count) as threads:
        answers = list(threads.map(lambda _: http.get(server.port, target, timeout=120), range(count)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    wait_for(lambda: len(server.times(target)) >= count, 10, f"{count} answers in the access log")
    return answers


def test_sent_while_it_is_made(server):
    """Too large to be kept: each gets all of it, whoever asked first."""
    target = f"/iiif/3/{SOURCE}/full/max/0/default.tif"
    answers = at_once(server, target, 3)
    pixels = numpy.asarray(answers[0].image())
    assert pixels.shape == (4000, 6000, 3)
    assert len(answers[0].body) > pixels.nbytes > 64 << 20
    lossless = numpy.asarray(http.get(server.port, target.replace("default.tif", "default.png"), timeout=120).image())
    assert (pixels == lossless).all()
    assert {tuple(without_date(answer)) for answer in answers} == {tuple(without_date(answers[0]))}
    head = http.request(server.port, "HEAD", target)
    assert head.status == 200 and head.header("ETag") == answers[0].header("ETag")
    unchanged = http.get(server.port, target, {"If-None-Match": head.header("ETag")})
    assert unchanged.status == 304
    # A client of HTTP/1.0 reads until the end.
    with http.Connection(server.port, timeout=120) as connection:
        connection.connect().sendall(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        assert connection.receive().body == answers[0].body


def test_sent_while_it_is_made_into_a_cache(images):
    """nginx keeps the image, not the pieces in which it came; of one that broke off it keeps nothing."""
    target = f"/iiif/3/{SOURCE}/full/max/{{}}/default.tif"
    with serve("nginx", images, cached=True) as server:
        first, again = (http.get(server.port, target.format(0), timeout=120) for _ in range(2))
        assert first.status == again.status == 200 and first.body == again.body
        assert numpy.asarray(again.image()).shape == (4000, 6000, 3)
        wait_for(lambda: len(server.times(target.format(0))) == 2, 10, "two answers in the access log")
        assert renders(server, target.format(0)) == 1
        with server.connection(timeout=60) as connection:
            connection.send("GET", target.format(33), close=True)
            while len(connection.buffer) < 1_000_000:
                assert connection.fill()
            for pid in server.renderers():
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(http.HttpError):
                connection.receive()
        whole, kept = (http.get(server.port, target.format(33), timeout=120) for _ in range(2))
        assert whole.status == 200 and whole.image().width > 7000 and kept.body == whole.body


def without_date(answer):
    return [(name, value) for name, value in answer.headers if name.lower() != "date"]


def renders(server, target):
    return sum("render=" in times for times in server.times(target))


def shared(server, target):
    return sum("shared=" in times for times in server.times(target))


@pytest.mark.parametrize("renderers", ["1", "2", "4"])
@pytest.mark.parametrize("cached", [False, True], ids=["alone", "cached"])
@pytest.mark.parametrize("kind", KINDS)
def test_eight_at_once_are_one_render(kind, cached, renderers, images):
    with serve(kind, images, cached, renderers) as server:
        # A thumbnail, in the lane of tiles; heavy work; and an image of 4.5 MB.
        targets = [f"/iiif/3/{SOURCE}/full/800,/0/default.jpg", f"/iiif/3/{SOURCE}/full/1500,/22.5/default.png"]
        if not cached:
            targets.append(f"/plain/3/{SOURCE}/full/1500,/0/default.png")
        for target in targets:
            at_once(server, target)
            assert renders(server, target) == 1, server.times(target)
            if not cached:
                assert shared(server, target) == 7, server.times(target)


def test_asked_again_is_not_rendered_again(server):
    # A tile that is turned: it cannot be sent from the file.
    target = "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/256,256,256,256/256,256/90/default.jpg"
    first = server.get(target)
    for _ in range(4):
        again = server.get(target)
        assert (again.status, without_date(again), again.body) == (200, without_date(first), first.body)
    wait_for(lambda: len(server.times(target)) == 5, 10, "all in the access log")
    assert (renders(server, target), shared(server, target)) == (1, 4)


def test_the_head_is_the_requests_own(server):
    """One image by four names: full and pixels, version 2 and 3, another host."""
    region = "/iiif/3/chart.png/full/300,/0/default.jpg"
    pixels = region.replace("full", "0,0,1100,800")
    second = region.replace("/3/", "/2/")
    first = server.get(region)
    by_pixels, by_second = server.get(pixels), server.get(second)
    by_host = server.get(region, {"Host": "other.example"})
    for target in (pixels, second):
        wait_for(lambda target=target: server.times(target), 10, "in the access log")
        assert (renders(server, target), shared(server, target)) == (0, 1), server.times(target)
    answers = [first, by_pixels, by_second, by_host]
    assert {answer.body for answer in answers} == {first.body}
    assert len({answer.header("ETag") for answer in answers}) == 4
    assert "_0_0_1100_800_" in by_pixels.header("Content-Disposition").replace(",", "_")
    assert by_pixels.header("Content-Disposition") != first.header("Content-Disposition")
    assert by_host.links()["canonical"].startswith("http://other.example/iiif/3/")
    assert "/iiif/2/" in by_second.links()["canonical"]
    assert {answer.header("Content-Length") for answer in answers} == {str(len(first.body))}
    assert (server.request("HEAD", region).header("ETag"), server.request("HEAD", region).body) == (
        first.header("ETag"), b"")


def test_what_differs_is_not_shared(server):
    """Endpoints differ in how they encode; parameters and pages make other images."""
    base = "/iiif/3/chart.png/0,0,400,400/200,/0/default.jpg"
    targets = [base, base.replace("/iiif/", "/gray/"), base.replace("0,0,400", "1,0,400"), base.replace("200,", "201,"),
               base.replace("/0/", "/180/"), base.replace("/0/", "/!0/"), base.replace("/0/", "/0.5/"),
               base.replace("default", "gray"), base.replace("default", "bitonal"), base.replace(".jpg", ".png"),
               base.replace("chart.png", "chart.jp2")]
    bodies = [server.get(target).body for target in targets]
    assert len(set(bodies)) == len(targets)
    for target in targets:
        wait_for(lambda target=target: server.times(target), 10, "in the access log")
        assert (renders(server, target), shared(server, target)) == (1, 0), target


def test_too_large_to_keep(server):
    """72 MB: right for everybody, and rendered again for who asks later."""
    target = f"/plain/3/{SOURCE}/full/max/0/default.png"
    answers = at_once(server, target, 3)
    assert len(answers[0].body) > 64_000_000
    before = renders(server, target)
    assert before >= 1 and shared(server, target) == 0
    assert server.get(target).body == answers[0].body
    wait_for(lambda: len(server.times(target)) == 4, 10, "in the access log")
    assert renders(server, target) == before + 1


def test_refusals_are_not_kept(server):
    target = "/iiif/3/chart.png/full/9999,/0/default.jpg"
    for _ in range(3):
        answer = server.get(target)
        assert answer.status == 400 and answer.header("Cache-Control") == "no-cache"


# -- files that change --

def colour(answer):
    picture = answer.image().convert("RGB")
    return tuple(round(value / 255) for value in picture.getpixel((picture.width // 2, picture.height // 2)))


def write(path, pixel):
    """No compression: any colour gives a file of the same size."""
    Image.new("RGB", (64, 48), pixel).save(path, "TIFF")


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(scope="module", name="folder")
def folder_of_changing_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changing")
    for part in (folder, *list(folder.parents)[:3]):
        part.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replaced_file_is_another_image(kind, folder):
    """With the size and the time of the one before, in the same place or as another file: what is there is shown."""
    path, aside = folder / f"{kind}.tif", folder / "aside.tif"
    target = f"/iiif/3/{kind}.tif/full/32,/0/default.png"
    write(path, RED)
    time.sleep(SETTLED)
    state = path.stat()
    with serve(kind, folder) as server:
        assert [colour(server.get(target)) for _ in range(3)] == [(1, 0, 0)] * 3
        wait_for(lambda: len(server.times(target)) == 3, 10, "in the access log")
        assert (renders(server, target), shared(server, target)) == (1, 2)

        # While it may still change nothing is shared; then the new image is.
        with open(path, "r+b") as file:
            write(aside, GREEN)
            file.write(aside.read_bytes())
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) == (
            state.st_ino, state.st_size, state.st_mtime_ns)
        assert [colour(server.get(target)) for _ in range(3)] == [(0, 1, 0)] * 3
        wait_for(lambda: len(server.times(target)) == 6, 10, "in the access log")
        assert (renders(server, target), shared(server, target)) == (4, 2)
        time.sleep(SETTLED)
        assert [colour(server.get(target)) for _ in range(3)] == [(0, 1, 0)] * 3
        wait_for(lambda: len(server.times(target)) == 9, 10, "in the access log")
        assert (renders(server, target), shared(server, target)) == (5, 4)

        write(aside, BLUE)
        os.utime(aside, ns=(state.st_atime_ns, state.st_mtime_ns))
        time.sleep(SETTLED)
        os.replace(aside, path)
        assert [colour(server.get(target)) for _ in range(2)] == [(0, 0, 1)] * 2
