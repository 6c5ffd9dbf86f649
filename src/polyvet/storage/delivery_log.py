# SPDX-License-Identifier: Apache-2.0
"""Deliveries as somebody looks through them, the latest first, and how each webhook does. Every page is one range of an
index, or three where the deliveries of one webhook are asked for in whatever state."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal, literal_column, select

from polyvet.model.hooks import Delivery, DeliveryState, Health, Sought, Webhook
from polyvet.model.paging import SOME
from polyvet.storage.deliveries import COLUMNS, JOINED, with_hook
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import ID, deliveries, webhooks
from polyvet.storage.webhooks import COLUMNS as HOOK_COLUMNS

d = deliveries.c
_here = d.clinic_id == p("clinic")
_of_hook = d.webhook_id == p("webhook")
_in_state = d.state == p("state")
# As the index of these has it, whose rows are then all that is read.
_retried = (d.next_at.is_not(None), d.last_error.is_not(None))


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
_RETRIED = _pages("clinic", _here, *_retried)
_OF_HOOK = _pages("webhook state", _of_hook, _in_state)
_OF_HOOK_RETRIED = _pages("webhook", _of_hook, *_retried)


def _newest(most: int, what: ColumnElement[Any], *where: ColumnElement[bool]) -> Select[Any]:
    """Of the newest deliveries of a webhook."""
    return (
        select(what)
        .where(d.webhook_id == webhooks.c.id, *where)
        .order_by(d.number.desc())
        .limit(literal_column(str(most)))
        .correlate(webhooks)
    )


def _last(*where: ColumnElement[bool]) -> ScalarSelect[Any]:
    """When the newest of these came to be what it is."""
    return _newest(1, d.updated_at, *where).scalar_subquery()


def _is(state: DeliveryState) -> ColumnElement[bool]:
    return d.state == literal(str(state))


_some_retried = _newest(SOME, d.id, *_retried).subquery()
_some_failed = _newest(SOME, d.id, _is(DeliveryState.FAILED), d.event_seq > literal_column("0")).subquery()


def _health(due: ScalarSelect[int]) -> Select[Any]:
    return select(
        webhooks.c.id,
        _last(_is(DeliveryState.DELIVERED)),
        _last(_is(DeliveryState.FAILED)),
        due,
        _last(*_retried),
        select(func.count()).select_from(_some_retried).scalar_subquery(),
        select(func.count()).select_from(_some_failed).where(_some_failed.c.id >= p("since", ID)).scalar_subquery(),
    ).where(webhooks.c.clinic_id == p("clinic"))


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
_HEALTH = Statement(_health(_least), "since clinic", postgresql=_health(_first))


async def latest(
    reader: Reader, clinic_id: int, sought: Sought | None, before: int, limit: int
) -> list[tuple[Delivery, Webhook]]:
    """A clinic's deliveries with lower numbers than `before`; of one kind, or all."""
    if sought is None:
        return _pairs(await reader.fetch(_ALL, clinic_id, before, limit))
    if sought == Sought.RETRIED:
        return _pairs(await reader.fetch(_RETRIED, clinic_id, before, limit))
    return _pairs(await reader.fetch(_IN_STATE, clinic_id, str(sought), before, limit))


async def of_hook(
    reader: Reader, webhook_id: bytes, sought: Sought | None, before: int, limit: int
) -> list[tuple[Delivery, Webhook]]:
    """The same of one webhook."""
    if sought == Sought.RETRIED:
        return _pairs(await reader.fetch(_OF_HOOK_RETRIED, webhook_id, before, limit))
    states = [str(one) for one in DeliveryState] if sought is None else [str(sought)]
    found = [
        pair for one in states for pair in _pairs(await reader.fetch(_OF_HOOK, webhook_id, one, before, limit))
    ]  # fmt: skip
    return sorted(found, key=lambda pair: -pair[0].number)[:limit]


async def health(reader: Reader, clinic_id: int, since: bytes) -> dict[bytes, Health]:
    """How each of a clinic's webhooks does, by its id; what was given up is counted of those whose ids, which begin
    with their time, are not less than `since`."""
    return {bytes(row[0]): Health(*row) for row in await reader.fetch(_HEALTH, since, clinic_id)}


def _pairs(rows: Any) -> list[tuple[Delivery, Webhook]]:
    return [with_hook(row) for row in rows]
