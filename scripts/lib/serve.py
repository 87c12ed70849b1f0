# SPDX-License-Identifier: Apache-2.0
"""Serves a folder of images as an IIIF service, with a private instance of the real web server.

The endpoint is http://127.0.0.1:PORT/iiif/; a page to zoom in is at http://127.0.0.1:PORT/. Ctrl-C ends everything.
"""
import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import running
from running import EXTENSIONS, HERE, REPOSITORY, Mistake, directives, private, say

import npm

MOST_LISTED = 500


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--server", choices=("nginx", "apache"), default="nginx")
    parser.add_argument("--port", type=int, help="default: 8080, or the next one that is free")
    parser.add_argument("--set", dest="settings", metavar="NAME=VALUE", action="append", default=[],
                        help="adds a directive: --set max_width=3000 is iiif_max_width 3000, or IIIFMaxWidth 3000")
    parser.add_argument("folder", metavar="DIR", nargs="?", help="default: a sample collection, made on the first run")
    given = parser.parse_args()
    running.port_number(parser, given.port)
    return given


def words_of(value):
    """Separated by spaces; quotes keep a word together. A backslash is nothing special: regular expressions have them."""
    lexer = shlex.shlex(value, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return tuple(lexer)


def own_directives(settings):
    """[(name, words)] of NAME=VALUE."""
    known = directives.table()
    out = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name.removeprefix("iiif_")
        if not equals or name not in known:
            raise Mistake(f'--set {setting}: expected NAME=VALUE with one of the names {", ".join(sorted(known))}.')
        if name in ("iiif", "root", "renderer_program", "runtime_directory"):
            raise Mistake(f"--set {name}: this one is set by scripts/serve itself.")
        one_word = known[name].max_values == 1
        try:
            out.append((name, (value,) if one_word else words_of(value)))
        except ValueError:
            raise Mistake(f"--set {setting}: a quotation mark is not closed.") from None
    return out


def install_page(place):
    """The page with OpenSeadragon, pinned by package-lock.json, as files of our own."""
    modules = REPOSITORY / "build/page"
    try:
        npm.install(HERE.parent / "page", modules)
    except npm.Failed as failed:
        raise Mistake(f"npm could not install OpenSeadragon, the page's viewer:\n{failed}") from None
    viewer = modules / "node_modules/openseadragon/build/openseadragon"
    shutil.copytree(viewer, place / "page/openseadragon")
    for name in ("index.html", "page.css", "page.js"):
        shutil.copy(HERE.parent / "page" / name, place / "page" / name)


def sample():
    import sample as collection
    folder = REPOSITORY / "build/sample"
    if not private.can_worker_read(REPOSITORY):
        folder = Path("/var/tmp/iiif-sample")  # the server's workers are not let into this checkout
    folder.mkdir(parents=True, exist_ok=True)
    if any(not (folder / picture.file).exists() for picture in collection.COLLECTION):
        say("Making the sample collection (once):")
        try:
            collection.make(folder)
        except collection.Failed as failed:
            raise Mistake(f"The sample collection could not be made: {failed}") from None
    pages = [(picture, page) for picture in collection.COLLECTION for page in range(1, picture.pages + 1)]
    return folder, [{"id": quote(picture.file if page == 1 else f"{picture.file};{page}", safe=""),
                     "title": picture.title if page == 1 else f"{picture.title}, page {page}", "about": picture.about}
                    for picture, page in pages]


def images_of(folder):
    found = []
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().rpartition(".")[2] in EXTENSIONS:
                relative = str(Path(path, name).relative_to(folder))
                # As bytes: names of files need not be UTF-8.
                found.append({"id": quote(os.fsencode(relative), safe=""), "title": relative, "about": relative})
                if len(found) == MOST_LISTED:
                    return found
    return found


def configure(server, place, out, port, folder, own):
    lines = {"iiif": "on", "root": folder, "extensions": tuple(EXTENSIONS)}
    if (out / "pages/dist").is_dir():
        lines["pages_directory"] = out / "pages/dist"  # for --set pages=on
    pool = {}
    for name, words in own:
        target = pool if directives.table()[name].scope == "S" else lines
        if name in target and name not in ("extensions", "pages_directory"):
            target[name] = [*(target[name] if isinstance(target[name], list) else [target[name]]), words]
        else:
            target[name] = words
    return running.configure(server, place, out, port, lines, pool)


def run(given):
    own = own_directives(given.settings)
    if given.folder is not None and not Path(given.folder).is_dir():
        raise Mistake(f"{given.folder} is no folder; name the folder that holds your images.")
    if given.port:
        running.free_ports(1, given.port)  # said before the building, not after
    out = running.build()
    if given.folder is None:
        folder, images = sample()
    else:
        folder = Path(given.folder).resolve()
        images = images_of(folder)
        if not private.can_worker_read(folder):
            raise Mistake(f"The server's workers ({private.WORKER}) may not read {folder}: open it to them with "
                          f"chmod o+rx on it and the folders above, or run scripts/serve as its owner.")

    [port] = running.free_ports(1, given.port)  # as late as can be: building and painting take minutes, and others look for ports too
    place = Path(tempfile.mkdtemp(prefix="iiif-serve-"))
    servers = []
    try:
        place.chmod(0o755)
        (place / "page").mkdir()
        install_page(place)
        (place / "page/images.json").write_text(json.dumps(images))
        process = running.start(configure(given.server, place, out, port, folder, own), place)
        servers.append((process, place))
        running.wait_until_ready(process, port, place)

        base = f"http://127.0.0.1:{port}"
        say(f"\nServing {folder} with {given.server}. Ctrl-C ends it.\n")
        if images:
            say(f"  info.json  {base}/iiif/3/{images[0]['id']}/info.json")
            say(f"  image      {base}/iiif/3/{images[0]['id']}/full/!1200,1200/0/default.jpg")
        else:
            say("  There is no image in this folder yet.")
        say(f"  zoom       {base}/\n\n  log        {place / 'error.log'}")
        code = process.wait()
        say(f"serve: the server ended by itself, with {code}.")
        return code or 1
    finally:
        running.clean_up(servers, place)


if __name__ == "__main__":
    sys.exit(running.main("serve", lambda: run(arguments())))
