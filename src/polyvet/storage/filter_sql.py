# SPDX-License-Identifier: Apache-2.0
"""Filters and orders compiled to statements: an allow-list of fields, one statement a shape.

The values of a filter are parameters, so its statement depends on its shape alone and is compiled once. `%` and `_` in
a needle are plain text. Texts are compared without case by columns that are folded when they are written, so both
engines find the same rows, also beyond ASCII.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import BigInteger, ColumnElement, Text, and_, false, func, not_, or_, true
from sqlalchemy.sql.expression import literal_column

from polyvet.model import values
from polyvet.model.filters import (
    WHITE_SPACE,
    All,
    AnyOf,
    Case,
    Comparison,
    Condition,
    Filter,
    Kind,
    Not,
    Op,
    Order,
    Relation,
    Term,
    Value,
)
from polyvet.storage.statement import SQLITE, p

MOST_SHAPES = 1_000
_NEGATIONS = {
    Op.IS_NOT: Op.IS,
    Op.NOT_IN_RANGE: Op.RANGE,
    Op.CONTAINS_NOT: Op.CONTAINS,
    Op.ICONTAINS_NOT: Op.ICONTAINS,
    Op.NOT_IN: Op.IN,
}


_COMPARED: dict[Op, Callable[[Any, Any], Any]] = {
    Op.IS: operator.eq,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
}
_RELATED = {Relation(op.value): compare for op, compare in _COMPARED.items()}
_MILLISECOND: ColumnElement[int] = literal_column("1000")  # in microseconds

_LOWER = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}


def _padded(count: int) -> int:
    """The next power of two."""
    return 1 << max(0, count - 1).bit_length() if count else 0


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL in a query, and no text holds one: the next code point stands in for it, which
    none holds in earnest either."""
    return text.replace("\0", "\x01")


class Field(msgspec.Struct, frozen=True):
    """A field that may be filtered by. `folded` is its folded twin; where that is `column` itself, what it is compared
    with is folded, and empty is not set. `among` turns a condition on the column into one on
    the list's row, for a field of many values: "one of my rows there matches"."""

    column: ColumnElement[Any]  # of a truth, what holds when it is true
    kind: Kind
    folded: ColumnElement[Any] | None = None
    when_false: ColumnElement[bool] | None = None  # of a truth, where an index serves it
    among: Callable[[ColumnElement[bool]], ColumnElement[bool]] | None = None
    there: ColumnElement[bool] | None = None  # whether a field with `among` has a value, where a row tells it itself
    # Its twins in one case, for letters beyond ASCII: the engines' own functions know others each. None: it has none.
    lower: ColumnElement[Any] | None = None
    upper: ColumnElement[Any] | None = None


Fields = Mapping[str, Field]


def shape(tree: Filter | None) -> str:
    """What decides a filter's statement: its fields and operators, without the values."""
    if tree is None:
        return ""
    if isinstance(tree, Condition):
        # A truth stands in the statement itself, and lists of values come in few lengths.
        truth = isinstance(tree.values[0], bool) if tree.values else False
        detail = str(tree.values) if truth else str(_padded(len(tree.values)))
        return f"{tree.path} {tree.op} {detail}"
    if isinstance(tree, Comparison):
        return f"{_side_shape(tree.left)} {tree.relation} {_side_shape(tree.right)}"
    if isinstance(tree, Not):
        return f"not({shape(tree.part)})"
    word = "and" if isinstance(tree, All) else "or"
    return f"{word}({', '.join(map(shape, tree.parts))})"


def _side_shape(side: Term | Value) -> str:
    return f"{side.path}:{side.case}:{side.trimmed}" if isinstance(side, Term) else "?"


def past_index(field: Field) -> Field:
    """The field as an expression, which no index serves."""
    if field.among is not None or field.kind not in (Kind.NUMBER, Kind.INSTANT):
        return field
    return replace(field, column=field.column + literal_column("0"))


class Compiler:
    """Compiles one filter for one engine."""

    def __init__(self, fields: Fields, engine: str, past: frozenset[str] = frozenset()) -> None:
        """`past`: fields whose indexes are not to be used."""
        self._fields = {path: past_index(field) if path in past else field for path, field in fields.items()}
        self._engine = engine
        self.arguments: list[Value] = []

    def clause(self, tree: Filter | None) -> ColumnElement[bool]:
        """The filter as a clause; its values are appended to `arguments`."""
        if tree is None:
            return true()
        if isinstance(tree, Condition):
            return self._condition(tree)
        if isinstance(tree, Comparison):
            return self._comparison(tree)
        if isinstance(tree, Not):  # what is unknown to SQL does not hold
            return self.clause(tree.part).is_not(true())
        parts = [self.clause(part) for part in tree.parts]
        if isinstance(tree, AnyOf):
            return or_(false(), *parts)
        return and_(true(), *parts)

    def _condition(self, one: Condition) -> ColumnElement[bool]:
        field = self._fields[one.path]
        positive = _NEGATIONS.get(one.op)
        if one.op is Op.IS_NULL:
            return self._null(field, absent=bool(one.values[0]))
        clause = self._positive(field, positive or one.op, one.values)
        if field.among is not None:
            clause = field.among(clause)
            return not_(clause) if positive else clause
        return or_(not_(clause), field.column.is_(None)) if positive else clause

    def _comparison(self, one: Comparison) -> ColumnElement[bool]:
        kind = next(self._fields[side.path].kind for side in (one.left, one.right) if isinstance(side, Term))
        left, right = self._side(one.left, kind), self._side(one.right, kind)
        if one.relation is Relation.CONTAINS:
            return self._found(left, right)
        if one.relation is Relation.STARTS:
            return func.substr(left, literal_column("1"), func.length(right)) == right
        if one.relation is Relation.ENDS:
            rest = func.length(left) - func.length(right)
            return and_(rest >= literal_column("0"), func.substr(left, rest + literal_column("1")) == right)
        compared: ColumnElement[bool] = _RELATED[one.relation](left, right)
        return compared

    def _side(self, side: Term | Value, kind: Kind) -> ColumnElement[Any]:
        """One side; texts in the order of code points, instants in milliseconds."""
        if not isinstance(side, Term):
            self.arguments.append(_storable(side) if isinstance(side, str) else side)
            return p(f"v{len(self.arguments) - 1}", Text() if kind is Kind.TEXT else BigInteger())
        field = self._fields[side.path]
        if kind is Kind.INSTANT:
            return field.column.op("/")(_MILLISECOND)  # whole numbers, on both engines
        column = collated(field, self._engine)
        if side.case is not None:
            twin, function = (field.lower, func.lower) if side.case is Case.LOWER else (field.upper, func.upper)
            column = function(column) if twin is None else collated(replace(field, column=twin), self._engine)
        return func.ltrim(func.rtrim(column, WHITE_SPACE), WHITE_SPACE) if side.trimmed else column

    def _found(self, column: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        found = func.instr if self._engine == SQLITE else func.strpos
        return found(column, needle) > literal_column("0")

    def _null(self, field: Field, *, absent: bool) -> ColumnElement[bool]:
        if field.there is not None:
            return not_(field.there) if absent else field.there
        there = field.column.is_not(None) if field.folded is not field.column else field.column != literal_column("''")
        if field.among is not None:
            there = field.among(there)
        return not_(there) if absent else there

    def _positive(self, field: Field, op: Op, given: tuple[Value, ...]) -> ColumnElement[bool]:
        column = field.column
        if field.kind is Kind.TRUTH:
            return or_(false(), *(self._truth(field, bool(value)) for value in given))
        if op in (Op.CONTAINS, Op.ICONTAINS):
            return self._contains(field, str(given[0]), fold=op is Op.ICONTAINS)
        padding = (given[-1:] if given else ()) * (_padded(len(given)) - len(given))
        parameters = [self._parameter(field, value) for value in given + padding]
        if op is Op.IN:
            return or_(false(), *(column == parameter for parameter in parameters))
        if op is not Op.IS:
            column = collated(field, self._engine)
        if op is Op.RANGE:
            return and_(column >= parameters[0], column <= parameters[1])
        compared: ColumnElement[bool] = _COMPARED[op](column, parameters[0])
        return compared

    @staticmethod
    def _truth(field: Field, value: bool) -> ColumnElement[bool]:
        if value:
            return field.column
        return not_(field.column) if field.when_false is None else field.when_false

    def _contains(self, field: Field, needle: str, *, fold: bool) -> ColumnElement[bool]:
        column = field.column
        if field.folded is not None and (fold or field.folded is column):
            column, needle = field.folded, values.fold(needle)
        elif fold:
            column, needle = func.lower(collated(field, self._engine)), needle.translate(_LOWER)
        self.arguments.append(_storable(needle))
        return self._found(column, p(f"v{len(self.arguments) - 1}", column.type))

    def _parameter(self, field: Field, value: Value) -> Any:
        if isinstance(value, str):
            value = _storable(values.fold(value) if field.folded is field.column else value)
        self.arguments.append(value)
        # A number may be beyond those that a small column holds.
        type_ = BigInteger() if field.kind is Kind.NUMBER else field.column.type
        return p(f"v{len(self.arguments) - 1}", type_)


def collated(field: Field, engine: str) -> ColumnElement[Any]:
    """The field's column, whose texts are compared by code points."""
    return field.column if engine == SQLITE or field.kind is not Kind.TEXT else field.column.collate("C")


def ordering(
    orders: tuple[Order, ...], fields: Fields, last: ColumnElement[Any] | None, engine: str
) -> list[ColumnElement[Any]]:
    """ORDER BY's terms; `last` makes the order total. Rows without a value come first, on both engines: SQLite does so
    by itself, and an index serves no order that says it."""
    terms: list[ColumnElement[Any]] = []
    for order in orders:
        field = fields[order.path]
        column = collated(field, engine)
        term = column.desc() if order.descending else column.asc()
        if engine != SQLITE and getattr(field.column, "nullable", True):
            term = term.nulls_last() if order.descending else term.nulls_first()
        terms.append(term)
    return terms if last is None else [*terms, last.asc()]
