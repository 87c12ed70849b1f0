# SPDX-License-Identifier: Apache-2.0
"""Builds and runs every test, stage by stage. The last line is "N passed, N failed", with ", N skipped" when there are any.

Stages, in order; --only NAME (repeatable) runs some of them, --all those too that are left out otherwise (*):
"""
import argparse
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import endure
import fuzz
import lint
import npm

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build/results"
CHECK_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
PYTHON = "/usr/bin/python3"


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)  # reasons

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def command(words, env=None, timeout=1800, show=True):
    """Runs to the end; returns (exit code, what it printed). Shows what it printed when it failed."""
    try:
        done = subprocess.run([str(word) for word in words], cwd=REPOSITORY, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", timeout=timeout,
                              env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as late:
        print(f"  {words[0]} did not end within {timeout} s")
        return 124, (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
    if done.returncode and show:
        print("\n".join(done.stdout.splitlines()[-120:]))
    return done.returncode, done.stdout


def check(name, words, **options):
    code, _ = command(words, **options)
    if code:
        print(f"  FAILED: {name}")
    return Tally(passed=int(code == 0), failed=int(code != 0))


def built(preset):
    code, _ = command(["scripts/build", preset])
    return code == 0


# -- the stages; each returns a Tally --

def unit(preset):
    if not built(preset):
        return Tally(failed=1)
    total = Tally()
    env = {"LSAN_OPTIONS": f"suppressions={REPOSITORY}/tests/sanitizers/lsan.supp", "G_SLICE": "always-malloc"}
    # The one with the pixels first: it takes as long as all others together.
    programs = sorted((REPOSITORY / "build" / preset / "tests/unit").glob("*_test"), key=lambda path: path.name != "render_test")
    # At the same time: most of them wait, for locks of files and for processes that they have started.
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        ended = threads.map(lambda program: command([program], env=env, timeout=900, show=False), programs)
    for program, (code, out) in zip(programs, ended):
        counts = CHECK_LINE.search(out)
        checks, failures, errors = map(int, counts.groups()) if counts else (0, 0, 1)
        failed = failures + errors
        if code and not failed:
            failed = 1  # ended badly after its tests: a leak, say
        if failed:
            print("\n".join(out.splitlines()[-60:]))
        print(f"  {program.name}: {checks - failures - errors if counts else 0} passed, {failed} failed")
        total.add(Tally(checks - failures - errors if counts else 0, failed))
    return total if programs else Tally(failed=1)


def pytest(name, *folders, env=None, spread=()):
    """`spread`: how pytest-xdist distributes the tests; not where they share what others must not see meanwhile."""
    if not built("release"):
        return Tally(failed=1)
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    code, out = command([PYTHON, "-m", "pytest", "-q", "-rs", "--tb=short", "-p", "no:cacheprovider", f"--junit-xml={report}", *spread, *folders],
                        env=env, timeout=2400, show=False)
    if not report.exists():
        print("\n".join(out.splitlines()[-60:]))
        return Tally(failed=1)
    tally = Tally()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif case.find("skipped") is not None:
            tally.skipped.append(f"{case.get('classname')}.{case.get('name')}: {case.find('skipped').get('message')}")
        else:
            tally.passed += 1
    if code and not tally.failed:
        tally.failed = 1
    if tally.failed:
        print("\n".join(out.splitlines()[-150:]))
    return tally


def style():
    return check("clang-format", ["clang-format-14", "--dry-run", "-Werror", *lint.cxx_files()])


def tidy():
    if not built("release"):
        return Tally(failed=1)
    sources = [path for path in lint.cxx_files() if path.suffix == ".cpp" and "common" in path.relative_to(REPOSITORY).parts]
    tally = Tally()

    # Of a function with very many ways through it the analyzer follows fewer than 225,000 steps: half of the time.
    bounded = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=40000")]

    def look_at(source):
        return subprocess.run(["clang-tidy-14", "--quiet", "--warnings-as-errors=*", *bounded, "-p", "build/release", source],
                              cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    # The largest first: the last one is not waited for long.
    sources.sort(key=lambda path: path.stat().st_size, reverse=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for source, done in zip(sources, threads.map(look_at, sources)):
            if done.returncode:
                print(f"  FAILED: clang-tidy {source.relative_to(REPOSITORY)}\n{done.stdout[-3000:]}")
            tally.add(Tally(int(done.returncode == 0), int(done.returncode != 0)))
    return tally


def static_analysis(looked_at):
    tally = Tally()
    for name, said in looked_at:
        if said:
            print(f"  FAILED: {name}\n{said[-6000:]}")
        tally.add(Tally(int(not said), int(bool(said))))
    return tally


# Program, cases: what reads files of strangers in the web server's own process, then a sample of the renderers' work:
# nothing that zimg scales, whose vectors hold more than there are samples, multiplied by nothing, which valgrind takes
# for a use.
UNDER_VALGRIND = (("source_test", ("description", "stored_tile", "file_blocks", "shared_descriptions")),
                  ("delivery_test", ("wire", "short_way", "reply body")),
                  ("render_test", ("tiff", "stored", "jpeg_crop", "jp2", "pyramid")))
# libhwy, which libjxl loads, ends with SIGILL under valgrind 3.19; what orc translates while it runs, with SIGSEGV.
WITHOUT_JXL = 'for module in /usr/lib/*/vips-modules-*/vips-jxl.so; do mount --bind /dev/null "$module"; done; exec "$@"'
WITHOUT_ORC = {"VIPS_NOVECTOR": "1", "ORC_CODE": "backup"}


def valgrind():
    if not built("release"):
        return Tally(failed=1)
    total = Tally()
    for program, cases in UNDER_VALGRIND:
        alone = ["unshare", "--mount", "sh", "-c", WITHOUT_JXL, "sh"] if program == "render_test" else []
        if alone and os.geteuid() != 0:
            total.skipped.append("valgrind: renderers without JPEG XL need root, to hide its module")
            continue
        for case in cases:
            env = {"CK_FORK": "no", "CK_TIMEOUT_MULTIPLIER": "100", "CK_RUN_CASE": case, **WITHOUT_ORC}
            code, out = command([*alone, "valgrind", "--quiet", "--error-exitcode=9", f"build/release/tests/unit/{program}"], env=env)
            ran = re.search(r"^100%: Checks: [1-9]", out, re.M)  # a case that is not there has no checks
            if code or not ran:
                print(f"  FAILED: {program}, {case}")
            total.add(Tally(int(code == 0 and bool(ran)), int(code != 0 or not ran)))
    return total


def package():
    if not built("release"):
        return Tally(failed=1)
    return pytest("package", "tests/package")


def bench():
    if not built("release"):
        return Tally(failed=1)
    return pytest("bench", "tests/bench")


def browser():
    try:
        npm.install(REPOSITORY / "tests/browser", REPOSITORY / "build/browser")
    except npm.Failed as failed:
        print(f"npm could not install what drives the browser:\n{failed}")
        return Tally(failed=1)
    # Not beside each other: scripts/serve and scripts/demo build, and what others run would be built again under them.
    return pytest("browser", "tests/browser")


def fuzzing():
    """Everything in tests/fuzz once, then each target for a few seconds, the same ones each time."""
    try:
        fuzz.build()
    except fuzz.Failed as failed:
        print(f"  FAILED: {failed}")
        return Tally(failed=1)
    total = Tally()
    for name in fuzz.TARGETS:
        files, wrong = fuzz.replay(name)
        library = ""
        if not wrong:
            wrong, library = fuzz.brief(name)
        if wrong:
            print(f"{fuzz.summary(wrong)}\n  FAILED: {name}; what it found is in build/fuzz/findings/{name}")
        noted = f"; {library} crashed, see build/fuzz/findings/{name}" if library else ""
        print(f"  {name}: {files} files, {'something was found' if wrong else 'nothing was found'}{noted}", flush=True)
        total.add(Tally(int(not wrong), int(bool(wrong))))
    return total


def enduring():
    """The short form of each run of scripts/endure."""
    total = Tally()
    if not built("release"):
        return Tally(failed=1)
    for name in endure.RUNS:
        report = endure.perform(name, short=True)
        print("\n".join(f"  LOST {what}" for what in report.lost[:50]) or f"  {name}: lost nothing", flush=True)
        total.add(Tally(int(not report.lost), int(bool(report.lost))))
    return total


def runtime_of(library):
    return subprocess.run(["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True).stdout.strip()


def threads():
    """The harness, then httpd's MPMs with threads around a module that is watched; renderers have no threads of ours."""
    tally = unit("tsan")
    module = REPOSITORY / "build/tsan/mod_iiif_apache/mod_iiif.so"
    if tally.failed or not module.exists():
        return tally
    tally.add(pytest("threads", "tests/threads", env={"IIIF_HTTPD_MODULE": str(module), "IIIF_PRELOAD": runtime_of("libtsan.so")}))
    return tally


# Most of what they do is to wait: for servers that start and end, deadlines, files that have to be old. More at once
# than there are cores. Contract tests share servers within a file.
ONE_BY_ONE = ("-n", "4")
BY_FILE = ("-n", "3", "--dist", "loadfile")

STAGES = {
    "style": ("formatting of the C++ code", style),
    "unit": ("unit tests", lambda: unit("release")),
    "contract": ("one table of requests against nginx and httpd",
                 lambda: pytest("contract", "tests/contract", "tests/examples", spread=BY_FILE)),
    "ctl": ("iiifctl, and what it prepared behind both servers", lambda: pytest("ctl", "tests/ctl", spread=ONE_BY_ONE)),
    "lifecycle": ("start, reload, kill, stop of both servers",
                  lambda: pytest("lifecycle", "tests/lifecycle", spread=ONE_BY_ONE)),
    "endure": ("the short form of what scripts/endure does to both servers", enduring),
    "browser": ("headless Chromium walks through the pages and zooms to the deepest level, on both servers", browser),
    "package": ("what the modules export and link, installation, nginx's own configure", package),
    "bench": ("scripts/bench measures and reports; no figure is judged", bench),
    "unit-asan": ("unit tests under AddressSanitizer and UndefinedBehaviorSanitizer", lambda: unit("asan")),
    "contract-asan": ("the contract under the sanitizers", lambda: under_asan("contract-asan", "tests/contract")),
    "lifecycle-asan": ("start, reload, kill, stop under the sanitizers",
                       lambda: under_asan("lifecycle-asan", "tests/lifecycle")),
    "threads": ("the core from many threads, and httpd's worker and event, under ThreadSanitizer", threads),
    "tidy": ("clang-tidy", tidy),
    "cppcheck": ("cppcheck over the core and both modules", lambda: static_analysis(lint.cppcheck())),
    "valgrind": ("what reads files in the web server's process, and a sample of rendering, under valgrind", valgrind),
    "fuzz": ("what fuzzing found once, and some seconds more of it", fuzzing),
}


LEFT_OUT = {"contract-asan", "lifecycle-asan", "valgrind"}  # each takes as long as several others together


def under_asan(name, *folders):
    """Real servers, with the modules and the renderers of the preset asan. Renderers then have no seccomp filter."""
    if not built("asan"):
        return Tally(failed=1)
    runtime = map(runtime_of, ("libasan.so", "libubsan.so"))
    env = {"IIIF_BUILD": str(REPOSITORY / "build/asan"), "IIIF_PRELOAD": " ".join(runtime),
           # The servers themselves leave memory to the end of the process.
           "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    return pytest(name, *folders, env=env)


def main():
    stages = "".join(f"\n  {name + '*' * (name in LEFT_OUT):14} {about}" for name, (about, _) in STAGES.items())
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__ + stages,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=STAGES, metavar="STAGE", default=[])
    parser.add_argument("--all", action="store_true", help="every stage")
    parser.add_argument("--quick", action="store_true", help="the unit tests alone")
    given = parser.parse_args()
    usual = [name for name in STAGES if given.all or name not in LEFT_OUT]
    wanted = given.only or (["unit"] if given.quick else usual)

    RESULTS.mkdir(parents=True, exist_ok=True)
    total, summary = Tally(), []
    for name in STAGES:
        if name not in wanted:
            continue
        print(f"== {name}: {STAGES[name][0]}", flush=True)
        begun = time.monotonic()
        tally = STAGES[name][1]()
        total.add(tally)
        summary.append(f"{name:14} {tally}  ({time.monotonic() - begun:.0f} s)")
        print(f"   {tally}", flush=True)

    print("\n" + "\n".join(summary))
    for reason in total.skipped:
        print(f"skipped: {reason}")
    print(total, flush=True)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main())
