# SPDX-License-Identifier: Apache-2.0
"""Packages from npm, exactly as a package-lock.json pins them."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

TRIES = 3
TRY_SECONDS = 120  # npm by itself may wait a quarter of an hour for a registry that does not answer


class Failed(Exception):
    """The message says what npm said."""


def install(manifest, place):
    """Installs what manifest/package-lock.json names as place/node_modules; nothing to do when it is there already."""
    manifest, place = Path(manifest), Path(place)
    names = ("package.json", "package-lock.json")
    done = place / ".installed"  # written last: an installation that was broken off is none
    wanted = b"".join((manifest / name).read_bytes() for name in names)
    if done.exists() and done.read_bytes() == wanted:
        return
    place.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    for name in names:
        shutil.copyfile(manifest / name, place / name)
    said = ""
    for _ in range(TRIES):
        code, said = attempt(["npm", "ci", "--prefix", str(place), "--no-audit", "--no-fund", "--no-update-notifier",
                              "--loglevel=error", "--fetch-timeout=30000"])
        if code == 0:
            done.write_bytes(wanted)
            return
    raise Failed(said)


def attempt(command):
    """(exit code, what it said); one that takes too long is ended together with what it started."""
    with subprocess.Popen(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            said = process.communicate(timeout=TRY_SECONDS)[0]
            return process.returncode, said.strip()
        except subprocess.TimeoutExpired:
            return 1, f"npm was not done after {TRY_SECONDS} seconds; does its registry answer?"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
