# SPDX-License-Identifier: Apache-2.0
"""Pets that turned out to be another: the old id answers with the one that stays."""

from __future__ import annotations

import pytest

from polyvet.dialects.clinovavet.wire import to_id
from polyvet.sandbox.samples import FENTON_ID, MAX_ID, RECORD_ID
from tests.dialects.provet.asking import FENTON, MAX, ROOT

OLD, NEW = to_id(MAX_ID), to_id(FENTON_ID)
RECORDS = "/api/v1/medical-records"


@pytest.fixture
def merged(fresh_practice):
    """The practice, in which Max turned out to be Fenton."""
    body = {"merge_patient": f"https://provetcloud.com{ROOT}patient/{FENTON}/"}
    assert fresh_practice.provet.post(f"{ROOT}patient/{MAX}/merge/", json=body).status_code == 200
    return fresh_practice


def test_the_old_id_answers_with_the_pet_that_stays(merged):
    pets = [merged.clinovavet.get(f"/api/v1/pets/{ident}") for ident in (OLD, NEW)]
    assert [answer.status_code for answer in pets] == [200, 200]
    assert pets[0].json() == pets[1].json()
    assert (pets[0].json()["id"], pets[0].json()["weight"]) == (NEW, 32.5)
    assert merged.other_clinovavet.get(f"/api/v1/pets/{OLD}").status_code == 404
    listed = merged.clinovavet.get("/api/v1/pets", params={"limit": 1000, "species": "Dog"}).json()["data"]
    assert NEW in [row["id"] for row in listed]
    assert OLD not in [row["id"] for row in listed]


def test_records_of_the_old_id_are_those_of_the_pet_that_stays(merged):
    whole, again, page = (
        merged.clinovavet.get(RECORDS, params=query).json()
        for query in ({"petId": NEW}, {"petId": OLD}, {"petId": OLD, "limit": 1, "offset": 0})
    )
    assert whole == again
    assert to_id(RECORD_ID) in [row["id"] for row in whole["data"]]
    assert {row["petId"] for row in whole["data"]} == {NEW}
    assert page["data"] == whole["data"][:1]
    none = merged.clinovavet.get(RECORDS, params={"petId": OLD, "startDate": "2090-01-01"}).json()
    assert none["data"] == []
    assert merged.other_clinovavet.get(RECORDS, params={"petId": OLD}).json()["data"] == []
