# SPDX-License-Identifier: Apache-2.0
"""How long Manifests and Collections take: a folder of a thousand images, a tree of 50,000, two thousand sub-folders.

Each round has a server that has never seen the files; the files themselves are in the page cache, or not, as they are.
With another iiif-renderd to compare with, the two take turns, each with servers of its own, and the tree is not walked.
"""
import itertools
import os
import re
import shutil
import statistics
import time
from pathlib import Path

import bench_images as images
import bench_report as report
import bench_servers as servers
from bench_load import Wrong

BEGIN, END = "<!-- presentation:begin -->", "<!-- presentation:end -->"
LONG_AGO = int(time.time()) - 3600   # a file that changed just now is looked at for each request
LOOK_AGAIN = 1.1                     # s; as long as a renderer believes what it has looked through
WARM = 9                             # requests in a row, of which the median counts
XMP = ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
       '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
       'View of the harbour</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>J. Jones</rdf:li></rdf:Seq>'
       '</dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>')
KINDS = {"jpeg": "JPEG", "pyramid": "TIFF pyramid", "jp2": "JPEG 2000"}
SIZES = ((1200, 900), (1501, 1201))
STATES = {"cold": "cold", "kept": "kept", "again": "looked through again", "304": "304", "changed": "one file changed"}


class Scale:
    """How much there is of all."""

    def __init__(self, quick):
        self.images = 30 if quick else 1000                       # in one folder
        self.tree = (3, 4, 5) if quick else (20, 50, 50)          # folders, folders in these, images in those
        self.flat = 40 if quick else 2000                         # sub-folders of one folder

    @property
    def tree_images(self):
        return self.tree[0] * self.tree[1] * self.tree[2]


# -- what there is to look at --

def with_title(jpeg):
    """The JPEG with an XMP packet, as cataloguing programs leave one."""
    packet = b"http://ns.adobe.com/xap/1.0/\0" + XMP.encode()
    return jpeg[:2] + b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet + jpeg[2:]


def age(place):
    for path, _, names in os.walk(place):
        for name in names:
            os.utime(Path(path, name), (LONG_AGO, LONG_AGO))
        os.utime(path, (LONG_AGO, LONG_AGO))


def make_once(place, fill):
    """`place` is there as a whole, or not at all."""
    if not place.exists():
        making = place.with_name(f".making-{place.name}")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        fill(making)
        making.rename(place)
    age(place)


def make(folder, scale, say):
    """All of it beneath `folder`, kept for the next time: its root."""
    root = folder / f"presentation-{scale.images}-{scale.tree_images}-{scale.flat}"
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    tiny = with_title(images.make(images.Picture("jpeg", 64, 48), folder, say).read_bytes())

    def thousand(kind):
        pictures = [images.make(images.Picture(kind, *size), folder, say) for size in SIZES]
        data = [path.read_bytes() for path in pictures]
        data = [with_title(one) for one in data] if kind == "jpeg" else data

        def fill(place):
            say(f"Making {scale.images} files of {pictures[0].suffix} (once) ...")
            for number in range(scale.images):
                (place / f"image_{number + 1}{pictures[0].suffix}").write_bytes(data[number % len(data)])
        return fill

    def tree(place):
        say(f"Making a tree of {scale.tree_images} images (once) ...")
        for first in range(scale.tree[0]):
            for second in range(scale.tree[1]):
                inner = place / f"part_{first + 1}" / f"volume_{second + 1}"
                inner.mkdir(parents=True)
                for third in range(scale.tree[2]):
                    (inner / f"page_{third + 1}.jpg").write_bytes(tiny)

    def flat(place):
        rows = ["folder,title@en,title@cy,Creator,rights"]
        for number in range(scale.flat):
            inner = place / f"object_{number + 1}"
            inner.mkdir()
            (inner / "image.jpg").write_bytes(tiny)
            rows.append(f"{inner.name},Object {number + 1},Gwrthrych {number + 1},J. Jones,CC0")
        (place / "iiif.yaml").write_text("label: Many objects\nattribution: Example Library\n")
        (place / "metadata.csv").write_text("\n".join(rows) + "\n")

    for kind in KINDS:
        make_once(root / kind, thousand(kind))
    make_once(root / "tree", tree)
    make_once(root / "flat", flat)
    os.utime(root, (LONG_AGO, LONG_AGO))
    return root


# -- asking --

def busy_ns(pids):
    """Processor time of these processes."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            continue  # ended
    return total


class Asked:
    """One server, and what it answered how quickly."""

    def __init__(self, server, connection, cells, key):
        self.server, self.connection, self.cells, self.key = server, connection, cells, key
        self.tags = {}

    def once(self, target, status=200, **headers):
        """(milliseconds, milliseconds of the renderers' processor time, answer)"""
        before = busy_ns(self.server.renderers())
        answer = self.connection.get(target, headers)
        busy = busy_ns(self.server.renderers()) - before
        if answer.status != status:
            raise Wrong(f"{target}: status {answer.status} instead of {status}: {answer.body[:200]!r}")
        return answer.seconds * 1e3, busy / 1e6, answer

    def note(self, what, state, seen):
        cell = self.cells.setdefault((what, state, self.key[0]), {})
        cell.setdefault(self.key[1], []).append((statistics.median(one[0] for one in seen),
                                                 statistics.median(one[1] for one in seen), len(seen[0][2].body)))

    def document(self, what, target):
        first = self.once(target)
        self.tags[target] = first[2].header("ETag")
        self.note(what, "cold", [first])
        self.note(what, "kept", [self.once(target) for _ in range(WARM)])
        self.note(what, "304", [self.once(target, 304, **{"If-None-Match": self.tags[target]}) for _ in range(WARM)])


def change_one(place, number):
    """Another picture under the name of one; its time is not of this moment, but differs from what it was."""
    files = sorted(place.iterdir())
    chosen = files[number % len(files)]
    other = next(file for file in files if file.stat().st_size != chosen.stat().st_size)
    chosen.write_bytes(other.read_bytes())
    os.utime(chosen, (LONG_AGO + number, LONG_AGO + number))


def walk(asked, scale):
    """Every Collection and Manifest of the tree, as a crawler finds them: (seconds, slowest in ms, documents, CPU)."""
    pending, canvases, documents, slowest = ["/iiif/tree/collection.json"], 0, 0, 0.0
    begun, before = time.monotonic(), busy_ns(asked.server.renderers())
    while pending:
        answer = asked.connection.get(pending.pop(0))
        document = answer.json() if answer.status == 200 else {}
        documents += 1
        slowest = max(slowest, answer.seconds * 1e3)
        for item in document.get("items", []):
            if item["type"] == "Canvas":
                canvases += 1
            else:
                pending.append(re.sub("^https?://[^/]*", "", item["id"]))
    if canvases != scale.tree_images:
        raise Wrong(f"the tree has {canvases} canvases instead of {scale.tree_images}")
    return time.monotonic() - begun, slowest, documents, (busy_ns(asked.server.renderers()) - before) / 1e9


def one_round(server, connection, root, scale, cells, key, number, with_walk, say):
    asked = Asked(server, connection, cells, key)
    documents = {f"{title}, {scale.images} images": f"/iiif/{kind}/manifest.json" for kind, title in KINDS.items()}
    part, volume = 1 + scale.tree[0] // 2, 1 + scale.tree[1] // 2
    documents.update({
        "tree, all of it": "/iiif/tree/collection.json",
        f"tree, {scale.tree[1]} sub-folders": f"/iiif/tree/part_{part}/collection.json",
        f"tree, {scale.tree[2]} images": f"/iiif/tree/part_{part}/volume_{volume}/manifest.json",
        f"{scale.flat} sub-folders with a table": "/iiif/flat/collection.json"})
    for what, target in documents.items():
        asked.document(what, target)
    for _ in range(2):
        time.sleep(LOOK_AGAIN)
        for what, target in documents.items():
            asked.note(what, "again", [asked.once(target)])
    for kind, title in KINDS.items():
        change_one(root / kind, number)
    time.sleep(LOOK_AGAIN)
    for kind, title in KINDS.items():
        seen = asked.once(f"/iiif/{kind}/manifest.json")
        if seen[2].header("ETag") == asked.tags[f"/iiif/{kind}/manifest.json"]:
            raise Wrong(f"/iiif/{kind}/manifest.json: the changed file does not show")
        asked.note(f"{title}, {scale.images} images", "changed", [seen])
    walks = []
    if with_walk:
        walks = [walk(asked, scale), walk(asked, scale)]
        say(f"  {server.name}: the tree in {walks[0][0]:.1f} s, again in {walks[1][0]:.1f} s")
    return walks


def measure(folder, quick, rounds, against, say):
    """{"scale", "cells", "walks", "memory"}; "cells": {(what, state, server): {renderer: [(ms, CPU ms, bytes)]}}"""
    scale = Scale(quick)
    root = make(folder, scale, say)
    cells, walks, memory, changes = {}, {}, {}, itertools.count(1)
    programs = {"": None, **({"other": against} if against else {})}
    for turn in range(rounds):
        for make_server in (servers.OurNginx, servers.OurHttpd):
            for name, program in programs.items():
                pool = {"renderers": "2", **({"renderer_program": str(program)} if program else {})}
                with make_server(root, {"presentation": "on"}, workers=1, pool=pool) as server, \
                        server.connection(600.0) as connection:
                    key = (server.name, name)
                    found = one_round(server, connection, root, scale, cells, key, next(changes),
                                      turn == 0 and server.name == "nginx" and not against, say)
                    walks.update({(*key, index): one for index, one in enumerate(found)})
                    most = [servers.largest_bytes(pids) >> 20 for pids in (server.renderers(), server.pids())]
                    memory[key] = [max(pair) for pair in zip(memory.get(key, most), most)]
        say(f"  round {turn + 1} of {rounds}")
    return {"scale": scale, "cells": cells, "walks": walks, "memory": memory}


# -- showing --

def target_of(what, state, scale):
    """The most milliseconds it may take; None: nothing was asked for."""
    if what.endswith(f"{scale.images} images"):
        return {"cold": 1000, "kept": 5, "304": 5, "again": 5}.get(state)
    return 50 if state in ("kept", "304", "again") else None


def rows_of(result):
    head = ["document", "", "KB", "nginx, ms", "httpd, ms", "CPU, ms", "at most", ""]
    against = any("other" in cell for cell in result["cells"].values())
    if against:
        head += ["other / this", "by CPU"]
    rows = []
    for what in dict.fromkeys(key[0] for key in result["cells"]):
        for state, words in STATES.items():
            both = [result["cells"].get((what, state, server)) for server in ("nginx", "httpd")]
            if None in both:
                continue
            took = [statistics.median(one[0] for one in cell[""]) for cell in both]
            mine = [one for cell in both for one in cell[""]]
            most = target_of(what, state, result["scale"])
            row = [what, words, f"{mine[0][2] / 1e3:.0f}", *map(report.short, took),
                   report.short(statistics.median(one[1] for one in mine)), "" if most is None else str(most),
                   "" if most is None else "reached" if max(took) <= most else "not reached"]
            if against:
                others = [one for cell in both for one in cell["other"]]
                row += [f"{statistics.median(b[i] / max(a[i], 1e-3) for a, b in zip(mine, others)):.2f}" for i in (0, 1)]
            rows.append(tuple(row))
    return tuple(head), rows


def walk_rows(result):
    head = ("the whole tree", "server", "documents", "s", "CPU s", "slowest ms")
    rows = [(("first", "second")[index] + (", other" if name else ""), server, f"{documents:,}", f"{seconds:.1f}",
             f"{busy:.1f}", report.short(slowest))
            for (server, name, index), (seconds, slowest, documents, busy) in sorted(result["walks"].items())]
    return head, rows


def memory_rows(result):
    head = ("most resident memory", "a renderer, MiB", "a worker, MiB")
    return head, [(server + (", other" if name else ""), str(renderer), str(worker))
                  for (server, name), (renderer, worker) in sorted(result["memory"].items())]


def markdown(result):
    shown = (rows_of, *([walk_rows] if result["walks"] else []), memory_rows)
    return "\n\n".join(report.markdown(*rows(result)) for rows in shown)
