# SPDX-License-Identifier: Apache-2.0
"""Pages as they are delivered: who asks for what gets which file, with which headers. What they show: tests/browser."""
import re
from urllib.parse import quote

import pytest
from support import paths
from support.cluster import Cluster
from support.servers import Endpoint, make, wait_for

ON = {"presentation": "on", "pages": "on", "pages_directory": str(paths.PAGES)}
ASSETS = {"app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml",
          "openseadragon.js": "text/javascript; charset=utf-8", "licences.txt": "text/plain; charset=utf-8"}


@pytest.fixture(name="servers", scope="module")
def servers_with_pages(images):
    branded = {**ON, "pages_name": 'Library "of" <Examples> \u00e9', "pages_logo": "/logo.svg",
        "pages_colour": "7a1f3d"}
    group = Cluster([Endpoint("/iiif/", images, ON), Endpoint("/branded/", images, branded), Endpoint("/off/", images),
                     Endpoint("/public/", images, {**ON, "base_uri": "https://images.example.org/a%20b"}),
                     Endpoint("/only2/", images, {**ON, "versions": "2"})])
    yield group
    group.stop()


def is_html(answer, status=200):
    assert answer.status == status, answer.body[:300]
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert answer.header("Cache-Control") == "no-cache"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    policy = dict(part.strip().partition(" ")[::2] for part in answer.header("Content-Security-Policy").split(";"))
    assert policy["script-src"] == policy["default-src"] == "'self'" and policy["object-src"] == "'none'"
    assert "unsafe" not in policy["script-src"] and policy["base-uri"] == "'none'"
    text = answer.text()
    assert "{{" not in text and text.startswith("<!doctype html>")
    return text


@pytest.mark.parametrize("path", ["", "3/", "2/", "pages/", "cases/", "3/cases/", "tiff/", "chart.png/",
    "3/chart.png/", "ark:/",
                                  "names/%E6%97%A5%E6%9C%AC%E8%AA%9E.png/", "chart.png/?iiif-content=x",
                                  "tiff%2Fpyramid-jpeg-rgb.tif/"])
def test_folders_and_files_have_a_page(servers, path):
    text = is_html(servers.get(f"/iiif/{path}"))
    assert 'src="/iiif/pages/app.js"' in text and 'content="/iiif"' in text


@pytest.mark.parametrize("path", ["nowhere/", "chart.png/nowhere/", "a//", "//", ".hidden/", "..;/", "%0d%0a/",
    "%22%3E%3Cscript%3E/", "links/outside.png/", "pages/nowhere.html", "3/3/", "a/b/c/d/e/f/g/"])
def test_what_is_not_here_is_said_in_html(servers, path):
    text = is_html(servers.get(f"/iiif/{path}"), 404)
    assert "There is nothing at this address" in text and 'src="/iiif/pages/missing.js"' in text


@pytest.mark.parametrize("path", ["../", "..%2f/", "%2e%2e/", "%00/", "%zz/", "tiff/..%2f..%2f/",
    "%2e%2e%2f%2e%2e%2fetc/"])
def test_what_the_servers_refuse_themselves(servers, path):
    """Before any module is asked, each in its own words."""
    for answer in servers.ask_each(f"/iiif/{path}").values():
        assert answer.status in (400, 403, 404) and b"app.js" not in answer.body


@pytest.mark.parametrize("name", ["compare.html", "mosaic.html", "mirador.html"])
def test_the_other_pages(servers, name):
    assert f"/iiif/pages/{name.replace('html', 'js')}" in is_html(servers.get(f"/iiif/pages/{name}?a=1"))


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_assets_come_as_they_lie_in_the_folder(servers, name):
    answer = servers.get(f"/iiif/pages/{name}")
    assert (answer.status, answer.header("Content-Type"), answer.header("Cache-Control")) == (200, ASSETS[name],
        "max-age=3600")
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.body == (paths.PAGES / name).read_bytes()
    again = servers.get(f"/iiif/pages/{name}", {"If-None-Match": answer.header("ETag")})
    assert (again.status, again.body, again.header("ETag")) == (304, b"", answer.header("ETag"))
    assert servers.get(f"/iiif/pages/{name}", {"If-Modified-Since": answer.header("Last-Modified")}).status == 304
    assert servers.get(f"/iiif/pages/{name}", {"If-None-Match": '"other"'}).status == 200
    head = servers.ask(f"/iiif/pages/{name}", method="HEAD")
    assert (head.status, head.body, head.header("Content-Type"), head.header("ETag")) == (200, b"", ASSETS[name],
        answer.header("ETag"))


def test_html_has_validators_of_its_own(servers):
    first = servers.get("/iiif/tiff/")
    assert servers.get("/iiif/tiff/", {"If-None-Match": first.header("ETag")}).status == 304
    assert servers.get("/iiif/", {"If-None-Match": first.header("ETag")}).status == 304  # the same bytes
    assert servers.get("/branded/", {"If-None-Match": first.header("ETag")}).status == 200  # another prefix in it
    head = servers.ask("/iiif/", method="HEAD")
    assert (head.status, head.body, head.header("Content-Type")) == (200, b"", "text/html; charset=utf-8")
    missing = servers.get("/iiif/nowhere/", {"If-None-Match": "*"})
    assert missing.status == 404 and missing.header("ETag") is None


@pytest.mark.parametrize("name", ["nowhere.js", ".installed.js", "..js", "app.js.", "app.JS"])
def test_no_other_file_is_sent(servers, name):
    answer = servers.get(f"/iiif/pages/{name}")
    assert answer.status == 404 and b"<script" not in answer.body


@pytest.mark.parametrize("path", ["pages/../index.html", "pages/..%2findex.html", "pages/%2e%2e/app.js",
    "pages/a/app.js", "pages/app%2ejs",
                                  "pages//etc/passwd", "pages/%2fetc%2fpasswd.txt", "pages/..\\app.js"])
def test_nothing_outside_of_the_folder(servers, path):
    answer = servers.get(f"/iiif/{path}")
    assert answer.status in (400, 404) or answer.header("Location"), answer.body[:200]
    assert b"root:" not in answer.body and b"import" not in answer.body[:50]


def test_methods(servers):
    for path in ("/iiif/", "/iiif/pages/app.js", "/iiif/pages/site.json"):
        assert servers.ask(path, method="POST").status == 405
        options = servers.ask(path, {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"},
            method="OPTIONS")
        assert options.status == 204 and options.header("Access-Control-Allow-Origin") == "*"


def test_a_slash_that_was_forgotten(servers):
    answer = servers.get("/iiif/tiff")
    assert (answer.status, answer.header("Location")) == (303, "http://iiif.test:8080/iiif/tiff/")
    assert servers.get("/iiif/chart.png").header("Location").endswith("/chart.png/info.json")
    assert servers.get("/iiif/nowhere").status == 404
    assert servers.get("/off/tiff").status == 404


def test_images_stay_where_they_were(servers):
    """Also those in a folder called pages."""
    for path in ("chart.png/info.json", "3/chart.png/full/100,/0/default.jpg", "pages/three.tif/info.json"):
        on, off = servers.get(f"/iiif/{path}"), servers.get(f"/off/{path}")
        assert on.status == off.status, path
    assert servers.get("/off/").status == servers.get("/off/pages/app.js").status == 404
    assert "text/plain" in servers.get("/off/").header("Content-Type")


def test_the_institution(servers):
    plain, branded = servers.get("/iiif/pages/site.json"), servers.get("/branded/pages/site.json")
    assert plain.header("Content-Type") == branded.header("Content-Type") == "application/json"
    assert branded.header("Cache-Control") == "no-cache"
    assert plain.json() == {}
    assert branded.json() == {"name": 'Library "of" <Examples> \u00e9', "logo": "/logo.svg", "colour": "#7a1f3d"}
    assert servers.get("/branded/pages/site.json", {"If-None-Match": branded.header("ETag")}).status == 304


def test_parts_are_named_by_the_public_path(servers):
    """Of the configured base URI: path only, so that scheme and host are those that the reader came by."""
    text = is_html(servers.get("/public/tiff/"))
    assert 'src="/a%20b/pages/app.js"' in text and "images.example.org" not in text
    assert servers.get("/public/tiff").header("Location") == "https://images.example.org/a%20b/tiff/"


@pytest.mark.parametrize("prefix", ["/a'><b>/", "/it's & more/", "/{{endpoint}}/"])
@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_a_prefix_cannot_become_html(kind, prefix, images):
    """As it stands in the request, in whichever spelling; an administrator may call a location anything."""
    with make(kind, endpoints=[Endpoint(prefix, images, ON)]) as server:
        for spelled in (quote(prefix), quote(prefix, safe="/'&{}")):
            answer = server.get(spelled)
            if answer.status == 400:
                continue
            text = answer.text()
            assert answer.status == 200 and "<b>" not in text and "{{" not in text.replace("{{endpoint}}/pages", "")
            places = re.findall(r'(?:src|href|content)="([^"]*)/pages/', text)
            assert len(places) >= 3 and all(not set(place) & set("<>' ") for place in places), places


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_kinds_for_the_log(kind, images):
    expected = {"/iiif/tiff/": "page", "/iiif/pages/mosaic.html": "page", "/iiif/nowhere/": "page",
        "/iiif/pages/app.js": "asset",
                "/iiif/pages/site.json": "asset"}
    with make(kind, endpoints=[Endpoint("/iiif/", images, ON)]) as server:
        for path in expected:
            server.get(path)
        wait_for(lambda: sum("GET /iiif" in line for line in server.access()) == len(expected), 5,
            "all lines of the log")
        found = dict(re.search(r'kind=(\w+) .*"GET (\S+) ',
            line).groups()[::-1] for line in server.access() if "GET /iiif" in line)
        assert found == expected


def test_access_rules_hold(images):
    deny = {"nginx": "deny all;", "httpd": "Require all denied"}
    for kind in ("nginx", "httpd-event"):
        with make(kind, endpoints=[Endpoint("/iiif/", images, ON, extra=deny)]) as server:
            for path in ("", "tiff/", "pages/app.js", "pages/site.json"):
                assert server.get(f"/iiif/{path}").status == 403


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
@pytest.mark.parametrize("change", ["pages_directory", "presentation"])
def test_what_pages_need_is_said_at_start(kind, change, images, tmp_path):
    wrong = {"pages_directory": str(tmp_path), "presentation": "off"}[change]
    server = make(kind, endpoints=[Endpoint("/iiif/", images, {**ON, change: wrong})], start=False)
    try:
        code, said = server.check()
        wanted = {"pages_directory": ["index.html", str(tmp_path)], "presentation": ["presentation", "opt_in"]}[change]
        assert code != 0 and all(word in said for word in wanted), said
    finally:
        server.discard()
