# SPDX-License-Identifier: Apache-2.0
"""Runs one server and stays the ancestor of everything the server starts.

A subreaper (prctl(2)) inherits orphans instead of init. So whatever a server leaves behind, detached or not, remains
below this process and can be found and, after a failed test, ended by its process id.

Usage: keeper.py COMMAND [ARGUMENT ...]
stdout: "pid N" once the command runs, "exit N" when it has ended (negative: the signal).
stdin: the keeper ends everything below it and itself when this is closed.
"""
import ctypes
import os
import select
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36


def descendants(root):
    """Process ids below `root`, zombies left out."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX":
            parents[int(entry)] = int(fields[1])
    found, frontier = [], {root}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found += sorted(frontier)
    return found


def end_everything():
    for _ in range(100):
        left = descendants(os.getpid())
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        reap(None)
        select.select([], [], [], 0.02)


def reap(child):
    """Collects what has ended; returns the exit code of `child` if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)


def main():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Ctrl-C at the terminal is for pytest, which then closes our stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        # httpd ends by signalling its process group, which must not be ours.
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.execv(sys.argv[1], sys.argv[1:])
    print(f"pid {child}", flush=True)
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            code = reap(child)
            if code is not None:
                print(f"exit {code}", flush=True)
        if 0 in readable and not os.read(0, 1):
            break
    end_everything()


if __name__ == "__main__":
    main()
