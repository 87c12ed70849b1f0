# SPDX-License-Identifier: Apache-2.0
"""A PDF of two pages written by hand: curves and polygons that stay sharp at every scale."""
import cmath
import colorsys
import math

SIDE = 2400  # points


def hilbert(order):
    """The corners of Hilbert's curve on a grid of 2**order, in order."""
    points = []
    for index in range(4 ** order):
        x = y = 0
        rest, step = index, 1
        while step < 2 ** order:
            right = 1 & (rest // 2)
            up = 1 & (rest ^ right)
            if up == 0:
                if right:
                    x, y = step - 1 - x, step - 1 - y
                x, y = y, x
            x, y = x + step * right, y + step * up
            rest //= 4
            step *= 2
        points.append((x, y))
    return points


def hilbert_page(order=7):
    margin = 150
    cell = (SIDE - 2 * margin) / (2 ** order - 1)
    points = [(margin + x * cell, margin + y * cell) for x, y in hilbert(order)]
    out = [f"0.067 0.086 0.149 rg 0 0 {SIDE} {SIDE} re f", f"{cell * 0.52:.2f} w 1 J 1 j"]
    run = 32
    for start in range(0, len(points) - 1, run):
        part = start / len(points)
        red, green, blue = colorsys.hls_to_rgb((0.52 + 0.62 * part) % 1, 0.62, 0.62)
        piece = points[start:start + run + 1]
        path = " ".join(f"{x:.2f} {y:.2f} {'m' if i == 0 else 'l'}" for i, (x, y) in enumerate(piece))
        out.append(f"{red:.3f} {green:.3f} {blue:.3f} RG {path} S")
    return "\n".join(out)


def penrose(generations):
    """Robinson's triangles (colour, a, b, c): deflated from a wheel of ten."""
    golden = (1 + math.sqrt(5)) / 2
    triangles = []
    for i in range(10):
        b = cmath.rect(1, (2 * i - 1) * math.pi / 10)
        c = cmath.rect(1, (2 * i + 1) * math.pi / 10)
        triangles.append((0, 0j, c, b) if i % 2 else (0, 0j, b, c))
    for _ in range(generations):
        smaller = []
        for colour, a, b, c in triangles:
            if colour == 0:
                p = a + (b - a) / golden
                smaller += [(0, c, p, b), (1, p, c, a)]
            else:
                q, r = b + (a - b) / golden, b + (c - b) / golden
                smaller += [(1, r, c, a), (1, q, r, b), (0, r, q, a)]
        triangles = smaller
    return triangles


def penrose_page(generations=7):
    scale, middle = SIDE * 0.46, SIDE / 2

    def at(z):
        return f"{middle + scale * z.real:.2f} {middle + scale * z.imag:.2f}"

    out = [f"0.976 0.965 0.933 rg 0 0 {SIDE} {SIDE} re f"]
    lines = []
    for colour, a, b, c in penrose(generations):
        away = abs((a + b + c) / 3)
        if colour == 0:
            tone = colorsys.hls_to_rgb(0.57 - 0.06 * away, 0.30 + 0.34 * away, 0.52)
        else:
            tone = colorsys.hls_to_rgb(0.085 + 0.03 * away, 0.58 + 0.22 * away, 0.72)
        # A stroke of the same colour closes the hair between the two halves of a rhombus.
        shade = " ".join(f"{part:.3f}" for part in tone)
        out.append(f"{shade} rg {shade} RG 0.6 w {at(a)} m {at(b)} l {at(c)} l b")
        lines.append(f"{at(c)} m {at(a)} l {at(b)} l S")
    return "\n".join([*out, "0.98 0.97 0.94 RG 2.4 w 1 j 1 J", *lines])


def pdf(pages):
    """The bytes of a PDF 1.4 file of square pages with these content streams."""
    import zlib
    objects = ["<< /Type /Catalog /Pages 2 0 R >>",
               f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{3 + 2 * i} 0 R' for i in range(len(pages)))}] >>"]
    bodies = [text.encode() for text in objects]
    for number, content in enumerate(pages):
        bodies.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {SIDE} {SIDE}] /Resources << >> "
                      f"/Contents {4 + 2 * number} 0 R >>".encode())
        packed = zlib.compress(content.encode(), 9)
        bodies.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    out, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    return out + f"trailer << /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()


def two_pages():
    return pdf([hilbert_page(), penrose_page()])
