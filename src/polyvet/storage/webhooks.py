# SPDX-License-Identifier: Apache-2.0
"""Webhooks in the store."""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import delete, func, select, update

from polyvet.model.filters import Kind
from polyvet.model.hooks import Webhook
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import webhooks
from polyvet.storage.writing import Tx

COLUMNS = tuple(webhooks.columns)
_here = webhooks.c.clinic_id == p("clinic")
FIELDS = {
    "number": Field(webhooks.c.number, Kind.NUMBER),
    "name": Field(webhooks.c.name, Kind.TEXT),
    "target_url": Field(webhooks.c.target_url, Kind.TEXT),
    "trigger": Field(webhooks.c.trigger, Kind.NUMBER),
    "content_type": Field(webhooks.c.content_type, Kind.NUMBER),
    "department": Field(webhooks.c.department, Kind.NUMBER),
    "active": Field(webhooks.c.active, Kind.TRUTH),
    "created_at": Field(webhooks.c.created_at, Kind.INSTANT),
    "updated_at": Field(webhooks.c.updated_at, Kind.INSTANT),
}


def webhook(row: Any) -> Webhook:
    """A webhook of a row of COLUMNS; SQLite gives a truth value as 0 or 1."""
    one = Webhook(*row)
    return replace(one, active=bool(one.active))


LISTED: FilteredList[Webhook] = FilteredList(
    Source(
        columns=COLUMNS,
        base=webhooks,
        joined=webhooks,
        here=(_here,),
        fields=FIELDS,
        last=webhooks.c.number,
        unique=frozenset(("number",)),
        indexed=frozenset(FIELDS),  # a clinic has few
    ),
    webhook,
)
_GET = Statement(select(*COLUMNS).where(_here, webhooks.c.number == p("number")), "clinic number")
_ALL = Statement(select(*COLUMNS).where(_here).order_by(webhooks.c.number), "clinic")
_ACTIVE = Statement(select(*COLUMNS).where(_here, webhooks.c.active).order_by(webhooks.c.number), "clinic")
_COUNT = Statement(select(func.count()).select_from(webhooks).where(_here), "clinic")
_INSERT = inserting(webhooks, " ".join(column.name for column in COLUMNS), rank=500)
_CHANGING = (
    "name target_url trigger content_type department active secret previous_secret previous_until since_seq updated_at"
).split()
_UPDATE = Statement(
    update(webhooks)
    .where(webhooks.c.id == p("webhook"))
    .values({name: p(f"new_{name}", webhooks.c[name].type) for name in _CHANGING}),
    " ".join(f"new_{name}" for name in _CHANGING) + " webhook",
    rank=510,
)
_DELETE = Statement(delete(webhooks).where(webhooks.c.id == p("webhook")), "webhook", rank=590)


async def get(reader: Reader, clinic_id: int, number: int) -> Webhook | None:
    """One webhook."""
    row = await reader.fetch_one(_GET, clinic_id, number)
    return None if row is None else webhook(row)


async def of_clinic(reader: Reader, clinic_id: int, *, active: bool = False) -> list[Webhook]:
    """A clinic's webhooks, or only the active ones."""
    return [webhook(row) for row in await reader.fetch(_ACTIVE if active else _ALL, clinic_id)]


async def count(reader: Reader, clinic_id: int) -> int:
    """How many webhooks a clinic has."""
    n: int = (await reader.fetch_one(_COUNT, clinic_id))[0]
    return n


def insert(tx: Tx, one: Webhook) -> None:
    """Add a webhook."""
    tx.write(_INSERT, *astuple(one))


def change(tx: Tx, one: Webhook) -> None:
    """Write a webhook's values anew."""
    tx.write(_UPDATE, *(getattr(one, name) for name in _CHANGING), one.id)


def remove(tx: Tx, webhook_id: bytes) -> None:
    """Take a webhook away, which has no delivery left."""
    tx.write(_DELETE, webhook_id)
