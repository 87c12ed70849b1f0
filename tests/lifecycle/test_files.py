# SPDX-License-Identifier: Apache-2.0
"""Image files stay open between requests for a while, and no longer: volumes can be unmounted."""
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from support.servers import wait_for

TILE = "/iiif/3/pyramid-jpeg-ycbcr.tif/0,0,256,256/64,64/0/default.jpg"


@pytest.fixture(name="folder")
def readable_folder():
    """Not pytest's own, which nobody else may enter: the workers are somebody else."""
    with tempfile.TemporaryDirectory(prefix="iiif-files-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def open_beneath(folder, pids):
    """Names of the files beneath `folder` that these processes have open."""
    found = []
    for pid in pids:
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{number}")
                if target.startswith(f"{folder}/"):
                    found.append(target)
        except FileNotFoundError:
            pass  # ended, or closed, meanwhile
    return found


def test_open_between_requests_and_closed_behind_them(start, images, folder):
    root = folder / "root"
    root.mkdir()
    file = root / "pyramid-jpeg-ycbcr.tif"
    shutil.copy(images / "tiff/pyramid-jpeg-ycbcr.tif", file)
    os.utime(file, (time.time() - 3600,) * 2)
    server = start(root=root, workers=1)
    keeps = getattr(server, "mpm", "event") == "event"  # the others have no timers
    for _ in range(2):
        with server.connection() as connection:
            seen = set()
            for _ in range(20):
                assert connection.get(TILE).status == 200
                # Each time, for it is closed again soon, and this machine may be a busy one.
                seen.update(open_beneath(root, server.pids()))
            if not keeps:
                wait_for(lambda: not open_beneath(root, server.pids()), 10, lambda: "the file to be closed, with its request")
        if keeps:
            assert seen == {str(file)}
        wait_for(lambda: not open_beneath(root, server.processes()), 10,
                 lambda: f"{open_beneath(root, server.processes())} to be closed")


def test_a_replaced_file_shows_at_the_next_request(start, images, folder):
    root = folder / "root"
    root.mkdir()
    names = ["tiff/pyramid-jpeg-ycbcr.tif", "tiff/pyramid-jpeg-rgb.tif"]
    name = "pyramid-jpeg-ycbcr.tif"
    server = start(root=root, workers=1)
    tags = []
    with server.connection() as connection:
        for number in range(20):
            fresh = folder / "fresh"
            shutil.copy(images / names[number % 2], fresh)
            os.utime(fresh, (1_600_000_000 + number % 2,) * 2)
            fresh.chmod(0o644)
            fresh.rename(root / name)
            answer = connection.get(TILE)
            assert answer.status == 200
            tags.append(answer.header("ETag"))
            assert connection.get(TILE).body == answer.body
        (root / name).unlink()
        assert connection.get(TILE).status == 404
    assert len(set(tags)) == 2
    assert tags == tags[:2] * 10
