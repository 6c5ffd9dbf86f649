# SPDX-License-Identifier: Apache-2.0
"""POST with `Idempotency-Key`: done once, answered as often as it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dialects.clinovavet.test_golden import BELLA, JANE, JOHN

CASES = [("owners", JANE), ("pets", BELLA)]


def total(client, path):
    return client.get(f"/api/v1/{path}", params={"limit": 1}).json()["pagination"]["total"]


def keyed(key):
    return {"Idempotency-Key": key}


@pytest.mark.parametrize(("path", "body"), CASES)
def test_the_same_key_and_body_give_the_same_answer_once_made(fresh_practice, path, body):
    client = fresh_practice.clinovavet
    before = total(client, path)
    first, second = (client.post(f"/api/v1/{path}", json=body, headers=keyed("k-1")) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert total(client, path) == before + 1


@pytest.mark.parametrize(("path", "body"), CASES)
def test_the_same_key_with_another_request_is_refused(fresh_practice, golden, path, body):
    client = fresh_practice.clinovavet
    assert client.post(f"/api/v1/{path}", json=body, headers=keyed("k")).status_code == 201
    before = total(client, "owners"), total(client, "pets")
    text = {"firstName": "Joan"} if path == "owners" else {"name": "Bello"}
    golden("error_key_reused", client.post(f"/api/v1/{path}", json={**body, **text}, headers=keyed("k")))
    other_path, other_body = next(case for case in CASES if case[0] != path)
    assert client.post(f"/api/v1/{other_path}", json=other_body, headers=keyed("k")).status_code == 422
    assert (total(client, "owners"), total(client, "pets")) == before


@pytest.mark.parametrize(("path", "body"), CASES)
def test_two_at_once_are_done_once(fresh_practice, path, body):
    client = fresh_practice.clinovavet
    before = total(client, path)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"/api/v1/{path}", json=body, headers=keyed("race")), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert total(client, path) == before + 1


def test_without_a_key_or_with_another_one_it_is_done_again(fresh_practice):
    client = fresh_practice.clinovavet
    made = [
        client.post("/api/v1/owners", json=JANE, headers=headers) for headers in (None, None, keyed("1"), keyed("2"))
    ]
    assert len({answer.json()["id"] for answer in made}) == 4


def test_an_error_is_not_kept(fresh_practice):
    client = fresh_practice.clinovavet
    refused = client.post("/api/v1/pets", json={**BELLA, "weight": -1}, headers=keyed("k"))
    missing = client.post("/api/v1/pets", json={**BELLA, "ownerId": JOHN[:-1] + "y"}, headers=keyed("k"))
    mended = client.post("/api/v1/pets", json=BELLA, headers=keyed("k"))
    assert (refused.status_code, missing.status_code, mended.status_code) == (400, 404, 201)


def test_the_same_key_of_another_api_key_is_another(fresh_practice):
    other = fresh_practice.client(fresh_practice.new_key("clinovavet"))
    one = fresh_practice.clinovavet.post("/api/v1/owners", json=JANE, headers=keyed("k"))
    two = other.post("/api/v1/owners", json=JANE, headers=keyed("k"))
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json()["id"] != two.json()["id"]


def test_a_species_that_no_list_knows_is_replayed_as_well(fresh_practice):
    body = {**BELLA, "species": "Numbat", "breed": "Red"}
    first, second = (fresh_practice.clinovavet.post("/api/v1/pets", json=body, headers=keyed("k")) for _ in range(2))
    assert (first.json()["species"], first.json()["breed"]) == ("Numbat", "Red")
    assert first.content == second.content


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tulator", "ü".encode()])
def test_a_key_that_is_none_is_refused(practice, key):
    answer = practice.clinovavet.post("/api/v1/owners", json=JANE, headers=[("Idempotency-Key", key)])
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == ["Idempotency-Key"]
