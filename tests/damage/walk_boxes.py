# SPDX-License-Identifier: Apache-2.0
"""Formats of chunks and boxes: PNG, RIFF (WebP), ISO base media (HEIF, JP2, JPEG XL)."""
import zlib

from . import walk_jpeg
from .walk import Walk, called

INSIDE = {b"jp2h": 0, b"meta": 4, b"iprp": 0, b"ipco": 0, b"dinf": 0, b"moov": 0, b"trak": 0, b"res ": 0}
MOST_WORDS = 24


def png(data):
    found, at, number = Walk(), 8, 0
    found.cut(4, "half-of-the-signature")
    found.cut(8, "signature")
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8].decode("latin-1")
        name, number = f"{number}-{kind}", number + 1
        for place, what in ((at, "before"), (at + 4, "length"), (at + 8, "type"), (at + 8 + length // 2, "half"),
                            (at + 8 + length, "content"), (at + 12 + length, "end")):
            found.cut(place, f"{what}-{name}")
        found.number(f"length-of-{name}", at, 4, "big", [0, 1, length + 1, 1 << 31, (1 << 32) - 1])
        found.change(f"sum-of-{name}", (at + 8 + length, b"\1\2\3\4"))
        if kind == "IHDR":
            header(found, data, at)
        else:
            for part in range(6):
                spot = length * part // 6
                content = bytearray(data[at + 8:at + 8 + length])
                content[spot:spot + 1] = b"\xff"[:len(content) - spot]
                _with_sum(found, f"{name}-ones{part}", data, at, bytes(content))
        at += 12 + length
    return found


def _with_sum(found, cause, data, at, content):
    """A chunk whose content is another, of the same length, but whole."""
    checked = data[at + 4:at + 8] + content
    found.change(cause, (at + 8, content + zlib.crc32(checked).to_bytes(4, "big")))


def header(found, data, at):
    content = data[at + 8:at + 21]
    for what, offset, width, values in (
            ("width", 0, 4, [0, 1, 60000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]),
            ("height", 4, 4, [0, 1, 60000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]),
            ("bits", 8, 1, [0, 1, 3, 4, 16, 255]), ("colour", 9, 1, [0, 1, 3, 4, 6, 255]), ("compression", 10, 1, [1]),
            ("filter", 11, 1, [1, 64]), ("interlace", 12, 1, [0, 1, 2])):
        for value in values:
            changed = content[:offset] + value.to_bytes(width, "big") + content[offset + width:]
            if changed != content:
                _with_sum(found, f"{what}-is-{called(value)}", data, at, changed)
    huge = (1_000_000).to_bytes(4, "big")
    _with_sum(found, "a-million-a-side", data, at, huge * 2 + content[8:])


def riff(data):
    found = Walk()
    found.cut(4, "riff")
    found.cut(12, "webp")
    size = len(data) - 8
    found.number("riff-size", 4, 4, "little", [0, 4, size - 1, size + 2, 1 << 31, (1 << 32) - 2])
    _chunks(found, data, 12, len(data), "")
    return found


def _chunks(found, data, at, end, above):
    number = 0
    while at + 8 <= end:
        kind, length = data[at:at + 4].decode("latin-1").strip(), int.from_bytes(data[at + 4:at + 8], "little")
        name, body, number = f"{above}{number}-{kind}", at + 8, number + 1
        for place, what in ((at, "before"), (at + 4, "type"), (body, "length"), (body + length // 2, "half"),
                            (body + length, "end")):
            found.cut(place, f"{what}-{name}")
        found.number(f"length-of-{name}", at + 4, 4, "little", [0, 1, length + 2, 1 << 31, (1 << 32) - 1])
        if kind == "VP8X":
            found.number(f"flags-of-{name}", body, 1, "little", [0, 2, 16, 255])
            for what, offset in (("width", 4), ("height", 7)):
                found.number(f"{what}-of-{name}", body + offset, 3, "little", [0, 16382, 16383, (1 << 24) - 1])
        elif kind == "VP8L":
            for part in (1, 2, 3, 4):
                found.number(f"size{part}-of-{name}", body + part, 1, "little", [0, 255])
            found.change(f"largest-{name}", (body + 1, b"\xff\xff\xff\x0f"))
        elif kind == "VP8":
            for what, offset in (("width", 6), ("height", 8)):
                found.number(f"{what}-of-{name}", body + offset, 2, "little", [0, 1, 16383, 65535])
            found.change(f"largest-{name}", (body + 6, b"\xff\x3f\xff\x3f"))
        elif kind == "ANMF":
            for offset in (0, 3, 6, 9):
                found.number(f"frame{offset}-of-{name}", body + offset, 3, "little", [0, 16383, (1 << 24) - 1])
            _chunks(found, data, body + 16, body + length, f"{name}-")
        for part in range(6):
            found.change(f"{name}-ones{part}", (body + length * part // 6, b"\xff"))
        at = body + length + length % 2


def boxes(data):
    found = Walk()
    _boxes(found, data, 0, len(data), "")
    return found


def _boxes(found, data, at, end, above):
    number = 0
    while at + 8 <= end:
        length, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        stop = at + length if length > 1 else end
        name = f"{above}{number}-{kind.decode('latin-1').strip()}"
        body, number = at + (16 if length == 1 else 8), number + 1
        for place, what in ((at, "before"), (at + 4, "length"), (body, "type"), ((body + stop) // 2, "half"),
                            (stop, "end")):
            found.cut(place, f"{what}-{name}")
        found.number(f"length-of-{name}", at, 4, "big", [0, 1, 2, 7, 8, stop - at + 4, 1 << 31, (1 << 32) - 1])
        found.change(f"{name}-is-free", (at + 4, b"free"))
        if kind in INSIDE:
            _boxes(found, data, body + INSIDE[kind], stop, f"{name}-")
        elif kind == b"jp2c":
            walk_jpeg.codestream(found, data, body, stop)
        elif kind in (b"mdat", b"jxlc", b"jxlp"):
            for n in range(12):
                found.change(f"{name}-ones-{n}", (body + (stop - body) * n // 12, b"\xff" * 2))
        elif kind not in (b"ftyp", b"jP  ", b"JXL ", b"free"):
            for n in range(min((stop - body) // 4, MOST_WORDS)):
                found.number(f"word{n}-of-{name}", body + 4 * n, 4, "big", [0, 1 << 31, (1 << 32) - 1])
            if kind == b"ispe":
                found.change(f"{name}-sixty-thousand", (body + 4, (60000).to_bytes(4, "big") * 2))
        at = stop
