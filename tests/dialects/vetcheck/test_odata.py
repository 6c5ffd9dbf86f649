# SPDX-License-Identifier: Apache-2.0
"""VetCheck's grammar: what binds how, what each problem is told as, and that nothing is too large for it."""

from __future__ import annotations

import time

import pytest

from polyvet.core.library_lists import content
from polyvet.dialects.vetcheck import odata
from polyvet.dialects.vetcheck.expressions import DEEPEST, FALSE, MOST_TERMS, TRUE
from polyvet.dialects.vetcheck.lists import FIELDS
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.filters import (
    All,
    AnyOf,
    Case,
    Comparison,
    Condition,
    Filter,
    Not,
    Op,
    Order,
    Relation,
    Term,
)
from polyvet.model.library import ContentKind
from tests.dialects.harness import Practice

KNOWN = FIELDS[ContentKind.HANDOUT]
LISTED = ", ".join(KNOWN)
A, B, C = (Comparison(Term("title"), Relation.IS, letter) for letter in "abc")
HAS = Comparison(Term("title"), Relation.CONTAINS, "a")
QUICK_S = 1.0  # of this thread's own time: far more than any takes, and far less than one that goes wrong
ANSWERED_S = 5.0  # by the clock, whatever else runs beside


def parsed(text: str) -> Filter:
    return odata.parse_filter(text, KNOWN)[0]


def at(text: str) -> int:
    return values.instant(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title eq 'a'", A),
        ("'a' eq title", A),
        ("((title)) eq (('a'))", A),
        ("title ne 'a'", Not(A)),
        ("title eq 'a' or title eq 'b' and title eq 'c'", AnyOf((A, All((B, C))))),
        ("title eq 'a' and title eq 'b' or title eq 'c'", AnyOf((All((A, B)), C))),
        ("(title eq 'a' or title eq 'b') and title eq 'c'", All((AnyOf((A, B)), C))),
        ("title eq 'a' and title eq 'b' and title eq 'c'", All((A, B, C))),
        ("not (title eq 'a') and title eq 'b'", All((Not(A), B))),
        ("not(title eq 'a' and title eq 'b')", Not(All((A, B)))),
        ("not not substringof('a',title)", Not(Not(HAS))),
        ("not substringof('a', title) eq true", Not(HAS)),
        ("substringof('a', title) eq false", Not(HAS)),
        ("false ne substringof(title, 'a')", Not(Not(HAS))),
        ("id gt 1 eq true", Comparison(Term("id"), Relation.GT, 1)),
        ("true eq id lt 1", Comparison(Term("id"), Relation.LT, 1)),
        ("title eq 'a' eq false", Not(A)),
        ("substringof('a', title) eq (1 eq 1)", HAS),
        ("id ge 1.5", Comparison(Term("id"), Relation.GT, 1)),
        ("id lt -1.5", Comparison(Term("id"), Relation.LTE, -2)),
        ("2.0 gt id", Comparison(Term("id"), Relation.LT, 2)),
        ("id eq 1.5", FALSE),
        ("id ne 1.5", Not(FALSE)),
        ("species_id le id", Comparison(Term("species_id"), Relation.LTE, Term("id"))),
        ("title eq null", Condition("title", Op.IS_NULL, (True,))),
        ("null ne tolower(title)", Not(Condition("title", Op.IS_NULL, (True,)))),
        ("tolower(trim(toupper(title))) eq toupper(trim(tolower(' ß ')))",
         Comparison(Term("title", Case.LOWER, trimmed=True), Relation.IS, "SS")),
        ("startswith('abc', title)", Comparison("abc", Relation.STARTS, Term("title"))),
        ("endswith(toupper(title), species)",
         Comparison(Term("title", Case.UPPER), Relation.ENDS, Term("species"))),
        ("created_at eq '2026-02-03T04:05:06.7899Z'",
         Condition("created_at", Op.RANGE, (at("2026-02-03T04:05:06.789Z"), at("2026-02-03T04:05:06.789999Z")))),
        ("2026-02-03 le created_at", Condition("created_at", Op.GTE, (at("2026-02-03T00:00:00Z"),))),
        ("created_at gt 2026-02-03T10:00:00 10:00",  # a plus that was not percent-encoded
         Condition("created_at", Op.GT, (at("2026-02-03T00:00:00.000999Z"),))),
        ("DATETIME'2026-02-03T00:00:00' ge datetimeoffset'2026-02-03T01:00:00+01:00'", TRUE),
        ("1 eq 1.0 and 'a' lt 'b' and startswith('ab', 'a') and null eq null and true ne false",
         All((TRUE, TRUE, TRUE, TRUE, Not(FALSE)))),
        ("'a' eq null", FALSE),
        ("title eq 'it''s''' or false", AnyOf((Comparison(Term("title"), Relation.IS, "it's'"), FALSE))),
    ],
)  # fmt: skip
def test_what_binds_how(text: str, expected: Filter) -> None:
    assert parsed(text) == expected
    assert parsed(f"\n\t {text} \r\n") == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nope eq 'x'", f"at character 1: there is no field nope; there are {LISTED}"),
        ("title eq 'x' and Species eq 'y'", f"at character 18: there is no field Species; there are {LISTED}"),
        ("title", "at character 1: a text alone is no condition"),
        ("  'x'", "at character 3: a text alone is no condition"),
        ("1", "at character 1: a number alone is no condition"),
        ("null", "at character 1: null alone is no condition"),
        ("created_at and true", "at character 1: a date alone is no condition"),
        ("not title eq 'a'", "at character 5: not binds tighter than a comparison: put the comparison in parentheses, "
         "as in not (title eq 'a')"),
        ("title eq 5", "at character 7: a text cannot be compared with a number"),
        ("species_id gt '5'", "at character 12: a number cannot be compared with a text"),
        ("title lt created_at", "at character 7: a text cannot be compared with a date"),
        ("title eq true", "at character 7: a text cannot be compared with true or false"),
        ("startswith(title, 'a') eq 1", "at character 24: true or false cannot be compared with a number"),
        ("title eq title eq title", "at character 16: true or false cannot be compared with a text"),
        ("title gt null", "at character 7: what is null, true or false can be compared by eq and ne only"),
        ("true lt false", "at character 6: what is null, true or false can be compared by eq and ne only"),
        ("(id eq 1) eq (id eq 2)", "at character 11: a condition can be compared with true or false only"),
        ("created_at gt 'yesterday'",
         "at character 15: yesterday must be an ISO 8601 date-time such as 2026-01-31T09:30:00Z"),
        ("created_at gt 2026-02-30", "at character 15: 2026-02-30 is not a date that exists"),
        ("created_at gt datetime'1066-10-14T09:00:00'",
         "at character 15: 1066-10-14T09:00:00 must lie between 1900 and 2200"),
        ("id eq 1234567890123456789", "at character 7: a number has at most 18 digits"),
        ("contains(title, 'a')", "at character 1: there is no function contains; there are substringof, startswith, "
         "endswith, tolower, toupper, trim"),
        ("startswith(title)", "at character 1: startswith takes two texts"),
        ("trim() eq 'a'", "at character 1: trim takes one text"),
        ("true or tolower(title, title) eq 'a'", "at character 9: tolower takes one text"),
        ("substringof('a', created_at)", "at character 18: substringof takes texts, not a date"),
        ("endswith(null, 'a')", "at character 10: endswith takes texts, not null"),
        ("tolower(true) eq 'a'", "at character 9: tolower takes texts, not true or false"),
        ("title eq", "at character 9: something is missing at the end"),
        ("(title eq 'a'  ", "at character 14: something is missing at the end"),
        ("title eq 'a')", "at character 13: ) is not expected here"),
        ("title eq 'a' title eq 'b'", "at character 14: title is not expected here"),
        ("title eq 'a' and or title eq 'b'", "at character 18: or is not expected here"),
        ("title in ('a', 'b')", "at character 7: in is not expected here"),
        ("title eq 'a", "at character 10: a quote that is not closed"),
        ("title eq 'a''", "at character 13: a quote that is not closed"),
        ("title = 'a'", "at character 7: '=' is not understood here"),
        ("title/name eq 'a'", "at character 6: '/' is not understood here"),
        ("title eq \"a\"", "at character 10: '\"' is not understood here"),
        ("id eq 1e5", "at character 7: '1' is not understood here"),
        ("()", "at character 2: ) is not expected here"),
    ],
)  # fmt: skip
def test_each_problem_says_where_it_is(text: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        parsed(text)
    assert caught.value.problems == {"$filter": problem}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title", (Order("title"),)),
        (" title ASC ", (Order("title"),)),
        ("title Desc,\n id,created_at asc", (Order("title", True), Order("id"), Order("created_at"))),
    ],
)
def test_orders(text: str, expected: tuple[Order, ...]) -> None:
    assert odata.parse_order(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nope", f"at character 1: there is no field nope; there are {LISTED}"),
        ("title up", "at character 7: up is not expected here"),
        ("title,", "at character 7: something is missing at the end"),
        (",title", "at character 1: , is not expected here"),
        ("title desc asc", "at character 12: asc is not expected here"),
        ("tolower(title)", "at character 8: ( is not expected here"),
        ("title;id", "at character 6: ';' is not understood here"),
        (",".join(["id"] * 21), "names more than 20 fields"),
        ("id," * 2_000, "is longer than 4,000 characters"),
    ],
)
def test_orders_that_are_refused(text: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        odata.parse_order(text, KNOWN)
    assert caught.value.problems == {"$orderby": problem}


TOO_MUCH = {
    "parentheses": "(" * 1_900 + "id eq 1" + ")" * 1_900,
    "open parentheses": "(" * 4_000,
    "one level too many": "(" * (DEEPEST + 1) + "true" + ")" * (DEEPEST + 1),
    "negations": "not " * 990 + "true",
    "functions": "tolower(" * 400 + "title" + ")" * 400 + " eq 'a'",
    "and within or": "(true or " * 400 + "true" + ")" * 400,
    "terms": " or ".join(["id eq 1"] * (MOST_TERMS + 1)),
    "chained comparisons": "true" + " eq true" * (MOST_TERMS + 1),
    "tests": " and ".join(["startswith(title,'')"] * (MOST_TERMS + 1)),
    "quotes": "title eq " + "'" * 3_989,
    "a long text": "title eq '" + "a" * 4_000 + "'",
    "a long number": "id eq " + "1" * 3_900,
    "a long name": "a" * 4_000,
    "blanks": "title eq" + " " * 3_992,
    "backtracking": "title eq '" + "''a" * 1_300,
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_refused_at_once(practice: Practice, name: str) -> None:
    text = TOO_MUCH[name]
    odata.parse_order("id", KNOWN)  # the grammar is loaded
    began = time.thread_time()
    with pytest.raises(Invalid) as caught:
        parsed(text)
    assert time.thread_time() - began < QUICK_S
    assert len(str(caught.value)) < 250
    answer = practice.vetcheck.get("/handouts", params={"$filter": text})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(("$filter ", "query "))


HALF = DEEPEST // 2
ALLOWED = {
    "levels": "(" * (DEEPEST - 1) + "true" + ")" * (DEEPEST - 1),
    "levels that alternate": "(id gt 0 and (id lt 0 or " * HALF + "id eq 1" + "))" * HALF,
    "levels of much": "(species gt 'a' and (endswith(species, title) or " * (HALF - 1)
    + "endswith(trim(species), 'x')"
    + "))" * (HALF - 1),
    "levels that are negated": "not (substringof('a', species) or " * (HALF - 1)
    + "startswith(species, title)"
    + ")" * (HALF - 1),
    "levels of functions": "not " * HALF
    + "substringof("
    + "trim(" * (HALF - 2)
    + "title"
    + ")" * (HALF - 2)
    + ", 'x')",
    "terms": " or ".join(["id eq 0"] * MOST_TERMS),
    "texts": " or ".join([f"substringof(trim(tolower(title)),'{n:02}')" for n in range(80)]),
    "constants": " or ".join(["false"] * 400),
    "a long needle": "substringof('" + "''" * 1_300 + "', title)",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_the_most_that_is_allowed_is_answered_at_once(practice: Practice, name: str) -> None:
    text = ALLOWED[name]
    tree = parsed(text)
    began = time.perf_counter()
    practice.read(lambda ctx: content(ctx, ContentKind.HANDOUT, tree, limit=10))
    assert time.perf_counter() - began < ANSWERED_S
    answer = practice.vetcheck.get("/handouts", params={"$filter": text, "$orderby": "species desc, title"})
    assert answer.status_code == 200, answer.text
