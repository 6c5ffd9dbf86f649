# SPDX-License-Identifier: Apache-2.0
"""What the parts of a `$filter` mean: the tree that odata.lark describes, made a filter of the model.

Two texts, two numbers or two instants can be compared, and anything with null. What no field has a part in is found
out at once. A quoted text that is compared with an instant is one; a date is its midnight in UTC [inferred].
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec.structs import replace

from polyvet.model.errors import Invalid
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
    Relation,
    Term,
)
from polyvet.web.params import read_instant

if TYPE_CHECKING:
    from lark.lexer import Token

DEEPEST = 20  # parentheses, calls and `not` within each other; SQLite's own parser gives up at some 30
MOST_TERMS = 100  # comparisons and tests
MOST_DIGITS = 18
LONGEST_SHOWN = 40
_MILLISECOND = 1_000  # microseconds
TRUE, FALSE = All(()), AnyOf(())
_MAPS = {"tolower": Case.LOWER, "toupper": Case.UPPER, "trim": None}
_TESTS = {"substringof": Relation.CONTAINS, "startswith": Relation.STARTS, "endswith": Relation.ENDS}
_RELATIONS = {
    "EQ": Relation.IS,
    "NE": Relation.IS,  # whose negation it is
    "GT": Relation.GT,
    "GTE": Relation.GTE,
    "LT": Relation.LT,
    "LTE": Relation.LTE,
}
_TURNED = {
    Relation.IS: Relation.IS,
    Relation.GT: Relation.LT,
    Relation.GTE: Relation.LTE,
    Relation.LT: Relation.GT,
    Relation.LTE: Relation.GTE,
}
_FOLDED: dict[Relation, Callable[[Any, Any], bool]] = {
    Relation.IS: operator.eq,
    Relation.GT: operator.gt,
    Relation.GTE: operator.ge,
    Relation.LT: operator.lt,
    Relation.LTE: operator.le,
    Relation.CONTAINS: operator.contains,
    Relation.STARTS: str.startswith,
    Relation.ENDS: str.endswith,
}
# An instant is meant by its millisecond, which is what clients see: each stands for a thousand microseconds.
_OF_INSTANTS: dict[Relation, Callable[[int], tuple[Op, tuple[int, ...]]]] = {
    Relation.IS: lambda first: (Op.RANGE, (first, first + _MILLISECOND - 1)),
    Relation.GT: lambda first: (Op.GT, (first + _MILLISECOND - 1,)),
    Relation.GTE: lambda first: (Op.GTE, (first,)),
    Relation.LT: lambda first: (Op.LT, (first,)),
    Relation.LTE: lambda first: (Op.LTE, (first + _MILLISECOND - 1,)),
}
_NAMES = {Kind.TEXT: "a text", Kind.NUMBER: "a number", Kind.INSTANT: "a date", Kind.TRUTH: "true or false"}


def failed(option: str, at: int | None, why: str) -> Invalid:
    """The problem of an option, with the place, from 0, where it shows."""
    return Invalid({option: f"at character {(at or 0) + 1}: {why}"})


class _Operand(msgspec.Struct, frozen=True):
    """A field, a literal, or (`truth`) what holds or does not. The maps of a text are noted: of several cases within
    each other the outermost counts, for fields and literals alike [inferred]."""

    kind: Kind | None  # None: null
    at: int
    path: str | None = None
    literal: str | int | Decimal | None = None
    case: Case | None = None
    trimmed: bool = False
    truth: Filter | None = None

    @property
    def name(self) -> str:
        return "null" if self.kind is None else _NAMES[self.kind]

    def side(self) -> Any:
        """What stands in a comparison: the field, or the literal with its maps done."""
        if self.path is not None:
            return Term(self.path, self.case, self.trimmed)
        if not isinstance(self.literal, str):
            return self.literal
        text = self.literal.strip(WHITE_SPACE) if self.trimmed else self.literal
        return text if self.case is None else text.lower() if self.case is Case.LOWER else text.upper()


class Meaning:
    """Reads one tree; `named` are the fields that were met."""

    def __init__(self, known: Mapping[str, Kind]) -> None:
        self._known = known
        self._terms = 0
        self.named: set[str] = set()

    def filter(self, tree: Any) -> Filter:
        """The filter of lark's tree. Invalid."""
        return self._truth(self._operand(tree.children[0], 0))

    def _operand(self, tree: Any, depth: int) -> _Operand:
        """What a part stands for."""
        at: int = tree.meta.start_pos
        if depth > DEEPEST:
            raise _failed(at, f"more than {DEEPEST} levels are within each other")
        children = tree.children
        match tree.data:
            case "and_" | "or_" as word:
                parts = tuple(self._truth(self._operand(child, depth)) for child in children)
                return _truth(All(parts) if word == "and_" else AnyOf(parts), at)
            case "negated":
                return _truth(Not(self._truth(self._operand(children[1], depth + 1), "not")), at)
            case "equal" | "related":
                return self._compared(children, depth)
            case "group":
                return self._operand(children[0], depth + 1)
            case "call":
                return self._called(children[0], [self._operand(child, depth + 1) for child in children[1:]], at)
            case "field":
                return self._field(children[0])
        return _literal(tree.data, children[0])

    def _truth(self, operand: _Operand, before: Literal["", "not"] = "") -> Filter:
        """What must hold or not."""
        if operand.truth is not None:
            return operand.truth
        if before:
            why = "not binds tighter than a comparison: put the comparison in parentheses"
            raise _failed(operand.at, f"{why}, as in not (title eq 'a')")
        raise _failed(operand.at, f"{operand.name} alone is no condition")

    def _field(self, token: Token) -> _Operand:
        kind = self._known.get(token)
        if kind is None:
            known = ", ".join(self._known)
            raise _failed(token.start_pos, f"there is no field {token[:LONGEST_SHOWN]}; there are {known}")
        self.named.add(str(token))
        return _Operand(kind, token.start_pos or 0, path=str(token))

    def _called(self, name: Token, given: list[_Operand], at: int) -> _Operand:
        function = name.lower()
        if function not in _MAPS and function not in _TESTS:
            known = ", ".join((*_TESTS, *_MAPS))
            raise _failed(at, f"there is no function {name[:LONGEST_SHOWN]}; there are {known}")
        wanted = 1 if function in _MAPS else 2
        if len(given) != wanted:
            raise _failed(at, f"{function} takes {'one text' if wanted == 1 else 'two texts'}")
        for operand in given:
            if operand.kind is not Kind.TEXT:
                raise _failed(operand.at, f"{function} takes texts, not {operand.name}")
        if function == "trim":
            return replace(given[0], trimmed=True, at=at)
        if function in _MAPS:
            return replace(given[0], case=_MAPS[function], at=at)
        first, second = given
        if function == "substringof" and (first.path is None or second.path is not None):
            first, second = second, first  # the needle comes first [seed], but for a field before a literal [inferred]
        return _truth(self._related(_TESTS[function], first, second, at), at)

    def _compared(self, children: list[Any], depth: int) -> _Operand:
        """Comparisons of one rank, from the left."""
        left = self._operand(children[0], depth)
        for word, child in zip(children[1::2], children[2::2], strict=True):
            right = self._operand(child, depth)
            found = self._comparison(word, left, right)
            left = _truth(Not(found) if word.type == "NE" else found, left.at)
        return left

    def _comparison(self, word: Token, left: _Operand, right: _Operand) -> Filter:
        """Whether the two are as the word says, or for `ne`, whether they are equal."""
        relation, at = _RELATIONS[word.type], word.start_pos or 0
        if left.kind is Kind.INSTANT and right.kind is Kind.TEXT and right.path is None:
            right = _as_instant(right)
        elif right.kind is Kind.INSTANT and left.kind is Kind.TEXT and left.path is None:
            left = _as_instant(left)
        if left.kind is not right.kind and None not in (left.kind, right.kind):
            raise _failed(at, f"{left.name} cannot be compared with {right.name}")
        if relation is not Relation.IS and (None in (left.kind, right.kind) or left.kind is Kind.TRUTH):
            raise _failed(at, "what is null, true or false can be compared by eq and ne only")
        return self._related(relation, left, right, at)

    def _related(self, relation: Relation, left: _Operand, right: _Operand, at: int) -> Filter:
        """A comparison whose sides fit each other."""
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _failed(at, f"there are more than {MOST_TERMS} comparisons")
        if left.truth is not None and right.truth is not None:
            return _same(left.truth, right.truth, at)
        if left.kind is None or right.kind is None:
            field = left if right.kind is None else right
            if field.path is not None:
                return Condition(field.path, Op.IS_NULL, (True,))
            return TRUE if left.kind is right.kind else FALSE
        if left.path is None and right.path is None:
            return TRUE if _FOLDED[relation](left.side(), right.side()) else FALSE
        if left.path is None and relation in _TURNED:
            relation, left, right = _TURNED[relation], right, left
        if left.path is not None and right.path is None:
            if left.kind is Kind.INSTANT:
                return Condition(left.path, *_OF_INSTANTS[relation](right.side()))
            if left.kind is Kind.NUMBER:
                return _of_number(left.side(), relation, right.side())
        return Comparison(left.side(), relation, right.side())


def _failed(at: int | None, why: str) -> Invalid:
    return failed("$filter", at, why)


def _truth(found: Filter, at: int) -> _Operand:
    return _Operand(Kind.TRUTH, at, truth=found)


def _literal(rule: str, token: Token) -> _Operand:
    """A literal of the rule's kind."""
    at = token.start_pos or 0
    match rule:
        case "text":
            return _Operand(Kind.TEXT, at, literal=token[1:-1].replace("''", "'"))
        case "time":
            return _as_instant(_Operand(Kind.TEXT, at, literal=str(token)))
        case "quoted_time":
            return _as_instant(_Operand(Kind.TEXT, at, literal=token[token.index("'") + 1 : -1]))
        case "number":
            if sum(map(str.isdigit, token)) > MOST_DIGITS:
                raise _failed(at, f"a number has at most {MOST_DIGITS} digits")
            return _Operand(Kind.NUMBER, at, literal=Decimal(str(token)))
        case "true":
            return _truth(TRUE, at)
        case "false":
            return _truth(FALSE, at)
    return _Operand(None, at)


def _as_instant(operand: _Operand) -> _Operand:
    """The instant that a text says, with its whole milliseconds."""
    text = str(operand.side()).strip()
    try:
        instant, _ = read_instant(text, "time")
    except Invalid as error:
        raise _failed(operand.at, f"{text[:LONGEST_SHOWN]} {error.problems['time']}") from error
    return _Operand(Kind.INSTANT, operand.at, literal=instant - instant % _MILLISECOND)


def _of_number(term: Term, relation: Relation, number: Decimal) -> Filter:
    """A comparison with a number; fields hold whole ones."""
    whole = math.floor(number)
    if whole == number:
        return Comparison(term, relation, whole)
    match relation:
        case Relation.IS:
            return FALSE
        case Relation.GT | Relation.GTE:
            return Comparison(term, Relation.GT, whole)
    return Comparison(term, Relation.LTE, whole)


def _same(left: Filter, right: Filter, at: int) -> Filter:
    """Whether both hold or none; one of them is known."""
    for one, other in ((left, right), (right, left)):
        if one == TRUE:
            return other
        if one == FALSE:
            return Not(other)
    raise _failed(at, "a condition can be compared with true or false only")
