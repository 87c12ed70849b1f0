# SPDX-License-Identifier: Apache-2.0
"""Runs the table, and says of every answer what holds for all of them."""
import pytest
import table
from support.cluster import BASE
from support import pixels


def check_every(answer, target, error_is_ours=True):
    """What holds for every answer of an endpoint."""
    # I3-HTTP-04: on all responses, errors and redirects too.
    assert answer.header("Access-Control-Allow-Origin") == "*", target
    if answer.status >= 400 and error_is_ours:
        # IX-HTTP-11: human readable.
        assert answer.header("Content-Type").startswith("text/plain"), target
        assert answer.header("X-Content-Type-Options") == "nosniff"


def check_sentence(answer):
    text = answer.text()
    assert text.endswith(".\n") and text.count("\n") == 1 and text[0].isupper(), f"no sentence: {text!r}"
    assert 15 < len(text) < 600, text
    assert "/tmp" not in text and "/srv" not in text and "/home" not in text, f"a path of the server: {text}"


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: row.id)
def test_row(cluster, row):
    if row.own:
        for answer in cluster.ask_each(row.target, row.headers, row.method).values():
            assert answer.status == row.status
            assert answer.header("Content-Type", "").startswith("text/")
        return
    answer = cluster.ask(row.target, row.headers, row.method)
    assert answer.status == row.status, f"{row.target}: {answer.body[:300]!r}"
    check_every(answer, row.target)
    if row.method == "HEAD":
        assert answer.body == b""
        assert_same_as_get(answer, cluster.ask(row.target, row.headers, "GET"))
    elif row.status >= 400:
        check_sentence(answer)
    if row.type:
        assert answer.header("Content-Type") == row.type
    for name, value in row.expect.items():
        assert answer.header(name) == value
    if row.says:
        assert row.says in answer.text().lower() or row.says in answer.text(), answer.text()
    assert (answer.header("Vary") is not None) == row.vary, f"Vary: {answer.header('Vary')}"
    if row.vary:
        assert "accept" in answer.header("Vary").lower()
    if row.size:
        assert answer.image().size == row.size
    if row.canonical:
        # Identifier and all that is before it as in the request, on the host that was asked.
        head = row.target.partition("?")[0].rsplit("/", 4)[0]
        assert answer.links()["canonical"].startswith(f"{BASE}/")
        assert answer.links()["canonical"].endswith("/" + row.canonical), answer.links()
        assert answer.links()["canonical"].count("/") == (BASE + head + "/" + row.canonical).count("/")
    if row.type in ("image/avif", "application/pdf"):
        assert pixels.decoded(answer).shape[:2] == (200, 300)


def assert_same_as_get(head, get):
    """RFC 9110, 9.3.2: the headers of GET; Content-Length may be left out."""
    assert head.status == get.status
    for name in ("Content-Type", "ETag", "Last-Modified", "Link", "Location", "Cache-Control", "Vary",
                 "Access-Control-Allow-Origin", "Content-Disposition"):
        assert head.header(name) == get.header(name), name
    assert head.header("Content-Length") in (None, str(len(get.body)))


@pytest.mark.parametrize("target", [f"/iiif/3/{name}{rest}" for name in table.TRAVERSAL
                                    for rest in ("/info.json", "/full/max/0/default.png", "")])
def test_traversal(cluster, target):
    """IX-URI-13: 400, 403, 404 or, for what is no image, 500 or 501; never what lies outside."""
    for kind, answer in cluster.ask_each(target).items():
        allowed = (400, 403, 404, 500, 501)
        if target.startswith("/iiif/3/chart.png%00") or target.startswith("/iiif/3/A"):
            allowed = (400, 404, 414)
        if target.startswith("/iiif/3/chart.png%2F"):
            allowed = (400, 404)
        assert answer.status in allowed, f"{kind}: {answer.status} {answer.headers}"
        assert b"SECRET" not in answer.body and b"root:" not in answer.body
        assert answer.header("X-Evil") is None
        assert not answer.body.startswith((b"\x89PNG", b"\xff\xd8"))


def test_preflight_names_what_was_asked(cluster):
    """I3-HTTP-03: Allow-Headers includes the requested ones, and the usual ones when none were."""
    target = table.V3 + table.SMALL + "/info.json"
    answer = cluster.ask(target, table.PREFLIGHT, "OPTIONS")
    allowed = {name.strip().lower() for name in answer.header("Access-Control-Allow-Headers").split(",")}
    assert {"authorization", "x-custom"} <= allowed
    answer = cluster.ask(target, {"Origin": "https://viewer.example",
                         "Access-Control-Request-Method": "GET"}, "OPTIONS")
    allowed = {name.strip().lower() for name in answer.header("Access-Control-Allow-Headers").split(",")}
    assert {"authorization", "accept", "content-type"} <= allowed


def test_encoding_does_not_change_bytes(cluster):
    """IX-URI-09, IX-URI-10, IX-URI-14."""
    plain = cluster.get("/iiif/3/cases%2F600x400.png/full/^!300,300/0/default.jpg")
    assert plain.status == 200
    for target in ("/iiif/3/%63ases%2f600x400.png/%66ull/%5E%21300%2c300/%30/default%2Ejpg",
    "/iiif/3/cases/600x400.png/full/^!300,300/0/default.jpg?x=1",
     "/iiif/%33/cases%2F600x400.png/full/%5e!300,300/0/default.jpg"):
        assert cluster.get(target).body == plain.body, target


@pytest.mark.parametrize("host", ["images.example.org:8080", "images.example.org", "[::1]:8080"])
def test_host_names_the_service(cluster, host):
    """IX-CAN-06: scheme, host and port of the request make the id."""
    answer = cluster.get(f"{table.V3}{table.SMALL}/info.json", {"Host": host})
    assert answer.json()["id"] == f"http://{host}/iiif/3/{table.SMALL}"


def test_strange_hosts_do_no_harm(cluster):
    for host in ("evil\"><script>", "a/b", "user@host", ""):
        for answer in cluster.ask_each(f"{table.V3}{table.SMALL}/info.json", {"Host": host}).values():
            assert answer.status in (200, 400)
            assert b"<script>" not in answer.body
