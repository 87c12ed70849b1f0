# SPDX-License-Identifier: Apache-2.0
"""httpd's MPMs with threads, with a module that ThreadSanitizer watches: httpd and its libraries are as they are, so
only what the module and the core do is seen. Run by the stage "threads", which says which module and which runtime.
"""
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from support import http, paths
from support.load import Load, fresh
from support.servers import make, wait_for

TARGETS = (
    "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/0,0,256,256/256,256/0/default.jpg",
    "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/256,256,256,256/256,256/0/default.jpg",
    "/iiif/3/chart.png/info.json",
    "/iiif/2/tiff%2Fsubifd-jpeg.tif/info.json",
    "/iiif/3/cases%2F300x200.png/{x},{y},200,100/150,/0/default.png",
    "/iiif/3/tiff%2Fpyramid-lzw.tif/{x},{y},512,512/64,64/0/default.jpg",
)
REFUSED = ("/iiif/3/missing-{x}-{y}.tif/info.json", "/iiif/3/chart.png/0,0,0,0/max/0/default.jpg", "/iiif/3/chart.png")


@pytest.fixture(name="reports")
def folder_of_reports(monkeypatch):
    """TSan writes a file for each process that has something to report."""
    if "libtsan" not in paths.PRELOAD:
        pytest.skip("IIIF_PRELOAD names no libtsan: scripts/test --only threads sets it")
    with tempfile.TemporaryDirectory(prefix="iiif-tsan-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        # What the uninstrumented libraries do between themselves is not to be judged from outside.
        monkeypatch.setenv("TSAN_OPTIONS", f"log_path={folder}/report:exitcode=0:halt_on_error=0:"
                                           "ignore_noninstrumented_modules=1:report_signal_unsafe=0")
        yield folder


def watched(server):
    """Whether the workers run the runtime and the module that it watches."""
    maps = [Path(f"/proc/{pid}/maps").read_text() for pid in server.pids()]
    return maps and all("libtsan" in text and str(paths.HTTPD_MODULE) in text for text in maps)


@pytest.mark.parametrize("kind", ["httpd-worker", "httpd-event"])
def test_requests_reloads_and_changing_files(reports, images, kind):
    with tempfile.TemporaryDirectory(prefix="iiif-threads-") as name:
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(images / "tiff", root / "tiff")
        (root / "cases").mkdir()
        for one in ("chart.png", "cases/300x200.png"):
            shutil.copy2(images / one, root / one)
        changing = root / "tiff/pyramid-jpeg-ycbcr.tif"
        with make(kind, root, {}, workers=1, main="ThreadsPerChild 16") as server:
            assert watched(server)
            load = Load(server, targets=TARGETS, threads=12)
            for turn in range(3):
                answered = sum(load.statuses.values())
                for number in range(200):
                    target = fresh(REFUSED[number % len(REFUSED)], number + 1000 * turn)
                    assert http.get(server.port, target).status in (303, 400, 404)
                    if number % 50 == 0:
                        other = root / "other.tif"
                        shutil.copy2(images / "tiff/pyramid-jpeg-ycbcr.tif", other)
                        other.rename(changing)  # another file of the same pixels
                wait_for(lambda: sum(load.statuses.values()) > answered + 300, 120, lambda: f"{load.statuses}")
                server.reload()
            load.stop()
            assert not load.wrong, (load.wrong[:5], load.statuses)
    found = [file.read_text(errors="replace") for file in sorted(reports.iterdir())]
    assert not found, f"{len(found)} processes reported:\n{found[0][:6000]}"


def test_a_race_would_be_reported(reports, tmp_path):
    """The runtime as it is set here, over a library with a race, in a program that is not instrumented."""
    source = tmp_path / "race.c"
    source.write_text("#include <pthread.h>\nint shared;\nstatic void *add(void *_) { for (int i = 0; i < 100000; i++) shared++;"
                      " return _; }\nvoid race(void) { pthread_t a, b; pthread_create(&a, 0, add, 0);"
                      " pthread_create(&b, 0, add, 0); pthread_join(a, 0); pthread_join(b, 0); }\n")
    assert os.system(f"gcc -g -O1 -fPIC -shared -fsanitize=thread {source} -o {tmp_path}/librace.so") == 0
    (tmp_path / "main.c").write_text("void race(void);\nint main(void) { race(); return 0; }\n")
    assert os.system(f"gcc {tmp_path}/main.c -L{tmp_path} -lrace -Wl,-rpath,{tmp_path} -o {tmp_path}/main") == 0
    assert os.system(f"LD_PRELOAD={paths.PRELOAD} {tmp_path}/main") == 0
    assert any("data race" in file.read_text() for file in reports.iterdir())
