# SPDX-License-Identifier: Apache-2.0
"""Random filters for VetCheck's lists: how they are spelled, and what they mean, in the plainest way.

Nothing here knows the program's grammar or its filters; what both agree on is right twice.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
TEXTS = ("title", "keywords", "species", "country_code", "updated_by")
NUMBERS = ("id", "species_id")
INSTANTS = ("created_at", "updated_at")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BLANKS = ("", "", "", " ", "  ", "\n      ", "\t", "\r\n")
# Python's white space but for four separators, which Unicode does not count as such.
WHITE = "".join(one for one in map(chr, range(0x3001)) if one.isspace() and not "\x1c" <= one <= "\x1f")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
TESTED: dict[str, Callable[[str, str], bool]] = {
    "substringof": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
TURNED = {"eq": "eq", "ne": "ne", "gt": "lt", "lt": "gt", "gte": "lte", "lte": "gte"}
ALIASES = {"gte": ("gte", "ge"), "lte": ("lte", "le")}


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Literal:
    """A text, a number, an instant (in microseconds, and said so), or null."""

    value: str | Decimal | int | None
    instant: bool = False


@dataclass(frozen=True)
class Map:
    function: str
    inner: Any


@dataclass(frozen=True)
class Compare:
    word: str
    left: Any
    right: Any


@dataclass(frozen=True)
class Test:
    """The function's haystack and needle, in whichever order it takes them."""

    __test__ = False
    function: str
    haystack: Any
    needle: Any


@dataclass(frozen=True)
class Constant:
    value: bool


@dataclass(frozen=True)
class Negation:
    inner: Any


@dataclass(frozen=True)
class Joined:
    word: str
    parts: tuple[Any, ...]


# ---- what they mean


def value(one: Any, row: Row) -> Any:
    """What an operand is for a row; an instant in whole milliseconds."""
    if isinstance(one, Field):
        found = row[one.name]
        return found // 1000 if one.name in INSTANTS else found
    if isinstance(one, Literal):
        return one.value // 1000 if one.instant and isinstance(one.value, int) else one.value
    cases, trimmed = [], False
    while isinstance(one, Map):
        trimmed = trimmed or one.function == "trim"
        cases += [one.function] if one.function != "trim" else []
        one = one.inner
    text = value(one, row)
    if text is None:
        return None
    text = text.strip(WHITE) if trimmed else text
    return text if not cases else text.lower() if cases[0] == "tolower" else text.upper()


def holds(one: Any, row: Row) -> bool:
    """Whether a row is found."""
    match one:
        case Constant():
            return bool(one.value)
        case Negation():
            return not holds(one.inner, row)
        case Joined():
            return (all if one.word == "and" else any)(holds(part, row) for part in one.parts)
        case Test():
            texts = value(one.haystack, row), value(one.needle, row)
            return None not in texts and TESTED[one.function](*texts)
    if one.word == "ne":
        return not holds(Compare("eq", one.left, one.right), row)
    left, right = value(one.left, row), value(one.right, row)
    if Literal(None) in (one.left, one.right):
        return left is right
    return None not in (left, right) and COMPARED[one.word](left, right)


def ordered(rows: list[Row], keys: list[tuple[str, bool]]) -> list[Row]:
    """Rows in an order; those without a value are the lowest."""
    rows = sorted(rows, key=lambda row: row["id"])
    for name, descending in reversed(keys):
        none_first = [row[name] is not None for row in rows]
        low = [row for row, there in zip(rows, none_first, strict=True) if not there]
        rest = [row for row, there in zip(rows, none_first, strict=True) if there]
        rest.sort(key=operator.itemgetter(name), reverse=descending)
        rows = rest + low if descending else low + rest
    return rows


# ---- how they are spelled


class Speller:
    """Spells a filter in one of its many ways."""

    def __init__(self, drawn: random.Random) -> None:
        self._drawn = drawn

    def filter(self, one: Any) -> str:
        """The text of a filter, with blanks where they may stand."""
        return self.spaced(self._truth(one, 0)[0])

    def spaced(self, tokens: list[str]) -> str:
        text = self._drawn.choice(BLANKS)
        for token in tokens:
            blank = self._drawn.choice(BLANKS)
            words = bool(text) and (text[-1].isalnum() or text[-1] == "_") and (token[0].isalnum() or token[0] == "_")
            text += (blank or " ") if words else blank
            text += token
        return text + self._drawn.choice(BLANKS)

    def word(self, word: str) -> str:
        """One of an operator's names, in any case."""
        word = self._drawn.choice(ALIASES.get(word, (word,)))
        return self._drawn.choice((word, word, word.upper(), "".join(map(self._letter, word))))

    def _letter(self, letter: str) -> str:
        return self._drawn.choice((letter.lower(), letter.upper()))

    def _truth(self, one: Any, least: int) -> tuple[list[str], int]:
        """The tokens of a condition, and how tightly they bind: or 1, and 2, eq and ne 3, other comparisons 4, not 5,
        the rest 6. At `least` so tightly, by parentheses if they must."""
        way = self._drawn.random()
        if isinstance(one, Negation) and way < 0.7:
            tokens, rank = [self.word("not"), *self._truth(one.inner, 5)[0]], 5
        elif isinstance(one, Negation):
            tokens, rank = self._said(one.inner, truth=False), 3
        elif way < 0.1:
            tokens, rank = self._said(one, truth=True), 3
        else:
            tokens, rank = self._plain(one)
        while rank < least or self._drawn.random() < 0.05:
            tokens, rank = ["(", *tokens, ")"], 6
            if self._drawn.random() < 0.8:
                break
        return tokens, rank

    def _said(self, one: Any, *, truth: bool) -> list[str]:
        """That a condition is true, or false."""
        other = self._drawn.random() < 0.5
        words = [self.word("ne" if other else "eq"), self.word(str(truth is not other).lower())]
        if self._drawn.random() < 0.3:
            return [*words[::-1], *self._truth(one, 4)[0]]
        return [*self._truth(one, 3)[0], *words]

    def _plain(self, one: Any) -> tuple[list[str], int]:
        match one:
            case Constant():
                return [self.word(str(one.value).lower())], 6
            case Joined():
                rank = 1 if one.word == "or" else 2
                tokens: list[str] = []
                for part in one.parts:
                    tokens += [self.word(one.word)] if tokens else []
                    tokens += self._truth(part, rank + 1)[0]
                return tokens, rank
            case Test():
                return self._test(one), 6
        left, word, right = one.left, one.word, one.right
        if self._drawn.random() < 0.3:
            left, word, right = right, TURNED[word], left
        return [*self.operand(left), self.word(word), *self.operand(right)], 3 if word in ("eq", "ne") else 4

    def _test(self, one: Test) -> list[str]:
        given = [one.haystack, one.needle]
        if one.function == "substringof" and not (
            has_field(one.haystack) and not has_field(one.needle) and self._drawn.random() < 0.3
        ):
            given.reverse()
        return [self.word(one.function), "(", *self.operand(given[0]), ",", *self.operand(given[1]), ")"]

    def operand(self, one: Any) -> list[str]:
        """The tokens of a field, a literal or a function of one."""
        tokens = self._operand(one)
        return ["(", *tokens, ")"] if self._drawn.random() < 0.05 else tokens

    def _operand(self, one: Any) -> list[str]:
        if isinstance(one, Field):
            return [one.name]
        if isinstance(one, Map):
            return [self.word(one.function), "(", *self.operand(one.inner), ")"]
        if one.value is None:
            return [self.word("null")]
        if one.instant:
            return [self._instant(one.value)]
        if isinstance(one.value, str):
            return ["'" + one.value.replace("'", "''") + "'"]
        return [format(one.value, "f")]

    def _instant(self, at: int) -> str:
        """A time in one of its forms; a day alone is its midnight."""
        hours = self._drawn.choice((None, 0, 0, 11, -5))
        moment = EPOCH + timedelta(microseconds=at)
        moment = moment.astimezone(timezone(timedelta(hours=hours or 0)))
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
        if moment.time() == datetime.min.time() and not hours and self._drawn.random() < 0.8:
            text = text[:10]
        else:
            offset = {None: "", 0: self._drawn.choice(("Z", "z", "+00:00", " 00:00"))}
            text = (text.rstrip("0").rstrip(".") if at % 1_000_000 == 0 else text) + offset.get(
                hours, f"{hours or 0:+03d}:00"
            )
        form = self._drawn.choice(("{}", "'{}'", "datetime'{}'", "DateTimeOffset'{}'"))
        return form.format(text)


def has_field(one: Any) -> bool:
    """Whether an operand is a field, whatever is done to it."""
    while isinstance(one, Map):
        one = one.inner
    return isinstance(one, Field)


# ---- random ones


def filters(rows: list[Row]) -> st.SearchStrategy[Any]:
    """Filters that find some of the rows; what they compare with is a row's, a piece of it, or something strange."""
    texts = sorted({row[name] for row in rows for name in TEXTS if row[name] is not None})
    pieces = st.builds(lambda text, a, b: text[a : a + b], st.sampled_from(texts), st.integers(0, 6), st.integers(0, 4))
    strange = st.text(st.sampled_from("aZß İſé%_'\\ \u00a0🐈"), max_size=3)
    text_literals = st.builds(Literal, st.sampled_from(texts) | pieces | strange)
    text_fields = st.sampled_from([*map(Field, TEXTS), Field("title"), Field("keywords")])
    plain_texts = text_fields | text_literals
    mapped = st.recursive(
        plain_texts,
        lambda inner: st.builds(Map, st.sampled_from(("tolower", "toupper", "trim")), inner),
        max_leaves=3,
    )
    field_texts = mapped.filter(has_field)
    numbers = sorted({row[name] for row in rows for name in NUMBERS if row[name] is not None})
    number_literals = st.builds(
        lambda number, by: Literal(Decimal(number) + by),
        st.sampled_from([*numbers, 0, -7, 10**12]),
        st.sampled_from([Decimal(0), Decimal("0.0"), Decimal("0.5"), Decimal("-0.25"), Decimal(1)]),
    )
    times = sorted({row[name] for row in rows for name in INSTANTS})
    time_literals = st.builds(
        lambda at, by: Literal(at + by, instant=True),
        st.sampled_from(times),
        st.sampled_from([0, 0, 1, -1, 999, 1000, -1000]),
    )
    words = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
    any_field = st.sampled_from([*map(Field, (*TEXTS, *NUMBERS, *INSTANTS))])
    leaves = st.one_of(
        st.builds(Compare, words, field_texts, mapped),
        st.builds(Compare, words, st.sampled_from([*map(Field, NUMBERS)]), number_literals),
        st.builds(Compare, words, st.sampled_from([*map(Field, NUMBERS)]), st.sampled_from([*map(Field, NUMBERS)])),
        st.builds(Compare, words, st.sampled_from([*map(Field, INSTANTS)]), time_literals),
        st.builds(Compare, words, st.sampled_from([*map(Field, INSTANTS)]), st.sampled_from([*map(Field, INSTANTS)])),
        st.builds(Compare, st.sampled_from(["eq", "ne"]), any_field | text_literals, st.just(Literal(None))),
        st.builds(Test, st.sampled_from(sorted(TESTED)), field_texts, mapped),
        # A field's text within a literal: `substringof` would take the field for the haystack.
        st.builds(Test, st.sampled_from(["startswith", "endswith"]), text_literals, field_texts),
        st.builds(Compare, words, number_literals, number_literals),
        st.builds(Test, st.sampled_from(sorted(TESTED)), text_literals, text_literals),
        st.builds(Constant, st.booleans()),
    )
    return st.recursive(
        leaves,
        lambda inner: st.builds(Negation, inner)
        | st.builds(
            Joined, st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=4).map(tuple)
        ),
        max_leaves=8,
    )  # fmt: skip
