# SPDX-License-Identifier: Apache-2.0
"""Start, stop, and what is said about a wrong configuration."""
import os
import pwd
import signal
import stat

import pytest
from support.directives import table
from support.load import LONG, quiet, wait_busy
from support.servers import ALL_KINDS, StartError, make, wait_for, worker_account


def owner(pid):
    return pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("graceful", [False, True], ids=["fast", "graceful"])
def test_start_and_stop(kind, graceful, images):
    """Leaving the block asserts that no process and no socket is left."""
    with make(kind, images, pool={"renderers": "3"}) as server:
        answer = server.get("/iiif/3/chart.png/full/50,/0/default.jpg")
        assert answer.status == 200, server.log()
        assert len(server.supervisors()) == 1
        wait_for(lambda: len(server.renderers()) == 3, what=lambda: f"three renderers: {server.describe_processes()}")
        user = worker_account()[0]
        assert {owner(pid) for pid in server.pids() + server.renderers() + server.supervisors()} == {user}
        assert server.sockets()
        for path in server.sockets():
            status = os.stat(path)
            assert stat.S_IMODE(status.st_mode) & 0o077 == 0 and pwd.getpwuid(status.st_uid).pw_name == user
        server.stop(graceful=graceful)
        assert server.exit_code == 0


def test_renderers_hold_no_listening_socket_of_the_server(start):
    """A renderer that outlived its server must not keep the port."""
    server = start()
    inodes = set()
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == server.port and fields[3] == "0A":
                inodes.add(f"socket:[{fields[9]}]")
    assert inodes
    for pid in server.supervisors() + server.renderers():
        held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert not held & inodes


def test_stop_while_busy(start):
    """A fast stop does not wait for a long rendering, and leaves nothing."""
    server = start()
    quiet(server)
    connection = server.connection()
    connection.send("GET", LONG)
    wait_busy(server)
    server.stop(seconds=15)
    connection.close()


# directives of one endpoint, the name that has to be in the message, and words of it: the value and what is allowed
WRONG = [
    ({"max_width": "wide"}, "max_width", ['"wide"', "number"]),
    ({"max_width": "0"}, "max_width", ['"0"']),
    ({"max_area": "-1"}, "max_area", ['"-1"']),
    ({"upscaling": "yes"}, "upscaling", ['"yes"', "on", "off"]),
    ({"formats": ("jpg", "jpeg")}, "formats", ['"jpeg"', "jpg", "webp"]),
    ({"qualities": "grey"}, "qualities", ['"grey"', "gray"]),
    ({"versions": ("3", "3")}, "versions", ['"3"']),
    ({"versions": "4"}, "versions", ['"4"', "2"]),
    ({"map": ("^(", "x")}, "map", ["^("]),
    ({"map": ("^a$", "${b}")}, "map", ["${b}"]),
    ({"map": ("^a$", "${id:md6/2}")}, "map", ["md6"]),
    ({"map_file": "relative.json"}, "map_file", ['"relative.json"', "absolute"]),
    ({"map_file": "/nonexistent/map.json"}, "map_file", ["/nonexistent/map.json"]),
    ({"symlinks": "maybe"}, "symlinks", ['"maybe"', "beneath"]),
    ({"page_delimiter": "a1"}, "page_delimiter", ['"a1"']),
    ({"base_uri": "ftp://example.org"}, "base_uri", ['"ftp://example.org"', "http"]),
    ({"rights": "all mine"}, "rights", ['"all mine"']),
    ({"tile_size": "10"}, "tile_size", ['"10"', "64"]),
    ({"jpeg_quality": "101"}, "jpeg_quality", ['"101"', "100"]),
    ({"png_compression": "10"}, "png_compression", ['"10"', "9"]),
    ({"background": "red"}, "background", ['"red"', "hexadecimal"]),
    ({"icc": "keep"}, "icc", ['"keep"', "srgb", "embed"]),
    ({"max_age": "soon"}, "max_age", ['"soon"']),
    ({"extensions": "a/b"}, "extensions", ['"a/b"']),
    ({"max_height": "100"}, "max_height", ["max_width"]),
    ({"formats": "jpg", "preferred_formats": "png"}, "preferred_formats", ["png"]),
    ({"max_width": ["100", "200"]}, "max_width", ["twice"]),
    ({"root": "relative"}, "root", ['"relative"', "absolute"]),
    ({"root": "/nonexistent/folder"}, "root", ["/nonexistent/folder"]),
    ({"root": "/etc/passwd"}, "root", ["/etc/passwd"]),
]
WRONG_POOL = [
    ({"renderers": "none"}, "renderers", ['"none"', "auto"]),
    ({"renderers": "0"}, "renderers", ['"0"']),
    ({"queue": "0"}, "queue", ['"0"']),
    ({"timeout": "1ms"}, "timeout", ['"1ms"', "1s"]),
    ({"max_pixels": "many"}, "max_pixels", ['"many"']),
    ({"renderer_memory": "1k"}, "renderer_memory", ['"1k"', "64m"]),
    ({"renderer_jobs": "0"}, "renderer_jobs", ['"0"']),
    ({"renderer_program": "iiif-renderd"}, "renderer_program", ['"iiif-renderd"', "absolute"]),
    ({"renderer_program": "/nonexistent/iiif-renderd"}, "renderer_program", ["/nonexistent/iiif-renderd"]),
    ({"renderer_program": "/etc/passwd"}, "renderer_program", ["/etc/passwd"]),
    ({"runtime_directory": "/nonexistent/run"}, "runtime_directory", ["/nonexistent/run"]),
]


def spelling(kind, name):
    directive = table()[name]
    return directive.nginx_name if kind == "nginx" else directive.httpd_name


def refused(kind, name, words, **named):
    server = make(kind, start=False, **named)
    try:
        code, said = server.check()
        assert code != 0, f"accepted: {server.configuration()}"
        assert spelling(kind, name) in said, f"{name} is not in: {said}"
        for word in words:
            assert word in said, f"{word!r} is not in: {said}"
        assert str(server.conf) in said or "server.conf" in said, f"the place is not in: {said}"
        assert server.sockets() == []
        with pytest.raises(StartError) as started:
            server.start()
        assert spelling(kind, name) in str(started.value)
        server.assert_nothing_left()
    finally:
        server.discard()


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
@pytest.mark.parametrize("directives,name,words", WRONG,
                         ids=lambda value: None if isinstance(value, list) else str(value)[:60])
def test_wrong_endpoint(kind, directives, name, words, images):
    refused(kind, name, words, root=None if "root" in directives else images, directives=directives)


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
@pytest.mark.parametrize("pool,name,words", WRONG_POOL,
                         ids=lambda value: None if isinstance(value, list) else str(value)[:60])
def test_wrong_pool(kind, pool, name, words, images):
    if name in ("renderer_program", "runtime_directory") and "absolute" not in words:
        # Not the value but the world is wrong: the place in the file need not be known any more.
        server = make(kind, images, pool=pool, start=False)
        try:
            code, said = server.check()
            assert code != 0 and all(word in said for word in words), said
            with pytest.raises(StartError):
                server.start()
        finally:
            server.discard()
        return
    refused(kind, name, words, root=images, directives={}, pool=pool)


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": "/etc/passwd"}',
                         '{"a": "../b.png"}', '{"a": ".b.png"}'])
def test_wrong_map_file(kind, text, images, tmp_path):
    """A map file that is no map, or that points out of the root."""
    path = tmp_path / "map.json"
    path.write_text(text)
    refused(kind, "map_file", [str(path)], root=images, directives={"map_file": str(path)})


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_root_is_missing(kind):
    refused(kind, "root", [], root=None, directives={})


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_checking_starts_nothing(kind, images):
    """nginx -t, apachectl -t: an exit code, and no process or socket, running instance or not."""
    with make(kind, images) as server:
        # Not every process: a prefork httpd adds idle children whenever it sees fit.
        ours = lambda: (set(server.supervisors()), set(server.renderers()), server.sockets())  # noqa: E731
        # A fork server, and a renderer, are called as the supervisor is until they have said what they are.
        wait_for(lambda: len(server.supervisors()) == 1 and len(server.renderers()) == 2, 10, "the renderers")
        before = ours()
        code, said = server.check()
        assert code == 0, said
        assert ours() == before
        assert server.get("/iiif/3/chart.png/info.json").status == 200


@pytest.mark.parametrize("kind", ["nginx", "httpd-event"])
def test_without_an_endpoint_nothing_is_started(kind):
    with make(kind, endpoints=[], pool={"renderers": "2"}) as server:
        assert server.get("/hello.txt").status == 200
        assert server.supervisors() == [] and server.sockets() == []


def test_two_servers_do_not_meet(images):
    """Two instances with the same runtime directory keep their sockets apart."""
    with make("nginx", images) as one:
        with make("httpd-event", images, pool={"runtime_directory": str(one.run)}) as two:
            for server in (one, two, one):
                assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200
            assert len(one.sockets()) == 4
            two.stop()  # all of its processes end by themselves, and take their sockets with them
            assert len(one.sockets()) == 2
            assert one.get("/iiif/3/chart.png/full/51,/0/default.jpg").status == 200


def test_a_stale_socket_does_not_matter(images):
    """What a crash of the machine leaves in the runtime directory is no obstacle."""
    server = make("nginx", images, start=False)
    server.prepare()
    try:
        server.start()
        keeper = server.keeper
        # The fork server and the supervisor first, so that nobody tidies up.
        for pid in [*server.fork_servers(), *server.supervisors(), server.pid, *server.pids(), *server.renderers()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # renderers do not outlive their supervisor
        wait_for(lambda: not server.processes(), what="everything ends")
        assert server.sockets()
        server._end_keeper()
        assert keeper.poll() is not None
        server.exit_code = None
        server.start()
        assert server.get("/iiif/3/chart.png/full/50,/0/default.jpg").status == 200
        server.stop(check=False)
        wait_for(lambda: not server.processes(), what="everything ends")
    finally:
        server.discard()
