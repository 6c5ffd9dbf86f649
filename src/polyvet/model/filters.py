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


class Condition(msgspec.Struct, frozen=True):
    """One comparison. Of a field that has many values, one of them must hold; for a negation, none."""

    path: str
    op: Op
    values: tuple[Value, ...]


class All(msgspec.Struct, frozen=True):
    """Every part holds."""

    parts: tuple[Filter, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds."""

    parts: tuple[Filter, ...]


Filter = Condition | All | AnyOf


class Order(msgspec.Struct, frozen=True):
    """A field that a list is ordered by."""

    path: str
    descending: bool = False


def conditions(tree: Filter | None) -> Iterator[Condition]:
    """All comparisons of a tree."""
    if isinstance(tree, Condition):
        yield tree
    elif tree is not None:
        for part in tree.parts:
            yield from conditions(part)
