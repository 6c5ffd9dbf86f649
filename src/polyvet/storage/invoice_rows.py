# SPDX-License-Identifier: Apache-2.0
"""Invoices' rows: their lines, and a balance that was carried over as a row at the last place, so that the rows' sum is
the invoice's total.

A list goes along the invoices' serials. What a filter says of rows' numbers is also said of the serials, by which an
index finds them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, literal_column, select, union_all

from polyvet.model.entities import CARRIED_OVER, ROWS_OF_INVOICE, InvoiceLine
from polyvet.model.files import InvoiceRow
from polyvet.model.filters import Filter, Kind, Op, Order, paths
from polyvet.model.paging import Page
from polyvet.storage.counters import count
from polyvet.storage.filter_sql import MOST_SHAPES, Compiler, Field, Fields, shape
from polyvet.storage.filtered import NUMBER, UPDATED, Totals, conjuncts
from polyvet.storage.seen import by_client, patient_number
from polyvet.storage.statement import Statement, among_numbers, as_numbers, p
from polyvet.storage.store import Reader, Store
from polyvet.storage.tables import invoice_lines, invoices

i, li = invoices.c, invoice_lines.c
COUNTER = "invoice rows"
HIGHEST = 2**62
_LAST: ColumnElement[int] = literal_column(str(CARRIED_OVER), BigInteger())
_ROWS: ColumnElement[int] = literal_column(str(ROWS_OF_INVOICE), BigInteger())
_FROM: dict[str, tuple[Any, ColumnElement[int], tuple[ColumnElement[bool], ...]]] = {
    "lines": (invoices.join(invoice_lines, li.invoice_id == i.id), li.position, ()),
    "carried over": (invoices, _LAST, (i.carried_over_cents != literal_column("0"),)),
}
_SHOWN = (
    i.serial, i.created_at, i.updated_at, patient_number(invoices), i.id, i.carried_over_cents,
    li.position, li.name, li.unit_price_cents, li.quantity_milli,
)  # fmt: skip
_BY = {NUMBER: ("serial", "position"), "serial": ("serial",), UPDATED: (UPDATED,), "created_at": ("created_at",)}
_QUICK = {NUMBER, "serial", UPDATED, "client.number"}


def _fields(position: ColumnElement[int]) -> Fields:
    return {
        NUMBER: Field(i.serial * _ROWS + position, Kind.NUMBER),
        "serial": Field(i.serial, Kind.NUMBER),
        "created_at": Field(i.created_at, Kind.INSTANT),
        UPDATED: Field(i.updated_at, Kind.INSTANT),
        "client.number": by_client(invoices),
    }


FIELDS = _fields(li.position)
_pages: dict[Any, Statement] = {}
_counts: dict[Any, Statement] = {}
_totals = Totals()


async def page(
    store: Store, clinic_id: int, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[InvoiceRow]:
    """One page with the exact total."""

    async def look(reader: Reader) -> Page[InvoiceRow]:
        total = await _total(reader, clinic_id, tree)
        if offset >= total:
            return Page([], total, more=False)
        walk = await _walks(reader, clinic_id, tree, orders, total, offset + limit)
        statement, arguments = _statement(_pages, reader.engine, tree, orders, walk=walk)
        rows = await reader.fetch(statement, clinic_id, limit, offset, *arguments)
        return Page([_row(*row) for row in rows], total, offset + len(rows) < total)

    short = all(order.path == NUMBER for order in orders) and all(path in _QUICK for path in paths(tree))
    return await (look(store.reader) if short else store.aside(look))


async def _walks(
    reader: Reader, clinic_id: int, tree: Filter | None, orders: tuple[Order, ...], total: int, rows: int
) -> bool:
    """Whether to go along the serials and leave out what does not match, rather than to sort all that another index
    finds: whichever reads fewer rows."""
    found = not orders and any(one.path in ("client.number", UPDATED) for one in conjuncts(tree))
    return not found or rows * await count(reader, clinic_id, COUNTER) <= total * total


async def _total(reader: Reader, clinic_id: int, tree: Filter | None) -> int:
    if tree is None:
        return await count(reader, clinic_id, COUNTER)

    async def counting() -> int:
        statement, arguments = _statement(_counts, reader.engine, tree)
        total: int = (await reader.fetch_one(statement, clinic_id, *arguments))[0]
        return total

    return await _totals.of(reader, clinic_id, tree, counting)


def _statement(
    kept: dict[Any, Statement],
    engine: str,
    tree: Filter | None,
    orders: tuple[Order, ...] = (),
    *,
    walk: bool = True,
) -> tuple[Statement, list[Any]]:
    """The statement of this shape, compiled once, and the filter's arguments."""
    bounds = _bounds(tree)
    between = (i.serial >= p("low"), i.serial <= p("high")) if bounds else ()
    arguments: list[Any] = []
    kinds: list[Select[Any]] = []
    for source, position, where in _FROM.values():
        compiler = Compiler(_fields(position), engine)
        clause = and_(i.clinic_id == p("clinic"), *where, *between, compiler.clause(tree))
        # An order by an expression leaves the choice of the index to the filter.
        serial = i.serial if walk else i.serial + literal_column("0")
        columns = (serial.label("serial"), position.label("position"), i.created_at, i.updated_at)
        kinds.append(select(*columns).select_from(source).where(clause))
        arguments = [*bounds, *compiler.arguments]
    key = (engine, shape(tree), orders, walk)
    if key not in kept:
        if len(kept) >= MOST_SHAPES:
            kept.clear()
        names = ("low high " if bounds else "") + " ".join(f"v{n}" for n in range(len(arguments) - len(bounds)))
        if kept is _counts:
            found = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in kinds]
            kept[key] = Statement(select(found[0] + found[1]), f"clinic {names}")
        else:
            kept[key] = Statement(_page(kinds, orders), f"clinic limit offset {names}")
    return kept[key], arguments


def _page(kinds: list[Select[Any]], orders: tuple[Order, ...]) -> Select[Any]:
    """The page's rows are found first, and only then joined with what is shown of them."""
    terms = {name: order.descending for order in reversed((*orders, Order(NUMBER))) for name in _BY[order.path]}
    names = list(dict.fromkeys(name for order in (*orders, Order(NUMBER)) for name in _BY[order.path]))
    by: list[ColumnElement[Any]] = [
        literal_column(name).desc() if terms[name] else literal_column(name).asc() for name in names
    ]
    found = union_all(*kinds).order_by(*by).limit(p("limit")).offset(p("offset")).subquery("found")
    shown = found.join(invoices, and_(i.clinic_id == p("clinic"), i.serial == found.c.serial)).outerjoin(
        invoice_lines, and_(li.invoice_id == i.id, li.position == found.c.position)
    )
    order = [found.c[name].desc() if terms[name] else found.c[name].asc() for name in names]
    return select(*_SHOWN).select_from(shown).order_by(*order)


def _bounds(tree: Filter | None) -> tuple[int, ...]:
    """The lowest and the highest serial of rows that can match, where their numbers tell; which it is depends on the
    filter's shape alone."""
    low, high = 0, HIGHEST
    bounding = [one for one in conjuncts(tree) if one.path == NUMBER and one.op in _BOUNDING]
    for one in bounding:
        serials = [int(value) // ROWS_OF_INVOICE for value in one.values]
        if one.op not in (Op.LT, Op.LTE):
            low = max(low, min(serials))
        if one.op not in (Op.GT, Op.GTE):
            high = min(high, max(serials))
    return (low, high) if bounding else ()


_BOUNDING = {Op.IS, Op.IN, Op.RANGE, Op.LT, Op.LTE, Op.GT, Op.GTE}


def _row(serial: int, created: int, updated: int, patient: int | None, ident: bytes, carried: int, *line: Any) -> Any:
    if line[0] is None:
        return InvoiceRow(serial, created, updated, patient, carried_over(ident, carried))
    return InvoiceRow(serial, created, updated, patient, InvoiceLine(ident, *line))


def carried_over(invoice_id: bytes, cents: int) -> InvoiceLine:
    """An older balance as a row of the invoice that collects it."""
    return InvoiceLine(invoice_id, CARRIED_OVER, "", cents, 1000)


_sqlite, _postgresql = among_numbers(i.serial, "serials")
_of_invoices = (
    select(i.serial, li.invoice_id, *_SHOWN[-4:])
    .select_from(_FROM["lines"][0])
    .where(i.clinic_id == p("clinic"))
    .order_by(i.serial, li.position)
)
_OF_INVOICES = Statement(_of_invoices.where(_sqlite), "clinic serials", postgresql=_of_invoices.where(_postgresql))


async def of_invoices(reader: Reader, clinic_id: int, serials: Iterable[int]) -> dict[int, list[InvoiceLine]]:
    """The lines of many invoices, by their serials."""
    found: dict[int, list[InvoiceLine]] = defaultdict(list)
    for serial, *line in await reader.fetch(_OF_INVOICES, clinic_id, as_numbers(reader.engine, serials)):
        found[serial].append(InvoiceLine(*line))
    return found
