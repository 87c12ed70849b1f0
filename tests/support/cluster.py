# SPDX-License-Identifier: Apache-2.0
"""The same configuration in several servers, asked the same: they have to say the same."""
from concurrent.futures import ThreadPoolExecutor

from . import http
from .servers import KINDS, make

# So that identifiers, links and redirects do not differ by port.
HOST = "iiif.test:8080"
BASE = "http://" + HOST

COMPARED = (
    "Content-Type",
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Location",
    "Link",
    "Vary",
    "Cache-Control",
    "Allow",
    "Content-Disposition",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Retry-After",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
     "Access-Control-Max-Age")


class Cluster:
    def __init__(self, endpoints, kinds=KINDS, **named):
        self.servers = {}
        try:
            for kind in kinds:
                self.servers[kind] = make(kind, endpoints=endpoints, **named)
        except BaseException:
            self.discard()
            raise
        self.connections = {kind: http.Connection(server.port) for kind, server in self.servers.items()}
        self.threads = ThreadPoolExecutor(len(self.servers))

    def discard(self):
        for server in self.servers.values():
            server.discard()

    def stop(self):
        self.threads.shutdown()
        for connection in self.connections.values():
            connection.close()
        try:
            for server in self.servers.values():
                server.stop()
        finally:
            self.discard()

    def _ask(self, kind, method, target, headers):
        connection = self.connections[kind]
        headers = {"Host": HOST, **headers}
        try:
            answer = connection.request(method, target, headers)
        except (OSError, http.HttpError):
            # A server may close a connection that was idle. A second failure is one.
            connection.close()
            answer = connection.request(method, target, headers)
        self.servers[kind].was_answered(target)
        return answer

    def ask_each(self, target, headers=None, method="GET", kinds=None):
        """{kind: response}, not compared; of all servers unless `kinds` names some."""
        futures = {kind: self.threads.submit(self._ask, kind, method, target, dict(headers or {}))
                   for kind in kinds or self.servers}
        return {kind: future.result() for kind, future in futures.items()}

    def ask(self, target, headers=None, method="GET", kinds=None):
        """The one answer of all servers; an assertion fails when status, headers or body differ."""
        answers = self.ask_each(target, headers, method, kinds)
        (first_kind, first), *others = answers.items()
        for kind, answer in others:
            assert answer.status == first.status, (
                f"{method} {target}: {first_kind} says {first.status}, {kind} says {answer.status}\n"
                f"{first.body[:300]!r}\n{answer.body[:300]!r}")
            for name in COMPARED:
                if name == "Content-Length" and method == "HEAD":
                    continue  # may be left out, and httpd leaves out 0
                assert answer.header(name) == first.header(name), (
                    f"{method} {target}: {name} is {first.header(name)!r} from {first_kind}, "
                    f"{answer.header(name)!r} from {kind}")
            assert answer.body == first.body, (
                f"{method} {target}: bodies differ, {len(first.body)} bytes from {first_kind}, "
                f"{len(answer.body)} bytes from {kind}: {first.body[:200]!r} {answer.body[:200]!r}")
        return first

    def get(self, target, headers=None):
        return self.ask(target, headers)
