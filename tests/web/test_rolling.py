# SPDX-License-Identifier: Apache-2.0
"""The rolling minute: a naive model over random times, the promise of `Retry-After`, and exact counts over forks."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvet.model import values
from polyvet.model.errors import LimitReached
from polyvet.web.rolling import SECONDS, Rolling
from polyvet.web.slots import digest

SECOND = values.MICROSECONDS
START = values.instant("2026-01-31T09:30:00Z") + 123_456
KEY = digest(b"caller", b"/client/")
_GAPS = st.lists(
    st.one_of(
        st.integers(0, 3 * SECOND),
        st.integers(0, 130 * SECOND),
        st.sampled_from([0, 1, SECOND - 1, SECOND, 59 * SECOND, 60 * SECOND, 61 * SECOND, 62 * SECOND]),
    ),
    max_size=120,
)
_COSTS = st.integers(1, 4)


def _ask(rolling: Rolling, limit: int, now: int, cost: int = 1, key: bytes = KEY) -> int:
    """0 when the request is let through, or the seconds to wait."""
    try:
        rolling.take(key, limit, cost, now)
    except LimitReached as error:
        return error.retry_after
    return 0


class _Model:
    """All requests that were let through, by the second in which they came."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken: list[tuple[int, int]] = []

    def used(self, now: int) -> int:
        return sum(cost for second, cost in self.taken if now // SECOND - second < SECONDS)

    def has_room(self, now: int, cost: int) -> bool:
        return self.used(now) + min(cost, self.limit) <= self.limit

    def take(self, now: int, cost: int) -> bool:
        room = self.has_room(now, cost)
        if room:
            self.taken.append((now // SECOND, min(cost, self.limit)))
        return room


@given(_GAPS, st.integers(1, 9), st.lists(_COSTS, min_size=120, max_size=120))
def test_requests_are_let_through_exactly_as_the_last_minute_has_room(
    gaps: list[int], limit: int, costs: list[int]
) -> None:
    rolling, model, now = Rolling(shared=False), _Model(limit), START
    for gap, cost in zip(gaps, costs, strict=False):
        now += gap
        assert (_ask(rolling, limit, now, cost) == 0) == model.take(now, cost)


@given(_GAPS, st.integers(1, 9))
def test_no_sixty_seconds_in_a_row_see_more_than_the_limit(gaps: list[int], limit: int) -> None:
    rolling, now = Rolling(shared=False), START
    through: list[int] = []
    for gap in gaps:
        now += gap
        if _ask(rolling, limit, now) == 0:
            through.append(now)
    for first, last in zip(through, through[limit:], strict=False):
        assert last - first > 60 * SECOND


@given(_GAPS, st.integers(1, 9), st.lists(_COSTS, min_size=120, max_size=120))
def test_the_wait_is_enough_and_not_a_second_more_than_whole_seconds_need(
    gaps: list[int], limit: int, costs: list[int]
) -> None:
    rolling, model, now = Rolling(shared=False), _Model(limit), START
    for gap, cost in zip(gaps, costs, strict=False):
        now += gap
        wait = _ask(rolling, limit, now, cost)
        if wait == 0:
            model.take(now, cost)
            continue
        assert 1 <= wait <= SECONDS
        assert model.has_room(now + wait * SECOND, cost)
        assert not model.has_room(now + (wait - 1) * SECOND, cost)


def test_who_waits_as_told_is_let_through_and_a_refused_request_does_not_count() -> None:
    rolling = Rolling(shared=False)
    assert [_ask(rolling, 2, START) for _ in range(2)] == [0, 0]
    waits = [_ask(rolling, 2, START + n) for n in range(50)]
    assert set(waits) == {SECONDS}  # the second in which they came, and sixty full ones
    assert _ask(rolling, 2, START + waits[0] * SECOND) == 0


def test_what_costs_more_than_the_limit_takes_all_of_it() -> None:
    rolling = Rolling(shared=False)
    assert _ask(rolling, 5, START, 100) == 0
    assert _ask(rolling, 5, START, 1) > 0
    other = digest(b"another")
    assert _ask(rolling, 5, START, 4, other) == 0
    assert _ask(rolling, 5, START, 2, other) > 0
    assert _ask(rolling, 5, START, 1, other) == 0


def test_callers_and_endpoints_have_minutes_of_their_own() -> None:
    rolling = Rolling(shared=False)
    keys = [digest(caller, path) for caller in (b"a", b"b") for path in (b"/client/", b"/patient/")]
    for _ in range(3):
        assert [_ask(rolling, 3, START, key=key) for key in keys] == [0] * 4
    assert all(_ask(rolling, 3, START, key=key) for key in keys)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    rolling = Rolling(shared=False)
    assert _ask(rolling, 1, START) == 0
    assert _ask(rolling, 1, START - 3600 * SECOND) == 0


def test_the_time_is_read_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that waited for another process's goes by the second that this one has counted in."""
    rolling, clock = Rolling(shared=False), [START]
    monkeypatch.setattr(values, "now", lambda: clock[0])
    hold = rolling._slots.hold

    def overtaken(key: bytes) -> int:
        monkeypatch.setattr(rolling._slots, "hold", hold)
        clock[0] += 2 * SECOND
        rolling.take(KEY, 1)
        return hold(key)

    monkeypatch.setattr(rolling._slots, "hold", overtaken)
    with pytest.raises(LimitReached):
        rolling.take(KEY, 1)


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 700))
def test_processes_that_share_a_table_let_through_exactly_the_limit(limit: int) -> None:
    rolling = Rolling(shared=True)
    reading, writing = os.pipe()
    for _ in range(3):
        if os.fork() == 0:
            through = sum(_ask(rolling, limit, START + n) == 0 for n in range(300))
            os.write(writing, through.to_bytes(4, "big"))
            os._exit(0)
    assert [os.wait()[1] for _ in range(3)] == [0, 0, 0]
    counts = [int.from_bytes(os.read(reading, 4), "big") for _ in range(3)]
    os.close(reading)
    os.close(writing)
    assert sum(counts) == min(limit, 900)


def test_a_rolling_hour_is_counted_in_minutes() -> None:
    rolling, minute = Rolling(shared=False), 60 * SECOND
    for past in (0, 30 * minute):
        rolling.take(KEY, 2, now=START + past, each_s=60)
    with pytest.raises(LimitReached) as refused:
        rolling.take(KEY, 2, now=START + 60 * minute, each_s=60)
    room = START + 60 * minute + refused.value.retry_after * SECOND
    assert 0 < refused.value.retry_after <= 60
    rolling.take(KEY, 2, now=room, each_s=60)
    with pytest.raises(LimitReached) as refused:
        rolling.take(KEY, 2, now=room, each_s=60)
    assert 28 * 60 < refused.value.retry_after <= 30 * 60


@given(_GAPS, st.integers(1, 9), st.lists(_COSTS, min_size=120, max_size=120))
def test_what_is_left_is_what_has_room_and_asking_takes_nothing(gaps: list[int], limit: int, costs: list[int]) -> None:
    rolling, model, now = Rolling(shared=False), _Model(limit), START
    for gap, cost in zip(gaps, costs, strict=False):
        now += gap
        left, whole_in_s = rolling.left(KEY, limit, now)
        assert rolling.left(KEY, limit, now) == (left, whole_in_s)
        assert left == limit - model.used(now)
        assert (whole_in_s == 0) == (left == limit)
        assert rolling.left(KEY, limit, now + whole_in_s * SECOND) == (limit, 0)
        if _ask(rolling, limit, now, cost) == 0:
            model.take(now, cost)
