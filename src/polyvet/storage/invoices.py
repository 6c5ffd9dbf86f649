# SPDX-License-Identifier: Apache-2.0
"""Invoices in the store; each comes with its lines in one statement."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import func, select, text, tuple_

from polyvet.model.entities import Invoice, InvoiceLine, InvoiceWithLines
from polyvet.model.paging import Page, Place
from polyvet.storage.counters import counted
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import invoices

i = invoices.c
_COLUMNS = tuple(invoices.columns)
_WIDTH = len(_COLUMNS)
_SQLITE_LINES = text(
    "(SELECT json_group_array(json_array(position, name, unit_price_cents, quantity_milli)) FROM ("
    "SELECT * FROM invoice_lines WHERE invoice_id = invoices.id ORDER BY position)) AS lines"
)
_POSTGRESQL_LINES = text(
    "(SELECT json_agg(json_build_array(position, name, unit_price_cents, quantity_milli) ORDER BY position)::text"
    " FROM invoice_lines WHERE invoice_id = invoices.id) AS lines"
)
_decode_lines = msgspec.json.Decoder(list[tuple[int, str, int, int]]).decode


def _page(lines: Any, by_client: bool, by_status: bool) -> Any:
    where = [i.clinic_id == p("clinic")]
    where += [i.client_id == p("client")] if by_client else []
    where += [i.status == p("status")] if by_status else []
    total = select(func.count()).select_from(invoices).where(*where).scalar_subquery() if by_client else counted()
    behind = tuple_(i.created_at, i.id) < tuple_(p("at", i.created_at.type), p("ident", i.id.type))
    query = select(*_COLUMNS, lines, total).where(*where, behind).order_by(i.created_at.desc(), i.id.desc())
    return query.limit(p("limit")).offset(p("offset"))


def _total(by_status: bool) -> Any:
    where = [i.clinic_id == p("clinic"), i.client_id == p("client")] + ([i.status == p("status")] if by_status else [])
    return select(func.count()).select_from(invoices).where(*where)


def _names(by_client: bool, by_status: bool) -> str:
    return (" client" if by_client else " counter") + (" status" if by_status else "")


_LIST = {
    (c, s): Statement(
        _page(_SQLITE_LINES, c, s),
        "clinic at ident limit offset" + _names(c, s),
        postgresql=_page(_POSTGRESQL_LINES, c, s),
    )
    for c in (False, True)
    for s in (False, True)
}
_TOTAL = Statement(select(counted()), "clinic counter")
_TOTAL_OF_CLIENT = {s: Statement(_total(s), "clinic client" + (" status" if s else "")) for s in (False, True)}


async def list_by_creation(
    reader: Reader,
    clinic_id: int,
    *,
    client_id: bytes | None,
    status: str | None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[InvoiceWithLines]:
    """The clinic's invoices, the newest first."""
    place = place or Place()
    counter = "invoices" if status is None else f"invoices/{status}"
    chosen = (counter if client_id is None else client_id,) + (() if status is None else (status,))
    statement = _LIST[(client_id is not None, status is not None)]
    rows = await reader.fetch(statement, clinic_id, place.at, place.ident, limit + 1, offset, *chosen)
    if rows:
        total = rows[0][_WIDTH + 1]
    elif client_id is None:
        total = (await reader.fetch_one(_TOTAL, clinic_id, counter))[0]
    else:
        total = (await reader.fetch_one(_TOTAL_OF_CLIENT[status is not None], clinic_id, *chosen))[0]
    return Page([_with_lines(row) for row in rows[:limit]], total, len(rows) > limit)


def _with_lines(row: Any) -> InvoiceWithLines:
    head = Invoice(*row[:_WIDTH])
    lines = _decode_lines(row[_WIDTH]) if row[_WIDTH] else []
    return InvoiceWithLines(head, [InvoiceLine(head.id, *line) for line in lines])
