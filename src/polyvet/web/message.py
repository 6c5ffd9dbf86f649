# SPDX-License-Identifier: Apache-2.0
"""Requests and replies, as thin as they can be over ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from polyvet.core.context import Caller, Context
from polyvet.model.errors import Invalid, TooLarge, WrongMediaType

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
# Where a server's scope may hold a function that sends a whole answer (status, headers, body) at once. It gives False
# when the answer must go the ordinary way.
ANSWER = "polyvet.answer"

MOST_PARAMETERS = 100
QUERY_BYTES = 8_192
BODY_S = 30
DRAIN_BYTES = 16 << 20
DRAIN_S = 5
BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_JSON = re.compile(rb"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)


class Reply(msgspec.Struct, gc=False):
    """An answer that is ready to be sent."""

    status: int
    body: bytes
    headers: Headers = []
    media_type: bytes = b"application/json"


class Request(msgspec.Struct, gc=False):
    """One request on its way through a dialect. `caller` and `ctx` are set once the key was found."""

    scope: Scope
    receive: Receive
    parameters: dict[str, str]
    body_limit: int
    caller: Caller | None = None
    ctx: Context | None = None
    tenant: int | None = None  # the installation that the path names, where a vendor's paths do
    at_end: bool = False  # the body has been read, or its sender is gone

    @property
    def context(self) -> Context:
        """The caller's context; only routes that ask for a key have one."""
        if self.ctx is None:
            raise RuntimeError("this route is served without a key, so it has no caller")
        return self.ctx

    def header(self, name: bytes) -> bytes | None:
        """A header by its lower-case name; the first, if it came several times."""
        for key, value in self.scope["headers"]:
            if key == name:
                found: bytes = value
                return found
        return None

    def query(self) -> dict[str, str]:
        """The query's parameters. Invalid for broken percent encoding, bytes that are no UTF-8, a null byte, too many
        parameters, or one that came twice with two values."""
        raw: bytes = self.scope["query_string"]
        if not raw:
            return {}
        if len(raw) > QUERY_BYTES:
            raise Invalid({"query": f"is longer than {QUERY_BYTES} bytes"})
        if b"%" in raw and BROKEN_PERCENT.search(raw):
            raise Invalid({"query": "holds a % that is not followed by two hexadecimal digits"})
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
            )
        except UnicodeDecodeError as error:
            raise Invalid({"query": "is not percent-encoded UTF-8"}) from error
        except ValueError as error:
            raise Invalid({"query": f"has more than {MOST_PARAMETERS} parameters"}) from error
        found: dict[str, str] = {}
        for name, value in pairs:
            if "\0" in value or "\0" in name:
                raise Invalid({"query": "must not hold a null byte"})
            if found.setdefault(name, value) != value:
                raise Invalid({name[:100]: "was given twice"})
        return found

    async def body(self) -> bytes:
        """The whole body. TooLarge beyond the limit, however it was announced."""
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length[:20]) > self.body_limit:
            raise TooLarge(self.body_limit)
        try:
            async with asyncio.timeout(BODY_S):
                return await self._body()
        except TimeoutError as error:
            raise Invalid({"body": f"did not arrive within {BODY_S} seconds"}) from error

    async def _body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while not self.at_end:
            piece = await self._piece()
            size += len(piece)
            if size > self.body_limit:
                raise TooLarge(self.body_limit)
            pieces.append(piece)
        return b"".join(pieces)

    async def drain(self) -> None:
        """Read on to the body's end, or far enough, before an error is told: who sends first and reads later would
        otherwise find the connection reset instead of the answer. Who asked first (`Expect`) is not made to send."""
        announced = self.header(b"content-length") not in (None, b"0") or self.header(b"transfer-encoding") is not None
        if self.at_end or not announced or self.header(b"expect") is not None:
            return
        size = 0
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(DRAIN_S):
                while not self.at_end and size < DRAIN_BYTES:
                    size += len(await self._piece())

    async def _piece(self) -> bytes:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            self.at_end = True
            raise ConnectionResetError("the client went away while it sent the body")
        self.at_end = not message.get("more_body")
        piece: bytes = message.get("body", b"")
        return piece

    def require_json(self) -> None:
        """WrongMediaType unless the body says that it is JSON."""
        media_type = self.header(b"content-type")
        if media_type is None or not _JSON.fullmatch(media_type.strip()):
            raise WrongMediaType("application/json")
