# SPDX-License-Identifier: Apache-2.0
"""scripts/bench runs its servers and says what it measured. No figure is judged here: machines differ."""
import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from support import paths

sys.path.insert(0, str(paths.REPOSITORY / "scripts/lib"))
import bench_presentation as presentation   # noqa: E402
import bench_report as report         # noqa: E402
import bench_workloads as workloads   # noqa: E402

BENCH = [sys.executable, paths.REPOSITORY / "scripts/lib/bench.py"]  # without the installing of scripts/bench
FIGURES = {"requests", "per_second", "megabytes_per_second", "p50_ms", "p99_ms", "cpu_ms_per_request", "memory_mb",
           "largest_process_mb"}


def run(*words):
    return subprocess.run([str(word) for word in (*BENCH, *words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=300, check=False,
                          env={**os.environ, "IIIF_BUILD": str(paths.BUILD)})


@pytest.fixture(scope="module", name="measured")
def measured_result(tmp_path_factory):
    assert shutil.which("wrk"), "wrk is not installed; scripts/install-deps test does that"
    place = tmp_path_factory.mktemp("bench")
    done = run("--quick", "--only", "info", "--seconds", "1", "--rounds", "1", "--json", place / "out.json", "--plot",
               place / "out.svg")
    assert done.returncode == 0, done.stderr
    return done, json.loads((place / "out.json").read_text()), place


def test_every_server_has_its_figures(measured):
    _, result, _ = measured
    assert result["format"] == 1 and result["machine"]["cores"] > 0 and result["versions"]["nginx"]
    cells = {(cell["server"], cell["connections"]): cell for cell in result["cells"]}
    assert set(cells) == {(server, 64) for server in ("nginx", "httpd", "nginx-static", "httpd-static", "iipsrv")}
    for (server, _), cell in cells.items():
        assert cell["workload"] == "info"
        if server == "iipsrv" and cell["status"] == "missing":
            continue
        assert cell["status"] == "ok", cell["why"]
        assert [set(one) for one in cell["rounds"]] == [FIGURES]
        assert all(value > 0 for value in cell["rounds"][0].values())
        assert 0 < cell["p50_ms"] <= cell["p99_ms"] and cell["memory_mb"] > 1
    (line,) = result["ratios"]
    above, below = (cells[server, 64]["per_second"] for server in ("nginx", "nginx-static"))
    assert line["ratio"] == pytest.approx(above / below) and line["reached"] == (line["ratio"] >= 1)


def test_memory_of_a_renderer():
    done = run("--quick", "--memory")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| `")]
    assert len(rows) == 16
    assert {row[1] for row in rows} <= {"200", "400"} and sum(row[1] == "200" for row in rows) >= 15, done.stdout
    assert "Less than 200 MiB: reached." in done.stdout and "At most 8 MiB: reached." in done.stdout


@pytest.mark.parametrize("against", [False, True])
def test_manifests_and_collections(against):
    done = run("--quick", "--presentation", "--rounds", "1", *(("--against", paths.RENDERER) if against else ()))
    assert done.returncode == 0, done.stderr
    rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in done.stdout.splitlines()
            if line.startswith("| ")]
    timed = [row for row in rows if row[1] in presentation.STATES.values()]
    assert len(timed) == 7 * 4 + 3 and {row[0] for row in timed} >= {"tree, all of it", "JPEG, 30 images"}
    for row in timed:
        assert len(row) == (10 if against else 8) and row[7] in ("", "reached", "not reached"), row
        assert all(float(figure.replace(",", "")) > 0 for figure in (*row[3:6], *row[8:])), row
    walked = [row for row in rows if row[0] in ("first", "second")]
    assert [row[1:3] for row in walked] == ([] if against else [["nginx", "16"]] * 2)  # 1 + 3 + 12 documents
    memory = [row for row in rows if row[0].startswith(("nginx", "httpd")) and len(row) == 3]
    assert len(memory) == (4 if against else 2) and all(int(figure) > 1 for row in memory for figure in row[1:])


def test_against_is_for_documents():
    done = run("--against", paths.RENDERER)
    assert done.returncode == 2 and "--presentation" in done.stderr


def test_what_was_measured_can_be_shown_again(measured):
    done, _, place = measured
    again = run("--from", place / "out.json")
    assert again.returncode == 0 and again.stdout == done.stdout
    assert "info.json: nginx / nginx, files" in done.stdout and "at least 1" in done.stdout


def test_plot(measured):
    _, _, place = measured
    assert (place / "out.svg").exists(), "python3-matplotlib is not installed; scripts/install-deps test does that"
    assert ElementTree.parse(place / "out.svg").getroot().tag.endswith("svg")


def cell(server, figures, **more):
    made = {"workload": "tile", "title": "stored tile", "server": server, "source": "100 MP", "connections": 64,
            "status": "ok", "why": "", "rounds": [dict.fromkeys(FIGURES, figure) for figure in figures], **more}
    if made["status"] == "ok":
        report.summarise(made)
    return made


def test_ratios_compare_rounds_pair_by_pair():
    """The second turn was disturbed; it hit both sides."""
    lines = report.ratios([cell("nginx", [300, 30, 330]), cell("nginx-static", [200, 20, 200])], ["tile"])
    line = next(line for line in lines if "nginx, files" in line["title"])
    assert (line["ratio"], line["reached"]) == (1.5, True)
    shown = report.plain(*report.ratio_rows(lines)).splitlines()
    assert shown[0].index("target") == shown[1].index("at least 1")  # columns are aligned


def test_a_failed_cell_gives_no_ratio():
    lines = report.ratios([cell("nginx", [], status="failed", why="status 503"), cell("nginx-static", [200])], ["tile"])
    line = next(line for line in lines if "nginx, files" in line["title"])
    assert line["ratio"] is None and line["reached"] is None and "503" in line["why"]
    assert "failed: status 503" in report.plain(*report.figure_rows([cell("nginx", [], status="failed", why="status 503")]))


def test_document_is_filled_between_its_marks(measured, tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_document(measured[1], path)
    text = path.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n") and text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text and "| info.json |" in text
    with pytest.raises(ValueError):
        report.write_document(measured[1], tmp_path.joinpath("none.md").write_text("") or tmp_path / "none.md")


def test_the_document_has_its_marks():
    text = (paths.REPOSITORY / "docs/performance.md").read_text()
    for begin, end in ((report.BEGIN, report.END), (presentation.BEGIN, presentation.END)):
        assert text.count(begin) == text.count(end) == 1 and text.index(begin) < text.index(end)


@pytest.mark.parametrize("quick", [True, False])
def test_requests_lie_inside_of_their_pictures(quick):
    for workload in workloads.all_workloads(quick).values():
        assert workload.asks
        for ask in workload.asks:
            name, *rest = ask.path.split("/")
            assert name == workload.picture.file
            if ask.size is None:
                continue
            if rest[0] != "full":
                x, y, width, height = map(int, rest[0].split(","))
                assert 0 <= x < x + width <= workload.picture.width and 0 <= y < y + height <= workload.picture.height
            size = tuple(map(int, rest[1].split(",")))
            assert min(size) > 0 and ask.size == (size if rest[2] == "0" else size[::-1])


def test_tiles_and_edges_are_all_the_tiles():
    picture = workloads.Picture("pyramid", 1000, 700)
    whole, edge = (workloads.tiles(picture, 256, cut) for cut in (False, True))
    assert sorted(whole + edge) == sorted(
        (scale, column, row) for scale, columns, rows in ((1, 4, 3), (2, 2, 2), (4, 1, 1))
        for column in range(columns) for row in range(rows))
    assert (1, 3, 2) in edge and (1, 2, 1) in whole and (4, 0, 0) in edge
