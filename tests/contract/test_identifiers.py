# SPDX-License-Identifier: Apache-2.0
"""A persistent identifier and /manifest.json lead to the object, on all servers the same."""
import os
import shutil
import tempfile
import time
from pathlib import Path

import presentation_tree as tree
import pytest
from support.cluster import BASE, Cluster
from support.servers import Endpoint, wait_for

SIDECARS = {
    "book/iiif.yaml": "ark: 12025/654xz321\ndoi: 10.1000/182\nidentifiers: [MS 28]\n"
                      "items:\n  2.png: {ark: 12025/leaf}\n  gone.png: {ark: 12025/gone, withdrawn: true}\n",
    "letters/iiif.yaml": "objects: files\nark: 12025/letters\nitems:\n  a b.png: {doi: 10.1000/Letter}\n",
    "volumes/iiif.yaml": "objects: chapters\nark: 12025/volumes\n",
    "volumes/1/metadata.csv": "file,ark\n1.png,ark:/12025/v1p1\n",
    "metadata.csv": "file,ark\nshelf,12025/shelf\nwithdrawn,12025/withdrawn\n",
    "withdrawn/iiif.yaml": "withdrawn: By request.\nlabel: Was here\n",
    "secret/iiif.yaml": "publish: false\nark: 12025/secret\n",
    "box 9/iiif.yaml": "ark: 12025/twice\n",
    "box 10/iiif.yaml": "ark: 12025/twice\n",
    "10.1000/real/iiif.yaml": "label: A real folder\n",
    "shelf/other/iiif.yaml": "doi: 10.1000/real\n",
}
IMAGES = ("book/1.png", "book/2.png", "book/gone.png", "letters/a b.png", "volumes/1/1.png", "volumes/2/1.png",
          "withdrawn/1.png", "secret/1.png", "box 9/1.png", "box 10/1.png", "10.1000/real/1.png", "shelf/other/1.png")


@pytest.fixture(scope="module", name="folder")
def tree_folder():
    with tempfile.TemporaryDirectory(prefix="iiif-identifiers-") as name:
        Path(name).chmod(0o755)
        root = Path(name) / "root"
        for image in IMAGES:
            tree.picture(root / image, image, (60, 40))
        for file, text in SIDECARS.items():
            (root / file).write_text(text)
        tree.age(root)
        yield root


@pytest.fixture(scope="module", name="site")
def identified_cluster(folder):
    nginx = "location /p/3/secret/ { deny all; }"
    httpd = '<Location "/p/3/secret/">\nRequire all denied\n</Location>'
    group = Cluster([Endpoint("/p/", folder, {"presentation": "on"}, extra={"nginx": nginx, "httpd": ""}),
                     Endpoint("/chosen/", folder, {"presentation": "opt_in"})],
                    pool={"renderers": "2"}, server={"nginx": "", "httpd": httpd})
    yield group
    group.stop()


LEADS = [
    ("ark:/12025/654xz321/manifest.json", "book/manifest.json", 200),
    ("ark:12025/654xz321/manifest.json", "book/manifest.json", 200),
    ("ark:%2F12025%2F654xz321/manifest.json", "book/manifest.json", 200),
    ("ark%3A%2F12025%2F654-xz-321/manifest.json", "book/manifest.json", 200),
    ("ark:/12025/654xz321/collection.json", "book/collection.json", 200),
    ("doi:10.1000/182/manifest.json", "book/manifest.json", 200),
    ("10.1000/182/manifest.json", "book/manifest.json", 200),
    ("10.1000%2F182/collection.json", "book/collection.json", 200),
    ("MS%2028/manifest.json", "book/manifest.json", 200),
    # What the file is: a part of the book, an object by itself, a page of a volume of an object.
    ("ark:/12025/leaf/manifest.json", "book/manifest.json", 200),
    ("ark:/12025/leaf/collection.json", "book/manifest.json", 200),
    ("10.1000/letter/manifest.json", "letters/a%20b.png/manifest.json", 200),
    ("ark:/12025/v1p1/manifest.json", "volumes/manifest.json", 200),
    # What the folder is: no Manifest, but a Collection.
    ("ark:/12025/letters/manifest.json", "letters/collection.json", 200),
    ("ark:/12025/shelf/manifest.json", "shelf/collection.json", 200),
    ("ark:/12025/volumes/manifest.json", "volumes/manifest.json", 200),
    # Tombstones.
    ("ark:/12025/withdrawn/manifest.json", "withdrawn/manifest.json", 410),
    ("ark:/12025/withdrawn/collection.json", "withdrawn/collection.json", 410),
    ("ark:/12025/gone/manifest.json", "book/gone.png/manifest.json", 410),
    # In no Collection, but found by who knows it.
    ("ark:/12025/secret/manifest.json", "secret/manifest.json", 200),
    ("ark:/12025/twice/manifest.json", "box%209/manifest.json", 200),
]


@pytest.mark.parametrize("prefix", ["/p/", "/p/3/", "/p/2/", "/chosen/"])
@pytest.mark.parametrize("asked, leads_to, status", LEADS)
def test_leads_to_the_object(site, prefix, asked, leads_to, status):
    for method in ("GET", "HEAD"):
        answer = site.ask(prefix + asked, method=method)
        assert answer.status == 303, answer.body[:300]
        assert answer.header("Location") == BASE + prefix + leads_to
        assert answer.header("Access-Control-Allow-Origin") == "*" and answer.header("Cache-Control") == "no-cache"
        assert answer.body == b"" and answer.header("ETag") is None
    if prefix == "/chosen/" and leads_to in ("letters/collection.json", "shelf/collection.json"):
        status = 404  # nobody has published what is in them
    if prefix + leads_to == "/p/3/secret/manifest.json":
        status = 403  # as the server's own rules say
    assert {answer.status for answer in site.ask_each(prefix + leads_to).values()} == {status}


def test_what_is_there_wins(site):
    answer = site.get("/p/10.1000/real/manifest.json")
    assert answer.status == 200 and answer.json()["label"] == {"none": ["A real folder"]}
    assert site.get("/p/doi:10.1000/real/manifest.json").header("Location") == BASE + "/p/shelf/other/manifest.json"


@pytest.mark.parametrize("asked", ["ark:/12025/654xz32/manifest.json", "ark:/12025/manifest.json", "10.1001/182/manifest.json",
                                   "ark:/12025/654xz321/canvas.json", "ark:/12025/654xz321/range.json",
                                   "book/ark:/12025/654xz321/manifest.json"])
def test_leads_nowhere(site, asked):
    answer = site.get("/p/" + asked)
    assert answer.status == 404 and "here" in answer.text(), answer.body[:300]


def test_the_log_says_who_claims_one_identifier(site):
    site.get("/p/ark:/12025/twice/manifest.json")
    for server in site.servers.values():
        wait_for(lambda: '"box 9" and "box 10" both claim the identifier "ark:/12025/twice"' in server.log(), 5, server.log)


def test_changes_show(site, folder):
    target, sidecar = "/p/ark:/12025/new/manifest.json", folder / "box 9/iiif.yaml"
    moved = "/p/ark:/12025/654xz321/manifest.json"

    def all_are(status, url=target):
        return all(answer.status == status for answer in site.ask_each(url).values())

    assert all_are(404)
    try:
        sidecar.write_text("identifiers: [ark:/12025/twice, ark:/12025/new]\n")
        wait_for(lambda: all_are(303), 8, "the identifier to show", step=0.2)
        shutil.move(folder / "book", folder / "another book")
        wait_for(lambda: all(answer.header("Location") == BASE + "/p/another%20book/manifest.json"
                             for answer in site.ask_each(moved).values()), 8, "it to lead to the new place", step=0.2)
        shutil.move(folder / "another book", folder / "book")
        time.sleep(2.5)
        sidecar.write_text(SIDECARS["box 9/iiif.yaml"])
        wait_for(lambda: all_are(404), 8, "the identifier to go", step=0.2)
        wait_for(lambda: all(answer.header("Location") == BASE + "/p/book/manifest.json"
                             for answer in site.ask_each(moved).values()), 8, "it to lead to the old place", step=0.2)
    finally:
        if (folder / "another book").exists():
            shutil.move(folder / "another book", folder / "book")
        sidecar.write_text(SIDECARS["box 9/iiif.yaml"])
        for path in (sidecar, sidecar.parent, folder):
            os.utime(path, (tree.LONG_AGO, tree.LONG_AGO))
