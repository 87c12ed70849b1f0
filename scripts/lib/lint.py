# SPDX-License-Identifier: Apache-2.0
"""clang-tidy and cppcheck over what is ours; each gives (what was looked at, what it said, "" when that is clean)."""
import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = ("mod_iiif_apache", "ngx_iiif_module")


def cxx_files():
    return sorted(path for room in ("common", "tests/unit", "tests/fuzz", "bench") for path in (REPOSITORY / room).rglob("*")
                  if path.suffix in (".cpp", ".h") and path.name != "iiif.h")


def run(words):
    done = subprocess.run([str(word) for word in words], cwd=REPOSITORY, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout if done.returncode else ""


def cppcheck():
    """Without the servers' headers, and those of libraries: what they declare, compilers know better, and they take most
    of its time. What is no finding is said so beside the line."""
    usual = ["cppcheck", f"-j{os.cpu_count() or 1}", "--quiet", "--error-exitcode=1", "--inline-suppr",
             "--enable=warning,performance,portability", "-Icommon", "-Icommon/include", "--library=scripts/lib/cppcheck.cfg"]
    yield "common, tests/fuzz, bench", run([*usual, "--language=c++", "--std=c++20", "common", "tests/fuzz", "bench"])
    for module in MODULES:
        yield module, run([*usual, "--language=c", "--std=c11", f"-I{module}", module])
