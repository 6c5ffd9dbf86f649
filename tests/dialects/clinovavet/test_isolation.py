# SPDX-License-Identifier: Apache-2.0
"""Another clinic's rows: never listed, never found, and told in the same bytes as what does not exist."""

from __future__ import annotations

import pytest

from tests.dialects.clinovavet.test_golden import BELLA, JANE, JOHN, MAX

NOBODY = "cku9g6x2p0000ab0f0s1z2z3y"


def everything(client, path):
    rows, offset, more = [], 0, True
    while more:
        page = client.get(f"/api/v1/{path}", params={"limit": 100, "offset": offset}).json()
        rows += page["data"]
        offset, more = offset + 100, page["pagination"]["hasMore"]
    return rows


def ids(client, path):
    return {row["id"] for row in everything(client, path)}


@pytest.mark.parametrize(("resource", "ident"), [("owners", JOHN), ("pets", MAX)])
def test_a_foreign_id_answers_like_one_that_does_not_exist(practice, resource, ident):
    stranger = practice.other_clinovavet
    foreign = stranger.get(f"/api/v1/{resource}/{ident}")
    missing = stranger.get(f"/api/v1/{resource}/{NOBODY}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content.replace(NOBODY.encode(), ident.encode())
    assert practice.clinovavet.get(f"/api/v1/{resource}/{ident}").status_code == 200


@pytest.mark.parametrize(
    "filtered",
    [
        "pets?ownerId={}",
        "invoices?ownerId={}",
        "invoices?status=PAID&ownerId={}",
        "medical-records?petId={}",
        "medical-records?startDate=2026-01-15&petId={}",
    ],
)
def test_a_foreign_id_in_a_filter_answers_like_one_that_does_not_exist(practice, filtered):
    stranger = practice.other_clinovavet
    ident = MAX if "petId" in filtered else JOHN
    foreign = stranger.get("/api/v1/" + filtered.format(ident))
    missing = stranger.get("/api/v1/" + filtered.format(NOBODY))
    assert foreign.status_code == missing.status_code == 200
    assert foreign.content == missing.content
    assert practice.clinovavet.get("/api/v1/" + filtered.format(ident)).json()["data"]


def test_a_search_finds_nobody_elses_owners(practice):
    assert (
        practice.clinovavet.get("/api/v1/owners", params={"search": "john.smith@"}).json()["pagination"]["total"] == 1
    )
    answer = practice.other_clinovavet.get("/api/v1/owners", params={"search": "john.smith@"}).json()
    assert (answer["data"], answer["pagination"]["total"]) == ([], 0)


@pytest.mark.parametrize("path", ["medical-records", "invoices"])
def test_no_record_and_no_invoice_is_listed_at_two_clinics(practice, path):
    ours, theirs = ids(practice.clinovavet, path), ids(practice.other_clinovavet, path)
    assert ours
    assert theirs
    assert not ours & theirs


def test_owners_and_pets_of_two_clinics_are_the_connected_ones(practice):
    ours, theirs = everything(practice.clinovavet, "owners"), everything(practice.other_clinovavet, "owners")
    shared = {owner["id"] for owner in ours} & {owner["id"] for owner in theirs}
    assert 0 < len(shared) < min(len(ours), len(theirs))
    for client, owners in ((practice.clinovavet, ours), (practice.other_clinovavet, theirs)):
        known = {owner["id"] for owner in owners}
        assert {pet["ownerId"] for pet in everything(client, "pets")} <= known


def test_no_pet_is_made_for_a_foreign_owner(fresh_practice):
    stranger = fresh_practice.other_clinovavet
    foreign = stranger.post("/api/v1/pets", json=BELLA)
    missing = stranger.post("/api/v1/pets", json={**BELLA, "ownerId": NOBODY})
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content.replace(NOBODY.encode(), JOHN.encode())
    assert len(fresh_practice.clinovavet.get(f"/api/v1/owners/{JOHN}").json()["pets"]) == 1


def test_what_one_clinic_creates_the_other_does_not_see(fresh_practice):
    ours, theirs = fresh_practice.clinovavet, fresh_practice.other_clinovavet
    before = theirs.get("/api/v1/owners").json()["pagination"]
    owner = ours.post("/api/v1/owners", json=JANE).json()["id"]
    pet = ours.post("/api/v1/pets", json={**BELLA, "ownerId": owner, "species": "Quokka"}).json()["id"]
    assert theirs.get("/api/v1/owners").json()["pagination"] == before
    assert theirs.get(f"/api/v1/owners/{owner}").status_code == 404
    assert theirs.get(f"/api/v1/pets/{pet}").status_code == 404
    assert theirs.get("/api/v1/pets", params={"species": "Quokka"}).json()["data"] == []


def test_a_key_of_another_dialect_is_no_key(practice):
    key = practice.vetigen.headers["authorization"]
    assert practice.clinovavet.get("/api/v1/owners", headers={"authorization": key}).status_code == 401


@pytest.mark.parametrize(
    ("granted", "method", "path", "lacks"),
    [
        ("patients:read", "GET", "owners", "clients:read"),
        ("patients:read", "GET", f"owners/{JOHN}", "clients:read"),
        ("clients:read", "POST", "owners", "clients:write"),
        ("clients:read", "GET", "pets", "patients:read"),
        ("clients:read", "GET", f"pets/{MAX}", "patients:read"),
        ("patients:read", "POST", "pets", "patients:write"),
        ("patients:read", "GET", "records", "records:read"),
        ("records:read", "GET", "invoices", "invoices:read"),
    ],
)
def test_a_key_without_the_permission_is_told_which(practice, granted, method, path, lacks):
    client = practice.client(practice.new_key("clinovavet", permissions=(granted,)))
    answer = client.request(method, f"/api/v1/{path}", json={} if method == "POST" else None)
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "FORBIDDEN",
        "message": f"Insufficient permissions: the API key lacks {lacks}",
        "details": {"permission": lacks},
    }
