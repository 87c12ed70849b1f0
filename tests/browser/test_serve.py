# SPDX-License-Identifier: Apache-2.0
"""scripts/serve without a browser: how it ends, what it says of mistakes, names of files that are not UTF-8."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from support.servers import free_port, heed_interrupts, wait_for
from test_zoom import processes_of

REPOSITORY = Path(__file__).resolve().parents[2]
ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}


def serve(*words):
    return [str(REPOSITORY / "scripts/serve"), *map(str, words)]


@pytest.fixture(name="folder")
def folder_of_images(tmp_path):
    # pytest's folders are closed to the account that the server's workers run as.
    for place in (tmp_path, *tmp_path.parents):
        if place == Path(tempfile.gettempdir()):
            break
        place.chmod(0o755)
    folder = tmp_path / "images"
    (folder / "a b").mkdir(parents=True)
    Image.new("RGB", (300, 200), "teal").save(folder / "a b" / "it's.png")
    with open(os.fsencode(folder) + b"/b\xfcrger.png", "wb") as file:
        Image.new("RGB", (300, 200), "navy").save(file, "PNG")
    return folder


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("number", ENDINGS, ids=lambda number: number.name)
@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_nothing_is_left(server, number, folder, tmp_path):
    """Ctrl-C, kill, a closed terminal, and a kill that leaves no time to clean up."""
    said = tmp_path / "said"
    port = free_port()
    with said.open("w") as out:
        process = subprocess.Popen(serve("--server", server, "--port", port, "--set", "jpeg_quality=70",
                                         "--set", 'part_of=https://example.org/c Collection "Two words"', folder),
                                   stderr=out, start_new_session=True, preexec_fn=heed_interrupts)
    try:
        found = wait_for(lambda: process.poll() is not None or re.search(r"log\s+(/\S+)/error\.log", said.read_text()),
                         600, lambda: said.read_text())
        assert process.poll() is None, said.read_text()
        place, base = found[1], f"http://127.0.0.1:{port}"
        images = json.loads(fetch(f"{base}/images.json")[1])
        assert sorted(image["id"] for image in images) == ["a%20b%2Fit%27s.png", "b%FCrger.png"]
        for image in images:
            status, body = fetch(f"{base}/iiif/3/{image['id']}/info.json")
            assert status == 200 and json.loads(body)["partOf"][0]["label"] == {"none": ["Two words"]}
            assert fetch(f"{base}/iiif/2/{image['id']}/full/100,/0/default.jpg")[1].startswith(b"\xff\xd8")
    finally:
        process.send_signal(number)
        code = process.wait(30)
    assert code == ENDINGS[number], said.read_text()
    wait_for(lambda: not processes_of(place), 20, lambda: processes_of(place))
    wait_for(lambda: not any(Path(place).rglob("tiles")), 20, "the renderers' sockets are gone")
    assert number == signal.SIGKILL or not Path(place).exists()


@pytest.mark.parametrize("words,sentence", [
    (["/nonexistent/folder"], "/nonexistent/folder is no folder"),
    (["--set", "max_widht=1"], "expected NAME=VALUE with one of the names"),
    (["--set", "max_width"], "expected NAME=VALUE"),
    (["--set", "root=/"], "set by scripts/serve itself"),
    (["--set", 'see_also=https://example.org/ "Dataset'], "a quotation mark is not closed"),
    (["--port", "0"], "allowed is a number from 1 to 65535"),
    (["--server", "iis"], "choose from 'nginx', 'apache'"),
])
def test_mistakes(words, sentence):
    done = subprocess.run(serve(*words), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("server,directive", [("nginx", "iiif_max_width"), ("apache", "IIIFMaxWidth")])
def test_a_value_the_server_refuses(server, directive, folder):
    done = subprocess.run(serve("--server", server, "--set", "max_width=wide", folder), capture_output=True, text=True,
                          timeout=600, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and directive in done.stderr and "wide" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(serve("--port", port, folder), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and f"Port {port} cannot be used" in done.stderr, done.stderr
