# SPDX-License-Identifier: Apache-2.0
"""Saved answers, by key and idempotency key, for a day."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select

from polyvet.model import values
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.tables import idempotency
from polyvet.storage.writing import Tx

KEPT = values.DAY
_SWEEP_ONE_IN = 64  # of the saves; each sweep drops what a day's saves left behind
_table = idempotency.c

_FIND = Statement(
    select(_table.fingerprint, _table.status, _table.answer).where(
        _table.key_id == p("key_id"), _table.idempotency_key == p("key"), _table.created_at > p("after")
    ),
    "key_id key after",
)
_DROP = Statement(
    delete(idempotency).where(_table.key_id == p("key_id"), _table.idempotency_key == p("key")), "key_id key", rank=1
)
_SWEEP = Statement(delete(idempotency).where(_table.created_at <= p("until")), "until", rank=1)
_SAVE = inserting(idempotency, "key_id idempotency_key fingerprint status answer created_at", rank=80)


class Saved(msgspec.Struct, frozen=True):
    """An answer that was given, and what it answered."""

    fingerprint: bytes
    status: int
    answer: bytes


async def saved(tx: Tx, key_id: bytes, idempotency_key: str) -> Saved | None:
    """The answer that was saved under this key in the last day."""
    row = await tx.fetch_one(_FIND, key_id, idempotency_key, values.now() - KEPT)
    return None if row is None else Saved(*row)


def save(tx: Tx, key_id: bytes, idempotency_key: str, fingerprint: bytes, status: int, answer: bytes) -> None:
    """Keep an answer; one that is older than a day under the same key gives way."""
    now = values.now()
    tx.write(_DROP, key_id, idempotency_key)
    tx.write(_SAVE, key_id, idempotency_key, fingerprint, status, answer, now)
    if now % _SWEEP_ONE_IN == 0:
        tx.write(_SWEEP, now - KEPT)
