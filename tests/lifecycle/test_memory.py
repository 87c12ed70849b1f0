# SPDX-License-Identifier: Apache-2.0
"""Workers and renderers neither grow nor collect descriptors."""
import os
import threading

import pytest
from support import paths
from support.load import fresh
from support.servers import resident_bytes, wait_for

REQUESTS = 20_000
TARGETS = [
    ("/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/info.json", {}),
    ("/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/0,0,256,256/256,256/0/default.jpg", {"If-None-Match": "*"}),
    ("/iiif/3/nowhere/info.json", {}),
    ("/iiif/3/chart.png", {}),
    ("/iiif/3/chart.png/full/9999,/0/default.jpg", {}),
    ("/iiif/2/chart.png/info.json", {"Accept": "application/ld+json"}),
    ("/iiif/3/chart.png/bad/max/0/default.jpg", {}),
    ("/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/{x},{y},256,256/64,64/0/default.jpg", {}),
]


def ask(server, count, threads=4):
    wrong = []

    def work(number):
        with server.connection() as connection:
            for n in range(number, count, threads):
                target, headers = TARGETS[n % len(TARGETS)]
                # A new identifier now and then: stores have to stay bounded.
                if n % 64 == 2:
                    target = f"/iiif/3/nowhere-{n}/info.json"
                status = connection.get(fresh(target, n // len(TARGETS)), headers).status
                if status >= 500:
                    wrong.append((status, target))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong, wrong[:5]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


# AddressSanitizer keeps what was freed, to know it again.
measures_memory = pytest.mark.skipif(paths.SANITIZED, reason="a sanitizer's memory is not the server's")


@measures_memory
def test_memory_is_flat(start):
    server = start(workers=1)
    ask(server, REQUESTS // 5)
    # prefork starts and ends children as it likes: those that served all the time tell.
    before = {pid: (resident_bytes(pid), descriptors(pid)) for pid in server.pids()}
    renderers = {pid: resident_bytes(pid) for pid in server.renderers()}
    ask(server, REQUESTS)
    stayed = [pid for pid in before if pid in server.pids()]
    assert stayed
    for pid in stayed:
        # A leak of 100 bytes per request would show.
        grown = resident_bytes(pid) - before[pid][0]
        assert grown < 2_000_000, f"worker {pid} grew by {grown} from {before[pid][0]} bytes within {REQUESTS} requests"
        wait_for(lambda: descriptors(pid) <= before[pid][1], 10,
                 lambda: f"{descriptors(pid)} descriptors after {before[pid][1]}")
    for pid, bytes_before in renderers.items():
        if pid in server.renderers():
            assert resident_bytes(pid) - bytes_before < 20_000_000


def most_resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024


@measures_memory
def test_large_answers_are_not_held(start):
    """Answers of up to 190 MB, turned and rotated: whole, their pixels would take as much again."""
    server = start(pool={"renderers": "1"})
    source = "/iiif/3/cases%2F6000x4000.tif/full"
    # A single renderer takes heavy work too.
    for request in ("max/33/default.tif", "max/90/default.tif", "max/33/default.png", "max/0/default.jpg", "max/0/default.pdf"):
        assert server.get(f"{source}/{request}", timeout=120).status == 200
        for pid in server.renderers():
            assert most_resident_bytes(pid) < 200 << 20, request


def test_what_one_worker_knows_all_know(start):
    """One description for all processes of a generation: after the first answer no renderer is asked again."""
    server = start(workers=4)
    target = "/iiif/3/tiff%2Fsubifd-jpeg.tif/info.json"
    assert server.get(target).status == 200
    for _ in range(60):  # each on a connection of its own, which any process may take
        assert server.get(target).status == 200
    wait_for(lambda: sum(f" {target} " in line for line in server.access()) == 61, 10, "all requests in the access log")
    ways = [line.partition("served=")[2].split()[0] for line in server.access() if f" {target} " in line]
    assert sorted(ways) == ["memory"] * 60 + ["render"]
