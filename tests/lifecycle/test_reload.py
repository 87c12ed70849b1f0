# SPDX-License-Identifier: Apache-2.0
"""Graceful reload: no request fails, the old generation drains, the new configuration holds."""
import time

from support.load import HEAVY, Load
from support.servers import wait_for


def settled(server, seconds=30):
    """One generation is left."""
    wait_for(lambda: len(server.supervisors()) == 1, seconds, lambda: f"one supervisor: {server.describe_processes()}")
    wait_for(lambda: len(server.renderers()) == 2, seconds, lambda: f"two renderers: {server.describe_processes()}")


def test_a_thousand_requests_under_reload(start):
    """Every 100 ms a reload: none of 1,000 requests fails or waits for long.

    httpd ends its processes before it starts others, which accept nothing until they have set themselves up: told again
    before, it never answers anybody. So its next reload comes 100 ms after the last is over, however slow the machine.
    """
    server = start()
    load = Load(server, count=1000)
    reloads = 0
    while load.running() and reloads < 1000:
        time.sleep(0.1)
        server.reload(wait=server.name == "httpd")
        reloads += 1
    load.wait()
    assert not load.wrong, (f"{len(load.wrong)} of 1000 after {reloads} reloads: {load.wrong[:5]}\n"
                            f"{server.log()[-2000:]}")
    assert load.statuses == {200: 1000} and reloads >= 3
    assert load.slowest < 20, f"a request took {load.slowest:.1f} s"
    settled(server)
    assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200


def test_new_configuration_holds(start):
    server = start({"max_width": "500"})
    assert server.get("/iiif/3/chart.png/info.json").json()["maxWidth"] == 500
    assert server.get("/iiif/3/chart.png/full/400,/0/default.jpg").status == 200
    tag = server.get("/iiif/3/chart.png/full/200,/0/default.jpg").header("ETag")
    server.endpoints[0].directives["max_width"] = "300"
    server.prepare()
    server.reload()
    wait_for(lambda: server.get("/iiif/3/chart.png/info.json").json()
             ["maxWidth"] == 300, what="the new limit is declared")
    settled(server)
    for _ in range(10):
        assert server.get("/iiif/3/chart.png/full/400,/0/default.jpg").status == 400
    assert server.get("/iiif/3/chart.png/full/200,/0/default.jpg").header("ETag") != tag


def test_wrong_configuration_changes_nothing(start):
    """nginx keeps running with what it had; httpd, checked first as apachectl does, does too."""
    server = start()
    server.endpoints[0].directives["max_width"] = "wide"
    server.prepare()
    code, said = server.check()
    assert code != 0 and "wide" in said
    if server.name == "nginx":
        server.reload(wait=False)
        wait_for(lambda: server.log().count('"wide"') >= 2, what="nginx complains")
    assert server.running
    assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200
    del server.endpoints[0].directives["max_width"]


def test_old_generation_finishes_its_work(start):
    """A request that was being rendered when the reload came is answered whole, by the generation that took it."""
    server = start()
    before = server.supervisors()
    with server.connection(timeout=90) as connection:
        connection.send("GET", HEAVY, close=True)
        time.sleep(0.3)
        server.reload()
        assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200
        answer = connection.receive()
    assert answer.status == 200, answer.body
    assert answer.image().size[0] > 4000
    settled(server)
    assert server.supervisors() != before


def test_generations_do_not_pile_up(start):
    server = start()
    for _ in range(6):
        server.reload()
        assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200
    settled(server)
    assert len(server.sockets()) == 2, server.sockets()
