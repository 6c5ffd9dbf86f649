# SPDX-License-Identifier: Apache-2.0
"""JSON bodies: strict in what they hold, and all problems named at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.model.errors import Invalid
from polyvet.web.params import MOST_DIGITS, read_fields, read_json

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 10 ** (MOST_DIGITS - 1), 10**MOST_DIGITS - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Wanted(msgspec.Struct, rename="camel"):
    """What the tests ask for."""

    first_name: str
    weight: float | None = None
    count: int = 0
    fast: bool | None = None


def _problems(work: Callable[[], Any]) -> dict[str, str]:
    """What does not hold; nothing, if everything does."""
    try:
        work()
    except Invalid as error:
        return error.problems
    return {}


@given(_JSON)
def test_what_json_says_comes_back(document: Any) -> None:
    assert read_json(json.dumps(document).encode()) == document
    assert read_json(json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")) == document


@given(st.binary(max_size=100) | st.text(alphabet='{}[]":,0123456789.eE+-tfn\\u ').map(str.encode))
def test_any_bytes_are_json_or_invalid(body: bytes) -> None:
    problems = _problems(lambda: read_json(body))
    assert "".join(problems.values()).isprintable()


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"", "body", "is not JSON"),
        (b"{", "body", "is not JSON"),
        (b"{} {}", "body", "is not JSON"),
        (b"{'a': 1}", "body", "is not JSON"),
        (b'{"a": 01}', "body", "is not JSON"),
        (b'{"a": 1,}', "body", "is not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "body", "is not JSON"),
        (b'{"a": "\xff"}', "body", "UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "body", "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "body", "UTF-8"),
        (b'{"a": NaN}', "body", "NaN"),
        (b'{"a": [-Infinity]}', "body", "-Infinity"),
        (b'{"a": 1, "b": {"x": 1, "x": 1}}', "x", "twice"),
        (b'{"a": 1, "\\u0061": 1}', "a", "twice"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "?", "twice"),
        (b'{"a": [{"x\\udfff": 1}]}', "x?", "surrogate"),
        (b'{"a": ' + b"9" * (MOST_DIGITS + 1) + b"}", "body", "digits"),
        (b"-" + b"9" * 100_000, "body", "digits"),
        (b"[" * 200_000, "body", "nested too deeply"),
        (b'{"a":' * 200_000, "body", "nested too deeply"),
    ],
    ids=lambda value: None if isinstance(value, bytes) and len(value) > 50 else value,
)
def test_bodies_that_do_not_hold(body: bytes, field: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_json(body)
    assert list(refused.value.problems) == [field]
    assert words in refused.value.problems[field]


def test_depth_does_not_end_the_process() -> None:
    """Deeper than what is refused, and than the interpreter's own limit, in every shape."""
    for opening in (b"[", b'{"a":', b'[{"a":'):
        with pytest.raises(Invalid):
            read_json(opening * sys.getrecursionlimit() * 50)


def test_a_key_twice_among_very_many_is_told_at_once() -> None:
    pairs = ",".join(f'"{n}":1' for n in [*range(60_000), 59_999])
    began = time.process_time()
    assert _problems(lambda: read_json(f"{{{pairs}}}".encode())) == {"59999": "was given twice"}
    assert time.process_time() - began < 2


def test_a_key_with_half_of_a_surrogate_pair_is_refused() -> None:
    problems = _problems(lambda: read_json(b'{"\\ud800": 1, "name": "Rex"}'))
    assert problems == {"?": "holds half of a surrogate pair"}


def test_fields_are_read_and_unknown_ones_ignored() -> None:
    found = read_fields({"firstName": "Åsa", "weight": 4, "count": 3, "other": [1]}, Wanted)
    assert found == Wanted(first_name="Åsa", weight=4.0, count=3)
    assert read_fields({"firstName": "a", "weight": None}, Wanted) == Wanted(first_name="a")


@pytest.mark.parametrize("document", [None, [], "text", 1, True])
def test_a_body_must_be_an_object(document: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_fields(document, Wanted)
    assert refused.value.problems == {"body": "must be a JSON object"}


def test_all_problems_are_named_at_once_in_the_callers_words() -> None:
    with pytest.raises(Invalid) as refused:
        read_fields({"weight": "4", "count": 1.5, "fast": "yes"}, Wanted)
    problems = refused.value.problems
    assert problems["firstName"] == "is required"
    assert problems["weight"] == "must be number or null, not string"
    assert problems["fast"] == "must be boolean or null, not string"
    assert problems["count"].startswith("must be integer")


@pytest.mark.parametrize(("text", "problem"), [("a\0b", "null character"), ("\ud83d", "surrogate")])
def test_texts_that_no_store_takes(text: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_fields({"firstName": text}, Wanted)
    assert problem in refused.value.problems["firstName"]


@pytest.mark.parametrize("name", ["weight", "count", "fast"])
def test_a_text_that_no_store_takes_where_none_is_wanted(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_fields({"firstName": "Rex", name: "\ud83d"}, Wanted)
    assert refused.value.problems == {name: "holds half of a surrogate pair"}


def test_rules_speak_after_types() -> None:
    rules = {"firstName": lambda value: "must not be blank" if not value else None}
    with pytest.raises(Invalid) as refused:
        read_fields({"firstName": "", "count": "x"}, Wanted, rules)
    assert refused.value.problems["firstName"] == "must not be blank"
    assert set(refused.value.problems) == {"firstName", "count"}
    assert read_fields({"firstName": "a"}, Wanted, rules).first_name == "a"


@given(_JSON)
def test_any_document_gives_fields_or_problems(document: Any) -> None:
    problems = _problems(lambda: read_fields(document, Wanted))
    held = isinstance(document, dict) and isinstance(document.get("firstName"), str)
    assert problems or held
