# SPDX-License-Identifier: Apache-2.0
"""A real browser walks through the pages, on both servers; screenshots are kept in build/browser.

With IIIF_PAGES_FIXTURES=1 the Manifests and Collections of the folders come from fixtures.py, not from the server."""
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import fixtures
import pytest
from support import paths
from support.directives import table
from support.servers import KINDS, Endpoint, make

REPOSITORY = Path(__file__).resolve().parents[2]
ARTEFACTS = REPOSITORY / "build/browser"
PREFIX = "/iiif"


@pytest.fixture(scope="module", name="served", params=[kind for kind in KINDS if kind != "httpd-prefork"])
def pages_of_a_folder(request):
    folder = Path(tempfile.mkdtemp(prefix="iiif-pages-"))
    folder.chmod(0o755)
    try:
        made = fixtures.make(folder)
        on = {"pages": "on", "pages_directory": str(paths.PAGES), "pages_name": "Example Library",
            "pages_colour": "7a1f3d"}
        if "presentation" in table():
            on["presentation"] = "on"
        with make(request.param, endpoints=[Endpoint(f"{PREFIX}/", folder, on)]) as server:
            yield request.param, server, made
    finally:
        shutil.rmtree(folder)


def walk(served, *steps):
    kind, server, made = served
    base = server.base + PREFIX
    routes = fixtures.special(base, made)
    if os.environ.get("IIIF_PAGES_FIXTURES"):
        routes |= fixtures.generated(base, made)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    config = server.folder / "walk.json"
    config.write_text(json.dumps({"endpoint": base, "origin": server.base, "steps": steps,
        "shots": str(ARTEFACTS / f"pages-{kind}"),
                                  "routes": {base + path: document for path, document in routes.items()}}))
    done = subprocess.run(["node", Path(__file__).with_name("pages.mjs"), config], capture_output=True, text=True,
        timeout=600,
                          env={**os.environ,
                              "IIIF_BROWSER_MODULES": str(ARTEFACTS)}, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["problems"] == []
    assert [one for one in seen["requests"] if one["status"] not in (200, 303, 304)] == []
    own = (server.base, "data:", "blob:")
    others = [one["url"] for one in seen["requests"] if not one["url"].startswith(own)]
    assert others == [], "a request to somebody else"
    assert seen["accessibility"] == []
    return seen["tried"]


def test_a_wall_leads_to_collections_and_objects(served):
    tried = walk(served, "wall")
    assert tried["cards"] == 2 and tried["skip"] == "skip" and tried["overflow"] <= 0
    assert tried["crumbs"] == ["Maps"]
    assert "coast" in tried["title"].lower()


def test_an_object_and_the_links_to_take_away(served):
    tried = walk(served, "object")
    assert tried["pages"] == 6 and tried["position"].startswith("Page 3 of 6") and tried["focus"] == "page"
    assert [one["status"] for one in tried["fetched"]] == [200] * 3, tried["fetched"]
    assert tried["fetched"][1]["type"] == tried["fetched"][2]["type"] == "image/jpeg"
    copied = tried["copied"]
    assert copied["manifest"].endswith("/Letters/manifest.json") and "Letters%2F03.jpg" in copied["image"]
    assert re.search(r"Letters%2F03\.jpg/\d+,\d+,\d+,\d+/", copied["region"]), copied
    assert "/Letters/?iiif-content=" in copied["view"] and "/Letters/" in copied["citation"]
    assert tried["opened"]["position"] == tried["position"]
    for side in ("x", "y"):
        size = {"x": "width", "y": "height"}[side]
        middles = [bounds[side] + bounds[size] / 2 for bounds in (tried["bounds"], tried["opened"]["bounds"])]
        assert abs(middles[0] - middles[1]) < 0.05, tried


def test_dark_still_and_in_other_languages(served):
    tried = walk(served, "dark")
    assert tried["lang"] == "cy" and tried["german"] == 1


def test_images_are_compared(served):
    tried = walk(served, "compare")
    half, closed, opened, faint = tried["curtain"]
    assert 0 < half["clip"] < half["width"] and half["opacity"] == 1
    assert closed["opacity"] == 0
    assert opened["clip"] == opened["width"] and opened["opacity"] == 1
    assert 0 < faint["clip"] < faint["width"] and abs(faint["opacity"] - 0.7) < 0.01
    assert tried["layers"] == 3


def test_a_mosaic_sharpens_and_leads_on(served):
    assert walk(served, "mosaic")["mosaic"] == 6


def test_mirador_opens_both_versions(served):
    tried = walk(served, "mirador")
    assert "error" not in (tried["mirador3"] + tried["mirador2"]).lower()


def test_the_viewer_opens_the_older_version(served):
    tried = walk(served, "older")
    assert tried["older"]["pages"] == 6


def test_what_is_not_there(served):
    tried = walk(served, "missing")
    assert tried["missing"]["status"] == 404 and "nothing at this address" in tried["missing"]["text"]


def test_what_strangers_write_stays_text(served):
    hostile = walk(served, "hostile")["hostile"]
    assert hostile["hacked"] is None and hostile["scripts"] == 0 and hostile["links"] == []
    assert hostile["heading"] == fixtures.HOSTILE and hostile["bold"] >= 1


def test_several_images_on_a_canvas(served):
    tried = walk(served, "choice")
    assert tried["choice"] == [[1, 0], [0, 1]]
    assert sorted(round(x, 2) for x in tried["spread"]) == [0, 0.5]


def test_thousands_of_items(served):
    tried = walk(served, "many")
    assert tried["filtered"] == ["Item 4999 of many"]
    assert tried["usable"] < 5000 and tried["pictures"] < 5, tried


def test_functions_of_the_pages():
    """Content State, the older version, what is kept of HTML: pages/test, by Node's own runner."""
    tests = sorted((REPOSITORY / "pages/test").glob("*.test.mjs"))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, timeout=300,
        stdin=subprocess.DEVNULL, check=False,
                          env={**os.environ, "IIIF_BROWSER_MODULES": str(ARTEFACTS)})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
