# SPDX-License-Identifier: Apache-2.0
"""GET /soap/patient/{patient_fp} and GET /soap/{fp}."""

from __future__ import annotations

import pytest

from tests.dialects.harness import Golden, Practice
from tests.dialects.vetigen.asking import CANONICAL_SAMPLE, PATIENTS, SAMPLE, SOAP, data, error, rows

RECORD = "soap_01KM00000000000000000S0AP1"
AMENDMENT = "soap_01KM00000000000000000S0AP2"


def test_a_patients_records(practice: Practice, golden: Golden) -> None:
    golden("list_soap", practice.vetigen.get(f"{SOAP}/patient/{SAMPLE}"))


def test_one_record(practice: Practice, golden: Golden) -> None:
    golden("get_soap", practice.vetigen.get(f"{SOAP}/{RECORD}"))


def test_a_connected_clinic_reads_what_another_performed(practice: Practice) -> None:
    found = data(practice.small_vetigen.get(f"{SOAP}/patient/{CANONICAL_SAMPLE}"))
    assert found == data(practice.vetigen.get(f"{SOAP}/patient/{CANONICAL_SAMPLE}"))
    assert data(practice.small_vetigen.get(f"{SOAP}/{RECORD}")) == data(practice.vetigen.get(f"{SOAP}/{RECORD}"))


def test_each_record_names_the_clinic_that_performed_it(practice: Practice) -> None:
    here = {row["fp"] for row in rows(practice.vetigen, PATIENTS, page_size=100)}
    there = {row["fp"] for row in rows(practice.other_vetigen, PATIENTS, page_size=100)}
    performers: set[str] = set()
    for fp in sorted(here & there):
        seen = rows(practice.vetigen, f"{SOAP}/patient/{fp}")
        assert seen == rows(practice.other_vetigen, f"{SOAP}/patient/{fp}")
        performers |= {row["performed_by_clinic_fp"] for row in seen}
    assert len(performers) == 2
    assert all(len(performer) == len("clinic_") + 26 for performer in performers)


def _busiest(practice: Practice) -> str:
    fps = [row["fp"] for row in rows(practice.vetigen, PATIENTS, page_size=100)]
    return max(fps, key=lambda fp: data(practice.vetigen.get(f"{SOAP}/patient/{fp}"))["total"])


def test_pages_filters_and_order(practice: Practice) -> None:
    path = f"{SOAP}/patient/{_busiest(practice)}"
    whole = rows(practice.vetigen, path, page_size=100)
    assert len(whole) > 4
    assert rows(practice.vetigen, path, page_size=3) == whole
    assert [row["exam_date"] for row in whole] == sorted((row["exam_date"] for row in whole), reverse=True)
    for name, field in (("type", "soap_type"), ("status", "status")):
        for word in {row[field] for row in whole}:
            assert rows(practice.vetigen, path, **{name: word}) == [row for row in whole if row[field] == word]


def test_type_and_status_are_both_obeyed(practice: Practice) -> None:
    path = f"{SOAP}/patient/{SAMPLE}"
    assert [row["fp"] for row in rows(practice.vetigen, path, type="EXAMINATION", status="DRAFT")] == [AMENDMENT]
    assert rows(practice.vetigen, path, type="SURGERY", status="DRAFT") == []


@pytest.mark.parametrize("query", ["type=examination", "type=SALE", "status=CLOSED", "page=0", "page_size=101"])
def test_what_does_not_hold_is_refused_by_name(practice: Practice, query: str) -> None:
    problem = error(practice.vetigen.get(f"{SOAP}/patient/{SAMPLE}?{query}"), 400, "VALIDATION.FAILED")
    assert list(problem["details"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("fp", ["soap_01KM00000000000000000S0AP", "patient", RECORD.replace("soap_", "record_"), "x"])
def test_what_is_no_record_is_missing(practice: Practice, fp: str) -> None:
    problem = error(practice.vetigen.get(f"{SOAP}/{fp}x"), 404, "SOAP.NOT_FOUND")
    assert fp in problem["message"]
