# SPDX-License-Identifier: Apache-2.0
"""Makes the sample collection: handsome pictures that are nothing but mathematics, one for each kind of source.

    sample.py FOLDER

Files that are there already are kept, so that a second call costs nothing.
"""
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pictures  # noqa: E402
import vector    # noqa: E402

STRIP = 64  # rows; even, see `turned`
WRITING = 0.13  # of the progress
VIPS_SECONDS = 300  # the largest picture takes five


class Failed(Exception):
    """The message says which picture could not be made."""


@dataclass(frozen=True)
class Picture:
    file: str            # beneath the folder
    title: str
    about: str           # what kind of source it is
    painter: str = ""    # in pictures.py
    width: int = 0
    height: int = 0
    bands: int = 3
    cost: float = 1.0    # nanoseconds a pixel, roughly: for the progress bar
    save: str = ""       # options of the vips saver
    bits: int = 8
    interpretation: str = "srgb"
    turned: bool = False  # the lower half is the upper one turned by 180 degrees
    pages: int = 1


PYRAMID = "tile,tile-width=256,tile-height=256,pyramid,compression=jpeg,Q=88"
COLLECTION = (
    Picture("julia.tif", "Julia set", "Pyramidal TIFF, 70 megapixels", "julia", 10240, 6826, cost=420, save=PYRAMID, turned=True),
    Picture("sunflower.jp2", "Sunflower", "JPEG 2000", "sunflower", 4608, 4608, cost=480,
            save="Q=42,tile-width=512,tile-height=512"),
    Picture("ridges.tif", "Ridges at dawn", "TIFF, 16 bits a channel", "ridges", 5120, 2560, cost=800, bits=16,
            interpretation="rgb16", save="tile,tile-width=512,tile-height=512,pyramid,compression=deflate,predictor=horizontal"),
    Picture("papers/marbled.jpg", "Marbled paper", "JPEG", "marbled", 5120, 3840, cost=340, save="Q=90,optimize-coding"),
    Picture("prints/guilloche.tif", "Guilloche", "TIFF, CMYK", "guilloche", 3072, 3072, bands=4, cost=950,
            interpretation="cmyk", save="tile,tile-width=256,tile-height=256,pyramid,compression=deflate,predictor=horizontal"),
    Picture("phase portrait.jpg", "Phase portrait", "JPEG, a space in its name", "phase_portrait", 5120, 4096, cost=200,
            save="Q=90,optimize-coding"),
    Picture("glass-flower.png", "Glass flower", "PNG with transparency", "glass_flower", 2880, 2880, bands=4, cost=760,
            save="compression=3"),
    Picture("prints/engraving.png", "Engraving", "PNG, grey", "engraving", 4096, 3072, bands=1, cost=180,
            interpretation="b-w", save="compression=4"),
    Picture("tilings.pdf", "Hilbert and Penrose", "PDF, two pages", pages=2),
)
SAVERS = {".tif": "tiffsave", ".jp2": "jp2ksave", ".jpg": "jpegsave", ".png": "pngsave"}


class Progress:
    """A bar on a terminal; elsewhere a line for each tenth."""

    def __init__(self, total, out=sys.stderr):
        self.total, self.done, self.out = max(total, 1e-9), 0.0, out
        self.shown = -1
        self.begun = time.monotonic()

    def add(self, amount, what):
        self.done += amount
        part = min(self.done / self.total, 1.0)
        if self.out.isatty():
            room = min(40, max(10, shutil.get_terminal_size().columns - 44))
            full = int(part * room)
            self.out.write(f"\r  {'█' * full}{'░' * (room - full)} {part * 100:3.0f} %  {what:<24.24}")
        elif round(part * 1000) // 100 > self.shown:
            self.shown = round(part * 1000) // 100
            self.out.write(f"  {self.shown * 10:3d} %  {what}\n")
        self.out.flush()

    def end(self):
        if self.out.isatty():
            self.out.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self.out.flush()


def paint(task):
    """One strip of rows, in a process of its own, straight into the picture's file of raw pixels."""
    picture, raw, first, last = task
    pixels = np.memmap(raw, np.uint16 if picture.bits == 16 else np.uint8, "r+",
                       shape=(picture.height, picture.width, picture.bands))
    strip = getattr(pictures, picture.painter)(first, last, picture.width, picture.height)
    pixels[first:last] = strip
    if picture.turned:
        pixels[picture.height - last:picture.height - first] = strip[::-1, ::-1]
    return picture, (last - first) * picture.width * picture.cost


def vips(*words):
    # Ctrl-C, which the process that calls it leaves to serve, ends vips.
    subprocess.run(["vips", *words], stdin=subprocess.DEVNULL, check=True, timeout=VIPS_SECONDS,
                   env={**os.environ, "VIPS_CONCURRENCY": "2"},
                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def encode(task):
    """vips writes the file a server meets; under another name first, so that half a file is never taken for one."""
    picture, raw, folder = task
    target = Path(folder, picture.file)
    part = target.with_name(f".making-{target.name}")
    if not picture.painter:
        part.write_bytes(vector.two_pages())
    else:
        loaded = f"{raw}.v"
        vips("rawload", raw, loaded, str(picture.width), str(picture.height), str(picture.bands),
             "--format", "ushort" if picture.bits == 16 else "uchar", "--interpretation", picture.interpretation)
        options = [f"--{name}" if not value else f"--{name}={value}"
                   for name, _, value in (option.partition("=") for option in picture.save.split(","))]
        vips(SAVERS[target.suffix], loaded, str(part), *options)
        os.unlink(raw)
        os.unlink(loaded)
    os.replace(part, target)
    return picture


def paint_and_encode(pool, missing, rows, work, folder, progress):
    """Every picture's strips, in the order of the collection; each file as soon as its last strip is there."""
    painting, left = {}, {}
    writing = []
    for picture in missing:
        (folder / picture.file).parent.mkdir(parents=True, exist_ok=True)
        raw = str(work / picture.file.replace("/", "-"))
        if not picture.painter:
            writing.append(pool.submit(encode, (picture, raw, str(folder))))
            continue
        with open(raw, "wb") as file:
            file.truncate(picture.height * picture.width * picture.bands * picture.bits // 8)
        for start in range(0, rows[picture], STRIP):
            task = (picture, raw, start, min(start + STRIP, rows[picture]))
            painting[pool.submit(paint, task)] = raw
            left[picture] = left.get(picture, 0) + 1
    for strip in as_completed(painting):
        picture, cost = strip.result()
        progress.add(cost, picture.title)
        left[picture] -= 1
        if not left[picture]:
            writing.append(pool.submit(encode, (picture, painting[strip], str(folder))))
    for file in as_completed(writing):
        progress.add(progress.total * WRITING / len(writing), f"{file.result().title} written")


def make(folder, out=sys.stderr):
    """Makes what is missing of the collection in `folder`."""
    folder = Path(folder)
    missing = [picture for picture in COLLECTION if not (folder / picture.file).exists()]
    if not missing:
        return
    work = folder.parent / f".{folder.name}-{os.getpid()}"
    work.mkdir(parents=True)
    rows = {p: (p.height + 1) // 2 if p.turned else p.height for p in missing}
    paint_cost = sum(rows[p] * p.width * p.cost for p in missing)
    progress = Progress(paint_cost / (1 - WRITING), out)
    try:
        # Ctrl-C is for this process, which ends the painters without a word from each.
        with ProcessPoolExecutor(os.cpu_count() or 1, initializer=signal.signal,
                                 initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
            try:
                paint_and_encode(pool, missing, rows, work, folder, progress)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except (BrokenProcessPool, subprocess.SubprocessError, OSError) as error:
        raise Failed(error) from error
    finally:
        progress.end()
        impatient = signal.signal(signal.SIGINT, signal.SIG_IGN)
        shutil.rmtree(work, ignore_errors=True)
        signal.signal(signal.SIGINT, impatient)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(sys.argv[1])
