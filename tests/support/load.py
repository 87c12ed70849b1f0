# SPDX-License-Identifier: Apache-2.0
"""Requests from several threads, and what became of them."""
import itertools
import threading
import time
from collections import Counter

from . import http
from .servers import wait_for

# {x} and {y} differ from request to request, so that each is rendered and none is taken from what renderers keep.
TARGETS = (
    "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/0,0,256,256/256,256/0/default.jpg",
    "/iiif/3/chart.png/info.json",
    "/iiif/3/tiff%2Fpyramid-lzw.tif/{x},{y},512,512/256,256/0/default.jpg",
    "/iiif/2/tiff%2Fsubifd-jpeg.tif/info.json",
    "/iiif/3/cases%2F300x200.png/{x},{y},200,100/150,/0/default.png",
)

# Takes a renderer a good while, whatever the machine: turned by an odd angle.
HEAVY = "/iiif/3/cases%2F6000x4000.tif/full/4000,/33/default.png"
# The same, for as long as it takes to catch a renderer in the act.
LONG = HEAVY.replace("4000,", "max")


def fresh(target, number):
    """The target's own request of that number; there are 10,000."""
    return target.replace("{x}", str(number % 100)).replace("{y}", str(number // 100 % 100))


class Load:
    """`count` requests, or as many as there are until stop(); each on a connection of its own."""

    def __init__(self, server, targets=TARGETS, threads=4, count=None, timeout=60.0):
        self.server, self.targets, self.timeout = server, targets, timeout
        self.wanted = {target: self._essence(target, server.get(fresh(target, 9999))) for target in targets}
        self.numbers = itertools.count()
        self.count = count
        self.stopped = threading.Event()
        self.statuses = Counter()
        self.wrong = []
        self.slowest = 0.0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _essence(target, answer):
        """What all answers to the target have in common."""
        return answer.image().size if "{x}" in target else answer.body

    def _work(self):
        while not self.stopped.is_set():
            number = next(self.numbers)
            if self.count is not None and number >= self.count:
                return
            target = self.targets[number % len(self.targets)]
            begun = time.monotonic()
            try:
                answer = http.get(self.server.port, fresh(target, number), timeout=self.timeout)
                outcome = answer.status
                fine = answer.status == 200 and self._essence(target, answer) == self.wanted[target]
            except (OSError, http.HttpError) as error:
                outcome, fine = type(error).__name__, False
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.statuses[outcome] += 1
                if not fine:
                    self.wrong.append(f"request {number}: {outcome} {target}")

    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def wait(self, seconds=120.0):
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        assert not self.running(), f"requests hang: {self.statuses}"
        return self

    def stop(self):
        self.stopped.set()
        return self.wait()


def quiet(server, renderers=2):
    """All renderers are there and do nothing: what they use from now on is for a request."""
    wait_for(lambda: len(server.renderers()) == renderers, 10, f"{renderers} renderers")
    last = ticks(server)
    while True:
        time.sleep(0.3)
        now = ticks(server)
        if now == last:
            return
        last = now


def ticks_of(server):
    """Processor time of each renderer, by process."""
    found = {}
    for pid in server.renderers():
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                found[pid] = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        except OSError:
            pass
    return found


def ticks(server):
    """Processor time of the renderers."""
    return sum(ticks_of(server).values())


def wait_busy(server):
    """Returns once the renderers, quiet() before, are at work."""
    before = ticks(server)
    wait_for(lambda: ticks(server) > before + 10, 10, "renderers use the processor")
