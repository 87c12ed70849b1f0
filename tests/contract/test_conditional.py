# SPDX-License-Identifier: Apache-2.0
"""IX-HTTP-07: validators and 304."""
import email.utils
import os
import shutil

import pytest

TARGETS = [
    "/iiif/3/cases%2F600x400.png/info.json",
    "/iiif/2/cases%2F600x400.png/info.json",
    "/iiif/3/cases%2F600x400.png/full/30,/0/default.jpg",
     "/iiif/2/tiff%2Fpyramid-jpeg-ycbcr.tif/0,0,256,256/256,/0/default.jpg"]


def check_304(answer, first):
    assert answer.status == 304, answer.body
    assert answer.body == b""
    for name in ("ETag", "Last-Modified", "Vary", "Cache-Control", "Access-Control-Allow-Origin"):
        assert answer.header(name) == first.header(name), name


@pytest.mark.parametrize("target", TARGETS)
def test_validators(cluster, target):
    first = cluster.get(target)
    assert first.status == 200
    tag, modified = first.header("ETag"), first.header("Last-Modified")
    assert tag.startswith('"') and tag.endswith('"') and len(tag) > 10
    moment = email.utils.parsedate_to_datetime(modified)
    earlier = email.utils.format_datetime(moment.replace(year=moment.year - 1), usegmt=True)
    later = email.utils.format_datetime(moment.replace(year=moment.year + 1), usegmt=True)

    for value in (tag, "W/" + tag, f'"other", {tag}', f'"other",{tag} ,"more"', "*"):
        check_304(cluster.get(target, {"If-None-Match": value}), first)
        check_304(cluster.ask(target, {"If-None-Match": value}, "HEAD"), first)
    for value in ('"other"', tag.strip('"'), tag[:-2] + '"', "", '""'):
        answer = cluster.get(target, {"If-None-Match": value})
        assert (answer.status, answer.body) == (200, first.body), value

    for value in (modified, later):
        check_304(cluster.get(target, {"If-Modified-Since": value}), first)
    for value in (earlier, "yesterday", "0"):
        assert cluster.get(target, {"If-Modified-Since": value}).status == 200, value

    # RFC 9110, 13.2.2: If-None-Match decides alone when it is there.
    answer = cluster.get(target, {"If-None-Match": '"other"', "If-Modified-Since": later})
    assert (answer.status, answer.body) == (200, first.body)
    check_304(cluster.get(target, {"If-None-Match": tag, "If-Modified-Since": earlier}), first)


def test_tags_tell_answers_apart(cluster):
    base = "/iiif/3/cases%2F600x400.png"
    tags = [cluster.get(base + rest, headers).header("ETag") for rest, headers in (
        ("/info.json", {}), ("/info.json", {"Accept": "application/json"}), ("/full/30,/0/default.jpg", {}),
        ("/full/30,/0/default.png", {}), ("/full/31,/0/default.jpg", {}), ("/full/30,/90/default.jpg", {}),
        ("/full/30,/0/gray.jpg", {}), ("/square/30,/0/default.jpg", {}))]
    tags.append(cluster.get("/quality/3/cases%2F600x400.png/full/30,/0/default.jpg").header("ETag"))
    tags.append(cluster.get("/iiif/3/cases%2F300x200.png/full/30,/0/default.jpg").header("ETag"))
    assert len(set(tags)) == len(tags)


def test_conditions_of_errors_and_redirects(cluster):
    """Conditions do not turn an error or a redirect into 304."""
    for target, status in (("/iiif/3/nowhere/info.json", 404),
                           ("/iiif/3/cases%2F600x400.png/full/601,/0/default.jpg", 400),
                           ("/iiif/3/cases%2F600x400.png", 303)):
        assert cluster.get(target, {"If-None-Match": "*"}).status == status
        assert cluster.get(target, {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}).status == status


def test_changed_file(images, cluster):
    """A file that was replaced is seen at once: other size, other tag."""
    path = images / "names/replaced.png"
    try:
        shutil.copy(images / "cases/300x200.png", path)
        target = "/iiif/3/names%2Freplaced.png"
        first = cluster.get(target + "/info.json")
        assert (first.json()["width"], first.json()["height"]) == (300, 200)
        tag = cluster.get(target + "/full/max/0/default.jpg").header("ETag")
        fresh = path.with_name("replaced.new")
        shutil.copy(images / "cases/600x400.png", fresh)
        os.rename(fresh, path)
        second = cluster.get(target + "/info.json", {"If-None-Match": first.header("ETag")})
        assert (second.status, second.json()["width"]) == (200, 600)
        image = cluster.get(target + "/full/max/0/default.jpg", {"If-None-Match": tag})
        assert (image.status, image.image().size) == (200, (600, 400))
        path.unlink()
        assert cluster.get(target + "/info.json").status == 404
    finally:
        path.unlink(missing_ok=True)


def test_ranges_are_whole_or_right(cluster):
    """A range request gets the whole image or exactly the range."""
    target = "/iiif/3/cases%2F600x400.png/full/max/0/default.png"
    whole = cluster.get(target).body
    for kind, answer in cluster.ask_each(target, {"Range": "bytes=10-19"}).items():
        assert answer.status in (200, 206), kind
        assert answer.body == (whole if answer.status == 200 else whole[10:20])
