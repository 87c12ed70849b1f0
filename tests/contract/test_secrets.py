# SPDX-License-Identifier: Apache-2.0
"""What is not meant to be seen is not: not by any spelling, not through links that change, caches, headers or logs."""
import base64
import os
import tempfile
import threading
from pathlib import Path

import pytest
from support.servers import KINDS, Endpoint, make, wait_for

# Wide as no other picture, so that it cannot be taken for one.
SECRET_WIDTH = 777
DIRTY = ["", ".", "..", "../", "../../", "..;", "..%00", "%00", "a%00.png", "%0d%0a", "%7f", "%1b[31m", "\u202e"]
UP = ["../", "..%2f", "..%2F", "%2e%2e/", "%2e%2e%2f", ".%2e%2f", "%252e%252e%252f", "..%252f", "..%5c", "..\\", "%2e%2e%5c",
      "..%c0%af", "%c0%ae%c0%ae%c0%af", "%e0%80%ae%e0%80%ae/", "..%u2215", "....//", "...%2f", "..%2f.%2f", "..;%2f", "..%20%2f",
      "..%09%2f", "a/../../", "a%2f..%2f..%2f", ".%00.%2f", "%2e%2e%00%2f", "./..%2f", "..%2f%2f"]
SPELLINGS = [*(up * times + "secret.png" for up in UP for times in (1, 2, 4)),
             "%2f{outside}%2fsecret.png", "/{outside}/secret.png", "file:%2f%2f%2f{outside}%2fsecret.png",
             "%2fproc%2fself%2fcwd%2fsecret.png", "%2fproc%2fself%2froot%2f{outside}%2fsecret.png",
             "absolute.png", "relative.png", "folder%2fsecret.png", "folder/secret.png", "folder%2f..%2fsecret.png",
             ".hidden.png", ".folder%2fa.png", "inside%2f.hidden.png", "good.png%2f..%2f..%2fsecret.png",
             "good.png/../../secret.png", "mapped", "mapped-absolute", "map:../secret.png", "map:..%2fsecret.png"]


def picture(path, width):
    from PIL import Image
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, 100), (200, 100, 50)).save(path)


@pytest.fixture(name="place", scope="module")
def folder_with_a_secret_beside_it():
    with tempfile.TemporaryDirectory(prefix="iiif-secrets-") as made:
        place = Path(made)
        os.chmod(place, 0o755)
        root = place / "root"
        picture(place / "secret.png", SECRET_WIDTH)
        picture(root / "good.png", 300)
        for name in (".hidden.png", ".folder/a.png", "inside/.hidden.png"):
            picture(root / name, SECRET_WIDTH)
        (root / "absolute.png").symlink_to(place / "secret.png")
        (root / "relative.png").symlink_to("../secret.png")
        (root / "folder").symlink_to("..")
        # With "../" in it, or absolute, a map file is refused when the server starts (test_start.py).
        (place / "map.json").write_text('{"mapped": "relative.png", "mapped-absolute": "absolute.png"}')
        yield place


@pytest.fixture(name="server", scope="module", params=KINDS)
def server_of_that_folder(request, place):
    directives = {"map_file": str(place / "map.json"), "map": [("^map:(.*)$", "$1"), (".*", "$0")]}
    with make(request.param, endpoints=[Endpoint("/iiif/", place / "root"),
                                        Endpoint("/mapped/", place / "root", directives)]) as server:
        yield server


def assert_closed(answer, place, what):
    """A refusal in words that name no place of the server's."""
    assert 400 <= answer.status < 500, f"{what}: {answer.status}"
    assert_silent(answer, place, what)


def assert_silent(answer, place, what):
    text = answer.body.decode("utf-8", "replace")
    for path in (str(place), "iiif-renderd", ".sock", "www-data"):
        assert path not in text, f"{what}: {text}"


@pytest.mark.parametrize("endpoint", ["iiif", "mapped"])
def test_no_spelling_leads_outside(server, place, endpoint):
    assert server.get(f"/{endpoint}/3/good.png/info.json").json()["width"] == 300
    for spelling in SPELLINGS:
        name = spelling.replace("{outside}", str(place).strip("/"))
        for version in ("3/", "2/", ""):
            for rest in ("/info.json", "/full/max/0/default.png", ""):
                target = f"/{endpoint}/{version}{name}{rest}"
                answer = server.get(target)
                if answer.status == 303:  # to the info.json of what is not there either
                    answer = server.get("/" + answer.header("Location").split("/", 3)[3])
                # It may quote the request.
                assert_closed(answer, place if "{outside}" not in spelling else "/nowhere/else", target)


def test_hard_links_are_files(server, place):
    """A hard link beneath the root is a file beneath the root: who may make one there may also copy it there."""
    link = place / "root/hard.png"
    os.link(place / "secret.png", link)
    try:
        assert server.get("/iiif/3/hard.png/info.json").json()["width"] == SECRET_WIDTH
    finally:
        link.unlink()


def test_a_link_that_changes_all_the_time(server, place):
    """Between looking and opening there is no time: a name that leads in and out by turns never shows the outside."""
    name = place / "root/changing.png"
    (place / "in").symlink_to("good.png")
    (place / "out").symlink_to("../secret.png")
    stopped = threading.Event()

    def change():
        while not stopped.is_set():
            for target in ("good.png", "../secret.png"):
                spare = place / "root/.spare"
                spare.symlink_to(target)
                os.replace(spare, name)

    changing = threading.Thread(target=change)
    changing.start()
    seen = set()
    try:
        for number in range(300):
            answer = server.get(f"/iiif/3/changing.png/{number % 100},0,100,100/max/0/default.png" if number % 2
                                else "/iiif/3/changing.png/info.json")
            seen.add(answer.status)
            if answer.status == 200 and number % 2 == 0:
                assert answer.json()["width"] == 300
            assert_silent(answer, place, number)
    finally:
        stopped.set()
        changing.join()
        for made in (name, place / "in", place / "out"):
            made.unlink(missing_ok=True)
    assert seen <= {200, 404}, seen


@pytest.mark.parametrize("evil", ["%0d%0aX-Evil:%201", "%0aX-Evil:%201", "%0d%0a%0d%0a<script>", "a%22b", "a%00b",
                                  "%e2%80%a8X-Evil:1"])
def test_identifiers_stay_on_their_line(server, place, evil):
    """Neither in a header nor in the error log, whatever the answer quotes."""
    for rest in ("/info.json", "/full/max/0/default.jpg", "/full/max/0/default.xyz", "", "?X"):
        answer = server.get(f"/iiif/3/{evil}{rest}")
        names = {name.lower() for name, _ in answer.headers}
        assert "x-evil" not in names and answer.status < 500
        assert all("\n" not in value and "\r" not in value for _, value in answer.headers)
        assert answer.status == 303 or answer.header("Content-Type", "").startswith(("text/", "application/"))
    for line in server.log().splitlines():
        assert not line.lstrip().startswith(("X-Evil", "<script")), line


@pytest.mark.parametrize("host", ["evil.example\" onload=\"x", "a b", "<script>", "evil.example/path", "[::1", "@x", "a#b", "a?b", "a:b"])
def test_a_host_that_is_none(server, place, host):
    """What is not a host does not become a part of ids and links."""
    answer = server.get("/iiif/3/good.png/info.json", {"Host": host})
    if answer.status == 200:
        assert host not in answer.text() and host not in str(answer.headers)
    else:
        assert answer.status in (400, 500), answer.status
    assert_silent(answer, place, host)


@pytest.mark.parametrize("dirty", DIRTY)
def test_dirty_identifiers(server, place, dirty):
    for rest in ("/info.json", "/full/max/0/default.jpg"):
        target = f"/iiif/3/{dirty}{rest}"
        assert_closed(server.get(target.encode("utf-8").decode("latin-1") if not dirty.isascii() else target), place, target)


def test_errors_name_no_place(server, place):
    broken = place / "root/broken.tif"
    broken.write_bytes(b"II*\0" + b"\xff" * 200)
    try:
        for name in ("broken.tif", "nowhere.tif", "good.png%2finner.png", "good.png;7", "inside"):
            for rest in ("info.json", "full/max/0/default.jpg", "full/9999,/0/default.jpg", "full/max/0/default.gif",
                         "nonsense/max/0/default.jpg"):
                answer = server.get(f"/iiif/3/{name}/{rest}")
                assert answer.status >= 400
                assert_silent(answer, place, f"{name}/{rest}")
    finally:
        broken.unlink()


PASSWORD = {"Authorization": "Basic " + base64.b64encode(b"reader:password").decode()}
USERS = "reader:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"


@pytest.mark.parametrize("kind", KINDS)
def test_caches_do_not_tell_others(kind, place):
    """What somebody with the password has brought into the server's cache is nobody else's."""
    users = place / "users"
    users.write_text(USERS)
    guard = {"nginx": f"auth_basic secret; auth_basic_user_file {users}; iiif_cache images; iiif_cache_valid 200 1h;",
             "httpd": f'AuthType Basic\nAuthName secret\nAuthUserFile "{users}"\nRequire valid-user'}
    cache = {"nginx": "iiif_cache_path @FOLDER@/cache levels=1:2 keys_zone=images:1m;",
             "httpd": "CacheRoot @FOLDER@/cache\nCacheEnable disk /\nCacheQuickHandler Off\nCacheHeader On\n"
                      "CacheIgnoreCacheControl On\nCacheStorePrivate On"}
    with make(kind, endpoints=[Endpoint("/iiif/", place / "root", extra=guard)], http=cache) as server:
        targets = ["/iiif/3/good.png/0,0,100,90/50,/0/default.jpg", "/iiif/3/good.png/info.json",
                   "/iiif/3/good.png/full/max/0/default.png"]
        for target in targets:
            for _ in range(3):
                answer = server.get(target, PASSWORD)
                assert answer.status == 200, answer.body
            etag = {"If-None-Match": answer.header("ETag")}
            for headers in ({}, etag, {"Authorization": "Basic eDp5"}, {"Cache-Control": "only-if-cached"}):
                refused = server.get(target, headers)
                assert refused.status == 401, f"{target} {headers}: {refused.status}"
                assert b"ImageService3" not in refused.body and not refused.body.startswith((b"\xff\xd8", b"\x89PNG"))
        if kind == "nginx":
            wait_for(lambda: any(Path(server.cache).rglob("*")), 5, "something is kept")

