# SPDX-License-Identifier: Apache-2.0
"""Counters: exact totals without a scan, moved in the transaction that moves the rows.

| name | bucket | what n counts at the clinic |
| --- | --- | --- |
| `clients` | 0 | clients to whom it is actively connected |
| `clients updated` | of `updated_at` | the same, by when they last changed |
| `patients`, `patients/SLUG`, `patients@SPECIES` | 0 | active patients, by slug, by species code |
| `updated`, `updated/SLUG` | of `updated_at` | active patients, by when they last changed |
| `archived clients`, `archived patients` | 0 | archived ones |
| `archived clients updated`, `archived patients updated` | of `updated_at` | archived ones, by when they last changed |
| `records` | 0 | medical records |
| `occurred` | of `occurred_at` | medical records, by when they occurred |
| `invoices`, `invoices/STATUS` | 0 | invoices |
| `invoice rows` | 0 | their lines, and the balances that they carry over |
| `stock` | 0 | stock items |
| `appointments` | 0 | calendar events |
| `reminders` | 0 | reminders |
| `deliveries` | 0 | deliveries to webhooks |

A bucket is 2**36 microseconds, some 19 hours: a total over a range of time sums whole buckets and counts, in an index,
only the rows of the two buckets at its ends.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, and_, cast, func, literal_column, select

from polyvet.model.paging import LATEST
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import counters

BUCKET_BITS = 36
RANGE_NAMES = "low low_end first_bucket last_bucket high_start high"

# PostgreSQL sums bigint as numeric.
_sum = cast(func.coalesce(func.sum(counters.c.n), literal_column("0")), BigInteger)
_named = and_(counters.c.clinic_id == p("clinic"), counters.c.name == p("counter"))
_COUNT = Statement(
    select(_sum).where(_named, counters.c.bucket == literal_column("0")),
    "clinic counter",
)


def bucket(instant: int) -> int:
    """The bucket of an instant in microseconds."""
    return instant >> BUCKET_BITS


def counted() -> ColumnElement[int]:
    """A total as a column: the counter named by the parameter `counter`."""
    return select(_sum).where(_named, counters.c.bucket == literal_column("0")).scalar_subquery()


def counted_between(table: Table, column: Any, *where: ColumnElement[bool]) -> ColumnElement[int]:
    """A total over low <= `column` < high as a column; the parameters are RANGE_NAMES and `counter`."""
    whole = select(_sum).where(
        _named,
        counters.c.bucket > p("first_bucket"),
        counters.c.bucket < p("last_bucket"),
    )
    ends = [
        select(func.count())
        .select_from(table)
        .where(and_(*where, column >= p(start), column < p(end)))
        .scalar_subquery()
        for start, end in (("low", "low_end"), ("high_start", "high"))
    ]
    return whole.scalar_subquery() + ends[0] + ends[1]


def split(low: int, high: int = LATEST) -> tuple[int, int, int, int, int, int]:
    """The arguments of `counted_between` for low <= x < high, in the order of RANGE_NAMES."""
    first, last = bucket(low), bucket(high)
    if high <= low:
        return low, low, first, first, high, high
    if first == last:
        return low, high, first, last, high, high
    return low, (first + 1) << BUCKET_BITS, first, last, min(last << BUCKET_BITS, high), high


async def count(reader: Reader, clinic_id: int, name: str) -> int:
    """One counter's value."""
    n: int = (await reader.fetch_one(_COUNT, clinic_id, name))[0]
    return n
