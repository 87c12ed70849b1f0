# SPDX-License-Identifier: Apache-2.0
"""What dies is replaced or leaves no trace; whoever waits for it gets an answer."""
import os
import signal
import threading
import time
from pathlib import Path

from load import HEAVY, LONG, TARGETS, Load, quiet, wait_busy
from support import http
from support.servers import wait_for

SMALL = "/iiif/3/chart.png/full/50,/0/default.jpg"


def works(server, times=6):
    for _ in range(times):
        answer = server.get(SMALL, timeout=20)
        assert answer.status == 200, answer.body


def test_killed_renderer(start):
    """SIGKILL in the middle of other work: one failed request per kill at most, and a replacement."""
    server = start()
    load = Load(server, targets=TARGETS[2:3] + TARGETS[4:5], threads=3)
    kills = 0
    for _ in range(4):
        time.sleep(0.4)
        os.kill(server.renderers()[0], signal.SIGKILL)
        kills += 1
        wait_for(lambda: len(server.renderers()) == 2, 10, "a replacement")
    load.stop()
    assert len(load.wrong) <= kills, load.wrong
    assert set(load.statuses) <= {200, 502, 503}, load.statuses
    works(server)


def test_killed_idle_renderers(start):
    """Nobody was waiting for them, so nobody notices."""
    server = start()
    works(server)
    for pid in server.renderers():
        os.kill(pid, signal.SIGKILL)
    works(server)
    wait_for(lambda: len(server.renderers()) == 2, 10, "replacements")


def test_killed_while_it_works_for_us(start):
    """502 or 503 with a sentence and CORS for the one request, a line in the log that names the source."""
    server = start()
    quiet(server)
    with server.connection(timeout=60) as connection:
        connection.send("GET", LONG, close=True)
        wait_busy(server)
        for pid in server.renderers():
            os.kill(pid, signal.SIGKILL)
        answer = connection.receive()
    assert answer.status in (502, 503), answer
    assert answer.header(
        "Access-Control-Allow-Origin") == "*" and answer.header("Content-Type").startswith("text/plain")
    assert answer.header("Cache-Control") == "no-cache"
    works(server)
    wait_for(lambda: "6000x4000" in server.log(), 5, lambda: f"the log names the source: {server.log()[-2000:]}")


def test_stuck_renderer(start):
    """One that does not obey its deadline is replaced; its client gets 503 or 504 in time."""
    server = start(pool={"renderers": "2", "timeout": "2s"})
    works(server)
    stopped = server.renderers()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    answer = server.get(SMALL.replace("50,", "52,"), timeout=30)
    assert answer.status in (200, 503, 504), answer
    assert time.monotonic() - begun < 15
    assert answer.header("Access-Control-Allow-Origin") == "*"
    # A stopped process that holds no job may be left alone; let it go on.
    for pid in stopped:
        if pid in server.renderers():
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: server.get(SMALL, timeout=20).status == 200, 15, "renderers work again")


def test_deadline(start):
    """A job beyond `timeout` is ended, and the renderer is free again. 502 says that it had to be killed for it."""
    server = start(pool={"renderers": "2", "timeout": "1s"})
    # Takes longer than that on any machine of today: 24 Mpixel of AVIF.
    begun = time.monotonic()
    answer = server.get("/iiif/3/cases%2F6000x4000.tif/full/max/0/default.avif", timeout=60)
    assert answer.status in (502, 503, 504), answer.status
    assert time.monotonic() - begun < 12
    works(server)


def test_killed_supervisor(start):
    """Its renderers end with it, requests get an answer, and another one takes its place."""
    server = start()
    works(server)
    supervisor, renderers = server.supervisors()[0], server.renderers()
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: not set(renderers) & set(server.processes()), 10,
             lambda: f"renderers end: {server.describe_processes()}")
    begun = time.monotonic()
    answer = server.get(SMALL.replace("50,", "53,"), timeout=30)
    assert answer.status in (200, 502, 503) and answer.header("Access-Control-Allow-Origin") == "*"
    assert time.monotonic() - begun < 15
    wait_for(lambda: server.get(SMALL, timeout=20).status == 200, 20, "its successor works")
    assert len(server.supervisors()) == 1 and supervisor not in server.supervisors()
    assert f"supervisor {supervisor} was ended by signal 9" in server.log()


def test_killed_fork_server(start):
    """Nobody needs it until the next reload, which starts another one."""
    server = start()
    works(server)
    os.kill(server.fork_servers()[0], signal.SIGKILL)
    wait_for(lambda: not server.fork_servers(), 10, "it is gone")
    works(server, 12)
    server.reload()
    wait_for(lambda: len(server.fork_servers()) == 1, 20, "another one")
    works(server, 13)
    wait_for(lambda: len(server.supervisors()) == 1, 20, lambda: f"one supervisor: {server.describe_processes()}")


def test_killed_worker(start):
    """The server replaces it; renderers stay as they are."""
    server = start()
    works(server)
    renderers = server.renderers()
    workers = server.pids()
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: workers[0] not in server.pids() and len(server.pids()) >= len(workers), 15, "a new worker")
    works(server, 12)
    assert server.renderers() == renderers


def test_killed_parent(start):
    """Workers go on serving, with renderers; when they end, nothing is left."""
    server = start()
    works(server)
    workers = server.pids()
    os.kill(server.pid, signal.SIGKILL)
    server.wait_ended()
    time.sleep(0.3)
    # httpd's children may notice and leave; nginx's workers stay.
    if server.name == "nginx":
        works(server)
    for pid in workers:
        try:
            # httpd's threaded children take orders from their parent only, and it is no more.
            os.kill(pid, signal.SIGTERM if server.name == "nginx" else signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.assert_nothing_left()


def test_killed_all_at_once(start):
    """Parent and workers, as the kernel does when memory is short: the renderers see it and leave no socket."""
    server = start()
    works(server)
    for pid in [server.pid, *server.pids()]:
        os.kill(pid, signal.SIGKILL)
    server.assert_nothing_left()


def test_client_abort(start):
    """Renderers stop working for clients that have gone."""
    server = start()
    begun = time.monotonic()
    assert server.get(HEAVY, timeout=90).status == 200
    alone = time.monotonic() - begun
    for turned in range(6):  # each another image: none is kept, none waits for another
        connection = server.connection()
        connection.send("GET", HEAVY.replace("/33/", f"/{40 + turned}/"))
        time.sleep(0.15)
        connection.close()
    begun = time.monotonic()
    assert server.get(HEAVY.replace("/33/", "/50/"), timeout=90).status == 200
    assert time.monotonic() - begun < 2.5 * alone + \
                          2, f"{time.monotonic() - begun:.1f} s after aborts, {alone:.1f} s alone"
    works(server)


def test_heavy_work_does_not_stall_viewers(start):
    """Two lanes: while heavy requests queue, a small one is answered at once."""
    server = start()
    quiet(server)
    connections = [server.connection(timeout=120) for _ in range(3)]
    for turned, connection in enumerate(connections):
        connection.send("GET", HEAVY.replace("/33/", f"/{33 + turned}/"), close=True)
    wait_busy(server)
    begun = time.monotonic()
    works(server, 3)
    assert time.monotonic() - begun < 2
    for connection in connections:
        connection.close()


def test_renderers_stand_back(start):
    """As a session: that is what shares the processors."""
    server = start(pool={"renderers": "2"})
    for pid in (*server.fork_servers(), *server.supervisors(), *server.renderers()):
        group = Path(f"/proc/{pid}/autogroup")
        assert not group.exists() or group.read_text().endswith(" nice 5\n"), group.read_text()
        assert os.getsid(pid) == os.getsid(server.fork_servers()[0]) != os.getsid(server.pid)


def test_full_queue(start):
    """503 with Retry-After for what does not fit, 200 for the rest, and nothing else."""
    server = start(pool={"renderers": "2", "queue": "1"})
    target = "/iiif/3/cases%2F6000x4000.tif/full/max/0/default.png"
    answers, lock = [], threading.Lock()

    def ask():
        answer = http.get(server.port, target, timeout=120)
        with lock:
            answers.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    statuses = [answer.status for answer in answers]
    assert len(statuses) == 10 and set(statuses) == {200, 503}, statuses
    for answer in answers:
        assert answer.header("Access-Control-Allow-Origin") == "*"
        if answer.status == 503:
            assert int(answer.header("Retry-After")) > 0 and answer.header("Content-Type").startswith("text/plain")
    works(server)


def test_recycled_renderers(start):
    """After renderer_jobs jobs a renderer is replaced, and no request notices."""
    server = start(pool={"renderers": "2", "renderer_jobs": "5"})
    before = set(server.renderers())
    load = Load(server, targets=TARGETS[2:3], threads=3, count=100).wait()
    assert not load.wrong, load.wrong[:5]
    assert not before & set(server.renderers())
