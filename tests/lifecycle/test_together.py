# SPDX-License-Identifier: Apache-2.0
"""Renderers that are asked for the same at the same time, and for different things."""
import os
import signal

from support.load import HEAVY, quiet, ticks_of, wait_busy
from support.servers import wait_for

# Four renderers: two of them take heavy work.
POOL = {"renderers": "4"}


def begin(server, *targets):
    connections = [server.connection(timeout=120) for _ in targets]
    for connection, target in zip(connections, targets):
        connection.send("GET", target, close=True)
    return connections


def used_since(server, before):
    return {pid: ticks - before[pid] for pid, ticks in ticks_of(server).items() if pid in before}


def test_the_same_is_rendered_once(start):
    """One renderer works, the other waits for it; both answer."""
    server = start(pool=POOL)
    quiet(server, 4)
    before = ticks_of(server)
    connections = begin(server, HEAVY, HEAVY)
    answers = [connection.receive() for connection in connections]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    wait_for(lambda: len(server.times(HEAVY)) == 2, 10, "both in the access log")
    assert sorted("render=" in times for times in server.times(HEAVY)) == [False, True], server.times(HEAVY)
    busiest, *others = sorted(used_since(server, before).values(), reverse=True)
    assert sum(others) < busiest / 2, used_since(server, before)


def test_different_images_are_rendered_at_the_same_time(start):
    """Two renderers are at work before either has answered."""
    server = start(pool=POOL)
    quiet(server, 4)
    before = ticks_of(server)
    targets = HEAVY, HEAVY.replace("/33/", "/34/")
    connections = begin(server, *targets)
    wait_for(lambda: sum(ticks > 20 for ticks in used_since(server, before).values()) == 2, 20, "two renderers work")
    assert not [times for target in targets for times in server.times(target)], "one of them was quicker"
    assert [connection.receive().status for connection in connections] == [200, 200]


def test_killed_while_others_wait(start):
    """SIGKILL for who renders: its own client is told, and who waited renders it after all."""
    server = start(pool=POOL)
    quiet(server, 4)
    before = ticks_of(server)
    connections = begin(server, HEAVY, HEAVY)
    wait_busy(server)
    used = used_since(server, before)
    busy = max(used, key=used.get)
    os.kill(busy, signal.SIGKILL)
    answers = [connection.receive() for connection in connections]
    assert sorted(answer.status for answer in answers) in ([200, 502], [200, 503]), answers
    assert busy not in server.renderers()
    wait_for(lambda: len(server.times(HEAVY)) == 2, 10, "both in the access log")
    assert sum("render=" in times for times in server.times(HEAVY)) == 1, server.times(HEAVY)
    whole = server.get(HEAVY)
    assert whole.status == 200 and whole.body in [answer.body for answer in answers]


def test_killed_again_and_again(start):
    """Whoever renders is killed, and the one who takes over: nobody waits for a renderer that is no more."""
    server = start(pool=POOL)
    for _ in range(3):
        quiet(server, 4)
        before = ticks_of(server)
        connections = begin(server, HEAVY, HEAVY)
        for _ in connections:
            wait_busy(server)
            used = used_since(server, before)
            os.kill(max(used, key=used.get), signal.SIGKILL)
        assert [connection.receive().status in (502, 503) for connection in connections] == [True, True]
    assert server.get(HEAVY, timeout=90).status == 200
