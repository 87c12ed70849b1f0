# SPDX-License-Identifier: Apache-2.0
"""The table of requests: what is asked, and what every server has to say, by the checklist's ids.

Images: cases/6000x4000.tif (pyramid), cases/600x400.png, chart.png (1100x800), names/... (see data/make.py).
"""
from dataclasses import dataclass, field

from support.cluster import BASE

BIG = "cases%2F6000x4000.tif"
SMALL = "cases%2F600x400.png"
V3 = "/iiif/3/"
V2 = "/iiif/2/"
CONTEXT3 = "http://iiif.io/api/image/3/context.json"
LD3 = f'application/ld+json;profile="{CONTEXT3}"'
PROFILE3 = "http://iiif.io/api/image/3/level2.json"
PROFILE2 = "http://iiif.io/api/image/2/level2.json"


@dataclass
class Row:
    id: str
    target: str
    status: int = 200
    headers: dict = field(default_factory=dict)
    method: str = "GET"
    type: str = None          # Content-Type
    size: tuple = None        # of the decoded image
    canonical: str = None     # rel=canonical after the identifier
    expect: dict = field(default_factory=dict)   # header: value; None: must be absent
    says: str = None          # a word of the error sentence
    own: bool = False         # the server may refuse before us: in its own words; `status` may be a tuple
    vary: bool = False        # Vary: Accept is expected


def image(id, request, size, canonical=None, source=SMALL, prefix=V3, type="image/jpeg", **more):
    return Row(id, f"{prefix}{source}/{request}", size=size, canonical=canonical, type=type, **more)


def refused(id, request, status=400, source=SMALL, prefix=V3, **more):
    return Row(id, f"{prefix}{source}/{request}", status, **more)


def info(id, source=SMALL, prefix=V3, **more):
    return Row(id, f"{prefix}{source}/info.json", vary=True, **more)


URI = [
    image("IX-URI-01", "full/max/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-URI-01-v2", "full/full/0/default.jpg", (600, 400), "full/full/0/default.jpg", prefix=V2),
    refused("IX-URI-01-order", "max/full/0/default.jpg", says="region"),
    refused("IX-URI-01-order2", "full/0/max/default.jpg", says="size"),
    refused("IX-URI-01-order3", "full/max/default/0.jpg", says="rotation"),
    image("IX-URI-01-unversioned", "full/max/0/default.jpg", (600, 400), prefix="/iiif/"),
    info("IX-URI-02", type=LD3),
    info("IX-URI-02-v2", prefix=V2, type="application/json"),
    info("IX-URI-02-unversioned", prefix="/iiif/", type=LD3),
    Row("IX-URI-03", f"/iiif/3/{SMALL}", 303, expect={"Location": f"{BASE}/iiif/3/{SMALL}/info.json"}),
    Row("IX-URI-04-v2", f"/iiif/2/{SMALL}", 303, expect={"Location": f"{BASE}/iiif/2/{SMALL}/info.json"}),
    Row("IX-URI-04-unversioned", f"/iiif/{SMALL}", 303, expect={"Location": f"{BASE}/iiif/{SMALL}/info.json"}),
    Row("IX-URI-04-encoding-kept", "/iiif/3/cases%2f600%78400.png", 303,
        expect={"Location": f"{BASE}/iiif/3/cases%2f600%78400.png/info.json"}),
    Row("IX-URI-04-head", f"/iiif/3/{SMALL}", 303, method="HEAD",
        expect={"Location": f"{BASE}/iiif/3/{SMALL}/info.json"}),
    Row("IX-URI-04-unknown", "/iiif/3/nowhere.png", 404, says="nowhere"),
    Row("IX-URI-05-slash", f"/iiif/3/{SMALL}/", 404),
    Row("IX-URI-05-one-segment", f"/iiif/3/{SMALL}/full", 404),
    Row("IX-URI-05-two-segments", f"/iiif/3/{SMALL}/full/max", 404),
    Row("IX-URI-05-three-segments", f"/iiif/3/{SMALL}/full/max/0", 404),
    Row("IX-URI-05-six-segments", f"/iiif/3/{SMALL}/x/full/max/0/default.jpg", 404),
    Row("IX-URI-05-endpoint", "/iiif/", 404, says="identifier"),
    Row("IX-URI-05-version", "/iiif/3/", 404),
    Row("IX-URI-05-unescaped-unknown", "/iiif/3/a/b", 404),
    image("IX-URI-06", "full/max/0/default.jpg", (600, 400), prefix="/col/with%20space/3/"),
    image("IX-URI-06-hex-case", "full/max/0/default.jpg", (600, 400), prefix="/c%6Fl/with%20space/3/"),
    image("IX-URI-07-punctuation", "full/max/0/default.jpg", (32, 20), source="names%2F(1),~!*'.png"),
    image("IX-URI-07-space", "full/max/0/default.jpg", (21, 20), source="names%2Fwith%20space.png"),
    image("IX-URI-07-utf8", "full/max/0/default.jpg", (22, 20), source="names%2Fgr%C3%BC%C3%9Fe.png"),
    image("IX-URI-07-utf8-raw", "full/max/0/default.jpg", (22, 20), source="names%2Fgr\u00fc\u00dfe.png"),
    image("IX-URI-07-cjk", "full/max/0/default.jpg", (23, 20), source="names%2F%E6%97%A5%E6%9C%AC%E8%AA%9E.png"),
    image("IX-URI-07-plus", "full/max/0/default.jpg", (31, 20), source="names%2Fa+b&c=d.png"),
    image("IX-URI-07-brackets", "full/max/0/default.jpg", (33, 20), source="names%2F%5Bbrackets%5D.png"),
    image("IX-URI-07-backslash", "full/max/0/default.jpg", (34, 20), source="names%2Fback%5Cslash.png"),
    image("IX-URI-07-no-extension", "full/max/0/default.jpg", (27, 20), source="names%2Fnoextension"),
    image("IX-URI-08-ark", "full/max/0/default.jpg", (25, 20), source="ark:%2F12025%2F654xz321.png"),
    image("IX-URI-08-percent", "full/max/0/default.jpg", (28, 20), source="names%2F100%25.png"),
    image("IX-URI-08-reserved", "full/max/0/default.jpg", (29, 20), source="names%2Fquestion%3Fmark%23hash.png"),
    image("IX-URI-08-once", "full/max/0/default.jpg", (30, 20), source="names%2F%253Cescaped%253E.png"),
    Row("IX-URI-08-not-twice", "/iiif/3/names%2F%3Cescaped%3E.png/info.json", 404),
    Row("IX-URI-08-not-twice-slash", "/iiif/3/cases%252F600x400.png/info.json", 404),
    image("IX-URI-09-keyword", "%66ull/max/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-URI-09-comma", "0%2C0%2C10%2c10/max/0/default.jpg", (10, 10), "0,0,10,10/max/0/default.jpg"),
    image("IX-URI-09-colon", "pct%3a0,0,50,50/max/0/default.jpg", (300, 200), "0,0,300,200/max/0/default.jpg"),
    image("IX-URI-09-exclamation", "full/%21300,300/%2190/default.jpg", (200, 300), "full/300,200/!90/default.jpg"),
    image("IX-URI-09-identifier", "full/max/0/default.jpg", (600, 400), source="%63ases%2f600x400%2Epng"),
    image("IX-URI-09-version", "full/max/0/default.jpg", (600, 400), prefix="/iiif/%33/"),
    info("IX-URI-09-info", type=LD3, source=SMALL),
    Row("IX-URI-09-info-escaped", f"/iiif/3/{SMALL}/info%2Ejson", type=LD3, vary=True),
    image("IX-URI-10-raw", "full/^600,/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-URI-10-escaped", "full/%5E600,/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-URI-11-slash", "full/max/0/default.jpg", (600, 400), source="cases/600x400.png"),
    image("IX-URI-11-deep", "full/max/0/default.jpg", (24, 20), source="names/deep/er/folder/image.png"),
    image("IX-URI-11-ark", "full/max/0/default.jpg", (25, 20), source="ark:/12025/654xz321.png"),
    image("IX-URI-11-parameters-in-identifier", "full/max/0/default.jpg", (35, 20),
          source="names/full/max/0/default.jpg"),
    info("IX-URI-11-info", source="cases/600x400.png", type=LD3),
    Row("IX-URI-11-base", "/iiif/3/cases/600x400.png", 303,
        expect={"Location": f"{BASE}/iiif/3/cases/600x400.png/info.json"}),
    Row("IX-URI-11-base-deep", "/iiif/3/names/deep/er/folder/image.png", 303,
        expect={"Location": f"{BASE}/iiif/3/names/deep/er/folder/image.png/info.json"}),
    Row("IX-URI-11-unknown", "/iiif/3/names/unknown/info.json", 404),
    image("IX-URI-14", "full/max/0/default.jpg?x=1&download", (600, 400), "full/max/0/default.jpg"),
    Row("IX-URI-14-info", f"/iiif/3/{SMALL}/info.json?x=/full/max/0/default.jpg", type=LD3, vary=True),
    refused("IX-URI-15-region", "FULL/max/0/default.jpg"),
    refused("IX-URI-15-size", "full/MAX/0/default.jpg"),
    refused("IX-URI-15-quality", "full/max/0/Default.jpg"),
    refused("IX-URI-15-format", "full/max/0/default.JPG"),
    refused("IX-URI-15-info", "INFO.JSON", 404),
]

# IX-URI-13: whatever is tried, status 400, 403 or 404 and never a byte of what lies outside. Own words allowed.
TRAVERSAL = [
    "..%2Foutside%2Fsecret.png",
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e%2foutside%2fsecret.png",
    "%2E%2E/outside/secret.png",
    "../outside/secret.png",
    "../../outside/secret.png",
    "names/../../outside/secret.png",
    "names%2F..%2F..%2Foutside%2Fsecret.png",
    "..%5Coutside%5Csecret.png",
    "..%252Foutside%252Fsecret.png",
    "%2Fetc%2Fpasswd",
    "/etc/passwd",
    "%2F%2Fetc%2Fpasswd",
    "chart.png%00.jpg",
    "%00",
    "..",
    ".",
    "%2e",
    "%2E%2E",
    "./chart.png",
    "names%2F.%2Fplain.png",
    "names%2F%2Fplain.png",
    "names//plain.png",
    ".hidden.png",
    "%2Ehidden.png",
    "links%2Foutside.png",
    "links%2Foutside%2Fsecret.png",
    "links%2Fabsolute.png",
    "links%2Floop.png",
    "links%2Fdangling.png",
    "%C0%AE%C0%AE%2Foutside%2Fsecret.png",
    "file:%2F%2F%2Fetc%2Fpasswd",
    "http:%2F%2F127.0.0.1%2Fx.png",
    "chart.png%0A",
    "chart.png%0D%0AX-Evil:%201",
    "chart.png[page=0]",
    "chart.png%5Bpage=0%5D",
    "A" * 1100,
    "%E2%80%AE",
    "names",
    "names%2F",
    "broken%2Ffolder.png",
    "broken%2Ffifo.png",
    "~root",
    "C:%5Cwindows",
    "chart.png%2F",
    "chart.png%2F.",
     ]

REGION = [
    image("IX-REG-02", "square/max/0/default.jpg", (400, 400), "100,0,400,400/max/0/default.jpg"),
    image("IX-REG-03", "125,15,120,140/max/0/default.jpg", (120, 140), "125,15,120,140/max/0/default.jpg"),
    image("IX-REG-04", "pct:25,25,50,50/max/0/default.jpg", (300, 200), "150,100,300,200/max/0/default.jpg"),
    image("IX-REG-05", "500,300,200,200/max/0/default.jpg", (100, 100), "500,300,100,100/max/0/default.jpg"),
    image("IX-REG-05-whole", "0,0,700,700/max/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    refused("IX-REG-06", "0,0,0,10/max/0/default.jpg", says="region"),
    refused("IX-REG-06-pct", "pct:0,0,0,10/max/0/default.jpg"),
    refused("IX-REG-07", "600,0,1,1/max/0/default.jpg"),
    refused("IX-REG-07-pct", "pct:100,0,1,1/max/0/default.jpg"),
    image("IX-REG-08", "599,0,99999999999999999999999,1/max/0/default.jpg", (1, 1), "599,0,1,1/max/0/default.jpg"),
    refused("IX-REG-09", "1,2,3/max/0/default.jpg", says="1,2,3"),
    refused("I3-NUM-01", "-1,0,10,10/max/0/default.jpg"),
    refused("I3-NUM-01-float", "1.5,0,10,10/max/0/default.jpg"),
    refused("I3-NUM-02", "full/pct:1e1/0/default.jpg"),
]

SIZE = [
    image("I3-SIZE-01-limits", "full/max/0/default.jpg", (387, 258), "full/max/0/default.jpg", prefix="/area/3/"),
    image("I3-SIZE-02", "full/^max/0/default.jpg", (2000, 1333), "full/^max/0/default.jpg", prefix="/up/3/"),
    image("I3-SIZE-03", "full/300,/0/default.jpg", (300, 200), "full/300,200/0/default.jpg"),
    image("I3-SIZE-04", "full/,200/0/default.jpg", (300, 200), "full/300,200/0/default.jpg"),
    image("I3-SIZE-05", "full/pct:50/0/default.jpg", (300, 200), "full/300,200/0/default.jpg"),
    image("I3-SIZE-06", "full/100,100/0/default.jpg", (100, 100), "full/100,100/0/default.jpg"),
    image("I3-SIZE-07", "full/!300,300/0/default.jpg", (300, 200), "full/300,200/0/default.jpg"),
    image("I3-SIZE-07-larger", "full/!7000,7000/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("I3-SIZE-07-limits", "full/!7000,7000/0/default.jpg", (500, 333), "full/max/0/default.jpg",
          prefix="/width/3/"),
    image("I3-SIZE-08", "full/^900,/0/default.jpg", (900, 600), "full/^900,600/0/default.jpg", prefix="/up/3/"),
    image("I3-SIZE-09", "full/^!99999,99999/0/default.jpg", (2000, 1333), "full/^max/0/default.jpg", prefix="/up/3/"),
    refused("I3-SIZE-10", "full/601,/0/default.jpg", says="601"),
    refused("I3-SIZE-10-upscaling", "full/601,/0/default.jpg", prefix="/up/3/", says="^"),
    refused("I3-SIZE-11", "full/^601,/0/default.jpg", 501),
    image("I3-SIZE-12", "full/^300,/0/default.jpg", (300, 200), "full/300,200/0/default.jpg"),
    refused("I3-SIZE-13", "full/100/0/default.jpg", says="size"),
    refused("I3-SIZE-14", "full/0,/0/default.jpg"),
    refused("I3-SIZE-15", "full/501,/0/default.jpg", prefix="/width/3/", says="500"),
    refused("I3-SIZE-15-upscaling", "full/^2001,/0/default.jpg", prefix="/up/3/", says="2000"),
    refused("I3-SIZE-16", "full/full/0/default.jpg", says="max"),
    image("I3-SIZE-20", "full/max/90/default.jpg", (258, 387), "full/max/90/default.jpg", prefix="/area/3/"),
    image("I2-SIZE-01", "full/full/0/default.jpg", (600, 400), "full/full/0/default.jpg", prefix=V2),
    image("I2-SIZE-02", "full/max/0/default.jpg", (600, 400), "full/full/0/default.jpg", prefix=V2),
    image("I2-SIZE-02-limits", "full/max/0/default.jpg", (500, 333), "full/500,/0/default.jpg", prefix="/width/2/"),
    image("I2-SIZE-03", "full/300,/0/default.jpg", (300, 200), "full/300,/0/default.jpg", prefix=V2),
    image("I2-SIZE-03-h", "full/,200/0/default.jpg", (300, 200), "full/300,/0/default.jpg", prefix=V2),
    image("I2-SIZE-04", "full/pct:50/0/default.jpg", (300, 200), "full/300,/0/default.jpg", prefix=V2),
    image("I2-SIZE-05", "full/100,100/0/default.jpg", (100, 100), "full/100,100/0/default.jpg", prefix=V2),
    image("I2-SIZE-06", "full/!300,300/0/default.jpg", (300, 200), "full/300,/0/default.jpg", prefix=V2),
    refused("I2-SIZE-07", "full/pct:0/0/default.jpg", prefix=V2),
    refused("I2-SIZE-08", "full/601,/0/default.jpg", prefix=V2),
    image("I2-SIZE-08-above-full", "full/900,/0/default.jpg", (900, 600), "full/900,/0/default.jpg", prefix="/up/2/"),
    image("I2-SIZE-09", "full/!7000,7000/0/default.jpg", (600, 400), "full/full/0/default.jpg", prefix=V2),
    refused("I2-SIZE-10", "full/^max/0/default.jpg", prefix=V2),
    refused("I2-SIZE-13", "full/501,/0/default.jpg", prefix="/width/2/"),
]

ROTATION = [
    image("IX-ROT-02-90", "full/max/90/default.jpg", (400, 600), "full/max/90/default.jpg"),
    image("IX-ROT-02-180", "full/max/180/default.jpg", (600, 400), "full/max/180/default.jpg"),
    image("IX-ROT-02-270", "full/max/270/default.jpg", (400, 600), "full/max/270/default.jpg"),
    image("IX-ROT-03", "full/max/22.5/default.jpg", (707, 599), "full/max/22.5/default.jpg"),
    image("IX-ROT-03-360", "full/max/360/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-ROT-04", "full/max/!90/default.jpg", (400, 600), "full/max/!90/default.jpg"),
    refused("IX-ROT-05", "full/max/361/default.jpg", says="361"),
    refused("IX-ROT-05-negative", "full/max/-90/default.jpg"),
    refused("IX-ROT-05-word", "full/max/north/default.jpg", says="rotation"),
    image("I3-ROT-08-zeros", "full/max/90.0/default.jpg", (400, 600), "full/max/90/default.jpg"),
    image("I3-ROT-08-fraction", "full/max/22.50/default.jpg", (707, 599), "full/max/22.5/default.jpg"),
    image("I3-ROT-08-zero", "full/max/.0/default.jpg", (600, 400), "full/max/0/default.jpg"),
    image("I2-ROT-08", "full/full/!360/default.jpg", (600, 400), "full/full/!0/default.jpg", prefix=V2),
]

QUALITY_AND_FORMAT = [
    image("IX-QUAL-02-color", "full/max/0/color.jpg", (600, 400), "full/max/0/default.jpg"),
    image("IX-QUAL-02-gray", "full/max/0/gray.jpg", (600, 400), "full/max/0/gray.jpg"),
    image("I2-QUAL-03", "full/full/0/bitonal.png", (600, 400), "full/full/0/bitonal.png", prefix=V2, type="image/png"),
    image("I3-QUAL-05", "full/max/0/color.jpg", (600, 400), source="cases%2Fgray-600x400.png"),
    refused("IX-QUAL-08", "full/max/0/grey.jpg", says="gray"),
    refused("IX-QUAL-08-native", "full/full/0/native.jpg", prefix=V2),
    refused("IX-QUAL-08-not-offered", "full/max/0/bitonal.jpg", prefix="/described/3/", says="gray"),
    refused("IX-QUAL-08-not-offered-v2", "full/max/0/bitonal.png", prefix="/described/2/"),
    image("IX-FMT-02", "full/300,/0/default.png", (300, 200), "full/300,200/0/default.png", type="image/png"),
    image("IX-FMT-03-webp", "full/300,/0/default.webp", (300, 200), type="image/webp"),
    image("IX-FMT-03-gif", "full/300,/0/default.gif", (300, 200), type="image/gif"),
    image("IX-FMT-03-tif", "full/300,/0/default.tif", (300, 200), type="image/tiff"),
    image("IX-FMT-03-jp2", "full/300,/0/default.jp2", (300, 200), type="image/jp2"),
    Row("IX-FMT-03-avif", f"{V3}{SMALL}/full/300,/0/default.avif", type="image/avif"),
    Row("IX-FMT-03-pdf", f"{V3}{SMALL}/full/300,/0/default.pdf", type="application/pdf"),
    refused("IX-FMT-04", "full/max/0/default.jpeg", says="jpg"),
    refused("IX-FMT-04-bmp", "full/max/0/default.bmp"),
    refused("IX-FMT-04-not-offered", "full/max/0/default.gif", prefix="/described/3/", says="webp"),
    refused("IX-FMT-05", "full/max/0/default"),
    refused("IX-FMT-05-dot", "full/max/0/default."),
    refused("IX-FMT-05-only", "full/max/0/.jpg"),
    image("IX-ORD-01", "125,15,120,140/90,/!345/gray.jpg", (114, 125), "125,15,120,140/90,105/!345/gray.jpg",
          source="cases%2F300x200.png"),
    image("I3-CAN-03-square", "square/max/0/default.jpg", (1000, 1000), "full/max/0/default.jpg",
          source="cases%2F1000x1000.png"),
    image("I3-CAN-03-pct", "pct:0,0,100,100/max/0/default.jpg", (600, 400), "full/max/0/default.jpg"),
]

CANONICAL_BASE = [
    Row("IX-CAN-06-path", f"/described/3/{SMALL}/full/30,/0/default.jpg", expect={
        "Link": f'<{PROFILE3}>;rel="profile", '
                f'<https://images.example.org/collection/3/{SMALL}/full/30,20/0/default.jpg>;rel="canonical"'}),
    Row("IX-CAN-06-authority", f"/rewritten/2/{SMALL}/full/30,/0/default.jpg", expect={
        "Link": f'<{PROFILE2}>;rel="profile", '
                f'<https://proxy.example.org/rewritten/2/{SMALL}/full/30,/0/default.jpg>;rel="canonical"'}),
    Row("IX-CAN-06-redirect", f"/described/3/{SMALL}", 303,
        expect={"Location": f"https://images.example.org/collection/3/{SMALL}/info.json"}),
    Row("IX-CAN-07", f"{V3}{SMALL}/full/30,/0/default.jpg", expect={
        "Link": f'<{PROFILE3}>;rel="profile", <{BASE}/iiif/3/{SMALL}/full/30,20/0/default.jpg>;rel="canonical"'}),
    Row("IX-HTTP-12-info", f"{V3}{SMALL}/info.json", vary=True, expect={"Link": f'<{PROFILE3}>;rel="profile"'}),
    Row("IX-HTTP-12-info2", f"{V2}{SMALL}/info.json", vary=True, expect={"Link": f'<{PROFILE2}>;rel="profile"'}),
]


def accept(id, value, type, prefix=V3):
    return info(id, prefix=prefix, headers={"Accept": value}, type=type)


NEGOTIATION = [
    info("I3-INFO-26", type=LD3),
    accept("I3-INFO-25-any", "*/*", LD3),
    accept("I3-INFO-25-ld", "application/ld+json", LD3),
    accept("I3-INFO-25-ld-profile", LD3, LD3),
    accept("I3-INFO-25-ld-charset", "application/ld+json; charset=utf-8", LD3),
    accept("I3-INFO-27", "application/json", "application/json"),
    accept("I3-INFO-25-html", "text/html", LD3),
    accept("I3-INFO-25-q-json", "application/ld+json;q=0.5, application/json", "application/json"),
    accept("I3-INFO-25-q-ld", "application/json;q=0.5, application/ld+json;q=0.9", LD3),
    accept("I3-INFO-25-tie", "application/json, application/ld+json", LD3),
    accept("I3-INFO-25-json-first-any", "application/json, */*;q=0.1", "application/json"),
    accept("I3-INFO-25-zero", "application/ld+json;q=0, application/json", "application/json"),
    accept("I3-INFO-25-case", "Application/JSON", "application/json"),
    accept("I3-INFO-25-nonsense", ";;,,=q", LD3),
    info("I2-INFO-12", prefix=V2, type="application/json"),
    accept("I2-INFO-12-any", "*/*", "application/json", V2),
    accept("I2-INFO-12-ld", "application/ld+json", "application/ld+json", V2),
    accept("I2-INFO-12-json", "application/json", "application/json", V2),
    accept("I2-INFO-12-html", "text/html", "application/json", V2),
    accept("I2-INFO-12-q", "application/json;q=0.5, application/ld+json", "application/ld+json", V2),
    Row("IX-FMT-05-accept", f"{V3}{SMALL}/full/30,/0/default.jpg", headers={"Accept": "image/png"}, type="image/jpeg"),
]

PREFLIGHT = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "authorization, x-custom"}
HTTP = [
    Row("I3-HTTP-02-image", f"{V3}{SMALL}/full/30,/0/default.jpg", method="HEAD", type="image/jpeg"),
    Row("I3-HTTP-02-info", f"{V3}{SMALL}/info.json", method="HEAD", type=LD3, vary=True),
    Row("I3-HTTP-02-404", "/iiif/3/nowhere/info.json", 404, method="HEAD"),
    Row("I3-HTTP-02-400", f"{V3}{SMALL}/foo/max/0/default.jpg", 400, method="HEAD"),
    Row("I3-HTTP-02-geometry", f"{V3}{SMALL}/full/601,/0/default.jpg", 400, method="HEAD"),
    Row("I3-HTTP-03", f"{V3}{SMALL}/info.json", 204, PREFLIGHT, "OPTIONS",
        expect={"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Location": None}),
    Row("I3-HTTP-03-image", f"{V3}{SMALL}/full/max/0/default.jpg", 204, PREFLIGHT, "OPTIONS"),
    Row("I3-HTTP-03-base", f"{V3}{SMALL}", 204, PREFLIGHT, "OPTIONS", expect={"Location": None}),
    Row("I3-HTTP-03-plain", f"{V3}{SMALL}/info.json", 204, {}, "OPTIONS", expect={"Allow": "GET, HEAD, OPTIONS"}),
    Row("I3-HTTP-04", f"{V3}{SMALL}/info.json", headers={"Origin": "https://viewer.example"}, vary=True),
    Row("IX-HTTP-15-post", f"{V3}{SMALL}/info.json", 405, {}, "POST", expect={"Allow": "GET, HEAD, OPTIONS"}),
    Row("IX-HTTP-15-put", f"{V3}{SMALL}/full/max/0/default.jpg", 405, {}, "PUT",
        expect={"Allow": "GET, HEAD, OPTIONS"}),
    Row("IX-HTTP-15-delete", f"{V3}{SMALL}", 405, {}, "DELETE", expect={"Allow": "GET, HEAD, OPTIONS"}),
    Row("IX-HTTP-15-unknown", "/iiif/3/nowhere", 405, {}, "PATCH", expect={"Allow": "GET, HEAD, OPTIONS"}),
    Row("IX-HTTP-09-404", "/iiif/3/nowhere/full/max/0/default.jpg", 404, says="nowhere"),
    Row("IX-HTTP-09-escape", f"{V3}{SMALL}/full/max/0/default.jpg%zz", 400, own=True),
    Row("IX-HTTP-09-version", f"/only2/3/{SMALL}/info.json", 404),
    Row("IX-HTTP-14", f"{V3}{SMALL}/0,0,60,40/30,/0/default.jpg",
        expect={"Content-Disposition": 'inline; filename="cases_600x400.png_0,0,60,40_30,_0_default.jpg"'}),
    Row("IX-HTTP-14-evil", "/iiif/3/names%2Fquestion%3Fmark%23hash.png/full/max/0/default.jpg",
        expect={"Content-Disposition": 'inline; filename="names_question_mark_hash.png_full_max_0_default.jpg"'}),
    Row("IX-HTTP-08", f"{V3}{SMALL}/full/30,/0/default.jpg", expect={"Cache-Control": "max-age=86400", "Vary": None}),
    Row("IX-HTTP-08-max-age", f"/described/3/{SMALL}/full/30,/0/default.jpg", expect={"Cache-Control": "max-age=600"}),
    Row("IX-HTTP-08-none", f"/uncached/3/{SMALL}/full/30,/0/default.jpg", expect={"Cache-Control": "no-cache"}),
    Row("IX-HTTP-08-error", "/iiif/3/nowhere/info.json", 404, expect={"Cache-Control": "no-cache", "ETag": None}),
    image("VERSIONS-only2", "full/full/0/default.jpg", (600, 400), prefix="/only2/"),
    image("VERSIONS-only2-named", "full/full/0/default.jpg", (600, 400), prefix="/only2/2/"),
    image("VERSIONS-only3", "full/max/0/default.jpg", (600, 400), prefix="/only3/"),
    refused("VERSIONS-only3-full", "full/full/0/default.jpg", prefix="/only3/"),
    image("VERSIONS-legacy", "full/full/0/default.jpg", (600, 400), prefix="/legacy/"),
    info("VERSIONS-legacy-info", prefix="/legacy/", type="application/json"),
]

ROWS = [*URI, *REGION, *SIZE, *ROTATION, *QUALITY_AND_FORMAT, *CANONICAL_BASE, *NEGOTIATION, *HTTP]
assert len({row.id for row in ROWS}) == len(ROWS), "each row has an id of its own"
