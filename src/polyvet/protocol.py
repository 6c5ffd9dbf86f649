# SPDX-License-Identifier: Apache-2.0
"""uvicorn's HTTP protocol with bounds on a request's head, which the parser below it has not.

Until a head is complete nobody knows who sends it; without bounds it may grow, and wait, for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 65_536
HEAD_S = 30


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_bytes = 0
        self._in_head = True
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse a head that goes on and on."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response("The request's head is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_S, self._give_up)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._rest()
        super().on_headers_complete()

    def _give_up(self) -> None:
        self._waiting = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
