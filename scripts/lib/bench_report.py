# SPDX-License-Identifier: Apache-2.0
"""What was measured, as a table, as Markdown between two marks of a document, and as a plot."""
import re
import statistics
from dataclasses import dataclass

SERVERS = {"nginx": "nginx + module", "httpd": "httpd + module", "nginx-static": "nginx, files",
           "httpd-static": "httpd, files", "iipsrv": "iipsrv (Debian)", "iipsrv-given": "iipsrv (given)"}
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
MEDIANS = ("per_second", "megabytes_per_second", "p50_ms", "p99_ms", "cpu_ms_per_request")


@dataclass(frozen=True)
class Target:
    title: str
    above: tuple   # (workload, server, connections)
    below: tuple
    limit: float
    at_least: bool = True
    figure: str = "per_second"


def targets():
    def against(title, workload, server, other, connections, limit):
        return Target(title, (workload, server, connections), (workload, other, connections), limit)

    out = [against("stored tile: nginx / nginx, files", "tile", "nginx", "nginx-static", 64, 1.0),
           against("stored tile: httpd / httpd, files", "tile", "httpd", "httpd-static", 64, 1.0),
           against("info.json: nginx / nginx, files", "info", "nginx", "nginx-static", 64, 1.0)]
    for other in ("iipsrv", "iipsrv-given"):
        for title, workload, connections, limit in (
                ("stored tile", "tile", 64, 10), ("edge tile", "edge", 64, 4), ("unaligned region", "region", 8, 3),
                ("thumbnail", "thumbnail", 8, 3), ("JPEG 2000 tile", "jp2-tile", 8, 2),
                ("JPEG 2000 region", "jp2-region", 8, 2)):
            out.append(against(f"{title}: nginx / {SERVERS[other]}", workload, "nginx", other, connections, limit))
    for server in ("nginx", "httpd"):
        out.append(Target(f"stored tile, {server}: largest source / smallest", ("tile-large", server, 64),
                          ("tile-small", server, 64), 0.9))
        out.append(Target(f"p99 of tiles, {server}: under full/max / without", ("lanes-loaded", server, 8),
                          ("lanes", server, 8), 3.0, False, "p99_ms"))
    return out


def summarise(cell):
    """Adds the medians of a cell's rounds."""
    for name in MEDIANS:
        cell[name] = statistics.median(one[name] for one in cell["rounds"])
    for name in ("memory_mb", "largest_process_mb"):
        cell[name] = max(one[name] for one in cell["rounds"])


def ratios(cells, selected):
    """A line for each target whose workloads were selected. Rounds that ran in turns are compared pair by pair, so a
    noise that hits one turn hits both sides."""
    found = {(cell["workload"], cell["server"], cell["connections"]): cell for cell in cells}
    out = []
    for target in targets():
        if not {place[0].removesuffix("-loaded") for place in (target.above, target.below)} <= set(selected):
            continue
        above, below = found.get(target.above), found.get(target.below)
        if "iipsrv-given" in target.below and below is None:
            continue
        line = {"title": target.title, "limit": target.limit, "at_least": target.at_least, "figure": target.figure,
                "ratio": None, "cpu_ratio": None, "reached": None, "why": ""}
        bad = [f"{SERVERS[place[1]]}: {cell['why'] if cell else 'not measured'}"
               for place, cell in ((target.above, above), (target.below, below)) if not cell or cell["status"] != "ok"]
        if bad:
            line["why"] = "; ".join(bad)
        else:
            pairs = list(zip(above["rounds"], below["rounds"], strict=True))
            line["ratio"] = statistics.median(a[target.figure] / b[target.figure] for a, b in pairs)
            if target.figure == "per_second" and above["cpu_ms_per_request"]:
                # Answers per second of processor time: hardly disturbed by others, nor by wrk's own share.
                line["cpu_ratio"] = below["cpu_ms_per_request"] / above["cpu_ms_per_request"]
            line["reached"] = (line["ratio"] >= target.limit) == target.at_least or line["ratio"] == target.limit
        out.append(line)
    return out


def short(number):
    if number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def figure_rows(cells):
    head = ("workload", "source", "conn.", "server", "req/s", "p50 ms", "p99 ms", "CPU ms/req", "memory MB")
    rows = []
    for cell in cells:
        first = (cell["title"], cell["source"], str(cell["connections"]), SERVERS[cell["server"]])
        if cell["status"] == "ok":
            rows.append(first + tuple(short(cell[name]) for name in (
                "per_second", "p50_ms", "p99_ms", "cpu_ms_per_request", "memory_mb")))
        else:
            rows.append(first + (f"{cell['status']}: {cell['why']}", "", "", "", ""))
    return head, rows


def ratio_rows(lines):
    head = ("ratio", "target", "measured", "by CPU", "")
    rows = []
    for line in lines:
        sign = "at least" if line["at_least"] else "at most"
        verdict = {True: "reached", False: "not reached", None: f"not measured: {line['why']}"}[line["reached"]]
        rows.append((line["title"], f"{sign} {line['limit']:g}",
                     *("" if line[name] is None else f"{line[name]:.2f}" for name in ("ratio", "cpu_ratio")), verdict))
    return head, rows


def plain(head, rows):
    # A sentence of failure may run over the columns behind it.
    widths = [max(len(row[i]) for row in (head, *rows) if not row[i].startswith(("failed", "missing")))
              for i in range(len(head))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in (head, *rows))


def markdown(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(text.replace('|', '/') for text in row)} |" for row in rows])


def conditions(result):
    machine, options = result["machine"], result["options"]
    cores = {1: "one core", 2: "two cores"}.get(machine["cores"], f"{machine['cores']} cores")
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items() if version)
    kernel = ".".join(machine["kernel"].split(".")[:2])
    return (f"Measured {result['date']} on **{cores}** ({machine['processor']}, {machine['memory_gb']} GB, Linux "
            f"{kernel}), shared by wrk and the servers; "
            f"{options['rounds']} rounds of {options['seconds']} s each, {options['workers']} workers, "
            f"{options['workers']} renderers, {options['workers']} iipsrv processes{', --quick' if options['quick'] else ''}; "
            f"load average before {machine['load_before']:.1f}"
            f"{', after %.1f' % machine['load_after'] if 'load_after' in machine else ''}. "
            f"Commit {result['commit']}. {versions}.{' ' + result['note'] if result.get('note') else ''}")


def text(result):
    parts = [plain(*figure_rows(result["cells"]))]
    if result["ratios"]:
        parts.append(plain(*ratio_rows(result["ratios"])))
    return "\n\n".join([*parts, conditions(result).replace("**", "")])


def write_between(path, begin, end, *parts):
    """Replaces what stands between the two marks of a document."""
    old = path.read_text("utf-8")
    if old.count(begin) != 1 or old.count(end) != 1:
        raise ValueError(f"{path} does not hold {begin} and {end} once each")
    between = re.compile(f"(?<={re.escape(begin)}).*(?={re.escape(end)})", re.S)
    path.write_text(between.sub(lambda _: "\n\n".join(["", *parts, ""]), old), "utf-8")


def write_document(result, path):
    write_between(path, BEGIN, END, conditions(result), markdown(*ratio_rows(result["ratios"])),
                  markdown(*figure_rows(result["cells"])))


def plot(result, path):
    """Throughput and p99 of each workload, on logarithmic scales; SVG, PNG or PDF by the name."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    good = [cell for cell in result["cells"] if cell["status"] == "ok"]
    groups = list(dict.fromkeys((cell["title"], cell["source"], cell["connections"]) for cell in good))
    servers = [name for name in SERVERS if any(cell["server"] == name for cell in good)]
    figure, axes = plt.subplots(1, 2, figsize=(13, 1.6 + 0.55 * max(1, len(groups))), sharey=True)
    for axis, name, title in ((axes[0], "per_second", "answers per second"), (axes[1], "p99_ms", "99th percentile, ms")):
        for number, server in enumerate(servers):
            mine = [(groups.index((cell["title"], cell["source"], cell["connections"])), cell[name])
                    for cell in good if cell["server"] == server]
            height = 0.84 / len(servers)
            axis.barh([place - 0.42 + height * (number + 0.5) for place, _ in mine], [value for _, value in mine],
                      height, label=SERVERS[server], color=f"C{list(SERVERS).index(server)}")
        axis.set_xscale("log")
        axis.set_title(title)
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(groups)), [f"{title}, {source}, {count} conn." for title, source, count in groups])
    axes[0].set_ylim(len(groups) - 0.5, -0.5)
    axes[1].legend(loc="best", fontsize="small")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
