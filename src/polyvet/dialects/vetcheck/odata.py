# SPDX-License-Identifier: Apache-2.0
"""VetCheck's list queries: `$filter`, `$orderby`, `$top`, `$skip` and `$count`, a subset of OData [seed].

The grammar stands in odata.lark; what its parts mean, in expressions.py. Every problem is Invalid and says where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from polyvet.dialects.vetcheck.expressions import Meaning, failed
from polyvet.model.errors import Invalid
from polyvet.model.filters import Filter, Kind, Order
from polyvet.web import params

if TYPE_CHECKING:  # loaded with the first query that has a filter or an order
    from lark import Lark

FILTER, ORDER, TOP, SKIP, COUNT = OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$count")
LONGEST = 4_000  # characters of a filter or an order
MOST_KEYS = 20
LONGEST_SHOWN = 40
# What a shell makes of the page's own samples, which have `$filter` within double quotes.
_UNNAMED = "holds a value without a name; shells take $filter out of double quotes: write \\$filter there"

Known = Mapping[str, Kind]


class Asked(msgspec.Struct, frozen=True):
    """What a list was asked for; `named` are the fields that its filter names. Without `top`, as many as there are."""

    tree: Filter | None = None
    named: frozenset[str] = frozenset()
    orders: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False


def read(query: Mapping[str, str], known: Known) -> Asked:
    """Read a list's query; `known` are the fields of the resource. Options that are given without a value are as good
    as not given, but for `$count` [seed]; other parameters than options are ignored, but for a value without a name
    [inferred]."""
    options = _options(query)
    counting = options.pop(COUNT, "false").lower()
    if counting not in ("", "true", "false"):
        raise Invalid({COUNT: "must stand alone, or be true or false"})
    given = {name: text for name, text in options.items() if text}
    tree, named = parse_filter(given[FILTER], known) if FILTER in given else (None, frozenset[str]())
    orders = parse_order(given[ORDER], known) if ORDER in given else ()
    highest = params.HIGHEST_PAGE
    top = params.integer(given, TOP, highest, low=0, high=highest) if TOP in given else None
    skip = params.integer(given, SKIP, 0, low=0, high=highest)
    return Asked(tree, named, orders, top, skip, counting != "false")


def _options(query: Mapping[str, str]) -> dict[str, str]:
    """The options by name; blanks around names and values stand where the page's own samples break their lines."""
    found: dict[str, str] = {}
    for spelled, text in query.items():
        name = spelled.strip()
        if not name and text:
            raise Invalid({"query": _UNNAMED})
        if not name.startswith("$"):
            continue
        if name not in OPTIONS:
            raise Invalid({name[:LONGEST_SHOWN]: f"is not known here; there are {', '.join(OPTIONS)}"})
        # What a filter is told of its characters counts from its first one.
        value = text if name in (FILTER, ORDER) and text.strip() else text.strip()
        if found.setdefault(name, value) != value:
            raise Invalid({name: "was given twice"})
    return found


def parse_filter(text: str, known: Known) -> tuple[Filter, frozenset[str]]:
    """The filter of a text, and the fields that it names. Invalid."""
    meaning = Meaning(known)
    return meaning.filter(_parsed(text, "filter", FILTER)), frozenset(meaning.named)


def parse_order(text: str, known: Known) -> tuple[Order, ...]:
    """The fields of a text, the first first; ascending where it does not say. Invalid."""
    orders: list[Order] = []
    keys = _parsed(text, "orderby", ORDER).children
    if len(keys) > MOST_KEYS:
        raise Invalid({ORDER: f"names more than {MOST_KEYS} fields"})
    for key in keys:
        name, *direction = key.children
        if name not in known:
            raise failed(ORDER, name.start_pos, f"there is no field {name[:LONGEST_SHOWN]}; {_listed(known)}")
        orders.append(Order(str(name), bool(direction) and direction[0].type == "DESC"))
    return tuple(orders)


def _listed(known: Known) -> str:
    return f"there are {', '.join(known)}"


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = files(__package__).joinpath("odata.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", start=["filter", "orderby"], propagate_positions=True)


def _parsed(text: str, start: str, option: str) -> Any:
    """lark's tree of a text; it is built without recursion, however deep it is."""
    if len(text) > LONGEST:
        raise Invalid({option: f"is longer than {LONGEST:,} characters"})
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    try:
        return _parser().parse(text, start)
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        unclosed = text[at] == "'"
        why = "a quote that is not closed" if unclosed else f"{text[at]!r} is not understood here"
        raise failed(option, at, why) from error
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            raise failed(option, len(text.rstrip()), "something is missing at the end") from error
        raise failed(option, token.start_pos, f"{token[:LONGEST_SHOWN]} is not expected here") from error
