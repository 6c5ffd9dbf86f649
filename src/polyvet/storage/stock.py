# SPDX-License-Identifier: Apache-2.0
"""A clinic's stock in the store. Items stand in the order of their ids, which never change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, select

from polyvet.model.entities import StockItem
from polyvet.model.paging import Page
from polyvet.storage.counters import counted
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import stock_items
from polyvet.storage.writing import Tx

s = stock_items.c
_COLUMNS = tuple(stock_items.columns)
_WIDTH = len(_COLUMNS)
_VIRTUAL = [column.name for column in _COLUMNS].index("is_virtual")
_LOWEST_ID = b"\0" * 16
_here = s.clinic_id == p("clinic")
_low = and_(s.is_virtual == false(), s.quantity_milli < s.low_stock_milli)


def _filters(by_category: bool, only_low: bool) -> list[ColumnElement[bool]]:
    return [_here] + ([s.category == p("category")] if by_category else []) + ([_low] if only_low else [])


def _total(by_category: bool, only_low: bool) -> Any:
    """A whole stock's total is counted; a filter reads the clinic's part of an index, a few thousand entries."""
    if not by_category and not only_low:
        return counted()
    return select(func.count()).select_from(stock_items).where(*_filters(by_category, only_low)).scalar_subquery()


def _names(by_category: bool, only_low: bool) -> str:
    return "clinic" + (" category" if by_category else "") + ("" if by_category or only_low else " counter")


def _page(by_category: bool, only_low: bool) -> Any:
    where = [*_filters(by_category, only_low), s.id > p("ident")]
    query = select(*_COLUMNS, _total(by_category, only_low)).where(*where).order_by(s.id)
    return query.limit(p("limit")).offset(p("offset"))


_LIST = {
    (c, low): Statement(_page(c, low), _names(c, low) + " ident limit offset")
    for c in (False, True)
    for low in (False, True)
}
_TOTAL = {(c, low): Statement(select(_total(c, low)), _names(c, low)) for c in (False, True) for low in (False, True)}
_GET = Statement(select(*_COLUMNS).where(_here, s.id == p("item")), "clinic item")


def _item(row: Any) -> StockItem:
    """An item from a row's first columns; SQLite gives a truth value as 0 or 1."""
    columns = list(row[:_WIDTH])
    columns[_VIRTUAL] = bool(columns[_VIRTUAL])
    return StockItem(*columns)


async def get(reader: Reader, clinic_id: int, item_id: bytes) -> StockItem | None:
    """One of the clinic's items."""
    row = await reader.fetch_one(_GET, clinic_id, item_id)
    return None if row is None else _item(row)


async def list_items(
    reader: Reader,
    clinic_id: int,
    *,
    category: str | None,
    only_low: bool,
    limit: int,
    offset: int = 0,
    after: bytes | None = None,
) -> Page[StockItem]:
    """The clinic's items, those behind the id `after`; `only_low` keeps real ones below their threshold."""
    shape = (category is not None, only_low)
    chosen = (() if category is None else (category,)) + (() if any(shape) else ("stock",))
    rows = await reader.fetch(_LIST[shape], clinic_id, *chosen, after or _LOWEST_ID, limit + 1, offset)
    total = rows[0][_WIDTH] if rows else (await reader.fetch_one(_TOTAL[shape], clinic_id, *chosen))[0]
    return Page([_item(row) for row in rows[:limit]], total, len(rows) > limit)


_INSERT = inserting(stock_items, " ".join(column.name for column in _COLUMNS), rank=20)


def insert(tx: Tx, item: StockItem) -> None:
    """Add an item."""
    tx.write(_INSERT, *(getattr(item, column.name) for column in _COLUMNS))
    tx.count(item.clinic_id, "stock")
