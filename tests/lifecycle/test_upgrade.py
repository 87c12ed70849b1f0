# SPDX-License-Identifier: Apache-2.0
"""nginx's upgrade on the fly: a new program takes over the sockets of the old one, which can have them back."""
import os
import signal

import pytest
from support.load import Load
from support.servers import Nginx, parent_of, process_name, wait_for

SMALL = "/iiif/3/chart.png/full/{},/0/default.jpg"


class Daemon(Nginx):
    """Started as packages start it: only an nginx whose first process has ended heeds USR2."""

    def command(self, *extra):
        if extra:
            return super().command(*extra)
        return ["/bin/sh", "-c", '"$@" && exec sleep 600', "sh", *super().command()]

    def configuration(self):
        return super().configuration().replace("daemon off;", "daemon on;")

    def start(self):
        super().start()
        self.shell, self.pid = self.pid, self.written()
        # Until its first process has ended nginx ignores USR2.
        wait_for(lambda: process_name(self.shell) == "sleep", 20, self.describe_processes)
        return self

    def written(self, suffix=""):
        try:
            return int((self.folder / f"nginx.pid{suffix}").read_text())
        except (OSError, ValueError):
            return None

    def workers_of(self, parent):
        self.pid = parent
        return self.pids()

    def stop(self, graceful=False, check=True, seconds=20.0):
        if self.keeper is None:
            return
        try:
            for master in {self.written(), self.written(".oldbin")} & set(self.processes()):
                self.signal(self.stop_signal[graceful], master)
            wait_for(lambda: check is False or self.processes() == [self.shell], seconds, self.describe_processes)
            self.signal(signal.SIGTERM, self.shell)
            self.wait_ended(seconds)
            if check:
                self.assert_nothing_left(seconds)
        finally:
            self._end_keeper()


@pytest.fixture(name="server")
def daemon(images):
    with Daemon(images, {}, workers=2) as server:
        yield server


def upgraded(server):
    """The old master and the new one, which both work."""
    old = server.pid
    server.signal(signal.SIGUSR2, old)
    new = wait_for(lambda: server.written(".oldbin") == old and server.written(), 30, lambda: server.said()[-2000:])
    assert new != old and parent_of(new) == old
    wait_for(lambda: len(server.workers_of(new)) == 2, 30, lambda: server.said()[-2000:])
    wait_for(lambda: len(server.supervisors()) == 2, 30, server.describe_processes)
    return old, new


def one_generation(server):
    counted = (server.supervisors, server.renderers, server.fork_servers, server.sockets)
    wait_for(lambda: [len(which()) for which in counted] == [1, 2, 1, 2], 40,
             lambda: f"{server.describe_processes()} {server.sockets()}")
    for number in range(10):
        assert server.get(SMALL.format(60 + number)).status == 200


def test_upgrade_of_the_program(server):
    """New workers beside the old ones, then instead of them: nothing is lost on the way."""
    load = Load(server)
    old, new = upgraded(server)
    server.signal(signal.SIGWINCH, old)
    wait_for(lambda: not [pid for pid in server.workers_of(old) if pid != new], 40, server.describe_processes)
    assert server.get(SMALL.format(51)).status == 200
    server.signal(signal.SIGQUIT, old)
    wait_for(lambda: old not in server.processes(), 40, server.describe_processes)
    load.stop()
    assert not load.wrong, f"{load.wrong[:5]} of {load.statuses}\n{server.log()[-2000:]}"
    assert load.statuses[200] > 20
    server.pid = new
    one_generation(server)
    server.reload()
    one_generation(server)


def test_upgrade_that_is_taken_back(server):
    """The old program's workers come back; the new one ends and takes only its own renderers with it."""
    load = Load(server)
    old, new = upgraded(server)
    server.signal(signal.SIGWINCH, old)
    wait_for(lambda: not [pid for pid in server.workers_of(old) if pid != new], 40, server.describe_processes)
    server.signal(signal.SIGHUP, old)
    wait_for(lambda: len([pid for pid in server.workers_of(old) if pid != new]) == 2, 40, server.describe_processes)
    server.signal(signal.SIGQUIT, new)
    wait_for(lambda: new not in server.processes(), 40, server.describe_processes)
    load.stop()
    assert not load.wrong, f"{load.wrong[:5]} of {load.statuses}\n{server.log()[-2000:]}"
    server.pid = old
    one_generation(server)


def test_killed_in_the_middle_of_an_upgrade(server):
    """The old master dies, as of memory: the new one is the server, and the old generation's renderers end."""
    old, new = upgraded(server)
    for pid in [old, *(pid for pid in server.workers_of(old) if pid != new)]:
        os.kill(pid, signal.SIGKILL)
    server.pid = new
    one_generation(server)
