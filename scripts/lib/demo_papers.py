# SPDX-License-Identifier: Apache-2.0
"""What else the demonstrator's institutions own: a chart in six sheets, a letter, pressed plants, old photographs."""
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import pictures
from demo_paint import GONE, clouds, drawing, scene
from pictures import eight_bit, mix, palette, smoothstep

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
INK = (62, 42, 30)


def font(size):
    return ImageFont.truetype(FONT, size)


def paper(width, height, seed, tone=(236, 225, 198)):
    """Old paper: fibres, a few stains, darker towards its edges."""
    fibre = clouds(width, height, seed, octaves=8, stretch=1.0)[..., None]
    stain = smoothstep(0.60, 0.80, clouds(width, height, seed + 1, octaves=4, stretch=1.0))[..., None]
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    age = 1 - 0.16 * np.exp(-edge / (0.03 * width))[..., None]
    return Image.fromarray(eight_bit(np.array(tone, float) * (0.91 + 0.13 * fibre) * (1 - 0.07 * stain) * age))


# ---- A coast in six sheets ----------------------------------------------------------------------------------------

COLUMNS, ROWS = 3, 2
SHEET = (1260, 960)
MARGIN = 110
PLACES = [(0.090, 0.250, "Aberwen"), (0.235, 0.120, "Llanfor"), (0.420, 0.235, "Porth Du"), (0.560, 0.105, "Trefelin"),
          (0.700, 0.260, "Karlshafen"), (0.880, 0.170, "Norderau"), (0.245, 0.330, "Y Borth"), (0.815, 0.330, "Sandwerder")]
WATERS = [(0.160, 0.800, "BAE WEN"), (0.500, 0.640, "THE SOUND"), (0.830, 0.800, "SÜDERBUCHT")]


def relief(width, height):
    """Height above the sea, below 0 in it."""
    y = (np.arange(height) / height)[:, None]
    x = (np.arange(width) / width)[None, :]
    rough = clouds(width, height, 201, octaves=8, stretch=1.0) - 0.5
    wide = clouds(width, height, 202, octaves=3, stretch=1.5) - 0.5
    return (0.44 - y) * 0.95 + 0.10 * np.sin(2.2 * math.pi * (x + 0.12)) + 1.15 * rough + 0.75 * wide


def lines_at(field, count, weight):
    """1 on lines of equal value, `weight` pixels wide or so wherever the slope is."""
    gy, gx = np.gradient(field * count)
    slope = np.hypot(gx, gy) + 1e-6
    away = np.abs(field * count - np.round(field * count)) / slope
    return smoothstep(weight + 0.7, weight - 0.7, away)


def chart():
    """All six sheets as one picture, without frames."""
    width, height = COLUMNS * SHEET[0], ROWS * SHEET[1]
    h = relief(width, height).astype(np.float32)
    gy, gx = np.gradient(np.asarray(Image.fromarray(eight_bit(h * 90 + 110)).filter(ImageFilter.GaussianBlur(3)), np.float32))
    land = palette(((0, (226, 224, 178)), (0.25, (230, 214, 164)), (0.55, (216, 186, 138)), (0.9, (192, 150, 112))), np.clip(h, 0, 1))
    land = land * (1 - np.clip((gx + gy) * 0.10, -0.16, 0.16))[..., None]
    land = mix(land, np.array((124, 88, 60.0)), (lines_at(h, 16, 0.8) * 0.40)[..., None])
    sea = palette(((0, (196, 216, 208)), (0.3, (212, 224, 212)), (1, (224, 228, 212))), np.clip(-h, 0, 1))
    sea = mix(sea, np.array((70, 104, 116.0)), (lines_at(h, 44, 0.6) * np.exp(np.minimum(h, 0) * 9) * 0.60)[..., None])
    colour = mix(sea, land, smoothstep(-0.001, 0.001, h)[..., None])
    colour = mix(colour, np.array((52, 40, 34.0)), smoothstep(2.6, 1.2, np.abs(h) / (np.hypot(*np.gradient(h)) + 1e-6))[..., None])
    colour = colour * (0.93 + 0.09 * clouds(width, height, 203, octaves=8, stretch=1.0))[..., None]
    picture = Image.fromarray(eight_bit(colour))
    inscriptions(picture, h)
    rose(picture, h)
    return picture


def rose(picture, h):
    """A compass rose at sea, and the rhumb lines that leave it."""
    width, height = picture.size
    x, y, r = 0.42 * width, 0.84 * height, 190
    rays = Image.new("L", picture.size)
    pen = ImageDraw.Draw(rays)
    for at in range(32):
        angle = at * math.pi / 16
        pen.line((x, y, x + width * math.cos(angle), y + width * math.sin(angle)), 120 if at % 4 else 190, 2)
    at_sea = Image.fromarray(np.asarray(rays) * (h < -0.02))
    picture.paste((150, 84, 66), (0, 0), at_sea)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((x - r, y - r, x + r, y + r), (232, 226, 204), INK, 4)
    pen.ellipse((x - r * 0.86, y - r * 0.86, x + r * 0.86, y + r * 0.86), None, INK, 2)
    for ring, long, tones in ((1, 0.62, ((104, 124, 128), (214, 206, 180))), (0, 0.96, ((142, 58, 46), (238, 214, 160)))):
        for at in range(4):
            angle = math.pi / 2 * at + ring * math.pi / 4
            tip = (x + r * long * math.sin(angle), y - r * long * math.cos(angle))
            for side, tone in zip((-1, 1), tones):
                turned = angle + side * math.pi / 4
                pen.polygon([(x, y), tip, (x + r * 0.2 * math.sin(turned), y - r * 0.2 * math.cos(turned))], tone, INK)
    pen.text((x, y - r - 44), "N", INK, font(64), anchor="mm")


def inscriptions(picture, h):
    width, height = picture.size
    pen, chance = ImageDraw.Draw(picture), np.random.default_rng(204)
    for _ in range(460):  # fathoms
        x, y = int(chance.random() * width), int(height * (0.30 + 0.70 * chance.random()))
        if h[y, x] < -0.03:
            pen.text((x, y), str(max(1, int(-h[y, x] * 60 + chance.integers(0, 3)))), (84, 84, 84), font(22), anchor="mm")
    for x, y, name in PLACES:
        at = (int(x * width), int(y * height))
        for _ in range(40):  # inland, until there is ground to stand on
            if h[at[1], at[0]] > 0.03:
                break
            at = (at[0], max(30, at[1] - 24))
        for _ in range(22):
            bx, by = at[0] + int(chance.normal(0, 26)), at[1] + int(chance.normal(0, 18))
            pen.rectangle((bx - 6, by - 5, bx + 6, by + 5), (158, 62, 50), INK)
        pen.text((at[0] + 62, at[1] + 4), name, INK, font(46), anchor="lm", stroke_width=4, stroke_fill=(236, 226, 190))
    for x, y, name in WATERS:
        pen.text((x * width, y * height), "  ".join(name), (74, 96, 104), font(60), anchor="mm")


def sheet(whole, number):
    """One sheet, framed; numbered from the upper left by rows."""
    column, row = (number - 1) % COLUMNS, (number - 1) // COLUMNS
    width, height = SHEET[0] + 2 * MARGIN, SHEET[1] + 2 * MARGIN
    picture = paper(width, height, 210 + number)
    part = whole.crop((column * SHEET[0], row * SHEET[1], (column + 1) * SHEET[0], (row + 1) * SHEET[1]))
    picture.paste(part, (MARGIN, MARGIN))
    pen = ImageDraw.Draw(picture)
    box = (MARGIN, MARGIN, width - MARGIN, height - MARGIN)
    pen.rectangle([edge + move for edge, move in zip(box, (-26, -26, 26, 26))], None, INK, 4)
    pen.rectangle(box, None, INK, 3)
    for at in range(10):  # degrees
        x, y = box[0] + at * SHEET[0] / 10, box[1] + at * SHEET[1] / 10
        if at % 2 == 0:
            for top in (box[1] - 24, box[3] + 3):
                pen.rectangle((x, top, x + SHEET[0] / 10, top + 21), INK)
            for left in (box[0] - 24, box[2] + 3):
                pen.rectangle((left, y, left + 21, y + SHEET[1] / 10), INK)
    pen.text((width / 2, MARGIN / 2 - 8), f"{'I II III IV V VI'.split()[number - 1]}", INK, font(46), anchor="mm")
    pen.text((width - MARGIN, height - MARGIN / 2 + 12), "1 : 50 000", INK, font(26), anchor="rm")
    return picture


# ---- A letter -----------------------------------------------------------------------------------------------------

PAGE = (1500, 2050)


def written(pen, x, y, length, size, chance, ink=INK):
    """A word that nobody can read: loops and strokes of a running hand. Returns where it ends."""
    track, at = [], 0.0
    letters = max(1, int(length / (size * 0.55)))
    for letter in range(letters):
        high = chance.choice((1.0, 1.0, 1.0, 2.1, -1.4)) if letter else chance.choice((1.0, 2.2))
        wide = size * (0.42 + 0.26 * chance.random())
        for step in range(14):
            t = step / 14
            lift = (0.5 - 0.5 * math.cos(2 * math.pi * t)) * size * 0.55 * high
            loop = math.sin(2 * math.pi * t) * size * 0.16 * abs(high)
            track.append((x + at + wide * t + loop + 0.30 * lift, y - lift + 0.8 * math.sin((at + x) / 90)))
        at += wide
    for (x0, y0), (x1, y1) in zip(track, track[1:]):
        pressed = 2 + (2 if y1 > y0 + 1 else 0)
        pen.line((x0, y0, x1, y1), ink, pressed)
    return x + at


def write_lines(pen, left, top, right, rows, chance, ink=INK, size=34, pitch=72):
    for row in range(rows):
        x, y = left + chance.normal(0, 5), top + row * pitch
        end = right - (chance.random() * 260 if row % 7 == 6 else chance.random() * 50)
        while x < end - size * 2:
            x = written(pen, x, y, min(end - x, size * (1.5 + 4.5 * chance.random())), size, chance, ink) + size * 0.75


def letter(number):
    """Page 1 begins with a date and a name, page 3 has the ship that the painting lost, page 4 ends with a signature."""
    width, height = PAGE
    picture = paper(width, height, 300 + number, (238, 229, 206))
    back = Image.new("L", PAGE)  # what shines through from the other side
    write_lines(ImageDraw.Draw(back), 170, 260, width - 140, 22, np.random.default_rng(320 + number), 255)
    shine = back.transpose(Image.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(3)).point(lambda value: value // 2)
    picture.paste((196, 178, 146), (0, 0), shine)
    pen, chance = ImageDraw.Draw(picture), np.random.default_rng(310 + number)
    top, rows = 230, 23
    if number == 1:
        written(pen, 920, 200, 340, 38, chance)
        written(pen, 170, 360, 300, 56, chance)
        top, rows = 500, 19
    if number == 3:
        write_lines(pen, 150, 230, width - 130, 8, chance)
        sketch = drawing((3000, 2000), (70, 48, 34), 2.4).crop(
            (int((GONE[0] - 0.14) * 3000), int((GONE[1] - 0.32) * 2000), int((GONE[0] + 0.16) * 3000), int((GONE[1] + 0.06) * 2000)))
        picture.paste(sketch, ((width - sketch.width) // 2, 800), sketch)
        top, rows = 1640, 4
    if number == 4:
        rows = 12
        written(pen, 820, 1290, 420, 64, chance)
    write_lines(pen, 150, top, width - 130, rows, chance)
    fold = np.exp(-np.abs(np.arange(height) - height * 0.5) / 7)[:, None, None]
    return Image.fromarray(eight_bit(np.asarray(picture) * (1 - 0.10 * fold)))


def cover():
    """Marbled boards, a leather back, a label."""
    width, height = PAGE
    boards = Image.fromarray(pictures.marbled(0, 1500, 2000, 1500)).rotate(90, expand=True).resize(PAGE)
    pen = ImageDraw.Draw(boards)
    leather = eight_bit(np.array((92, 52, 34.0)) * (0.75 + 0.5 * clouds(170, height, 330, stretch=0.5)[..., None]))
    boards.paste(Image.fromarray(leather), (0, 0))
    for y in range(180, height, 420):
        pen.rectangle((0, y, 170, y + 10), (178, 132, 62))
    label = paper(640, 380, 331)
    boards.paste(label, (width // 2 - 240, 420))
    pen.rectangle((width // 2 - 222, 438, width // 2 + 382, 782), None, INK, 4)
    pen.text((width // 2 + 80, 560), "Briefe an Anna", INK, font(60), anchor="mm")
    pen.text((width // 2 + 80, 670), "1786 – 1787", INK, font(44), anchor="mm")
    return boards


# ---- Pressed plants -----------------------------------------------------------------------------------------------

LEAF = (1450, 1950)
# angle between shoots, how many pairs, how long the lowest, narrowing, forks below forks, leaf's length and breadth, tones
PLANTS = [
    {"pairs": 17, "angle": 1.15, "long": 0.30, "forks": 2, "leaf": (58, 15), "tone": (92, 96, 46), "tip": (134, 118, 58)},
    {"pairs": 8, "angle": 0.62, "long": 0.34, "forks": 1, "leaf": (170, 62), "tone": (76, 92, 58), "tip": (124, 126, 70)},
    {"pairs": 5, "angle": 0.46, "long": 0.50, "forks": 2, "leaf": (66, 22), "tone": (112, 104, 60), "tip": (150, 70, 78), "bloom": (168, 84, 104)},
    {"pairs": 12, "angle": 0.32, "long": 0.26, "forks": 1, "leaf": (210, 16), "tone": (142, 128, 66), "tip": (176, 150, 84)},
    {"pairs": 9, "angle": 0.95, "long": 0.33, "forks": 2, "leaf": (84, 34), "tone": (98, 78, 52), "tip": (156, 98, 54)},
    {"pairs": 6, "angle": 0.74, "long": 0.44, "forks": 2, "leaf": (74, 40), "tone": (70, 88, 72), "tip": (104, 120, 96), "bloom": (202, 164, 74)}]


def blade(pen, x, y, angle, long, wide, tone, chance):
    """One leaf: pointed, a little bent, with its vein."""
    bend = chance.normal(0, 0.10)
    side, other = [], []
    for step in range(13):
        t = step / 12
        turned = angle + bend * t * 2
        cx, cy = x + long * t * math.sin(turned), y - long * t * math.cos(turned)
        half = wide / 2 * math.sin(math.pi * t ** 0.75)
        side.append((cx + half * math.cos(turned), cy + half * math.sin(turned)))
        other.append((cx - half * math.cos(turned), cy - half * math.sin(turned)))
    shade = chance.normal(0, 9)
    fill = tuple(int(np.clip(part + shade, 20, 240)) for part in tone)
    pen.polygon(side + other[::-1], fill, tuple(int(part * 0.72) for part in fill))
    pen.line([side[0], ((side[-1][0] + other[-1][0]) / 2, (side[-1][1] + other[-1][1]) / 2)], tuple(int(part * 0.66) for part in fill), 2)


def shoot(pen, x, y, angle, long, kind, forks, chance):
    bend, steps = chance.normal(0, 0.16), kind["pairs"] * 2
    track = [(x, y)]
    for step in range(steps):
        turned = angle + bend * step / steps
        x, y = x + long / steps * math.sin(turned), y - long / steps * math.cos(turned)
        track.append((x, y))
    pen.line(track, tuple(int(part * 0.62) for part in kind["tone"]), max(2, int(long / 150)), joint="curve")
    for at in range(2, steps + 1):
        t, side = at / steps, 1 if at % 2 else -1
        turned = angle + bend * t + side * kind["angle"] * (1 + chance.normal(0, 0.08))
        tone = tuple(int(mix(a, b, t)) for a, b in zip(kind["tone"], kind["tip"]))
        if forks > 1:
            shoot(pen, *track[at], turned, long * kind["long"] * (1.12 - t), {**kind, "pairs": max(3, int(kind["pairs"] * (1.1 - t) * 0.7))}, forks - 1, chance)
        else:
            size = 1.15 - 0.75 * t
            blade(pen, *track[at], turned, kind["leaf"][0] * size, kind["leaf"][1] * size, tone, chance)
    if "bloom" in kind:
        for petal in range(9):
            blade(pen, x, y, petal * 2 * math.pi / 9, 46, 20, kind["bloom"], chance)
        pen.ellipse((x - 11, y - 11, x + 11, y + 11), (104, 76, 40))
    else:
        blade(pen, x, y, angle + bend, kind["leaf"][0] * 0.5, kind["leaf"][1] * 0.5, kind["tip"], chance)


def plant(number):
    width, height = LEAF
    picture = paper(width, height, 400 + number, (240, 234, 216))
    kind, chance = PLANTS[number - 1], np.random.default_rng(410 + number)
    layer = Image.new("RGBA", (width, height), (*kind["tone"], 0))
    pen = ImageDraw.Draw(layer)
    shoot(pen, width * 0.48, height * 0.90, chance.normal(0, 0.05), height * 0.76, kind, kind["forks"], chance)
    shadow = layer.getchannel("A").filter(ImageFilter.GaussianBlur(7)).point(lambda value: value * 90 // 255)
    picture.paste((120, 106, 82), (7, 10), shadow)
    picture.paste(layer, (0, 0), layer)
    pen = ImageDraw.Draw(picture)
    for y in (0.46, 0.80):  # strips that hold it
        x = width * 0.48 + chance.normal(0, 12)
        pen.polygon([(x - 70, y * height + 6), (x + 70, y * height - 10), (x + 70, y * height + 14), (x - 70, y * height + 30)], (246, 241, 226), (190, 178, 150))
    pen.rectangle((width - 520, height - 300, width - 70, height - 80), (246, 241, 226), INK, 3)
    pen.text((width - 295, height - 262), "HERBARIUM", INK, font(28), anchor="mm")
    pen.text((width - 100, height - 104), f"{number:03}", (150, 60, 50), font(26), anchor="rm")
    for row in range(3):
        written(pen, width - 490, height - 205 + 42 * row, 330 - 60 * row, 22, chance)
    return picture


# ---- Photographs --------------------------------------------------------------------------------------------------

VIEWS = [  # part of the scene (left, top, right, bottom in shares), mirrored
    ((0.00, 0.22, 0.48, 0.70), False), ((0.58, 0.30, 0.98, 0.84), False), ((0.00, 0.55, 0.44, 1.00), True),
    ((0.40, 0.30, 0.98, 0.76), True), (None, False)]


def photograph(number, seen):
    """A print of long ago: brown, soft at the corners, in its white border. `seen`: the scene, as a picture."""
    part, mirrored = VIEWS[number - 1]
    size = (1500, 1100)
    if part:
        box = [share * side for share, side in zip(part, seen.size * 2)]
        grey = seen.crop([int(edge) for edge in box]).convert("L").resize(size, Image.LANCZOS)
        if mirrored:
            grey = grey.transpose(Image.FLIP_LEFT_RIGHT)
    else:
        grey = Image.fromarray((pictures.ridges(0, size[1], *size) // 257).astype(np.uint8)).convert("L")
    light = np.asarray(grey.filter(ImageFilter.GaussianBlur(1.6))).astype(np.float32) / 255
    y, x = np.arange(size[1])[:, None] / size[1] - 0.5, np.arange(size[0])[None, :] / size[0] - 0.5
    light = smoothstep(-0.12, 0.98, light) * (1 - 0.9 * (x * x + y * y)) + np.random.default_rng(500 + number).normal(0, 0.022, light.shape)
    light += 0.07 * (clouds(*size, 510 + number, octaves=4, stretch=1.2) - 0.5)
    tone = palette(((0, (34, 22, 18)), (0.35, (104, 76, 54)), (0.7, (186, 158, 120)), (1, (240, 226, 196))), np.clip(light, 0, 1))
    border = paper(size[0] + 160, size[1] + 240, 520 + number, (244, 238, 222))
    border.paste(Image.fromarray(eight_bit(tone)), (80, 80))
    pen = ImageDraw.Draw(border)
    written(pen, 110, size[1] + 170, 520, 34, np.random.default_rng(530 + number), (96, 84, 78))
    return border


def viewed():
    return Image.fromarray(eight_bit(scene(3000, 2000)))
