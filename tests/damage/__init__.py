# SPDX-License-Identifier: Apache-2.0
"""Damaged image files, the same ones each time: thousands, made of some sixty small good ones (seeds.py).

    from damage import damages
    for damage in damages(folder_of_seeds, like="png"):
        path.write_bytes(damage.content())      # path.name: damage.name, SEED--CAUSE.EXTENSION

What is done to each is in edits.py; where the parts of a format lie, which are cut and overwritten, in walk_*.py;
files that are well-formed, and small, and decode to something enormous, in bombs.py.
python3 -m damage FOLDER [PART-OF-A-NAME], in tests/, writes them.
"""
from .bombs import bombs
from .edits import damages_of
from .seeds import seeds


def damages(folder, like=""):
    """All of them, in the order of their names. `folder` keeps the seeds. `like`: a part of the name."""
    found = [damage for name, good in seeds(folder).items() for damage in damages_of(name, good)] + bombs(seeds(folder))
    names = [damage.name for damage in found]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)[:9]
    return sorted((damage for damage in found if like in damage.name), key=lambda damage: damage.name)


def evenly(items, most):
    """At most so many of them, from the first to the last."""
    items = list(items)
    return items if len(items) <= most else [items[n * len(items) // most] for n in range(most)]
