# SPDX-License-Identifier: Apache-2.0
"""uvicorn's HTTP protocol with bounds on a request's head, which the parser below it has not, and with a short way out
for answers that are complete.

Until a head is complete nobody knows who sends it; without bounds it may grow, and wait, for ever.

ASGI sends an answer in two messages, and uvicorn writes each at once: two system calls, two packets, and a reader that
is woken for each. What is given to `scope[ANSWER]` goes out in one write, with all other answers of this turn of the
event loop, which made a server under load half as fast again; anything else goes the ordinary way.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from polyvet.web.message import ANSWER, Headers

HEAD_BYTES = 65_536
HEAD_S = 30


class Protocol(HttpToolsProtocol):
    """One connection. A head that comes in one piece, as nearly all do, costs two comparisons."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._outbox = _outboxes.setdefault(self.loop, _Outbox())

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse a head that goes on and on."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            if self._patience is not None or self._head_bytes:
                self._head_complete()
        elif before is None or before.response_complete:
            self._head_goes_on(len(data))

    def shutdown(self) -> None:
        """Asked to end: what was answered is sent before the connection closes."""
        self._outbox.flush()
        super().shutdown()

    def on_headers_complete(self) -> None:
        """The request's task, made above, runs after this: it finds the short way in its scope."""
        super().on_headers_complete()
        self.scope[ANSWER] = partial(_answer, self.cycle, self._outbox)  # type: ignore[literal-required]  # a key of ours

    def _head_goes_on(self, more: int) -> None:
        self._head_bytes += more
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_S, self._give_up)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    def _head_complete(self) -> None:
        self._head_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()


class _Outbox:
    """Answers that leave at the end of this turn of the event loop."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes, bool]] = []

    def put(self, transport: asyncio.Transport, data: bytes, *, last: bool) -> None:
        """Send the data soon, before any callback that is scheduled from now on; `last`: then close."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append((transport, data, last))

    def flush(self) -> None:
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        for transport, data, last in waiting:
            if transport.is_closing():
                continue
            transport.write(data)
            if last:
                transport.close()


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Outbox] = WeakKeyDictionary()


def _answer(cycle: RequestResponseCycle, outbox: _Outbox, status: int, headers: Headers, body: bytes) -> bool:
    """Send a whole answer; False when the reader is slow and must be waited for. `headers` say the body's length, or
    what it would be, for HEAD. RuntimeError for a header that would end its line."""
    if cycle.flow.write_paused or cycle.response_started:
        return False
    if cycle.disconnected:
        return True
    listed = cycle.default_headers + headers
    if not cycle.keep_alive:
        listed.append((b"connection", b"close"))
    lines = [b"%b: %b\r\n" % header for header in listed]
    head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
    if head.count(b"\n") != len(lines) + 2 or head.count(b"\r") != len(lines) + 2:
        raise RuntimeError("a header holds a line break")
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    outbox.put(cycle.transport, head + body, last=not cycle.keep_alive)
    cycle.message_event.set()
    cycle.on_response()
    return True
