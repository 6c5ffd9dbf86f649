# SPDX-License-Identifier: Apache-2.0
"""Statements: stated once with SQLAlchemy Core, compiled once an engine, executed by the raw drivers.

SQLAlchemy states and compiles; it does not execute, since that cost 2.5 times the read itself where it was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, BindParameter, ColumnElement, Table, any_, bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY, asyncpg
from sqlalchemy.dialects.sqlite import JSON as SQLITE_JSON
from sqlalchemy.sql.expression import Insert, TableValuedAlias

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_DIALECTS = {SQLITE: sqlite.dialect(paramstyle="qmark"), POSTGRESQL: asyncpg.dialect()}  # type: ignore[no-untyped-call]

Arrange = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class Statement:
    """One statement, with its parameters named in the order in which callers give them."""

    __slots__ = ("_arrange", "_clauses", "_names", "_sql", "rank")

    def __init__(self, clause: Any, names: str = "", *, postgresql: Any = None, rank: int = 1000) -> None:
        """`clause` holds `bindparam`s; `names` lists them, separated by blanks, in the callers' order.

        `postgresql` replaces the clause there, where the engines need two texts. Buffered writes of a transaction
        are sent in the order of `rank`: rows before what points to them.
        """
        self._clauses = {SQLITE: clause, POSTGRESQL: clause if postgresql is None else postgresql}
        self._names = tuple(names.split())
        self._sql: dict[str, str] = {}
        self._arrange: dict[str, Arrange] = {}
        self.rank = rank

    def compiled(self, engine: str) -> tuple[str, Arrange]:
        """The engine's text, and the function that puts the callers' arguments into the driver's order."""
        if engine not in self._sql:
            self._compile(engine)
        return self._sql[engine], self._arrange[engine]

    def _compile(self, engine: str) -> None:
        clause = self._clauses[engine]
        compiled = clause.compile(dialect=_DIALECTS[engine], compile_kwargs={"render_postcompile": True})
        order = tuple(compiled.positiontup or ())
        literals = {name: value for name, value in compiled.params.items() if name not in self._names}
        missing = [name for name in order if name not in self._names and literals.get(name) is None]
        unused = [name for name in self._names if name not in order]
        if missing or unused:
            raise TypeError(f"parameters not declared {missing}, not used {unused} in {compiled}")
        # Threads share statements: what `compiled` looks for first is set last.
        self._arrange[engine] = _arrangement(self._names, order, literals)
        self._sql[engine] = str(compiled)


def _arrangement(names: tuple[str, ...], order: tuple[str, ...], literals: dict[str, Any]) -> Arrange:
    if order == names:
        return lambda args: args
    places = {name: place for place, name in enumerate(names)}
    constants = tuple(literals[name] for name in order if name not in places)
    constant_names = [name for name in order if name not in places]
    places |= {name: len(names) + place for place, name in enumerate(constant_names)}
    if not order:
        return lambda args: ()
    getter = itemgetter(*(places[name] for name in order))
    if len(order) == 1:
        return lambda args: (getter(args + constants),)
    if not constants:
        return getter
    return lambda args: getter(args + constants)


def p(name: str, type_: Any = None) -> BindParameter[Any]:
    """A parameter that callers fill; without a type it takes that of the column it is compared with."""
    return bindparam(name, type_=type_)


def among_numbers(column: ColumnElement[int], name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """`column` is one of many numbers, which stand in one parameter: the clauses of SQLite and PostgreSQL."""
    return column.in_(select(listed_numbers(name).c.value)), column == any_(p(name, ARRAY(BigInteger)))


def listed_numbers(name: str) -> TableValuedAlias:
    """Many numbers that stand in one parameter, as rows; on SQLite."""
    return func.json_each(p(name, SQLITE_JSON)).table_valued("value")


def as_numbers(engine: str, numbers: Iterable[int]) -> str | list[int]:
    """The parameter of `among_numbers`."""
    listed = list(numbers)
    return msgspec.json.encode(listed).decode() if engine == SQLITE else listed


def inserting(table: Table, names: str, *, rank: int) -> Statement:
    """INSERT of one row with the columns `names`."""
    columns = names.split()
    clause: Insert = table.insert().values({name: bindparam(name) for name in columns})
    return Statement(clause, names, rank=rank)
