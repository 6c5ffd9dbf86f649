# SPDX-License-Identifier: Apache-2.0
"""Filtered, ordered lists with exact totals.

What an index or a counter answers is read in the event loop. What may have to look at every row of the clinic is read
aside, and its total is kept until the clinic's clock moves: going through the pages of a list counts once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, and_, func, literal_column, select
from sqlalchemy.sql import visitors

from polyvet.model.entities import State
from polyvet.model.filters import All, Comparison, Condition, Filter, Op, Order, leaves, paths
from polyvet.model.paging import Page
from polyvet.storage.counters import RANGE_NAMES, count, counted_between, split
from polyvet.storage.filter_sql import MOST_SHAPES, Compiler, Fields, ordering, past_index, shape
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader, Store
from polyvet.storage.tables import clinics

T = TypeVar("T")
ARCHIVED = "archived"
UPDATED = "updated_at"
NUMBER = "number"  # what lists are ordered by
MOST_TOTALS = 1_000
_UNSERVED = {Op.IS_NOT, Op.NOT_IN, Op.NOT_IN_RANGE, Op.IS_NULL}
_CLOCK = Statement(select(clinics.c.clock).where(clinics.c.id == p("clinic")), "clinic")

Narrow = Callable[[Filter | None, str], tuple[ColumnElement[bool], str] | None]


class Counted(msgspec.Struct, frozen=True):
    """The counters of a list of clients or patients, and the table whose `state` and `updated_at` they count by."""

    table: Table
    active: str
    active_updated: str
    archived: str
    archived_updated: str


class Source(msgspec.Struct, frozen=True):
    """Where a list's rows come from."""

    columns: Sequence[ColumnElement[Any]]
    base: Table  # holds `last` and what most filters need
    joined: FromClause
    here: tuple[ColumnElement[bool], ...]  # the rows that the clinic sees, by the parameter `clinic`
    fields: Fields
    last: ColumnElement[Any]  # makes every order total
    unique: frozenset[str]  # fields that no two rows share: an order that ends with one is total
    indexed: frozenset[str]  # fields whose conditions an index serves
    apart: frozenset[str] = frozenset()  # of these, fields whose index does not start with the clinic
    counted: Counted | None = None
    whole: str | None = None  # of rows without a state, the counter of all that the clinic has
    narrow: Narrow | None = None  # a clause that an index serves, with the value of its one parameter `narrow`
    clocked: bool = True  # whether the clinic's clock moves when a row changes, so that a total can be kept under it


class Totals:
    """Totals that take counting; kept under the clinic's clock, which is read first: what changes meanwhile makes the
    next reader count again."""

    def __init__(self) -> None:
        self._kept: dict[Any, tuple[int, int]] = {}

    async def of(
        self, reader: Reader, clinic_id: int, tree: Filter | None, counting: Callable[[], Awaitable[int]]
    ) -> int:
        """The total of a filter, which `counting` finds if it is not known."""
        (clock,) = await reader.fetch_one(_CLOCK, clinic_id)
        key = (clinic_id, tree)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == clock:
            return kept[1]
        total = await counting()
        if len(self._kept) >= MOST_TOTALS:
            self._kept.clear()
        self._kept[key] = (clock, total)
        return total


class FilteredList(Generic[T]):
    """One kind of list; `make` builds an item of a row of the source's columns."""

    def __init__(self, source: Source, make: Callable[[Any], T]) -> None:
        self._source = source
        self._make = make
        self._pages: dict[Any, Statement] = {}
        self._counts: dict[Any, Statement] = {}
        self._totals = Totals()
        self._since = {} if source.counted is None else _since(source.counted)
        alone = all(_on(clause, source.base) for clause in source.here)
        self._on_base = {
            path
            for path, field in source.fields.items()
            if alone and (field.among is not None or _on(field.column, source.base))
        }
        self._base_is_enough = alone

    async def page(
        self, store: Store, clinic_id: int, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
    ) -> Page[T]:
        """One page with the exact total, of all that was stamped before it was asked for: mirrors ask by the wall's
        clock, and what is on its way to the store then would be behind them."""
        await store.settle(clinic_id)

        async def look(reader: Reader) -> Page[T]:
            total = await self._total(reader, clinic_id, tree)
            if offset >= total:
                return Page([], total, more=False)
            walk = await self._walks(reader, clinic_id, tree, orders, total, offset + limit)
            statement, arguments = self._statement(self._pages, reader.engine, tree, orders, walk=walk)
            rows = await reader.fetch(statement, clinic_id, limit, offset, *arguments)
            return Page([self._make(row) for row in rows], total, offset + len(rows) < total)

        quick = {*self._source.indexed, ARCHIVED} if self._source.counted else self._source.indexed
        short = not orders and all(_served(one, quick) for one in leaves(tree))
        return await (look(store.reader) if short else store.aside(look))

    async def _walks(
        self, reader: Reader, clinic_id: int, tree: Filter | None, orders: tuple[Order, ...], total: int, rows: int
    ) -> bool:
        """Whether to go along the numbers and leave out what does not match, rather than to sort all that an index
        finds: whichever reads fewer rows. Of rows without a state, the latest have the highest numbers, so that all
        that match may be the last ones: there it takes every fourth row to match."""
        found = not orders and any(_served(one, self._source.indexed - {NUMBER}) for one in conjuncts(tree))
        if not found or (self._source.counted is None and self._source.whole is None):
            return not found and not orders
        everything = await self._total(reader, clinic_id, None)
        return everything <= 4 * total if self._source.counted is None else rows * everything <= total * total

    def _statement(
        self,
        kept: dict[Any, Statement],
        engine: str,
        tree: Filter | None,
        orders: tuple[Order, ...] = (),
        *,
        walk: bool = False,
    ) -> tuple[Statement, list[Any]]:
        """The statement of this shape, compiled once, and the filter's arguments."""
        source = self._source
        compiler = Compiler(source.fields, engine, past=source.indexed - {NUMBER} if walk else frozenset())
        clause = compiler.clause(tree)
        arguments: list[Any] = list(compiler.arguments)
        names = " ".join(f"v{n}" for n in range(len(arguments)))
        narrowed = source.narrow(tree, engine) if source.narrow else None
        where = [*self._here(tree, walk=walk), clause]
        if narrowed is not None:
            where.append(narrowed[0])
            arguments.append(narrowed[1])
            names += " narrow"
        key = (engine, shape(tree), orders, walk, narrowed is not None)
        if key not in kept:
            if len(kept) >= MOST_SHAPES:
                kept.clear()
            within = self._within(tree, orders)
            if kept is self._counts:
                kept[key] = Statement(select(func.count()).select_from(within).where(*where), f"clinic {names}")
            else:
                # An order by an expression leaves the choice of the index to the filter.
                total = bool(orders) and orders[-1].path in source.unique
                last = source.last if walk or orders else source.last + literal_column("0")
                order = ordering(orders, source.fields, None if total else last, engine)
                again = {path: past_index(field) for path, field in source.fields.items()}
                page = self._page(within, where, order)
                # The page's rows are few: to sort them costs less than to meet them in order among all.
                page = page.order_by(*ordering(orders, again, source.last + literal_column("0"), engine))
                kept[key] = Statement(page, f"clinic limit offset {names}")
        return kept[key], arguments

    def _here(self, tree: Filter | None, *, walk: bool) -> tuple[ColumnElement[bool], ...]:
        """The clinic's rows; as an expression where another index than one of the clinic's is to find them: SQLite
        would not choose it by itself."""
        here = self._source.here
        if walk or not any(one.path in self._source.apart for one in conjuncts(tree)):
            return here
        return (_clinic(here[0]) + literal_column("0") == p("clinic"), *here[1:])

    def _within(self, tree: Filter | None, orders: tuple[Order, ...]) -> FromClause:
        """The tables that decide which rows there are."""
        named = [*paths(tree), *(order.path for order in orders)]
        enough = self._base_is_enough and self._on_base.issuperset(named)
        return self._source.base if enough else self._source.joined

    def _page(
        self, within: FromClause, where: list[ColumnElement[bool]], order: list[ColumnElement[Any]]
    ) -> Select[Any]:
        """The page's rows are found first, and only then joined with the rest: what a page skips costs little."""
        source = self._source
        keys = select(source.last.label("key")).select_from(within).where(*where).order_by(*order)
        found = keys.limit(p("limit")).offset(p("offset")).subquery("found")
        if source.joined is source.base:  # an outer join also tells SQLite where to begin
            return select(*source.columns).select_from(
                found.outerjoin(source.base, and_(source.last == found.c.key, source.here[0]))
            )
        joined = source.joined.join(found, source.last == found.c.key)
        return select(*source.columns).select_from(joined).where(source.here[0])

    async def _total(self, reader: Reader, clinic_id: int, tree: Filter | None) -> int:
        if tree is None and self._source.whole is not None:
            return await count(reader, clinic_id, self._source.whole)
        simple = _simple(tree)
        if simple is None or self._source.counted is None:
            return await self._count(reader, clinic_id, tree)
        archived, since = simple
        counted, total = self._source.counted, 0
        for state, whole, updated in (
            (State.ACTIVE, counted.active, counted.active_updated),
            (State.ARCHIVED, counted.archived, counted.archived_updated),
        ):
            if archived not in (None, state is State.ARCHIVED):
                continue
            if since is None:
                total += await count(reader, clinic_id, whole)
            else:
                total += (await reader.fetch_one(self._since[state], clinic_id, updated, *split(since)))[0]
        return total

    async def _count(self, reader: Reader, clinic_id: int, tree: Filter | None) -> int:
        async def counting() -> int:
            statement, arguments = self._statement(self._counts, reader.engine, tree)
            total: int = (await reader.fetch_one(statement, clinic_id, *arguments))[0]
            return total

        if not self._source.clocked:
            return await counting()
        return await self._totals.of(reader, clinic_id, tree, counting)


def _clinic(clause: ColumnElement[bool]) -> Column[int]:
    """The column that says whose a row is."""
    return next(part for part in visitors.iterate(clause) if isinstance(part, Column))


def _on(clause: ColumnElement[Any], base: Table) -> bool:
    """Whether the table alone tells what the clause does."""
    columns = [part for part in visitors.iterate(clause) if isinstance(part, Column)]
    return all(column.table is base for column in columns)


def _served(one: Condition | Comparison, fields: Iterable[str]) -> bool:
    """Whether an index on one of the fields finds what the comparison asks for."""
    return isinstance(one, Condition) and one.path in fields and one.op not in _UNSERVED


def conjuncts(tree: Filter | None) -> list[Condition]:
    """The comparisons that must all hold."""
    parts = () if tree is None else tree.parts if isinstance(tree, All) else (tree,)
    return [one for one in parts if isinstance(one, Condition)]


def _since(counted: Counted) -> dict[State, Statement]:
    """How many rows of a state changed in a range of time."""
    c = counted.table.c
    return {
        state: Statement(
            select(
                counted_between(
                    counted.table, c.updated_at, c.clinic_id == p("clinic"), c.state == literal_column(str(int(state)))
                )
            ),
            f"clinic counter {RANGE_NAMES}",
        )
        for state in (State.ACTIVE, State.ARCHIVED)
    }


def _simple(tree: Filter | None) -> tuple[bool | None, int | None] | None:
    """Whether archived and since when, for a filter of no more than these, which counters answer."""
    parts = () if tree is None else tree.parts if isinstance(tree, All) else (tree,)
    archived: bool | None = None
    since: int | None = None
    for one in parts:
        if isinstance(one, Condition) and one.path == ARCHIVED and one.op is Op.IS and archived is None:
            archived = bool(one.values[0])
        elif isinstance(one, Condition) and one.path == UPDATED and one.op is Op.GTE and since is None:
            since = int(one.values[0])
        else:
            return None
    return archived, since
