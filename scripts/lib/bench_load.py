# SPDX-License-Identifier: Apache-2.0
"""One measurement: are the answers right, then wrk, and meanwhile what the server's processes take."""
import io
import itertools
import json
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from bench_servers import cpu_seconds, end_with_us, largest_bytes, settle, shared_out_bytes
from support import http

Image.MAX_IMAGE_PIXELS = None
LUA = Path(__file__).with_name("bench.lua")
REQUEST_SECONDS = 120     # the longest any one answer may take
LOOKED_AT = 8             # answers of a workload that are decoded before it is measured


class Wrong(Exception):
    """An answer, or a run, that gives no figure; the message says why."""


def take_right_answer(connection, prefix, ask):
    """The body, when it is what was asked for. Of huge pictures only the size is read."""
    try:
        answer = connection.get(prefix + ask.path)
    except (OSError, http.HttpError) as error:
        raise Wrong(f"{ask.path}: {error or type(error).__name__}") from None
    if answer.status != 200:
        raise Wrong(f"{ask.path}: status {answer.status}")
    if not answer.body:
        raise Wrong(f"{ask.path}: empty body")
    try:
        if ask.size is None:
            said = answer.json()
            if not (said.get("width") and said.get("height")):
                raise Wrong(f"{ask.path}: no width and height in it")
        else:
            picture = Image.open(io.BytesIO(answer.body))
            if picture.size != ask.size:
                raise Wrong(f"{ask.path}: {picture.size[0]}x{picture.size[1]} pixels instead of "
                            f"{ask.size[0]}x{ask.size[1]}")
            if picture.width * picture.height < 1e7:
                picture.load()
    except UnidentifiedImageError:
        raise Wrong(f"{ask.path}: no image that could be read") from None
    except (ValueError, OSError) as error:
        raise Wrong(f"{ask.path}: not what it should be ({error})") from None
    return answer.body


def verify(server, workload):
    """Decodes answers; returns the mean length of a body. For static files and caches all of them, else some."""
    asks = workload.asks
    if not workload.warm_all and len(asks) > LOOKED_AT:
        asks = random.Random(workload.name).sample(asks, LOOKED_AT)
    with http.Connection(server.port, timeout=REQUEST_SECONDS) as connection:
        return sum(len(take_right_answer(connection, workload.prefix, ask)) for ask in asks) / len(asks)


def verify_one(server, workload, ask):
    with http.Connection(server.port, timeout=REQUEST_SECONDS) as connection:
        take_right_answer(connection, workload.prefix, ask)
    settle(server)


def fill_static(source, workload, folders):
    """Our server's answers as files with the same paths: a level 0 tree, as it would be made in advance."""
    with http.Connection(source.port, timeout=REQUEST_SECONDS) as connection:
        for ask in workload.asks:
            relative = workload.prefix.lstrip("/") + ask.path
            if all((folder / relative).exists() for folder in folders):
                continue
            body = take_right_answer(connection, workload.prefix, ask)
            for folder in folders:
                (folder / relative).parent.mkdir(parents=True, exist_ok=True)
                (folder / relative).write_bytes(body)


class Wrk:
    """A running wrk; `asks` is written where it finds it."""

    numbers = itertools.count()

    def __init__(self, server, prefix, asks, connections, seconds, seed=1, walk=False, check=False):
        listed = server.folder / f"tmp/targets-{next(self.numbers)}"
        listed.write_text("".join(f"{prefix}{ask.path}\n" for ask in asks))
        self.process = subprocess.Popen(
            ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", f"{REQUEST_SECONDS}s",
             "-s", str(LUA), f"http://127.0.0.1:{server.port}", "--", str(listed), "walk" if walk else "random",
             str(seed), "check" if check else "-"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=end_with_us)
        self.seconds = seconds

    def figures(self, may_be_empty=False):
        try:
            said = self.process.communicate(timeout=self.seconds + REQUEST_SECONDS)[0]
        except subprocess.TimeoutExpired:
            self.end()
            raise Wrong("wrk did not end") from None
        line = next((line for line in said.splitlines() if line.startswith("BENCH ")), None)
        if line is None:
            raise Wrong(f"wrk: {said.strip()[-200:]}")
        seen = json.loads(line.removeprefix("BENCH ").replace("nan", "0"))
        errors = {name: seen[name] for name in ("connect", "read", "write", "timeout", "status", "not_200", "empty")}
        if any(errors.values()):
            named = ", ".join(f"{count} {name}" for name, count in errors.items() if count)
            raise Wrong(f"wrong answers of {seen['requests']}: {named}" +
                        (f", such as {seen['seen']}" if seen["seen"] else ""))
        if not seen["requests"] and not may_be_empty:
            raise Wrong("no request was answered in time")
        return seen

    def stop(self):
        """Asks wrk to end now and to say what it has seen."""
        self.process.send_signal(signal.SIGINT)
        return self.figures(may_be_empty=True)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def warm_up(server, workload, connections, seconds):
    Wrk(server, workload.prefix, workload.asks, connections, seconds, 7, workload.walk, check=True).figures()


def measure(server, workload, connections, seconds, seed, mean_length):
    """One round of one cell, as a dictionary of figures."""
    memory = []

    def look():
        memory.append(shared_out_bytes(server.measured_pids()))

    half = threading.Timer(seconds / 2, look)
    before = cpu_seconds(server.measured_pids())
    running = Wrk(server, workload.prefix, workload.asks, connections, seconds, seed, workload.walk)
    half.start()
    try:
        seen = running.figures()
    finally:
        running.end()
        half.cancel()
        half.join()
    spent = cpu_seconds(server.measured_pids()) - before
    look()
    if seen["bytes"] / seen["requests"] < mean_length / 4:
        raise Wrong(f"{seen['bytes'] // seen['requests']} bytes per answer, where {mean_length:.0f} are right")
    return {"requests": seen["requests"], "per_second": seen["requests"] / seen["seconds"],
            "megabytes_per_second": seen["bytes"] / seen["seconds"] / 1e6,
            "p50_ms": seen["p50_ms"], "p99_ms": seen["p99_ms"],
            "cpu_ms_per_request": 1e3 * spent / seen["requests"], "memory_mb": max(memory) / (1 << 20),
            "largest_process_mb": largest_bytes(server.measured_pids()) / (1 << 20)}


class Load:
    """Two clients that ask for nothing but one heavy answer."""

    def __init__(self, server, prefix, ask):
        self.server = server
        self.wrk = Wrk(server, prefix, [ask], 2, 3600)

    def __enter__(self):
        time.sleep(1.0)  # both are at work
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.wrk.stop()  # raises when they were refused: then there was no load
        finally:
            self.wrk.end()
            settle(self.server)
