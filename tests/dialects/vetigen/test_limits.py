# SPDX-License-Identifier: Apache-2.0
"""Rate limits: the vendor's numbers, headers and 429, and a client that obeys them."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvet.core.context import Caller
from polyvet.dialects.vetigen.wire import BUDGETS, Generation, Options, VetigenWire
from polyvet.model import values
from polyvet.model.errors import LimitReached
from polyvet.web.limits import Budget, Limits
from tests.dialects.harness import Golden, Practice
from tests.dialects.vetigen.asking import PATIENTS, error

SECOND = values.MICROSECONDS


def _as_response(generation: Generation, seconds: int) -> httpx.Response:
    reply = VetigenWire(Options(generation)).error(LimitReached(seconds, 60))
    headers = [*reply.headers, (b"content-type", reply.media_type)]
    return httpx.Response(reply.status, content=reply.body, headers=headers)


@pytest.mark.parametrize("generation", list(Generation))
def test_the_documented_429_to_the_letter(golden: Golden, generation: Generation) -> None:
    golden(f"rate_limited_{generation}", _as_response(generation, 42))


@pytest.mark.parametrize(("generation", "code"), [("R1", "AUTH.RATE_LIMITED"), ("K", "API_KEY.RATE_LIMIT_EXCEEDED")])
def test_the_third_of_two_requests_is_refused(practice: Practice, generation: str, code: str) -> None:
    served = practice.served_otherwise(vetigen_generation=generation)
    client = served.client(practice.new_key("vetigen", per_minute=2))
    for left in ("1", "0"):
        answer = client.get(PATIENTS)
        assert answer.status_code == 200
        assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("2", left)
        assert 1 <= int(answer.headers["x-ratelimit-reset"]) <= 60
        assert "retry-after" not in answer.headers
    refused = client.get(PATIENTS)
    problem = error(refused, 429, code)
    seconds = refused.headers["retry-after"]
    assert 1 <= int(seconds) <= 60
    assert refused.headers["x-ratelimit-reset"] == seconds
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("2", "0")
    assert generation == "K" or f" {seconds} seconds" in problem["message"]


def test_the_limit_comes_before_permission_and_parameters(practice: Practice) -> None:
    client = practice.client(practice.new_key("vetigen", per_minute=1, permissions=()))
    error(client.get(f"{PATIENTS}?page=0"), 403, "AUTH.FORBIDDEN")
    error(client.get(f"{PATIENTS}?page=0"), 429, "AUTH.RATE_LIMITED")


def test_what_has_no_key_or_no_route_counts_for_nobody(practice: Practice) -> None:
    secret = practice.new_key("vetigen", per_minute=1)
    assert practice.client().get(PATIENTS).status_code == 401
    assert practice.client(secret).get(f"{PATIENTS}/").status_code == 404
    assert practice.client(secret).get(PATIENTS).status_code == 200


def test_limits_can_be_switched_off(practice: Practice) -> None:
    client = practice.served_otherwise(limits="off").client(practice.new_key("vetigen", per_minute=1))
    for _ in range(3):
        answer = client.get(PATIENTS)
        assert answer.status_code == 200
        assert "x-ratelimit-limit" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "minute", "hour"), [("integration", 60, 1000), ("device", 120, 3000), ("partner", 300, 10_000)]
)
def test_each_kind_of_key_has_the_documented_budget(practice: Practice, kind: str, minute: int, hour: int) -> None:
    assert BUDGETS[kind] == Budget(minute, hour)
    answer = practice.client(practice.new_key("vetigen", kind=kind)).get(PATIENTS)
    assert answer.headers["x-ratelimit-limit"] == str(minute)
    assert answer.headers["x-ratelimit-remaining"] == str(minute - 1)


def test_a_client_that_obeys_retry_after_is_let_in_at_once(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    client = practice.client(practice.new_key("vetigen", per_minute=3, per_hour=7))
    waited = 0
    clock = values.now
    monkeypatch.setattr(values, "now", lambda: clock() + waited * SECOND)
    statuses = []
    for _ in range(20):
        answer = client.get(PATIENTS)
        if answer.status_code == 429:
            waited += int(answer.headers["retry-after"])
            answer = client.get(PATIENTS)
        statuses.append(answer.status_code)
    assert statuses == [200] * 20
    assert 2 * 3600 <= waited <= 3 * 3600  # 7 an hour


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(1, 8),
    per_hour=st.integers(1, 30),
    pauses=st.lists(st.integers(0, 90 * SECOND), min_size=1, max_size=120),
)
def test_who_waits_as_told_never_meets_two_refusals_in_a_row(per_minute: int, per_hour: int, pauses: list[int]) -> None:
    limits, caller = Limits(shared=False), Caller(b"k" * 16, 1, "integration", frozenset(), "k")
    budget, now, taken = Budget(per_minute, per_hour), 0, []
    for pause in pauses:
        now += pause
        wait = _refused(limits, caller, budget, now)
        if wait is not None:
            assert 1 <= wait <= 3600
            now += wait * SECOND
            assert _refused(limits, caller, budget, now) is None
        taken.append(now)
    # A window that opens with its first request lets at most twice its number through in any span of its length.
    for start in taken:
        assert sum(start <= at < start + 60 * SECOND for at in taken) <= 2 * per_minute


def _refused(limits: Limits, caller: Caller, budget: Budget, now: int) -> int | None:
    """What the caller is told to wait; None when it was let in."""
    try:
        limits.take(caller, budget, now)
    except LimitReached as refused:
        return refused.retry_after
    return None
