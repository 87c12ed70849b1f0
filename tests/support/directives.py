# SPDX-License-Identifier: Apache-2.0
"""The core's table of directives, and how each server spells a line of configuration."""
import re
from dataclasses import dataclass
from functools import lru_cache

from .paths import REPOSITORY

TABLE = REPOSITORY / "common/delivery/settings.cpp"
ROW = re.compile(
    r'Row\{\{"(?P<name>\w+)",\s*"(?P<httpd>\w+)",\s*(?P<scope>[LS]),\s*(?P<low>\d+),\s*(?P<high>\d+|kMany),'
    r'\s*"(?P<synopsis>[^"]*)"\}', re.S)


@dataclass(frozen=True)
class Directive:
    name: str
    httpd_name: str
    scope: str  # L: location, S: server
    min_values: int
    max_values: float
    synopsis: str

    @property
    def nginx_name(self):
        return self.name if self.name == "iiif" else "iiif_" + self.name


@lru_cache
def table():
    rows = {}
    for row in ROW.finditer(TABLE.read_text()):
        high = float("inf") if row["high"] == "kMany" else int(row["high"])
        rows[row["name"]] = Directive(row["name"], row["httpd"], row["scope"], int(row["low"]), high, row["synopsis"])
    assert len(rows) > 30, f"{TABLE} does not look like the table of directives any more"
    return rows


def quoted(word):
    """Both servers take double quotes, with a backslash before a backslash and before a quote."""
    return '"' + str(word).replace("\\", "\\\\").replace('"', '\\"') + '"'


def lines(directives, server):
    """{"max_width": 3000, "map": [("^a$", "b")], "versions": ("3", "2")} as that server's lines.

    A value is one word, a tuple of words, or a list of those for a directive that stands several times.
    A name that is not in the table is written as it is, for tests of what servers say about mistakes.
    """
    out = []
    for name, value in directives.items():
        known = table().get(name)
        if known is None:
            spelling = name
        else:
            spelling = known.nginx_name if server == "nginx" else known.httpd_name
        for words in value if isinstance(value, list) else [value]:
            words = words if isinstance(words, tuple) else (words,)
            line = " ".join([spelling, *(quoted(word) for word in words)])
            out.append(line + (";" if server == "nginx" else ""))
    return out
