# SPDX-License-Identifier: Apache-2.0
"""Each file of conf-examples/ does what its comments promise."""
import base64
import re
import threading
from collections import Counter
from urllib.parse import quote

import pytest
from example import FOLDER, HOST, KINDS, PICTURES
from support import http
from support.http import Connection
from support.servers import wait_for

NAMES = ("minimal", "several-collections", "behind-reverse-proxy", "with-cache", "fair-shares", "with-authentication",
         "legacy-2.1")
V2, V3 = "http://iiif.io/api/image/2/context.json", "http://iiif.io/api/image/3/context.json"


@pytest.fixture(scope="module", params=KINDS)
def run(request):
    """run(name) starts that example once; at the end nothing of it may be left."""
    started = {}

    def start(name):
        if name not in started:
            started[name] = KINDS[request.param](name)
        return started[name]

    yield start
    try:
        for server in started.values():
            server.stop()
    finally:
        for server in started.values():
            server.discard()


def is_image(answer, size, kind="image/jpeg"):
    assert answer.status == 200, answer.body[:300]
    assert answer.header("Content-Type") == kind
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.image().size == size


def info(answer, context, size):
    """The document, after what every info.json has to say."""
    assert answer.status == 200, answer.body[:300]
    assert answer.header("Access-Control-Allow-Origin") == "*"
    document = answer.json()
    assert document["@context"] == context
    assert (document["width"], document["height"]) == size
    return document


def test_all_are_here_and_explained():
    readme = (FOLDER / "README.md").read_text("utf-8")
    for kind in KINDS:
        assert sorted(path.stem for path in (FOLDER / kind).glob("*.conf")) == sorted(NAMES)
        for name in NAMES:
            assert f"({kind}/{name}.conf)" in readme
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert target.startswith("../docs/") or (FOLDER / target).exists(), target


@pytest.mark.parametrize("name", NAMES)
def test_starts_without_a_complaint(run, name):
    server = run(name)
    complaint = re.compile(r"[\[:](warn|error|crit|alert|emerg)\]")
    # The question whether the server is up yet is for a file that no example has.
    assert not [line for line in server.said().splitlines() if complaint.search(line) and "hello.txt" not in line]


@pytest.mark.parametrize("name", ["minimal", "with-cache"])
@pytest.mark.parametrize("picture", ["berlin.tif", "ark:/12025/654.png", "old maps/münchen.png", "maps/berlin.tif"])
def test_one_folder(run, name, picture):
    server, identifier = run(name), quote(picture, safe=":")
    for version, context, key in ((3, V3, "id"), (2, V2, "@id")):
        base = f"/iiif/{version}/{identifier}"
        document = info(server.get(base + "/info.json"), context, PICTURES[picture])
        assert document[key] == "http://images.example.org" + base
        is_image(server.get(base + "/full/100,50/0/default.jpg"), (100, 50))
    is_image(server.get(f"/iiif/3/{identifier}/full/max/0/default.png"), PICTURES[picture], "image/png")


@pytest.mark.parametrize("target,picture", [
    ("/iiif/maps/3/berlin", "maps/berlin.tif"), ("/iiif/maps/3/paris", "maps/paris.jpg"),
    ("/iiif/maps/3/berlin.tif", "maps/berlin.tif"),
    ("/iiif/manuscripts/3/ms-12-f3r", "manuscripts/MS 12/3r.tif"),
    ("/iiif/manuscripts/3/leaf", "manuscripts/unsorted/leaf.jpg"),
    ("/iiif/photographs/3/harbour", "photographs/harbour.jpg")])
def test_collections_each_answer(run, target, picture):
    server = run("several-collections")
    document = info(server.get(target + "/info.json"), V3, PICTURES[picture])
    assert document["id"] == "http://images.example.org" + target
    is_image(server.get(target + "/0,0,200,100/max/0/default.jpg"), (200, 100))


def test_collections_have_rules_of_their_own(run):
    server = run("several-collections")
    maps = server.get("/iiif/maps/3/berlin/info.json").json()
    assert maps["rights"] == "http://creativecommons.org/publicdomain/mark/1.0/" and "maxWidth" not in maps
    photograph = server.get("/iiif/photographs/3/harbour/info.json").json()
    assert (photograph["maxWidth"], photograph["maxHeight"]) == (800, 800)
    older = server.get("/iiif/photographs/2/harbour/info.json").json()
    assert older["attribution"] == "© the photographers" and older["profile"][1]["maxWidth"] == 800
    is_image(server.get("/iiif/photographs/3/harbour/full/max/0/default.jpg"), (800, 600))
    assert server.get("/iiif/photographs/3/harbour/full/801,/0/default.jpg").status == 400
    assert server.get("/iiif/photographs/3/berlin/info.json").status == 404
    assert server.get("/iiif/maps/3/harbour/info.json").status == 404


@pytest.mark.parametrize("identifier,picture", [
    ("berlin.tif", "berlin.tif"), ("ark:%2F12025%2F654.png", "ark:/12025/654.png"),
    ("old%20maps%2Fm%C3%BCnchen.png", "old maps/münchen.png"), ("%62erlin%2Etif", "berlin.tif")])
def test_proxy(run, identifier, picture):
    """Through the public server; every address that is handed out is the public's."""
    server = run("behind-reverse-proxy")
    public = f"https://images.example.org/iiif/3/{identifier}"
    assert info(server.get(f"/iiif/3/{identifier}/info.json"), V3, PICTURES[picture])["id"] == public
    image = server.get(f"/iiif/3/{identifier}/full/max/0/default.jpg")
    is_image(image, PICTURES[picture])
    assert image.links()["canonical"] == public + "/full/max/0/default.jpg"
    redirect = server.get(f"/iiif/3/{identifier}")
    assert (redirect.status, redirect.header("Location")) == (303, public + "/info.json")


def test_proxy_is_in_between(run):
    """The image server answers on its own port; what the public server adds comes with the public's answers."""
    server = run("behind-reverse-proxy")
    direct = http.get(server.inner_port, "/iiif/3/berlin.tif/info.json", {"Host": "images.example.org"})
    assert direct.json()["id"] == "https://images.example.org/iiif/3/berlin.tif"
    assert http.get(server.inner_port, "/elsewhere").status == 404
    refused = server.get("/iiif/3/berlin.tif/full/5000,/0/default.jpg")
    assert refused.status == 400 and refused.header("Access-Control-Allow-Origin") == "*"


def test_cache_second_request_is_a_hit(run):
    server = run("with-cache")
    target = "/iiif/3/berlin.tif/10,10,256,256/128,128/0/default.jpg"
    first = server.get(target)
    is_image(first, (128, 128))
    assert first.header("X-Cache").startswith("MISS")

    def hit():
        answer = server.get(target)
        return answer if answer.header("X-Cache").startswith("HIT") else None
    # httpd's cache is filled shortly after the first answer has been sent.
    second = hit() if server.examples == "nginx" else wait_for(hit, 5, "the second request is a hit", step=0.1)
    is_image(second, (128, 128))
    assert second.body == first.body and second.header("ETag") == first.header("ETag")
    told = [line for line in server.access() if target in line]
    # httpd writes the line of an answer once all of it is sent, maybe after that of the next.
    assert any("kind=tile served=render" in line for line in told)
    assert any(("served=cache" if server.examples == "nginx" else '"cache hit"') in line for line in told)


def test_cache_keeps_versions_apart(run):
    server = run("with-cache")
    for _ in (1, 2):
        assert server.get("/iiif/3/berlin.tif/info.json").json()["@context"] == V3
        assert server.get("/iiif/2/berlin.tif/info.json").json()["@context"] == V2


def asked(server, targets, host="127.0.0.1", connections=6, headers=None):
    """Answers to all targets, in their order, as a browser asks: over six connections, each kept open."""
    answers, numbers, lock = [None] * len(targets), iter(range(len(targets))), threading.Lock()

    def ask():
        with Connection(server.port, source=host) as connection:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                connection.send("GET", targets[number], {"Host": HOST, **(headers or {})})
                answers[number] = connection.receive()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


def test_shares_are_enough_for_viewers(run):
    """Two thousand thumbnails and tiles, as fast as they come, and the info.json of each: nothing is refused."""
    server = run("fair-shares")
    small = [f"/iiif/3/berlin.tif/full/{20 + number % 100},/0/default.jpg" if number % 2 else
             f"/iiif/3/berlin.tif/{number % 300},{number % 200},100,100/50,/0/default.jpg" for number in range(2000)]
    answers = asked(server, [*small, *["/iiif/3/berlin.tif/info.json"] * 200])
    assert {answer.status if answer else None for answer in answers} == {200}


def test_shares_are_for_each_client(run):
    """A client that asks for too many large ones is told so; others, and its own tiles, are not concerned."""
    server = run("fair-shares")
    large = [f"/iiif/3/photographs%2Fharbour.jpg/{number},0,1100,900/max/0/default.jpg" for number in range(60)]
    greedy = asked(server, large, host="127.0.0.9")
    statuses = Counter(answer.status if answer else None for answer in greedy)
    assert set(statuses) == {200, 429} and statuses[200] >= 10 and statuses[429] >= 20, statuses
    refused = next(answer for answer in greedy if answer.status == 429)
    assert int(refused.header("Retry-After")) > 0 and b"Too Many Requests" in refused.body
    assert refused.header("Access-Control-Allow-Origin") == "*"
    tiles = [f"/iiif/3/berlin.tif/{number},0,100,100/50,/0/default.jpg" for number in range(30)]
    for host in ("127.0.0.9", "127.0.0.10"):
        assert {answer.status for answer in asked(server, tiles, host)} == {200}
    assert {answer.status for answer in asked(server, large[:10], host="127.0.0.10", connections=2)} == {200}
    is_image(server.get("/iiif/3/photographs%2Fharbour.jpg/full/max/0/default.jpg"), (1200, 900))


def with_password(password):
    return {"Authorization": "Basic " + base64.b64encode(f"reader:{password}".encode()).decode()}


@pytest.mark.parametrize("request_", ["info.json", "full/max/0/default.jpg", "0,0,100,100/max/0/default.jpg"])
@pytest.mark.parametrize("identifier", ["berlin.tif", "ark:%2F12025%2F654.png"])
def test_authentication(run, identifier, request_):
    server, target = run("with-authentication"), f"/iiif/3/{identifier}/{request_}"
    for headers in ({}, with_password("guess")):
        answer = server.get(target, headers)
        assert answer.status == 401
        assert answer.header("WWW-Authenticate") == 'Basic realm="Reading room"'
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert b"ImageService3" not in answer.body and not answer.body.startswith(b"\xff\xd8")
    answer = server.get(target, with_password("password"))
    assert answer.status == 200 and answer.header("Access-Control-Allow-Origin") == "*"
    if request_ == "info.json":
        info(answer, V3, PICTURES[identifier.replace("%2F", "/")])
    else:
        is_image(answer, (100, 100) if request_.startswith("0,0") else PICTURES[identifier.replace("%2F", "/")])


def test_authentication_preflight(run):
    answer = run("with-authentication").request("OPTIONS", "/iiif/3/berlin.tif/info.json", {
        "Origin": "https://viewer.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization"})
    assert answer.status == 204 and "authorization" in answer.header("Access-Control-Allow-Headers").lower()


@pytest.mark.parametrize("request_,free", [
    ("info.json", True), ("full/400,/0/default.jpg", True), ("full/!200,200/0/default.jpg", True),
    ("full/max/0/default.jpg", False), ("0,0,100,100/max/0/default.jpg", False),
    ("pct:0,0,50,50/max/0/default.png", False)])
def test_authentication_preview(run, request_, free):
    server, target = run("with-authentication"), f"/iiif/preview/3/berlin.tif/{request_}"
    answer = server.get(target)
    assert answer.status == (200 if free else 401)
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert server.get(target, with_password("password")).status == 200


def test_legacy_versions(run):
    """2.1 where no version is named; each version at its own address."""
    server = run("legacy-2.1")
    document = info(server.get("/iiif/berlin.tif/info.json"), V2, (600, 400))
    assert document["@id"] == "http://images.example.org/iiif/berlin.tif"
    assert document["protocol"] == "http://iiif.io/api/image"
    assert document["profile"][0] == "http://iiif.io/api/image/2/level2.json"
    is_image(server.get("/iiif/berlin.tif/full/full/0/default.jpg"), (600, 400))
    is_image(server.get("/iiif/berlin.tif/full/300,/0/default.jpg"), (300, 200))
    info(server.get("/iiif/2/berlin.tif/info.json"), V2, (600, 400))
    info(server.get("/iiif/3/berlin.tif/info.json"), V3, (600, 400))


@pytest.mark.parametrize("old,new", [
    ("/loris/berlin.tif", "/iiif/berlin.tif"), ("/cantaloupe/iiif/2/berlin.tif", "/iiif/2/berlin.tif"),
    ("/cantaloupe/iiif/3/berlin.tif", "/iiif/3/berlin.tif")])
def test_legacy_layouts(run, old, new):
    server = run("legacy-2.1")
    context, key = (V3, "id") if "/3/" in new else (V2, "@id")
    assert info(server.get(old + "/info.json"), context, (600, 400))[key] == "http://images.example.org" + new
    is_image(server.get(old + "/0,0,200,100/100,/0/default.jpg"), (100, 50))


@pytest.mark.parametrize("encoded", ["ark:%2F12025%2F654.png", "ark:/12025/654.png"])
@pytest.mark.parametrize("old", ["/loris/", "/cantaloupe/iiif/2/", "/iiif/"])
def test_legacy_identifiers_with_slashes(run, old, encoded):
    server = run("legacy-2.1")
    info(server.get(f"{old}{encoded}/info.json"), V2, (500, 300))
    is_image(server.get(f"{old}{encoded}/full/100,/0/native.jpg"), (100, 60))
    is_image(server.get(f"{old}{encoded}/full/100,/0/default.jpg"), (100, 60))


def test_legacy_identifiers_with_spaces(run):
    for old in ("/loris/", "/cantaloupe/iiif/2/", "/iiif/"):
        is_image(run("legacy-2.1").get(f"{old}old%20maps%2Fm%C3%BCnchen.png/full/full/0/default.jpg"), (320, 240))


@pytest.mark.parametrize("quality,mode", [("native.jpg", "RGB"), ("grey.jpg", "L"), ("gray.jpg", "L")])
def test_legacy_qualities(run, quality, mode):
    for base in ("/iiif/berlin.tif", "/iiif/2/berlin.tif", "/loris/berlin.tif"):
        answer = run("legacy-2.1").get(f"{base}/full/full/0/{quality}")
        is_image(answer, (600, 400))
        assert answer.image().mode == mode


@pytest.mark.parametrize("path", ["IIIF=berlin.tif/info.json", "iiif=/berlin.tif/full/300,/0/default.jpg",
                                  "IIIF=ark:%2F12025%2F654.png/full/100,/0/native.jpg"])
def test_legacy_query(run, path):
    """Redirected to where it is now, readable by viewers on other sites, the identifier's encoding as it was."""
    server = run("legacy-2.1")
    moved = server.get("/fcgi-bin/iipsrv.fcgi?" + path)
    assert moved.status == 301 and moved.header("Access-Control-Allow-Origin") == "*"
    location = moved.header("Location").removeprefix("http://images.example.org")
    assert location == "/iiif/" + path.partition("=")[2].lstrip("/")
    assert server.get(location).status == 200


def test_legacy_query_of_something_else(run):
    for query in ("", "?FIF=berlin.tif&OBJ=IIP,1.0", "?IIIF="):
        assert run("legacy-2.1").get("/fcgi-bin/iipsrv.fcgi" + query).status == 404
