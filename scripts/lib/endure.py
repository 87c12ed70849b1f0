# SPDX-License-Identifier: Apache-2.0
"""Does to real servers what must never take one down, and reports what it did and what was lost.

Each run is bounded in time and count, on loopback only, with servers of its own. Its figures go to
build/results/endure-RUN.json; those of full runs become the tables of docs/reliability.md with --write-docs.
Ends with 0 when nothing was lost.

The runs:
"""
import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build/results"
DOCUMENT = REPOSITORY / "docs/reliability.md"
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(REPOSITORY / "tests"), str(REPOSITORY / "tests/examples")]
from support.servers import Leftover  # noqa: E402  (needs the folders above)

# Each is a module endure_NAME with ABOUT, a line, and run(report, short).
RUNS = sorted(path.stem.removeprefix("endure_") for path in HERE.glob("endure_*.py"))


class Report:
    """What a run did and what it lost. Figures keep the order in which they are first given."""

    def __init__(self):
        self.servers = {}
        self.lost = []
        self.begun = time.monotonic()

    def figure(self, server, name, value):
        """`server`: the column, "nginx" or "httpd-event", say. `name`: the row. Numbers are counts unless the name
        has a unit at its end: "slowest tile, ms"."""
        self.servers.setdefault(server, {})[name] = value

    def add(self, server, name, value):
        column = self.servers.setdefault(server, {})
        column[name] = column.get(name, 0) + value

    def lose(self, server, what):
        """Something that must not be: a wrong answer, a process that is left, a worker that ended."""
        self.lost.append(f"{server}: {what}")

    def rows(self):
        return list(dict.fromkeys(name for column in self.servers.values() for name in column))

    def table(self):
        """In Markdown."""
        servers = list(self.servers)
        lines = ["| | " + " | ".join(servers) + " |", "| --- |" + " ---: |" * len(servers)]
        for name in self.rows():
            values = [self.servers[server].get(name, "") for server in servers]
            lines.append(f"| {name} | " + " | ".join(f"{value:,}" if isinstance(value, (int, float)) else str(value)
                                                     for value in values) + " |")
        return "\n".join(lines)


def each_server(report, kinds, endure):
    """endure(kind) for each; what it finds missing is a loss like any other."""
    for kind in kinds:
        try:
            endure(kind)
        except AssertionError as failed:
            report.lose(kind, str(failed))


def stopped(report, kind, server):
    """Ends the server, of which nothing may be left."""
    try:
        server.stop(graceful=True)
    except Leftover as left:
        report.lose(kind, str(left))


def module_of(name):
    return importlib.import_module(f"endure_{name}")


def perform(name, short):
    """One run: its report."""
    report = Report()
    module_of(name).run(report, short)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"endure-{name}.json").write_text(json.dumps({
        "run": name, "short": short, "seconds": round(time.monotonic() - report.begun, 1),
        "lost": report.lost, "servers": report.servers, "table": report.table()}, indent=1) + "\n")
    return report


def write_docs():
    """Puts the table of each full run that is there between its marks in the document."""
    text = DOCUMENT.read_text()
    for name in RUNS:
        file = RESULTS / f"endure-{name}.json"
        result = json.loads(file.read_text()) if file.exists() else None
        if result is None or result["short"]:
            print(f"{name}: no full run to write; its table stays as it was")
            continue
        marked = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.S)
        if not marked.search(text):
            raise SystemExit(f"endure: {DOCUMENT.name} has no place for {name}: "
                             f"<!-- {name}: begin --> and <!-- {name}: end -->, each on a line of its own")
        said = f"{result['table']}\n\nLost: {len(result['lost']) or 'nothing'}. {result['seconds']:.0f} s.\n"
        text = marked.sub(lambda match, said=said: match.group(1) + said + match.group(2), text)
    DOCUMENT.write_text(text)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/endure", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__ + "\n".join(f"  {name:12}{module_of(name).ABOUT}" for name in RUNS))
    parser.add_argument("run", nargs="*", metavar="RUN", help="which; all when none is named")
    parser.add_argument("--short", action="store_true", help="the short form, as in scripts/test")
    parser.add_argument("--write-docs", action="store_true", help="put the tables of the last full runs into docs/reliability.md")
    given = parser.parse_args()
    for name in given.run:
        if name not in RUNS:
            parser.error(f"\"{name}\" is no run; there are {', '.join(RUNS)}")
    if given.write_docs:
        write_docs()
        return 0
    os.chdir(REPOSITORY)
    if subprocess.run(["scripts/install-deps", "build", "test"], check=False).returncode:
        return 1
    if subprocess.run(["scripts/build", "release"], check=False).returncode:
        return 1
    lost = 0
    for name in given.run or RUNS:
        print(f"== {name}: {module_of(name).ABOUT}", flush=True)
        report = perform(name, given.short)
        print(report.table())
        for what in report.lost[:50]:
            print(f"LOST {what}")
        print(f"lost: {len(report.lost) or 'nothing'}\n", flush=True)
        lost += len(report.lost)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
