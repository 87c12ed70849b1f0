# SPDX-License-Identifier: Apache-2.0
"""scripts/serve as a person uses it, and a real browser that zooms into everything it shows."""
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.servers import free_port, heed_interrupts

REPOSITORY = Path(__file__).resolve().parents[2]
TILE = re.compile(r"/iiif/3/[^/]+/(full|\d+,\d+,\d+,\d+)/[^/]+/0/default\.jpg$")


@pytest.fixture(scope="module", params=["nginx", "apache"])
def served(request, tmp_path_factory):
    """(kind of server, base URL) of a running scripts/serve; everything is gone afterwards."""
    said = tmp_path_factory.mktemp("serve") / "said"
    with said.open("w") as out:
        process = subprocess.Popen([REPOSITORY / "scripts/serve", "--server", request.param, "--set", "max_width=20000",
                                    "--port", str(free_port())],
                                   stderr=out, start_new_session=True, preexec_fn=heed_interrupts)
    deadline = time.monotonic() + 900  # it may have to build, and to make the sample
    while not (place := re.search(r"log\s+(/\S+)/error\.log", said.read_text())):
        assert process.poll() is None and time.monotonic() < deadline, said.read_text() + family(process.pid)
        time.sleep(0.1)
    place = Path(place[1])
    base = re.search(r"zoom\s+(http://127\.0\.0\.1:\d+)/", said.read_text())[1]
    yield request.param, base

    os.killpg(process.pid, signal.SIGINT)  # what a terminal's Ctrl-C sends
    assert process.wait(30) == 130, said.read_text()
    assert not place.exists()
    deadline = time.monotonic() + 10
    while left := processes_of(place):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def family(session):
    """What a serve that is not ready is waiting for: the processes of its session, and where each sleeps."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(stat[3]) == session:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                lines.append(f"{folder.name} of {stat[1]}, {stat[0]} in {(folder / 'wchan').read_text()}: {words}")
        except OSError:
            continue  # it has ended
    return "\n".join(lines)


def processes_of(place):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(place) in words:
            found.append(words)
    return found


def test_every_image_zooms_to_its_deepest_level(served, tmp_path):
    kind, base = served
    artefacts = REPOSITORY / "build/browser"
    env = {**os.environ, "IIIF_BROWSER_MODULES": str(artefacts)}
    done = subprocess.run(["node", Path(__file__).with_name("zoom.mjs"), f"{base}/", artefacts / f"zoom-{kind}.png"],
                          capture_output=True, text=True, timeout=600, env=env, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["problems"] == []
    assert [one for one in seen["requests"] if one["status"] != 200] == []
    assert all(one["url"].startswith(base) for one in seen["requests"]), "a request to somebody else"
    tiles = [one["url"] for one in seen["requests"] if TILE.search(one["url"])]
    assert len(tiles) >= 8 * len(seen["images"])
    for image in seen["images"]:
        assert image["loaded"] == image["deepest"], image
    # Unscaled tiles have been asked for: the region is as large as the size.
    unscaled = re.compile(r"/\d+,\d+,(\d+),(\d+)/\1,\2/0/")
    for image in seen["images"]:
        assert any(image["id"] in url and unscaled.search(url) for url in tiles), image
