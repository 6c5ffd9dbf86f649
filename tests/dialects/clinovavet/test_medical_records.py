# SPDX-License-Identifier: Apache-2.0
"""Medical records: aliases, filters and their ends, and the parts of a note."""

from __future__ import annotations

import pytest

from polyvet.dialects.clinovavet.medical_records import record_out
from polyvet.model.entities import MedicalRecord, RecordKind, RecordStatus
from tests.dialects.clinovavet.test_golden import BONCUK, MAX

URL = "/api/v1/medical-records"
VISIT = "2026-01-15T14:30:00.000Z"


def dates(client, **query):
    answer = client.get(URL, params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return [record["date"] for record in answer.json()["data"]]


@pytest.mark.parametrize("alias", ["medicalRecords", "medical_records", "records"])
def test_an_alias_answers_like_the_main_path(practice, alias):
    query = {"petId": MAX, "limit": 5}
    assert practice.clinovavet.get(f"/api/v1/{alias}", params=query).content == (
        practice.clinovavet.get(URL, params=query).content
    )


def test_the_newest_date_stands_first(practice):
    found = dates(practice.clinovavet)
    assert len(found) == 100
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("start", "end", "is_in"),
    [
        ("2026-01-15", "2026-01-15", True),
        ("2026-01-15", None, True),
        (None, "2026-01-15", True),
        ("2026-01-16", None, False),
        (None, "2026-01-14", False),
        (VISIT, VISIT, True),
        ("2026-01-15T14:30:00Z", "2026-01-15T14:30:00Z", True),
        ("2026-01-15T14:30:00.001Z", None, False),
        (None, "2026-01-15T14:29:59.999Z", False),
        ("2026-01-15T16:30:00+02:00", "2026-01-15T09:30:00-0500", True),
        ("2026-01-15T16:30:00.001+02:00", None, False),
        ("2026-01-15T14:30", "2026-01-15T14:30", True),
        ("", "", True),
    ],
)
def test_both_ends_belong_to_the_range(practice, start, end, is_in):
    query = {name: value for name, value in (("startDate", start), ("endDate", end)) if value is not None}
    assert (VISIT in dates(practice.clinovavet, petId=MAX, **query)) is is_in


def test_a_plus_that_was_not_encoded_is_read_as_one(practice):
    answer = practice.clinovavet.get(f"{URL}?petId={MAX}&startDate=2026-01-15T16:30:00+02:00&endDate=2026-01-15")
    assert [record["date"] for record in answer.json()["data"]] == [VISIT]


def test_filters_are_joined_by_and_and_the_total_counts_what_they_leave(practice):
    client = practice.clinovavet
    query = {"petId": BONCUK, "startDate": "2026-03-18", "endDate": "2026-03-18", "limit": 1}
    answer = client.get(URL, params=query).json()
    assert {record["petId"] for record in answer["data"]} == {BONCUK}
    assert answer["pagination"] == {"total": 2, "limit": 1, "offset": 0, "hasMore": True}


@pytest.mark.parametrize("pet", ["invalid-id", "cku9g7y3q0001ab0f0t2a3b4d", "c" * 200, "cku9g6x2p0000ab0f0s1z2z3z"])
def test_an_unknown_pet_has_no_records(practice, pet):
    answer = practice.clinovavet.get(URL, params={"petId": pet}).json()
    assert answer == {"data": [], "pagination": {"total": 0, "limit": 50, "offset": 0, "hasMore": False}}


def test_a_reversed_range_is_refused(practice):
    answer = practice.clinovavet.get(URL, params={"startDate": "2026-01-16", "endDate": "2026-01-15"})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"startDate": "must not be later than endDate"}


@pytest.mark.parametrize(
    ("subjective", "objective", "description"),
    [(None, None, None), ("s", None, "s"), (None, "o", "o"), ("s", "o", "s\n\no"), ("", "o", "o"), ("", "", None)],
)
def test_subjective_and_objective_make_the_description(subjective, objective, description):
    record = MedicalRecord(
        bytes(16), 1, bytes(16), RecordKind.CHECKUP, RecordStatus.SIGNED, "T", subjective, objective, "a", "d", "p",
        '{"wbc":7.1}', '{"ph":6.5}', 0, b"somebody who left", 0, None, 0, 0,
    )  # fmt: skip
    out = record_out(record, {})
    assert out.description == description
    assert (out.diagnosis, out.differential_diagnosis, out.treatment) == ("a", "d", "p")
    assert (out.blood_test_json, out.urine_test_json) == ('{"wbc":7.1}', '{"ph":6.5}')
    assert out.created_by_id == "unknown"
