# SPDX-License-Identifier: Apache-2.0
"""Deliveries in the store: the clinic's queue as it is read, and how rows are worked off.

Who is about to send a delivery takes a lease: it moves `next_at`, when the delivery is due, to the lease's end. So a
delivery whose sender died comes again by itself, and looking for what is due passes over what is under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import astuple
from sqlalchemy import ColumnElement, Select, delete, exists, func, literal_column, null, select, update

from polyvet.model.filters import Kind
from polyvet.model.hooks import Attempt, Delivery, DeliveryState, Webhook
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import ID, INSTANT, deliveries, delivery_attempts, webhooks
from polyvet.storage.webhooks import COLUMNS as HOOK_COLUMNS
from polyvet.storage.webhooks import webhook
from polyvet.storage.writing import Tx

COUNTER = "deliveries"
COLUMNS = tuple(deliveries.columns)
_WIDTH = len(COLUMNS)
JOINED = deliveries.join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
_here = deliveries.c.clinic_id == p("clinic")
FIELDS = {
    "number": Field(deliveries.c.number, Kind.NUMBER),
    "webhook.number": Field(webhooks.c.number, Kind.NUMBER),
    "trigger": Field(webhooks.c.trigger, Kind.NUMBER),
    "state": Field(deliveries.c.state, Kind.TEXT),
    "attempts": Field(deliveries.c.attempts, Kind.NUMBER),
    "created_at": Field(deliveries.c.created_at, Kind.INSTANT),
    "updated_at": Field(deliveries.c.updated_at, Kind.INSTANT),
}


def with_hook(row: Any) -> tuple[Delivery, Webhook]:
    """A delivery and its webhook, of a row of both their columns."""
    return Delivery(*row[:_WIDTH]), webhook(row[_WIDTH:])


LISTED: FilteredList[tuple[Delivery, Webhook]] = FilteredList(
    Source(
        columns=(*COLUMNS, *HOOK_COLUMNS),
        base=deliveries,
        joined=JOINED,
        here=(_here,),
        fields=FIELDS,
        last=deliveries.c.number,
        unique=frozenset(("number",)),
        indexed=frozenset(("number",)),
        whole=COUNTER,
        clocked=False,
    ),
    with_hook,
)
_GET = Statement(
    select(*COLUMNS, *HOOK_COLUMNS).select_from(JOINED).where(_here, deliveries.c.number == p("number")),
    "clinic number",
)
_ATTEMPTS = Statement(
    select(*(column for column in delivery_attempts.columns if column.name != "delivery_id"))
    .where(delivery_attempts.c.delivery_id == p("delivery"))
    .order_by(delivery_attempts.c.nth),
    "delivery",
)
_INSERT = inserting(deliveries, " ".join(column.name for column in COLUMNS), rank=520)
_REDELIVER = Statement(
    update(deliveries)
    .where(deliveries.c.id == p("delivery"))
    .values(state=p("new_state"), next_at=p("new_next"), leased_until=null(), updated_at=p("new_updated")),
    "new_state new_next new_updated delivery",
    rank=530,
)
_INSERT_ATTEMPT = inserting(delivery_attempts, "delivery_id nth at took_ms status error response", rank=540)

_OLDEST = Statement(
    select(deliveries.c.next_at)
    .where(deliveries.c.next_at.is_not(None))
    .order_by(deliveries.c.next_at)
    .limit(literal_column("1"))
)
_FIRST = Statement(select(deliveries.c.id).order_by(deliveries.c.id).limit(literal_column("1")))


def first_due(webhook_id: ColumnElement[Any]) -> tuple[Select[Any], Select[Any]]:
    """When the first delivery of a webhook that waits is due; for SQLite, and for PostgreSQL. That one would look for
    it among all that is due, and through all of it where the webhook has none; the order that is asked for here only
    the webhooks' own index has."""
    of, due = deliveries.c.webhook_id, deliveries.c.next_at
    ordered = (
        select(due)
        .where(of >= webhook_id, of <= webhook_id, due.is_not(None))
        .order_by(of, due)
        .limit(literal_column("1"))
    )
    return select(func.min(due)).where(of == webhook_id), ordered


_of_hook = deliveries.c.webhook_id == p("webhook")
_least, _first = first_due(p("webhook"))
_FIRST_DUE = Statement(_least, "webhook", postgresql=_first)
_due = deliveries.c.next_at <= p("now", INSTANT)
_DUE_HOOKS = Statement(
    select(*HOOK_COLUMNS).where(
        webhooks.c.active, exists().where(deliveries.c.webhook_id == webhooks.c.id, deliveries.c.next_at <= p("now"))
    ),
    "now",
)
_oldest_due = select(deliveries.c.id).where(_of_hook, _due).order_by(deliveries.c.next_at).limit(p("most"))
_claim = update(deliveries).values(next_at=p("lease"), leased_until=p("lease")).returning(*COLUMNS)
_CLAIM = Statement(
    _claim.where(deliveries.c.id.in_(_oldest_due)),
    "webhook now most lease",
    # Another process that claims at the same moment takes the next ones.
    postgresql=_claim.where(deliveries.c.id.in_(select(_oldest_due.with_for_update(skip_locked=True).cte("due").c.id))),
)
_SETTLE = Statement(
    update(deliveries)
    .where(deliveries.c.id == p("delivery"), deliveries.c.leased_until == p("lease"))
    .values(
        state=p("new_state"), attempts=p("new_attempts"), next_at=p("new_next"), leased_until=null(),
        last_status=p("new_status"), last_error=p("new_error"), updated_at=p("new_updated"),
    )
    .returning(deliveries.c.id),
    "new_state new_attempts new_next new_status new_error new_updated delivery lease",
)  # fmt: skip


def _removing(of: Any, names: str) -> tuple[Statement, Statement, Statement]:
    """Takes the first `most` deliveries of a choice away, in the order of their ids. They are locked before their
    attempts go: somebody may be about to add one."""
    chosen = select(deliveries.c.id).where(of).order_by(deliveries.c.id).limit(p("most"))
    attempts = delete(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(chosen))
    gone = delete(deliveries).where(deliveries.c.id.in_(chosen)).returning(deliveries.c.clinic_id)
    return (
        Statement(chosen, names, postgresql=chosen.with_for_update()),
        Statement(attempts.returning(delivery_attempts.c.nth), names),
        Statement(gone, names),
    )


_OF_HOOK = _removing(_of_hook, "webhook most")
_OLD = _removing(deliveries.c.id < p("before", ID), "before most")


async def get(reader: Reader, clinic_id: int, number: int) -> tuple[Delivery, Webhook] | None:
    """One delivery, and its webhook."""
    row = await reader.fetch_one(_GET, clinic_id, number)
    return None if row is None else with_hook(row)


async def attempts(reader: Reader, delivery_id: bytes) -> list[Attempt]:
    """All tries of a delivery, the first first."""
    return [Attempt(*row) for row in await reader.fetch(_ATTEMPTS, delivery_id)]


def insert(tx: Tx, one: Delivery) -> None:
    """Queue a delivery; the transaction holds the clinic."""
    tx.write(_INSERT, *astuple(one))
    tx.count(one.clinic_id, COUNTER)


def redeliver(tx: Tx, delivery_id: bytes, due: int, now: int) -> None:
    """Make a delivery due, whatever became of it."""
    tx.write(_REDELIVER, str(DeliveryState.QUEUED), due, now, delivery_id)


async def head_of_queue(tx: Tx, webhook_id: bytes, now: int) -> int:
    """When a delivery is to be due that leaves before all others of its webhook: what somebody asks for while they look
    on does not wait behind what has piled up."""
    row = await tx.fetch_one(_FIRST_DUE, webhook_id)
    return now if row is None or row[0] is None else min(now, row[0] - 1)


async def remove_of_hook(tx: Tx, webhook_id: bytes, most: int) -> int:
    """Take some of a webhook's deliveries away; gives how many. The transaction holds the clinic."""
    return await _remove(tx, _OF_HOOK, webhook_id, most)


async def remove_before(tx: Tx, before: bytes, most: int) -> int:
    """Take some of the deliveries away whose ids, which begin with their time, are less than `before`."""
    return await _remove(tx, _OLD, before, most)


async def _remove(tx: Tx, statements: tuple[Statement, Statement, Statement], *choice: Any) -> int:
    gone: Sequence[Any] = ()
    for statement in statements:
        gone = await tx.fetch(statement, *choice)
    for row in gone:
        tx.count(row[0], COUNTER, -1)
    return len(gone)


# --- the worker's ---------------------------------------------------------------------------------------------


async def oldest_due(reader: Reader) -> int | None:
    """When the delivery that is due first is or was due."""
    row = await reader.fetch_one(_OLDEST)
    return None if row is None else row[0]


async def first_id(reader: Reader) -> bytes | None:
    """The oldest delivery's id."""
    row = await reader.fetch_one(_FIRST)
    return None if row is None else bytes(row[0])


async def due_hooks(reader: Reader, now: int) -> list[Webhook]:
    """The active webhooks that have something to be sent."""
    return [webhook(row) for row in await reader.fetch(_DUE_HOOKS, now)]


async def claim(tx: Tx, wanted: Sequence[tuple[Webhook, int]], now: int, lease: int) -> list[tuple[Webhook, Delivery]]:
    """Lease up to so many due deliveries of each webhook until `lease`; no one else is given them before."""
    return [
        (hook, Delivery(*row)) for hook, most in wanted for row in await tx.fetch(_CLAIM, hook.id, now, most, lease)
    ]


async def settle(tx: Tx, leased: Delivery, after: Delivery, attempt: Attempt) -> bool:
    """Write what came of an attempt and end its lease. False when the lease is somebody else's by now, or the delivery
    is gone: then nothing is written."""
    row = await tx.fetch_one(
        _SETTLE, after.state, after.attempts, after.next_at, after.last_status, after.last_error, after.updated_at,
        leased.id, leased.leased_until,
    )  # fmt: skip
    if row is not None:
        tx.write(_INSERT_ATTEMPT, leased.id, *astuple(attempt))
    return row is not None
