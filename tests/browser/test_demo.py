# SPDX-License-Identifier: Apache-2.0
"""scripts/demo as a person uses it: three servers, and a real browser that goes wherever it is sent by what is printed.
Screenshots are kept in build/browser."""
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from support.servers import free_port, heed_interrupts
from test_zoom import family, processes_of

REPOSITORY = Path(__file__).resolve().parents[2]
ARTEFACTS = REPOSITORY / "build/browser"
PRINTED = re.compile(r"^  (\S.*?)  +((?:http:/)?/\S+)$", re.M)  # addresses and a folder; not how far it has come
ADDRESSES = {"begin here", "museum (nginx)", "archive (httpd)", "national collection", "below the paint",
             "details of a painting", "one chart, six sheets", "Mirador, side by side", "connected collections"}


@pytest.fixture(scope="module", name="seen")
def what_a_visitor_saw(tmp_path_factory):
    """Of a running scripts/demo; everything is gone afterwards."""
    said = tmp_path_factory.mktemp("demo") / "said"
    with said.open("w") as out:
        # From 8080 on, others look for ports at the same time.
        process = subprocess.Popen([REPOSITORY / "scripts/demo", "--port", str(free_port())], stderr=out, stdin=subprocess.DEVNULL,
                                   start_new_session=True, preexec_fn=heed_interrupts)
    place = None
    try:
        deadline = time.monotonic() + 1200  # it may have to build, and to paint
        while "folders and logs" not in said.read_text():
            assert process.poll() is None and time.monotonic() < deadline, said.read_text() + family(process.pid)
            time.sleep(0.2)
        printed = dict(PRINTED.findall(said.read_text()))
        place = printed.pop("folders and logs")
        assert set(printed) == ADDRESSES
        yield walk(printed, Path(place))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # what a terminal's Ctrl-C sends
        code = process.wait(60)
    assert code == 130, said.read_text()
    assert not Path(place).exists()
    deadline = time.monotonic() + 10
    while left := processes_of(place):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def walk(printed, place):
    origins = {site: re.match(r"http://[^/]+", printed[name])[0] for site, name in
               (("national", "begin here"), ("museum", "museum (nginx)"), ("archive", "archive (httpd)"))}
    assert len(set(origins.values())) == 3
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    config = place / "walk.json"
    config.write_text(json.dumps({**origins, "printed": printed, "shots": str(ARTEFACTS / "demo")}))
    done = subprocess.run(["node", Path(__file__).with_name("demo.mjs"), config], capture_output=True, text=True, timeout=900,
                          env={**os.environ, "IIIF_BROWSER_MODULES": str(ARTEFACTS)}, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "sites": origins}


def test_nothing_fails_and_nobody_else_is_asked(seen):
    assert seen["problems"] == []
    assert [one for one in seen["requests"] if one["status"] not in (200, 303, 304)] == []
    assert seen["origins"] == []
    assert {site for site in seen["sites"].values() if any(one["url"].startswith(site) for one in seen["requests"])} == \
        set(seen["sites"].values())


def test_everybody_can_use_it(seen):
    assert seen["accessibility"] == []


def test_the_landing_page_leads_everywhere(seen):
    national = seen["sites"]["national"]
    for page in ("/iiif/", "/details.html", "/iiif/pages/compare.html?", "/iiif/pages/mosaic.html?", "/iiif/pages/mirador.html?"):
        assert any(link.startswith(national + page) for link in seen["tried"]["links"]), page
    assert seen["tried"]["overflow"] <= 0


def test_institutions_differ(seen):
    assert len(seen["tried"]["museum (nginx)"]) == 3 and len(seen["tried"]["archive (httpd)"]) == 4
    assert not set(seen["tried"]["museum (nginx)"]) & set(seen["tried"]["archive (httpd)"])


def test_one_browses_across_institutions(seen):
    tried = seen["tried"]
    assert len(tried["wall"]) == 4
    assert tried["holdings"] == ["Aberwen Museum", "Norderau Town Archive"]
    assert tried["painting"]["url"].startswith(seen["sites"]["national"]) and "Catrin Morgan" in tried["painting"]["text"]


def test_each_page_says_whose_it_is(seen):
    """Painting in four lights, study, letter: rights, required statement and provider of each are its institution's."""
    museum, archive = seen["sites"]["museum"], seen["sites"]["archive"]
    pages = seen["tried"]["gathered"]
    assert [page["logos"] for page in pages] == [[f"{museum}/logo.svg"]] * 4 + [[f"{archive}/logo.svg"]] * 2
    licences = [page["licences"][0].split("creativecommons.org/")[1] for page in pages]
    assert licences == ["licenses/by/4.0/"] + ["licenses/by-nc/4.0/"] * 3 + ["publicdomain/mark/1.0/"] * 2
    for at, words in enumerate(["Aberwen Museum", *["Conservation laboratory"] * 3, *["Stadtarchiv Norderau"] * 2]):
        assert words in pages[at]["text"], pages[at]


def test_techniques_lie_under_curtains(seen):
    curtains = seen["tried"]["curtains"]
    first, drawn = curtains["first"], curtains["drawn"]
    assert curtains["captions"] == ["Study", "X-ray", "Infrared", "Visible light"]
    shares = [layer["share"] for layer in first]
    assert shares[0] == 1 and all(abs(share - at / 4) < 0.03 for share, at in zip(shares, (4, 3, 2, 1))), shares
    # They register: one and the same place for all.
    for side in ("x", "y", "width", "height"):
        assert max(layer["bounds"][side] for layer in first) - min(layer["bounds"][side] for layer in first) < 1e-6
    assert drawn[3]["share"] == 1 and drawn[2]["share"] == shares[2]


def test_details_open_at_their_place(seen):
    found = seen["tried"]["details"]
    assert len(found) == 6
    for detail in found[:3]:  # 560,820,1180,760 of 3000 pixels, in the middle of what is in view
        view = detail["view"]
        assert abs(view["x"] + view["width"] / 2 - 1150 / 3000) < 0.02 and abs(view["y"] + view["height"] / 2 - 1200 / 3000) < 0.02
        assert view["width"] < 0.9
    assert [detail["title"].split(" – ")[0] for detail in found] == [
        "Harbour at Dusk", "Harbour at Dusk", "Harbour at Dusk", "Study for Harbour at Dusk", "Letters to Anna", "Harbour at Dusk"]
    assert "Infrared" in found[1]["position"] and "X-ray" in found[2]["position"]


def test_sheets_of_two_institutions_make_one_chart(seen):
    assert seen["tried"]["mosaic"] == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]
    sheets = [one["url"] for one in seen["requests"] if re.search(r"(sheet|blatt)-\d\.jpg/", one["url"])]
    for number, site in ((1, "museum"), (2, "museum"), (3, "archive"), (4, "archive"), (5, "museum"), (6, "archive")):
        assert any(url.startswith(seen["sites"][site]) and f"-{number}.jpg/" in url for url in sheets), number


def test_mirador_opens_windows_at_their_pages_and_lists_collections(seen):
    windows = seen["tried"]["mirador"]
    for title, page in (("Harbour at Dusk", "3 of 4"), ("Study for Harbour at Dusk", ""), ("Letters to Anna", "4 of 5")):
        assert any(window.startswith(title) or title in window and page in window for window in windows), windows
    listed = seen["tried"]["collections"]
    for name in ("National Collection of the Sound", "Aberwen Museum", "Norderau Town Archive"):
        assert name in listed
    assert "Letters to Anna" in seen["tried"]["chosen"]


@pytest.mark.parametrize("words,sentence", [
    (["--port", "0"], "allowed is a number from 1 to 65535"),
    (["--port", "65534"], "3 ports are needed from there on, and the last one is 65535"),
    (["--port", "http"], "invalid int value: 'http'"),
    (["--prot", "8080"], "unrecognized arguments: --prot 8080"),
])
def test_mistakes(words, sentence):
    done = subprocess.run([REPOSITORY / "scripts/demo", *words], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_a_port_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run([REPOSITORY / "scripts/demo", "--port", str(port)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2 and f"Port {port} cannot be used" in done.stderr, done.stderr
