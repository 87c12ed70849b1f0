# SPDX-License-Identifier: Apache-2.0
"""The pictures that are measured: made once, from a synthetic texture, and kept.

The texture has the spectrum of photographs (amplitude falls as one over frequency), so that its JPEG tiles are as
large as those of real scans and take as long to decode. Rows are piped to libvips: a gigapixel needs no memory, and no
disk but its file.
"""
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIDE = 2048            # of the texture
MAKING_SECONDS = 900   # the most that one picture may take; the gigapixel takes one or two minutes on two cores
SAVED_AS = {
    "pyramid": ".tif[tile,tile-width=256,tile-height=256,pyramid,compression=jpeg,Q=85,bigtiff]",
    "striped": ".tif[compression=lzw,predictor=horizontal,bigtiff]",
    "jpeg": ".jpg[Q=90]",
    "jp2": ".ppm",  # then opj_compress
}
# As libraries make them: 1024 px tiles of the code stream, 256 px precincts, six reductions, about 8:1.
OPENJPEG = ("-t", "1024,1024", "-p", "RPCL", "-n", "7", "-c", "[256,256]", "-b", "64,64", "-r", "8", "-I")


class Unmade(Exception):
    """A picture could not be made; the message is a sentence."""


@dataclass(frozen=True)
class Picture:
    kind: str  # a key of SAVED_AS
    width: int
    height: int

    @property
    def megapixels(self):
        return round(self.width * self.height / 1e6)

    @property
    def file(self):
        suffix = {"jp2": ".jp2", "jpeg": ".jpg"}.get(self.kind, ".tif")
        return f"{self.kind}-{self.width}x{self.height}{suffix}"

    @property
    def bytes_needed(self):
        """A generous guess, temporary files included."""
        return self.width * self.height * {"pyramid": 1, "striped": 4, "jpeg": 1, "jp2": 4}[self.kind]


def texture():
    """(SIDE, SIDE, 3) bytes; the same on every machine. It repeats without a seam."""
    random = np.random.default_rng(3)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    frequency[0, 0] = 1
    planes = []
    for _ in range(3):
        noise = np.fft.irfft2(np.fft.rfft2(random.standard_normal((SIDE, SIDE))) / frequency ** 1.25, (SIDE, SIDE))
        planes.append(noise / noise.std())
    light, red, blue = planes
    light *= 50
    out = np.stack([light + 8 * red, light, light + 8 * blue], axis=-1) + 128
    return np.clip(out, 0, 255).astype(np.uint8)


def write_rows(picture, out):
    """The picture as PPM: the texture side by side, each row of squares shifted so that no two are alike."""
    out.write(b"P6\n%d %d\n255\n" % (picture.width, picture.height))
    square = texture()
    for top in range(0, picture.height, SIDE):
        shifted = np.roll(square, top // SIDE * 331, axis=1)
        for first in range(0, min(SIDE, picture.height - top), 64):
            rows = shifted[first:first + min(64, picture.height - top - first)]
            out.write(np.tile(rows, (1, -(-picture.width // SIDE), 1))[:, :picture.width].tobytes())


def run(words, picture, **named):
    try:
        done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=MAKING_SECONDS, check=False, **named)
    except subprocess.TimeoutExpired:
        raise Unmade(f"{picture.file} was not made within {MAKING_SECONDS} seconds.") from None
    if done.returncode:
        raise Unmade(f"{words[0]} could not make {picture.file}: {done.stdout.decode(errors='replace')[-500:]}")


def save_rows(picture, target):
    """`target`: vips' name of a file, with its options. The rows come from a child, so that time can be bounded."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as out:
                write_rows(picture, out)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        run(["vips", "copy", "stdin", target], picture, stdin=reading)
    finally:
        os.close(reading)  # ends the child, should it still be writing
        painted = os.waitpid(child, 0)[1]
    if painted:
        raise Unmade(f"{picture.file} was not painted to the end.")


def make(picture, folder, say):
    """The file beneath `folder`, made when it is not there."""
    path = Path(folder, picture.file)
    if path.exists():
        return path
    free = shutil.disk_usage(folder).free
    if free < picture.bytes_needed + (1 << 30):
        raise Unmade(f"{picture.file} may need {picture.bytes_needed >> 20} MB, and {folder} has {free >> 20} MB left.")
    say(f"Making {picture.file} ({picture.megapixels} megapixels; once) ...")
    stem = Path(folder, f".making-{os.getpid()}-{picture.kind}")
    kind, _, options = SAVED_AS[picture.kind].partition("[")
    made = [Path(f"{stem}{kind}")]
    try:
        save_rows(picture, f"{made[0]}[{options}" if options else str(made[0]))
        if picture.kind == "jp2":
            made.append(Path(f"{stem}.jp2"))
            run(["opj_compress", "-i", made[0], "-o", made[1], *OPENJPEG], picture)
        made[-1].chmod(0o644)
        made[-1].rename(path)
    finally:
        for left in made:
            left.unlink(missing_ok=True)
    return path
