# SPDX-License-Identifier: Apache-2.0
"""What a renderer takes at most: one request each of the largest pyramid, each by a renderer that has done nothing else.
And by how much a worker of the web server grows that serves tiles of many images.
"""
import http.client
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import bench_servers as servers
import bench_workloads as workloads
from bench_load import Wrong
from support.servers import resident_bytes

PIECE = 1 << 20
LIMIT_MIB = 200
GROWTH_MIB = 8
SIDE = 10                 # tiles of an image, each way
POOL = {"renderers": "1", "timeout": "600s", "max_pixels": "4000000000"}


def requests(width):
    """What is asked, by the width of the source: the largest answers of each format, and the odd ones."""
    return [
        "full/2000,/0/default.jpg", f"full/{width // 5},/0/default.jpg", "full/max/0/default.jpg", "full/max/0/gray.jpg",
        "full/max/90/default.jpg", f"full/{width // 2},/22.5/default.jpg", f"full/{width // 2},/!180/default.png",
        "full/max/0/default.png", "full/max/0/bitonal.png", "full/max/0/default.tif", f"full/{width // 2},/0/default.pdf",
        f"full/{min(6000, width)},/0/default.webp", f"full/{min(3200, width)},/0/default.gif",
        f"full/{min(2600, width)},/0/default.avif", f"full/{min(10000, width)},/0/default.jp2", "full/max/0/default.avif",
    ]


def ask(server, path):
    """(status, bytes of the body); http.client.HTTPException when it breaks off."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=610)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        length = 0
        while piece := answer.read(PIECE):
            length += len(piece)
        return answer.status, length
    finally:
        connection.close()


def measure(folder, quick, say):
    """Rows of the table: (request, status, MiB of the answer, seconds, MiB of the renderer)."""
    picture = workloads.all_workloads(quick)["tile-large"].picture
    say(f"One renderer, {picture.file}, {picture.megapixels} MP")
    rows = []
    for request in requests(picture.width):
        with servers.OurNginx(folder, {"max_area": "off"}, workers=1, pool=POOL) as server:
            begun = time.monotonic()
            try:
                status, length = ask(server, f"/iiif/3/{picture.file}/{request}")
            except (OSError, http.client.HTTPException) as error:
                status, length = f"broken off: {type(error).__name__}", 0
            seconds = time.monotonic() - begun
            most = servers.largest_bytes(server.renderers())
        rows.append((request, status, length / (1 << 20), seconds, most / (1 << 20)))
        say(f"  {request}: {status}, {rows[-1][2]:.1f} MiB in {seconds:.1f} s, renderer {rows[-1][4]:.0f} MiB")
    return rows


def many_images(folder, count):
    """`count` files of SIDE by SIDE tiles, each with one of its own: a worker knows files, not bytes."""
    first = folder / "image-0.tif"
    side = str(SIDE * 256)
    subprocess.run(["vips", "gaussnoise", folder / "noise.v", side, side, "--mean", "128", "--sigma", "5"], check=True)
    subprocess.run(["vips", "copy", folder / "noise.v", f"{first}[tile,tile-width=256,tile-height=256,pyramid,compression=jpeg,Q=30]"],
                   check=True)
    (folder / "noise.v").unlink()
    for number in range(1, count):
        shutil.copyfile(first, folder / f"image-{number}.tif")


class UsualHttpd(servers.OurHttpd):
    """With as many threads as httpd has by default: each takes memory of its own when it is first used."""
    threads = 25


def growth(make, folder, count, say):
    """(tiles, private MiB after the first image, and after all)."""
    with make(folder, workers=1, pool=POOL) as server, server.connection() as connection:
        begun = 0
        for number in range(count):
            for tile in range(SIDE * SIDE):
                x, y = tile % SIDE * 256, tile // SIDE * 256
                answer = connection.get(f"/iiif/3/image-{number}.tif/{x},{y},256,256/256,256/0/default.jpg")
                if answer.status != 200:
                    raise Wrong(f"image-{number}.tif, tile {tile}: status {answer.status}")
            begun = begun or sum(map(resident_bytes, server.pids()))
        ended = sum(map(resident_bytes, server.pids()))
    say(f"  {server.name}: {count * SIDE * SIDE} tiles of {count} images, {begun / 2**20:.1f} to {ended / 2**20:.1f} MiB")
    return server.name, count * SIDE * SIDE, begun / 2**20, ended / 2**20


def measure_growth(quick, say):
    """Rows of the second table."""
    count = 20 if quick else 1000
    with tempfile.TemporaryDirectory(prefix="iiif-bench-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        many_images(Path(place), count)
        return [growth(make, place, count, say) for make in (servers.OurNginx, UsualHttpd)]


def markdown(rows):
    lines = ["| request | status | answer MiB | seconds | renderer MiB |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| `{request}` | {status} | {answer:.1f} | {seconds:.1f} | {most:.0f} |"
              for request, status, answer, seconds, most in rows]
    reached = all(most < LIMIT_MIB for *_, most in rows)
    return "\n".join([*lines, "", f"Less than {LIMIT_MIB} MiB: {'reached' if reached else 'not reached'}."])


def markdown_growth(rows):
    lines = ["| server | distinct tiles | after the first image, MiB | after all, MiB | grown |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {name} | {tiles:,} | {begun:.1f} | {ended:.1f} | {ended - begun:.1f} |" for name, tiles, begun, ended in rows]
    reached = all(ended - begun <= GROWTH_MIB for *_, begun, ended in rows)
    return "\n".join([*lines, "", f"At most {GROWTH_MIB} MiB: {'reached' if reached else 'not reached'}."])
