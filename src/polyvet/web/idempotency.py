# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: the same key and body give the saved answer; another body is refused.

The answer is saved in the transaction that does the work, so a retry after a crash neither repeats nor loses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from polyvet.core.context import Writing
from polyvet.model.errors import Invalid, KeyReused
from polyvet.storage import idempotency as stored
from polyvet.storage.writing import Touching, Tx
from polyvet.web.message import Reply, Request
from polyvet.web.slots import digest

HEADER = b"idempotency-key"
LONGEST_KEY = 255
REPLAYED = (b"idempotent-replayed", b"true")


async def write(
    request: Request, body: bytes, touching: Touching, work: Callable[[Writing], Awaitable[Reply]]
) -> Reply:
    """Run `work` in one transaction and answer after it is durable; once for each idempotency key."""

    async def whole(w: Writing) -> tuple[Reply, bytes]:
        reply = await work(w)
        return reply, reply.body

    async def as_saved(w: Writing, kept: bytes) -> bytes:
        return kept

    return await write_secret(request, body, touching, whole, as_saved)


async def write_secret(
    request: Request,
    body: bytes,
    touching: Touching,
    work: Callable[[Writing], Awaitable[tuple[Reply, bytes]]],
    again: Callable[[Writing, bytes], Awaitable[bytes]],
) -> Reply:
    """The same for an answer that must not be kept: `work` says what is saved in its place, and `again` makes of that
    what a retry is answered."""
    ctx = request.context
    key = _key(request)
    fingerprint = digest(request.scope["method"].encode(), request.scope["path"].encode(), body)

    async def job(tx: Tx) -> Reply:
        w = ctx.within(tx)
        if key is not None:
            saved = await stored.saved(tx, ctx.caller.key_id, key)
            if saved is not None:
                if saved.fingerprint != fingerprint:
                    raise KeyReused
                return Reply(saved.status, await again(w, saved.answer), [REPLAYED])
        reply, kept = await work(w)
        if key is not None:
            stored.save(tx, ctx.caller.key_id, key, fingerprint, reply.status, kept)
        return reply

    return await ctx.store.write(touching, job)


def _key(request: Request) -> str | None:
    raw = request.header(HEADER)
    if raw is None:
        return None
    if not raw or len(raw) > LONGEST_KEY or not raw.isascii() or not raw.decode("ascii").isprintable():
        raise Invalid({"Idempotency-Key": f"must be 1 to {LONGEST_KEY} printable ASCII characters"})
    return raw.decode("ascii")
