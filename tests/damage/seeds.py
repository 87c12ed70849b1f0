# SPDX-License-Identifier: Apache-2.0
"""Small good files of every container and codec that the server reads."""
import functools
import hashlib
import io
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy
import tifffile
from PIL import Image, ImageCms

from support import chart

# Tiles of 256 pixels, and another row and column of them, so that stored tiles are sent and cut as they are.
SIZE = (300, 270)
SMALL = (60, 50)  # of what is not compressed
TILED = ("--tile", "--pyramid", "--tile-width", 256, "--tile-height", 256)
JPEG = ("--compression", "jpeg", "--Q", 85)

VIPS_TIFF = {
    "tiff-strips-lzw": ("--compression", "lzw"),
    "tiff-strips-deflate": ("--compression", "deflate", "--predictor", "horizontal"),
    "tiff-strips-zstd": ("--compression", "zstd"),
    "tiff-strips-jpeg": JPEG,
    "tiff-tiles-jpeg": (*TILED, *JPEG),
    "tiff-tiles-jpeg-rgb": (*TILED, "--compression", "jpeg", "--Q", 95),
    "tiff-tiles-webp": (*TILED, "--compression", "webp", "--lossless"),
    "tiff-tiles-jp2k": ("--tile", "--tile-width", 256, "--tile-height", 256, "--compression", "jp2k"),
    "tiff-tiles-lzw": (*TILED, "--compression", "lzw"),
    "tiff-subifds-jpeg": (*TILED, *JPEG, "--subifd"),
    "tiff-subifds-deflate": (*TILED, "--compression", "deflate", "--subifd"),
    "bigtiff-tiles-jpeg": (*TILED, *JPEG, "--bigtiff"),
    "bigtiff-subifds-zstd": (*TILED, "--compression", "zstd", "--bigtiff", "--subifd"),
}


def _saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _tiff(array, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, array, software=None, metadata=None, **options)
    return out.getvalue()


def _by_tools(folder):
    """What programs write."""
    picture, gray, made = folder / "in.ppm", folder / "gray.pgm", {}
    image = Image.fromarray(chart.pixels(*SIZE))
    image.save(picture)
    image.convert("L").save(gray)

    def run(name, *command):
        target = folder / name
        words = [str(target if word is name else word) for word in command]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made[name] = target.read_bytes()

    def vips(name, operation, *options, source=picture):
        run(name, "vips", operation, source, name, *options)

    for seed, options in VIPS_TIFF.items():
        vips(f"{seed}.tif", "tiffsave", *options)
    vips("tiff-strips-group4.tif", "tiffsave", "--bitdepth", 1, "--compression", "ccittfax4", source=gray)
    vips("tiff-strips-4bit.tif", "tiffsave", "--bitdepth", 4, "--compression", "lzw", "--predictor", "none",
         source=gray)
    vips("jpeg-restarts.jpg", "jpegsave", "--Q", 80, "--restart-interval", 4)
    vips("png-interlaced.png", "pngsave", "--interlace")
    vips("webp-lossy.webp", "webpsave", "--Q", 70)
    vips("heif-av1.avif", "heifsave", "--compression", "av1", "--Q", 60, "--effort", 1)
    vips("heif-hevc.heic", "heifsave", "--compression", "hevc", "--Q", 60)
    vips("jp2-tiles.jp2", "jp2ksave", "--lossless", "--tile-width", 256, "--tile-height", 256)
    run("jp2-one-tile.jp2", "opj_compress", "-i", picture, "-o", "jp2-one-tile.jp2", "-I", "-r", 8, "-n", 5)
    run("jp2-tile-parts.j2k", "opj_compress", "-i", picture, "-o", "jp2-tile-parts.j2k", "-t", "128,128", "-TP",
        "R", "-p", "RLCP", "-n", 4)
    run("jp2-high-throughput.j2c", "ojph_compress", "-i", picture, "-o", "jp2-high-throughput.j2c", "-reversible",
        "true", "-tile_size", "{256,256}")
    run("jxl-lossy.jxl", "cjxl", picture, "jxl-lossy.jxl", "-d", "1", "-e", "3")
    run("jxl-boxes.jxl", "cjxl", picture, "jxl-boxes.jxl", "-d", "0", "-e", "3", "--container=1")
    return made


def _by_libraries():
    """What Pillow and tifffile write."""
    array, small = chart.pixels(*SIZE), chart.pixels(*SMALL)
    image, thumbnail = Image.fromarray(array), Image.fromarray(small)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + profile[36:]  # not the time of day
    exif = Image.Exif()
    exif[0x0112] = 6
    alpha = image.convert("RGBA")
    alpha.putalpha(Image.fromarray(array[..., 0]))
    frames = [Image.new("RGB", (60, 40), chart.colour(n, 0)) for n in (1, 2, 3)]
    more = {"save_all": True, "append_images": frames[1:]}
    wide = small.astype(numpy.uint16) * 257
    made = {
        "jpeg-baseline.jpg": _saved(image, "JPEG", quality=80, subsampling=2),
        "jpeg-full-chroma.jpg": _saved(image, "JPEG", quality=90, subsampling=0, icc_profile=profile, exif=exif),
        "jpeg-progressive.jpg": _saved(image, "JPEG", quality=80, progressive=True),
        "jpeg-gray.jpg": _saved(image.convert("L"), "JPEG", quality=80),
        "jpeg-cmyk.jpg": _saved(image.convert("CMYK"), "JPEG", quality=80),
        "png-rgb.png": _saved(image, "PNG", icc_profile=profile),
        "png-alpha.png": _saved(alpha, "PNG"),
        "png-palette.png": _saved(image.quantize(64, dither=Image.Dither.NONE), "PNG"),
        "png-bilevel.png": _saved(image.convert("1", dither=Image.Dither.NONE), "PNG"),
        "png-16bit.png": _saved(Image.fromarray(wide[..., 0]), "PNG"),
        "webp-lossless.webp": _saved(image, "WEBP", lossless=True),
        "webp-alpha.webp": _saved(alpha, "WEBP", quality=60, icc_profile=profile),
        "webp-frames.webp": _saved(frames[0], "WEBP", lossless=True, duration=100, **more),
        "gif-still.gif": _saved(image.quantize(64, dither=Image.Dither.NONE), "GIF"),
        "gif-frames.gif": _saved(frames[0], "GIF", duration=100, **more),
        "pdf-page.pdf": _saved(image, "PDF", resolution=72.0, creationDate=None, modDate=None),
        "pdf-pages.pdf": _saved(frames[0], "PDF", resolution=72.0, creationDate=None, modDate=None, **more),
        "tiff-strips-group3.tif": _saved(image.convert("1", dither=Image.Dither.NONE), "TIFF", compression="group3"),
        "tiff-strips-packbits.tif": _saved(thumbnail, "TIFF", compression="packbits"),
        "tiff-strips-palette.tif": _saved(thumbnail.quantize(64, dither=Image.Dither.NONE), "TIFF"),
        "tiff-strips-cmyk.tif": _saved(thumbnail.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "tiff-strips-none.tif": _tiff(small, photometric="rgb", rowsperstrip=16),
        "tiff-big-endian-strips.tif": _tiff(small, photometric="rgb", byteorder=">", rowsperstrip=16),
        "tiff-big-endian-tiles.tif": _tiff(small, photometric="rgb", byteorder=">", tile=(32, 32), compression="zlib"),
        "bigtiff-big-endian-tiles.tif": _tiff(small, photometric="rgb", byteorder=">", bigtiff=True, tile=(32, 32),
                                              compression="zlib"),
        "bigtiff-strips.tif": _tiff(small, photometric="rgb", bigtiff=True, rowsperstrip=16),
        "tiff-planes.tif": _tiff(small.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", rowsperstrip=16),
        "tiff-16bit.tif": _tiff(wide, photometric="rgb", compression="zlib", predictor=False),
        "tiff-float.tif": _tiff((small[..., 0] / 255).astype(numpy.float32), photometric="minisblack"),
        "tiff-lab.tif": _tiff(small, photometric=8),
        "tiff-alpha.tif": _tiff(numpy.dstack([small, small[..., :1]]), photometric="rgb", extrasamples=["assocalpha"]),
    }
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        for n in (1, 2, 3):
            writer.write(chart.pixels(20 * n, 30), photometric="rgb", contiguous=False, software=None, metadata=None)
    made["tiff-pages.tif"] = pages.getvalue()
    return made


@functools.lru_cache
def seeds(folder):
    """{name: content}. They are kept in `folder`, a Path, and made when this file has changed."""
    stamp = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    kept = folder / f"seeds-{stamp}"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            made, fresh = {**_by_tools(Path(work)), **_by_libraries()}, Path(tempfile.mkdtemp(dir=folder))
        for name, content in made.items():
            (fresh / name).write_bytes(content)
        try:
            fresh.rename(kept)
        except OSError:
            shutil.rmtree(fresh)  # somebody else has just made the same
    return {path.name: path.read_bytes() for path in sorted(kept.iterdir())}
