# SPDX-License-Identifier: Apache-2.0
"""Filtered and ordered lists of the library: everybody's content with a clinic's own, and the species of both.

No list reads what a piece of content says: its texts stay on their pages of the store. What may have to look at every
row is read aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, FromClause, Table, and_, func, null, or_, select
from sqlalchemy.sql.expression import literal_column

from polyvet.model.filters import Filter, Kind, Order, paths
from polyvet.model.library import EVERYBODY, ContentKind, ListedContent
from polyvet.storage.filter_sql import MOST_SHAPES, Compiler, Field, Fields, ordering, shape
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader, Store
from polyvet.storage.tables import content, species

T = TypeVar("T")
UPDATED = "updated_at"
c, s = content.c, species.c
_EVERYBODY: ColumnElement[int] = literal_column(str(EVERYBODY))


class _Source(msgspec.Struct, frozen=True):
    """Where a list's rows come from. `names` are the parameters of `here`, the rows that the list is about; an index
    has them in the order of `walked`, which is that of `number`, too."""

    columns: Sequence[ColumnElement[Any]]
    base: Table
    joined: Callable[[FromClause], FromClause]  # the base, or what holds its rows, with what is looked up beside it
    outside: frozenset[str]  # fields that stand there alone
    here: ColumnElement[bool]
    names: str
    fields: Fields
    number: ColumnElement[int]
    walked: Sequence[ColumnElement[Any]]


class _List(Generic[T]):
    """One list; its statements are compiled once a shape. `make` builds an item of a row of the source's columns."""

    def __init__(self, source: _Source, make: Callable[..., T]) -> None:
        self._source = source
        self._make = make
        self._kept: dict[Any, Statement] = {}

    async def page(
        self, store: Store, here: Sequence[Any], tree: Filter | None, orders: tuple[Order, ...], limit: int, offset: int
    ) -> list[T]:
        """Up to `limit` items after the first `offset`, by number where `orders` leave it open."""

        async def look(reader: Reader) -> list[T]:
            statement, arguments = self._statement(reader.engine, tree, orders)
            return [self._make(*row) for row in await reader.fetch(statement, *here, limit, offset, *arguments)]

        return await (look(store.reader) if tree is None and not orders else store.aside(look))

    async def count(self, store: Store, here: Sequence[Any], tree: Filter | None) -> int:
        """How many items there are."""

        async def look(reader: Reader) -> int:
            statement, arguments = self._statement(reader.engine, tree, None)
            total: int = (await reader.fetch_one(statement, *here, *arguments))[0]
            return total

        return await store.aside(look)

    def _statement(
        self, engine: str, tree: Filter | None, orders: tuple[Order, ...] | None
    ) -> tuple[Statement, list[Any]]:
        """The statement of this shape, and the filter's arguments; without orders it counts."""
        compiler = Compiler(self._source.fields, engine)
        clause = compiler.clause(tree)
        arguments: list[Any] = list(compiler.arguments)
        key = (engine, shape(tree), orders)
        if key not in self._kept:
            if len(self._kept) >= MOST_SHAPES:
                self._kept.clear()
            values = " ".join(f"v{n}" for n in range(len(arguments)))
            within = self._within(tree, orders or ())
            if orders is None:
                counting = select(func.count()).select_from(within).where(self._source.here, clause)
                self._kept[key] = Statement(counting, f"{self._source.names} {values}")
            else:
                page = self._page(engine, within, clause, orders)
                self._kept[key] = Statement(page, f"{self._source.names} limit offset {values}")
        return self._kept[key], arguments

    def _within(self, tree: Filter | None, orders: tuple[Order, ...]) -> FromClause:
        """The tables that decide which rows there are, and in which order."""
        named = {*paths(tree), *(order.path for order in orders)}
        source = self._source
        return source.base if named.isdisjoint(source.outside) else source.joined(source.base)

    def _page(self, engine: str, within: FromClause, clause: ColumnElement[bool], orders: tuple[Order, ...]) -> Any:
        """The page's rows are found by what is compared, and only then joined with the rest: what a page skips costs
        little. They are few, so that they are sorted again."""
        source = self._source
        by = ordering(orders, source.fields, source.number, engine) if orders else source.walked
        key = next(iter(source.base.primary_key))
        keys = select(key.label("key")).select_from(within).where(source.here, clause).order_by(*by)
        found = keys.limit(p("limit")).offset(p("offset")).subquery("found")
        again = source.number + literal_column("0")  # an expression, for which no index is walked
        rows = source.joined(found.outerjoin(source.base, key == found.c.key))  # which makes SQLite begin with `found`
        return select(*source.columns).select_from(rows).order_by(*ordering(orders, source.fields, again, engine))


def _looked_up(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column of the species, which content need not have. A function, so that SQLite does not take the join for one
    that must find something: it would go through all content for each species."""
    return func.coalesce(column, null())


_FIELDS: Fields = {
    "id": Field(c.number, Kind.NUMBER),
    "title": Field(c.title, Kind.TEXT, lower=c.title_lower, upper=c.title_upper),
    "keywords": Field(c.keywords, Kind.TEXT, lower=c.keywords_lower, upper=c.keywords_upper),
    "role": Field(c.role, Kind.TEXT),
    "country_code": Field(c.country_code, Kind.TEXT),
    "species": Field(
        _looked_up(s.common), Kind.TEXT, lower=_looked_up(s.common_lower), upper=_looked_up(s.common_upper)
    ),
    "species_id": Field(c.species_id, Kind.NUMBER),
    "status": Field(c.status, Kind.TEXT),
    "created_at": Field(c.created_at, Kind.INSTANT),
    UPDATED: Field(c.updated_at, Kind.INSTANT),
    "updated_by": Field(c.updated_by, Kind.TEXT),
}
_CONTENT = _List(
    _Source(
        columns=(
            c.number, c.title, c.keywords, c.country_code, c.species_id, s.common, c.status, c.created_at, c.updated_at,
            c.updated_by,
        ),
        base=content,
        joined=lambda rows: rows.outerjoin(species, s.id == c.species_id),
        outside=frozenset(("species",)),
        here=and_(c.clinic_id.in_((_EVERYBODY, p("clinic", c.clinic_id.type))), c.kind == p("kind")),
        names="clinic kind",
        fields=_FIELDS,
        number=c.number,
        walked=(c.clinic_id, c.number),
    ),
    ListedContent,
)  # fmt: skip
_SPECIES = _List(
    _Source(
        columns=(s.id, s.common),
        base=species,
        joined=lambda rows: rows,
        outside=frozenset(),
        here=or_(s.clinic_id.is_(None), s.clinic_id == p("clinic")),
        names="clinic",
        fields={
            "id": Field(s.id, Kind.NUMBER),
            "name": Field(s.common, Kind.TEXT, lower=s.common_lower, upper=s.common_upper),
        },
        number=s.id,
        walked=(s.id,),
    ),
    lambda number, name: (number, name),
)


async def page(
    store: Store,
    clinic_id: int,
    kind: ContentKind,
    tree: Filter | None,
    orders: tuple[Order, ...],
    *,
    limit: int,
    offset: int,
) -> list[ListedContent]:
    """Everybody's content of a kind and the clinic's own; everybody's has the lower numbers. Who asks for what changed
    since a time gets all that was stamped before the question."""
    if UPDATED in paths(tree):
        await store.settle(clinic_id)
    return await _CONTENT.page(store, (clinic_id, int(kind)), tree, orders, limit, offset)


async def count(store: Store, clinic_id: int, kind: ContentKind, tree: Filter | None) -> int:
    """How many there are."""
    return await _CONTENT.count(store, (clinic_id, int(kind)), tree)


async def species_page(
    store: Store, clinic_id: int, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> list[tuple[int, str]]:
    """Codes and everyday names of the shared species and the clinic's own."""
    return await _SPECIES.page(store, (clinic_id,), tree, orders, limit, offset)


async def species_count(store: Store, clinic_id: int, tree: Filter | None) -> int:
    """How many there are."""
    return await _SPECIES.count(store, (clinic_id,), tree)
