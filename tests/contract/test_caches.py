# SPDX-License-Identifier: Apache-2.0
"""The servers' own caches in front of the renderers: nginx's file cache and mod_cache_disk."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import http
from support.servers import Endpoint, Httpd, Nginx, wait_for

TILE = "/iiif/3/tiff%2Fstriped-lzw.tif/0,0,512,512/256,256/0/default.jpg"


@pytest.fixture(scope="module")
def nginx(images):
    extra = ("iiif_cache images; iiif_cache_valid 200 1h; iiif_cache_lock on; iiif_cache_lock_timeout 30s;"
             "add_header X-Cache $upstream_cache_status always;")
    with Nginx(endpoints=[Endpoint("/iiif/", images, extra=extra)],
               http="iiif_cache_path @FOLDER@/cache levels=1:2 keys_zone=images:1m;") as server:
        yield server


@pytest.fixture(scope="module", params=["event", "prefork"])
def httpd(request, images):
    with Httpd(endpoints=[Endpoint("/iiif/", images)], mpm=request.param, server="""
            CacheRoot @FOLDER@/cache
            CacheEnable disk /iiif/
            CacheHeader on
            CacheLock on
            CacheLockPath @FOLDER@/tmp/lock
            CacheDefaultExpire 3600
            """) as server:
        yield server


def rendered(server):
    return sum("render=" in line for line in server.access())


def comparable(answer):
    left_out = ("date", "connection", "x-cache", "age", "x-cache-detail", "expires", "keep-alive")
    return answer.status, sorted((name.lower(), value)
                                 for name, value in answer.headers if name.lower() not in left_out), answer.body


def test_nginx_second_request_is_a_hit(nginx):
    before = rendered(nginx)
    first, second = nginx.get(TILE), nginx.get(TILE)
    assert (first.header("X-Cache"), second.header("X-Cache")) == ("MISS", "HIT")
    assert comparable(first) == comparable(second)
    assert rendered(nginx) == before + 1
    assert second.image().size == (256, 256)


def test_nginx_hit_is_conditional_too(nginx):
    first = nginx.get(TILE)
    answer = nginx.get(TILE, {"If-None-Match": first.header("ETag")})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.header("ETag") == first.header("ETag") and answer.header("Access-Control-Allow-Origin") == "*"


def test_nginx_head_of_a_hit(nginx):
    first = nginx.get(TILE)
    answer = nginx.request("HEAD", TILE)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("ETag") == first.header("ETag") and answer.header("Content-Type") == "image/jpeg"


def test_nginx_lock_makes_one_render_of_eight(nginx):
    target = "/iiif/3/cases%2F6000x4000.tif/full/1500,/0/default.png"
    before = rendered(nginx)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: http.get(nginx.port, target), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert rendered(nginx) == before + 1
    assert sum(answer.header("X-Cache") == "MISS" for answer in answers) == 1


def test_nginx_key_is_what_is_asked(nginx):
    """Version, host in the links and every parameter make another entry; needless encoding may share one."""
    targets = [TILE, TILE.replace("/3/", "/2/").replace("256,256/0", "256,/0"), TILE.replace(".jpg", ".png"),
               TILE.replace("0,0,512", "1,0,512"), TILE.replace("/0/d", "/90/d")]
    bodies = [nginx.get(target) for target in targets for _ in (1, 2)]
    assert [answer.status for answer in bodies] == [200] * 10
    assert len({(answer.body, answer.header("Link")) for answer in bodies}) == 5
    one = nginx.get(TILE, {"Host": "one.example"}).links()["canonical"]
    two = nginx.get(TILE, {"Host": "two.example"}).links()["canonical"]
    assert one.startswith("http://one.example/") and two.startswith("http://two.example/")


def test_nginx_info_is_negotiated_through_the_cache(nginx):
    target = "/iiif/3/tiff%2Fstriped-lzw.tif/info.json"
    for accept, kind in (("application/json", "application/json"), ("*/*", "application/ld+json"),
                         ("application/json", "application/json"), ("application/ld+json", "application/ld+json")):
        assert nginx.get(target, {"Accept": accept}).header("Content-Type").startswith(kind)


def test_nginx_errors_are_not_kept(nginx):
    for _ in (1, 2):
        answer = nginx.get("/iiif/3/tiff%2Fstriped-lzw.tif/full/5000,/0/default.jpg")
        assert answer.status == 400 and answer.header("X-Cache") != "HIT"


def test_nginx_changed_file_is_rendered_again(nginx, images):
    path = images / "names/cached.png"
    try:
        path.write_bytes((images / "cases/300x200.png").read_bytes())
        target = "/iiif/3/names%2Fcached.png/full/max/0/default.jpg"
        assert nginx.get(target).image().size == (300, 200)
        assert nginx.get(target).header("X-Cache") == "HIT"
        path.write_bytes((images / "cases/600x400.png").read_bytes())
        assert nginx.get(target).image().size == (600, 400)
    finally:
        path.unlink()


def test_nginx_hits_survive_a_reload(nginx):
    nginx.get(TILE)
    nginx.reload()
    assert nginx.get(TILE).header("X-Cache") == "HIT"


def hit(server, target):
    """The answer from the cache: it is filled shortly after the first answer has been sent."""
    def ask():
        answer = server.get(target)
        return answer if answer.header("X-Cache", "").startswith("HIT") else None
    return wait_for(ask, 5, f"{target} is a hit", step=0.1)


def test_httpd_second_request_is_a_hit(httpd):
    first = httpd.get(TILE)
    second = hit(httpd, TILE)
    assert first.header("X-Cache").startswith("MISS")
    assert comparable(first) == comparable(second)
    before = rendered(httpd)
    for _ in range(5):
        assert httpd.get(TILE).header("X-Cache").startswith("HIT")
    assert rendered(httpd) == before


def test_httpd_hit_is_conditional_too(httpd):
    httpd.get(TILE)
    first = hit(httpd, TILE)
    answer = httpd.get(TILE, {"If-None-Match": first.header("ETag")})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.header("ETag") == first.header("ETag") and answer.header("Access-Control-Allow-Origin") == "*"


def test_httpd_simultaneous_misses(httpd):
    """CacheLock lets one of them fill the cache and the others pass: the renderers make one image for all, then hits."""
    target = "/iiif/3/cases%2F6000x4000.tif/full/1500,/0/default.jpg"
    before = rendered(httpd)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: http.get(httpd.port, target), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    wait_for(lambda: sum(f" {target} " in line for line in httpd.access()) >= 8, 10, "all in the access log")
    assert rendered(httpd) == before + 1
    assert hit(httpd, target).body == answers[0].body


def test_httpd_info_is_negotiated_through_the_cache(httpd):
    target = "/iiif/3/tiff%2Fstriped-lzw.tif/info.json"
    for accept, kind in (("application/json", "application/json"), ("*/*", "application/ld+json"),
                         ("application/json", "application/json"), ("application/ld+json", "application/ld+json")):
        assert httpd.get(target, {"Accept": accept}).header("Content-Type").startswith(kind)


def test_httpd_errors_are_not_kept(httpd):
    for _ in (1, 2):
        answer = httpd.get("/iiif/3/tiff%2Fstriped-lzw.tif/full/5000,/0/default.jpg")
        assert answer.status == 400 and not answer.header("X-Cache", "").startswith("HIT")
