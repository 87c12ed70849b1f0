# SPDX-License-Identifier: Apache-2.0
"""Makes the images of the demonstrator's two institutions, once: paints them, and lets iiifctl prepare the large ones."""
import hashlib
import os
import shutil
import signal
import subprocess
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import demo_paint
import demo_papers
import pictures
from sample import Failed, Progress

PREPARE_SECONDS = 600
MUSEUM, ARCHIVE = Path("museum"), Path("archive")
PAINTING = MUSEUM / "paintings/harbour-at-dusk"
# As they come from the camera: large, and slow to serve until they are prepared.
LARGE = Path("large")


def save(picture, folder, name):
    target = Path(folder, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".tif":
        picture.save(target)
    else:
        picture.save(target, quality=88)


def painting(folder):
    parts = demo_paint.painted()
    for name in ("visible", "infrared", "xray", "ultraviolet"):
        save(getattr(demo_paint, name)(parts), folder, LARGE / PAINTING / f"{name}.tif")


def study(folder):
    save(demo_paint.study(), folder, LARGE / ARCHIVE / "zeichnungen/hafen.tif")


def chart(folder):
    whole = demo_papers.chart()
    for number in (1, 2, 5):
        save(demo_papers.sheet(whole, number), folder, MUSEUM / f"charts/sheet-{number}.jpg")
    for number in (3, 4, 6):
        save(demo_papers.sheet(whole, number), folder, ARCHIVE / f"seekarte/blatt-{number}.jpg")


def letters(folder):
    save(demo_papers.cover(), folder, ARCHIVE / "briefe-an-anna/einband.jpg")
    for number in range(1, 5):
        save(demo_papers.letter(number), folder, ARCHIVE / f"briefe-an-anna/seite-{number}.jpg")


def plants(folder):
    for number in range(1, len(demo_papers.PLANTS) + 1):
        save(demo_papers.plant(number), folder, ARCHIVE / f"herbarium/{number:03}.jpg")


def photographs(folder):
    seen = demo_papers.viewed()
    for number in range(1, len(demo_papers.VIEWS) + 1):
        save(demo_papers.photograph(number, seen), folder, MUSEUM / f"photographs/photograph-{number}.jpg")


# The longest first. Seconds of processor time, roughly: for the progress bar.
WORK = {painting: 16, chart: 11, photographs: 7, study: 5, letters: 4, plants: 4}
PREPARING = 6


def run(work, folder):
    work(folder)
    return work


def paint(folder, progress):
    # Ctrl-C is for this process, which ends the painters without a word from each.
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=signal.signal,
                             initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        try:
            for done in as_completed([pool.submit(run, work, str(folder)) for work in WORK]):
                progress.add(WORK[done.result()], done.result().__name__)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def edition():
    """Names what the pictures look like: other painters, other pictures."""
    sources = [Path(module.__file__) for module in (demo_paint, demo_papers, pictures)] + [Path(__file__)]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def make(place, iiifctl):
    """The folder that holds the images of museum and archive; made beneath `place` unless it is there already."""
    images = place / edition()
    if images.is_dir():
        return images
    place.mkdir(parents=True, exist_ok=True)
    making = place / f".making-{os.getpid()}"
    progress = Progress(sum(WORK.values()) + PREPARING)
    try:
        making.mkdir()
        paint(making, progress)
        done = subprocess.run([iiifctl, "prepare", "--all", "--quiet", making / LARGE, making], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=PREPARE_SECONDS, check=False)
        if done.returncode:
            raise Failed(f"iiifctl prepare: {done.stdout}{done.stderr}")
        shutil.rmtree(making / LARGE)
        progress.add(PREPARING, "pyramids")
        os.rename(making, images)  # all of it, or nothing
    except (BrokenProcessPool, subprocess.SubprocessError, OSError) as error:
        raise Failed(error) from error
    finally:
        progress.end()
        shutil.rmtree(making, ignore_errors=True)
    for older in place.iterdir():
        if older != images and not older.name.startswith("."):
            shutil.rmtree(older, ignore_errors=True)
    return images
