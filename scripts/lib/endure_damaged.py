# SPDX-License-Identifier: Apache-2.0
"""Damaged, hostile and enormous image files (tests/damage), and good tiles in between.

Each file is asked for as a viewer would. Any refusal is right that says so; a picture has to be whole, and of the size
that its info.json promises. Renderers may end, that is what they are for: they are counted. Nothing else may suffer.
"""
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support import chart, http
from support.answers import Asked, good_tiles, wrong_about
from support.paths import BUILD
from support.servers import make, wait_for
from damage import damages, evenly

ABOUT = "damaged, hostile and enormous image files under load, and good tiles in between"

TIMEOUT = 4             # s, iiif_timeout
OBEY = 5                # s, until a renderer that does not obey is killed
CLIENTS = 6
RENDERERS = 4
MEMORY = 256 << 20      # iiif_renderer_memory
POOL = {"renderers": str(RENDERERS), "timeout": f"{TIMEOUT}s", "renderer_memory": "256m"}
# An answer waits at most for those of all other clients, in a queue of its own lane; and the machine may be busy.
DEADLINE = (CLIENTS + 1) * (TIMEOUT + OBEY)
EVERY = {"nginx": 1, "httpd-event": 1, "httpd-prefork": 4}  # of the files, in the full form: the MPMs share all but their processes
FILES = {True: (140, 5), False: (2400, 80)}  # short, full: damaged ones, and bombs, most of which take their time

ENDED = re.compile(r"renderer \d+ (was ended by signal \d+ \([^)]*\)(?: \(by the supervisor[^)]*\))?"
                   r"|ended with status \d+)")
NAMED = re.compile(r'renderer \d+ (?:was ended|ended with)[^"\n]*"([^"\n]+)"')
REFUSED = re.compile(r'"([^"\n]+)" is refused for')
CRASHED = re.compile(r"exited on signal|exit signal|child pid \d+ exit")


class Memory:
    """The most that any renderer has had for itself."""

    def __init__(self, server):
        self.server, self.most, self.stopped = server, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.stopped.wait(0.25):
            for pid in self.server.renderers():
                try:
                    text = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                found = re.search(r"RssAnon:\s+(\d+) kB", text)
                self.most = max(self.most, int(found[1]) << 10 if found else 0)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        return self.most


class Run:
    def __init__(self, report, server, column, files):
        self.report, self.server, self.column = report, server, column
        self.files, self.lock = iter(files), threading.Lock()
        self.statuses, self.slowest, self.asked, self.good = Counter(), (0.0, ""), 0, 0
        self.doubtful = []  # pictures that cannot be decoded: right if they are sent as they are stored
        self.done = threading.Event()

    def lose(self, what):
        self.report.lose(self.column, what)

    def get(self, connection, target):
        """The answer, the error when it was broken off, None when it was too late, which is lost."""
        begun = time.monotonic()
        answer = outcome = None
        try:
            answer = connection.get(target)
        except TimeoutError:
            self.lose(f"no answer within {DEADLINE} s: {target}")
        except (OSError, http.HttpError) as error:
            outcome = error
        if answer is None:
            connection.close()
        spent = time.monotonic() - begun
        with self.lock:
            self.asked += 1
            self.slowest = max(self.slowest, (spent, target))
            self.statuses["broken off" if answer is None else answer.status] += 1
        return answer or outcome

    def ask_all(self):
        """One client."""
        with http.Connection(self.server.port, timeout=DEADLINE) as connection:
            while True:
                with self.lock:
                    damage = next(self.files, None)
                if damage is None:
                    return
                self.ask(connection, damage.name)

    def ask(self, connection, name):
        asked = Asked(f"/iiif/3/{name}")
        for target in asked.targets():
            answer = self.get(connection, target)
            if answer is None:
                continue
            wrong = wrong_about(asked, target, answer, str(self.server.folder))
            if wrong and wrong.startswith("undecodable"):
                self.doubtful.append((target, wrong))
            elif wrong:
                self.lose(f"{target}: {wrong}")

    def ask_good(self, wanted):
        with http.Connection(self.server.port, timeout=DEADLINE) as connection:
            while not self.done.is_set():
                for target, body in wanted.items():
                    answer = self.get(connection, target)
                    if not isinstance(answer, http.Response) or answer.status != 200 or answer.body != body:
                        self.lose(f"a good tile is another: {target}: {getattr(answer, 'status', answer)}")
                    self.good += 1
                self.done.wait(0.05)

    def perform(self, wanted):
        good = threading.Thread(target=self.ask_good, args=(wanted,))
        good.start()
        with ThreadPoolExecutor(CLIENTS) as clients:
            for client in [clients.submit(self.ask_all) for _ in range(CLIENTS)]:
                client.result()
        self.done.set()
        good.join()

    def look_at_doubtful(self):
        """What a client cannot decode may be what lies in the file, for that is what was asked for."""
        answers = self.asked - self.statuses["broken off"]
        wait_for(lambda: len(self.server.access()) >= answers, 10, "all lines of the log")
        # By the worker, or by a renderer that did not render.
        stored = {line.split('"')[1].split()[1] for line in self.server.access()
                  if "served=file" in line or "served=render" in line and not re.search(r" (render|shared)=", line)}
        for target, wrong in self.doubtful:
            if target not in stored:
                self.lose(f"{target}: {wrong}")
        self.report.figure(self.column, "damaged pictures sent as they are stored",
                           sum(target in stored for target, _ in self.doubtful))


def after(run, workers):
    """What has to be as it was."""
    server, report, column = run.server, run.report, run.column
    try:
        wait_for(lambda: len(server.renderers()) == RENDERERS, 20, "all renderers")
    except AssertionError:
        report.lose(column, f"{len(server.renderers())} renderers of {RENDERERS}")
    if gone := set(workers) - set(server.pids()):
        report.lose(column, f"workers that ended: {sorted(gone)}")
    log = server.log()
    for line in log.splitlines():
        if CRASHED.search(line):
            report.lose(column, line)
    # The mutexes of httpd are files, too.
    left = [path for folder in ("run", "tmp") for path in (server.folder / folder).rglob("*")
            if path.is_file() and not path.name.startswith(("rewrite-map", "mpm-accept", "cache-socache", "proxy"))]
    for path in left:
        report.lose(column, f"a file is left: {path.relative_to(server.folder)}")
    ends = Counter(ENDED.findall(log))
    report.figure(column, "renderers that ended", sum(ends.values()))
    for how, count in sorted(ends.items()):
        report.figure(column, f"renderers: {how}", count)
    report.figure(column, "files that ended renderers", len(set(NAMED.findall(log))))
    report.figure(column, "files refused for a while after that", len(set(REFUSED.findall(log))))


def chosen(short):
    """In an order that mixes the kinds, the same each time."""
    everything = damages(BUILD.parent / "damage")
    bombs = [damage for damage in everything if damage.kind.startswith("bomb")]
    others = [damage for damage in everything if not damage.kind.startswith("bomb")]
    files = [*evenly(others, FILES[short][0]), *evenly(bombs, FILES[short][1])]
    random.Random(len(files)).shuffle(files)
    return files


def run_on(kind, report, root, files):
    # Children of prefork come and go as they like, unless there is no reason to.
    steady = {"httpd": "StartServers 10\nMinSpareServers 1\nMaxSpareServers 32"} if kind == "httpd-prefork" else ""
    with make(kind, root, pool=POOL, main=steady) as server:
        wanted = {target: server.get(target).body for target in good_tiles()}
        workers, memory = server.pids(), Memory(server)
        run = Run(report, server, kind, files)
        run.perform(wanted)
        report.figure(kind, "files", len(files))
        report.figure(kind, "requests", run.asked)
        for status in sorted(run.statuses, key=str):
            report.figure(kind, f"answers {status}", run.statuses[status])
        report.figure(kind, "good tiles in between", run.good)
        report.figure(kind, "slowest answer, ms", round(run.slowest[0] * 1000))
        most = memory.stop()
        report.figure(kind, "most memory of a renderer, MiB", most >> 20)
        if most > 2 * MEMORY:
            report.lose(kind, f"a renderer had {most >> 20} MiB")
        run.look_at_doubtful()
        after(run, workers)


def run(report, short):
    files = chosen(short)
    with tempfile.TemporaryDirectory(prefix="iiif-damaged-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        shutil.copytree(chart.data() / "images/tiff", root / "good", dirs_exist_ok=True)
        for damage in files:
            (root / damage.name).write_bytes(damage.content())
        for kind in ("nginx", "httpd-event", *(() if short else ("httpd-prefork",))):
            run_on(kind, report, root, files if short else files[::EVERY[kind]])
