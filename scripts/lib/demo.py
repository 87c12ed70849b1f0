# SPDX-License-Identifier: Apache-2.0
"""Starts three private web servers: a museum (nginx), a town archive (httpd), and a national collection (nginx) that shows
what both have, by their Manifests. Prints addresses to look at. Nobody else is asked for anything. Ctrl-C ends all."""
import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

import running
from running import HERE, REPOSITORY, Mistake, say

import demo_images

SITES = {"museum": ("nginx", "Aberwen Museum", "7a1f3d"), "archive": ("apache", "Stadtarchiv Norderau", "1d5a46"),
         "national": ("nginx", "National Collection of the Sound", "22305f")}
TEMPLATES = HERE.parent / "demo-sites"
FEDERATE_SECONDS = 120
PAINTING = "museum/paintings/harbour-at-dusk"
# What lies under the curtains, from below.
LAYERS = ("archive/zeichnungen/hafen.tif", *(f"{PAINTING}/{name}.tif" for name in ("xray", "infrared", "visible")))
LOOK = "0,480,2400,930"  # of the lowest: all of its width
WINDOWS = ((f"{PAINTING}/xray.tif", "560,820,1180,760"), ("archive/zeichnungen/hafen.tif", ""),
           ("archive/briefe-an-anna/seite-3.jpg", ""))


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, help="of the national collection; the next two are the institutions'. "
                                                 "Default: the first three from 8080 that are free")
    given = parser.parse_args()
    running.port_number(parser, given.port)
    return given


class Addresses:
    """Of the three sites, and of what is in them. `path`s begin with the site's name: museum/charts/sheet-1.jpg"""

    def __init__(self, ports):
        self.base = {site: f"http://127.0.0.1:{port}" for site, port in ports.items()}

    def _of(self, path):
        site, _, rest = path.partition("/")
        return f"{self.base[site]}/iiif/3", rest

    def canvas(self, path):
        endpoint, rest = self._of(path)
        return f"{endpoint}/{quote(rest)}/canvas.json"

    def manifest(self, path):
        """The one of the folder that holds the image."""
        endpoint, rest = self._of(path)
        return f"{endpoint}/{quote(rest.rpartition('/')[0])}/manifest.json"

    def image(self, path, region, size):
        endpoint, rest = self._of(path)
        return f"{endpoint}/{quote(rest, safe='')}/{region}/{size}/0/default.jpg"

    def state(self, path, region=""):
        """IIIF Content State: an image as its own institution has it, and a part of it."""
        canvas = self.canvas(path) + (f"#xywh={region}" if region else "")
        text = json.dumps({"id": canvas, "type": "Canvas", "partOf": [{"id": self.manifest(path), "type": "Manifest"}]},
                          separators=(",", ":"))
        return base64.urlsafe_b64encode(quote(text, safe="!'()*").encode()).rstrip(b"=").decode()

    def page(self, name, *parameters):
        return f"{self.base['national']}/iiif/{name}?{urlencode(parameters)}"

    def view(self, path, region=""):
        return self.page("", ("iiif-content", self.state(path, region)))

    def compare(self):
        return self.page("pages/compare.html", *[(key, self.state(path, LOOK if key == "a" else ""))
                                                 for key, path in zip("abcdef", LAYERS)])

    def mosaic(self):
        return self.page("pages/mosaic.html", ("iiif-content", f"{self.base['national']}/iiif/3/coast/manifest.json"), ("columns", 3))

    def mirador(self):
        return self.page("pages/mirador.html", *[("iiif-content", self.state(*window)) for window in WINDOWS])

    def collections(self):
        return self.page("pages/mirador.html", *[("iiif-content", f"{self.base[site]}/iiif/3/collection.json")
                                                 for site in ("national", "museum", "archive")])

    def filled(self, text, escape=lambda address: address):
        """{{museum}} and the like, and {{view PATH REGION}}: the addresses that a site's files name."""
        def address(found):
            name, *words = found[1].split()
            return escape(self.base[name] if name in self.base else getattr(self, name)(*words))
        return re.sub(r"\{\{([a-z]+(?: [^}]*)?)\}\}", address, text)


def write_site(site, place, images, addresses):
    """A site's folder: images, sidecars and pages, with the addresses of this run."""
    root, page = place / "images", place / "page"
    if (images / site).is_dir():
        shutil.copytree(images / site, root)
    for source in sorted((TEMPLATES / site).rglob("*")):
        if source.is_file():
            target = place / source.relative_to(TEMPLATES / site)
            target.parent.mkdir(parents=True, exist_ok=True)
            html = source.suffix == ".html"
            target.write_text(addresses.filled(source.read_text(), (lambda text: text.replace("&", "&amp;")) if html else str))
    return root, page


def write_short_cuts(page, addresses):
    """The long addresses, behind short ones to print."""
    for name in ("compare", "mosaic", "mirador", "collections"):
        url = getattr(addresses, name)().replace("&", "&amp;")
        (page / f"{name}.html").write_text(
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
            f'<link rel="icon" href="data:,">'
            f'<meta http-equiv="refresh" content="0; url={url}"></head>'
            f'<body><main><h1>{name}</h1><p><a href="{url}">Go on</a></p></main></body></html>\n')


def federate(out, root):
    done = subprocess.run([out / "common/ctl/iiifctl", "federate", "--quiet", root], text=True, stdin=subprocess.DEVNULL,
                          timeout=FEDERATE_SECONDS, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Mistake(f"The national collection could not fetch what the institutions offer:\n{done.stdout}")


def tell(base, place):
    say(f"""
A museum, an archive, and a national collection of what both have. Ctrl-C ends all three.

  begin here               {base['national']}/
  museum (nginx)           {base['museum']}/iiif/
  archive (httpd)          {base['archive']}/iiif/
  national collection      {base['national']}/iiif/
  below the paint          {base['national']}/compare.html
  details of a painting    {base['national']}/details.html
  one chart, six sheets    {base['national']}/mosaic.html
  Mirador, side by side    {base['national']}/mirador.html
  connected collections    {base['national']}/collections.html

  folders and logs         {place}""")


def images_of_institutions(out):
    say("Making the images of the two institutions, unless they are there (a minute; the first time only) ...")
    try:
        return demo_images.make(REPOSITORY / "build/demo", out / "common/ctl/iiifctl")
    except demo_images.Failed as failed:
        raise Mistake(f"The images could not be made: {failed}") from None


def wait_for_the_first(servers):
    """Until one of them ends, which none should."""
    process_of = {process.pid: site for site, process in servers}
    while True:
        pid, status = os.wait()
        if pid in process_of:
            return process_of[pid], os.waitstatus_to_exitcode(status)


def run(given):
    if given.port:
        running.free_ports(len(SITES), given.port)  # said before the building, not after
    out = running.build()
    images = images_of_institutions(out)
    ports = dict(zip(("national", "museum", "archive"), running.free_ports(len(SITES), given.port)))
    addresses = Addresses(ports)
    place = Path(tempfile.mkdtemp(prefix="iiif-demo-"))
    servers = []
    try:
        place.chmod(0o755)
        # The workers may not be let into this checkout.
        shutil.copytree(out / "pages/dist", place / "pages")
        for site, (server, name, colour) in SITES.items():
            folder = place / site
            folder.mkdir()
            root, page = write_site(site, folder, images, addresses)
            if site == "national":
                federate(out, root)
                write_short_cuts(page, addresses)
            endpoint = {"iiif": "on", "root": root, "presentation": "on", "pages": "on", "pages_directory": place / "pages",
                        "pages_name": name, "pages_logo": "/logo.svg", "pages_colour": colour}
            process = running.start(running.configure(server, folder, out, ports[site], endpoint), folder)
            servers.append((process, folder))
            running.wait_until_ready(process, ports[site], folder)
        tell(addresses.base, place)
        site, code = wait_for_the_first([(folder.name, process) for process, folder in servers])
        say(f"demo: the server of the {site} ended by itself, with {code}.")
        return code or 1
    finally:
        running.clean_up(servers, place)


if __name__ == "__main__":
    sys.exit(running.main("demo", lambda: run(arguments())))
