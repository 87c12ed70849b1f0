# SPDX-License-Identifier: Apache-2.0
"""Logs are rotated as Debian's logrotate does it: renamed, and the server told."""
import os
import signal

from support.load import Load
from support.servers import wait_for

# What each server's script for logrotate sends: nginx opens its logs anew, httpd begins another generation.
TOLD = {"nginx": signal.SIGUSR1, "httpd": signal.SIGUSR1}


def rotate(server, number):
    for log in (server.error_log, server.access_log):
        log.rename(f"{log}.{number}")
    server.answered.clear()
    server.signal(TOLD[server.name])
    wait_for(lambda: server.error_log.exists() and server.access_log.exists(), 20, "new logs")
    if server.name == "httpd":
        wait_for(lambda: "resuming normal operations" in server.log(), 20, "a new generation")


def ended(server):
    """A renderer is killed, of which the supervisor tells: who it was."""
    victim = wait_for(server.renderers, 20, "renderers")[0]
    os.kill(victim, signal.SIGKILL)
    return f"renderer {victim} was ended by signal 9"


def test_logs_are_rotated(start):
    """No line goes to the old files any more, the renderers' lines included, and no answer is lost."""
    server = start()
    load = Load(server, threads=2)
    for number in (1, 2, 3):
        rotate(server, number)
        wait_for(lambda: len(server.supervisors()) == 1 and len(server.renderers()) == 2, 40,
                 server.describe_processes)
        before = os.path.getsize(f"{server.error_log}.{number}")
        said = ended(server)
        wait_for(lambda said=said: said in server.log(), 20, lambda said=said: f"\"{said}\" in {server.log()}")
        target = f"/iiif/3/chart.png/full/{70 + number},/0/default.jpg"
        assert server.get(target).status in (200, 502)
        assert [line for line in server.access() if target in line]
        assert os.path.getsize(f"{server.error_log}.{number}") == before
    load.stop()
    # A request that a killed renderer was working on is the killed renderer's.
    assert set(load.statuses) <= {200, 502} and load.statuses[502] <= 3, (load.statuses, load.wrong[:5])


def test_killed_after_a_rotation(start):
    """The supervisor that replaces a killed one writes to the log of now, too."""
    server = start()
    rotate(server, 1)
    wait_for(lambda: len(server.supervisors()) == 1 and len(server.renderers()) == 2, 40, server.describe_processes)
    supervisor, before = server.supervisors()[0], set(server.renderers())
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: server.supervisors() and supervisor not in server.supervisors(), 20, server.describe_processes)
    # Its own, not those that are about to end with the one that was killed.
    wait_for(lambda: len(set(server.renderers()) - before) == 2, 20, server.describe_processes)
    said = ended(server)
    wait_for(lambda: said in server.log(), 20, lambda: f"\"{said}\" in {server.log()}")
