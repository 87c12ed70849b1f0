# SPDX-License-Identifier: Apache-2.0
"""image-cases.json as requests: one endpoint for each combination of limits and upscaling."""
import json
from pathlib import Path

from support.servers import Endpoint

ALL = json.loads((Path(__file__).parents[1] / "data/image-cases.json").read_text())["cases"]
DIRECTIVES = {"maxWidth": "max_width", "maxHeight": "max_height", "maxArea": "max_area"}


def upscaling(case):
    """As meta.fields says: 3.0 with limits can enlarge unless the case says otherwise."""
    return case.get("upscaling", case["api"] == "3.0" and "max" in case)


def group(case):
    return tuple(sorted(case.get("max", {}).items())), upscaling(case)


GROUPS = sorted({group(case) for case in ALL}, key=str)


def endpoints(images):
    made = []
    for number, (limits, enlarging) in enumerate(GROUPS):
        directives = {DIRECTIVES[name]: str(value) for name, value in limits}
        if enlarging:
            directives["upscaling"] = "on"
        made.append(Endpoint(f"/cases/{number}/", images / "cases", {**directives, "extensions": ("png", "tif")}))
    return made


def target(case):
    name = f"{case['source_w']}x{case['source_h']}"
    if case.get("default_quality") == "gray":
        name = "gray-" + name
    return f"/cases/{GROUPS.index(group(case))}/{case['api'][0]}/{name}/{case['request']}"
