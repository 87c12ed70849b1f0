# SPDX-License-Identifier: Apache-2.0
"""What a walk through a file finds: places where it may be cut, and numbers that may be lied about."""
from dataclasses import dataclass, field


def hostile(width):
    """Values of an unsigned number of so many bytes that nobody means."""
    most = (1 << 8 * width) - 1
    few = [0, 1, most] if width < 4 else [0, 1, 1 << 31, (1 << 32) - 1]
    return few + ([1 << 63, most] if width == 8 else [])


def called(value):
    """In a file's name: 2^31, 2^32-1, 7."""
    for power in (31, 32, 63, 64):
        if value == 1 << power:
            return f"2^{power}"
        if value == (1 << power) - 1:
            return f"2^{power}-1"
    return str(value)


@dataclass
class Walk:
    cuts: dict = field(default_factory=dict)      # offset: what begins or ends there
    changes: list = field(default_factory=list)   # (cause, [(offset, bytes)])

    def cut(self, offset, what):
        self.cuts.setdefault(offset, what)

    def change(self, cause, *edits):
        self.changes.append((cause, list(edits)))

    def number(self, what, offset, width, order, values=None):
        """A number in the file; `order` is "big" or "little"."""
        for value in hostile(width) if values is None else values:
            self.change(f"{what}-is-{called(value)}", (offset, value.to_bytes(width, order)))
