# SPDX-License-Identifier: Apache-2.0
"""Each directive exists in the core's table, in both servers and in the reference; none exists in one place only."""
import re
import subprocess
from functools import lru_cache

import pytest
from support import paths
from support.directives import table
from support.servers import Endpoint, Httpd, Nginx

REFERENCE = paths.REPOSITORY / "docs/directives.md"
# nginx's own cache keeps nginx's own directives; httpd has mod_cache's.
NGINX_ONLY = re.compile(r"iiif_(no_)?cache(_\w+)?$")


def written(word):
    """Names in the reference's headings: "### `iiif_root`, `IIIFRoot`"."""
    headings = [line for line in REFERENCE.read_text().splitlines() if line.startswith("#")]
    return {name for line in headings for name in re.findall(rf"`({word}\w*)", line)}


def core_names():
    return {directive.nginx_name for directive in table().values()}


@lru_cache
def only_nginx_names():
    """Strings in the module that nginx takes as directives and the core does not know."""
    strings = subprocess.run(["grep", "-aoE", r"iiif[a-z0-9_]*", str(paths.NGINX_MODULE)],
                             capture_output=True, check=True)
    candidates = {name for name in strings.stdout.decode().split() if re.fullmatch(r"iiif(_[a-z0-9_]+)?", name)}
    assert core_names() <= candidates
    return {name for name in candidates - core_names() if known_to_nginx(name)}


def known_to_nginx(name):
    server = Nginx(endpoints=[], http=f"{name};", start=False)
    try:
        code, said = server.check()
        return code != 0 and "unknown directive" not in said
    finally:
        server.discard()


def httpd_names():
    server = Httpd(endpoints=[], start=False)
    try:
        server.prepare()
        listing = subprocess.run([*server.command(), "-L"], capture_output=True, text=True, check=True,
                                 env=server.environment())
    finally:
        server.discard()
    return set(re.findall(r"^(IIIF\w*) \(mod_iiif", listing.stdout, re.M))


def test_nginx_has_no_others():
    """That it has those of the core shows in test_each_is_accepted."""
    assert not known_to_nginx("iiif_nonsense") and known_to_nginx("iiif_root")
    extra = {name for name in only_nginx_names() if not NGINX_ONLY.match(name)}
    assert not extra, f"only in nginx: {sorted(extra)}"


def test_httpd_has_them_all():
    assert httpd_names() == {directive.httpd_name for directive in table().values()}


def test_reference_has_them_all():
    expected, documented = core_names() | only_nginx_names(), written("iiif")
    assert documented == expected, (f"missing in {REFERENCE.name}: {sorted(expected - documented)}; "
                                    f"only there: {sorted(documented - expected)}")
    assert written("IIIF") == {directive.httpd_name for directive in table().values()}


def test_reference_is_complete():
    """Synopsis, default, context and an example for each."""
    sections = re.split(r"^#+ (?=.*`iiif)", REFERENCE.read_text(), flags=re.M)[1:]
    for section in sections:
        title = section.splitlines()[0]
        for word in ("Synopsis", "Default", "Context", "Example"):
            assert word.lower() in section.lower(), f"{title}: no {word.lower()}"


RIGHT = {
    "iiif": "on",
    "map": (
        ".*",
        "x"),
        "source": "x",
        "extensions": "tif",
        "page_delimiter": ";",
        "max_identifier": "255",
        "symlinks": "off",
        "versions": (
            "3",
            "2"),
            "base_uri": "https://example.org",
            "max_width": "100",
            "max_area": "100",
            "upscaling": "on",
            "formats": (
                "jpg",
                "png"),
                "preferred_formats": "jpg",
                "qualities": "gray",
                "rights": "http://creativecommons.org/publicdomain/zero/1.0/",
                "attribution": "Library",
                "logo": "https://example.org/l.png",
                "part_of": (
                    "https://example.org/m",
                    "Manifest"),
                    "see_also": (
                        "https://example.org/s",
                        "Dataset"),
                        "service": (
                            "https://example.org/s",
                            "Service"),
                            "tile_size": "256",
                            "as_stored": "off",
                            "pyramids": "/var/tmp/iiif-pyramids",
                            "jpeg_quality": "80",
                            "webp_quality": "80",
                            "avif_quality": "50",
                            "jp2_quality": "50",
                            "png_compression": "3",
                            "background": "000000",
                            "icc": "embed",
                            "presentation": "off",  # on cannot stand beside map and source: test_presentation.py
                            "max_age": "1h",
                            "pages": "off",  # on needs presentation
                            "pages_name": "Example Library",
                            "pages_logo": "/logo.svg",
                            "pages_colour": "1F4E5F",
                            "pages_directory": str(paths.PAGES),
                            "renderers": "2",
                            "queue": ("100", "10s"),
                            "timeout": "30s",
                            "max_pixels": "1000000",
                            "renderer_memory": "512m",
                            "decoder_memory": "256m",
                            "encoder_memory": "64m",
                            "status": "/var/tmp/iiif-status.json",
                            "sandbox": "prefer",
                            "renderer_jobs": "100",
                             }


@pytest.mark.parametrize("make", [Nginx, Httpd], ids=["nginx", "httpd"])
def test_each_is_accepted(make, images, tmp_path):
    """All of them at once, with right values."""
    (tmp_path / "map.json").write_text("{}")
    location = {name: value for name, value in RIGHT.items() if table()[name].scope == "L" and name != "iiif"}
    location.update({"map_file": str(tmp_path / "map.json"), "max_height": "100", "root": str(images)})
    pool = {name: value for name, value in RIGHT.items() if table()[name].scope == "S"}
    assert set(location) | set(pool) | {"iiif", "renderer_program", "runtime_directory"} == set(table())
    server = make(endpoints=[Endpoint("/iiif/", None, location)], pool=pool, start=False)
    try:
        code, said = server.check()
        assert code == 0, said
    finally:
        server.discard()
