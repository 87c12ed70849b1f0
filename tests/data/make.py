#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the test images.

Usage: make.py [FOLDER]        (standard: tests/data/made)

FOLDER/images is the root for servers; FOLDER/outside must never be served. What a version of this file made is
kept, so running it again costs nothing. Needs vips, opj_compress, ojph_compress (HTJ2K) and cjxl beside Pillow,
numpy and tifffile.
"""
import fcntl
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import tifffile
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import chart  # noqa: E402  (the tests folder is no installed package)

Image.MAX_IMAGE_PIXELS = None
CASES = Path(__file__).with_name("image-cases.json")


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout.decode(errors='replace')}")


def swapped_profile():
    """An RGB profile whose red is sRGB's green and the other way round: who ignores it shows wrong colours."""
    curve = [round(65535 * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4))
             for c in (n / 1023 for n in range(1024))]
    trc = b"curv" + struct.pack(">II", 0, 1024) + struct.pack(">1024H", *curve)

    def xyz(*values):
        return b"XYZ " + struct.pack(">I", 0) + struct.pack(">3i", *(round(v * 65536) for v in values))

    text = b"red and green swapped\0"
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(12 + 67),
        b"cprt": b"text" + struct.pack(">I", 0) + b"CC0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"gXYZ": xyz(0.4360, 0.2225, 0.0139),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": trc, b"gTRC": trc, b"bTRC": trc,
    }
    directory, body, places = b"", b"", {}
    offset = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        if content not in places:
            places[content] = offset + len(body)
            body += content + bytes(-len(content) % 4)
        directory += name + struct.pack(">II", places[content], len(content))
    size = offset + len(body)
    head = struct.pack(">I4sI4s4s4s6H4s4sIIIQIIII", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ",
                       2020, 1, 1, 0, 0, 0, b"acsp", b"APPL", 0, 0, 0, 0, 0, 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + directory + body


def boxed_jp2(codestream, width, height, bands):
    """A JPEG 2000 codestream as JP2 file, ISO/IEC 15444-1 annex I; the brand of part 15 (HTJ2K) is "jph "."""
    def box(kind, content):
        return struct.pack(">I", 8 + len(content)) + kind + content

    header = box(b"ihdr", struct.pack(">IIHBBBB", height, width, bands, 7, 7, 0, 0))
    header += box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16 if bands == 3 else 17))
    return (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jph " + struct.pack(">I", 0) + b"jph jp2 ")
            + box(b"jp2h", header) + box(b"jp2c", codestream))


def stored_for(orientation, array):
    """What a file with that EXIF orientation has to store so that it shows `array`."""
    undo = {1: lambda a: a, 2: numpy.fliplr, 3: lambda a: numpy.rot90(a, 2), 4: numpy.flipud,
            5: lambda a: a.swapaxes(0, 1), 6: lambda a: numpy.rot90(a, 1),
            7: lambda a: numpy.rot90(a, 2).swapaxes(0, 1), 8: lambda a: numpy.rot90(a, 3)}
    return numpy.ascontiguousarray(undo[orientation](array))


def lab_of(rgb):
    """CIELAB (D65) of sRGB bytes."""
    c = rgb.astype(numpy.float64) / 255
    linear = numpy.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    matrix = numpy.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                          [0.0193339, 0.1191920, 0.9503041]])
    t = (linear @ matrix.T) / numpy.array([0.95047, 1.0, 1.08883])
    f = numpy.where(t > 216 / 24389, numpy.cbrt(t), (24389 / 27 * t + 16) / 116)
    return numpy.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def naive_cmyk(rgb):
    """Inks without a profile: each square keeps its hue."""
    black = 255 - rgb.max(axis=-1).astype(numpy.int32)
    inks = 255 - rgb.astype(numpy.int32) - black[..., None]
    inks = inks * 255 // numpy.maximum(1, 255 - black[..., None])
    return numpy.concatenate([inks, black[..., None]], axis=-1).clip(0, 255).astype(numpy.uint8)


def ycck_jpeg(inks):
    """Adobe's YCCK: Pillow writes four components as they come, then the marker is told what they mean."""
    c, m, y = (inks[..., n].astype(numpy.float64) for n in range(3))
    luma = 0.299 * c + 0.587 * m + 0.114 * y
    stored = numpy.stack([luma, 128 + (y - luma) / 1.772, 128 + (c - luma) / 1.402, 255.0 - inks[..., 3]], axis=-1)
    out = io.BytesIO()
    # Pillow inverts CMYK on its way into a JPEG.
    Image.fromarray(255 - stored.round().clip(0, 255).astype(numpy.uint8), "CMYK").save(out, "JPEG", quality=100)
    data = bytearray(out.getvalue())
    marker = data.index(b"Adobe", 0, 4096)
    assert data[marker + 11] == 0
    data[marker + 11] = 2
    return bytes(data)


class Maker:
    def __init__(self, folder):
        self.folder = folder
        self.images = folder / "images"
        self.array = chart.pixels(*chart.SIZE)
        self.image = Image.fromarray(self.array)

    def at(self, name):
        path = self.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def everything(self):
        self.images.mkdir(parents=True)
        self.image.save(self.at("chart.png"), compress_level=1)
        self.tiff()
        self.other_formats()
        self.kinds_of_pixels()
        self.colour()
        self.orientations()
        self.pages()
        self.names()
        self.broken()
        self.outside()
        self.case_sources()

    def tiff(self):
        source = self.images / "chart.png"
        for compression in ("none", "lzw", "deflate", "zstd", "packbits"):
            run("vips", "tiffsave", source, self.at(f"tiff/pyramid-{compression}.tif"), "--tile", "--pyramid",
                "--tile-width", 256, "--tile-height", 256, "--compression", compression)
            run("vips", "tiffsave", source, self.at(f"tiff/striped-{compression}.tif"), "--compression", compression)
        tiled = ("--tile", "--pyramid", "--tile-width", 256, "--tile-height", 256)
        # libvips stores YCbCr below quality 90 and RGB from there on.
        for name, options in {
            "pyramid-jpeg-ycbcr": (*tiled, "--compression", "jpeg", "--Q", 89),
            "pyramid-jpeg-rgb": (*tiled, "--compression", "jpeg", "--Q", 97),
            "pyramid-webp": (*tiled, "--compression", "webp", "--lossless"),
            "subifd-jpeg": (*tiled, "--compression", "jpeg", "--Q", 89, "--subifd"),
            "subifd-deflate": (*tiled, "--compression", "deflate", "--subifd"),
            "bigtiff-jpeg": (*tiled, "--compression", "jpeg", "--Q", 89, "--bigtiff"),
            "bigtiff-subifd": (*tiled, "--compression", "lzw", "--bigtiff", "--subifd"),
            "small-tiles": ("--tile", "--pyramid", "--tile-width", 64, "--tile-height", 64, "--compression", "lzw"),
            "tiled-flat": ("--tile", "--tile-width", 256, "--tile-height", 128, "--compression", "deflate"),
            "striped-jpeg": ("--compression", "jpeg", "--Q", 97),
        }.items():
            run("vips", "tiffsave", source, self.at(f"tiff/{name}.tif"), *options)
        write = tifffile.imwrite
        write(self.at("tiff/big-endian-striped.tif"), self.array, byteorder=">", photometric="rgb")
        write(self.at("tiff/big-endian-tiled.tif"), self.array, byteorder=">", photometric="rgb", tile=(256, 256))
        write(self.at("tiff/big-endian-bigtiff.tif"), self.array, byteorder=">", bigtiff=True, photometric="rgb",
              tile=(128, 128))
        write(self.at("tiff/planar.tif"), self.array.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")

    def other_formats(self):
        source = self.images / "chart.png"
        self.image.save(self.at("chart.jpg"), quality=100, subsampling=0)
        self.image.save(self.at("jpeg/progressive.jpg"), quality=98, subsampling=0, progressive=True)
        self.image.save(self.at("jpeg/subsampled.jpg"), quality=95, subsampling=2)
        self.image.save(self.at("chart.webp"), lossless=True)
        self.image.quantize(colors=256, dither=Image.Dither.NONE).save(self.at("chart.gif"))
        run("vips", "jp2ksave", source, self.at("chart.jp2"), "--lossless", "--tile-width", 256, "--tile-height", 256)
        run("opj_compress", "-i", source, "-o", self.at("jp2/untiled.jp2"), "-n", 6)
        run("opj_compress", "-i", source, "-o", self.at("jp2/lossy.jp2"), "-I", "-r", 8, "-n", 5, "-p", "RPCL")
        run("opj_compress", "-i", source, "-o", self.at("jp2/codestream.j2k"))
        ppm = self.folder / "chart.ppm"
        self.image.save(ppm)
        for name, options in {"high-throughput": (), "high-throughput-tiled": ("-tile_size", "{256,256}")}.items():
            codestream = self.folder / "ht.j2c"
            run("ojph_compress", "-i", ppm, "-o", codestream, "-reversible", "true", *options)
            self.at(f"jp2/{name}.jp2").write_bytes(boxed_jp2(codestream.read_bytes(), *chart.SIZE, 3))
            codestream.unlink()
        run("cjxl", source, self.at("chart.jxl"), "-d", 0, "-e", 3)
        run("vips", "heifsave", source, self.at("chart.avif"), "--compression", "av1", "--Q", 95, "--effort", 1,
            "--subsample-mode", "off")
        run("vips", "heifsave", source, self.at("chart.heic"), "--compression", "hevc", "--Q", 95,
            "--subsample-mode", "off")
        self.image.save(self.at("chart.pdf"), resolution=72.0, quality=100, subsampling=0)
        ppm.unlink()

    def kinds_of_pixels(self):
        wide = self.array.astype(numpy.uint16) * 257
        gray = self.array[..., 1]
        tifffile.imwrite(self.at("pixels/rgb16.tif"), wide, photometric="rgb", tile=(256, 256))
        tifffile.imwrite(self.at("pixels/gray16.tif"), wide[..., 1], photometric="minisblack")
        run("vips", "pngsave", self.images / "pixels/rgb16.tif", self.at("pixels/rgb16.png"), "--compression", 1)
        run("vips", "pngsave", self.images / "pixels/gray16.tif", self.at("pixels/gray16.png"), "--compression", 1)
        Image.fromarray(gray).save(self.at("pixels/gray.png"))
        Image.fromarray(gray).save(self.at("pixels/gray.jpg"), quality=100)
        run("vips", "tiffsave", self.images / "pixels/gray.png", self.at("pixels/gray-pyramid.tif"), "--tile",
            "--pyramid", "--compression", "jpeg", "--Q", 95, "--tile-width", 256, "--tile-height", 256)
        tifffile.imwrite(self.at("pixels/white-is-zero.tif"), 255 - gray, photometric="miniswhite")
        # 0..1 is black to white.
        tifffile.imwrite(self.at("pixels/float.tif"), (gray / 255).astype(numpy.float32), photometric="minisblack")
        tifffile.imwrite(self.at("pixels/float-rgb.tif"), (self.array / 255).astype(numpy.float32), photometric="rgb")
        tifffile.imwrite(self.at("pixels/gray32.tif"), gray.astype(numpy.uint32) * 16843009, photometric="minisblack")
        for bits in (1, 2, 4):
            run("vips", "tiffsave", self.images / "pixels/gray.png", self.at(f"pixels/gray{bits}bit.tif"),
                "--bitdepth", bits)
        bilevel = self.bilevel()
        bilevel.save(self.at("pixels/bilevel.png"))
        bilevel.save(self.at("pixels/bilevel-group4.tif"), compression="group4")
        bilevel.save(self.at("pixels/bilevel-raw.tif"), compression="raw")
        run("vips", "tiffsave", self.images / "pixels/bilevel.png", self.at("pixels/bilevel-min-is-white.tif"),
            "--bitdepth", 1, "--miniswhite", "--compression", "ccittfax4")
        run("vips", "tiffsave", self.images / "pixels/bilevel.png", self.at("pixels/bilevel-min-is-black.tif"),
            "--bitdepth", 1, "--compression", "lzw", "--predictor", "none")
        palette = self.image.quantize(colors=256, dither=Image.Dither.NONE)
        palette.save(self.at("pixels/palette.png"))
        palette.save(self.at("pixels/palette.tif"))
        self.transparent()
        self.large()

    @staticmethod
    def bilevel():
        """Squares black and white in turn."""
        rows, columns = numpy.indices((chart.SIZE[1], chart.SIZE[0])) // chart.SQUARE
        return Image.fromarray((((rows + columns) % 2) * 255).astype(numpy.uint8)).convert("1")

    def transparent(self):
        """The left half is opaque, the right half fully transparent."""
        alpha = numpy.full(self.array.shape[:2], 255, numpy.uint8)
        alpha[:, 600:] = 0
        rgba = numpy.dstack([self.array, alpha])
        Image.fromarray(rgba, "RGBA").save(self.at("pixels/alpha.png"), compress_level=1)
        Image.fromarray(rgba, "RGBA").save(self.at("pixels/alpha.webp"), lossless=True, exact=True)
        tifffile.imwrite(self.at("pixels/alpha.tif"), rgba, photometric="rgb", extrasamples=["unassalpha"])
        associated = rgba.copy()
        associated[:, 600:, :3] = 0
        tifffile.imwrite(self.at("pixels/alpha-associated.tif"), associated, photometric="rgb",
                         extrasamples=["assocalpha"])
        Image.fromarray(rgba[..., [1, 3]], "LA").save(self.at("pixels/gray-alpha.png"))
        run("vips", "tiffsave", self.images / "pixels/alpha.png", self.at("pixels/alpha-pyramid.tif"), "--tile",
            "--pyramid", "--compression", "deflate", "--tile-width", 256, "--tile-height", 256)

    def large(self):
        """More than libvips keeps in memory of its own accord, 100 MB, of a format that is decoded whole."""
        Image.new("RGB", (6000, 6000), (200, 80, 40)).save(self.at("pixels/large.webp"), method=0, quality=50)

    def colour(self):
        profile = swapped_profile()
        swapped = numpy.ascontiguousarray(self.array[..., [1, 0, 2]])
        image = Image.fromarray(swapped)
        image.save(self.at("icc/swapped.png"), icc_profile=profile, compress_level=1)
        image.save(self.at("icc/swapped.jpg"), icc_profile=profile, quality=100, subsampling=0)
        image.save(self.at("icc/swapped.webp"), icc_profile=profile, lossless=True)
        for name, options in {"swapped-jpeg": ("--compression", "jpeg", "--Q", 95),
                              "swapped-deflate": ("--compression", "deflate")}.items():
            run("vips", "tiffsave", self.images / "icc/swapped.png", self.at(f"icc/{name}.tif"), "--tile", "--pyramid",
                "--tile-width", 256, "--tile-height", 256, *options)
        tifffile.imwrite(self.at("icc/swapped16.tif"), swapped.astype(numpy.uint16) * 257, photometric="rgb",
                         extratags=[(34675, "B", len(profile), profile, True)])
        inks = naive_cmyk(self.array)
        cmyk = Image.fromarray(inks, "CMYK")
        cmyk.save(self.at("colour/cmyk.tif"))
        cmyk.save(self.at("colour/cmyk.jpg"), quality=100)
        self.at("colour/ycck.jpg").write_bytes(ycck_jpeg(inks))
        lab = lab_of(self.array)
        stored = numpy.stack([lab[..., 0] * 2.55, lab[..., 1], lab[..., 2]], axis=-1).round()
        tifffile.imwrite(self.at("colour/cielab.tif"), stored.astype(numpy.int16).astype(numpy.uint8),
                         photometric=8)

    def orientations(self):
        for orientation in range(1, 9):
            stored = stored_for(orientation, self.array)
            exif = Image.Exif()
            exif[0x0112] = orientation
            Image.fromarray(stored).save(
    self.at(f"orientation/{orientation}.jpg"),
    quality=100,
    subsampling=0,
     exif=exif)
            tifffile.imwrite(self.at(f"orientation/{orientation}.tif"), stored, photometric="rgb",
                             extratags=[(274, "H", 1, orientation, True)])
            run("vips", "tiffsave", self.images / f"orientation/{orientation}.tif",
                self.at(f"orientation/pyramid-{orientation}.tif"), "--tile", "--pyramid", "--compression", "jpeg",
                "--Q", 89, "--tile-width", 256, "--tile-height", 256)

    def pages(self):
        """Page n of three is 100 n wide and 90 high, of colour(n, 0)."""
        sheets = [Image.new("RGB", (100 * n, 90), chart.colour(n, 0)) for n in (1, 2, 3)]
        with tifffile.TiffWriter(self.at("pages/three.tif")) as writer:
            for sheet in sheets:
                writer.write(numpy.asarray(sheet), photometric="rgb", contiguous=False)
        sheets[0].save(self.at("pages/three.pdf"), save_all=True,
                       append_images=sheets[1:], resolution=72.0, quality=100)
        frames = [Image.new("RGB", (120, 90), chart.colour(n, 0)) for n in (1, 2, 3)]
        frames[0].save(self.at("pages/three.gif"), save_all=True, append_images=frames[1:], duration=100)
        frames[0].save(self.at("pages/three.webp"), save_all=True,
                       append_images=frames[1:], duration=100, lossless=True)

    def names(self):
        for number, name in enumerate(NAMES):
            self.small(number).save(self.at(name), "PNG")
        links = self.at("links/inside.png").parent
        (links / "inside.png").symlink_to("../chart.png")
        (links / "folder").symlink_to("../names")
        (links / "outside.png").symlink_to("../../outside/secret.png")
        (links / "outside").symlink_to("../../outside")
        (links / "absolute.png").symlink_to(self.final / "outside/secret.png")
        (links / "loop.png").symlink_to("loop.png")
        (links / "dangling.png").symlink_to("nowhere.png")

        for number, identifier in enumerate(HASHED):
            for algorithm in ("md5", "sha1", "sha256"):
                digest = hashlib.new(algorithm, identifier.encode()).hexdigest()
                self.small(40 + number).save(self.at(f"{algorithm}/{digest[:2]}/{digest[2:4]}/{digest}.png"))

    @staticmethod
    def small(number):
        """Told apart by width: 20 + number."""
        return Image.new("RGB", (20 + number, 20), chart.colour(number, 1))

    def broken(self):
        for name in ("chart.jpg", "chart.png", "chart.jp2", "chart.webp", "tiff/pyramid-jpeg-ycbcr.tif",
                     "tiff/striped-lzw.tif"):
            whole = (self.images / name).read_bytes()
            path = self.at("broken/truncated-" + name.replace("/", "-"))
            path.write_bytes(whole[:len(whole) // 3])
        self.at("broken/text.jpg").write_text("This is no picture.\n")
        self.at("broken/text.tif").write_text("II*\0 This is no picture either.\n")
        self.at("broken/empty.png").write_bytes(b"")
        self.at("broken/empty.tif").write_bytes(b"")
        (self.images / "broken/folder.png").mkdir()
        os.mkfifo(self.images / "broken/fifo.png")
        self.at("broken/script.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n')
        self.image.resize((60, 40)).save(self.at(".hidden.png"))

    def outside(self):
        outside = self.folder / "outside"
        outside.mkdir()
        Image.new("RGB", (66, 66), (6, 6, 6)).save(outside / "secret.png")
        (outside / "secret.txt").write_text("TOP SECRET\n")

    def case_sources(self):
        import json
        for width, height in json.loads(CASES.read_text())["meta"]["sources"]:
            image = Image.fromarray(chart.pixels(width, height))
            if width * height < 1_500_000:
                image.save(self.at(f"cases/{width}x{height}.png"), compress_level=1)
                continue
            ppm = self.folder / "case.ppm"
            image.save(ppm)
            run("vips", "tiffsave", ppm, self.at(f"cases/{width}x{height}.tif"), "--tile", "--pyramid", "--tile-width",
                256, "--tile-height", 256, "--compression", "jpeg", "--Q", 85)
            ppm.unlink()
        Image.fromarray(chart.pixels(600, 400)[..., 1]).save(self.at("cases/gray-600x400.png"))


# Identifiers that have to work as they are; each a small PNG, 20 + its place here pixels wide.
NAMES = (
    "names/plain.png",
    "names/with space.png",
    "names/gr\u00fc\u00dfe.png",
    "names/\u65e5\u672c\u8a9e.png",
    "names/deep/er/folder/image.png",
    "ark:/12025/654xz321.png",
    "names/a;b.png",
    "names/noextension",
    "names/100%.png",
    "names/question?mark#hash.png",
    "names/%3Cescaped%3E.png",
    "names/a+b&c=d.png",
    "names/(1),~!*'.png",
    "names/[brackets].png",
    "names/back\\slash.png",
    "names/full/max/0/default.jpg",   # the whole of it is an identifier
    "names/semi;2.png",               # looks like page 2 of names/semi
    "pairtree/ar/k+/=1/30/30/=x/t1/2/image.png",
    "names/page.png",
    "names/2",                        # a folder-like version number
)

# Identifiers whose files lie in folders of their digest, 60 + place pixels wide.
HASHED = ("book-1", "gr\u00fc\u00dfe/2")


def main():
    final = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("made")).resolve()
    final.parent.mkdir(parents=True, exist_ok=True)
    files = (Path(__file__), Path(chart.__file__), CASES)
    stamp = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    name = hashlib.sha256(str(final).encode()).hexdigest()[:16]
    with open(f"{tempfile.gettempdir()}/iiif-test-data-{name}.lock", "w", encoding="ascii") as lock:
        # Two test runs may start at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = final / "stamp"
        if mark.exists() and mark.read_text() == stamp:
            return
        fresh = Path(f"{final}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        maker = Maker(fresh)
        maker.final = final
        maker.everything()
        (fresh / "stamp").write_text(stamp)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(final, ignore_errors=True)
        fresh.rename(final)


if __name__ == "__main__":
    main()
