# SPDX-License-Identifier: Apache-2.0
"""Does an answer show the squares of the chart where it should?"""
import subprocess
import tempfile
from pathlib import Path

import numpy
from PIL import Image

from . import chart


def decoded(response):
    """RGBA array of any format we write; what Pillow cannot read, libvips' command line can."""
    if response.header("Content-Type") not in ("image/avif", "application/pdf", "image/jp2"):
        return numpy.asarray(response.image().convert("RGBA")).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "out.png")
        source.write_bytes(response.body)
        subprocess.run(["vips", "copy", str(source), str(target)], check=True, stdout=subprocess.DEVNULL)
        with Image.open(target) as picture:
            return numpy.asarray(picture.convert("RGBA")).astype(int)


def samples(region, size, mirror=False, turns=0, least=8):
    """(i, j, x, y): the square in column i and row j of the chart is seen at x, y of the answer.

    region: x, y, w, h of the chart. size: before rotation. turns: clockwise quarter turns.
    Squares of which less than `least` pixels are seen are left out.
    """
    left, top, width, height = region
    for j in range(top // chart.SQUARE, -(-(top + height) // chart.SQUARE)):
        for i in range(left // chart.SQUARE, -(-(left + width) // chart.SQUARE)):
            x0, x1 = max(left, i * chart.SQUARE), min(left + width, (i + 1) * chart.SQUARE)
            y0, y1 = max(top, j * chart.SQUARE), min(top + height, (j + 1) * chart.SQUARE)
            if (x1 - x0) * size[0] / width < least or (y1 - y0) * size[1] / height < least:
                continue
            x = ((x0 + x1) / 2 - left) * size[0] / width
            y = ((y0 + y1) / 2 - top) * size[1] / height
            w, h = size
            if mirror:
                x = w - x
            for _ in range(turns % 4):
                x, y, w, h = h - y, x, h, w
            yield i, j, int(x), int(y)


def assert_chart(picture, region, size, mirror=False, turns=0, tolerance=6, expected=None):
    """Every visible square has its colour; returns how many were looked at."""
    width, height = size if turns % 2 == 0 else reversed(size)
    assert picture.shape[:2] == (height, width), f"{picture.shape[1]}x{picture.shape[0]} instead of {width}x{height}"
    expected = expected or chart.colour
    count = 0
    for i, j, x, y in samples(region, size, mirror, turns):
        want, got = expected(i, j), picture[y, x]
        difference = max(abs(int(got[n]) - want[n]) for n in range(3))
        assert difference <= tolerance, f"square {i},{j} at {x},{y}: {tuple(got)} instead of {tuple(want)}"
        count += 1
    assert count > 0
    return count
