# SPDX-License-Identifier: Apache-2.0
"""Five shares a minute and user, over all kinds: each that is made counts, and nothing else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from polyvet.dialects.vetcheck.wire import SHARES_PER_MINUTE
from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.vetcheck.shared import BLUEY, FORM, HANDOUT, PROGRAM, latest, queued, shared

TOLD = "5 shares a minute are allowed; wait {} s."


def is_over(answer: httpx.Response) -> bool:
    """Whether it is the vendor's 429; anything else but a share is a failure."""
    if answer.status_code == 200:
        return False
    wait = answer.headers["retry-after"]
    assert answer.json() == {"error": "Too Many Requests", "message": TOLD.format(wait), "statusCode": 429}
    assert 1 <= int(wait) <= 61
    return True


def test_the_sixth_of_a_minute_is_one_too_many_over_all_kinds(fresh_practice):
    client = fresh_practice.vetcheck
    for path in (HANDOUT, FORM, PROGRAM, "/vetcheck" + HANDOUT, FORM):
        shared(client, path, BLUEY)
    for path in (HANDOUT, FORM, PROGRAM):
        assert is_over(client.post(path, json=BLUEY))
    assert len(latest(fresh_practice)) == len(queued(fresh_practice)) == SHARES_PER_MINUTE == 5
    # Everything else goes on, and so do others.
    assert client.get("/handouts/2").status_code == 200
    shared(fresh_practice.free_vetcheck, HANDOUT, BLUEY)
    shared(fresh_practice.other_vetcheck, HANDOUT, BLUEY)
    assert len(latest(fresh_practice, SECOND_CLINIC)) == 1


def test_what_is_refused_and_what_is_asked_again_does_not_count(fresh_practice):
    client, key = fresh_practice.vetcheck, {"Idempotency-Key": "k"}
    for _ in range(4):
        assert client.post(HANDOUT, json={"email": "x"}).status_code == 400
        assert client.post("/handouts/99/share", json=BLUEY).status_code == 404
        assert client.post(HANDOUT, json={"patient": 999_999}).status_code == 404
        assert fresh_practice.free_vetcheck.post("/handouts/3/share", json=BLUEY).status_code == 403
        assert client.post(HANDOUT, json=BLUEY, headers=key).status_code == 200
        shared(client, FORM, BLUEY)
    assert is_over(client.post(FORM, json=BLUEY))
    again = client.post(HANDOUT, json=BLUEY, headers=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert is_over(client.post(FORM, json=BLUEY, headers={"Idempotency-Key": "other"}))
    assert len(latest(fresh_practice)) == 5


def test_many_at_once_are_counted_exactly(fresh_practice):
    def ask(_: int) -> bool:
        with fresh_practice.client("vetcheck_main") as client:
            return is_over(client.post(HANDOUT, json=BLUEY))

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(ask, range(24))) == [False] * 5 + [True] * 19
    assert len(latest(fresh_practice)) == len(queued(fresh_practice)) == 5


def test_limits_can_be_switched_off(unlimited):
    before = len(latest(unlimited))
    for _ in range(8):
        shared(unlimited.vetcheck, HANDOUT)
    assert len(latest(unlimited)) == before + 8
