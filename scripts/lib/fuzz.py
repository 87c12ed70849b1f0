# SPDX-License-Identifier: Apache-2.0
"""Builds one fuzz target and runs it for a while, with its seeds and its dictionary.

What it finds is kept in build/fuzz/findings/TARGET, what it learns in build/fuzz/corpus/TARGET. Ends with 0 when nothing
of ours went wrong. A library of the system that crashes is noted, and fuzzing goes on.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests/fuzz"
BUILD = REPOSITORY / "build/fuzz"
CLANG = "clang++-14"
# One input; the slowest that is no finding takes a tenth of it on a busy machine.
TIMEOUT = 30


@dataclass
class Target:
    about: str
    runs: int  # of the short run in scripts/test: some seconds
    longest: int  # input, in bytes
    libraries: bool = False  # code that is not ours, and not instrumented, does most of the work


TARGETS = {
    "uri": Target("a raw URI and headers, through the C ABI to an answer", 3000, 1024, libraries=True),
    "geometry": Target("regions and sizes, against fractions without bounds", 1500, 400),
    "map": Target("map rules, templates and map files", 8000, 1024),
    "description": Target("descriptions from a renderer, and stored tiles of any file", 20000, 8192),
    "wire": Target("calls to renderers and the heads of their replies", 40000, 4096),
    "jpeg_crop": Target("JPEG tiles cut between their codes", 20000, 4096),
    "image": Target("image files, described and rendered", 600, 16384, libraries=True),
    "remote": Target("Manifests and Collections of others, and what is kept of them", 8000, 8192),
    "answer_store": Target("memory that renderers share, forged", 20000, 512),
}


class Failed(Exception):
    """With a sentence for whoever started this."""


def build():
    needed = shutil.which(CLANG)
    runtime = Path(subprocess.run([CLANG, "-print-resource-dir"], capture_output=True, text=True, check=True).stdout.strip()
                   if needed else "/nowhere")
    if not list(runtime.glob("lib/linux/libclang_rt.fuzzer-*.a")):
        raise Failed("clang's fuzzer is missing; scripts/install-deps build fuzz installs it (clang-14, libclang-rt-14-dev)")
    if subprocess.run([REPOSITORY / "scripts/build", "fuzz"], check=False).returncode:
        raise Failed("the fuzz targets could not be built")


def environment(target):
    temporary = BUILD / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # Libraries keep things to the end of the process; and what is too large gives them no memory, as in a renderer.
    lenient = "detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=1024:" if target.libraries else ""
    return {**os.environ, "TMPDIR": str(temporary), "ASAN_OPTIONS": lenient + "handle_abort=1",
            "UBSAN_OPTIONS": "print_stacktrace=1", "VIPS_CONCURRENCY": "1"}


def command(name, *options):
    target = TARGETS[name]
    findings = BUILD / "findings" / name
    findings.mkdir(parents=True, exist_ok=True)
    words = [BUILD / "tests/fuzz" / f"fuzz_{name}", f"-artifact_prefix={findings}/", f"-timeout={TIMEOUT}",
             f"-max_len={target.longest}", *options]
    if target.libraries:
        words += ["-detect_leaks=0", "-rss_limit_mb=4096", "-malloc_limit_mb=4096"]
    dictionary = TESTS / f"{name}.dict"
    return [str(word) for word in words + ([f"-dict={dictionary}"] if dictionary.exists() else [])]


def files_of(name):
    """Seeds and regressions: everything that the tree holds for a target."""
    return sorted(path for kind in ("corpus", "regressions") for path in (TESTS / kind / name).glob("*"))


def seeds_of(name):
    return [str(folder) for folder in (TESTS / "corpus" / name, TESTS / "regressions" / name) if folder.is_dir()]


def library_at_fault(name, said):
    """The library in which it happened, "" when it is our code. Where memory is not what it should be, the innermost
    frame that is not the sanitizers' or libc's decides."""
    if not TARGETS[name].libraries:
        return ""
    frames = re.findall(r"^\s+#\d+ 0x[0-9a-f]+ (.*)$", said, re.M)
    for frame in frames:
        if re.search(r"in (__asan|__interceptor|__sanitizer|__ubsan|fuzzer::)|compiler-rt|libc\.so|libpthread", frame):
            continue
        library = re.search(r"\(\S*/(lib[^/+)]+\.so[^/+)]*|[^/+)]+\.so)[+)]", frame)
        return library.group(1) if library else ""
    return ""


def run(words, name, timeout):
    """(exit code, what it said)"""
    try:
        done = subprocess.run(words, cwd=BUILD, env=environment(TARGETS[name]), stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + "\nit did not end"
    return done.returncode, done.stdout


def replay(name):
    """Everything in the tree once: (how many files, "" or what went wrong)."""
    files = files_of(name)
    code, said = run([*command(name), *files], name, 600)
    return len(files), "" if code == 0 else said


def brief(name):
    """The same few seconds each time: ("" or what went wrong in our code, "" or the library that crashed)."""
    learnt = BUILD / "tmp/brief" / name
    shutil.rmtree(learnt, ignore_errors=True)
    learnt.mkdir(parents=True)
    code, said = run([*command(name, "-seed=1", f"-runs={TARGETS[name].runs}", "-max_total_time=30"), learnt, *seeds_of(name)],
                     name, 300)
    if code == 0:
        return "", ""
    library = library_at_fault(name, said)
    return ("" if library else said), library


def summary(said):
    lines = said.splitlines()
    first = next((i for i, line in enumerate(lines) if re.search(r"does not hold|ERROR:|runtime error", line)), len(lines) - 40)
    return "\n".join(lines[max(first, 0):][:60])


def fuzz(name, seconds):
    learnt = BUILD / "corpus" / name
    learnt.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    runs, covered, noted = 0, 0, {}
    while (left := int(until - time.monotonic())) > 0:
        code, said = run([*command(name, f"-max_total_time={left}", "-print_final_stats=1"), learnt, *seeds_of(name)], name,
                         left + 120)
        counts = [int(count) for count in re.findall(r"^#(\d+)\t", said, re.M)]
        runs += max(counts, default=0)
        covered = max([covered, *map(int, re.findall(r"cov: (\d+)", said))])
        kept = re.findall(r"Test unit written to (\S+)", said)
        if code == 0:
            break
        library = library_at_fault(name, said)
        if not library:
            print(summary(said))
            print(f"{name}: found something after {runs} runs; the input is {kept[-1] if kept else 'not known'}")
            return 1
        noted[library] = noted.get(library, 0) + 1
        print(f"{name}: {library} crashed on {kept[-1] if kept else 'an input'}; going on", flush=True)
        if not counts:
            break  # at once, that is on a seed: there is no going on
    libraries = "".join(f", {library} crashed {times} times" for library, times in noted.items())
    print(f"{name}: {runs} runs, {covered} edges, nothing of ours found{libraries}")
    return 0


def main():
    names = ", ".join(TARGETS)
    parser = argparse.ArgumentParser(prog="scripts/fuzz", usage="scripts/fuzz TARGET SECONDS | --list", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", metavar="TARGET", help=names)
    parser.add_argument("seconds", nargs="?", metavar="SECONDS")
    parser.add_argument("--list", action="store_true", help="the targets, and what each is about")
    given = parser.parse_args()
    if given.list:
        for name, target in TARGETS.items():
            print(f"{name:14}{target.about}")
        return 0
    if given.target not in TARGETS:
        parser.error(f"\"{given.target}\" is no target; there are {names}" if given.target else f"name a target: {names}")
    if not re.fullmatch(r"[1-9]\d{0,6}", given.seconds or ""):
        parser.error("say for how many seconds, a whole number from 1: "
                     f"scripts/fuzz {given.target} 60" + (f", not \"{given.seconds}\"" if given.seconds else ""))
    if subprocess.run([REPOSITORY / "scripts/install-deps", "build", "fuzz"], check=False).returncode:
        return 1
    try:
        build()
    except Failed as failed:
        print(f"scripts/fuzz: {failed}", file=sys.stderr)
        return 1
    return fuzz(given.target, int(given.seconds))


if __name__ == "__main__":
    sys.exit(main())
