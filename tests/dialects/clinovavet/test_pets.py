# SPDX-License-Identifier: Apache-2.0
"""Pets: filters, creation, and what the other dialects see of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from polyvet.dialects.clinovavet.wire import from_id
from polyvet.model.values import to_crockford
from tests.dialects.clinovavet.test_golden import BELLA, JOHN, MAX

URL = "/api/v1/pets"


def listed(client, **query):
    answer = client.get(URL, params={"limit": 100, **query}).json()
    return answer["data"], answer["pagination"]["total"]


def test_the_list_is_newest_first(practice):
    pets, total = listed(practice.clinovavet)
    assert total > 100
    assert [pet["createdAt"] for pet in pets] == sorted((pet["createdAt"] for pet in pets), reverse=True)


@pytest.mark.parametrize("species", ["Cat", "cat", "CAT", " cat ", "Cat (Feline - Domestic)"])
def test_a_species_is_found_by_any_name_in_any_case(practice, species):
    cats, total = listed(practice.clinovavet, species=species)
    assert {pet["species"] for pet in cats} == {"Cat"}
    assert total == listed(practice.clinovavet, species="Cat")[1] > 0


def test_filters_are_joined_by_and(practice):
    client = practice.clinovavet
    assert [pet["id"] for pet in listed(client, ownerId=JOHN)[0]] == [MAX]
    assert [pet["id"] for pet in listed(client, ownerId=JOHN, species="dog")[0]] == [MAX]
    assert listed(client, ownerId=JOHN, species="cat") == ([], 0)


@pytest.mark.parametrize(
    "query",
    [
        {"species": "Unicorn"},
        {"ownerId": "invalid-id"},
        {"ownerId": "cku9g6x2p0000ab0f0s1z2z3y"},
        {"ownerId": MAX},
        {"ownerId": JOHN.upper()},
        {"ownerId": "c" + "z" * 24},
        {"ownerId": "c" * 200},
    ],
)
def test_a_filter_that_fits_nothing_gives_an_empty_list(practice, query):
    assert listed(practice.clinovavet, **query) == ([], 0)


def test_a_birthdate_comes_out_as_midnight(fresh_practice):
    for given, shown in (
        ("2022-08-20", "2022-08-20"),
        ("2022-08-20T00:00:00.000Z", "2022-08-20"),
        ("2022-08-20T23:30:00-05:00", "2022-08-20"),
        ("2022-08-20T14:30", "2022-08-20"),
        ("2024-02-29", "2024-02-29"),
        ("1900-01-01", "1900-01-01"),
    ):
        made = fresh_practice.clinovavet.post(URL, json={**BELLA, "birthdate": given})
        assert made.json()["birthdate"] == f"{shown}T00:00:00.000Z", given


def test_a_birthdate_may_be_tomorrow_and_no_later(fresh_practice):
    client = fresh_practice.clinovavet
    today = datetime.now(UTC).date()
    tomorrow, later = today + timedelta(days=1), today + timedelta(days=3)
    assert client.post(URL, json={**BELLA, "birthdate": tomorrow.isoformat()}).status_code == 201
    refused = client.post(URL, json={**BELLA, "birthdate": later.isoformat()})
    assert refused.json()["error"]["details"] == {"birthdate": "must not lie in the future"}


def test_a_weight_is_a_number_of_kilograms(fresh_practice):
    for given in (4, 0.000001, 20_000, 0.1, 32.5, 4.123456):
        assert fresh_practice.clinovavet.post(URL, json={**BELLA, "weight": given}).json()["weight"] == given


def test_what_is_left_out_is_null_and_not_neutered(fresh_practice):
    nulls = {"breed": None, "birthdate": None, "weight": None, "neutered": None}
    for left_out in ({}, nulls, {"breed": " "}):
        body = {"name": " Pip ", "species": " bird ", "ownerId": JOHN, **left_out}
        made = fresh_practice.clinovavet.post(URL, json=body).json()
        assert (made["name"], made["species"]) == ("Pip", "Bird")
        assert [made[name] for name in ("breed", "birthdate", "weight", "neutered")] == [None, None, None, False]


def test_a_species_and_a_breed_that_no_list_knows_are_kept_as_they_were_written(fresh_practice):
    client = fresh_practice.clinovavet
    body = {**BELLA, "species": "Süßwasser-Axolotl", "breed": "Wild Type"}
    first = client.post(URL, json=body)
    second = client.post(URL, json={**body, "species": "süSSwasser-axolotl"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert {made.json()["species"] for made in (first, second)} == {"Süßwasser-Axolotl"}
    pets, total = listed(client, species="SÜSSWASSER-AXOLOTL")
    assert total == 2
    assert {pet["breed"] for pet in pets} == {"Wild Type"}


def test_a_new_pet_is_read_by_the_other_dialect(fresh_practice):
    made = fresh_practice.clinovavet.post(URL, json=BELLA).json()
    ident = from_id(made["id"])
    assert ident is not None
    theirs = fresh_practice.vetigen.get(f"/api/v1/patients/patient_{to_crockford(ident)}").json()["data"]
    assert theirs["name"] == "Bella"
    assert (theirs["species"], theirs["breed"]) == ("cat", "Siamese")
    assert (theirs["date_of_birth"], theirs["weight_kg"]) == ("2022-08-20", 4.2)
    assert theirs["created_at"] == made["createdAt"]


def test_a_new_pet_stands_first_in_the_list_and_is_counted(fresh_practice):
    client = fresh_practice.clinovavet
    before = listed(client)[1], listed(client, species="Cat")[1]
    made = client.post(URL, json=BELLA).json()
    pets, total = listed(client)
    assert pets[0] == made
    assert (total, listed(client, species="Cat")[1]) == (before[0] + 1, before[1] + 1)
