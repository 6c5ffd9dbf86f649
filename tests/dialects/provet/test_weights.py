# SPDX-License-Identifier: Apache-2.0
"""Weighings below a patient: the newest is the patient's weight, in every dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

ROOT = "/4/api/0.1"


@pytest.fixture
def patient(fresh_practice):
    """A new patient of client 456, as the server tells of it."""
    body = {"client": f"http://x{ROOT}/client/456/", "name": "Bruno", "species": 15461002}
    made = fresh_practice.provet.post(f"{ROOT}/patient/", json=body)
    assert made.status_code == 201
    return made.json()


def weighings(practice, patient):
    answer = practice.provet.get(f"{ROOT}/patient/{patient['id']}/weight/")
    assert answer.status_code == 200
    return answer.json()["results"]


def weigh(practice, patient, timestamp, weight):
    path = f"{ROOT}/patient/{patient['id']}/weight"  # clients leave out the slash
    answer = practice.provet.post(path, json={"timestamp": timestamp, "weight": weight})
    assert answer.status_code == 201, answer.text
    return answer.json()


def weight_of(practice, patient):
    return practice.provet.get(f"{ROOT}/patient/{patient['id']}/").json()["weight"]


def test_the_newest_weighing_is_the_weight_whatever_order_they_came_in(fresh_practice, patient):
    newer = weigh(fresh_practice, patient, "2025-05-01T10:00:00+03:00", "12.3")
    older = weigh(fresh_practice, patient, "2024-05-01T10:00:00+03:00", 9)
    assert (newer["weight"], newer["timestamp"]) == (12.3, "2025-05-01T10:00:00+03:00")
    assert [row["id"] for row in weighings(fresh_practice, patient)] == [newer["id"], older["id"]]
    assert weight_of(fresh_practice, patient) == 12.3
    assert fresh_practice.provet.delete(newer["url"]).status_code == 204
    assert weight_of(fresh_practice, patient) == 9
    assert fresh_practice.provet.delete(older["url"]).status_code == 204
    assert weight_of(fresh_practice, patient) is None


def test_a_weight_that_a_patient_is_given_joins_the_history(fresh_practice, patient):
    url = f"{ROOT}/patient/{patient['id']}/"
    for weight in ("7.5", "7.5", 8):
        assert fresh_practice.provet.patch(url, json={"weight": weight}).status_code == 200
    assert [row["weight"] for row in weighings(fresh_practice, patient)] == [8, 7.5]


def test_a_weighing_is_corrected_and_another_instant_is_its_new_name(fresh_practice, patient):
    one = weigh(fresh_practice, patient, "2025-05-01T10:00:00+03:00", 12)
    changed = fresh_practice.provet.patch(one["url"], json={"weight": "11.5"}).json()
    assert (changed["id"], changed["weight"]) == (one["id"], 11.5)
    moved = fresh_practice.provet.put(one["url"], json={"timestamp": "2025-05-02T10:00:00+03:00"}).json()
    assert moved["weight"] == 11.5
    assert fresh_practice.provet.get(one["url"]).status_code == 404
    assert fresh_practice.provet.get(moved["url"]).json() == moved
    assert weight_of(fresh_practice, patient) == 11.5


def test_two_weighings_of_one_instant_are_two(fresh_practice, patient):
    ids = {weigh(fresh_practice, patient, "2025-05-01T10:00:00+03:00", kilograms)["id"] for kilograms in (1, 2, 3)}
    assert len(ids) == 3
    assert len(weighings(fresh_practice, patient)) == 3


def test_every_clinic_of_the_patient_sees_the_weight_and_a_new_stamp(fresh_practice):
    shared = "/api/v1/patients/patient_01JABC9XYZKL4N7P3Q8TRM2ZDE"
    before = fresh_practice.small_vetigen.get(shared).json()["data"]
    listed = fresh_practice.provet.get(f"{ROOT}/patient/?name__is=Boncuk").json()["results"]
    weigh(fresh_practice, listed[0], datetime.now(UTC).isoformat(), "31.25")
    after = fresh_practice.small_vetigen.get(shared).json()["data"]
    assert after["weight_kg"] == 31.25
    assert after["updated_at"] > before["updated_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "weight"),
        ({"weight": None}, "weight"),
        ({"weight": "heavy"}, "weight"),
        ({"weight": -1}, "weight"),
        ({"weight": 1, "timestamp": "yesterday"}, "timestamp"),
        ({"weight": 1, "timestamp": "1969-12-31T00:00:00Z"}, "timestamp"),
        ({"weight": 1, "timestamp": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "timestamp"),
    ],
)
def test_what_does_not_hold_is_named(practice, body, field):
    answer = practice.provet.post(f"{ROOT}/patient/2130/weight/", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_clinic_finds_no_weighing(fresh_practice, patient, method):
    one = weigh(fresh_practice, patient, "2025-05-01T10:00:00+03:00", 12)
    path = f"/5/api/0.1/patient/{patient['id'] + 100_000}/weight/{one['id']}/"
    assert fresh_practice.other_provet.request(method, path, json={"weight": 1}).status_code == 404
    wrong = f"{ROOT}/patient/2130/weight/{one['id']}/"
    assert fresh_practice.provet.request(method, wrong, json={"weight": 1}).status_code == 404
