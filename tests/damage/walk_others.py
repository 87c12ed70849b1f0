# SPDX-License-Identifier: Apache-2.0
"""GIF (89a), PDF, and what is a stream of bits: the codestream of JPEG XL."""
import re

from .walk import Walk, called


def gif(data):
    found = Walk()
    found.cut(6, "signature")
    found.cut(13, "screen")
    for what, offset in (("width", 6), ("height", 8)):
        found.number(f"screen-{what}", offset, 2, "little", [0, 1, 32768, 65535])
    found.change("screen-largest", (6, b"\xff" * 4))
    found.number("screen-flags", 10, 1, "little", [0, 0x80, 0x87, 255])
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    found.cut(at, "colours")
    number = 0
    while at < len(data) and data[at] in (0x21, 0x2C):
        name, number = f"{number}-{'image' if data[at] == 0x2C else 'extension'}", number + 1
        found.cut(at, f"before-{name}")
        if data[at] == 0x21:
            found.number(f"label-of-{name}", at + 1, 1, "little", [0, 1, 255])
            at += 2
        else:
            for offset, what in ((1, "left"), (3, "top"), (5, "width"), (7, "height")):
                found.number(f"{what}-of-{name}", at + offset, 2, "little", [0, 1, 32768, 65535])
            found.change(f"largest-{name}", (6, b"\xff" * 4), (at + 1, b"\0" * 4 + b"\xff" * 4))
            found.number(f"flags-of-{name}", at + 9, 1, "little", [0x40, 0x80, 0x87, 255])
            at += 10 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
            found.cut(at, f"descriptor-of-{name}")
            found.number(f"code-size-of-{name}", at, 1, "little", [0, 1, 9, 12, 13, 255])
            at += 1
        block = 0
        while at < len(data) and data[at]:
            if block < 4:
                found.cut(at, f"block{block}-of-{name}")
                found.cut(at + 1 + data[at] // 2, f"half-of-block{block}-of-{name}")
                found.number(f"length-of-block{block}-of-{name}", at, 1, "little", [0, 1, 255])
                for part in range(4):
                    found.change(f"block{block}-of-{name}-ones{part}", (at + 1 + data[at] * part // 4, b"\xff"))
            at, block = at + 1 + data[at], block + 1
        at += 1
    found.cut(at, "trailer")
    return found


PDF_NUMBER = re.compile(rb"/(Width|Height|Length|Count|BitsPerComponent|Size|Rotate|Prev)\s+(\d+)")
PDF_BOX = re.compile(rb"/(MediaBox|CropBox)\s*\[([^\]]*)\]")
PDF_REFERENCE = re.compile(rb"/(Kids|Parent|Pages|Contents|Root|XObject|Resources|ColorSpace|Filter)\b")
PDF_WORD = re.compile(rb"endobj|\bobj\b|endstream|stream|xref|trailer|startxref|%%EOF")


def _same_length(text, length):
    """PDF takes any number of spaces; offsets of objects stay what they are."""
    return text[:length].ljust(length)


def pdf(data):
    found = Walk()
    for n, match in enumerate(PDF_WORD.finditer(data)):
        word = match[0].decode().strip("%")
        found.cut(match.start(), f"before-{n}-{word}")
        found.cut(match.end(), f"after-{n}-{word}")
        found.change(f"no-{n}-{word}", (match.start(), _same_length(b"", len(match[0]))))
    for n, match in enumerate(PDF_NUMBER.finditer(data)):
        for value in (0, 1, 9, 10 ** len(match[2]) - 1):
            written = _same_length(b"%d" % value, len(match[2]))
            found.change(f"{match[1].decode()}{n}-is-{value}", (match.start(2), written))
    for n, match in enumerate(PDF_BOX.finditer(data)):
        for box in (b"0 0 0 0", b"0 0 1 1", b"0 0 99999 99999", b"0 0 1e9 1e9", b"0 0 -9 -9", b"9 9 0 0", b"0 0 1 1e7",
                    b"0 0"):
            written = _same_length(box, len(match[2]))
            found.change(f"box{n}-is-{box.decode().replace(' ', '_')}", (match.start(2), written))
    for n, match in enumerate(PDF_REFERENCE.finditer(data)):
        found.change(f"no-{n}-{match[1].decode()}", (match.start(1), b"X"))
    for n, match in enumerate(re.finditer(rb"(\d+) 0 R", data)):
        for target in (b"0", b"1", b"2", b"3", b"9"):
            if target != match[1]:
                written = _same_length(target, len(match[1]))
                found.change(f"reference{n}-to-{target.decode()}", (match.start(1), written))
    for n, match in enumerate(re.finditer(rb"\d{10} \d{5} n", data)):
        for value in (0, 1, 9999999999):
            found.change(f"offset{n}-is-{called(value)}", (match.start(), b"%010d" % value))
    match = re.search(rb"startxref\s+(\d+)", data)
    for value in (b"0", b"1", b"9" * len(match[1])):
        found.change(f"startxref-is-{value.decode()}", (match.start(1), _same_length(value, len(match[1]))))
    for n, match in enumerate(re.finditer(rb"stream\r?\n", data)):
        for spot in (0, 2, 20, 60, 200):
            found.change(f"stream{n}-ones-at-{spot}", (match.end() + spot, b"\xff\xff"))
    return found


def bits(data):
    """The header is a few bytes, in which every bit counts; the rest has no structure that shows."""
    found = Walk()
    head = min(24, len(data))
    for at in range(1, head):
        found.cut(at, f"byte{at}")
    for n in range(1, 20):
        found.cut(len(data) * n // 20, f"{n}-of-20")
    for at in range(2, head):
        for bit in range(8):
            found.change(f"byte{at}-bit{bit}", (at, bytes([data[at] ^ 1 << bit])))
    return found
