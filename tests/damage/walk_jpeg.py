# SPDX-License-Identifier: Apache-2.0
"""JPEG (ITU-T T.81) and the codestream of JPEG 2000 (ISO/IEC 15444-1 annex A): markers and segments."""
from .walk import Walk

SOF = (0xC0, 0xC1, 0xC2)
SOS, DHT, DQT, DRI = 0xDA, 0xC4, 0xDB, 0xDD


def _cut_evenly(found, start, end, name, pieces=6):
    for n in range(1, pieces):
        found.cut(start + (end - start) * n // pieces, f"{name}-{n}-of-{pieces}")


def walk(data):
    found, at, number = Walk(), 2, 0
    found.cut(2, "soi")
    while at + 4 <= len(data):
        marker = data[at + 1]
        length = int.from_bytes(data[at + 2:at + 4], "big")
        name, body, number = f"{number}-{marker:02x}", at + 4, number + 1
        found.cut(at, f"before-{name}")
        found.cut(at + 2, f"marker-{name}")
        found.cut(body, f"length-{name}")
        found.number(f"length-of-{name}", at + 2, 2, "big", [0, 1, 2, length - 1, length + 1, 65535])
        if marker in SOF:
            frame(found, data, name, body)
        elif marker == SOS:
            found.number(f"components-of-{name}", body, 1, "big", [0, 2, 4, 255])
            for n in range(data[body]):
                found.number(f"selector{n}-of-{name}", body + 1 + 2 * n, 1, "big")
                found.number(f"tables{n}-of-{name}", body + 2 + 2 * n, 1, "big", [0x22, 0x44, 255])
            spectral = body + 1 + 2 * data[body]
            for n, what in enumerate(("first", "last", "bits")):
                found.number(f"{what}-of-{name}", spectral + n, 1, "big", [1, 63, 64, 255])
        elif marker == DRI:
            found.number(f"restart-of-{name}", body, 2, "big", [1, 3, 65535])
        elif marker in (DHT, DQT):
            found.number(f"table-of-{name}", body, 1, "big", [0x04, 0x12, 0x23, 255])
            for n in (1, 2, 9, 16):
                found.number(f"count{n}-of-{name}", body + n, 1, "big", [0, 255])
        elif marker == 0xEE:
            found.number(f"adobe-of-{name}", at + 2 + length - 1, 1, "big", [0, 1, 2, 255])
        for part in range(8):
            found.change(f"segment-{name}-ones{part}", (body + (length - 2) * part // 8, b"\xff"))
        at += 2 + length
        if marker == SOS:
            at = scan(found, data, at, name)
        if data[at:at + 2] == b"\xff\xd9":
            found.cut(at, "eoi")
            break
    return found


def frame(found, data, name, body):
    found.number(f"precision-of-{name}", body, 1, "big", [0, 12, 16, 255])
    for what, offset in (("height", 1), ("width", 3)):
        found.number(f"{what}-of-{name}", body + offset, 2, "big", [0, 1, 7, 32768, 65500, 65535])
    found.change(f"huge-{name}", (body + 1, b"\xff\xdc\xff\xdc"))
    found.number(f"components-of-{name}", body + 5, 1, "big", [0, 2, 4, 255])
    for n in range(data[body + 5]):
        component = body + 6 + 3 * n
        found.number(f"id{n}-of-{name}", component, 1, "big", [0, 82])
        found.number(f"sampling{n}-of-{name}", component + 1, 1, "big", [0x00, 0x10, 0x14, 0x41, 0x44, 0x33, 255])
        found.number(f"quantiser{n}-of-{name}", component + 2, 1, "big", [3, 255])
    for kind in (0xC0, 0xC2, 0xC3, 0xC9, 0xCA):
        found.change(f"{name}-as-{kind:02x}", (body - 3, bytes([kind])))


def scan(found, data, at, name):
    """Returns where the marker after it stands."""
    start, end = at, at
    while end + 1 < len(data) and not (data[end] == 0xFF and data[end + 1] not in (0, *range(0xD0, 0xD8))):
        end += 1
    _cut_evenly(found, start, end, f"scan-{name}")
    for n in range(1, 6):
        spot = start + (end - start) * n // 6
        found.change(f"scan-{name}-ones-{n}", (spot, b"\xff\xff\xff\xff"))
        found.change(f"scan-{name}-marker-{n}", (spot, b"\xff\xd9"))
        found.change(f"scan-{name}-restart-{n}", (spot, b"\xff\xd5"))
    return end


# -- JPEG 2000 --

SIZ, COD, QCD, SOT, SOD = 0x51, 0x52, 0x5C, 0x90, 0x93
SIZES = ("x", "y", "left", "top", "tile-width", "tile-height", "tile-left", "tile-top")


def codestream(found, data, start, end):
    at, number = start + 2, 0
    found.cut(start + 2, "soc")
    while at + 4 <= end and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xD9:
            found.cut(at, "eoc")
            return
        length = int.from_bytes(data[at + 2:at + 4], "big")
        name, body, number = f"{number}-{marker:02x}", at + 4, number + 1
        found.cut(at, f"before-{name}")
        found.cut(body, f"length-{name}")
        found.number(f"length-of-{name}", at + 2, 2, "big", [0, 2, length + 1, 65535])
        if marker == SIZ:
            sizes(found, name, body)
        elif marker == COD:
            for what, offset in (("style", 0), ("order", 1), ("colour", 4), ("levels", 5), ("block-width", 6),
                                 ("block-height", 7), ("block-style", 8), ("wavelet", 9)):
                found.number(f"{what}-of-{name}", body + offset, 1, "big", [0, 5, 33, 64, 255])
            found.number(f"layers-of-{name}", body + 2, 2, "big", [0, 65535])
        elif marker == QCD:
            for n in range(3):
                found.number(f"step{n}-of-{name}", body + n, 1, "big", [0, 255])
        elif marker == SOT:
            found.number(f"tile-of-{name}", body, 2, "big", [1, 255, 65535])
            found.number(f"bytes-of-{name}", body + 2, 4, "big", [0, 1, 12, 13, 1 << 31, (1 << 32) - 1])
            found.number(f"part-of-{name}", body + 6, 1, "big", [1, 255])
            found.number(f"parts-of-{name}", body + 7, 1, "big", [0, 255])
            part = int.from_bytes(data[body + 2:body + 6], "big")
            tile_part_end = at + part if part else end
            _cut_evenly(found, body + 8, tile_part_end, f"tile-part-{name}", 4)
            for n in range(1, 6):
                spot = body + 8 + (tile_part_end - body - 8) * n // 6
                found.change(f"tile-part-{name}-ones-{n}", (spot, b"\xff" * 4))
            at = tile_part_end
            continue
        at += 2 + length


def sizes(found, name, body):
    for n, what in enumerate(SIZES):
        found.number(f"{what}-of-{name}", body + 2 + 4 * n, 4, "big", [0, 1, 17, 1 << 20, 1 << 31, (1 << 32) - 1])
    found.number(f"components-of-{name}", body + 34, 2, "big", [0, 1, 2, 4, 16384, 65535])
    for n in range(2):
        found.number(f"depth{n}-of-{name}", body + 36 + 3 * n, 1, "big", [0, 37, 127, 255])
        found.number(f"step-x{n}-of-{name}", body + 37 + 3 * n, 1, "big", [0, 2, 255])
        found.number(f"step-y{n}-of-{name}", body + 38 + 3 * n, 1, "big", [0, 2, 255])
    huge, most = (1 << 30).to_bytes(4, "big"), ((1 << 32) - 1).to_bytes(4, "big")
    found.change(f"one-huge-tile-of-{name}", (body + 2, huge * 2), (body + 18, huge * 2))
    found.change(f"largest-with-one-tile-of-{name}", (body + 2, most * 2), (body + 18, most * 2))
    found.change(f"tiles-of-one-pixel-of-{name}", (body + 18, (1).to_bytes(4, "big") * 2))
    side = (60000).to_bytes(4, "big")
    found.change(f"sixty-thousand-a-side-of-{name}", (body + 2, side * 2))
    found.change(f"sixty-thousand-a-side-in-one-tile-of-{name}", (body + 2, side * 2), (body + 18, side * 2))


def walk_codestream(data):
    found = Walk()
    codestream(found, data, 0, len(data))
    return found
