# SPDX-License-Identifier: Apache-2.0
"""TIFF 6.0 and BigTIFF, in both byte orders."""
from .walk import Walk, called

NAMES = {254: "subfile-type", 256: "width", 257: "height", 258: "bits", 259: "compression", 262: "photometric",
         266: "fill-order", 273: "strip-offsets", 274: "orientation", 277: "samples", 278: "rows-per-strip",
         279: "strip-bytes", 284: "planes", 292: "group3-options", 293: "group4-options", 317: "predictor",
         320: "colour-map", 322: "tile-width", 323: "tile-height", 324: "tile-offsets", 325: "tile-bytes",
         330: "subifds", 338: "extra-samples", 339: "sample-format", 347: "jpeg-tables", 530: "subsampling",
         34675: "profile"}
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
LONG, LONG8 = 4, 16
SUBIFDS = 330
ARRAYS = (258, 273, 279, 324, 325, SUBIFDS)
PLACES = {273: 279, 324: 325}  # where blocks are, and how long
# What other directories than the first two are asked about: levels and pages are read alike.
FEW = (256, 257, 273, 279, 322, 323, 324, 325)


class Tiff:
    def __init__(self, data):
        self.data, self.walk = data, Walk()
        self.order = "little" if data[:2] == b"II" else "big"
        self.big = self.number(2, 2) == 43
        self.wide = 8 if self.big else 4         # an offset
        self.count_width = 8 if self.big else 2  # of entries
        self.first_at = 8 if self.big else 4     # where the first directory's offset stands

    def number(self, at, width):
        return int.from_bytes(self.data[at:at + width], self.order)

    def bytes_of(self, value, width):
        return value.to_bytes(width, self.order)

    def all(self):
        end = len(self.data)
        first = self.number(self.first_at, self.wide)
        self.walk.cut(2, "byte-order")
        self.walk.cut(self.first_at, "header")
        self.walk.cut(self.first_at + self.wide, "first-offset")
        self.pointer("ifd0-offset", self.first_at, {"end": end, "last-byte": end - 1, "itself": self.first_at})
        at, last, number = first, self.first_at, 0
        while at and number < 9:
            last = self.directory(at, f"ifd{number}", first)
            at, number = self.number(last, self.wide), number + 1
        return self.walk

    def pointer(self, what, at, places):
        for name, place in places.items():
            self.walk.change(f"{what}-to-{name}", (at, self.bytes_of(place, self.wide)))
        self.walk.number(what, at, self.wide, self.order)

    def directory(self, at, name, first):
        """Returns where the next one's offset stands."""
        count = self.number(at, self.count_width)
        entry_width = 4 + 2 * self.wide
        self.walk.cut(at, name)
        self.walk.number(f"{name}-entries", at, self.count_width, self.order)
        entries = {}
        for n in range(count):
            place = at + self.count_width + n * entry_width
            self.walk.cut(place, f"{name}-entry{n}")
            tag = self.number(place, 2)
            entries[tag] = place
            if name in ("ifd0", "ifd1") or tag in FEW:
                self.entry(place, f"{name}-{NAMES.get(tag, tag)}", tag)
        self.array(entries, name, at, first)
        after = at + self.count_width + count * entry_width
        self.walk.cut(after, f"{name}-next")
        self.walk.cut(after + self.wide, f"{name}-end")
        self.pointer(f"{name}-next", after, {"itself": at, "the-first": first, "end": len(self.data)})
        return after

    def content(self, place):
        """Of an entry: offset of its values, how many, width of each."""
        width, count = WIDTHS.get(self.number(place + 2, 2), 1), self.number(place + 4, self.wide)
        at = place + 4 + self.wide
        return (at if width * count <= self.wide else self.number(at, self.wide)), count, width

    def entry(self, place, name, tag):
        count_at, value_at = place + 4, place + 4 + self.wide
        _, count, width = self.content(place)
        inline = count * width <= self.wide
        if count == 1 and inline:
            wide, kind = (8, LONG8) if self.big else (4, LONG)
            values = [0, 1, 2, 7, 255, 65535, 1 << 20, 1 << 31, (1 << 32) - 1]
            for value in values + ([1 << 63, (1 << 64) - 1] if self.big else []):
                self.walk.change(f"{name}-is-{called(value)}", (place + 2, self.bytes_of(kind, 2)),
                                 (value_at, self.bytes_of(value, wide)))
        elif not inline:
            end = len(self.data)
            self.pointer(f"{name}-at", value_at, {"end": end, "last-byte": end - 1, "header": 0})
        for value in (0, 3, 65536, (1 << 32) - 1, *([(1 << 61) + 1] if self.big else [])):
            self.walk.change(f"{name}-count-{called(value)}", (count_at, self.bytes_of(value, self.wide)))
        for kind in (0, 2, 5, 12, 65535):
            self.walk.change(f"{name}-type-{kind}", (place + 2, self.bytes_of(kind, 2)))
        if tag not in NAMES:
            del self.walk.changes[-3:]

    def array(self, entries, name, at, first):
        for tag in ARRAYS:
            if tag not in entries:
                continue
            start, count, width = self.content(entries[tag])
            label = f"{name}-{NAMES[tag]}"
            self.walk.cut(start, label)
            self.walk.cut(start + count * width, f"{label}-end")
            chosen = sorted({0, count // 2, count - 1})
            for n in chosen:
                self.walk.number(f"{label}{n}", start + n * width, width, self.order)
                if tag in (273, 324, SUBIFDS) and width >= 4:
                    for word, place in (("end", len(self.data)), ("last-byte", len(self.data) - 1),
                                        ("own-ifd", at), ("first-ifd", first)):
                        self.walk.change(f"{label}{n}-to-{word}", (start + n * width, self.bytes_of(place, width)))
            if tag == SUBIFDS:
                for n in range(min(count, 3)):
                    self.directory(self.number(start + n * width, width), f"{name}-sub{n}", first)
            if tag in PLACES and PLACES[tag] in entries:
                lengths, _, length_width = self.content(entries[PLACES[tag]])
                for n in chosen:
                    block = self.number(start + n * width, width)
                    length = self.number(lengths + n * length_width, length_width)
                    for part in (0, 1, length // 2, length - 1):
                        self.walk.cut(block + part, f"{label}{n}-byte{part}")
                    # The block itself, in the middle and at its begin: what its decoder makes of it.
                    for spot in (0, length // 3, length // 2):
                        self.walk.change(f"{label}{n}-ones-at-{spot}", (block + spot, b"\xff" * min(8, length - spot)))
                        self.walk.change(f"{label}{n}-zeros-at-{spot}", (block + spot, bytes(min(8, length - spot))))


def walk(data):
    return Tiff(data).all()
