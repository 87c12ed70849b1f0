# SPDX-License-Identifier: Apache-2.0
"""Every case of image-cases.json over HTTP."""
import io
import re

import cases
import pytest
from PIL import Image
from support import pixels

Image.MAX_IMAGE_PIXELS = None
SIZE = re.compile(r"\d+,\d*")


def dimensions(answer):
    """Of the image; the end of the file is looked at, so that a cut one is noticed without decoding 100 Mpixel."""
    kind = answer.header("Content-Type")
    if kind == "application/pdf":
        return pixels.decoded(answer).shape[1::-1]
    with Image.open(io.BytesIO(answer.body)) as picture:
        assert Image.MIME[picture.format] == kind
        size = picture.size
    ends = {"image/jpeg": b"\xff\xd9", "image/png": b"IEND\xaeB`\x82", "image/gif": b";"}
    assert answer.body.endswith(ends.get(kind, b""))
    return size


def mismatch(result, tolerance, answer, size):
    """"" when the answer is that result, else what differs."""
    if answer.status != result["status"]:
        return f"status {answer.status} instead of {result['status']}"
    if result["status"] != 200 or "width" not in result:
        return ""
    off = max(abs(size[0] - result["width"]), abs(size[1] - result["height"]))
    if off > tolerance:
        return f"{size[0]}x{size[1]} instead of {result['width']}x{result['height']}"
    if "canonical" in result:
        parameters = answer.links()["canonical"].split("/", 6)[-1].partition("/")[2]
        got, want = parameters, result["canonical"]
        if off:  # another rounding, within tolerance: its own numbers
            got, want = SIZE.sub("N", got), SIZE.sub("N", want)
        if got != want:
            return f"canonical {got} instead of {want}"
    return ""


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case["id"])
def test_case(cluster, case):
    target = cases.target(case)
    # The server itself may refuse a broken escape, NUL or a path that climbs above the root: in words of its own.
    own = any(mark in case["request"] for mark in ("%00", "%zz", "..", "%2e%2e"))
    # More than 30 Mpixel each: once per server is enough, httpd's processing models do not matter here.
    kinds = ("nginx", "httpd-event") if case.get("heavy") else None
    answers = cluster.ask_each(target) if own else {"all": cluster.ask(target, kinds=kinds)}
    for server, answer in answers.items():
        size = dimensions(answer) if answer.status == 200 else None
        accepted = [case["expect"], *case.get("also", [])]
        wrong = [mismatch(result, case.get("tolerance", 0), answer, size) for result in accepted]
        assert "" in wrong, f"{server} {target}: {'; '.join(wrong)}; {answer.body[:200] if size is None else ''!r}"
        assert answer.status != 200 or answer.header("Access-Control-Allow-Origin") == "*"


def test_canonical_is_a_fixed_point(cluster):
    """IX-CAN-02: the canonical URI answers the same bytes and is its own canonical URI."""
    seen = 0
    for case in cases.ALL:
        if case["expect"].get("width", 0) * case["expect"].get("height", 0) not in range(1, 300_000):
            continue
        if case["group"] not in (
    "spec-example",
    "region",
    "region-pct",
    "size-3.0",
    "size-2.1",
    "rotation",
     "upscaling-3.0"):
            continue
        first = cluster.get(cases.target(case))
        if first.status != 200:
            continue
        canonical = first.links()["canonical"]
        again = cluster.get("/" + canonical.split("/", 3)[3])
        assert again.status == 200, f"{canonical}: {again.body!r}"
        assert again.body == first.body, canonical
        assert again.links()["canonical"] == canonical
        seen += 1
    assert seen > 40
