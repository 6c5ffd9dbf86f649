# SPDX-License-Identifier: Apache-2.0
"""Reading what comes in: query parameters, JSON bodies, dates. Everything that does not hold is Invalid, by field."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NoReturn, TypeVar

import msgspec

from polyvet.model import values
from polyvet.model.errors import Invalid

T = TypeVar("T", bound=msgspec.Struct)
HIGHEST_PAGE = 1_000_000_000
MOST_DIGITS = 40  # of an integer in a body
_HALF = "holds half of a surrogate pair"
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s*(Z|z|[+\- ]\d{2}:?\d{2})?)?", re.ASCII
)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def integer(query: dict[str, str], name: str, default: int, *, low: int, high: int) -> int:
    """An integer in [low, high]; an absent or empty one is the default."""
    text = query.get(name)
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise Invalid({name: "must be a whole number of at most 18 digits"})
    number = int(text)
    if not low <= number <= high:
        upper = f" and at most {high}" if high < HIGHEST_PAGE or number > high else ""
        raise Invalid({name: f"must be at least {low}{upper}"})
    return number


def boolean(query: dict[str, str], name: str) -> bool | None:
    """`true` or `false` (or 1, 0) in any case; None when absent."""
    text = query.get(name)
    if not text:
        return None
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise Invalid({name: "must be true or false"})


def choice(query: dict[str, str], name: str, allowed: Iterable[str]) -> str | None:
    """One of the allowed words, to the letter; None when absent."""
    text = query.get(name)
    if not text:
        return None
    allowed = tuple(allowed)
    if text not in allowed:
        raise Invalid({name: f"must be one of {', '.join(allowed)}"})
    return text


def text(query: dict[str, str], name: str, *, longest: int = 200) -> str | None:
    """A text of bounded length; None when absent or empty."""
    value = query.get(name)
    if not value:
        return None
    if len(value) > longest:
        raise Invalid({name: f"must not be longer than {longest} characters"})
    return value


def instant(query: dict[str, str], name: str) -> int | None:
    """A date-time in microseconds; None when absent. See `read_instant`."""
    value = query.get(name)
    return read_instant(value, name)[0] if value else None


def read_instant(value: str, name: str) -> tuple[int, bool]:
    """Microseconds of an ISO 8601 text, and whether it was a date alone (then its midnight in UTC).

    Without an offset it is UTC. A blank before the offset was a `+` that was not percent-encoded, and is read as one.
    """
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise Invalid({name: "must be an ISO 8601 date-time such as 2026-01-31T09:30:00Z"})
    day, clock, offset = match.groups()
    # Six digits of fraction are all that datetime reads; the record keeps no more.
    clock = re.sub(r"[.,](\d{1,6})\d*", lambda found: "." + found[1].ljust(6, "0"), clock or "00:00")
    offset = "+00:00" if offset is None or offset in "Zz" else offset.replace(" ", "+")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        _no_such_date(name)
    if not _EARLIEST <= moment.date() <= _LATEST:
        raise Invalid({name: f"must lie between {_EARLIEST.year} and {_LATEST.year}"})
    return values.from_datetime(moment), match[2] is None


def _no_such_date(name: str) -> NoReturn:
    raise Invalid({name: "is not a date that exists"})


def read_json(body: bytes) -> Any:
    """A JSON document, strictly: no NaN, no key twice, no lone surrogate, no null byte, bounded depth."""
    try:
        document = _decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Invalid({"body": "is not UTF-8"}) from error
    except RecursionError as error:
        raise Invalid({"body": "is nested too deeply"}) from error
    except ValueError as error:
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Invalid({"body": f"is not JSON{place}"}) from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Invalid({_shown(twice): "was given twice"})
    for name in found:
        if not name.isascii() and not _can_be_sent(name):
            raise Invalid({_shown(name): _HALF})
    return found


def _shown(name: str) -> str:
    """A key as it can be told back."""
    return name[:100].encode("utf-8", "replace").decode()


def _bounded(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise Invalid({"body": f"must not hold a number of more than {MOST_DIGITS} digits"})
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise Invalid({"body": f"must not hold {name}"})


_decode = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_bounded).decode


def read_fields(document: Any, wanted: type[T], rules: dict[str, Callable[[Any], str | None]] | None = None) -> T:
    """A struct from a JSON object, with all problems at once. Unknown keys are ignored. `rules` give a field's
    problem in words, or None."""
    if not isinstance(document, dict):
        raise Invalid({"body": "must be a JSON object"})
    found, problems = _converted(document, wanted)
    for field in _fields(wanted):
        if field.name in found:
            value = found[field.name]
            rule = rules.get(field.encode_name) if rules else None
            problem = (text_problem(value) if isinstance(value, str) else None) or (rule(value) if rule else None)
            if problem:
                problems[field.encode_name] = problem
    if problems:
        raise Invalid(problems)
    return wanted(**found)


def _converted(document: dict[str, Any], wanted: type[T]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields' values, and the problems of those that have none. A struct that does not hold as a whole is taken
    field by field, since as a whole it names its first problem only."""
    with contextlib.suppress(msgspec.ValidationError, UnicodeEncodeError):
        whole = msgspec.convert(document, wanted)
        names = (field.name for field in _fields(wanted) if field.encode_name in document)
        return {name: getattr(whole, name) for name in names}, {}
    found: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in _fields(wanted):
        name = field.encode_name
        if name not in document:
            if field.required:
                problems[name] = "is required"
            continue
        try:
            found[field.name] = msgspec.convert(document[name], field.type)
        except msgspec.ValidationError as error:
            problems[name] = _in_words(str(error))
        except UnicodeEncodeError:  # half of a surrogate pair where no text is wanted, which msgspec stumbles over
            problems[name] = _HALF
    return found, problems


# Reading a struct's fields costs more than reading a body, and the fields never change.
_fields = cache(msgspec.structs.fields)


def text_problem(value: str) -> str | None:
    """What keeps a text from being stored and sent; None if nothing does."""
    if "\0" in value:
        return "must not hold a null character"
    return None if _can_be_sent(value) else _HALF


def _can_be_sent(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# A caller knows JSON's types, not ours.
_JSON_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "|": "or"}
_OUR_TYPE = re.compile(r"\b(?:str|int|float|bool)\b|\|")


def _in_words(message: str) -> str:
    """msgspec's sentence as the rest of one that starts with the field."""
    message = message.split(" - at ", maxsplit=1)[0].replace("`", "")
    message = _OUR_TYPE.sub(lambda found: _JSON_TYPES[found[0]], message)
    if message.startswith("Expected "):
        return "must be " + message.removeprefix("Expected ").replace(", got ", ", not ")
    return f"does not hold: {message[:1].lower()}{message[1:]}"
