# SPDX-License-Identifier: Apache-2.0
"""What httpd's sections guard, other than by a plain path: Collections tell nothing of it."""
import re
import tempfile
from pathlib import Path

import presentation_tree as tree
import pytest
from support.servers import Endpoint, Httpd

TARGETS = ("/g/collection.json", "/g/3/collection.json", "/g/2/collection.json")
DENIED = "Require all denied"


@pytest.fixture(scope="module", name="folder")
def tree_folder():
    with tempfile.TemporaryDirectory(prefix="iiif-guards-") as name:
        Path(name).chmod(0o755)
        folder = tree.make(Path(name) / "holdings")
        (folder / "maps/iiif.yaml").write_text("publish: true\n")
        tree.age(folder)
        yield folder


def section(name, subject, *content):
    return "\n".join([f'<{name} "{subject}">', *content, f"</{name}>"])


def listed(server, target):
    """The folders directly in a Collection, by their URIs."""
    answer = server.get(target)
    assert answer.status == 200
    return set(re.findall(r"/g/(?:[23]/)?([\w%.]{2,})/(?:manifest|collection)\.json", answer.text()))


def started(folder, inside="", beside="", main="", presentation="on"):
    return Httpd(server=beside, main=main, endpoints=[Endpoint("/g/", folder, {"presentation": presentation}, extra=inside)])


@pytest.fixture(scope="module", name="everything")
def all_folders(folder):
    with started(folder) as server:
        found = {target: listed(server, target) for target in TARGETS}
    for folders in found.values():
        assert {"letters", "maps", "book"} <= folders
    return found


@pytest.mark.parametrize("path", ["/g/*/letters/*", "/g/?/letters", "/g/[23]/letters/*/*/*/*/*"])
def test_wildcards(folder, everything, path):
    with started(folder, beside=section("Location", path, DENIED)) as server:
        for target in TARGETS:
            assert listed(server, target) == everything[target] - {"letters"}
            assert "etters" not in server.get(target).text()
        if path == "/g/*/letters/*":
            assert server.get("/g/3/letters/collection.json").status == 403


BY_URI = '%{REQUEST_URI} =~ m#/letters/#'


@pytest.mark.parametrize("inside, beside, main", [
    (section("If", BY_URI, DENIED), "", ""),
    ("", section("If", BY_URI, DENIED), ""),
    ("", "", section("If", BY_URI, DENIED)),
    ("", section("LocationMatch", "^/g", section("If", BY_URI, DENIED)), ""),
    ("", section("Location", "/", section("If", BY_URI, DENIED)), ""),
    ("", section("If", "%{HTTP_USER_AGENT} != 'x'", section("If", BY_URI, DENIED)), ""),
    ("\n".join([section("If", BY_URI), "<Else>", DENIED, "</Else>"]).replace("/letters/", "/(g/([23]/)?collection|book|volumes)"),
     "", ""),
    (f"<RequireAll>\nRequire all granted\nRequire not expr {BY_URI}\n</RequireAll>", "", ""),
    ("", section("If", "%{THE_REQUEST} =~ m#/letters/#", "AuthType Basic", 'AuthName "x"', "Require valid-user"), ""),
], ids=["in the endpoint", "in the virtual host", "in the main server", "by pattern", "around the endpoint", "nested", "else",
        "Require expr", "a password"])
def test_conditions_on_the_uri(folder, everything, inside, beside, main):
    """What they keep back nobody knows beforehand: what sidecars publish is listed, and the log says why no more is."""
    with started(folder, inside, beside, main) as server:
        for target in TARGETS:
            assert listed(server, target) == {"maps"}, everything
        assert server.get("/g/3/letters/collection.json").status in (401, 403)
        assert server.get("/g/3/book/manifest.json").status == 200
        volumes = server.get("/g/3/volumes/manifest.json")
        assert volumes.status == 200 and "0%20title.png" in volumes.text() and "leaf" not in volumes.text()
        said = [line for line in server.said().splitlines() if "list only what sidecars publish" in line]
        assert said and "server.conf:" in said[0] and '<Location "/g/">' in said[0], server.said()
    with started(folder, inside, beside, main, "opt_in") as server:
        assert listed(server, TARGETS[0]) == {"maps"}
        assert "leaf" not in server.get("/g/3/volumes/manifest.json").text()


@pytest.mark.parametrize("inside, beside, main", [
    (section("If", "%{HTTP_USER_AGENT} =~ /bot/", DENIED), "", ""),
    (section("If", BY_URI, "Header set X-Letters yes"), "", ""),
    ("", section("Location", "/elsewhere", section("If", BY_URI, DENIED)), ""),
    ("", section("Files", "x", section("If", BY_URI, DENIED)), ""),
    ("", "", section("VirtualHost", "127.0.0.1:1", section("If", BY_URI, DENIED))),
    ("<RequireAll>\nRequire all granted\nRequire not expr %{HTTP_USER_AGENT} =~ /bot/\n</RequireAll>", "", ""),
], ids=["not on the URI", "nothing is denied", "another location", "files", "another virtual host", "Require expr"])
def test_other_conditions(folder, everything, inside, beside, main):
    with started(folder, inside, beside, main) as server:
        for target in TARGETS:
            assert listed(server, target) == everything[target]
        assert "list only what" not in server.said()


def test_directories(folder, everything):
    """They do not apply to IIIF requests: whoever wrote one is told, and nobody else of the folder."""
    beside = "\n".join([section("Directory", folder / "letters", DENIED), section("Directory", folder, DENIED),
                        section("Directory", folder / "book", "Require all granted"), section("Directory", "/", DENIED)])
    with started(folder, beside=beside) as server:
        for target in TARGETS:
            assert listed(server, target) == everything[target] - {"letters"}
        assert server.get("/g/3/letters/collection.json").status == 200
        said = {line.split("<Directory")[1].split('"')[1]
                for line in server.said().splitlines() if "does not guard what IIIF" in line}
        assert said == {str(folder / "letters")}
