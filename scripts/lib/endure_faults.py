# SPDX-License-Identifier: Apache-2.0
"""Reloads under load, renderers and supervisors killed meanwhile; then whether anything has grown or is left."""
import os
import signal
import time

from endure import each_server, stopped
from support import chart
from support.load import TARGETS, Load
from support.servers import make, resident_bytes, wait_for

ABOUT = "reloads under load and killed processes; memory and descriptors before and after"

# What a reload may keep on average, of private memory, before it counts as growth.
GROWTH_PER_RELOAD = 16 << 10


def settled(server):
    wait_for(lambda: len(server.supervisors()) == 1 and len(server.renderers()) == 2, 60,
             lambda: f"one generation: {server.describe_processes()}")


def held(server):
    """(private bytes, descriptors) of the processes that outlive a reload."""
    kept = [server.pid, *server.fork_servers()]
    return sum(map(resident_bytes, kept)), sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in kept)


def reload(server, count):
    for _ in range(count):
        server.reload(wait=False)
        time.sleep(0.1)
    time.sleep(0.5)
    settled(server)


def endure(report, kind, short):
    with make(kind, chart.data() / "images") as server:
        load = Load(server, targets=TARGETS[:3], threads=2)
        reload(server, 10)
        before = held(server)
        count = 20 if short else 100
        reload(server, count)
        after = held(server)
        load.stop()
        for what in load.wrong:
            report.lose(kind, f"under reloads: {what}")
        report.figure(kind, "reloads", count + 10)
        report.figure(kind, "answers under reloads", load.statuses[200])
        report.figure(kind, "growth of private memory, KiB", (after[0] - before[0]) >> 10)
        report.figure(kind, "growth of descriptors", after[1] - before[1])
        if after[1] > before[1]:
            report.lose(kind, f"descriptors grew from {before[1]} to {after[1]} in {count} reloads")
        if after[0] - before[0] > count * GROWTH_PER_RELOAD + (1 << 20):
            report.lose(kind, f"private memory grew by {(after[0] - before[0]) >> 10} KiB in {count} reloads")

        load, kills = Load(server, targets=TARGETS[:3], threads=2), 0
        for victims in (server.renderers, server.supervisors) * (1 if short else 5):
            os.kill(victims()[0], signal.SIGKILL)
            kills += 1
            time.sleep(0.3)
            settled(server)
        load.stop()
        report.figure(kind, "processes killed", kills)
        report.figure(kind, "honest errors after kills", sum(load.statuses[status] for status in (502, 503)))
        for what in load.wrong:
            if not any(f": {status} " in what for status in (502, 503)):
                report.lose(kind, f"after kills: {what}")
        stopped(report, kind, server)


def run(report, short):
    kinds = ("nginx", "httpd-event") if short else ("nginx", "httpd-event", "httpd-worker", "httpd-prefork")
    each_server(report, kinds, lambda kind: endure(report, kind, short))
