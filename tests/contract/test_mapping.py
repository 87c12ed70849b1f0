# SPDX-License-Identifier: Apache-2.0
"""Identifier to file: every directive that has a say in it, on every server. Files are told apart by their size."""
import json
import os
import time

import pytest
from support.cluster import BASE


def width(cluster, target, version=3):
    answer = cluster.get(target + "/info.json")
    return answer.json()["width"] if answer.status == 200 else answer.status


@pytest.mark.parametrize("target,expected", [
    # captures, and the first rule whose file exists wins
    ("/map/3/size-600-400", 600),
    ("/map/3/size-6000-4000", 6000),      # png is tried first, tif found
    ("/map/3/size-1-2", 404),
    ("/map/3/named:plain", 20),
    ("/map/3/named:with%20space", 21),
    ("/map/3/named:gr%C3%BC%C3%9Fe", 22),
    ("/map/3/named:chart", 1100),          # the first rule's file is missing, the second's is there
    ("/map/3/named:nowhere", 404),
    ("/map/3/named:a;b", 26),              # a delimiter that is part of the name
    ("/map/3/upper:NAMES/PLAIN", 20),
    ("/map/3/upper:NAMES%2FPLAIN", 20),
    ("/map/3/cut:chartreuse", 1100),
    ("/map/3/price", 404),
    ("/map/3/chart.png", 404),             # no rule: with rules, the identifier itself is no path
    ("/map/3/raw:chart.png", 1100),
    ("/map/3/raw:chart", 1100),            # extensions apply to what a rule says too
    ("/map/3/raw:pages/three.tif;3", 300),
    ("/map/3/raw:..%2Foutside%2Fsecret", 404),
    ("/map/3/raw:%2Fetc%2Fhostname", 404),
    ("/map/3/raw:.hidden", 404),
    ("/map/3/raw:", 404),
    # templates
    ("/pair/3/ark:%2F13030%2Fxt12", 37),
    ("/pair/3/ark:/13030/xt12", 37),
    ("/pair/3/ark:%2F13030%2Fother", 404),
    ("/pair/3/chart.png", 404),
    ("/md5/3/book-1", 60),
    ("/md5/3/gr%C3%BC%C3%9Fe%2F2", 61),
    ("/md5/3/gr\u00fc\u00dfe/2", 61),
    ("/md5/3/book-2", 404),
    ("/sha1/3/book-1", 60),
    ("/sha1/2/gr%C3%BC%C3%9Fe%2F2", 61),
    ("/sha256/3/book-1", 60),
    ("/sha256/3/gr%C3%BC%C3%9Fe%2F2", 61),
    # map file
    ("/file/3/cover", 1100),
    ("/file/3/b%2F1", 22),
    ("/file/3/b/1", 22),
    ("/file/3/%E6%97%A5%E6%9C%AC", 23),
    ("/file/3/missing", 404),
    ("/file/3/escape", 404),
    ("/file/3/absolute", 404),
    ("/file/3/chart.png", 1100),           # not listed: as it stands
    # extensions
    ("/extensions/3/chart", 1100),
    ("/extensions/3/chart.png", 1100),
    ("/extensions/3/tiff%2Fplanar", 1100),
    ("/extensions/3/tiff/planar", 1100),
    ("/extensions/3/names%2Fnoextension", 27),
    ("/extensions/3/names%2Fplain.tif", 404),
    ("/extensions/3/pages%2Fthree;2", 200),
    ("/iiif/3/chart", 404),                # none configured
    # pages
    ("/iiif/3/names%2Fa;b.png", 26),
    ("/iiif/3/names%2Fsemi;2.png", 36),
    ("/iiif/3/pages%2Fthree.tif;2", 200),
    ("/pages/3/pages%2Fthree.tif:p2", 200),
    ("/pages/3/pages%2Fthree.tif;2", 404),
    ("/pages/3/pages%2Fthree.tif:p", 404),
    ("/nopages/3/pages%2Fthree.tif;2", 404),
    ("/nopages/3/pages%2Fthree.tif", 100),
    # symlinks
    ("/iiif/3/links%2Finside.png", 1100),
    ("/iiif/3/links%2Ffolder%2Fplain.png", 20),
    ("/iiif/3/links%2Foutside.png", 404),
    ("/iiif/3/links%2Foutside%2Fsecret.png", 404),
    ("/iiif/3/links%2Fabsolute.png", 404),
    ("/iiif/3/links%2Floop.png", 404),
    ("/iiif/3/links%2Fdangling.png", 404),
    ("/nosymlinks/3/links%2Finside.png", 404),
    ("/nosymlinks/3/links%2Ffolder%2Fplain.png", 404),
    ("/nosymlinks/3/chart.png", 1100),
])
def test_identifier(cluster, target, expected):
    assert width(cluster, target) == expected
    if expected != 404:
        answer = cluster.get(target + "/full/max/0/default.png")
        assert answer.status == 200 and answer.image().size[0] == expected


def test_identifier_with_a_number_like_a_version(cluster):
    """/iiif/2 alone is an identifier, and names/2 one that ends so."""
    assert width(cluster, "/iiif/3/names%2F2") == 39
    assert width(cluster, "/iiif/3/names/2") == 39
    assert cluster.get("/iiif/2").status in (303, 404)


def test_computed_source(cluster):
    """The server's own value: an nginx variable, an httpd expression. It stands alone and stays beneath the root."""
    for path, expected in (("chart.png", 1100), ("names/with space.png", 21), ("names/gr\u00fc\u00dfe.png", 22),
                           ("../outside/secret.png", 404), ("/etc/hostname", 404), ("names/../chart.png", 404),
                           ("links/outside.png", 404), (".hidden.png", 404), ("nowhere.png", 404)):
        answers = cluster.ask_each("/computed/3/whatever/info.json", {"X-Path": path})
        for kind, answer in answers.items():
            got = answer.json()["width"] if answer.status == 200 else answer.status
            assert got == expected, f"{kind}: {path}"
            if answer.status == 200:
                assert answer.json()["id"] == f"{BASE}/computed/3/whatever"


def test_computed_source_without_a_value(cluster):
    """Nothing computed: never the wrong image, never a server error."""
    for kind, answer in cluster.ask_each("/computed/3/nowhere.png/info.json").items():
        assert answer.status == 404, kind


def test_map_file_is_reread(cluster, shared):
    path = shared / "map.json"
    before = path.read_text()

    def write(text):
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        os.rename(fresh, path)
        # Looked at no more than once a second.
        time.sleep(1.3)

    def each(target):
        # Each worker has its own copy, so ask often.
        return {width(cluster, target) for _ in range(8)}

    try:
        assert each("/file/3/later") == {404}
        write(json.dumps({"later": "names/plain.png", "cover": "names/with space.png"}))
        assert each("/file/3/later") == {20}
        assert each("/file/3/cover") == {21}
        write('{"later": ')
        assert each("/file/3/later") == {20}, "an invalid file keeps the last good content"
        path.unlink()
        time.sleep(1.3)
        assert each("/file/3/later") == {20}, "a missing file keeps the last good content"
    finally:
        write(before)
    assert each("/file/3/cover") == {1100}


def test_both_spellings_give_the_same_image(cluster):
    """%2F and plain slashes: the same bytes, each with its own id."""
    encoded, plain = "/iiif/3/ark:%2F12025%2F654xz321.png", "/iiif/3/ark:/12025/654xz321.png"
    assert cluster.get(encoded + "/full/max/0/default.jpg").body == cluster.get(plain + "/full/max/0/default.jpg").body
    assert cluster.get(encoded + "/info.json").json()["id"] == BASE + encoded
    assert cluster.get(plain + "/info.json").json()["id"] == BASE + plain


def test_unreadable_file(images, cluster):
    """403 or 404, and no word of where it lies."""
    path = images / "names/unreadable.png"
    path.write_bytes((images / "names/plain.png").read_bytes())
    try:
        path.chmod(0)
        answer = cluster.get("/iiif/3/names%2Funreadable.png/info.json")
        assert answer.status in (403, 404)
        assert str(images) not in answer.text()
    finally:
        path.unlink()
