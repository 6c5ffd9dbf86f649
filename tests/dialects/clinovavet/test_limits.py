# SPDX-License-Identifier: Apache-2.0
"""Rate limits: the headers count down, the refusal says when to come back, and who waits that long is let in."""

from __future__ import annotations

import time

import pytest

from polyvet.core.context import Caller
from polyvet.dialects.clinovavet.wire import BUDGET, PER_MINUTE
from polyvet.model.errors import LimitReached
from polyvet.model.values import MICROSECONDS
from polyvet.web.limits import Limits


def budget(answer):
    return {name: int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset")}


def test_the_headers_count_down_and_the_refusal_says_when_to_come_back(practice):
    client = practice.client(practice.new_key("clinovavet", per_minute=2))
    started = time.monotonic()
    first = budget(client.get("/api/v1/owners", params={"limit": 1}))
    second = budget(client.get("/api/v1/owners/invalid-id"))
    refused = client.get("/api/v1/pets")
    assert (first["limit"], first["remaining"]) == (2, 1)
    assert (second["limit"], second["remaining"]) == (2, 0)
    assert refused.status_code == 429
    seconds = int(refused.headers["retry-after"])
    assert 60 - (time.monotonic() - started) <= seconds <= 60
    assert budget(refused) == {"limit": 2, "remaining": 0, "reset": seconds}
    assert refused.json() == {
        "error": {
            "code": "RATE_LIMIT_EXCEEDED",
            "message": f"Too many requests; try again in {seconds} seconds",
            "details": {},
        }
    }


def test_each_header_stands_once(practice):
    client = practice.client(practice.new_key("clinovavet", per_minute=1))
    for answer in (client.get("/api/v1/owners"), client.get("/api/v1/owners")):
        names = [name.lower() for name, _ in answer.headers.multi_items() if name.lower().startswith("x-ratelimit-")]
        assert sorted(names) == ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]


@pytest.mark.parametrize("kind", ["integration", "device", "partner"])
def test_every_kind_of_key_has_the_same_number(practice, kind):
    client = practice.client(practice.new_key("clinovavet", kind=kind))
    assert budget(client.get("/api/v1/owners"))["limit"] == PER_MINUTE == 100


def test_who_obeys_retry_after_is_let_in():
    limits, caller = Limits(shared=False), Caller(bytes(16), 1, "integration", frozenset(), "sk", per_minute=2)
    allowed = BUDGET
    now = 1_000 * MICROSECONDS
    limits.take(caller, allowed, now)
    limits.take(caller, allowed, now + 5 * MICROSECONDS)
    with pytest.raises(LimitReached) as refused:
        limits.take(caller, allowed, now + 10 * MICROSECONDS)
    back = now + (10 + refused.value.retry_after) * MICROSECONDS
    standing = limits.take(caller, allowed, back)
    assert standing is not None
    assert (standing.limit, standing.remaining) == (2, 1)


def test_what_has_no_key_is_not_counted(practice):
    answer = practice.client().get("/api/v1/owners")
    assert not any(name.startswith("x-ratelimit") for name in answer.headers)
