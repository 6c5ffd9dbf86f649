# SPDX-License-Identifier: Apache-2.0
"""GET /calendar/events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from polyvet.dialects.vetigen.calendar import window
from polyvet.model import values
from tests.dialects.harness import Golden, Practice
from tests.dialects.vetigen.asking import EVENTS, data, error, rows

DEMO = {"start_date": "2026-04-20", "end_date": "2026-06-20"}
SAMPLES = {"start_date": "2031-04-15T00:00:00Z", "end_date": "2031-04-16T00:00:00Z"}
TYPES = ["APPOINTMENT", "SURGERY", "VACCINATION", "CHECKUP", "EMERGENCY", "SALE"]
STATUSES = ["SCHEDULED", "CHECKED_IN", "IN_PROGRESS", "PENDING_CHECKOUT", "CLOSED", "CANCELLED"]


def test_a_page_of_events(practice: Practice, golden: Golden) -> None:
    golden("list_events", practice.vetigen.get(EVENTS, params=SAMPLES))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("start_date=2031-04-15T10:00:00Z&end_date=2031-04-15T10:00:00.001Z", 2),  # the start is included
        ("start_date=2031-04-15T09:00:00Z&end_date=2031-04-15T10:00:00Z", 0),  # the end is not
        ("start_date=2031-04-15T10:00:00.001Z&end_date=2031-04-15T11:00:00Z", 0),  # one under way is not found
        ("start_date=2031-04-15T10:00:00Z&end_date=2031-04-15T10:00:00Z", 0),
        ("start_date=2031-04-15&end_date=2031-04-16", 2),
        ("start_date=2031-04-14&end_date=2031-04-15", 0),
        ("start_date=2031-04-15T13:00:00%2B03:00&end_date=2031-04-15T13:01:00+03:00", 2),
        ("start_date=2031-03-17", 2),  # 30 days ahead
        ("start_date=2031-03-16T10:00:00Z", 0),
        ("end_date=2031-05-15", 2),  # 30 days back
        ("end_date=2031-05-15T10:00:00Z", 2),
        ("end_date=2031-05-15T10:00:00.001Z", 0),
        ("start_date=2031-01-15T10:00:00.001Z&end_date=2031-04-15T10:00:00.001Z", 2),  # exactly 90 days
    ],
)
def test_the_window_is_half_open_in_utc(practice: Practice, query: str, found: int) -> None:
    assert data(practice.vetigen.get(f"{EVENTS}?{query}"))["total"] == found


def test_without_bounds_the_window_is_today_through_30_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "now", lambda: values.instant("2026-05-04T23:59:59.999999Z"))
    assert [values.to_milliseconds_text(bound) for bound in window({})] == [
        "2026-05-04T00:00:00.000Z",
        "2026-06-03T00:00:00.000Z",
    ]


def test_the_default_window_is_served(practice: Practice) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = {"start_date": midnight.isoformat(), "end_date": (midnight + timedelta(days=30)).isoformat()}
    assert data(practice.vetigen.get(EVENTS)) == data(practice.vetigen.get(EVENTS, params=asked))


def test_more_than_90_days_are_refused(practice: Practice, golden: Golden) -> None:
    too_long = {"start_date": "2031-01-01T00:00:00Z", "end_date": "2031-04-01T00:00:00.001Z"}
    golden("events_invalid_range", practice.vetigen.get(EVENTS, params=too_long))


def test_a_reversed_range_is_refused(practice: Practice) -> None:
    error(practice.vetigen.get(f"{EVENTS}?start_date=2031-04-16&end_date=2031-04-15"), 400, "CALENDAR.INVALID_RANGE")


@pytest.mark.parametrize(
    "query",
    [
        "start_date=tomorrow",
        "end_date=2031-02-30",
        "start_date=2031-04-15T25:00:00Z",
        "start_date=1743465600",
        "start_date=0001-01-01",
        "end_date=9999-12-31T23:59:59-23:59",
        "type=appointment",
        "type=GROOMING",
        "status=DONE",
        "page=0",
        "page_size=101",
    ],
)
def test_what_does_not_hold_is_refused_by_name(practice: Practice, query: str) -> None:
    problem = error(practice.vetigen.get(f"{EVENTS}?{query}"), 400, "VALIDATION.FAILED")
    assert list(problem["details"]) == [query.partition("=")[0]]


@pytest.mark.parametrize(("name", "words"), [("type", TYPES), ("status", STATUSES)])
def test_a_filter_keeps_its_own_and_the_filters_together_keep_all(
    practice: Practice, name: str, words: list[str]
) -> None:
    everything = rows(practice.vetigen, EVENTS, **DEMO, page_size=100)
    assert len(everything) > 20
    kept = []
    for word in words:
        some = rows(practice.vetigen, EVENTS, **DEMO, **{name: word})
        assert all(row[name] == word for row in some)
        kept += some
    assert sorted(row["fp"] for row in kept) == sorted(row["fp"] for row in everything)


def test_type_and_status_are_both_obeyed(practice: Practice) -> None:
    query = {**SAMPLES, "type": "SALE", "status": "CLOSED"}
    assert [row["title"] for row in rows(practice.vetigen, EVENTS, **query)] == ["Food"]
    assert rows(practice.vetigen, EVENTS, **{**query, "status": "SCHEDULED"}) == []


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_pages_together_are_the_window_in_order(practice: Practice, size: int) -> None:
    whole = data(practice.vetigen.get(EVENTS, params={**DEMO, "page_size": 100}))
    found = rows(practice.vetigen, EVENTS, **DEMO, page_size=size)
    assert found[: len(whole["items"])] == whole["items"]
    assert len({row["fp"] for row in found}) == len(found) == whole["total"]
    assert [row["start_at"] for row in found] == sorted(row["start_at"] for row in found)


def test_a_page_that_is_jumped_to_is_the_page_that_is_walked_to(practice: Practice) -> None:
    query: dict[str, Any] = {**DEMO, "page_size": 5}
    walked = rows(practice.vetigen, EVENTS, **query)
    other_key = practice.client(practice.new_key("vetigen"))
    jumped = data(other_key.get(EVENTS, params={**query, "page": 3}))
    assert jumped["items"] == walked[10:15]
    beyond = data(other_key.get(EVENTS, params={**query, "page": 1000}))
    assert (beyond["items"], beyond["has_more"], beyond["total"]) == ([], False, len(walked))
