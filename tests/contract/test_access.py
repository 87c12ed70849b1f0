# SPDX-License-Identifier: Apache-2.0
"""The server's own access control guards endpoints, whatever the path is encoded as."""
import base64

import pytest
from support.servers import KINDS, Endpoint, make

SPELLINGS = [
    "/denied/3/chart.png/info.json",
    "/denied/3/chart.png/full/50,/0/default.jpg",
    "/denied/3/chart.png",
    "/%64enied/3/chart.png/info.json",
    "/denied/3/cases%2F600x400.png/info.json",
    "/denied/%33/chart.png/info.json",
    "/denied/3/%63hart.png/info.json",
    "/denied//3/chart.png/info.json",
    "//denied/3/chart.png/info.json",
    "/iiif/../denied/3/chart.png/info.json",
    "/./denied/3/chart.png/info.json",
    "/denied/./3/chart.png/info.json",
    "/iiif/%2e%2e/denied/3/chart.png/info.json",
     "/denied/3/x/../chart.png/info.json"]


@pytest.mark.parametrize("target", SPELLINGS)
def test_denied(cluster, target):
    """Never a picture nor an info.json; 403 for what lies beneath the endpoint, 400 or 404 for paths that do not."""
    for kind, answer in cluster.ask_each(target).items():
        odd = "//" in target or "/./" in target or ".." in target or "%2e" in target
        assert answer.status == 403 or (odd and answer.status in (400, 404)), f"{kind} {target}: {answer.status}"
        assert b"ImageService3" not in answer.body and not answer.body.startswith(b"\xff\xd8")
        if answer.status == 403:
            assert answer.header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("target", ["/denied/3/chart.png/info.json", "/%64enied/3/cases%2F600x400.png/info.json"])
def test_denied_head(cluster, target):
    for answer in cluster.ask_each(target, method="HEAD").values():
        assert (answer.status, answer.body) == (403, b"")


@pytest.mark.parametrize("spelling",
    ["/iiif/3/../../denied/3/chart.png/info.json",
    "/iiif/3/..%2F..%2Fdenied%2F3%2Fchart.png/info.json",
     "/iiif/3/x/../../../denied/3/chart.png/full/50,/0/default.jpg"])
def test_no_way_around_through_another_endpoint(cluster, spelling):
    for kind, answer in cluster.ask_each(spelling).items():
        assert answer.status in (400, 403, 404), f"{kind}: {answer.status}"


def test_password(cluster):
    """401 with a challenge and CORS; with the password everything works; a preflight needs none (I3-HTTP-03)."""
    secret = {"Authorization": "Basic " + base64.b64encode(b"reader:password").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"reader:guess").decode()}
    for target in (
    "/password/3/chart.png/info.json",
    "/password/3/chart.png/full/50,/0/default.jpg",
    "/password/3/chart.png",
    "/%70assword/3/cases%2F600x400.png/info.json",
     "/password/3/nowhere/info.json"):
        for headers in ({}, wrong):
            for kind, answer in cluster.ask_each(target, headers).items():
                assert answer.status == 401, kind
                assert "Basic" in answer.header("WWW-Authenticate")
                assert answer.header("Access-Control-Allow-Origin") == "*", kind
    assert cluster.get("/password/3/chart.png/info.json", secret).json()["width"] == 1100
    assert cluster.get("/password/3/chart.png/full/50,/0/default.jpg", secret).image().size[0] == 50
    assert cluster.get("/password/3/chart.png", secret).status == 303
    assert cluster.get("/password/3/nowhere/info.json", secret).status == 404


def test_preflight_needs_no_password(cluster):
    """I3-HTTP-03: browsers send no credentials with it."""
    preflight = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET",
                 "Access-Control-Request-Headers": "authorization"}
    answer = cluster.ask("/password/3/chart.png/info.json", preflight, "OPTIONS")
    assert answer.status == 204
    assert "authorization" in answer.header("Access-Control-Allow-Headers").lower()


def test_conditional_request_needs_the_password_too(cluster):
    for answer in cluster.ask_each("/password/3/chart.png/info.json", {"If-None-Match": "*"}).values():
        assert answer.status == 401


@pytest.fixture(scope="module", params=["nginx", "httpd-event"])
def ruled(request, images):
    """Rules that read what a request asks for: small images are free, the rest is not."""
    rules = {
        "nginx": {"http": "map $iiif_kind $closed { default 0; full 1; region 1; }",
                  "extra": "if ($closed) { return 403; } add_header X-Identifier $iiif_identifier always;"},
        "httpd": {"http": "", "extra": """
            <RequireAny>
                Require expr "! reqenv('IIIF_KIND') in { 'full', 'region' }"
                Require expr "reqenv('IIIF_KIND') == ''"
            </RequireAny>
            Header always set X-Identifier "expr=%{reqenv:IIIF_IDENTIFIER}"
            """},
    }[request.param.partition("-")[0]]
    endpoint = Endpoint("/iiif/", images, extra=rules["extra"])
    with make(request.param, endpoints=[endpoint], http=rules["http"]) as server:
        yield server


def test_rules_by_kind(ruled):
    """The fields of a request are known before the access phase ends, for logs, maps and rules."""
    for request, status in (("info.json", 200), ("full/50,/0/default.jpg", 200), ("0,0,256,256/256,256/0/default.jpg",
                            200), ("full/max/0/default.jpg", 403), ("pct:0,0,90,90/max/0/default.jpg", 403)):
        answer = ruled.get(f"/iiif/3/chart.png/{request}")
        assert answer.status == status, request
        assert answer.header("Access-Control-Allow-Origin") == "*"
    answer = ruled.get("/iiif/3/ark:%2F12025%2F654xz321.png/info.json")
    assert answer.header("X-Identifier") == "ark:/12025/654xz321.png"


def test_access_log(ruled):
    """What was asked and how it was served stands in the access log."""
    ruled.get("/iiif/3/chart.png/full/51,/0/default.jpg")
    ruled.get("/iiif/3/nowhere/info.json")

    def logged(part):
        return [line for line in ruled.access() if part in line][-1]

    line = logged("/full/51,/")
    assert "kind=thumbnail" in line and "served=render" in line
    line = logged("/nowhere/info.json")
    assert "kind=info" in line and line.startswith("404")


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_are_left_alone(kind, images):
    """What is not beneath an endpoint is the server's as ever, `iiif off` inside an endpoint too."""
    endpoints = [Endpoint("/iiif/", images), Endpoint("/iiif/static/", None, {"iiif": "off"}, on=False)]
    with make(kind, endpoints=endpoints) as server:
        assert server.get("/hello.txt").body == b"hello\n"
        assert server.get("/hello.txt").header("Access-Control-Allow-Origin") is None
        assert server.get("/nowhere").status == 404
        assert server.get("/nowhere").header("Access-Control-Allow-Origin") is None
        assert server.get("/iiifx/3/chart.png/info.json").status == 404
        assert server.get("/iiifx/3/chart.png/info.json").header("Access-Control-Allow-Origin") is None
        assert server.get("/iiif/static/x").status == 404
        assert server.get("/iiif/3/chart.png/info.json").status == 200
