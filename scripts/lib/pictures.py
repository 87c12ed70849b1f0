# SPDX-License-Identifier: Apache-2.0
"""The sample's pictures: each one formula, computed in strips of rows, so that any size needs little memory.

A painter receives the first and the last row (exclusive) and the picture's size, and returns these rows as an array
(rows, width, bands). Nothing is random: everything follows from the coordinates, so every machine gets the same
picture.
"""
import functools
import math

import numpy as np


def smoothstep(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    return a + (b - a) * t


def palette(stops, t):
    """Colours between `stops` ((position 0..1, (r, g, b)), ...) for each t, as float 0..255."""
    positions = [position for position, _ in stops]
    return np.stack([np.interp(t, positions, [colour[band] for _, colour in stops]) for band in range(3)], axis=-1)


@functools.lru_cache(maxsize=None)
def colour_table(stops):
    """The palette in 4096 steps, for pictures of many millions of pixels."""
    return palette(stops, np.arange(4096) / 4096).astype(np.float32)


def eight_bit(colour):
    return np.clip(colour + 0.5, 0, 255).astype(np.uint8)


# ---- Julia set: spirals within spirals, fine to the last pixel ----------------------------------------------------

JULIA_C = (-0.7463, 0.1102)
JULIA_STEPS = 420
JULIA_STOPS = (
    (0.00, (8, 10, 34)), (0.14, (18, 52, 110)), (0.26, (74, 150, 186)), (0.36, (244, 238, 214)),
    (0.48, (236, 170, 72)), (0.62, (176, 58, 40)), (0.78, (70, 20, 58)), (1.00, (8, 10, 34)))


def julia(first, last, width, height):
    scale = 2.74 / width
    turn = complex(math.cos(0.32), math.sin(0.32))
    # About the middle of the picture, exactly: sample.py paints half of it and turns that for the other half.
    xs = (np.arange(width) - (width - 1) / 2) * scale
    ys = (np.arange(first, last) - (height - 1) / 2) * scale
    plane = ((xs[None, :] + 1j * ys[:, None]) * turn).ravel()
    value = np.empty(plane.size, np.float32)
    # Blocks that stay in the processor's cache: several times faster than whole rows.
    for start in range(0, plane.size, 16384):
        piece = plane[start:start + 16384]
        value[start:start + piece.size] = julia_escape(piece.real.copy(), piece.imag.copy())
    t = np.log1p(np.maximum(value - 3.0, 0)) * 0.62
    colour = colour_table(JULIA_STOPS)[((t * 4096).astype(np.int32)) % 4096]
    colour *= (0.86 + 0.14 * np.cos(t * (2 * math.pi * 6)) * np.clip(t * 2, 0, 1))[:, None]
    colour[value < 0] = (6, 8, 26)
    return eight_bit(colour).reshape(last - first, width, 3)


def julia_escape(x, y):
    """The smooth number of steps after which z = z*z + c has left the disc of radius 8; -1: it never does."""
    out = np.full(x.size, -1, np.float32)
    where = np.arange(x.size)
    xx, yy, both = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    for step in range(JULIA_STEPS):
        np.multiply(x, x, out=xx)
        np.multiply(y, y, out=yy)
        if step % 4 == 0:  # 8 squared four times is far from the end of the numbers
            np.add(xx, yy, out=both)
            gone = both > 64
            left = np.count_nonzero(gone)
            if left:
                out[where[gone]] = step + 1 - np.log2(np.log2(both[gone]) / 2)
                if left == where.size:
                    break
                np.logical_not(gone, out=gone)
                where, x, y, xx, yy, both = (array[gone] for array in (where, x, y, xx, yy, both))
        np.multiply(x, y, out=y)
        y += y
        y += JULIA_C[1]
        np.subtract(xx, yy, out=x)
        x += JULIA_C[0]
    return out


# ---- Ridges at dawn: 16 bits, because mist is nothing but gradients -----------------------------------------------

SKY = ((0.00, (38, 52, 96)), (0.22, (110, 112, 152)), (0.42, (222, 164, 150)), (0.56, (252, 210, 160)),
       (0.70, (253, 234, 205)), (1.00, (253, 240, 220)))


@functools.lru_cache(maxsize=4)
def ridge_lines(width, height):
    """For each ridge from the farthest to the nearest: the height of its line in every column, spruces included."""
    x = np.arange(width) / width
    lines = []
    for k in range(9):
        depth = k / 8
        line = np.zeros(width)
        for octave in range(1, 10):
            frequency = 1.3 * 1.87 ** octave * (1 + 0.11 * k)
            phase = 12.9898 * (k + 1) * octave + 4.1 * k * k
            wave = np.sin(2 * math.pi * frequency * x + phase + 1.7 * np.sin(math.pi * frequency * x * 0.37 + k))
            line += (1 - np.abs(wave)) * 0.56 ** octave
        top = height * (0.44 + 0.50 * depth ** 1.25) - line * height * (0.115 + 0.03 * depth)
        if k >= 4:
            size = width * (0.0012 + 0.0042 * (depth - 0.4) ** 1.3)
            for comb in range(3):
                place = x * width / (size * (0.83 + 0.31 * comb)) + 0.6 * np.sin(x * (37 + 11 * comb) + k)
                tree = np.floor(place)
                tall = 0.35 + 0.65 * np.modf(np.abs(np.sin(tree * 78.233 + k + comb * 3.7)) * 43758.5453)[0]
                from_stem = np.abs(place - tree - 0.5) * 2
                branch = 0.16 * np.modf(from_stem * 7)[0]
                top = np.minimum(top, lines_top(top, size) - size * 3.1 * tall * np.maximum(0, 1 - from_stem - branch))
        lines.append(top)
    return lines


def lines_top(top, size):
    """The ground as the trees see it: smoothed over one tree, so that stems stand upright."""
    reach = max(3, int(size) | 1)
    kernel = np.ones(reach) / reach
    return np.convolve(np.pad(top, reach // 2, mode="edge"), kernel, mode="valid")


def ridges(first, last, width, height):
    y = np.arange(first, last)[:, None]
    x = np.arange(width)[None, :]
    colour = np.broadcast_to(palette(SKY, y / (height * 0.72)), (last - first, width, 3)).copy()
    away = np.hypot(x - width * 0.64, y - height * 0.335) / height
    glow = np.exp(-away * 5.5) * 0.75
    disc = smoothstep(0.0465, 0.0455, away)
    sun = np.array((255, 246, 224.0))
    colour = mix(colour, sun, np.maximum(glow, disc)[..., None])
    for k, line in enumerate(ridge_lines(width, height)):
        depth = k / 8
        below = (y - line[None, :]) / height
        tone = palette(((0, (188, 168, 184)), (0.35, (122, 124, 158)), (0.7, (48, 68, 98)), (1, (10, 22, 36))),
                       np.array(depth))
        mist = np.exp(-np.maximum(below, 0) * (7.0 + 2 * depth)) if k < 8 else np.ones_like(below)
        haze = mix(np.array((246, 222, 204.0)), tone, mix(0.42 + 0.50 * depth, 1.0, mist * 0.9 + 0.1 * depth)[..., None])
        haze = mix(haze, sun, (np.exp(-away * 6) * 0.34 * (1 - depth))[..., None])
        cover = smoothstep(-0.7, 0.7, y - line[None, :])
        colour = mix(colour, haze, cover[..., None])
    return np.clip(colour * 257 + 0.5, 0, 65535).astype(np.uint16)


# ---- Phase portrait: a rational function seen through the angle and the size of its values ------------------------

PHASE = ((0.00, (196, 62, 52)), (0.17, (236, 168, 68)), (0.33, (206, 205, 118)), (0.50, (64, 148, 124)),
         (0.67, (42, 98, 158)), (0.83, (112, 70, 140)), (1.00, (196, 62, 52)))


def phase_portrait(first, last, width, height):
    scale = 5.2 / height
    z = ((np.arange(width) - width / 2) * scale)[None, :] + 1j * ((np.arange(first, last) - height / 2) * scale)[:, None]
    f = (z ** 5 - 1) * (z ** 2 + 3.2) / (z ** 3 + 0.55 + 0.4j) / (z - 1.9 - 0.9j) ** 2
    angle = np.angle(f) / (2 * math.pi) % 1.0
    size = np.log2(np.maximum(np.abs(f), 1e-9))
    colour = palette(PHASE, angle)
    contour = 0.70 + 0.30 * (size % 1.0)
    rays = 0.80 + 0.20 * (angle * 24 % 1.0)
    colour = colour * (contour * rays)[..., None]
    fine = smoothstep(0.0, 0.10, np.abs(((size * 8) % 1.0) - 0.5)) * 0.10 + 0.90
    return eight_bit(colour * fine[..., None] + 18)


# ---- Marbled paper: stripes of colour, drawn through combs --------------------------------------------------------

INKS = np.array(((30, 52, 92), (240, 230, 206), (158, 38, 40), (30, 52, 92), (204, 150, 62), (240, 230, 206),
                 (66, 112, 100), (22, 30, 46)), float)


def marbled(first, last, width, height):
    x = (np.arange(width) / height)[None, :]
    y = (np.arange(first, last) / height)[:, None]
    # Backwards through the marbler's work: the swaying hand, the wide double comb, the narrow comb, the stripes.
    x, y = x + 0.011 * np.sin(9.2 * y + 1.1 * np.sin(5 * x)), y + 0.012 * np.sin(7.1 * x + 0.8)
    wide = 0.19
    u = x / wide + 0.25 * np.sin(2 * math.pi * y / wide)
    y = y + 0.46 * wide * np.abs(np.cos(math.pi * u)) ** 0.7 * np.sign(np.cos(math.pi * u)) * np.cos(math.pi * u) ** 2
    tine = x / 0.034
    drag = np.exp(-3.4 * np.abs((tine % 1.0) - 0.5) * 2)
    y = y + 0.060 * drag * np.where(np.floor(tine) % 2 == 0, 1.0, -1.0)
    band = y * 34 + 0.7 * np.sin(x * 31) + 0.35 * np.sin(x * 83 + y * 57)
    index = np.floor(band).astype(int)
    edge = smoothstep(0.0, 0.05, band - index)
    this, before = INKS[index % len(INKS)], INKS[(index - 1) % len(INKS)]
    colour = mix(before, this, edge[..., None])
    fibre = 5 * np.sin(x * 2903 + 7 * np.sin(y * 1709)) * np.sin(y * 2437 + 5 * np.sin(x * 1433))
    return eight_bit(colour + fibre[..., None])


# ---- Sunflower: one seed per golden angle -------------------------------------------------------------------------

@functools.lru_cache(maxsize=2)
def seeds(size):
    count = 3400
    n = np.arange(count) + 0.5
    angle = n * math.pi * (3 - math.sqrt(5))
    reach = np.sqrt(n / count)
    radius = 0.46 * size * reach
    step = 0.46 * size / math.sqrt(count)
    return (size / 2 + radius * np.cos(angle), size / 2 + radius * np.sin(angle),
            step * (0.80 + 0.20 * reach), angle, reach)


def sunflower(first, last, width, height):
    xs, ys, sizes, angles, reaches = seeds(width)
    away = np.hypot(np.arange(width)[None, :] - width / 2, np.arange(first, last)[:, None] - height / 2) / width
    ground = palette(((0, (26, 62, 66)), (0.5, (18, 46, 56)), (0.72, (10, 28, 38)), (1, (5, 14, 22))), away * 1.35)
    stops = ((0.0, (130, 178, 84)), (0.20, (222, 212, 96)), (0.46, (252, 190, 62)), (0.74, (232, 106, 50)),
             (1.0, (168, 48, 76)))
    tones = palette(stops, reaches)
    for x, y, r, angle, tone in zip(xs, ys, sizes, angles, tones):
        top, bottom = max(first, int(y - 1.3 * r)), min(last, int(y + 1.3 * r) + 1)
        if top >= bottom:
            continue
        left, right = max(0, int(x - 1.3 * r)), min(width, int(x + 1.3 * r) + 1)
        dx = (np.arange(left, right) - x)[None, :] / r
        dy = (np.arange(top, bottom) - y)[:, None] / r
        along = dx * math.cos(angle) + dy * math.sin(angle)   # a seed points outwards
        across = -dx * math.sin(angle) + dy * math.cos(angle)
        d = np.sqrt((along / 1.12) ** 2 + (across * (1.04 + 0.22 * along)) ** 2)
        cover = smoothstep(1.0, 1.0 - 2.2 / r, d)
        dome = np.sqrt(np.maximum(0, 1 - d * d))
        light = 0.46 + 0.66 * np.maximum(0, (-0.45 * dx - 0.55 * dy + 0.71 * dome))
        gloss = np.maximum(0, -0.48 * dx - 0.58 * dy + 0.66 * dome) ** 26
        stripes = 0.93 + 0.07 * np.cos(across * 26) * smoothstep(0.98, 0.5, d)
        seed = tone * (light * stripes)[..., None] + 165 * gloss[..., None]
        patch = ground[top - first:bottom - first, left:right]
        patch[...] = mix(patch, seed, cover[..., None])
    return eight_bit(ground)


# ---- Guilloche: four inks, four rosettes --------------------------------------------------------------------------

def guilloche(first, last, width, height):
    x = ((np.arange(width) - width / 2) / (width / 2))[None, :]
    y = ((np.arange(first, last) - height / 2) / (height / 2))[:, None]
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    pixel = 2 / width

    def lines(field, count, weight):
        """Lines where count * field is whole; `weight` of their distance is ink."""
        soft = 3.0 * pixel * count
        away = np.abs(field * count - np.round(field * count)) * 2
        return smoothstep(weight + soft, weight - soft, away)

    def rosette(petals, count, low, high, swing, turn, scallop=0.045):
        """Two families of lines between two scalloped rims, swinging against each other."""
        rim = 1 + scallop * np.cos(petals * angle + turn)
        u = (r / rim - low) / (high - low)
        inside = smoothstep(-0.004, 0.004, u) * smoothstep(1.004, 0.996, u)
        belly = np.sin(math.pi * np.clip(u, 0, 1))
        both = [lines(u + swing * belly * np.cos(petals * angle + turn + side * (2.1 + 2.4 * u)), count, 0.40)
                for side in (-1, 1)]
        return np.maximum(*both) * inside

    cyan = np.maximum(rosette(12, 26, 0.50, 0.92, 0.36, 0.0), rosette(8, 16, 0.06, 0.30, 0.30, 0.9))
    magenta = np.maximum(rosette(12, 24, 0.30, 0.66, 0.42, math.pi), rosette(24, 10, 0.80, 0.94, 0.30, 0.4))
    wash = 0.5 + 0.5 * np.cos(12 * angle) * smoothstep(0.1, 0.5, r)
    yellow = (0.07 + 0.34 * wash * smoothstep(0.96, 0.55, r) + 0.45 * rosette(16, 18, 0.16, 0.46, 0.5, 0.5))
    black = np.maximum(rosette(24, 7, 0.285, 0.345, 0.30, 0.0, 0.02),
                       rosette(36, 9, 0.885, 0.955, 0.30, 0.2, 0.012))
    tint = smoothstep(0.97, 0.90, r)
    inks = np.stack([cyan * 0.80 + 0.05 * tint, magenta * 0.74, yellow, black * 0.85 + 0.04 * tint], axis=-1)
    return np.clip(inks * 255 + 0.5, 0, 255).astype(np.uint8)


# ---- Glass flower: translucent petals, transparent around ---------------------------------------------------------

GLASS = ((238, 140, 120), (214, 82, 110), (152, 62, 132), (92, 66, 156), (58, 104, 176), (72, 160, 176), (240, 196, 120))


def glass_flower(first, last, width, height):
    x = ((np.arange(width) - width / 2) / (width / 2))[None, :]
    y = ((np.arange(first, last) - height / 2) / (height / 2))[:, None]
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    colour = np.zeros(r.shape + (3,))
    alpha = np.zeros(r.shape)
    for k, tone in enumerate(GLASS):
        petals = (5, 5, 8, 8, 13, 13, 21)[k]
        reach = (0.97, 0.86, 0.76, 0.63, 0.50, 0.36, 0.19)[k]
        bent = angle + k * 0.61 + 0.35 * (r / reach - 0.5) * (-1) ** k
        lobe = np.abs(np.cos(petals * bent / 2))
        border = reach * (0.34 + 0.66 * lobe ** 0.62)
        d = r / border
        cover = smoothstep(1.0, 1.0 - 3.0 / (border * width / 2), d)
        veins = 0.5 + 0.5 * np.cos(petals * 11 * np.sin(petals * bent / 2) * (0.35 + 0.65 * d))
        rim = np.exp(-((1 - d) * 18) ** 2) + 0.5 * np.exp(-((1 - d) * 70) ** 2)
        a = cover * np.clip(0.20 + 0.26 * d ** 2 + 0.16 * smoothstep(0.55, 1, veins) + 0.42 * rim, 0, 0.92)
        shade = np.array(tone, float) * (0.80 + 0.20 * veins[..., None]) + 46 * rim[..., None]
        total = a + alpha * (1 - a)
        colour = (shade * a[..., None] + colour * (alpha * (1 - a))[..., None]) / np.maximum(total, 1e-6)[..., None]
        alpha = total
    return eight_bit(np.concatenate([colour, 255 * alpha[..., None]], axis=-1))


# ---- Engraving: grey, a landscape of waves in nothing but lines ---------------------------------------------------

def engraving(first, last, width, height):
    x = ((np.arange(width) - width / 2) / height)[None, :]
    y = ((np.arange(first, last) - height / 2) / height)[:, None]
    field = np.zeros((last - first, width))
    for cx, cy, wave, weight in ((-0.34, -0.10, 34, 1.0), (0.38, 0.16, 41, 0.85), (0.05, -0.52, 23, 0.6), (0.72, -0.3, 52, 0.4)):
        d = np.hypot(x - cx, y - cy)
        field += weight * np.cos(wave * d) / (1 + 5.5 * d)
    tone = smoothstep(-1.1, 1.2, field)
    line = np.abs(((y * 1.0 + 0.018 * field) * 118 + 0.22 * x * 118) % 1.0 - 0.5) * 2
    across = np.abs(((0.016 * field - y * 0.30 + x) * 118) % 1.0 - 0.5) * 2
    soft = 0.20
    ink = smoothstep(tone - soft, tone + soft, line * 0.98 + 0.02)
    deep = smoothstep(0.36, 0.20, tone) * smoothstep(tone * 2.1 - soft, tone * 2.1 + soft, across)
    ink = np.maximum(ink, deep)
    frame = np.maximum(np.abs(x) * height / width, np.abs(y))
    ink = ink * smoothstep(0.4725, 0.4715, frame)
    ink = np.maximum(ink, smoothstep(0.0012, 0.0006, np.abs(frame - 0.4775)))
    return eight_bit(mix(248, 24, ink)[..., None])
