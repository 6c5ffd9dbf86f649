# SPDX-License-Identifier: Apache-2.0
"""Receives webhooks and counts them: every POST is answered 200 at once, and a GET tells how many came, and when the
first and the last of them did.

python -m bench.apps.receiver PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import httptools
import msgspec
import uvloop


class Seen(msgspec.Struct):
    """What came; times are seconds of this process's clock."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0


class Connection(asyncio.Protocol):
    """One connection, kept open between requests."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The sender is there."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The whole of one."""
        body = b""
        if self.parser.get_method() == b"POST":
            self.seen.last = time.perf_counter()
            self.seen.first = self.seen.first or self.seen.last
            self.seen.count += 1
        else:
            body = msgspec.json.encode(self.seen)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _serve(port: int) -> None:
    seen = Seen()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(seen), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
