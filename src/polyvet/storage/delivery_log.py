# SPDX-License-Identifier: Apache-2.0
"""Deliveries as somebody looks through them, the latest first, and how each webhook does. Every page is one range of an
index, or three where the deliveries of one webhook are asked for in whatever state."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal, literal_column, select

from polyvet.model.hooks import Delivery, DeliveryState, Health, Webhook
from polyvet.storage.deliveries import COLUMNS, JOINED, with_hook
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import deliveries, webhooks
from polyvet.storage.webhooks import COLUMNS as HOOK_COLUMNS

d = deliveries.c
_here = d.clinic_id == p("clinic")
_of_hook = d.webhook_id == p("webhook")
_in_state = d.state == p("state")


def _pages(names: str, *where: ColumnElement[bool]) -> Statement:
    return Statement(
        select(*COLUMNS, *HOOK_COLUMNS)
        .select_from(JOINED)
        .where(*where, d.number < p("before"))
        .order_by(d.number.desc())
        .limit(p("limit")),
        f"{names} before limit",
    )


_ALL = _pages("clinic", _here)
_IN_STATE = _pages("clinic state", _here, _in_state)
_OF_HOOK = _pages("webhook state", _of_hook, _in_state)


def _newest(state: DeliveryState) -> ScalarSelect[int]:
    """When the newest delivery of a webhook that is in a state came to it."""
    return (
        select(d.updated_at)
        .where(d.webhook_id == webhooks.c.id, d.state == literal(str(state)))
        .order_by(d.number.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )


def _health(due: ScalarSelect[int]) -> Select[Any]:
    newest = map(_newest, (DeliveryState.DELIVERED, DeliveryState.FAILED))
    return select(webhooks.c.id, *newest, due).where(webhooks.c.clinic_id == p("clinic"))


_least = select(func.min(d.next_at)).where(d.webhook_id == webhooks.c.id).scalar_subquery()
# PostgreSQL would look for a webhook's first among all that is due, and through all of it where it has none; the order
# that is asked for here only the webhooks' own index has.
_first = (
    select(d.next_at)
    .where(d.webhook_id >= webhooks.c.id, d.webhook_id <= webhooks.c.id, d.next_at.is_not(None))
    .order_by(d.webhook_id, d.next_at)
    .limit(literal_column("1"))
    .scalar_subquery()
)
_HEALTH = Statement(_health(_least), "clinic", postgresql=_health(_first))


async def latest(
    reader: Reader, clinic_id: int, state: str | None, before: int, limit: int
) -> list[tuple[Delivery, Webhook]]:
    """A clinic's deliveries with lower numbers than `before`, in one state or in any."""
    if state is None:
        return _pairs(await reader.fetch(_ALL, clinic_id, before, limit))
    return _pairs(await reader.fetch(_IN_STATE, clinic_id, state, before, limit))


async def of_hook(
    reader: Reader, webhook_id: bytes, state: str | None, before: int, limit: int
) -> list[tuple[Delivery, Webhook]]:
    """The same of one webhook."""
    states = [str(one) for one in DeliveryState] if state is None else [state]
    found = [
        pair for one in states for pair in _pairs(await reader.fetch(_OF_HOOK, webhook_id, one, before, limit))
    ]  # fmt: skip
    return sorted(found, key=lambda pair: -pair[0].number)[:limit]


async def health(reader: Reader, clinic_id: int) -> dict[bytes, Health]:
    """How each of a clinic's webhooks does, by its id."""
    return {bytes(row[0]): Health(*row) for row in await reader.fetch(_HEALTH, clinic_id)}


def _pairs(rows: Any) -> list[tuple[Delivery, Webhook]]:
    return [with_hook(row) for row in rows]
