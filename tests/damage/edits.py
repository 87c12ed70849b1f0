# SPDX-License-Identifier: Apache-2.0
"""What is done to a good file, and what the result is called."""
import functools
import random
from dataclasses import dataclass
from typing import Callable

from . import walk_boxes, walk_jpeg, walk_others, walk_tiff

FLIPS = 24      # files in which a few bytes are others, anywhere
SAFE = str.maketrans({"/": "_", " ": "_", "\0": "0"})


@dataclass(frozen=True)
class Damage:
    name: str                        # SEED--CAUSE.EXTENSION
    content: Callable[[], bytes]

    @property
    def kind(self):
        """Of which seed."""
        return self.name.partition("--")[0]


def walker_of(good):
    if good[:2] in (b"II", b"MM"):
        return walk_tiff.walk
    for start, walker in ((b"\xff\xd8", walk_jpeg.walk), (b"\xff\x4f", walk_jpeg.walk_codestream),
                          (b"\x89PNG", walk_boxes.png), (b"RIFF", walk_boxes.riff), (b"GIF8", walk_others.gif),
                          (b"%PDF", walk_others.pdf), (b"\xff\x0a", walk_others.bits)):
        if good.startswith(start):
            return walker
    return walk_boxes.boxes


def edited(good, edits):
    """Of the same length: an edit that would not fit is cut."""
    changed = bytearray(good)
    for at, content in edits:
        changed[at:at + len(content)] = content[:max(len(good) - at, 0)]
    return bytes(changed)


def cut(good, at):
    return good[:at]


def flips(name, good):
    """Half of them in the first bytes, where the structures are."""
    chance = random.Random(name)  # the same for the same name
    for n in range(FLIPS):
        end = min(len(good), 400) if n % 2 else len(good)
        places = sorted({chance.randrange(end) for _ in range(1 + n % 5)})
        edits = [(at, bytes([good[at] ^ chance.randrange(1, 256)])) for at in places]
        yield f"bytes-at-{'-'.join(map(str, places))}", edits


def damages_of(name, good):
    """Of a seed, each once: two causes may lead to the same bytes."""
    stem, _, extension = name.rpartition(".")
    walk = walker_of(good)(good)
    found, seen = {}, {hash(good)}

    def add(cause, make):
        result = hash(make())
        damaged = f"{stem}--{cause.translate(SAFE)}.{extension}"
        if result not in seen and damaged not in found:
            seen.add(result)
            found[damaged] = Damage(damaged, make)

    for at, what in sorted(walk.cuts.items()):
        add(f"cut-at-{at}-{what}", functools.partial(cut, good, at))
    for cause, edits in (*walk.changes, *flips(name, good)):
        add(cause, functools.partial(edited, good, edits))
    return list(found.values())
