# SPDX-License-Identifier: Apache-2.0
"""Rate limits: a model of both windows, the promise of `Retry-After`, and exact counts over forked processes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvet.core.context import Caller
from polyvet.model import values
from polyvet.model.errors import LimitReached
from polyvet.web.limits import HOUR, MINUTE, Budget, Limits, Standing

SECOND = values.MICROSECONDS
START = values.instant("2026-01-31T09:30:00Z")


def _caller(*, per_minute: int | None = None, per_hour: int | None = None, key_id: bytes | None = None) -> Caller:
    key_id = key_id or values.new_id()
    return Caller(key_id, 1, "integration", frozenset(), "sk_live_abcd", per_minute, per_hour)


def _ask(limits: Limits, caller: Caller, budget: Budget, now: int) -> Standing | int | None:
    """The standing, or the seconds to wait."""
    try:
        return limits.take(caller, budget, now)
    except LimitReached as error:
        return error.retry_after


class _Window:
    """One window, in the plainest way."""

    def __init__(self, span: int, most: int | None) -> None:
        self.span, self.most, self.opened, self.count = span, most, 0, 0

    def has_room(self, now: int) -> bool:
        if self.count == 0 or now - self.opened >= self.span:
            self.opened, self.count = now, 0
        return self.most is None or self.count < self.most


class _Model:
    """Both windows: a request needs room in both, and counts in both."""

    def __init__(self, budget: Budget) -> None:
        self.windows = _Window(MINUTE, budget.per_minute), _Window(HOUR, budget.per_hour)

    def let_through(self, now: int) -> bool:
        room = [window.has_room(now) for window in self.windows]
        for window in self.windows:
            window.count += all(room)
        return all(room)


_GAPS = st.lists(
    st.one_of(
        st.integers(0, 70 * SECOND),
        st.integers(0, 2 * HOUR),
        st.sampled_from([0, 1, SECOND, MINUTE - SECOND, MINUTE, HOUR - SECOND, HOUR]),
    ),
    max_size=80,
)
_BUDGETS = st.builds(Budget, st.none() | st.integers(1, 5), st.none() | st.integers(1, 12))


@given(_GAPS, _BUDGETS)
def test_requests_are_let_through_exactly_as_two_fixed_windows_have_room(gaps: list[int], budget: Budget) -> None:
    limits, caller, model, now = Limits(shared=False), _caller(), _Model(budget), START
    for gap in gaps:
        now += gap
        let = not isinstance(_ask(limits, caller, budget, now), int)
        assert let == model.let_through(now)


@given(_GAPS, st.builds(Budget, st.integers(1, 4), st.integers(1, 9)))
def test_who_waits_as_told_is_never_refused_twice(gaps: list[int], budget: Budget) -> None:
    limits, caller, now = Limits(shared=False), _caller(), START
    for gap in gaps:
        now += gap
        answer = _ask(limits, caller, budget, now)
        if isinstance(answer, int):
            assert answer >= 1
            now += answer * SECOND
            assert not isinstance(_ask(limits, caller, budget, now), int)


def test_the_wait_covers_both_windows_when_both_are_full() -> None:
    limits, caller, budget = Limits(shared=False), _caller(), Budget(1, 2)
    assert limits.take(caller, budget, START) == Standing(1, 0, 60)
    assert limits.take(caller, budget, START + HOUR - SECOND) == Standing(1, 0, 60)
    # The hour ends in half a second, the minute in 59 and a half.
    with pytest.raises(LimitReached) as refused:
        limits.take(caller, budget, START + HOUR - SECOND // 2)
    assert (refused.value.retry_after, refused.value.limit) == (60, 1)


@given(st.integers(0, MINUTE - 1))
def test_the_wait_is_not_longer_than_it_must_be(later: int) -> None:
    limits, caller, budget = Limits(shared=False), _caller(), Budget(1, None)
    limits.take(caller, budget, START)
    wait = _ask(limits, caller, budget, START + later)
    assert isinstance(wait, int)
    assert wait * SECOND - SECOND < MINUTE - later <= wait * SECOND


def test_the_headers_tell_of_the_window_with_the_least_room() -> None:
    limits, caller, budget = Limits(shared=False), _caller(), Budget(3, 4)
    told = [limits.take(caller, budget, START + n * SECOND) for n in range(3)]
    assert told == [Standing(3, 2, 60), Standing(3, 1, 59), Standing(3, 0, 58)]
    assert limits.take(caller, budget, START + MINUTE) == Standing(4, 0, 3540)


def test_a_refused_request_counts_in_neither_window() -> None:
    limits, caller, budget = Limits(shared=False), _caller(), Budget(1, 3)
    limits.take(caller, budget, START)
    for _ in range(50):
        assert isinstance(_ask(limits, caller, budget, START + SECOND), int)
    assert limits.take(caller, budget, START + MINUTE) is not None
    assert limits.take(caller, budget, START + 2 * MINUTE) is not None


def test_a_keys_own_numbers_replace_the_vendors() -> None:
    limits = Limits(shared=False)
    own = _caller(per_minute=2, per_hour=3)
    answers = [_ask(limits, own, Budget(60, 1_000), START + n * SECOND) for n in range(3)]
    assert answers == [Standing(2, 1, 60), Standing(2, 0, 59), 58]
    only_hour = _caller(per_hour=1)
    assert limits.take(only_hour, Budget(60, None), START) == Standing(1, 0, 3600)
    assert _ask(limits, only_hour, Budget(60, None), START) == 3600


def test_a_key_without_numbers_is_not_limited() -> None:
    limits, caller = Limits(shared=False), _caller()
    assert [limits.take(caller, Budget(None, None), START) for _ in range(1_000)] == [None] * 1_000


def test_keys_do_not_share_a_budget_however_many_are_busy() -> None:
    """Keys that were made within days of each other, as a clinic's or a demo's are."""
    limits, budget = Limits(shared=False), Budget(3, None)
    callers = [_caller(key_id=values.new_id(START + n * 60 * MINUTE)) for n in range(50)]
    for count in range(3):
        standings = [limits.take(caller, budget, START) for caller in callers]
        assert {one.remaining for one in standings if one} == {2 - count}
    assert all(isinstance(_ask(limits, caller, budget, START), int) for caller in callers)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    limits, caller, budget = Limits(shared=False), _caller(), Budget(1, 10)
    limits.take(caller, budget, START)
    assert limits.take(caller, budget, START - HOUR) is not None


def test_a_request_that_waits_for_another_process_goes_by_the_window_that_this_one_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits, caller, budget, clock = Limits(shared=False), _caller(), Budget(1, None), [START]
    monkeypatch.setattr(values, "now", lambda: clock[0])
    hold = limits._slots.hold

    def overtaken(key: bytes) -> int:
        monkeypatch.setattr(limits._slots, "hold", hold)
        clock[0] += 5
        limits.take(caller, budget)
        return hold(key)

    monkeypatch.setattr(limits._slots, "hold", overtaken)
    with pytest.raises(LimitReached):
        limits.take(caller, budget)


@settings(max_examples=3)
@given(st.integers(1, 700))
def test_forked_processes_that_hammer_one_key_let_through_exactly_its_budget(budget: int) -> None:
    limits, caller = Limits(shared=True), _caller()
    reading, writing = os.pipe()
    for _ in range(3):
        if os.fork() == 0:
            answers = [_ask(limits, caller, Budget(budget, None), START + n) for n in range(400)]
            os.write(writing, sum(isinstance(one, Standing) for one in answers).to_bytes(4, "big"))
            os._exit(0)
    assert [os.wait()[1] for _ in range(3)] == [0, 0, 0]
    through = [int.from_bytes(os.read(reading, 4), "big") for _ in range(3)]
    os.close(reading)
    os.close(writing)
    assert sum(through) == min(budget, 3 * 400)


@given(_GAPS, _BUDGETS)
def test_what_is_left_is_what_will_be_let_through_and_asking_takes_nothing(gaps: list[int], budget: Budget) -> None:
    limits, caller, now = Limits(shared=False), _caller(), START
    for gap in gaps:
        now += gap
        rooms = limits.left(caller, budget, now)
        assert limits.left(caller, budget, now) == rooms
        windows = {"a minute": budget.per_minute, "an hour": budget.per_hour}
        assert {room.what: room.limit for room in rooms} == {what: n for what, n in windows.items() if n is not None}
        for room in rooms:
            later = {one.what: one for one in limits.left(caller, budget, now + room.whole_in_s * SECOND)}
            assert (later[room.what].left, later[room.what].whole_in_s) == (room.limit, 0)
        let = not isinstance(_ask(limits, caller, budget, now), int)
        assert let == all(room.left > 0 for room in rooms)


def test_a_keys_own_number_is_what_is_left_of() -> None:
    limits, caller = Limits(shared=False), _caller(per_minute=3)
    limits.take(caller, Budget(60, 1_000), START)
    minute, hour = limits.left(caller, Budget(60, 1_000), START + SECOND)
    assert (minute.limit, minute.left, minute.whole_in_s) == (3, 2, 59)
    assert (hour.limit, hour.left, hour.whole_in_s) == (1_000, 999, 3_599)
