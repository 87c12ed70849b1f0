# SPDX-License-Identifier: Apache-2.0
"""Another institution: documents of Presentation API 3.0 and 2.1 behind HTTP, right ones and wrong ones."""
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CC_BY = "http://creativecommons.org/licenses/by/4.0/"
IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"


def service(base, version=3, level=2):
    if version == 3:
        return {"id": base, "type": "ImageService3", "profile": f"level{level}"}
    return {"@context": "http://iiif.io/api/image/2/context.json", "@id": base,
            "profile": f"http://iiif.io/api/image/2/level{level}.json"}


def canvas_3(base, number, size=(3000, 4000), **more):
    """With a service of either version, as servers have it that offer both."""
    width, height = size
    name = f"{base}/canvas/{number}"
    image = f"{base}/image/{number}"
    old = service(image + "/2", 2)
    old["@type"] = "ImageService2"
    del old["@context"]
    return {"id": name, "type": "Canvas", "label": {"en": [f"Folio {number}"]}, "height": height, "width": width,
            "metadata": [{"label": {"en": ["Hand"]}, "value": {"none": ["A"]}}], **more,
            "items": [{"id": name + "/page", "type": "AnnotationPage", "items": [
                {"id": name + "/annotation", "type": "Annotation", "motivation": "painting",
                 "body": {"id": f"{image}/full/max/0/default.jpg", "type": "Image", "format": "image/jpeg",
                          "height": height, "width": width, "service": [service(image), old]},
                 "target": name}]}]}


def manifest_3(base, canvases=3, **more):
    return {"@context": "http://iiif.io/api/presentation/3/context.json", "id": base + "/manifest.json",
            "type": "Manifest", "label": {"en": ["Their book"], "cy": ["Eu llyfr"]},
            "requiredStatement": {"label": {"en": ["Held by"]}, "value": {"en": ["The Other Library"]}},
            "rights": CC_BY, "navDate": "1890-01-01T00:00:00Z",
            "provider": [{"id": "https://other.example/", "type": "Agent", "label": {"en": ["The Other Library"]},
                          "homepage": [{"id": "https://other.example/", "type": "Text", "label": {"en": ["Home"]},
                                        "format": "text/html"}],
                          "logo": [{"id": "https://other.example/logo.png", "type": "Image", "format": "image/png"}]}],
            **more, "items": [canvas_3(base, number) for number in range(1, canvases + 1)]}


def canvas_2(base, number, size=(1200, 800)):
    """Of two images, the second of them a choice, onto a part of it."""
    width, height = size
    name = f"{base}/canvas/{number}"

    def picture(which):
        image = f"{base}/image/{which}"
        return {"@id": f"{image}/full/full/0/default.jpg", "@type": "dctypes:Image", "format": "image/jpeg",
                "height": height, "width": width, "service": service(image, 2, 1)}

    return {"@id": name, "@type": "sc:Canvas", "label": f"p. {number}", "height": height, "width": width,
            "images": [{"@id": name + "/a", "@type": "oa:Annotation", "motivation": "sc:painting",
                        "resource": picture(number), "on": name},
                       {"@type": "oa:Annotation", "motivation": "sc:painting", "on": name + "#xywh=10,20,300,200",
                        "resource": {"@type": "oa:Choice", "default": picture(f"{number}-uv"),
                                     "item": [picture(f"{number}-ir")]}}]}


def manifest_2(base, canvases=2, **more):
    return {"@context": "http://iiif.io/api/presentation/2/context.json", "@id": base + "/manifest.json",
            "@type": "sc:Manifest", "label": [{"@value": "Altes Buch", "@language": "de"}, {"@value": "Old book",
                                                                                           "@language": "en"}],
            "attribution": "Example Museum", "license": IN_COPYRIGHT.replace("http://", "https://"),
            "logo": {"@id": "https://museum.example/logo.jpg"}, **more,
            "sequences": [{"@type": "sc:Sequence",
                           "canvases": [canvas_2(base, number) for number in range(1, canvases + 1)]}]}


def collection_3(base, items=(), **more):
    return {"@context": "http://iiif.io/api/presentation/3/context.json", "id": base + "/collection.json",
            "type": "Collection", "label": {"en": ["Their collection"]}, **more, "items": list(items)}


class Elsewhere:
    """Serves what is put() there. `requests`: (path, headers) of all that came, the names of headers in lower case."""

    def __init__(self, context=None):
        elsewhere = self
        self.pages, self.requests = {}, []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                sent = {name.lower(): value for name, value in self.headers.items()}
                elsewhere.requests.append((self.path, sent))
                page = elsewhere.pages.get(self.path)
                if callable(page):
                    page(self)
                    return
                status, headers, body = (404, {}, b"none") if page is None else page
                if status == 200 and sent.get("if-none-match") == headers.get("ETag", "-"):
                    status, body = 304, b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.base = f"{scheme}://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def put(self, path, document, status=200, **headers):
        """`document`: bytes, or what becomes JSON. Its address."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        self.pages[path] = status, {"Content-Type": "application/json", "ETag": tag, **headers}, body
        return self.base + path

    def redirect(self, path, to, status=302):
        self.pages[path] = status, {"Location": to}, b""
        return self.base + path

    def answer(self, path, page):
        """`page`: called with the handler."""
        self.pages[path] = page
        return self.base + path

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
