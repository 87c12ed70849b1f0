# SPDX-License-Identifier: Apache-2.0
"""Measures nginx and httpd with the modules against the same servers with files, and against iipsrv.

Everything runs on this machine, on loopback, with private instances. See docs/performance.md for what is measured and
how to read it. The exit status is 0 when all was measured, whatever the figures are.
"""
import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "tests")]
import bench_images as images         # noqa: E402
import bench_load as load             # noqa: E402
import bench_memory as memory         # noqa: E402
import bench_presentation as presentation   # noqa: E402
import bench_report as report         # noqa: E402
import bench_servers as servers       # noqa: E402
import bench_workloads as workloads   # noqa: E402
import private_server as private      # noqa: E402
from support.servers import StartError    # noqa: E402

DOCUMENT = REPOSITORY / "docs/performance.md"
KEPT = REPOSITORY / "build/bench"


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    names = list(workloads.all_workloads(True))
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                     epilog=f"Workloads: {', '.join(names)}.")
    parser.add_argument("--quick", action="store_true", help="smaller pictures, fewer requests and connections")
    parser.add_argument("--only", nargs="+", choices=names, metavar="WORKLOAD", help="some of the workloads")
    parser.add_argument("--seconds", type=int, default=3, metavar="N", help="of each round (3)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of each cell; the median counts (3)")
    parser.add_argument("--workers", type=int, default=2, metavar="N",
                        help="worker processes of each server, renderers, and iipsrv processes (2)")
    parser.add_argument("--iipsrv", type=Path, metavar="PATH", help="another iipsrv.fcgi, beside Debian's")
    parser.add_argument("--json", type=Path, metavar="FILE", help="default: build/bench/bench.json")
    parser.add_argument("--plot", type=Path, metavar="FILE", help=".svg, .png or .pdf; default: build/bench/bench.svg")
    parser.add_argument("--write-docs", action="store_true", help="puts the tables into docs/performance.md")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE",
                        help="measures nothing: shows, plots or writes what an earlier run left as JSON")
    parser.add_argument("--note", default="", metavar="TEXT", help="what a reader of the figures has to know, kept with them")
    parser.add_argument("--memory", action="store_true",
                        help="instead of all this: what a renderer takes for the largest answers of a gigapixel, and by "
                             "how much a worker grows over 100,000 tiles")
    parser.add_argument("--presentation", action="store_true",
                        help="instead of all this: how long Manifests and Collections take, of a folder of 1,000 images, "
                             "a tree of 50,000 and 2,000 sub-folders; needs 2 GB of disk")
    parser.add_argument("--against", type=Path, metavar="PATH",
                        help="with --presentation: another iiif-renderd, measured in turns with this one")
    parser.add_argument("--keep", action="store_true", help="keeps the servers' folders, configurations and logs")
    given = parser.parse_args()
    for name in ("seconds", "rounds", "workers"):
        if not 1 <= getattr(given, name) <= 600:
            parser.error(f"--{name} {getattr(given, name)}: allowed is a number from 1 to 600")
    if given.against and not (given.presentation and os.access(given.against, os.X_OK)):
        parser.error(f"--against {given.against}: allowed with --presentation, and a program iiif-renderd")
    if given.iipsrv and not os.access(given.iipsrv, os.X_OK):
        parser.error(f"--iipsrv {given.iipsrv}: no program; name the file iipsrv.fcgi")
    return given


def folder_of_images():
    folder = KEPT / "images"
    if not private.can_worker_read(REPOSITORY):
        folder = Path("/var/tmp/iiif-bench")  # the servers' workers are not let into this checkout
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def first_line(*words):
    try:
        done = subprocess.run(words, text=True, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except OSError:
        return ""
    return next(iter(done.stdout.splitlines()), "").strip()


def circumstances(given, started):
    processor = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    versions = {"nginx": first_line("/usr/sbin/nginx", "-v").rpartition("/")[2],
                "httpd": first_line("/usr/sbin/apache2", "-v").rpartition("/")[2].split(" ")[0],
                "iipsrv": started["iipsrv"].version() if "iipsrv" in started else "",
                "wrk": first_line("wrk", "-v").removeprefix("wrk ").removeprefix("debian/").split(" ")[0],
                "libvips": first_line("vips", "--version").removeprefix("vips-")}
    if given.iipsrv:
        versions["the given iipsrv"] = started["iipsrv-given"].version()
    return {"format": 1, "date": time.strftime("%Y-%m-%d"),
            "commit": first_line("git", "describe", "--always", "--dirty"),
            "machine": {"cores": len(os.sched_getaffinity(0)), "processor": processor, "memory_gb": round(memory),
                        "kernel": platform.release(), "load_before": os.getloadavg()[0]},
            "versions": versions,
            "options": {name: getattr(given, name) for name in ("quick", "seconds", "rounds", "workers")}}


def cells_of(chosen, missing, given):
    """Groups of cells, those of a group to be measured in turns: [[(workload, cell)]]."""
    groups = {}
    for workload in chosen:
        for connections in workload.connections:
            group = groups.setdefault((workload.group or workload.name, connections), [])
            for server in workload.servers:
                if server == "iipsrv-given" and not given.iipsrv:
                    continue
                for loaded in (False, True) if workload.loaded_by else (False,):
                    title = workload.title.replace("alone", "under full/max") if loaded else workload.title
                    why = missing.get(server, "")
                    group.append((workload, {
                        "workload": workload.name + ("-loaded" if loaded else ""), "title": title, "server": server,
                        "source": f"{workload.picture.megapixels} MP", "connections": connections,
                        "status": "missing" if why else "ok", "why": why, "loaded": loaded, "rounds": []}))
    return list(groups.values())


def measure_group(group, started, given):
    lengths = {}
    for turn in range(given.rounds + 1):  # the first one verifies and warms up
        for number, (workload, cell) in enumerate(group):
            if cell["status"] != "ok":
                continue
            server, connections = started[cell["server"]], cell["connections"]
            try:
                if turn == 0:
                    lengths[number] = load.verify(server, workload)
                    if cell["loaded"]:
                        load.verify_one(server, workload, workload.loaded_by)
                    else:
                        load.warm_up(server, workload, connections, 1)
                    continue
                heavy = load.Load(server, workload.prefix, workload.loaded_by) if cell["loaded"] else nullcontext()
                with heavy:
                    figures = load.measure(server, workload, connections, given.seconds, turn, lengths[number])
                cell["rounds"].append(figures)
            except load.Wrong as wrong:
                cell.update(status="failed", why=str(wrong), rounds=[])
    for _, cell in group:
        if cell["status"] == "ok":
            report.summarise(cell)
        what = f"{report.short(cell['per_second'])}/s" if cell["status"] == "ok" else f"{cell['status']}: {cell['why']}"
        say(f"  {cell['title']}, {cell['source']}, {cell['connections']} connections, {cell['server']}: {what}")


def run(given):
    known = workloads.all_workloads(given.quick)
    chosen = [known[name] for name in known if not given.only or name in given.only]
    folder = folder_of_images()
    for picture in dict.fromkeys(one for workload in chosen for one in (workload.picture, *workload.pictures)):
        images.make(picture, folder, say)
    say("Starting the servers ...")
    started, missing = servers.start_all(folder, given.iipsrv, given.workers)
    try:
        result = circumstances(given, started)
        for workload in chosen:
            if workload.is_static:
                load.fill_static(started["nginx"], workload,
                                 [started[name].folder / "htdocs" for name in workloads.STATIC])
        groups = cells_of(chosen, missing, given)
        for group in groups:
            measure_group(group, started, given)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        servers.stop_all(started, given.keep)
        if given.keep:
            say("Kept: " + ", ".join(str(server.folder) for server in started.values()))
    result["machine"]["load_after"] = os.getloadavg()[0]
    result["cells"] = [cell for group in groups for _, cell in group]
    result["ratios"] = report.ratios(result["cells"], [workload.name for workload in chosen])
    return result


def show_memory(given):
    folder = folder_of_images()
    images.make(workloads.all_workloads(given.quick)["tile-large"].picture, folder, say)
    print(memory.markdown_growth(memory.measure_growth(given.quick, say)), flush=True)
    print()
    print(memory.markdown(memory.measure(folder, given.quick, say)), flush=True)


def show_presentation(given):
    started = time.strftime("%Y-%m-%d"), os.getloadavg()[0]
    result = presentation.measure(folder_of_images(), given.quick, given.rounds, given.against, say)
    text = presentation.markdown(result)
    print(text, flush=True)
    if given.write_docs:
        how = (f"Measured {started[0]} on {len(os.sched_getaffinity(0))} cores, {given.rounds} rounds, load average before "
               f"{started[1]:.1f}, after {os.getloadavg()[0]:.1f}. Commit "
               f"{first_line('git', 'describe', '--always', '--dirty')}. {given.note}".rstrip())
        report.write_between(DOCUMENT, presentation.BEGIN, presentation.END, how, text)


def plot(result, path):
    try:
        report.plot(result, path)
        say(f"plot   {path}")
    except ImportError:
        say("No plot: python3-matplotlib is not installed.")


def main():
    given = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        if given.memory:
            show_memory(given)
            return 0
        if given.presentation:
            show_presentation(given)
            return 0
        if given.earlier:
            result = json.loads(given.earlier.read_text("utf-8"))
            result["note"] = given.note or result.get("note", "")
        else:
            result = {**run(given), "note": given.note}
            target = given.json or KEPT / "bench.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
            say(f"figures {target}")
        print(report.text(result), flush=True)
        if given.plot or not given.earlier:
            plot(result, given.plot or KEPT / "bench.svg")
        if given.write_docs:
            report.write_document(result, DOCUMENT)
    except (images.Unmade, load.Wrong, StartError, OSError, ValueError) as mistake:
        say(f"bench: {mistake}")
        return 2
    except KeyboardInterrupt:
        return 130
    # What another server cannot do is a finding, not a failure.
    failed = [cell for cell in result["cells"] if cell["status"] == "failed" and cell["server"] not in workloads.OTHERS]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
