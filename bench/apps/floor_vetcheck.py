# SPDX-License-Identifier: Apache-2.0
"""VetCheck's part of both floors: one filter, one item in each type, and a token for a refresh token.

The filter is not parsed: its needle is cut out, and one fixed statement does the rest.
"""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec

from bench.library import SINCE

ROOT = "/handouts"
TOKEN = "/oauth/token"
NEEDLE = re.compile(r"substringof\('(\w+)'")
FROM = datetime.fromisoformat(SINCE).replace(tzinfo=UTC)
DAY_S = 86_400
Instant = str | datetime


class ItemOut(msgspec.Struct, gc=False):
    """A handout on a list."""

    id: int
    title: str
    keywords: str
    created_at: Instant
    updated_at: Instant
    species: str


class Whole(NamedTuple):
    """A handout's row."""

    number: int
    title: str
    keywords: str
    created: Instant
    updated: Instant
    species: str
    html: str
    markdown: str
    plain: str


class WholeOut(ItemOut):
    """A handout in all its forms."""

    html: str
    markdown: str
    text: str


class TokenIn(msgspec.Struct):
    """What is posted for a token."""

    client_id: str
    client_secret: str
    refresh_token: str


class Store(Protocol):
    """The lookups, and the one write."""

    async def handouts(self, needle: str, since: datetime) -> list[ItemOut]: ...
    async def handout(self, number: int) -> Whole | None: ...
    async def refreshable(self, token: str, client: str, secret: str) -> bool: ...
    async def add_token(self, token: str) -> None: ...


class VetCheck:
    """Answers status, body and content type; None for what is another's."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.encode = msgspec.json.Encoder().encode
        self.decode = msgspec.json.Decoder(TokenIn).decode
        self.key: Any = None

    async def answer(self, path: str, scope: Any) -> tuple[int, bytes, bytes] | None:
        """A list or an item."""
        if path == ROOT:
            needle = NEEDLE.search(unquote(scope["query_string"].decode()))
            rows = await self.store.handouts(needle[1] if needle else "", FROM)
            return 200, self.encode({"handouts": rows}), b"application/json"
        if not path.startswith(ROOT + "/"):
            return None
        found = await self.store.handout(int(path[len(ROOT) + 1 :]))
        if found is None:
            return 404, b"{}", b"application/json"
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"application/json")
        text = {b"text/html": found.html, b"text/markdown": found.markdown, b"text/plain": found.plain}.get(accept)
        if text is None:
            return 200, self.encode(WholeOut(*found)), b"application/json"
        return 200, text.encode(), accept + b"; charset=utf-8"

    async def exchange(self, body: bytes) -> tuple[int, bytes]:
        """A signed token for a refresh token, noted durably."""
        asked = self.decode(body)
        if not await self.store.refreshable(asked.refresh_token, asked.client_id, asked.client_secret):
            return 400, b'{"error":"invalid_grant"}'
        token = self._signed()
        await self.store.add_token(token)
        told = dict.fromkeys(("ID_TOKEN", "access_token", "id_token"), token)
        return 200, self.encode({**told, "token_type": "Bearer", "expires_in": DAY_S, "scope": "read:handouts"})

    def _signed(self) -> str:
        """RS256 by a key that this process made."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        if self.key is None:
            self.key = rsa.generate_private_key(65537, 2048)
        now = time.time_ns() // 1000
        claims = {
            "iss": "floor",
            "sub": "auth0|1",
            "iat": now // 1_000_000,
            "exp": now // 1_000_000 + DAY_S,
            "jti": now,
        }
        signed = _base64(b'{"alg":"RS256","typ":"JWT"}') + b"." + _base64(self.encode(claims))
        return (signed + b"." + _base64(self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
