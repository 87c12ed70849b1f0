# SPDX-License-Identifier: Apache-2.0
"""Private web servers that run in the foreground of a script, and end with it: shared by scripts/serve and scripts/demo."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "tests")]
import private_server as private      # noqa: E402
from support import directives        # noqa: E402

EXTENSIONS = ("tif", "tiff", "jp2", "j2k", "jpg", "jpeg", "png", "webp", "gif", "avif", "heic", "jxl", "pdf")
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


class Mistake(Exception):
    """What was asked for cannot be; the message is a sentence for whoever asked."""


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def port_number(parser, port):
    if port is not None and not 1 <= port <= 65535:
        parser.error(f"--port {port}: allowed is a number from 1 to 65535")


def free_ports(count, wanted=None):
    """`wanted` and those behind it, or the first ones from 8080 that are free."""
    found = []
    for port in range(wanted, wanted + count) if wanted else range(8080, 8180):
        if port > 65535:
            raise Mistake(f"--port {wanted}: {count} ports are needed from there on, and the last one is 65535.")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                found.append(port)
            except OSError as error:
                if wanted:
                    raise Mistake(f"Port {port} cannot be used: {error.strerror}. Name another one with --port.") from None
        if len(found) == count:
            return found
    raise Mistake("Too few ports from 8080 to 8179 are free; name one with --port.")


def build():
    out = REPOSITORY / "build/release"
    subprocess.run([REPOSITORY / "scripts/install-deps", "build"], check=True)
    if not (out / "common/renderd/iiif-renderd").exists():
        say("Building (a minute or two; the first time only) ...")
    subprocess.run([REPOSITORY / "scripts/build", "release"], check=True)
    return out


def configure(server, place, out, port, endpoint, pool=None):
    """Writes the server's configuration and returns its command. The directives of `endpoint` and `pool`: {name: value},
    as tests/support/directives.py spells them."""
    pool = {"renderer_program": out / "common/renderd/iiif-renderd", "runtime_directory": place, **(pool or {})}
    spelled = [directives.lines(part, "nginx" if server == "nginx" else "httpd") for part in (endpoint, pool)]
    write = private.nginx_configuration if server == "nginx" else private.httpd_configuration
    (place / "server.conf").write_text(write(place, out, port, *spelled))
    return private.nginx_command(place) if server == "nginx" else private.httpd_command(place)


def start(command, place):
    return subprocess.Popen(command, cwd=place, start_new_session=True, stdin=subprocess.DEVNULL, preexec_fn=end_with_us)


def end_with_us():
    """In the server, before exec: should the script be killed without a chance to stop it, the kernel does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_ready(process, port, place):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log = place / "error.log"
            said = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
            raise Mistake("\n".join(["The server did not start.", *said]))
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            # Somebody answers; a server that could not have the port ends within its second of trying.
            if (place / "server.pid").exists():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise Mistake(f"The server did not answer within {START_SECONDS} seconds; its log is {place / 'error.log'}.")


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_renderers(place):
    """They end by themselves when the server has; their folder going is the sign."""
    deadline = time.monotonic() + 10
    while any(place.rglob("tiles")) and time.monotonic() < deadline:
        time.sleep(0.05)


def clean_up(servers, place):
    """Ends the servers ((process, folder), ...) and removes the folder that holds all of theirs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for process, _ in servers:
        stop(process)
    for _, folder in servers:
        wait_for_renderers(folder)
    shutil.rmtree(place, ignore_errors=True)


def main(name, run):
    """The script's exit code; `run` does its work."""
    # A closed terminal ends the servers just as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return run()
    except Mistake as mistake:
        say(f"{name}: {mistake}")
        return 2
    except subprocess.CalledProcessError:
        return 1  # it has said why
    except KeyboardInterrupt:
        say("\nEnded.")
        return 130
