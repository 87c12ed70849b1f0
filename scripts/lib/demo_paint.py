# SPDX-License-Identifier: Apache-2.0
"""The demonstrator's painting, as four cameras see it, and the drawing that it was made after.

One scene in numbers (`LINES`, `SHIPS`, ...) is painted stroke by stroke; the same strokes, the same canvas and the same
drawing below them make the infrared, the X-ray and the ultraviolet picture, so that all of them register to the pixel.
The ship on the left was drawn and begun, and then painted over: infrared and X-ray show it, and so does the drawing.
Nothing depends on time or machine: every chance comes from a numbered generator.
"""
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pictures import eight_bit, mix, palette, smoothstep

WIDTH, HEIGHT = 3000, 2000
HORIZON = 0.60
SUN = (0.635, 0.565)
SKY = ((0.00, (24, 34, 74)), (0.22, (58, 62, 112)), (0.42, (134, 92, 128)), (0.60, (226, 128, 104)),
       (0.80, (250, 186, 112)), (1.00, (255, 226, 160)))


def clouds(width, height, seed, octaves=6, stretch=2.0):
    """Fractal noise from 0 to 1, as wide forms `stretch` times as long as high."""
    chance = np.random.default_rng(seed)
    total, weight, out = 0.0, 1.0, np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = 3 * 2 ** octave
        grid = chance.random((max(2, cells), max(2, int(cells * width / height / stretch)))).astype(np.float32)
        layer = Image.fromarray(grid).resize((width, height), Image.BICUBIC)
        out += weight * np.asarray(layer)
        total, weight = total + weight, weight * 0.52
    return np.clip(out / total, 0, 1)


def ridge(x, seed, rough=1.0):
    """A line of hills over x, about 0 and within -1..1."""
    chance = np.random.default_rng(seed)
    line = np.zeros_like(x)
    for octave in range(7):
        line += rough ** octave * 0.55 ** octave * np.sin(2 * math.pi * (1.7 ** octave * x + chance.random()))
    return line / 2.2


# ---- The scene, in shares of the picture's width and height ------------------------------------------------------

TOWN = [  # left, width, height of the wall, height of the roof; all stand on the shore
    (0.030, 0.036, 0.070, 0.034), (0.070, 0.030, 0.095, 0.030), (0.104, 0.042, 0.062, 0.040), (0.149, 0.026, 0.088, 0.026),
    (0.178, 0.038, 0.072, 0.036), (0.219, 0.030, 0.054, 0.030), (0.252, 0.026, 0.066, 0.024), (0.281, 0.034, 0.048, 0.030)]
CHURCH = (0.128, 0.026, 0.150, 0.130)
SHIPS = {"kept": (0.745, 0.700, 0.250), "far": (0.475, 0.612, 0.060), "farther": (0.545, 0.606, 0.038),
         "small": (0.900, 0.640, 0.085)}
GONE = (0.385, 0.735, 0.285)  # the ship that was painted over


def sails(ship):
    """Polygons of a two-masted ship whose middle, water line and height are given; the hull first."""
    x, y, h = ship
    s = h * 0.62
    hull = [(x - 0.62 * s, y - 0.15 * h), (x + 0.66 * s, y - 0.19 * h), (x + 0.50 * s, y + 0.02 * h), (x - 0.46 * s, y + 0.02 * h)]
    fore = [(x - 0.26 * s, y - 0.20 * h), (x - 0.24 * s, y - 0.86 * h), (x - 0.58 * s, y - 0.30 * h)]
    main = [(x - 0.20 * s, y - 0.22 * h), (x - 0.20 * s, y - 0.90 * h), (x + 0.05 * s, y - 0.78 * h), (x + 0.12 * s, y - 0.24 * h)]
    mizzen = [(x + 0.20 * s, y - 0.24 * h), (x + 0.20 * s, y - 0.78 * h), (x + 0.44 * s, y - 0.64 * h), (x + 0.52 * s, y - 0.26 * h)]
    return hull, [fore, main, mizzen]


def rigging(ship):
    x, y, h = ship
    s = h * 0.62
    return [[(x - 0.22 * s, y - 0.14 * h), (x - 0.22 * s, y - 0.98 * h)], [(x + 0.18 * s, y - 0.14 * h), (x + 0.18 * s, y - 0.86 * h)],
            [(x - 0.62 * s, y - 0.15 * h), (x - 0.88 * s, y - 0.24 * h)], [(x - 0.88 * s, y - 0.24 * h), (x - 0.22 * s, y - 0.94 * h)],
            [(x + 0.18 * s, y - 0.84 * h), (x + 0.64 * s, y - 0.18 * h)], [(x - 0.22 * s, y - 0.95 * h), (x + 0.18 * s, y - 0.82 * h)]]


def shore(width):
    """The town's bank over each column; below 0 there is none."""
    x = np.arange(width) / width
    return HORIZON - 0.030 * smoothstep(0.40, 0.10, x) + 0.006 * ridge(x * 3, 5)


def scaled(points, width, height):
    return [(x * width, y * height) for x, y in points]


def scene(width, height):
    """What the painter saw: smooth, without strokes."""
    y = (np.arange(height) / height)[:, None].astype(np.float32)
    x = (np.arange(width) / width)[None, :].astype(np.float32)
    away = np.hypot((x - SUN[0]) * width / height, y - SUN[1])
    colour = palette(SKY, np.broadcast_to(np.clip(y / HORIZON, 0, 1), (height, width))).astype(np.float32)
    cloud = smoothstep(0.46, 0.74, clouds(width, height, 11, stretch=3.2))
    lit = palette(((0, (255, 214, 140)), (0.4, (244, 140, 110)), (0.8, (120, 84, 128)), (1, (62, 58, 104))), np.clip(away * 1.5, 0, 1))
    colour = mix(colour, lit, (cloud * 0.85)[..., None])
    colour = mix(colour, np.array((255, 238, 190.0)), (np.exp(-away * 7) * 0.9)[..., None])
    colour = mix(colour, np.array((255, 250, 228.0)), smoothstep(0.040, 0.034, away)[..., None])
    for seed, top, tone in ((21, 0.545, (160, 112, 132)), (22, 0.572, (112, 84, 118))):
        line = top + 0.020 * ridge(np.arange(width) / width * 2.1, seed, 1.15)
        warm = mix(np.array(tone, float), np.array((250, 176, 120.0)), (np.exp(-away * 5) * 0.6)[..., None])
        colour = mix(colour, warm, smoothstep(0, 0.003, y - line[None, :])[..., None])
    picture = Image.fromarray(eight_bit(colour))
    draw_town(picture)
    above = np.asarray(picture).astype(np.float32)
    water = reflected(above, width, height, away)
    colour = mix(above, water, smoothstep(HORIZON - 0.001, HORIZON + 0.001, y + 0 * x)[..., None])
    picture = Image.fromarray(eight_bit(colour))
    for name in ("farther", "far", "small", "kept"):
        draw_ship(picture, SHIPS[name])
    draw_quay(picture)
    return np.asarray(picture).astype(np.float32)


def draw_town(picture):
    width, height = picture.size
    pen, bank = ImageDraw.Draw(picture), shore(width)
    chance = np.random.default_rng(31)
    pen.polygon([(0, height), *[(at, bank[at] * height) for at in range(0, int(width * 0.40), 4)],
                 (width * 0.43, HORIZON * height), (width * 0.43, height)], (58, 46, 66))
    x, w, wall, spire = CHURCH
    foot = bank[int((x + w / 2) * width)] - 0.03
    pen.rectangle([*scaled([(x, foot - wall), (x + w, foot + 0.05)], width, height)], (84, 62, 80))
    pen.polygon(scaled([(x - 0.003, foot - wall), (x + w / 2, foot - wall - spire), (x + w + 0.003, foot - wall)], width, height), (54, 48, 76))
    for left, w, wall, roof in TOWN:
        foot = bank[int((left + w / 2) * width)]
        tone = chance.integers(0, 4)
        front = ((142, 98, 92), (168, 122, 102), (120, 86, 98), (184, 140, 118))[tone]
        pen.rectangle([*scaled([(left, foot - wall), (left + w, foot + 0.01)], width, height)], front)
        pen.polygon(scaled([(left - 0.003, foot - wall), (left + w / 2, foot - wall - roof), (left + w + 0.003, foot - wall)], width, height), (88, 48, 56))
        for row in range(2):
            for column in range(3):
                at = (left + w * (0.18 + 0.26 * column), foot - wall * (0.82 - 0.40 * row))
                glow = (255, 210, 120) if chance.random() < 0.55 else (70, 56, 78)
                pen.rectangle([*scaled([at, (at[0] + w * 0.13, at[1] + wall * 0.18)], width, height)], glow)


def reflected(above, width, height, away):
    """The sky upside down, shaken by waves that grow towards the viewer; and the sun's path."""
    rows = np.arange(height)
    below = np.clip((rows / height - HORIZON) / (1 - HORIZON), 0, 1)
    source = np.clip((HORIZON - below * HORIZON * 0.80) * height, 0, height - 1).astype(int)
    wave = clouds(width, height, 41, octaves=7, stretch=9.0) - 0.5
    sway = (wave * (14 + 130 * below[:, None]) * height / 1000).astype(int)
    ys = np.clip(source[:, None] + sway, 0, int(HORIZON * height) - 2)
    water = above[ys, np.arange(width)[None, :]] * (0.80 - 0.30 * below[:, None])[..., None]
    water = mix(water, np.array((26, 44, 78.0)), (0.22 + 0.30 * below[:, None])[..., None])
    x = np.arange(width)[None, :] / width
    path = np.exp(-((x - SUN[0]) / (0.018 + 0.085 * below[:, None])) ** 2)
    sparkle = smoothstep(0.02, 0.16, wave) * path
    return mix(water, np.array((255, 214, 140.0)), (sparkle * 0.85 + path * 0.20)[..., None])


def draw_ship(picture, ship, hull_tone=(44, 30, 40)):
    width, height = picture.size
    pen = ImageDraw.Draw(picture, "RGBA")
    hull, cloths = sails(ship)
    x, y, h = ship
    depth = min(1.0, h / 0.25)
    for cloth in cloths:  # its reflection, broken by the waves
        mirrored = [(px, 2 * y - (py - y) * 0.75 - y) for px, py in cloth]
        pen.polygon(scaled(mirrored, width, height), (150, 80, 66, 70))
    pen.polygon(scaled([(px, 2 * y - py) for px, py in hull], width, height), (20, 20, 40, 150))
    tones = ((236, 176, 120), (224, 146, 96), (186, 102, 82))
    for cloth, tone in zip(cloths, tones):
        tone = tuple(int(mix(170, part, 0.45 + 0.55 * depth)) for part in tone)
        pen.polygon(scaled(cloth, width, height), tone)
    pen.polygon(scaled(hull, width, height), hull_tone)
    pen.line(scaled(hull[:2], width, height), (214, 150, 96), max(1, int(h * width / 160)))


def draw_quay(picture):
    width, height = picture.size
    pen = ImageDraw.Draw(picture)
    pen.polygon(scaled([(0, 0.885), (0.30, 0.860), (0.345, 0.905), (0.20, 1.0), (0, 1.0)], width, height), (40, 32, 44))
    pen.polygon(scaled([(0, 0.865), (0.295, 0.842), (0.345, 0.880), (0.30, 0.890), (0, 0.915)], width, height), (96, 72, 74))
    for x in (0.02, 0.11, 0.20, 0.285):
        pen.rectangle([*scaled([(x, 0.815), (x + 0.007, 0.875)], width, height)], (30, 24, 34))
    for x, y, h, tone in ((0.070, 0.880, 0.075, (150, 54, 48)), (0.088, 0.882, 0.070, (40, 50, 84)), (0.165, 0.872, 0.062, (222, 196, 156)),
                          (0.243, 0.866, 0.055, (36, 34, 52))):
        pen.polygon(scaled([(x, y), (x + h * 0.10, y - h * 0.72), (x + h * 0.22, y - h * 0.72), (x + h * 0.34, y)], width, height), tone)
        pen.ellipse([*scaled([(x + h * 0.10, y - h * 0.92), (x + h * 0.22, y - h * 0.72)], width, height)], (206, 160, 132))


# ---- Strokes ------------------------------------------------------------------------------------------------------

TURNS = 24


def brush(length, breadth, seed):
    """Masks of one stroke, turned in steps; bristles leave stripes."""
    chance = np.random.default_rng(seed)
    side = int(length * 1.1) + 2
    x = np.linspace(-0.5, 0.5, length)[None, :]
    y = np.linspace(-0.5, 0.5, breadth)[:, None]
    bristles = 0.62 + 0.38 * chance.random((breadth, 1))
    dry = smoothstep(0.5, 0.1, x + 0.25 * chance.random((breadth, 1)))
    cover = smoothstep(0.5, 0.36, np.abs(y)) * smoothstep(0.5, 0.42, np.abs(x)) * bristles * (0.45 + 0.55 * dry)
    mask = Image.new("L", (side, side))
    mask.paste(Image.fromarray(eight_bit(cover * 255)), ((side - length) // 2, (side - breadth) // 2))
    return [mask.rotate(180 * turn / TURNS, Image.BICUBIC) for turn in range(TURNS)]


def strokes(target, seen):
    """Paints what was `seen`, from large brushes to small ones; returns (colours, thickness of the paint) as images."""
    width, height = target
    canvas, relief = Image.new("RGB", target, (120, 86, 66)), Image.new("L", target, 70)
    chance = np.random.default_rng(51)
    share = seen.shape[1] / width
    luminance = seen @ np.array((0.3, 0.59, 0.11), np.float32)
    smooth = np.asarray(Image.fromarray(eight_bit(luminance)).filter(ImageFilter.GaussianBlur(2)), np.float32)
    gy, gx = np.gradient(smooth)
    detail = np.asarray(Image.fromarray(eight_bit(np.hypot(gx, gy) * 10)).filter(ImageFilter.GaussianBlur(3)), np.float32) / 10
    flow = clouds(seen.shape[1], seen.shape[0], 52, octaves=3, stretch=1.6)
    for length, breadth, step, least in ((130, 40, 44, -1), (72, 22, 23, -1), (38, 12, 14, 0.5), (20, 7, 8, 2.2), (12, 4, 5, 6.0)):
        masks = brush(length, breadth, length)
        ys, xs = np.mgrid[0:height:step, 0:width:step].reshape(2, -1)
        ys = np.clip(ys + chance.integers(-step // 2, step // 2 + 1, ys.size), 0, height - 1)
        xs = np.clip(xs + chance.integers(-step // 2, step // 2 + 1, xs.size), 0, width - 1)
        sy, sx = (ys * share).astype(int), (xs * share).astype(int)
        keep = detail[sy, sx] > least
        order = chance.permutation(np.flatnonzero(keep))
        along = np.arctan2(-gx[sy, sx], gy[sy, sx]) % math.pi  # along edges, not across them
        calm = np.where(ys / height > HORIZON, 0.06 * (flow[sy, sx] - 0.5), 1.6 * (flow[sy, sx] - 0.5))
        angle = np.where(detail[sy, sx] > 1.6, (-along) % math.pi, (-calm) % math.pi)
        turn = np.round(angle / math.pi * TURNS).astype(int) % TURNS
        tones = seen[sy, sx] + chance.normal(0, 1, (ys.size, 1)) * 7 + chance.normal(0, 1, (ys.size, 3)) * 5
        tones = np.clip(tones, 0, 255).astype(int)
        body = np.clip(70 + 0.40 * luminance[sy, sx] + chance.normal(0, 26, ys.size), 0, 255).astype(int)
        half = masks[0].size[0] // 2
        for at in order:
            mask, place = masks[turn[at]], (int(xs[at]) - half, int(ys[at]) - half)
            canvas.paste(tuple(tones[at].tolist()), place, mask)
            relief.paste(int(body[at]), place, mask)
    return canvas, relief


def fine_lines(canvas, relief):
    """Masts, ropes and the quay's posts: what a painter does last, with the smallest brush."""
    width, height = canvas.size
    for picture, tone, light in ((canvas, (38, 26, 34), (244, 190, 130)), (relief, 150, 190)):
        pen = ImageDraw.Draw(picture)
        for name in ("kept", "small", "far"):
            for at, line in enumerate(rigging(SHIPS[name])):
                size = SHIPS[name][2]
                pen.line(scaled(line, width, height), tone, max(1, int((9 if at < 2 else 3) * size / 0.25)))
        pen.line(scaled([(0.003, 0.868), (0.296, 0.845), (0.344, 0.882)], width, height), light, 4)


def shade(relief, strength):
    """Light from the upper left upon the paint's relief, about 1."""
    z = np.asarray(relief.filter(ImageFilter.GaussianBlur(1.2))).astype(np.float32)
    gy, gx = np.gradient(z)
    return 1 - np.clip((gx + gy) * strength, -0.25, 0.25)


def weave(width, height, turns=7.3):
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    wobble = 1.3 * clouds(width, height, 61, octaves=3, stretch=1.5)
    threads = np.sin(2 * math.pi * (x / turns + wobble)) * np.sin(2 * math.pi * (y / (turns * 0.94) + wobble))
    return threads.astype(np.float32)


def cracks(size):
    """Age: fine lines that wander and fork, 0 or more."""
    width, height = size
    picture = Image.new("L", size)
    pen, chance = ImageDraw.Draw(picture), np.random.default_rng(71)
    for _ in range(520):
        x, y = chance.random() * width, chance.random() * height
        heading = chance.choice((0, math.pi / 2)) + chance.normal(0, 0.35)
        for _ in range(int(chance.integers(6, 26))):
            heading += chance.normal(0, 0.30)
            nx, ny = x + 16 * math.cos(heading), y + 16 * math.sin(heading)
            pen.line((x, y, nx, ny), int(chance.integers(60, 170)), 1)
            x, y = nx, ny
    return np.asarray(picture).astype(np.float32) / 255


# ---- The drawing, below the paint and on paper --------------------------------------------------------------------

def wavering(pen, points, tone, size, chance, passes=2):
    """A line by hand: drawn more than once, never quite straight."""
    for _ in range(passes):
        track = []
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            steps = max(2, int(math.hypot(x1 - x0, y1 - y0) / 70))
            for step in range(steps + 1):
                t = step / steps
                track.append((mix(x0, x1, t) + chance.normal(0, 0.8 * size), mix(y0, y1, t) + chance.normal(0, 0.8 * size)))
        pen.line(track, tone, max(1, round(size)), joint="curve")


def drawing(size, tone, thick=2.0, gone=True):
    """The composition in lines on transparent ground: what is on the paper, and below the paint."""
    width, height = size
    picture = Image.new("RGBA", size, (*tone, 0))
    pen, chance = ImageDraw.Draw(picture), np.random.default_rng(81)
    dark, soft = (*tone, 215), (*tone, 120)
    bank = shore(width)

    def lines(points, ink=dark, heavy=thick, passes=2):
        wavering(pen, scaled(points, width, height), ink, heavy, chance, passes)

    lines([(at / 60, HORIZON) for at in range(61)], soft, thick * 0.7, 1)
    for seed, top in ((21, 0.545), (22, 0.572)):
        lines([(at / 80, top + 0.020 * float(ridge(np.array([at / 80 * 2.1]), seed, 1.15)[0])) for at in range(81)], soft, thick * 0.8, 1)
    x, w, wall, spire = CHURCH
    for move, ink in ((0.0, dark), (0.055, soft)):  # the church stood farther right at first
        foot = bank[int((x + w / 2) * width)] - 0.03
        lines([(x + move, foot), (x + move, foot - wall), (x + move + w / 2, foot - wall - spire), (x + move + w, foot - wall), (x + move + w, foot)], ink)
    for left, w, wall, roof in TOWN:
        foot = bank[int((left + w / 2) * width)]
        lines([(left, foot), (left, foot - wall), (left + w / 2, foot - wall - roof), (left + w, foot - wall), (left + w, foot)])
        for step in range(7):  # the shaded side
            lines([(left + w * (0.62 + 0.055 * step), foot - wall * 0.95), (left + w * (0.56 + 0.055 * step), foot - 0.004)], soft, thick * 0.6, 1)
    for ship in [*SHIPS.values(), *([GONE] if gone else [])]:
        hull, cloths = sails(ship)
        for outline in (hull, *cloths):
            lines([*outline, outline[0]])
        for rope in rigging(ship):
            lines(rope, dark, thick * 0.7, 1)
        (x0, y0), (x1, y1) = hull[0], hull[2]
        for step in range(14):
            at = mix(x0 + 0.1 * ship[2], x1, step / 14)
            lines([(at, mix(y0, y1, 0.15)), (at - 0.02 * ship[2], mix(y0, y1, 0.92))], soft, thick * 0.7, 1)
    lines([(0, 0.865), (0.295, 0.842), (0.345, 0.880), (0.30, 0.890), (0, 0.915)])
    for step in range(26):
        lines([(0.012 * step, 0.93), (0.012 * step + 0.016, 0.99)], soft, thick * 0.8, 1)
    for step in range(70):  # waves
        at, row = chance.random(), HORIZON + 0.38 * chance.random() ** 1.2
        long = 0.012 + 0.05 * (row - HORIZON)
        lines([(at, row), (at + long / 2, row - 0.004), (at + long, row)], soft, thick * 0.7, 1)
    return picture


# ---- What cameras see ---------------------------------------------------------------------------------------------

def painted(size=(WIDTH, HEIGHT)):
    """The painting once, for all of its pictures."""
    canvas, relief = strokes(size, scene(size[0] // 2, size[1] // 2))
    fine_lines(canvas, relief)
    return {"canvas": canvas, "relief": relief, "weave": weave(*size), "cracks": cracks(size)}


def visible(parts):
    colour = np.asarray(parts["canvas"]).astype(np.float32)
    light = shade(parts["relief"], 0.012) * (1 + 0.022 * parts["weave"]) * (1 - 0.22 * parts["cracks"])
    colour = colour * light[..., None]
    return Image.fromarray(eight_bit(mix(colour, colour * np.array((1.03, 0.99, 0.88)), 0.8)))  # its varnish has yellowed


def infrared(parts):
    width, height = parts["canvas"].size
    grey = np.asarray(parts["canvas"].convert("L").filter(ImageFilter.GaussianBlur(2.2))).astype(np.float32)
    base = 96 + 0.50 * grey
    base = base * shade(parts["relief"], 0.005) * (1 + 0.035 * parts["weave"]) * (1 - 0.10 * parts["cracks"])
    under = drawing((width, height), (26, 24, 24), 3.2)
    picture = Image.fromarray(eight_bit(base))
    hull, cloths = sails(GONE)
    tint = Image.new("L", (width, height))
    pen = ImageDraw.Draw(tint)
    pen.polygon(scaled(hull, width, height), 90)
    for cloth in cloths:
        pen.polygon(scaled(cloth, width, height), 26)
    picture.paste(40, (0, 0), tint.filter(ImageFilter.GaussianBlur(5)))
    picture.paste(Image.new("L", (width, height), 30), (0, 0), under.getchannel("A").filter(ImageFilter.GaussianBlur(1.0)))
    grain = np.random.default_rng(91).normal(0, 2.2, (height, width))
    return Image.fromarray(eight_bit(np.asarray(picture) + grain))


def xray(parts):
    """Bright is what stops the rays: lead white, thick paint, iron; the bars of the stretcher are wood."""
    width, height = parts["canvas"].size
    grey = np.asarray(parts["canvas"].convert("L")).astype(np.float32) / 255
    thick = np.asarray(parts["relief"]).astype(np.float32) / 255
    density = 0.16 + 0.62 * grey ** 1.3 * (0.5 + thick) + 0.26 * (thick - 0.4) + 0.055 * parts["weave"]
    white = Image.new("L", (width, height))
    pen = ImageDraw.Draw(white)
    hull, cloths = sails(GONE)
    for cloth in cloths:
        pen.polygon(scaled(cloth, width, height), 235)
    pen.polygon(scaled(hull, width, height), 60)
    for line in rigging(GONE):
        pen.line(scaled(line, width, height), 130, 6)
    lead = np.asarray(white.filter(ImageFilter.GaussianBlur(7))).astype(np.float32) / 255
    density += lead * (0.26 + 0.30 * clouds(width, height, 92, octaves=6, stretch=0.7))
    y, x = np.arange(height)[:, None] / height, np.arange(width)[None, :] / width
    edge = np.minimum(np.minimum(x, 1 - x) * width / height, np.minimum(y, 1 - y))
    bars = np.maximum(smoothstep(0.062, 0.058, edge), smoothstep(0.032, 0.029, np.abs(x - 0.5)))
    grain_of_wood = 0.02 * np.sin(90 * (x * 1.7 + 0.08 * np.sin(9 * y))) * bars
    density += 0.13 * bars + grain_of_wood - 0.10 * parts["cracks"]
    picture = Image.fromarray(eight_bit(np.clip(density, 0, 1) * 245))
    pen = ImageDraw.Draw(picture)
    side = height // 20
    for at in range(side, width - side // 2, int(side * 1.7)):  # tacks
        for row in (side // 3, height - side // 3):
            pen.ellipse((at - 11, row - 11, at + 11, row + 11), 252)
    for at in range(side, height - side // 2, int(side * 1.7)):
        for column in (side // 3, width - side // 3):
            pen.ellipse((column - 11, at - 11, column + 11, at + 11), 252)
    picture = picture.filter(ImageFilter.GaussianBlur(0.8))
    grain = np.random.default_rng(93).normal(0, 3.5, (height, width))
    return Image.fromarray(eight_bit(np.asarray(picture) + grain))


def ultraviolet(parts):
    """The varnish glows green where it is thick; what was retouched later stays dark."""
    width, height = parts["canvas"].size
    grey = np.asarray(parts["canvas"].convert("L")).astype(np.float32)[..., None] / 255
    varnish = clouds(width, height, 94, octaves=5, stretch=0.35)
    swipes = 0.5 + 0.5 * np.sin(np.arange(width)[None, :] / 46 + 0.02 * np.arange(height)[:, None] + 26 * varnish)
    glow = smoothstep(0.25, 0.75, varnish * 0.85 + 0.15 * swipes)[..., None]
    colour = mix(np.array((34, 30, 92.0)), np.array((120, 178, 150.0)), glow * 0.72) * (0.35 + 0.75 * grey)
    colour = mix(colour, np.array((214, 226, 255.0)) * grey, 0.25)
    spots = Image.new("L", (width, height))
    pen, chance = ImageDraw.Draw(spots), np.random.default_rng(95)
    hull, cloths = sails(GONE)
    for outline in (hull, *cloths):
        pen.polygon(scaled(outline, width, height), 110)
    for _ in range(26):
        x, y, r = chance.random() * width, chance.random() * height, chance.integers(10, 70)
        pen.ellipse((x - r, y - r * 0.6, x + r, y + r * 0.6), 225)
    dark = np.asarray(spots.filter(ImageFilter.GaussianBlur(9))).astype(np.float32)[..., None] / 255
    colour = mix(colour, np.array((20, 12, 40.0)), dark * 0.85) * shade(parts["relief"], 0.008)[..., None]
    return Image.fromarray(eight_bit(colour))


def study(size=(2400, 1600)):
    """The drawing on paper: pencil and some wash, with the ship that the painting lost."""
    width, height = size
    fibre = clouds(width, height, 101, octaves=8, stretch=1.0)[..., None]
    paper = np.array((236, 222, 190.0)) * (0.93 + 0.10 * fibre)
    wash = scene(width // 2, height // 2)
    wash = np.asarray(Image.fromarray(eight_bit(wash)).convert("L").resize(size).filter(ImageFilter.GaussianBlur(14))).astype(np.float32)[..., None] / 255
    stain = smoothstep(0.55, 0.25, wash + 0.25 * (clouds(width, height, 102, stretch=1.5)[..., None] - 0.5))
    picture = Image.fromarray(eight_bit(mix(paper, paper * np.array((0.72, 0.62, 0.52)), stain * 0.55)))
    layer = drawing(size, (48, 40, 42), 2.4)
    picture.paste(layer, (0, 0), layer)
    return picture
