# SPDX-License-Identifier: Apache-2.0
"""Requests and replies, as thin as they can be over ASGI."""

from __future__ import annotations

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

MOST_PARAMETERS = 100
QUERY_BYTES = 8_192
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
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
        if b"%" in raw and _BROKEN_PERCENT.search(raw):
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
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client went away while it sent the body")
            piece = message.get("body", b"")
            size += len(piece)
            if size > self.body_limit:
                raise TooLarge(self.body_limit)
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    def require_json(self) -> None:
        """WrongMediaType unless the body says that it is JSON."""
        media_type = self.header(b"content-type")
        if media_type is None or not _JSON.fullmatch(media_type.strip()):
            raise WrongMediaType("application/json")
