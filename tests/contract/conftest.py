# SPDX-License-Identifier: Apache-2.0
"""One nginx, one httpd with event and one with prefork, all with the same endpoints, for the whole session."""
import json
import tempfile
from pathlib import Path

import cases
import pytest
from support.cluster import Cluster
from support.servers import Endpoint


def nginx_httpd(nginx, httpd):
    return {"nginx": nginx, "httpd": httpd}


def endpoints(images, folder):
    """What the tests ask. Every directive of an endpoint is used by one of them at least."""
    (folder / "map.json").write_text(json.dumps({
        "cover": "chart.png",
        "b/1": "names/gr\u00fc\u00dfe.png",
        "\u65e5\u672c": "names/\u65e5\u672c\u8a9e.png",
        "escape": "links/outside.png",
        "absolute": "links/absolute.png",
        "missing": "names/nowhere.png",
    }))
    (folder / "users").write_text("reader:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")  # password
    deny = nginx_httpd("deny all;", "Require all denied")
    password = nginx_httpd(
        f'auth_basic "images"; auth_basic_user_file {folder}/users;',
        f'AuthType Basic\nAuthName "images"\nAuthUserFile {folder}/users\nRequire valid-user')
    described = {
        "base_uri": "https://images.example.org/collection",
        "rights": "http://rightsstatements.org/vocab/InC/1.0/",
        "attribution": "Example Library, \"reading room\"",
        "logo": "https://example.org/logo.png",
        "part_of": [("https://example.org/manifest/${id}", "Manifest", "A book"),
                    ("https://example.org/collection", "Collection")],
        "see_also": ("https://example.org/${id}.xml", "Dataset", "Description", "text/xml",
                     "https://example.org/profile"),
        "service": ("https://example.org/auth", "AuthService2", "https://example.org/auth-profile"),
        "preferred_formats": ("webp", "jpg"),
        "formats": ("jpg", "png", "webp"),
        "qualities": ("default", "gray"),
        "tile_size": "256",
        "max_age": "10m",
    }
    return [
        Endpoint("/iiif/", images),
        Endpoint("/limited/", images, {"max_width": "500", "max_height": "300", "max_area": "100000"}),
        Endpoint("/width/", images, {"max_width": "500"}),
        Endpoint("/area/", images, {"max_area": "100000"}),
        Endpoint("/up/", images, {"upscaling": "on", "max_width": "2000"}),
        Endpoint("/described/", images, described),
        Endpoint("/only2/", images, {"versions": "2"}),
        Endpoint("/only3/", images, {"versions": "3"}),
        Endpoint("/legacy/", images, {"versions": ("2", "3")}),
        Endpoint("/col/with space/", images),
        Endpoint("/rewritten/", images, {"base_uri": "https://proxy.example.org"}),
        Endpoint("/quality/", images, {"jpeg_quality": "20", "webp_quality": "20", "avif_quality": "20",
                                       "jp2_quality": "20", "png_compression": "0"}),
        Endpoint("/rendered/", images, {"as_stored": "off"}),
        Endpoint("/blue/", images, {"background": "3366CC"}),
        Endpoint("/embed/", images, {"icc": "embed"}),
        Endpoint("/uncached/", images, {"max_age": "0"}),

        Endpoint("/map/", images, {"extensions": ("png", "tif"), "map": [
            (r"^size-(\d+)-(\d+)$", "cases/$1x$2"),
            (r"^named:(?<name>[^/]+)$", "names/${name}.png"),
            (r"^named:(?<name>[^/]+)$", "${name}.png"),
            (r"^upper:(.+)$", "${1:lower}.png"),
            (r"^cut:(.+)$", "${1:0:5}.png"),
            (r"^price$", "$$.png"),
            (r"^raw:(.*)$", "$1"),
        ]}),
        Endpoint("/pair/", images, {"map": [("^ark:", "pairtree/${id:pairtree}/image.png")]}),
        Endpoint("/md5/", images, {"map": [("^", "md5/${id:md5/2/2}.png")]}),
        Endpoint("/sha1/", images, {"map": [("^", "sha1/${id:sha1/2/2}.png")]}),
        Endpoint("/sha256/", images, {"map": [("^", "sha256/${id:sha256/2/2}.png")]}),
        Endpoint("/file/", images, {"map_file": str(folder / "map.json")}),
        Endpoint("/computed/", images, extra=nginx_httpd("iiif_source $http_x_path;", 'IIIFSource "%{HTTP:X-Path}"')),
        Endpoint("/extensions/", images, {"extensions": ("jp2", ".png", "tif", "jpg")}),
        Endpoint("/nosymlinks/", images, {"symlinks": "off"}),
        Endpoint("/pages/", images, {"page_delimiter": ":p"}),
        Endpoint("/nopages/", images, {"page_delimiter": "off"}),

        Endpoint("/denied/", images, extra=deny),
        Endpoint("/password/", images, extra=password),
        *cases.endpoints(images),
    ]


@pytest.fixture(scope="session")
def shared():
    """A folder that all servers read and tests write. (pytest's own folders are closed to the workers' account.)"""
    with tempfile.TemporaryDirectory(prefix="iiif-test-shared-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def cluster(images, shared):
    group = Cluster(endpoints(images, shared), pool={"renderers": "2", "max_pixels": "1000000000"})
    yield group
    group.stop()
