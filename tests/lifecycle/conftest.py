# SPDX-License-Identifier: Apache-2.0
import pytest
from support.servers import ALL_KINDS, make


@pytest.fixture(params=ALL_KINDS)
def start(request, images):
    """start(...) makes a server of the kind at hand; at the end nothing of it may be left."""
    started = []

    def begin(directives=None, root=None, **named):
        named.setdefault("workers", 2)
        server = make(request.param, root or images, directives or {}, **named)
        started.append(server)
        return server

    yield begin
    try:
        for server in started:
            server.stop()
    finally:
        for server in started:
            server.discard()
