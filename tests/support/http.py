# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 over a plain socket: the target goes out byte for byte as given, nothing is normalised or retried."""
import io
import re
import socket
import time
from dataclasses import dataclass, field


class HttpError(Exception):
    """The connection ended, or what came was not HTTP."""


@dataclass
class Response:
    status: int
    reason: str
    headers: list  # (name, value) as received, in order
    body: bytes
    version: str = "HTTP/1.1"
    seconds: float = 0.0
    complete: bool = field(default=True)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        """The only value of that header; an assertion fails when it came twice."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else default

    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        import json
        return json.loads(self.text())

    def image(self):
        """Decoded by Pillow."""
        from PIL import Image
        Image.MAX_IMAGE_PIXELS = None
        picture = Image.open(io.BytesIO(self.body))
        picture.load()
        return picture

    def links(self):
        """Link header as {rel: target}; one header line only."""
        return {rel: target for target, rel in re.findall(r'<([^>]*)>\s*;\s*rel="([^"]*)"', self.header("Link") or "")}


class Connection:
    """One connection, kept open between requests until either side closes it. `source`: the address it comes from."""

    def __init__(self, port, host="127.0.0.1", timeout=60.0, source=""):
        self.port, self.host, self.timeout, self.source = port, host, timeout, source
        self.sock = None
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock, self.buffer = None, b""

    def connect(self):
        if self.sock is None:
            self.sock = socket.create_connection((self.host, self.port), timeout=self.timeout,
                                                 source_address=(self.source, 0) if self.source else None)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.sock

    def send(self, method, target, headers=None, body=b"", close=False):
        lines = [f"{method} {target} HTTP/1.1"]
        given = {key.lower() for key in headers or {}}
        if "host" not in given:
            lines.append(f"Host: {self.host}:{self.port}")
        lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        if close:
            lines.append("Connection: close")
        raw = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
        self.connect().sendall(raw)

    def fill(self):
        """What there is, into the buffer; False at the end."""
        piece = self.sock.recv(1 << 18)
        if not piece:
            return False
        self.buffer += piece
        return True

    def _until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise HttpError(f"connection closed after {self.buffer[:200]!r}")
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _exactly(self, count):
        pieces, have = [self.buffer], len(self.buffer)
        self.buffer = b""
        while have < count:
            piece = self.sock.recv(min(1 << 20, max(count - have, 4096)))
            if not piece:
                raise HttpError(f"connection closed after {have} of {count} bytes of the body")
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self.buffer = whole[count:]
        return whole[:count]

    def receive(self, method="GET"):
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, _, rest = head[0].partition(" ")
            code, _, reason = rest.partition(" ")
            if not version.startswith("HTTP/") or not code.isdigit():
                raise HttpError(f"not a status line: {head[0]!r}")
            headers = []
            for line in head[1:]:
                name, colon, value = line.partition(":")
                if not colon:
                    raise HttpError(f"not a header: {line!r}")
                headers.append((name, value.strip()))
            if int(code) >= 200 or int(code) == 101:
                break
        response = Response(int(code), reason, headers, b"", version)
        chunked = any("chunked" in value.lower() for value in response.all("Transfer-Encoding"))
        length = response.header("Content-Length")
        close = any("close" in value.lower() for value in response.all("Connection"))
        if method == "HEAD" or response.status in (204, 304):
            # A body here would be taken for the next answer: it must not come.
            pass
        elif chunked:
            pieces = []
            while True:
                size = int(self._until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    while self._until(b"\r\n"):
                        pass
                    break
                pieces.append(self._exactly(size))
                if self._exactly(2) != b"\r\n":
                    raise HttpError("chunk without its end")
            response.body = b"".join(pieces)
        elif length is not None:
            response.body = self._exactly(int(length))
        else:
            while self.fill():
                pass
            response.body, self.buffer = self.buffer, b""
            close = True
        if close:
            self.close()
        return response

    def request(self, method, target, headers=None, body=b"", close=False):
        start = time.monotonic()
        self.send(method, target, headers, body, close)
        response = self.receive(method)
        response.seconds = time.monotonic() - start
        return response

    def get(self, target, headers=None):
        return self.request("GET", target, headers)


def request(port, method, target, headers=None, body=b"", timeout=60.0):
    """One request on a connection of its own."""
    with Connection(port, timeout=timeout) as connection:
        return connection.request(method, target, headers, body, close=True)


def get(port, target, headers=None, timeout=60.0):
    return request(port, "GET", target, headers, timeout=timeout)
