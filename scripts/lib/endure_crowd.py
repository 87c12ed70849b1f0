# SPDX-License-Identifier: Apache-2.0
"""Crowds of clients that mean no good, or do not know better; and a few viewers meanwhile, who want their tiles."""
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import example
from endure import each_server, stopped
from support import chart, http
from support.load import HEAVY, fresh
from support.servers import Httpd, Nginx, resident_bytes, wait_for

ABOUT = "crawlers, 512 clients at once, slow readers, half-open connections, identifiers that are not there"

STORED = "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/256,256,256,256/256,256/0/default.jpg"
INFO = "/iiif/3/tiff%2Fpyramid-jpeg-ycbcr.tif/info.json"
RENDERED = "/iiif/3/cases%2F300x200.png/{x},{y},200,100/150,/0/default.png"
# Tiles as viewers ask for them, which a renderer has to make: with fair shares, odd regions are counted.
TILED = "/iiif/3/tiff%2Fpyramid-lzw.tif"
# Nobody is kept waiting for longer: what cannot be made in time is an error in words.
LONGEST = 30.0  # seconds; the time of the queue and of a job, and what the servers add to them
POOL = {"renderers": "2", "queue": ("64", "5s"), "timeout": "10s", "encoder_memory": "1g"}

SAME_KIND = "512 clients on regions"
CRAWLERS = "16 crawlers on whole images"
FAIR = "fair shares"  # at the end of a kind: with conf-examples/*/fair-shares.conf
PICTURES = ("tiff/pyramid-jpeg-ycbcr.tif", "tiff/pyramid-lzw.tif", "cases/6000x4000.tif")

# As Debian has them, apart from the number of descriptors, which containers set low.
NGINX = {"main": "worker_rlimit_nofile 8192;"}
THREADED = "StartServers 2\nServerLimit 6\nThreadsPerChild 25\nMinSpareThreads 25\nMaxSpareThreads 150\nMaxRequestWorkers 150"
PROCESSES = "StartServers 5\nMinSpareServers 5\nMaxSpareServers 150\nServerLimit 150\nMaxRequestWorkers 150"


class Shared:
    """Mixed into a server of an example: with the pictures that are asked for here."""

    def prepare(self):
        super().prepare()
        for name in PICTURES:
            place = self.folder / "images" / name
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                shutil.copy2(chart.data() / "images" / name, place)


class SharedNginx(Shared, example.NginxExample):
    pass


class SharedHttpd(Shared, example.HttpdExample):
    pass


def started(kind):
    images = chart.data() / "images"
    if kind.endswith(FAIR):
        return (SharedNginx if kind.startswith("nginx") else SharedHttpd)("fair-shares")
    if kind == "nginx":
        return Nginx(images, {}, pool=POOL, **NGINX)
    mpm = kind.removeprefix("httpd-")
    # mod_reqtimeout as Debian has it on, with less patience.
    main = f"{PROCESSES if mpm == 'prefork' else THREADED}\nRequestReadTimeout header=3 body=5"
    return Httpd(images, {}, pool=POOL, mpm=mpm, main=main, modules=("reqtimeout",))


def tiles_of(server):
    """Tiles that have to be rendered, and their sizes, without end."""
    answer = server.get(f"{TILED}/info.json").json()
    side = answer["tiles"][0]["width"]
    across, down = answer["width"] // side, answer["height"] // side  # whole ones
    places = [(x * side, y * side) for y in range(down) for x in range(across)]
    return [(f"{TILED}/{x},{y},{side},{side}/{side},{side}/0/default.png", (side, side)) for x, y in places]


class Viewers:
    """One client for each of what viewers ask for, until stop(): how long each answer took, and what was wrong."""

    def __init__(self, server, address="127.0.0.1"):
        self.server, self.address, self.stopped = server, address, threading.Event()
        self.wrong, self.refused = [], 0  # refused: a tile that has to be rendered, with 503 and Retry-After
        fair = isinstance(server, example.Example)
        self.headers = {"Host": example.HOST} if fair else {}
        self.wanted = {target: self.get(target).body for target in (STORED, INFO)}
        rendered = tiles_of(server) if fair else [(fresh(RENDERED, number), (150, 75)) for number in range(10000)]
        asked = {"stored tile": [(STORED, None)], "info.json": [(INFO, None)], "rendered tile": rendered}
        self.get(rendered[0][0])
        self.seconds = {name: [] for name in asked}
        self.threads = [threading.Thread(target=self.view, args=(name, targets), daemon=True)
                        for name, targets in asked.items()]
        for thread in self.threads:
            thread.start()

    def get(self, target):
        with http.Connection(self.server.port, timeout=LONGEST, source=self.address) as connection:
            return connection.request("GET", target, self.headers, close=True)

    def view(self, name, targets):
        for target, size in itertools.islice(itertools.cycle(targets), os.getpid() % 5000, None):
            if self.stopped.is_set():
                return
            begun = time.monotonic()
            try:
                answer = self.get(target)
                took = time.monotonic() - begun
                fine = answer.status == 200 and (answer.body == self.wanted[target] if target in self.wanted
                                                 else answer.image().size == size)
                why = f"{answer.status} {answer.body[:100]!r}"
                if name == "rendered tile" and answer.status == 503 and answer.header("Retry-After"):
                    self.refused += 1
                    fine = True
            except (OSError, http.HttpError) as error:
                took, fine, why = time.monotonic() - begun, False, repr(error)
            self.seconds[name].append(took)
            if not fine:
                self.wrong.append(f"{name}: {why}")
            time.sleep(0.01)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(LONGEST + 10)


def worker(ask):
    """A client that asks again and again: ask(number) gives the status."""

    def begin(server, stopped, ended, first):
        number = first
        while not stopped.is_set():
            number += 1
            try:
                ended[str(ask(server, number))] += 1
            except (OSError, http.HttpError) as error:
                ended[type(error).__name__] += 1

    return begin


def whole_image(server, number):
    """A picture of 24 megapixels, turned by another angle each time."""
    answer = http.get(server.port, HEAVY.replace("4000,/33", f"max/{1 + number % 3590 / 10:g}"), timeout=60)
    return answer.status


@contextmanager
def threads(server, ended, count, begin):
    stopped = threading.Event()
    running = [threading.Thread(target=begin, args=(server, stopped, ended, 1000 * number), daemon=True)
               for number in range(count)]
    for thread in running:
        thread.start()
    yield
    stopped.set()
    for thread in running:
        thread.join(70)


@contextmanager
def by_wrk(server, ended, connections, targets, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(targets))
        file.flush()
        wrk = subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s",
                                str(Path(__file__).with_name("endure_crowd.lua")), f"http://127.0.0.1:{server.port}/", "--",
                                file.name], stdout=subprocess.PIPE, text=True)
        yield
        out = wrk.communicate(timeout=seconds + 90)[0]
        for line in out.splitlines():
            if line.startswith("status "):
                ended[line.split()[1]] += int(line.split()[2])


@contextmanager
def connections(server, count, said):
    """Opened, told a part of a request or all of it, and then left alone; a byte of the answer is read now and then."""
    held, stopped = [], threading.Event()
    for _ in range(count):
        try:
            one = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            one.sendall(said)
            one.setblocking(False)
            held.append(one)
        except OSError:
            pass

    def sip():
        while not stopped.wait(0.5):
            for one in held:
                try:
                    one.recv(1)
                except OSError:
                    pass

    reader = threading.Thread(target=sip, daemon=True)
    reader.start()
    yield
    stopped.set()
    reader.join()
    for one in held:
        one.close()


def attacks(server, ended, seconds, short):
    large = HEAVY.replace("4000,/33", "max/0").replace(".png", ".tif")
    yield CRAWLERS, lambda: threads(server, ended, 16, worker(whole_image))
    regions = [f"/iiif/3/tiff%2Fpyramid-lzw.tif/{x},{y},701,503/650,/0/default.jpg" for x in range(100) for y in range(100)]
    yield SAME_KIND, lambda: by_wrk(server, ended, 512, regions, seconds)
    yield "32 slow readers", lambda: connections(server, 32, f"GET {large} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    yield "400 half-open connections", lambda: connections(server, 400, b"GET /iiif/3/cha")
    missing = [f"/iiif/3/nothing-{number}.tif/full/max/0/default.jpg" for number in range(2000 if short else 10000)]
    yield "distinct missing identifiers", lambda: by_wrk(server, ended, 32, missing, seconds)


def descriptors(server):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.pids())


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def endure(report, kind, short):
    seconds = 2 if short else 15
    fair = kind.endswith(FAIR)
    address = "127.0.0.7" if fair else "127.0.0.1"  # the crowd's is the latter
    with started(kind) as server:
        viewers = Viewers(server, address)
        time.sleep(seconds)
        viewers.stop()
        for name, taken in viewers.seconds.items():
            report.figure(kind, f"{name} without a crowd, p50; p99, ms", f"{1000 * percentile(taken, 0.5):.1f}; "
                                                                        f"{1000 * percentile(taken, 0.99):.1f}")
        ended = Counter()
        for name, attack in attacks(server, ended, seconds, short):
            if fair and name not in (CRAWLERS, SAME_KIND):
                continue  # nothing of that is counted
            before = set(server.pids())
            ended.clear()
            with attack():
                time.sleep(0.5)
                viewers = Viewers(server, address)
                time.sleep(seconds)
                viewers.stop()
            for what in viewers.wrong:
                report.lose(kind, f"{name}: {what}")
            # They ask for what viewers ask for: who is to be preferred is for fair-shares.conf to say.
            if viewers.refused and (fair or name != SAME_KIND):
                report.lose(kind, f"{name}: {viewers.refused} rendered tiles were refused")
            report.figure(kind, f"{name}: rendered tiles refused", viewers.refused)
            for what, taken in viewers.seconds.items():
                report.figure(kind, f"{name}: {what}s answered", len(taken))
                report.figure(kind, f"{name}: {what}, p50; p99, ms",
                              f"{1000 * percentile(taken, 0.5):.1f}; {1000 * percentile(taken, 0.99):.1f}")
                if max(taken) > LONGEST:
                    report.lose(kind, f"{name}: a {what} took {max(taken):.1f} s")
            if ended:
                said = ", ".join(f"{status}: {count:,}" for status, count in sorted(ended.items()))
                report.figure(kind, f"{name}: answers to them", said)
            if kind.startswith("nginx") and set(server.pids()) != before:
                report.lose(kind, f"{name}: workers are other ones")
        wait_for(lambda: len(server.renderers()) == 2, 20, "the renderers")
        report.figure(kind, "descriptors of workers, afterwards", descriptors(server))
        report.figure(kind, "private memory of workers, afterwards, MiB", sum(map(resident_bytes, server.pids())) >> 20)
        if "exit" in "".join(line for line in server.log().splitlines() if "signal" in line and "worker" in line):
            report.lose(kind, "a worker was ended by a signal")
        stopped(report, kind, server)


def run(report, short):
    kinds = ("nginx", "httpd-event") if short else ("nginx", "httpd-event", "httpd-worker", "httpd-prefork")
    kinds = (*kinds, f"nginx, {FAIR}", f"httpd-event, {FAIR}")
    each_server(report, kinds, lambda kind: endure(report, kind, short))
