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
    """One connection. A head that comes in one piece, as nearly all do, costs two comparisons."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

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
