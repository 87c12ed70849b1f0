# SPDX-License-Identifier: Apache-2.0
"""iiifctl validate, against both servers, which it has to find nothing wrong with, and against one that errs."""
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support import http, paths
from support.servers import free_port, make

PROGRAM = paths.BUILD / "common/ctl/iiifctl"


def validate(url, *options, code=0):
    done = subprocess.run([str(PROGRAM), "validate", *options, url], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(name="server", params=["nginx", "httpd-event"])
def started(request, images):
    limited = {"max_width": "500", "upscaling": "on"}
    with make(request.param, images, limited) as server:
        yield server


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("identifier", ["chart.png", "tiff%2Fpyramid-jpeg-ycbcr.tif", "cases%2F6000x4000.tif"])
def test_nothing_is_wrong_with_ours(server, version, identifier):
    said = validate(f"{server.base}/iiif/{version}/{identifier}/info.json", "-v")
    counts = re.search(r"Image API (\S+): (\d+) of (\d+) claims hold; 0 that must and 0 that should do not", said)
    assert counts and counts[1] == {"2": "2.1", "3": "3.0"}[version], said
    assert int(counts[2]) == int(counts[3]) > 45, said


def test_no_server_and_no_url():
    assert "No image service" in validate(f"http://127.0.0.1:{free_port()}/iiif/3/a", code=1)
    validate("images/a.tif", code=2)


class Erring:
    """Passes requests on to a real server, and changes what `mistake` says of its answers."""

    def __init__(self, server, mistake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
                headers["Host"] = f"127.0.0.1:{self.server.server_port}"
                answer = http.request(server.port, self.command, self.path, headers)
                status, kept, body = mistake(self.path, answer.status, dict(answer.headers), answer.body)
                self.send_response(status)
                for name, value in kept.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_OPTIONS = pass_on

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def changed_info(**changes):
    def change(path, status, headers, body):
        if path.endswith("/info.json") and status == 200:
            info = json.loads(body)
            info.update(changes)
            body = json.dumps({key: value for key, value in info.items() if value is not None}).encode()
        return status, headers, body
    return change


def answer_to(part, status=200, headers=None, body=None):
    def change(path, old_status, old_headers, old_body):
        if part not in path:
            return old_status, old_headers, old_body
        return status, {**old_headers, **(headers or {})}, old_body if body is None else body
    return change


MISTAKES = {
    "nothing": (lambda *answer: answer[1:], None, 0),
    "no JSON": (answer_to("info.json", body=b"<html>"), "info.json is a JSON object", 1),
    "another context": (changed_info(**{"@context": "https://iiif.io/api/image/3/context.json"}), "@context is that of", 1),
    "another id": (changed_info(id="http://elsewhere.example/a"), "id is the URI that was asked for", 1),
    "a profile of 2": (changed_info(profile="http://iiif.io/api/image/2/level2.json"), "profile is level0, level1 or level2", 1),
    "no width": (changed_info(width=None), "width and height are positive", 1),
    "another width": (changed_info(width=1200), "the last tile of scale factor", 1),
    "a size it has not": (changed_info(sizes=[{"width": 20000, "height": 10}]), "a size that is listed", 1),
    "half a size": (changed_info(sizes=[{"width": 20}]), "sizes have a width and a height", 1),
    "a format it has not": (changed_info(extraFormats=["xcf"]), "format xcf, which is promised", 1),
    "a quality it has not": (changed_info(extraQualities=["sepia"]), "quality sepia, which is promised", 1),
    "maxHeight alone": (changed_info(maxHeight=500), "maxHeight has a maxWidth", 1),
    "a part that is no array": (changed_info(partOf={"id": "a"}), "partOf is an array", 1),
    "no CORS": (answer_to("", headers={"Access-Control-Allow-Origin": "https://only.example"}),
                "may be read by viewers on other sites", None),
    "an error that is an image": (answer_to("sepia"), "an unknown quality is refused", None),
    "a picture of another size": (answer_to("/90/", body=b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04"
                                  b"\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x10\x00\x10\x00\x00\x02\x0e\x84\x8f\xa9\xcb\xed\x0f"
                                  b"\xa3\x9c\xb4\xda\x8b\xb3>\x05\x00;"), "rotation by 90", 1),
    "text for a picture": (answer_to("square", body=b"none"), "no image that can be read", 1),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(images, name):
    mistake, words, code = MISTAKES[name]
    with make("nginx", images, {}) as server, Erring(server, mistake) as erring:
        url = f"{erring.base}/iiif/3/chart.png"
        if code is None:  # something that should be
            said = validate(url)
            assert re.search(r"; 0 that must and [1-9]", said), said
        else:
            said = validate(url, code=code)
        assert words is None or words in said, said
        assert words is not None or "0 that must and 0 that should" in said, said
        told = json.loads(validate(url, "--json", code=code or 0))
        assert words is None or any(words in claim["claim"] or words in claim.get("seen", "")
                                    for claim in told["claims"] if claim["verdict"] != "fine")
