# SPDX-License-Identifier: Apache-2.0
"""iiifctl check, of what people wrote beside their images."""
import json
import subprocess

import pytest
from PIL import Image
from support import paths

PROGRAM = paths.BUILD / "common/ctl/iiifctl"

WRONG = {
    "a wrong value": ("a/iiif.yaml", "label: A\nrights: whatever\n", "a/iiif.yaml", 2, "rights"),
    "order": ("a/iiif.yaml", "label: A\norder: [1.png, Two.png]\n", "a/iiif.yaml", 2, 'write "2.png"|leave it out'),
    "start": ("a/iiif.yaml", "start: 1.jpg\n", "a/iiif.yaml", 1, 'start: there is no file and no folder "1.jpg" here; write "1.png"'),
    "thumbnail": ("a/iiif.yaml", "\nthumbnail: cover.png\n", "a/iiif.yaml", 2, 'thumbnail: there is no file and no folder "cover.png"'),
    "items": ("a/iiif.yaml", "items:\n  2.PNG: Two\n", "a/iiif.yaml", 2, 'write "2.png"'),
    "chapters": ("a/iiif.yaml", "chapters:\n  - label: One\n    items: [1.png, lost.png]\n", "a/iiif.yaml", 3, '"lost.png"'),
    "a row": ("a/metadata.csv", "file,title\n1.png,One\nnowhere.png,Two\n", "a/metadata.csv", 3, '"nowhere.png"'),
    "two of one name": ("b/iiif.yaml", "ark: 12025/one\n", "b/iiif.yaml", 1, '"b" claims the identifier "ark:/12025/one", which "a 0"'),
    "too large": ("a/iiif.yaml", "#" * (9 << 20), "a/iiif.yaml", None, "larger than 8 MiB"),
    "an .htaccess": ("b/.htaccess", "Options -Indexes\nRequire valid-user\n", "b/.htaccess", 2, "does not guard"),
    "two sidecars": ("a 0/iiif.json", "{}", "a 0/iiif.json", None, "not read"),
}


def check(folder, *options, code):
    done = subprocess.run([str(PROGRAM), "check", *options, str(folder)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(name="folder")
def right_ones(tmp_path):
    for part in ("a", "a 0", "b"):
        (tmp_path / part).mkdir()
        for name in ("1.png", "2.png"):
            Image.new("RGB", (40, 30)).save(tmp_path / part / name)
            (tmp_path / part / name).chmod(0o644)
    (tmp_path / "a 0/iiif.yaml").write_text("ark: ark:/12025/one\nstart: 2.png\norder: [2.png]\nitems: {1.png: One}\n")
    (tmp_path / "metadata.csv").write_text("file,title,ark\na 0,A,12025/one\n")
    return tmp_path


def test_an_htaccess_that_keeps_nothing_back(folder):
    """It is no sidecar, and as nobody is served it, the server's user alone may read it."""
    (folder / "a/.htaccess").write_text("Options -Indexes\nRequire all granted\n")
    (folder / "a/.htaccess").chmod(0o640)
    assert "6 images: 0 fast, 6 fair, 0 slow, 0 unreadable; 2 sidecars with 0 mistakes\n" in check(folder, code=0)


def test_right_ones(folder):
    assert "6 images: 0 fast, 6 fair, 0 slow, 0 unreadable; 2 sidecars with 0 mistakes\n" in check(folder, code=0)


@pytest.mark.parametrize("name", WRONG)
def test_says_file_line_and_what_to_write(folder, name):
    file, text, path, line, words = WRONG[name]
    (folder / file).write_text(text)
    told = json.loads(check(folder, "--json", code=1))
    (mistake,) = told["mistakes"]
    assert (mistake["path"], mistake.get("line")) == (path, line), mistake
    assert any(one in mistake["says"] for one in words.split("|")), mistake
    sidecars = 2 if path.endswith(".htaccess") else 3
    assert told["counts"]["sidecars"] == sidecars and told["counts"]["mistakes"] == 1 and told["counts"]["other"] == 0
    said = check(folder, code=1)
    assert f"wrong       {path}{'' if line is None else f', line {line}'}\n" in said and f"{sidecars} sidecars with 1 mistake" in said
