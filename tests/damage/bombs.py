# SPDX-License-Identifier: Apache-2.0
"""Small files that are well-formed, or nearly so, and decode to something enormous. In every codec."""
import functools
import struct
import zlib

from .edits import Damage

SIDE = 60000
WIDE = 61440  # of TIFF: lines end with a whole number of runs, and of tiles
# A piece of zeros, compressed so that it can be repeated; of what such pieces make, only the sums have to be known.
PIECE = 1 << 20


def deflated_zeros(length):
    """A zlib stream of so many zeros, without making them."""
    pieces, rest = divmod(length, PIECE)
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = maker.compress(bytes(PIECE)) + maker.flush(zlib.Z_FULL_FLUSH)
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = maker.compress(bytes(rest)) + maker.flush()
    adler = (length % 65521) << 16 | 1  # RFC 1950: of zeros, the one sum stays 1 and the other counts
    return b"\x78\xda" + head * pieces + tail + adler.to_bytes(4, "big")


def lzw_zeros(length):
    """TIFF 6.0, section 13. Between two Clears each code is the one that it makes, a zero longer each time."""
    bits, count, made = 0, 0, 0
    for code in (0, *range(258, 4094), 256) * 8:  # eight times ends with a byte
        width = 12 if code == 256 else 9 if code < 511 else 10 if code < 1023 else 11 if code < 2047 else 12
        bits, count = bits << width | code, count + width
        made += 0 if code == 256 else 1 if code == 0 else code - 256
    clears = sum(256 << 9 * n for n in range(8)).to_bytes(9, "big")  # as many, for the same reason
    return clears + bits.to_bytes(count // 8, "big") * -(-length // made)


def zstd_zeros(length):
    """RFC 8878: a frame of blocks that say one byte and how often."""
    most = 1 << 17
    blocks, rest = divmod(length, most)
    out = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x38"  # without a content size; a window of 128 KiB
    one = (most << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    return out + one * blocks + (rest << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"


def packbits_zeros(length):
    """TIFF 6.0, section 9: 128 of them at a time."""
    return b"\x81\0" * -(-length // 128)


def tiff(width, height, compression, block, *, tile=None, rows=None, bits=8, samples=3, photometric=2, more=(),
         blocks=1):
    """BigTIFF, little-endian, whose blocks are all the same piece of the file."""
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * samples), (259, 3, [compression]),
               (262, 3, [photometric]), (277, 3, [samples]), *more]
    at = 16
    offsets, lengths = [at] * blocks, [len(block)] * blocks
    if tile:
        entries += [(322, 4, [tile[0]]), (323, 4, [tile[1]]), (324, 16, offsets), (325, 4, lengths)]
    else:
        entries += [(273, 16, offsets), (278, 4, [rows or height]), (279, 4, lengths)]
    out = bytearray(b"II\x2b\0\x08\0\0\0" + bytes(8) + block + bytes(-len(block) % 8))
    written = []
    for tag, kind, values in sorted(entries):
        packed = struct.pack("<" + {3: "H", 4: "I", 16: "Q"}[kind] * len(values), *values)
        if len(packed) > 8:
            place = len(out)
            out += packed + bytes(-len(packed) % 8)
            packed = place.to_bytes(8, "little")
        written.append(struct.pack("<HHQ", tag, kind, len(values)) + packed.ljust(8, b"\0"))
    out[8:16] = len(out).to_bytes(8, "little")
    return bytes(out) + struct.pack("<Q", len(written)) + b"".join(written) + bytes(8)


def png(width, height, bits, colour, interlaced=False):
    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    samples = {0: 1, 2: 3, 6: 4}[colour]
    length = height * (1 + -(-width * bits * samples // 8))
    # Interlaced images have a few bytes more, for the lines of their passes; what lacks is not what is looked for.
    body = deflated_zeros(length + (height if interlaced else 0))
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def webp(side=16384):
    """VP8L (RFC 9649): every prefix code has one symbol, so that pixels take no bits at all."""
    fields = [(0x2F, 8), (side - 1, 14), (side - 1, 14), (0, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
    fields += [(1, 1), (0, 1), (0, 1), (0, 1)] * 5
    bits, count = 0, 0
    for value, width in fields:
        bits, count = bits | value << count, count + width
    body = bits.to_bytes(-(-count // 8), "little").ljust(32, b"\0")
    return b"RIFF" + (12 + len(body)).to_bytes(4, "little") + b"WEBPVP8L" + len(body).to_bytes(4, "little") + body


def gif(frames=1, side=65535):
    """GIF 89a, appendix F. Codes of which each stands for one pixel more than the one before, while there are any."""
    bits, count, width = 0, 0, 3
    # Clear, a pixel, and then each code is the one that it makes. Bits grow when the next one would not fit.
    for n, code in enumerate([4, 0, *range(6, 4096)]):
        bits, count = bits | code << count, count + width
        if n > 1 and code + 1 >= 1 << width and width < 12:
            width += 1
    stream = bits.to_bytes(-(-count // 8), "little") * 40
    blocks = b"".join(bytes([len(stream[at:at + 255])]) + stream[at:at + 255] for at in range(0, len(stream), 255))
    size = side.to_bytes(2, "little")
    frame = b"," + bytes(4) + size * 2 + b"\0" + b"\2" + blocks + b"\0"
    return b"GIF89a" + size * 2 + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + frame * frames + b";"


def pdf(box, content=b"0 0 m 9 9 l S", objects=b"", resources=b"<< >>"):
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [" + box + b"] /Contents 4 0 R /Resources " + resources + b" >>",
             b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream", *([objects] if objects else [])]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + b"".join(b"%010d 00000 n \n" % at for at in places)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)


def pdf_image(side):
    """A page of usual size with an image that is not."""
    body = deflated_zeros(side * side * 3)
    image = (b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceRGB "
             b"/Filter /FlateDecode /Length %d >>\nstream\n" % (side, side, len(body)) + body + b"\nendstream")
    return pdf(b"0 0 600 800", b"600 0 0 800 0 0 cm /I Do", image, b"<< /XObject << /I 5 0 R >> >>")


def jpeg_sized(good, width, height):
    """The frame of a good JPEG says another size; its codes end soon."""
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        at = good.find(marker)
        if at >= 0:
            return good[:at + 5] + struct.pack(">HH", height, width) + good[at + 9:]
    raise ValueError("no frame")


def jpeg_scans(good, width, height, times):
    """Progressive: the same last scan again and again, each of which passes over all of the picture."""
    sized = jpeg_sized(good, width, height)
    last = sized.rindex(b"\xff\xda")
    return sized[:last] + sized[last:-2] * times + b"\xff\xd9"


def bombs(seeds):
    made = {}

    def bomb(name, make, *arguments, **named):
        made[name] = functools.partial(make, *arguments, **named)

    line = WIDE * 3
    for codec, number, packer in (("lzw", 5, lzw_zeros), ("deflate", 8, deflated_zeros), ("zstd", 50000, zstd_zeros),
                                  ("packbits", 32773, packbits_zeros)):
        # PackBits only makes a 64th of its data.
        tall = 2000 if codec == "packbits" else WIDE
        bomb(f"bomb-tiff-{codec}--one-strip.tif", tiff, WIDE, tall, number, packer(line * min(tall, 4000)))
        bomb(f"bomb-tiff-{codec}--strips-of-2000-lines-all-the-same.tif", tiff, WIDE, WIDE, number, packer(line * 2000),
             rows=2000, blocks=31)
        bomb(f"bomb-tiff-{codec}--tiles-of-8192-all-the-same.tif", tiff, WIDE, WIDE, number, packer(8192 * 8192 * 3),
             tile=(8192, 8192), blocks=64)
        bomb(f"bomb-tiff-{codec}--tiles-of-256-all-the-same.tif", tiff, WIDE, WIDE, number, packer(256 * 256 * 3),
             tile=(256, 256), blocks=240 * 240)
        bomb(f"bomb-tiff-{codec}--samples-of-64-bits.tif", tiff, 20000, 20000, number, packer(20000 * 8 * 2000),
             bits=64, samples=1, photometric=1, rows=20000, more=[(339, 3, [3])])
        bomb(f"bomb-tiff-{codec}--sixty-samples.tif", tiff, 20000, 20000, number, packer(20000 * 60 * 100), samples=60,
             photometric=1, rows=20000)
    bomb("bomb-tiff-group4--white.tif", tiff, WIDE, WIDE, 4, b"\xff" * (WIDE // 8 + 1), bits=1, samples=1,
         photometric=0)
    bomb("bomb-tiff-none--strips-all-the-same.tif", tiff, WIDE, WIDE, 1, bytes(line * 4), rows=4, blocks=WIDE // 4)
    bomb("bomb-tiff-none--two-billion-a-side.tif", tiff, (1 << 31) - 1, (1 << 31) - 1, 1, bytes(64), rows=1)
    bomb("bomb-tiff-none--a-line-of-two-billion.tif", tiff, (1 << 31) - 1, 1, 1, bytes(64))
    bomb("bomb-tiff-none--a-column-of-two-billion.tif", tiff, 1, (1 << 31) - 1, 1, bytes(64))
    for kind in ("deflate", "lzw"):
        number, packer = {"deflate": (8, deflated_zeros), "lzw": (5, lzw_zeros)}[kind]
        bomb(f"bomb-tiff-{kind}--a-column-of-a-billion-in-tiles.tif", tiff, 16, 1 << 30, number, packer(16 * 16 * 3),
             tile=(16, 1 << 20), blocks=1 << 10)
    jpeg = seeds["jpeg-baseline.jpg"]
    progressive = seeds["jpeg-progressive.jpg"]
    bomb("bomb-tiff-jpeg--tile-of-65000.tif", tiff, WIDE, WIDE, 7, jpeg_sized(jpeg, 65472, 65472), tile=(65472, 65472),
         photometric=6)
    bomb("bomb-tiff-jpeg--strip-of-65000.tif", tiff, 65000, 65000, 7, jpeg_sized(jpeg, 65000, 65000), photometric=6)
    bomb("bomb-tiff-jpeg--progressive-tile-of-16384.tif", tiff, 16384, 16384, 7, jpeg_sized(progressive, 16384, 16384),
         tile=(16384, 16384), photometric=6)
    bomb("bomb-tiff-webp--tile-of-16384.tif", tiff, WIDE, WIDE, 50001, webp(16384), tile=(16384, 16384), blocks=16)
    for name, good in (("baseline", jpeg), ("progressive", progressive), ("gray", seeds["jpeg-gray.jpg"]),
                       ("cmyk", seeds["jpeg-cmyk.jpg"])):
        bomb(f"bomb-jpeg-{name}--65000-a-side.jpg", jpeg_sized, good, 65000, 65000)
        bomb(f"bomb-jpeg-{name}--12000-a-side.jpg", jpeg_sized, good, 12000, 12000)
    bomb("bomb-jpeg-progressive--a-thousand-scans.jpg", jpeg_scans, progressive, 12000, 12000, 1000)
    for bits, colour, name in ((1, 0, "bilevel"), (8, 0, "gray"), (8, 2, "rgb"), (16, 6, "rgba-16bit")):
        bomb(f"bomb-png-{name}--60000-a-side.png", png, SIDE, SIDE, bits, colour)
        bomb(f"bomb-png-{name}--10000-a-side.png", png, 10000, 10000, bits, colour)
    bomb("bomb-png-interlaced--10000-a-side.png", png, 10000, 10000, 8, 2, True)
    bomb("bomb-png-interlaced--60000-a-side.png", png, SIDE, SIDE, 8, 2, True)
    bomb("bomb-webp--16384-a-side.webp", webp)
    bomb("bomb-gif--65535-a-side.gif", gif)
    bomb("bomb-gif--12000-a-side-20-frames.gif", gif, 20, 12000)
    for box in (b"0 0 14400 14400", b"0 0 200000 200000", b"0 0 1000000000 1000000000", b"0 0 1 100000000"):
        bomb(f"bomb-pdf--page-of-{box.decode().replace(' ', '_')}.pdf", pdf, box)
    bomb("bomb-pdf--image-of-20000.pdf", pdf_image, 20000)
    bomb("bomb-pdf--a-million-lines.pdf", pdf, b"0 0 600 800", b"0 0 m 600 800 l S\n" * 1_000_000)
    return [Damage(name, make) for name, make in made.items()]
