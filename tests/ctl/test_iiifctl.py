# SPDX-License-Identifier: Apache-2.0
"""iiifctl as people run it, and what it prepared behind a real server."""
import hashlib
import json
import os
import pty
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image
from support import chart, paths, pixels
from support.servers import make

PROGRAM = paths.BUILD / "common/ctl/iiifctl"
SIZE = 3000, 2000


def run(*words, code=0, **named):
    done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True, timeout=120, check=False, **named)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


@pytest.fixture(name="folder")
def folder_of_a_museum(images, tmp_path):
    """Slow, fair and fast ones, one with a profile, one that is turned, one that is broken, and a text."""
    for part in (tmp_path, *list(tmp_path.parents)[:3]):
        part.chmod(0o755)
    folder = tmp_path / "museum"
    (folder / "maps").mkdir(parents=True)
    picture = Image.fromarray(chart.pixels(*SIZE))
    picture.save(folder / "maps/page 2.png", compress_level=1)
    picture.save(folder / "maps/page 10.tif", compression="tiff_lzw", icc_profile=profile())
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", quality=95, subsampling=0, exif=exif,
                                                      progressive=True)
    shutil.copy(images / "chart.png", folder / "small.png")
    shutil.copy(images / "tiff/pyramid-jpeg-ycbcr.tif", folder / "fast.tif")
    (folder / "broken.tif").write_bytes((folder / "maps/page 10.tif").read_bytes()[:100])
    (folder / "notes.txt").write_text("not an image\n")
    return folder


def profile():
    """Not sRGB, so that it matters."""
    return Path("/usr/share/color/icc/compatibleWithAdobeRGB1998.icc").read_bytes()


def state(folder):
    return {str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in folder.rglob("*") if path.is_file()}


def test_check_says_what_to_do(folder):
    said = run("check", folder, code=1).stdout
    assert "6 images: 1 fast, 1 fair, 3 slow, 1 unreadable; 1 other file" in said
    assert said.index("broken.tif") < said.index("turned.jpg") < said.index("maps/page 2.png") < said.index("maps/page 10.tif") \
        or said.index("maps/page 2.png") < said.index("maps/page 10.tif")
    assert "small.png" not in said and "notes.txt" not in said
    assert "small.png" in run("check", "-v", folder, code=1).stdout
    found = json.loads(run("check", "--json", folder, code=1).stdout)
    assert found["counts"] == {"fast": 1, "fair": 1, "slow": 3, "unreadable": 1, "other": 1, "problem": 0, "sidecars": 0,
                               "mistakes": 0}
    by_path = {image["path"]: image for image in found["images"]}
    assert by_path["turned.jpg"]["width"], by_path["turned.jpg"]["height"] == SIZE
    assert by_path["maps/page 2.png"]["verdict"] == "slow" and "prepare" in by_path["maps/page 2.png"]["to_do"]
    assert by_path["broken.tif"]["verdict"] == "unreadable"


def test_info(folder):
    assert run("info", folder / "fast.tif").stdout.startswith("fast ")
    assert json.loads(run("info", "--json", folder / "turned.jpg", code=1).stdout)["width"] == SIZE[0]
    assert run("info", folder / "broken.tif", code=1).stdout.startswith("unreadable")
    assert "iiifctl check looks at folders" in run("info", folder, code=2).stderr


@pytest.mark.parametrize("words,says", [
    ((), "subcommand is required"), (("check",), "DIR is required"), (("check", "/nowhere/at/all"), "/nowhere/at/all"),
    (("prepare", "/tmp"), "OUT is required"), (("prepare", ".", "out", "--tile", "100"), "multiples of 16"),
    (("prepare", ".", "out", "--quality", "101"), "101"), (("prepare", "/", "/tmp/inside"), "stays as it is"),
    (("frobnicate",), "frobnicate")])
def test_what_cannot_work(words, says, tmp_path):
    assert says in run(*words, code=2, cwd=tmp_path).stderr


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_prepared_images_are_fast(folder, tmp_path, kind):
    before, out = state(folder), tmp_path / "out"
    said = run("prepare", folder, out, code=1).stdout  # one is broken
    assert "failed      broken.tif" in said and "3 made into pyramids, 2 copied, 0 there already, 1 failed" in said
    assert state(folder) == before
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        "maps/page 2.tif", "maps/page 10.tif", "turned.tif", "small.png", "fast.tif"}
    assert "5 images: 4 fast, 1 fair, 0 slow, 0 unreadable" in run("check", out).stdout
    assert (out / "small.png").read_bytes() == (folder / "small.png").read_bytes()

    made = state(out)
    assert "0 made into pyramids, 0 copied, 5 there already, 1 failed" in run("prepare", folder, out, code=1).stdout
    assert state(out) == made
    os.utime(folder / "maps/page 2.png", (1_600_000_000,) * 2)
    again = json.loads(run("prepare", "--json", folder, out, code=1).stdout)
    assert [image["from"] for image in again["images"] if image["done"] == "made"] == ["maps/page 2.png"]

    time.sleep(2.1)  # files of now are described anew for each request
    with make(kind, out, {}) as server:
        for name in ("maps%2Fpage%202.tif", "maps%2Fpage%2010.tif", "turned.tif"):
            info = server.get(f"/iiif/3/{name}/info.json").json()
            assert (info["width"], info["height"]) == SIZE and info["tiles"][0]["width"] == 512
        target = "/iiif/3/maps%2Fpage%202.tif/512,512,512,512/512,512/0/default.jpg"
        answer = server.get(target)
        pixels.assert_chart(pixels.decoded(answer), (512, 512, 512, 512), (512, 512), tolerance=20)
        told = [line for line in server.access() if f" {target} " in line]
        assert ["served=file" in line for line in told] == [True], told
        answer = server.get("/iiif/3/turned.tif/0,0,1500,1000/300,200/0/default.jpg")
        pixels.assert_chart(pixels.decoded(answer), (0, 0, 1500, 1000), (300, 200), tolerance=20)
    with Image.open(out / "maps/page 10.tif") as prepared:
        assert prepared.info["icc_profile"] == profile()


def test_interrupted_and_gone_on(folder, tmp_path):
    """What was being made when it was killed is not there, what was made is, and nothing hidden is left in the end."""
    for number in range(30):
        shutil.copy(folder / "maps/page 2.png", folder / f"maps/copy {number}.png")
    out = tmp_path / "out"
    running = subprocess.Popen([str(PROGRAM), "prepare", "-q", "-j", "2", str(folder), str(out)], stdout=subprocess.DEVNULL)
    while not list(out.glob("maps/copy*.tif")):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    time.sleep(0.2)
    made = state(out)
    finished = [name for name in made if not Path(name).name.startswith(".")]
    assert 0 < len(finished) < 35
    said = run("prepare", folder, out, code=1).stdout
    assert f"{len(finished)} there already" in said
    assert all(state(out)[name] == made[name] for name in finished)
    assert not [path for path in out.rglob(".*")]
    assert len(list(out.glob("maps/copy*.tif"))) == 30


def test_a_bar_on_a_terminal_alone(folder, tmp_path):
    assert "[" not in run("prepare", folder, tmp_path / "one", code=1).stderr
    parent, child = pty.openpty()
    done = subprocess.run([str(PROGRAM), "prepare", str(folder), str(tmp_path / "two")], stdout=subprocess.DEVNULL,
                          stderr=child, timeout=120, check=False)
    os.close(child)
    assert done.returncode == 1
    assert b"####] 100%" in os.read(parent, 1 << 20)


def test_two_that_would_get_one_name(folder, tmp_path):
    shutil.copy(folder / "maps/page 2.png", folder / "fast.png")
    said = run("prepare", folder, tmp_path / "out", code=1).stdout
    assert "would become \"fast.tif\"" in said and (tmp_path / "out/fast.tif").exists()
