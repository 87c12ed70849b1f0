# SPDX-License-Identifier: Apache-2.0
"""The test chart: squares of 100 pixels, each of a known colour, no two neighbours alike."""
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import numpy

from . import paths

SQUARE = 100
SIZE = (1100, 800)  # of the chart that stands in each file format


def colour(i, j):
    """sRGB of the square in column i, row j. Away from the ends, so that rounding and ringing show on both sides."""
    return 30 + (i * 67 + j * 20) % 196, 30 + (j * 83 + i * 11) % 196, 30 + (i * 41 + j * 59 + 97) % 196


def luminance(rgb, weights=(0.2126, 0.7152, 0.0722)):
    """8-bit gray of an sRGB colour, weighed in light (linear); Rec. 709 unless said otherwise."""
    linear = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    y = sum(weight * part for weight, part in zip(weights, linear))
    return 255 * (12.92 * y if y <= 0.0031308 else 1.055 * y ** (1 / 2.4) - 0.055)


def pixels(width, height):
    """uint8 array, height x width x 3."""
    columns, rows = -(-width // SQUARE), -(-height // SQUARE)
    cells = numpy.array([[colour(i, j) for i in range(columns)] for j in range(rows)], dtype=numpy.uint8)
    return numpy.ascontiguousarray(cells.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)[:height, :width])


def data():
    """The folder of test images, made when it is missing or out of date: "images" is the root for servers.

    IIIF_TEST_DATA moves it. It has to be readable by the account the workers run as.
    """
    folder = os.environ.get("IIIF_TEST_DATA")
    if folder is None:
        folder = paths.REPOSITORY / "tests/data/made"
        if not all(os.stat(parent).st_mode & 0o001 for parent in (paths.REPOSITORY, *paths.REPOSITORY.parents)):
            folder = f"/var/tmp/iiif-test-data-{os.geteuid()}"
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f".{folder.name}.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        subprocess.run([sys.executable, str(paths.REPOSITORY / "tests/data/make.py"), str(folder)], check=True)
    return folder
