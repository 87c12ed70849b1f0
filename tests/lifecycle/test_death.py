# SPDX-License-Identifier: Apache-2.0
"""What dies is replaced or leaves no trace; whoever waits for it gets an answer."""
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from support import http
from support.load import HEAVY, LONG, TARGETS, Load, quiet, wait_busy
from support.servers import wait_for

# 190 MB, without compression: sent while it is made.
SENT_MEANWHILE = LONG.replace(".png", ".tif")
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


def spooled(server):
    """Bytes of replies that httpd has put aside, in files without a name."""
    found = 0
    for pid in server.pids():
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if "/mod_iiif." in os.readlink(fd):
                    found += os.stat(fd).st_size
            except OSError:
                pass
    return found


def test_killed_while_its_image_is_sent(start):
    """A piece of an image never looks like a whole one: nginx, which has begun to send, breaks off; httpd, which has
    not, says that it failed."""
    server = start()
    quiet(server)
    with server.connection(timeout=60) as connection:
        connection.send("GET", SENT_MEANWHILE, close=True)
        if server.name == "nginx":
            while len(connection.buffer) < 1_000_000:
                assert connection.fill()
        else:
            wait_for(lambda: spooled(server) > 1_000_000, 30, "the first bytes of the image")
        for pid in server.renderers():
            os.kill(pid, signal.SIGKILL)
        if server.name == "nginx":
            with pytest.raises(http.HttpError):
                connection.receive()
        else:
            assert connection.receive().status == 502
    works(server)
    # Nobody kept what there was of it.
    answer = server.get(SENT_MEANWHILE, timeout=60)
    assert answer.status == 200
    assert answer.image().size == server.get(LONG, timeout=60).image().size


def test_stuck_renderer(start):
    """One that does not obey its deadline is replaced; its client gets 503 or 504 in time."""
    server = start(pool={"renderers": "2", "timeout": "2s", "queue": ("128", "1s")})
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


def end_renderers_with(server, target, number):
    """A crash in the middle of a job, as a decoder's would be; the answer."""
    quiet(server)
    with server.connection(timeout=60) as connection:
        connection.send("GET", target, close=True)
        wait_busy(server)
        for pid in server.renderers():
            os.kill(pid, number)
        answer = connection.receive()
    wait_for(lambda: len(server.renderers()) == 2, 10, "replacements")
    return answer


def test_a_source_that_ends_renderers_is_refused(start):
    """The second time it is the source's fault: refused, with a line in the log, while all others are served."""
    server = start()
    works(server)
    assert server.get("/iiif/3/cases%2F6000x4000.tif/info.json").status == 200
    for _ in range(2):
        assert end_renderers_with(server, LONG, signal.SIGSEGV).status in (502, 503)
    refused = server.get(HEAVY, timeout=60)
    assert refused.status == 503 and "tried again in" in refused.text()
    assert refused.header("Retry-After") and refused.header("Access-Control-Allow-Origin") == "*"
    works(server)
    assert server.get("/iiif/3/cases%2F6000x4000.tif/info.json").status == 200  # known: nothing has to be decoded
    wait_for(lambda: "6000x4000.tif\" is refused for 10 seconds: it has ended 2 renderers" in server.log(), 5,
             lambda: server.log()[-1000:])
    assert server.log().count("is refused for") == 1
    wait_for(lambda: server.get(HEAVY, timeout=60).status == 200, 30, "its time is over", step=1)


def test_deadline(start):
    """A job beyond `timeout` is ended, and the renderer is free again. 502 says that it had to be killed for it."""
    server = start(pool={"renderers": "2", "timeout": "1s", "encoder_memory": "1g"})
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


def test_waited_for_too_long(start):
    """What has waited beyond the queue's time when its turn comes is not begun: 503, and others are not kept waiting."""
    server = start(pool={"renderers": "2", "queue": ("16", "200ms"), "encoder_memory": "1g"})
    quiet(server)
    with server.connection(timeout=120) as first:
        first.send("GET", LONG, close=True)  # occupies the one renderer for heavy work
        wait_busy(server)
        with server.connection(timeout=120) as second:
            second.send("GET", LONG.replace("/33/", "/34/"), close=True)
            assert first.receive().status == 200
            answer = second.receive()
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0, answer.body
    assert "busy" in answer.text()
    works(server)


def test_status(start):
    """What the file of iiif_status says while renderers work, die and are refused work; and that it goes with them."""
    server = start(pool={"renderers": "2", "status": "@FOLDER@/run/status.json"})
    file = server.run / "status.json"
    wait_for(file.exists, 10, "the file is there")

    def status():
        wait_for(file.exists, 5, "the file is there")  # a reload may take it away for a second
        return json.loads(file.read_text())

    wait_for(lambda: {one["pid"] for one in status()["renderers"]} == set(server.renderers()), 5, "it knows the renderers")
    assert [one["tilesOnly"] for one in status()["renderers"]] == [True, False]
    assert (status()["crashed"], status()["refused"]) == (0, [])
    with server.connection(timeout=120) as connection:
        connection.send("GET", LONG, close=True)
        wait_for(lambda: any(one.get("image") == "cases/6000x4000.tif" for one in status()["renderers"]), 10,
                 "it says what is being worked on")
        for pid in server.renderers():
            os.kill(pid, signal.SIGSEGV)
        connection.receive()
    wait_for(lambda: status()["crashed"] == 2, 10, "both are counted")
    wait_for(lambda: len(server.renderers()) == 2, 10, "replacements")
    end_renderers_with(server, LONG, signal.SIGSEGV)
    wait_for(lambda: status()["refused"], 10, "the image is refused")
    [refused] = status()["refused"]
    assert (refused["image"], refused["endpoint"], refused["times"]) == ("cases/6000x4000.tif", "/iiif", 2)
    before = status()["pid"]
    server.reload()
    wait_for(lambda: status()["pid"] != before, 10, "it is the next generation's")
    works(server)
    assert status()["crashed"] == 0
    server.stop()
    assert not file.exists()


def test_recycled_renderers(start):
    """After renderer_jobs jobs a renderer is replaced, and no request notices."""
    server = start(pool={"renderers": "2", "renderer_jobs": "5"})
    before = set(server.renderers())
    load = Load(server, targets=TARGETS[2:3], threads=3, count=100).wait()
    assert not load.wrong, load.wrong[:5]
    assert not before & set(server.renderers())
