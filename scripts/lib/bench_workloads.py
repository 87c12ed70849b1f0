# SPDX-License-Identifier: Apache-2.0
"""What is asked for: lists of requests, the same on every run, each with the size that the answer has to have."""
import random
from dataclasses import dataclass

from bench_images import Picture

TILE = 256
VIEW = (1280, 800)     # a viewer's window
OURS = ("nginx", "httpd")
STATIC = ("nginx-static", "httpd-static")
OTHERS = ("iipsrv", "iipsrv-given")
ALL = (*OURS, *STATIC, *OTHERS)

FULL = {"small": Picture("pyramid", 3001, 2001), "main": Picture("pyramid", 11585, 8633),
        "large": Picture("pyramid", 36865, 27649), "jp2": Picture("jp2", 6001, 4001),
        "jpeg": Picture("jpeg", 6001, 4001), "huge": Picture("striped", 15001, 10001)}
QUICK = {"small": Picture("pyramid", 3001, 2001), "main": Picture("pyramid", 6001, 4001),
         "large": Picture("pyramid", 11585, 8633), "jp2": Picture("jp2", 3001, 2001),
         "jpeg": Picture("jpeg", 3001, 2001), "huge": Picture("striped", 6001, 4001)}


@dataclass(frozen=True)
class Ask:
    path: str            # behind /iiif/3/
    size: tuple = None   # of the answer in pixels; None: info.json


@dataclass
class Workload:
    """One picture and one kind of request; a cell of the table is this at one number of connections on one server."""
    name: str
    title: str
    picture: Picture
    asks: list
    servers: tuple = OURS + OTHERS
    connections: tuple = (8,)
    prefix: str = "/iiif/3/"
    walk: bool = False          # in order, as a viewer does
    warm_all: bool = False      # every answer is to be in the cache before
    loaded_by: Ask = None       # measured again while two clients ask only for this
    pictures: tuple = ()        # others that are needed
    group: str = ""             # workloads of one group are measured in turns

    @property
    def is_static(self):
        return bool(set(STATIC) & set(self.servers))


def rounded_up(a, b):
    return -(-a // b)


def tile(picture, side, scale, column, row):
    x, y = column * side * scale, row * side * scale
    width, height = min(side * scale, picture.width - x), min(side * scale, picture.height - y)
    size = rounded_up(width, scale), rounded_up(height, scale)
    whole = (width, height) == (picture.width, picture.height)
    region = "full" if whole else f"{x},{y},{width},{height}"
    return Ask(f"{picture.file}/{region}/{size[0]},{size[1]}/0/default.jpg", size)


def scales(picture, side):
    """1, 2, 4, ... until one tile holds the picture."""
    scale = 1
    while True:
        yield scale
        if scale * side >= max(picture.width, picture.height):
            return
        scale *= 2


def tiles(picture, side, edge):
    """All whole tiles of the pyramid, or all of the last column and row that are cut off."""
    out = []
    for scale in scales(picture, side):
        whole = picture.width // (side * scale), picture.height // (side * scale)
        for column in range(rounded_up(picture.width, side * scale)):
            for row in range(rounded_up(picture.height, side * scale)):
                if (column >= whole[0] or row >= whole[1]) == edge:
                    out.append((scale, column, row))
    return out


def some_tiles(picture, side, edge, count):
    all_of_them = tiles(picture, side, edge)
    chosen = random.Random(f"{picture.file} {edge}").sample(all_of_them, min(count, len(all_of_them)))
    return [tile(picture, side, *where) for where in chosen]


def regions(picture, count):
    """600 to 2000 px wide, off the grid of tiles, to 200 to 400 px."""
    dice = random.Random(picture.file)
    out = []
    for _ in range(count):
        width = dice.randint(600, min(2000, picture.width // 2))
        height = min(width * dice.randint(60, 100) // 100, picture.height // 2)
        x, y = dice.randrange(picture.width - width) | 1, dice.randrange(picture.height - height) | 1
        wide = dice.randint(200, 400)
        size = wide, max(1, wide * height // width)
        out.append(Ask(f"{picture.file}/{x},{y},{width},{height}/{size[0]},{size[1]}/0/default.jpg", size))
    return out


def full(picture, size):
    return Ask(f"{picture.file}/full/{size[0]},{size[1]}/0/default.jpg", size)


def whole(picture, widths):
    return [full(picture, (width, max(1, (2 * width * picture.height + picture.width) // (2 * picture.width))))
            for width in widths]


def distinct_wholes(picture, widths, count):
    """Hardly any twice: up to a tenth narrower or wider than the picture is."""
    dice = random.Random(f"{picture.file} whole")
    out = []
    for _ in range(count):
        width = dice.choice(widths)
        height = width * picture.height * dice.randint(900, 1100) // (1000 * picture.width)
        out.append(full(picture, (width, max(1, height))))
    return out


def rotated(picture, count):
    places = [place for place in tiles(picture, 512, edge=False) if place[0] <= 4]
    out = []
    for place in random.Random("rotated").sample(places, min(count, len(places))):
        ask = tile(picture, 512, *place)
        out.append(Ask(ask.path.replace("/0/default", "/90/default"), ask.size[::-1]))
    return out


def sessions(picture, count):
    """What OpenSeadragon asks for: info.json, then level by level the tiles in view while a reader zooms to the last
    pixel, then as many again while panning there. Nothing twice: the browser has it."""
    out = []
    for number in range(count):
        dice = random.Random(f"session {number}")
        x, y = dice.randrange(picture.width), dice.randrange(picture.height)
        asked = {}
        for scale in [*reversed([*scales(picture, TILE)]), 1, 1, 1, 1]:
            if scale == 1:
                x = min(max(0, x + dice.randint(-VIEW[0], VIEW[0]) // 2), picture.width - 1)
                y = min(max(0, y + dice.randint(-VIEW[1], VIEW[1]) // 2), picture.height - 1)
            step = TILE * scale
            in_view = [range(max(0, centre - extent * scale // 2) // step,
                             min(full - 1, centre + extent * scale // 2) // step + 1)
                       for centre, extent, full in ((x, VIEW[0], picture.width), (y, VIEW[1], picture.height))]
            places = [(column, row) for column in in_view[0] for row in in_view[1]]
            places.sort(key=lambda at: (at[0] * step + step // 2 - x) ** 2 + (at[1] * step + step // 2 - y) ** 2)
            for column, row in places:
                ask = tile(picture, TILE, scale, column, row)
                asked[ask.path] = ask
        out += [Ask(f"{picture.file}/info.json"), *asked.values()]
    return out


def all_workloads(quick):
    p = QUICK if quick else FULL
    many = 100 if quick else 400
    some = 40 if quick else 120
    # What renderers are measured with is too much for them to keep: they have to make each answer.
    distinct = 20000
    main, jp2, huge = p["main"], p["jp2"], p["huge"]
    main_tiles = some_tiles(main, TILE, False, many)
    sweep = (1, 64) if quick else (1, 8, 64, 512)
    info = [Ask(f"{main.file}/info.json")]
    given = [
        Workload("info", "info.json", main, info, ALL, sweep[-1:] if quick else sweep),
        Workload("tile", "stored tile", main, main_tiles, ALL, sweep),
        Workload("tile-small", "stored tile", p["small"],
                 some_tiles(p["small"], TILE, False, many), connections=(64,), group="sizes"),
        Workload("tile-large", "stored tile", p["large"],
                 some_tiles(p["large"], TILE, False, many), connections=(64,), group="sizes"),
        Workload("edge", "edge tile", main, some_tiles(main, TILE, True, many), connections=(64,)),
        Workload("region", "unaligned region", main, regions(main, distinct)),
        Workload("thumbnail", "thumbnail", main, distinct_wholes(main, range(120, 601), distinct)),
        Workload("thumbnail-again", "thumbnail, asked again", main, whole(main, range(120, 601, 40))),
        Workload("full", "2000 px wide", main, distinct_wholes(main, range(1900, 2101), distinct)),
        Workload("rotated", "rotated by 90", main, rotated(main, some)),
        Workload("jp2-tile", "JPEG 2000 tile", jp2, some_tiles(jp2, 512, False, some)),
        Workload("jp2-region", "JPEG 2000 region", jp2, regions(jp2, distinct)),
        Workload("jpeg-tile", "tile of a plain JPEG", p["jpeg"], some_tiles(p["jpeg"], 512, False, some)),
        Workload("jpeg-region", "region of a plain JPEG", p["jpeg"], regions(p["jpeg"], distinct)),
        Workload("cache", "cache hit (region)", main, regions(main, some), OURS, (64,), "/cached/3/", warm_all=True),
        Workload("session", "viewer session", main, sessions(main, 4 if quick else 12), ALL, (6,), walk=True),
        Workload("lanes", "stored tile, alone", main, main_tiles, OURS + OTHERS, (8,), pictures=(huge,),
                 loaded_by=Ask(f"{huge.file}/full/max/0/default.jpg", (huge.width, huge.height))),
    ]
    return {workload.name: workload for workload in given}
