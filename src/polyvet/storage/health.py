# SPDX-License-Identifier: Apache-2.0
"""How the store does: its size and schema, and what waits in its queues.

Nobody waits for a count of millions: so many rows of a queue are looked at, the ones that are due first; of what has
failed, the newest.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, Table, column, func, literal_column, select, table, text

from polyvet.model import values
from polyvet.model.hooks import DeliveryState
from polyvet.model.library import MailState
from polyvet.model.paging import SOME
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import ID, INSTANT, deliveries, mails, webhooks

LOOKED_AT = 20_000  # rows
FAILED_SINCE = 7 * values.DAY
_SIZE = Statement(
    select(literal_column("page_count * page_size")).select_from(text("pragma_page_count, pragma_page_size")),
    postgresql=select(func.pg_database_size(func.current_database())),
)
_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")))


class Queue(msgspec.Struct, frozen=True):
    """What waits. With `more`, these are of the first rows only that were looked at."""

    waiting: int
    due: int  # of these, now
    oldest: int | None  # when the first of them is or was due
    failed: int  # for good, within FAILED_SINCE
    more: bool


class _Statements:
    """Of one queue; so many rows of it are looked at."""

    def __init__(self, queue: Table, rows: int) -> None:
        self.rows = rows
        q = queue.c
        most: ColumnElement[int] = literal_column(str(rows))
        queued = select(q.clinic_id, q.next_at).where(q.next_at.is_not(None)).order_by(q.next_at)
        waiting = queued.limit(most).subquery()
        w = waiting.c
        here = w.clinic_id == func.coalesce(p("clinic", INSTANT), w.clinic_id)
        self.waiting = Statement(
            select(
                func.count().filter(here),
                func.count().filter(here, w.next_at <= p("now", INSTANT)),
                func.min(w.next_at).filter(here),
                func.count(),
            ).select_from(waiting),
            "clinic now",
        )
        newest = select(q.clinic_id, q.state).where(q.id >= p("since", ID)).order_by(q.id.desc()).limit(most).subquery()
        n = newest.c
        self.failed = Statement(
            select(
                func.count().filter(
                    n.state == p("state"), n.clinic_id == func.coalesce(p("clinic", INSTANT), n.clinic_id)
                ),
                func.count(),
            ).select_from(newest),
            "since state clinic",
        )


_DELIVERIES, _MAILS = _Statements(deliveries, LOOKED_AT), _Statements(mails, LOOKED_AT)
_SOME_MAILS = _Statements(mails, SOME)
d = deliveries.c
_of_hook = d.webhook_id == webhooks.c.id
# In the order of the index of these, which SQLite would not take otherwise.
_tried_again = (
    select(d.number)
    .where(_of_hook, d.next_at.is_not(None), d.last_error.is_not(None))
    .order_by(d.number.desc())
    .limit(literal_column("1"))
    .correlate(webhooks)
    .scalar_subquery()
)
_first_due = select(func.min(d.next_at)).where(_of_hook).correlate(webhooks).scalar_subquery()
_of_each = select(_first_due.label("due")).where(webhooks.c.active, _tried_again.is_(None)).subquery()
_FIRST_DUE = Statement(select(func.min(_of_each.c.due)))


async def size(reader: Reader) -> int:
    """Bytes of the store."""
    found: int = (await reader.fetch_one(_SIZE))[0]
    return found


async def revision(reader: Reader) -> str:
    """Of the store's schema."""
    found: str = (await reader.fetch_one(_REVISION))[0]
    return found


async def delivery_queue(reader: Reader, clinic_id: int | None) -> Queue:
    """Webhooks' deliveries of a clinic; None: of all."""
    return await _queue(reader, _DELIVERIES, str(DeliveryState.FAILED), clinic_id)


async def mail_queue(reader: Reader, clinic_id: int | None) -> Queue:
    """Mails of a clinic; None: of all."""
    return await _queue(reader, _MAILS, str(MailState.FAILED), clinic_id)


async def some_mails(reader: Reader) -> Queue:
    """The same of all clinics' mails, as far as a few rows tell: whether any wait, and since when."""
    return await _queue(reader, _SOME_MAILS, str(MailState.FAILED), None)


async def deliveries_due(reader: Reader) -> int | None:
    """When the first delivery is or was due, of all clinics. Webhooks that are off, whose deliveries are held back, do
    not count, nor those that fail: these are given time."""
    found: int | None = (await reader.fetch_one(_FIRST_DUE))[0]
    return found


async def _queue(reader: Reader, statements: _Statements, failed_state: str, clinic_id: int | None) -> Queue:
    now = values.now()
    waiting, due, oldest, looked = await reader.fetch_one(statements.waiting, clinic_id, now)
    since = values.new_id(now - FAILED_SINCE)
    failed, looked_back = await reader.fetch_one(statements.failed, since, failed_state, clinic_id)
    return Queue(waiting, due, oldest, failed, statements.rows in (looked, looked_back))
