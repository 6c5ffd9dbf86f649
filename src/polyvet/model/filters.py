# SPDX-License-Identifier: Apache-2.0
"""Filters as data: what a list is narrowed to and ordered by. Dialects parse their grammars into these trees,
storage compiles them; the paths are the record's own names, such as `first_name` or `client.number`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

Value = str | int | bool


class Kind(StrEnum):
    """What a field holds, and so how its values are written and compared."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # ISO text
    INSTANT = "instant"  # microseconds
    TRUTH = "truth"


class Op(StrEnum):
    """How a field is compared with the values of a condition. A negation also holds where the field is not set."""

    IS = "is"
    IS_NOT = "is_not"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    RANGE = "range"  # two values, both included
    NOT_IN_RANGE = "not_in_range"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    ICONTAINS = "icontains"  # whatever the case
    ICONTAINS_NOT = "icontains_not"
    IN = "in"
    NOT_IN = "not_in"
    IS_NULL = "is_null"  # one value: true or false


class Relation(StrEnum):
    """How two terms are compared."""

    IS = "is"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"  # the left one, texts all
    STARTS = "starts"
    ENDS = "ends"


class Case(StrEnum):
    """Into which case a text is brought before it is compared."""

    LOWER = "lower"
    UPPER = "upper"


# What trimming takes off both ends: the characters that Unicode calls white space, on every engine the same.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Condition(msgspec.Struct, frozen=True):
    """One comparison. Of a field that has many values, one of them must hold; for a negation, none."""

    path: str
    op: Op
    values: tuple[Value, ...]


class Term(msgspec.Struct, frozen=True):
    """A field, and what is done to its text before it is compared."""

    path: str
    case: Case | None = None
    trimmed: bool = False


class Comparison(msgspec.Struct, frozen=True):
    """One comparison of two terms, or of a term and a value. It does not hold where a field is not set, so that its
    negation then does. Two instants are compared by the milliseconds that clients see."""

    left: Term | Value
    relation: Relation
    right: Term | Value


class Not(msgspec.Struct, frozen=True):
    """The part does not hold; each row is found either by it or by its negation."""

    part: Filter


class All(msgspec.Struct, frozen=True):
    """Every part holds; without parts, always."""

    parts: tuple[Filter, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds; without parts, never."""

    parts: tuple[Filter, ...]


Filter = Condition | Comparison | Not | All | AnyOf


class Order(msgspec.Struct, frozen=True):
    """A field that a list is ordered by."""

    path: str
    descending: bool = False


def leaves(tree: Filter | None) -> Iterator[Condition | Comparison]:
    """All comparisons of a tree."""
    if isinstance(tree, Condition | Comparison):
        yield tree
    elif isinstance(tree, Not):
        yield from leaves(tree.part)
    elif tree is not None:
        for part in tree.parts:
            yield from leaves(part)


def paths(tree: Filter | None) -> Iterator[str]:
    """The fields that a tree compares, each as often as it does."""
    for leaf in leaves(tree):
        if isinstance(leaf, Condition):
            yield leaf.path
        else:
            yield from (side.path for side in (leaf.left, leaf.right) if isinstance(side, Term))
