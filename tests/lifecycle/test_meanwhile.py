# SPDX-License-Identifier: Apache-2.0
"""What happens to files, disks and descriptors while the servers are at work on them."""
import itertools
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

import numpy
import pytest
from PIL import Image
from support.http import HttpError
from support.servers import ALL_KINDS, make, wait_for

WHOLE = "/iiif/3/noise.png/full/max/0/default.png"
TILE = "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/0,0,256,256/256,256/0/default.jpg"
RENDERED = "/iiif/3/cases%2F300x200.png/{},0,100,100/50,/0/default.jpg"


@pytest.fixture(name="root")
def folder_with_a_large_file():
    """22 MB that are sent as they are stored: more than fits into the buffers of a connection."""
    with tempfile.TemporaryDirectory(prefix="iiif-meanwhile-") as name:
        root = Path(name)
        root.chmod(0o755)
        noise = numpy.random.default_rng(1).integers(0, 256, (2500, 3000, 3), numpy.uint8)
        Image.fromarray(noise).save(root / "noise.png", compress_level=0)
        os.utime(root / "noise.png", (1_600_000_000,) * 2)
        yield root


def begun(server, target):
    """A connection that has had the head of an answer and a little of its body, and that takes no more for now."""
    taker = socket.socket()
    taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    taker.settimeout(30)
    taker.connect(("127.0.0.1", server.port))
    taker.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    had = b""
    while b"\r\n\r\n" not in had:
        had += taker.recv(4096)
    head, _, body = had.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return taker, length, body


def rest_of(taker, length, body):
    """All that comes, to the length that was announced or to the end of the connection."""
    with taker:
        while len(body) < length:
            try:
                piece = taker.recv(1 << 16)
            except ConnectionError:
                break
            if not piece:
                break
            body += piece
    return body


def test_cut_while_it_is_sent(start, root):
    """Who was being sent the file sees that it broke off; nobody's process ends for it."""
    server = start(root=root)
    assert server.get(WHOLE).header("Content-Length") == str((root / "noise.png").stat().st_size)
    before = set(server.pids())
    taker, length, body = begun(server, WHOLE)
    os.truncate(root / "noise.png", 1 << 20)
    assert len(rest_of(taker, length, body)) < length
    assert server.get("/iiif/3/noise.png/full/100,/0/default.jpg").status >= 500  # what is left is damaged
    assert server.get("/hello.txt").status == 200
    assert before <= set(server.pids())


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_gone_while_it_is_sent(start, root, how):
    """The file that was asked for is sent to its end."""
    server = start(root=root)
    whole = (root / "noise.png").read_bytes()
    assert server.get(WHOLE).body == whole
    taker, length, body = begun(server, WHOLE)
    if how == "deleted":
        (root / "noise.png").unlink()
    else:
        Image.new("RGB", (200, 100)).save(root / "fresh.png")
        (root / "fresh.png").rename(root / "noise.png")
    assert rest_of(taker, length, body) == whole
    after = server.get("/iiif/3/noise.png/info.json")
    assert after.status == 404 if how == "deleted" else after.json()["width"] == 200


def test_no_descriptors_left(start):
    """Whoever comes is told in words, or not at all, while others hold all connections; afterwards all is as before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))  # which the server inherits
    try:
        server = start(workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.get(TILE).status == 200
    before = set(server.pids())
    held, seen = [], set()
    for number in range(80):
        try:
            held.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            held[-1].sendall(b"GET /iiif/3/chart.png/info.json HTTP/1.1\r\n")
        except OSError:
            pass
        if number % 8 == 0:
            for target in (TILE, RENDERED.format(number), "/iiif/3/chart.png/info.json"):
                try:
                    answer = server.get(target, timeout=1)
                    seen.add(answer.status)
                    assert answer.status == 200 or answer.body, answer
                except (OSError, HttpError):
                    seen.add("no connection")
    for one in held:
        one.close()
    assert seen <= {200, 500, 502, 503, "no connection"}, seen
    for number in range(10):
        wait_for(lambda number=number: status_of(server, RENDERED.format(100 + number)) == 200, 20, "it works again")
        assert server.get(TILE).status == 200
    assert server.name != "nginx" or set(server.pids()) == before


def status_of(server, target):
    try:
        return server.get(target, timeout=5).status
    except (OSError, HttpError):
        return None


def mount(folder, size):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "none", str(folder)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture(name="disk")
def small_disks():
    """disk(size=...) is a folder with a disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted, for which the tests have to run as root")
    mounted = []
    with tempfile.TemporaryDirectory(prefix="iiif-disk-") as name:
        Path(name).chmod(0o755)

        def begin(size):
            folder = Path(name) / f"disk{len(mounted)}"
            folder.mkdir()
            mount(folder, size)
            mounted.append(folder)
            return folder

        try:
            yield begin
        finally:
            for folder in mounted:
                subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_root_is_unmounted_and_comes_back(start, images, disk):
    """Meanwhile there is an honest answer to everything; afterwards all is as it was, without a reload."""
    root = disk(size="64m")
    names = ["chart.png", "tiff/pyramid-jpeg-ycbcr.tif", "cases/300x200.png"]

    def fill():
        for name in names:
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy2(images / name, root / name)

    fill()
    server = start(root=root)
    targets = [TILE, RENDERED, "/iiif/3/chart.png/info.json", "/hello.txt"]
    wanted = {target: server.get(target.format(1)).body for target in targets}
    before = set(server.pids())
    load = Asking(server, targets)
    for _ in range(3):
        wait_for(lambda: load.seen[200] > 20, 20, lambda: f"{load.seen}")
        subprocess.run(["umount", "-l", str(root)], check=True)
        load.seen.clear()
        wait_for(lambda: load.seen[404] + load.seen[503] > 20, 20, lambda: f"{load.seen}")
        mount(root, "64m")
        fill()
        wait_for(lambda: status_of(server, TILE) == 200, 20, "the root is back", step=0.2)
        wait_for(lambda: status_of(server, RENDERED.format(7)) == 200, 20, "the root is back for renderers", step=0.2)
        load.seen.clear()
    load.stop()
    assert load.ever <= {200, 404, 500, 502, 503}, load.ever
    assert not load.wrong, load.wrong[:5]
    for target, body in wanted.items():
        assert server.get(target.format(1)).body == body
    assert server.name != "nginx" or set(server.pids()) == before


class Asking:
    """Asks for the targets in turn until stop(); {} in one is a number that makes it another each time."""

    def __init__(self, server, targets):
        self.server, self.targets = server, targets
        self.seen, self.ever, self.wrong = Counter(), set(), []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        for number in itertools.count(10):
            if self.over.is_set():
                return
            target = self.targets[number % len(self.targets)].format(number % 100)
            try:
                answer = self.server.get(target, timeout=20)
                status = answer.status
                if status == 200 and target.endswith(".jpg") and answer.image().size not in ((256, 256), (50, 50)):
                    self.wrong.append(f"{target}: {answer}")
            except (OSError, HttpError) as error:
                status = type(error).__name__
            self.ever.add(status)
            self.seen[status] += 1

    def stop(self):
        self.over.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_the_pyramids_disk_is_full(start, root, disk):
    """What no pyramid can be made of is answered from its source, as well as ever; nothing half made is left."""
    pyramids = disk(size="1m")
    server = start({"pyramids": f"{pyramids}"}, root=root)
    plain = start(root=root)
    assert server.get("/iiif/3/noise.png/info.json").status == 200
    for number in range(4):
        target = f"/iiif/3/noise.png/{number},0,1200,1200/100,/0/default.jpg"
        answer = server.get(target)
        assert answer.status == 200 and answer.body == plain.get(target).body
    complaints = [line for line in server.log().splitlines() if f'pyramids "{pyramids}"' in line]
    assert complaints and "No space left on device" in complaints[0], server.log()[-2000:]
    wait_for(lambda: not [name for name in os.listdir(pyramids) if name != "lost+found"], 10,
             lambda: f"nothing is left: {os.listdir(pyramids)}")


def no_room(server):
    """Whether nginx said that a disk was full."""
    return "No space left" in server.log() or "has written only" in server.log()


def test_nginx_has_no_room_for_a_slow_client(root, disk):
    """What a client does not take yet goes to a file, when it is much. Without room the answer breaks off, visibly."""
    temporary = disk(size="1m")
    with make("nginx", root, {}, location=f"client_body_temp_path {temporary}/t;") as server:
        target = "/iiif/3/noise.png/1,0,2000,2000/max/0/default.png"  # 12 MB
        before = set(server.pids())
        taker, length, body = begun(server, target)
        wait_for(lambda: no_room(server), 60, "nginx has nowhere to put it")
        assert len(rest_of(taker, length, body)) < length
        assert set(server.pids()) == before and server.get(target.replace("2000", "200")).status == 200


def nginx_workers(server):
    """Its worker processes; those that look after a cache come later, and one of them goes."""
    return {pid for pid in server.pids() if b"worker process" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_cache_s_disk_is_full(kind, root, disk):
    """Answers are right all the same; but nginx breaks off what it cannot write, as it does for every upstream."""
    small_disk = disk(size="1m")
    cache = {"nginx": f"iiif_cache_path {small_disk}/c levels=1 keys_zone=images:1m use_temp_path=off;",
             "httpd": f"CacheRoot {small_disk}\nCacheEnable disk /iiif/\nCacheHeader On"}
    with make(kind, root, {}, location={"nginx": "iiif_cache images;"}, http=cache) as server:
        # A process is a worker when it has said so, which may be after the server answers.
        wait_for(lambda: kind != "nginx" or len(nginx_workers(server)) == server.workers, 10, server.describe_processes)
        before, answers = nginx_workers(server), []
        targets = [f"/iiif/3/noise.png/{number},{number},500,500/max/0/default.png" for number in range(8)]
        for target in targets * 2:
            try:
                answer = server.get(target)
            except HttpError:
                assert kind == "nginx" and no_room(server)
                continue
            assert answer.status == 200 and answer.image().size == (500, 500)
            answers.append(answer.body)
        assert sum(map(len, answers[:8])) > 4 << 20 or kind == "nginx", "they were to be more than the disk can hold"
        assert answers and server.get(targets[0].replace("500,500", "20,20")).status == 200
        assert kind != "nginx" or nginx_workers(server) == before
