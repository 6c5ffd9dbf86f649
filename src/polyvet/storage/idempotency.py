# SPDX-License-Identifier: Apache-2.0
"""Saved answers of requests that carried an idempotency key. They live for 24 hours."""

from __future__ import annotations

import itertools

import msgspec
from sqlalchemy import and_, delete, select, tuple_

from polyvet.model import values
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.tables import idempotency
from polyvet.storage.writing import Tx

LIFETIME = values.DAY
SWEEP_EVERY = 64  # saves of this process
SWEEP_ROWS = 256  # at the most; more than are saved between two sweeps, so the table does not grow

i = idempotency.c
_one = and_(i.key_id == p("key"), i.idempotency_key == p("text"))
_GET = Statement(select(i.fingerprint, i.status, i.answer, i.created_at).where(_one), "key text")
_DROP = Statement(delete(idempotency).where(_one), "key text", rank=80)
_INSERT = inserting(idempotency, "key_id idempotency_key fingerprint status answer created_at", rank=90)
_old = select(i.key_id, i.idempotency_key).where(i.created_at < p("before")).order_by(i.created_at).limit(p("most"))
_SWEEP = Statement(
    delete(idempotency).where(tuple_(i.key_id, i.idempotency_key).in_(_old)),
    "before most",
    # Two sweeps at a time share the work; neither waits for the other.
    postgresql=delete(idempotency).where(
        tuple_(i.key_id, i.idempotency_key).in_(_old.with_for_update(skip_locked=True))
    ),
    rank=95,
)
_saves = itertools.count()


class Saved(msgspec.Struct, frozen=True):
    """What was answered, and the fingerprint of the request that it answered."""

    fingerprint: bytes
    status: int
    answer: bytes


async def saved(tx: Tx, key_id: bytes, idempotency_key: str) -> Saved | None:
    """The answer that was given under this idempotency key of an API key in the last 24 hours."""
    row = await tx.fetch_one(_GET, key_id, idempotency_key)
    if row is None:
        return None
    if row[3] < values.now() - LIFETIME:
        tx.write(_DROP, key_id, idempotency_key)
        return None
    return Saved(bytes(row[0]), row[1], bytes(row[2]))


def save(tx: Tx, key_id: bytes, idempotency_key: str, fingerprint: bytes, status: int, answer: bytes) -> None:
    """Save an answer with the work that it tells of. The store refuses a second one under the same key."""
    now = values.now()
    tx.write(_INSERT, key_id, idempotency_key, fingerprint, status, answer, now)
    if next(_saves) % SWEEP_EVERY == 0:
        tx.write(_SWEEP, now - LIFETIME, SWEEP_ROWS)
