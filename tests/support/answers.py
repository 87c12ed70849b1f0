# SPDX-License-Identifier: Apache-2.0
"""Is an answer about a file that may be anything an honest one?"""
import io
import json
import re
import warnings

from PIL import Image, ImageFile

from . import http

HONEST = (200, 400, 403, 404, 413, 500, 501, 502, 503, 504)
NEVER_READ = (403, 404, 500, 501)       # info.json so refused: no picture can be had
LARGE = 40_000_000                      # pixels that are not decoded to see whether they can be
SENT_AS_MADE = 16 << 20                 # bytes from which on an answer may be broken off
PATHS = re.compile(r"/(?:tmp|work|home|usr|var|proc|srv|root)/")
CONTENT = {"jpg": "image/jpeg", "png": "image/png"}

GOOD = ("good/pyramid-jpeg-ycbcr.tif/0,0,256,256/256,256", "good/pyramid-jpeg-ycbcr.tif/1024,0,76,256/76,256",
        "good/subifd-jpeg.tif/256,256,256,256/256,256", "good/pyramid-lzw.tif/256,0,256,256/256,256",
        "good/striped-deflate.tif/10,20,300,300/150,150", "good/bigtiff-jpeg.tif/0,0,512,512/256,256")


def good_tiles():
    """Targets: stored tiles, one that is cut, and some that are rendered."""
    return [f"/iiif/3/{tile.replace('/', '%2F', 1)}/0/default.jpg" for tile in GOOD]


class Asked:
    """The requests about one image, and what its info.json said."""

    def __init__(self, base):
        self.base = base
        self.status, self.size = None, None

    def targets(self):
        yield f"{self.base}/info.json"
        for region, size, form in (("full", "200,", "jpg"), ("20,30,100,80", "50,", "png"), ("full", "max", "jpg"),
                                   ("0,0,256,256", "256,256", "jpg"), ("256,0,256,256", "44,256", "jpg")):
            yield f"{self.base}/{region}/{size}/0/default.{form}"

    def promised(self, target):
        """Width and height of the answer, by info.json; None: not known, or there is none of that size."""
        if self.size is None:
            return None
        width, height = self.size
        region, size = target.removeprefix(self.base + "/").split("/")[:2]
        if region != "full":
            x, y, w, h = map(int, region.split(","))
            width, height = min(w, width - x), min(h, height - y)
        if size == "max":
            return width, height
        w, _, h = size.partition(",")
        return int(w), int(h) if h else (2 * height * int(w) + width) // (2 * width)


def wrong_about(asked, target, answer, folder):
    """What is wrong with an answer, None when nothing is. `answer` may be the error that came instead."""
    if not isinstance(answer, http.Response):
        promised = asked.promised(target)
        if promised and promised[0] * promised[1] * 3 > SENT_AS_MADE:
            return None  # the part that came did not say that it was whole
        return f"broken off: {answer}"
    if answer.status not in HONEST:
        return f"status {answer.status}"
    if answer.status != 200:
        if target.endswith("/info.json"):
            asked.status = answer.status
        return wrong_about_refusal(answer, folder)
    if target.endswith("/info.json"):
        return wrong_about_info(asked, answer)
    if asked.status in NEVER_READ:
        return f"a picture, but info.json was {asked.status}"
    return wrong_about_picture(answer, target.rpartition(".")[2], asked.promised(target))


def wrong_about_refusal(answer, folder):
    text = answer.body.decode("utf-8", "replace")
    if not text.strip():
        return f"{answer.status} without a word"
    if "�" in text or folder in text or PATHS.search(text):
        return f"{answer.status} says {text[:200]!r}"
    return None


def wrong_about_info(asked, answer):
    try:
        info = json.loads(answer.body)
        asked.size = info["width"], info["height"]
    except (ValueError, KeyError) as error:
        return f"info.json: {error!r}"
    asked.status = 200
    if min(asked.size) < 1 or max(asked.size) >= 1 << 31:
        return f"info.json says {asked.size}"
    return None


def wrong_about_picture(answer, form, promised):
    if answer.header("Content-Type") != CONTENT[form]:
        return f"is {answer.header('Content-Type')}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.MAX_IMAGE_PIXELS = None
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            picture = Image.open(io.BytesIO(answer.body))
            if picture.width * picture.height <= LARGE:
                picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"undecodable: {error}"
    if promised and picture.size != promised:
        return f"{picture.size[0]}x{picture.size[1]} instead of {promised[0]}x{promised[1]}"
    return None
