# SPDX-License-Identifier: Apache-2.0
"""Query parameters: numbers, switches, words, texts and instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.web import params


def _problem(work: Any) -> str:
    with pytest.raises(Invalid) as refused:
        work()
    assert list(refused.value.problems) == ["n"]
    return refused.value.problems["n"]


@pytest.mark.parametrize(("text", "number"), [(None, 7), ("", 7), ("1", 1), ("+5", 5), ("007", 7), ("100", 100)])
def test_integers(text: str | None, number: int) -> None:
    query = {} if text is None else {"n": text}
    assert params.integer(query, "n", 7, low=1, high=100) == number


@pytest.mark.parametrize("text", ["0", "-1", "101", "9" * 18])
def test_integers_out_of_range(text: str) -> None:
    assert "must be at least 1 and at most 100" in _problem(
        lambda: params.integer({"n": text}, "n", 7, low=1, high=100)
    )


@pytest.mark.parametrize("text", ["a", "1.0", "1e3", " 1", "1 ", "--1", "٣", "²", "9" * 19, "0x1", "1_000"])
def test_what_is_no_integer(text: str) -> None:
    assert "whole number" in _problem(lambda: params.integer({"n": text}, "n", 7, low=1, high=100))


@given(st.text(max_size=30))
def test_any_text_is_a_number_in_range_or_invalid(text: str) -> None:
    try:
        number = params.integer({"n": text}, "n", 0, low=-3, high=10**17)
    except Invalid:
        return
    assert -3 <= number <= 10**17


def test_booleans() -> None:
    read = {text: params.boolean({"n": text}, "n") for text in ("", "true", "TRUE", "1", "False", "0")}
    assert read == {"": None, "true": True, "TRUE": True, "1": True, "False": False, "0": False}
    assert params.boolean({}, "n") is None
    assert _problem(lambda: params.boolean({"n": "yes"}, "n")) == "must be true or false"


def test_words_and_texts() -> None:
    assert params.choice({"n": "PAID"}, "n", ("PAID", "UNPAID")) == "PAID"
    assert params.choice({"n": ""}, "n", ("PAID",)) is None
    assert _problem(lambda: params.choice({"n": "paid"}, "n", ("PAID", "UNPAID"))) == "must be one of PAID, UNPAID"
    assert params.text({"n": "x" * 200}, "n") == "x" * 200
    assert params.text({"n": ""}, "n") is None
    assert "200" in _problem(lambda: params.text({"n": "x" * 201}, "n"))


@pytest.mark.parametrize(
    ("text", "moment", "date_only"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z", True),
        ("2026-01-31T09:30", "2026-01-31T09:30:00Z", False),
        ("2026-01-31T09:30:15Z", "2026-01-31T09:30:15Z", False),
        ("2026-01-31t09:30:15z", "2026-01-31T09:30:15Z", False),
        ("2026-01-31 09:30:15.5Z", "2026-01-31T09:30:15.500000Z", False),
        ("2026-01-31T09:30:15,123456789Z", "2026-01-31T09:30:15.123456Z", False),
        ("2026-01-31T09:30:15+02:00", "2026-01-31T07:30:15Z", False),
        ("2026-01-31T09:30:15 02:00", "2026-01-31T07:30:15Z", False),  # a `+` that was not percent-encoded
        ("2026-01-31T00:30:15-0130", "2026-01-31T02:00:15Z", False),
        ("2024-02-29", "2024-02-29T00:00:00Z", True),
        ("1900-01-01", "1900-01-01T00:00:00Z", True),
    ],
)
def test_instants(text: str, moment: str, date_only: bool) -> None:
    assert params.read_instant(text, "n") == (values.instant(moment), date_only)
    assert params.instant({"n": text}, "n") == values.instant(moment)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-02-29",
        "2026-13-01",
        "2026-01-31T24:01Z",
        "2026-01-31T09:30:15+25:00",
        "2026-1-31",
        "20260131",
        "1899-12-31",
        "2200-01-02",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "２０２６-01-31",
        "2026-01-31T09:30:15Z ",
        "1769850000",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    assert _problem(lambda: params.instant({"n": text}, "n"))


def test_no_instant_is_none() -> None:
    assert params.instant({}, "n") is params.instant({"n": ""}, "n") is None


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 31)),  # noqa: DTZ001, the offset is drawn beside it
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_read_exactly(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert params.read_instant(moment.isoformat(), "n") == (values.from_datetime(moment.astimezone(UTC)), False)


@given(st.text(alphabet="0123456789-:+.TZ ", max_size=32))
def test_any_text_is_an_instant_or_invalid(text: str) -> None:
    try:
        found, _ = params.read_instant(text, "n")
    except Invalid:
        return
    assert 1900 <= values.to_datetime(found).year <= 2200
