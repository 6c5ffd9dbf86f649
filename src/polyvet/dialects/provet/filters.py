# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's filter grammar: `field__method=value` and `field.property__method=value`, a bare field for equality,
`filter_type=or`, `ordering`. What is not declared is ignored [client], or refused where a setting says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from polyvet.dialects.provet.wire import FieldErrors
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.filters import All, AnyOf, Condition, Filter, Kind, Op, Order, Value
from polyvet.web.params import read_instant

MOST_CONDITIONS = 30
MOST_VALUES = 1_000
MOST_ORDERS = 5
LONGEST_TEXT = 500
_RESERVED = {"page", "page_size", "ordering", "filter_type", "include_archived", "format"}
_EXPOSE = "expose_"
METHODS = {
    **{op.value: op for op in Op},
    "eq": Op.IS,  # synonyms [docs]
    "not_eq": Op.IS_NOT,
    "neq": Op.IS_NOT,
}
_PAIRS = {Op.RANGE, Op.NOT_IN_RANGE}
_LISTS = {Op.IN, Op.NOT_IN, *_PAIRS}
_NEEDLES = {Op.CONTAINS, Op.CONTAINS_NOT, Op.ICONTAINS, Op.ICONTAINS_NOT}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MINUTE = len("2026-01-31 09:30")
_OFFSET = re.compile(r"(?:[Zz]|[+\- ]\d{2}:?\d{2})$", re.ASCII)


class Declared(msgspec.Struct, frozen=True):
    """What a list may be filtered and ordered by: wire names and the record's paths, and what those hold. `together`:
    fields of which `filter_type=or` searches all when one is named. `archived` is the path of `include_archived`.
    `exposed`: relations that `expose_NAME` puts in the place of their URLs."""

    paths: Mapping[str, str]
    kinds: Mapping[str, Kind]
    together: tuple[str, ...] = ()
    archived: str | None = None
    exposed: tuple[str, ...] = ()


_NOTHING = Declared(paths={}, kinds={})


class Asked(msgspec.Struct, frozen=True):
    """What a list was asked for."""

    tree: Filter | None
    orders: tuple[Order, ...]
    exposed: frozenset[str]


def read(query: dict[str, str], declared: Declared, zone: ZoneInfo, *, strict: bool) -> Asked:
    """Read a list's query. FieldErrors names each value that is not its field's, and with `strict` each filter and
    each exposure that is not declared."""
    problems = _unknown(query, declared) if strict else {}
    any_of = query.get("filter_type", "").lower() == "or"
    found: list[Filter] = []
    for name, text in query.items():
        path, op = _named(name, declared)
        if path is None or op is None:
            continue
        try:
            given = _values(text, op, declared.kinds[path], zone)
        except ValueError as error:
            problems[name] = [str(error)]
            continue
        condition = Condition(path, op, given)
        found.append(_fanned_out(condition, declared) if any_of else condition)
    if len(found) > MOST_CONDITIONS:
        problems["filter"] = [f"At most {MOST_CONDITIONS} filters are read."]
    if problems:
        raise FieldErrors(problems)
    tree = _joined(found, any_of=any_of)
    if declared.archived and query.get("include_archived", "").lower() in ("false", "0"):
        active = Condition(declared.archived, Op.IS, (False,))
        tree = active if tree is None else All((active, tree))
    return Asked(tree, _orders(query.get("ordering", ""), declared), exposed_in(query, declared))


def refuse_unknown(query: dict[str, str], *, strict: bool, known: tuple[str, ...] = ()) -> None:
    """For a list that has no filters but those `known`: with `strict`, FieldErrors names each other one."""
    others = {name: text for name, text in query.items() if name not in known}
    if strict and (problems := _unknown(others, _NOTHING)):
        raise FieldErrors(problems)


def _unknown(query: dict[str, str], declared: Declared) -> dict[str, list[str]]:
    """Each filter and each exposure that is not declared, with words that say so."""
    exposures = {_EXPOSE + name for name in declared.exposed}
    return {
        name: ["This cannot be exposed here." if name.startswith(_EXPOSE) else "This filter is not known here."]
        for name in query
        if name not in _RESERVED and name not in exposures and None in _named(name, declared)
    }


def exposed_in(query: dict[str, str], declared: Declared) -> frozenset[str]:
    """What is to stand in the place of its URL, of what is declared."""
    return frozenset(name for name in declared.exposed if _EXPOSE + name in query)


def _named(name: str, declared: Declared) -> tuple[str | None, Op | None]:
    """The path and the method of a parameter; a bare field is compared for equality [docs]."""
    field, separator, method = name.rpartition("__")
    if separator and method in METHODS:
        return declared.paths.get(field), METHODS[method]
    return declared.paths.get(name), Op.IS


def _fanned_out(condition: Condition, declared: Declared) -> Filter:
    """A name is looked for in all name columns [seed]."""
    if condition.path not in declared.together:
        return condition
    return AnyOf(tuple(Condition(path, condition.op, condition.values) for path in declared.together))


def _joined(parts: list[Filter], *, any_of: bool) -> Filter | None:
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return AnyOf(tuple(parts)) if any_of else All(tuple(parts))


def _orders(text: str, declared: Declared) -> tuple[Order, ...]:
    """Fields that are not declared are ignored, as the vendor's framework does [inferred]."""
    orders: list[Order] = []
    for name in text.split(",")[:MOST_ORDERS]:
        path = declared.paths.get(name.strip().lstrip("-"))
        if path is not None and "." not in path:
            orders.append(Order(path, name.strip().startswith("-")))
    return tuple(orders)


def _values(text: str, op: Op, kind: Kind, zone: ZoneInfo) -> tuple[Value, ...]:
    if len(text) > LONGEST_TEXT and op not in _LISTS:
        raise ValueError(f"A value has at most {LONGEST_TEXT} characters.")
    if op is Op.IS_NULL:
        return (_truth(text),)
    if op in _NEEDLES:
        if kind is not Kind.TEXT:
            raise ValueError("This method is for texts only.")
        return (_text(text),)
    read_one = _READERS[kind]
    if op not in _LISTS:
        return (read_one(text, zone),)
    # In brackets [docs], or plain with commas [client].
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    parts = [part.strip().strip("\"'") for part in inner.split(",")]
    if op in _PAIRS and len(parts) != 2:
        raise ValueError("Takes two values, separated by a comma.")
    if len(parts) > MOST_VALUES:
        raise ValueError(f"Takes at most {MOST_VALUES} values.")
    return tuple(read_one(part, zone) for part in parts)


def _text(text: str) -> str:
    """A text; a blank before a digit was the `+` of a phone number that was not percent-encoded [client]."""
    return "+" + text[1:] if text[:1] == " " and text[1:2].isdecimal() else text


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word in ("true", "1"):
        return True
    if word in ("false", "0"):
        return False
    raise ValueError("Takes true or false.")


def _number(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError("Enter a number.")
    return int(text)


def _date(text: str) -> str:
    """A date, or the date of a date-time."""
    found = _DATE.match(text.strip())
    try:
        return datetime.fromisoformat(found[0]).date().isoformat() if found else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> str:
    raise ValueError("Enter a valid date, such as 2026-01-31.")


def read_time(text: str, zone: ZoneInfo) -> int:
    """Microseconds of a date-time in each of the forms that clients send; without an offset it is the clinic's own time
    [inferred]. ValueError."""
    text = text.strip()
    try:
        at, is_date = read_instant(text, "value")
    except Invalid as error:
        raise ValueError("Enter a valid date and time, such as 2026-01-31 09:30+02:00.") from error
    if is_date or not _OFFSET.search(text[_MINUTE:]):
        naive = values.to_datetime(at).replace(tzinfo=zone)
        return values.from_datetime(naive.astimezone(UTC))
    return at


_READERS: dict[Kind, Callable[[str, ZoneInfo], Value]] = {
    Kind.TEXT: lambda text, zone: _text(text),
    Kind.NUMBER: lambda text, zone: _number(text),
    Kind.DATE: lambda text, zone: _date(text),
    Kind.INSTANT: read_time,
    Kind.TRUTH: lambda text, zone: _truth(text),
}
