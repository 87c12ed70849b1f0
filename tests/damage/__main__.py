# SPDX-License-Identifier: Apache-2.0
import sys
import tempfile
from pathlib import Path

from . import damages

with tempfile.TemporaryDirectory() as made:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for damage in damages(Path(made), sys.argv[2] if len(sys.argv) > 2 else ""):
        (target / damage.name).write_bytes(damage.content())
        count += 1
    print(f"{count} files in {target}")
