# SPDX-License-Identifier: Apache-2.0
"""What a renderer can do that was broken into: asked of real renderers, from within."""
import ctypes
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from support import inject, lacking, paths
from support.inject import Injected, outcome
from support.servers import StartError, wait_for

AT_FDCWD = -100
O_RDONLY, O_WRONLY, O_CREAT, O_DIRECTORY = 0, 1, 0o100, 0o200000
OPENAT, CLOSE, UNLINKAT, MMAP = 257, 3, 263, 9
AF_UNIX, AF_INET, STREAM = 1, 2, 1

# Numbers of x86-64; no argument of these needs to make sense, they are not looked at.
NEVER = {
    "fork": (57,), "vfork": (58,), "clone": (56, signal.SIGCHLD, 0, 0, 0, 0), "socket": (41, AF_INET, STREAM, 0),
    "unix socket": (41, AF_UNIX, STREAM, 0), "socketpair": (53, AF_UNIX, STREAM, 0, b""), "connect": (42, 3, b"", 16),
    "bind": (49, 3, b"", 16), "listen": (50, 3, 1), "execve": (59, b"/bin/true", 0, 0),
    "execveat": (322, AT_FDCWD, b"/bin/true", 0, 0, 0), "ptrace": (101, 16, 1, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0), "process_vm_writev": (311, 1, 0, 0, 0, 0, 0), "kill": (62, 1, 0),
    "mount": (165, b"none", b"/mnt", b"tmpfs", 0, 0), "umount2": (166, b"/", 0), "chroot": (161, b"/"),
    "pivot_root": (155, b"/", b"/"), "setuid": (105, 0), "setgid": (106, 0), "setgroups": (116, 0, 0), "capset": (126, 0, 0),
    "unshare": (272, 0x10000000), "setns": (308, 3, 0), "bpf": (321, 0, 0, 0), "keyctl": (250, 0), "add_key": (248, 0, 0, 0),
    "perf_event_open": (298, 0, 0, 0, 0, 0), "userfaultfd": (323, 0), "io_uring_setup": (425, 1, 0), "reboot": (169, 0, 0, 0),
    "init_module": (175, 0, 0, 0), "kexec_load": (246, 0, 0, 0), "ioctl": (16, 2, 0x5401, 0), "personality": (135, 0x0040000),
    "prlimit64": (302, 0, 7, b"\xff" * 16, 0), "setrlimit": (160, 7, b"\xff" * 16), "chmod": (90, b"/tmp", 0o777),
    "mkdir": (83, b"/tmp/sandbox-made", 0o700), "symlink": (88, b"/etc", b"/tmp/sandbox-made"), "mknod": (133, b"/tmp/m", 0, 0),
    "link": (86, b"/etc/passwd", b"/tmp/sandbox-made"), "memfd_create": (319, b"m", 0), "truncate": (76, b"/tmp/x", 0),
    "setpriority": (141, 0, 0, 0), "open_by_handle_at": (304, 3, 0, 0), "pidfd_open": (434, 1, 0), "shmget": (29, 0, 4096, 0),
}


def landlock_version():
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)


@pytest.fixture(autouse=True)
def can_be_asked():
    why = inject.why_not() or ("" if landlock_version() > 0 else "this kernel has no Landlock")
    if why:
        pytest.skip(why)


@pytest.fixture(name="folder")
def folder_of_images(images):
    """A root and a folder for pyramids of the test's own, and something beside them; the workers' user is let in."""
    with tempfile.TemporaryDirectory(prefix="iiif-sandbox-") as place:
        folder = Path(place)
        os.chmod(folder, 0o755)
        (folder / "root").mkdir()
        shutil.copy(images / "chart.png", folder / "root/chart.png")
        (folder / "beside.png").write_bytes(b"beside")
        yield folder


def idle(server):
    wait_for(lambda: len(server.renderers()) == 2, 10, "two renderers")
    assert server.get("/iiif/3/chart.png/full/50,/0/default.png").status == 200
    return server.renderers()[0]


needs_the_filter = pytest.mark.skipif(paths.SANITIZED, reason="sanitizers make system calls of their own: no seccomp filter")


@needs_the_filter
def test_what_a_renderer_cannot_do(start, folder):
    server = start(root=folder / "root", directives={"pyramids": str(folder / "pyramids")}, pool={"sandbox": "require"})
    root, pyramids = folder / "root", folder / "pyramids"
    with Injected(idle(server)) as renderer:
        def opened(path, flags=O_RDONLY):
            got = renderer.call(OPENAT, AT_FDCWD, str(path).encode(), flags, 0o600)
            if got >= 0:
                renderer.call(CLOSE, got)
            return outcome(got)

        # So that what fails below does not fail for being asked like this.
        assert opened(root / "chart.png") == "done"
        assert opened(root, O_DIRECTORY) == "done"
        assert outcome(renderer.call(39)) == "done"  # getpid
        assert opened(pyramids / "made", O_WRONLY | O_CREAT) == "done"
        assert outcome(renderer.call(UNLINKAT, AT_FDCWD, str(pyramids / "made").encode(), 0)) == "done"

        for path in ("/etc/passwd", "/etc/hostname", "/proc/self/environ", f"/proc/{server.pid}/cmdline", "/dev/null", folder,
                     folder / "beside.png", root / "../beside.png", paths.NGINX_MODULE, "/usr/bin/env", "/", "/tmp"):
            assert opened(path) == "EACCES", path
        for path in ("/tmp/sandbox-made", "/var/tmp/sandbox-made", folder / "made", root / "made"):
            assert opened(path, O_WRONLY | O_CREAT) == "EACCES", path
            assert not Path(path).exists()
        assert opened(root / "chart.png", O_WRONLY) == "EACCES"
        assert outcome(renderer.call(UNLINKAT, AT_FDCWD, str(root / "chart.png").encode(), 0)) == "EACCES"
        assert outcome(renderer.call(82, str(root / "chart.png").encode(), str(pyramids / "x").encode())) in ("EACCES", "EXDEV")

        got = {name: outcome(renderer.call(*call)) for name, call in NEVER.items()}
        assert got == dict.fromkeys(NEVER, "EPERM")
        assert outcome(renderer.call(435, b"", 88)) == "ENOSYS"  # clone3: the C library then asks for clone
    # It was only asked: it goes on.
    assert server.get("/iiif/3/chart.png/full/51,/0/default.png").status == 200
    assert (folder / "root/chart.png").exists() and not list(pyramids.iterdir())


def test_off_is_off(start, folder):
    """The same questions have other answers without a sandbox: they are the right ones to ask."""
    server = start(root=folder / "root", pool={"sandbox": "off"})
    with Injected(idle(server)) as renderer:
        assert outcome(renderer.call(OPENAT, AT_FDCWD, b"/etc/passwd", O_RDONLY)) == "done"
        assert outcome(renderer.call(41, AF_UNIX, STREAM, 0)) == "done"
        assert outcome(renderer.call(76, b"/nowhere", 0)) == "ENOENT"  # truncate


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@needs_the_filter
def test_what_a_renderer_is(start, folder):
    server = start(root=folder / "root")
    idle(server)
    for pid in server.renderers():
        wait_for(lambda: status_of(pid)["Seccomp"] == "2", 10, "a renderer that takes jobs")
        status = status_of(pid)
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        assert "0" not in status["Uid"].split() + status["Gid"].split()
        limits = {line[:26].strip(): line[26:].split()[:2] for line in Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()}
        assert limits["Max core file size"] == ["0", "0"] and limits["Max file size"] == ["0", "0"]
        assert limits["Max open files"] == ["256", "256"] and limits["Max data size"][1] != "unlimited"
        assert 1800 < int(limits["Max cpu time"][0]) < int(limits["Max cpu time"][1])
        # Streams, two sockets, the stop pipe, what is shared, its own statm; an image or two that it keeps.
        links = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        strange = [link for link in links if not link.startswith(("socket:", "pipe:", "/memfd:iiif-answers", "/dev/null", str(folder)))
                   and not link.endswith("/statm")]
        assert not strange and len(links) < 20, links


def test_a_root_that_is_another_folder_now(start, folder):
    """Unmounted and mounted again, or replaced: Landlock knows folders, not paths."""
    server = start(root=folder / "root")
    idle(server)
    for n in range(3):
        os.rename(folder / "root", folder / f"old{n}")
        (folder / "root").mkdir()
        shutil.copy(folder / "beside.png" if n == 1 else folder / "old0/chart.png", folder / "root/chart.png")
        answer = server.get(f"/iiif/3/chart.png/full/{60 + n},/0/default.png")
        assert answer.status == (501 if n == 1 else 200), answer.body
    shutil.rmtree(folder / "root")
    assert server.get("/iiif/3/chart.png/full/70,/0/default.png").status in (404, 500, 503)
    os.rename(folder / "old0", folder / "root")
    assert server.get("/iiif/3/chart.png/full/71,/0/default.png").status == 200
    assert "ended with" not in server.log() and "was ended" not in server.log()


@needs_the_filter
@pytest.mark.parametrize("what, words", [("landlock", "Landlock (which files a renderer can reach)"),
                                         ("seccomp", "seccomp (which system calls it can make)")])
def test_a_kernel_that_lacks_something(start, what, words):
    server = start(pool={"sandbox": "prefer"}, wrapper=lacking.wrapper(what))
    assert server.get("/iiif/3/chart.png/full/50,/0/default.png").status == 200
    said = [line for line in server.log().splitlines() if "this kernel lacks" in line]
    assert len(said) == 1 and f"{words}: they work without" in said[0], server.log()
    with pytest.raises(StartError, match=r"sandbox require: this kernel lacks, or does not let renderers use, " + re.escape(words)):
        start(pool={"sandbox": "require"}, wrapper=lacking.wrapper(what))
