# SPDX-License-Identifier: Apache-2.0
"""GET /patients and GET /patients/{fp}."""

from __future__ import annotations

import gzip

import pytest

from polyvet.core import patients
from polyvet.core.patients import Changes
from polyvet.sandbox.samples import BONCUK_ID
from tests.dialects.harness import Golden, Practice
from tests.dialects.vetigen.asking import CANONICAL_SAMPLE, PATIENTS, SAMPLE, data, error, rows

ENTITY = [
    "fp", "name", "species", "breed", "sex", "date_of_birth", "weight_kg", "owner_customer_fp", "created_at",
    "updated_at",
]  # fmt: skip


def test_the_documented_get_answers_to_the_letter(practice: Practice, golden: Golden) -> None:
    golden("get_patient", practice.vetigen.get(f"{PATIENTS}/{SAMPLE}"))


def test_the_documented_list_answers_to_the_letter(practice: Practice, golden: Golden) -> None:
    golden("list_patients", practice.small_vetigen.get(f"{PATIENTS}?page=1&page_size=20&species=dog"))


def test_an_empty_list_keeps_its_form(practice: Practice, golden: Golden) -> None:
    golden("list_patients_empty", practice.small_vetigen.get(PATIENTS, params={"species": "DOG"}))


def test_a_patient_with_nulls_keeps_its_keys(practice: Practice) -> None:
    fenton = next(row for row in rows(practice.vetigen, PATIENTS) if row["name"] == "Fenton")
    assert list(fenton) == ENTITY
    assert (fenton["breed"], fenton["date_of_birth"], fenton["weight_kg"]) == (None, None, None)


@pytest.mark.parametrize("spelling", [SAMPLE, CANONICAL_SAMPLE, SAMPLE.replace("L", "I")])
def test_a_get_answers_in_the_callers_spelling(practice: Practice, spelling: str) -> None:
    got = data(practice.vetigen.get(f"{PATIENTS}/{spelling}"))
    assert got["fp"] == spelling
    assert got["name"] == "Boncuk"


def test_lower_case_is_read_and_answered_in_the_canonical_spelling(practice: Practice) -> None:
    spelling = "patient_" + CANONICAL_SAMPLE.removeprefix("patient_").lower()
    assert data(practice.vetigen.get(f"{PATIENTS}/{spelling}"))["fp"] == CANONICAL_SAMPLE


def test_the_list_prints_the_canonical_spelling(practice: Practice) -> None:
    assert [row["fp"] for row in rows(practice.small_vetigen, PATIENTS)] == [CANONICAL_SAMPLE]


def test_list_and_get_show_the_same_entity(practice: Practice) -> None:
    for row in data(practice.vetigen.get(PATIENTS))["items"]:
        assert list(row) == ENTITY
        assert data(practice.vetigen.get(f"{PATIENTS}/{row['fp']}")) == row


def test_page_and_size_default_to_1_and_20(practice: Practice) -> None:
    page = data(practice.vetigen.get(PATIENTS))
    assert (page["page"], page["page_size"], len(page["items"]), page["has_more"]) == (1, 20, 20, True)
    assert list(page) == ["items", "total", "page", "page_size", "has_more"]


def test_the_newest_change_comes_first(practice: Practice) -> None:
    stamps = [row["updated_at"] for row in rows(practice.vetigen, PATIENTS, page_size=50)]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_pages_together_are_the_list(practice: Practice, size: int) -> None:
    fps = [row["fp"] for row in rows(practice.vetigen, PATIENTS, page_size=size)]
    assert len(fps) == len(set(fps)) == data(practice.vetigen.get(PATIENTS))["total"]


def test_has_more_is_false_at_an_exact_multiple(practice: Practice) -> None:
    total = data(practice.vetigen.get(PATIENTS))["total"]
    size = max(n for n in range(1, 101) if total % n == 0)
    last = data(practice.vetigen.get(PATIENTS, params={"page": total // size, "page_size": size}))
    assert (len(last["items"]), last["has_more"]) == (size, False)
    if total > size:
        before = data(practice.vetigen.get(PATIENTS, params={"page": total // size - 1, "page_size": size}))
        assert before["has_more"] is True


def test_a_page_beyond_the_end_is_empty(practice: Practice) -> None:
    page = data(practice.vetigen.get(PATIENTS, params={"page": 1000, "page_size": 100}))
    assert (page["items"], page["page"], page["has_more"]) == ([], 1000, False)
    assert page["total"] > 0


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=two", "page=1.0", "page_size=0", "page_size=101", "page_size=ten", f"page={10**30}"],
)
def test_a_page_out_of_range_is_refused(practice: Practice, query: str) -> None:
    problem = error(practice.vetigen.get(f"{PATIENTS}?{query}"), 400, "VALIDATION.FAILED")
    assert list(problem["details"]) == [query.partition("=")[0]]


def test_species_are_compared_to_the_letter(practice: Practice) -> None:
    dogs = data(practice.vetigen.get(PATIENTS, params={"species": "dog", "page_size": 100}))
    assert dogs["total"] == len(dogs["items"]) > 0
    assert {row["species"] for row in dogs["items"]} == {"dog"}
    for nothing in ("DOG", "Dog", "dragon", "do", "%"):
        assert data(practice.vetigen.get(PATIENTS, params={"species": nothing}))["total"] == 0


def test_every_species_is_a_lower_case_word(practice: Practice) -> None:
    found = rows(practice.vetigen, PATIENTS, page_size=100)
    slugs = {row["species"] for row in found}
    assert all(slug == slug.lower() for slug in slugs)
    for slug in slugs:
        total = data(practice.vetigen.get(PATIENTS, params={"species": slug}))["total"]
        assert total == sum(row["species"] == slug for row in found)


def test_updated_since_is_strictly_after(practice: Practice) -> None:
    newest = data(practice.vetigen.get(PATIENTS))["items"]
    since = {"updated_since": newest[4]["updated_at"]}
    page = data(practice.vetigen.get(PATIENTS, params=since))
    assert [row["fp"] for row in page["items"]] == [row["fp"] for row in newest[:4]]
    assert page["total"] == 4


def test_updated_since_takes_what_was_changed_since(fresh_practice: Practice) -> None:
    cursor = data(fresh_practice.vetigen.get(PATIENTS))["items"][0]["updated_at"]
    assert data(fresh_practice.vetigen.get(PATIENTS, params={"updated_since": cursor}))["total"] == 0
    touching = fresh_practice.read(lambda ctx: patients.touching(ctx, BONCUK_ID))
    fresh_practice.change(touching, lambda w: patients.update(w, BONCUK_ID, SAMPLE, Changes(weight_mg=29_000_000)))
    found = data(fresh_practice.vetigen.get(PATIENTS, params={"updated_since": cursor}))["items"]
    assert [(row["fp"], row["weight_kg"]) for row in found] == [(CANONICAL_SAMPLE, 29.0)]


@pytest.mark.parametrize(
    "same",
    [
        "2026-03-18T14:02:40.999Z",
        "2026-03-18T14:02:40.999999Z",
        "2026-03-18T14:02:40.999999999Z",
        "2026-03-18T17:02:40.999%2B03:00",
        "2026-03-18T17:02:40.999+03:00",  # an unencoded + arrives as a blank
        "2026-03-18T17:02:40.999%20%2B0300",
        "2026-03-18t14:02:40.999z",
        "2026-03-18",
        "2026-03-18T14:02",
    ],
)
def test_updated_since_reads_iso_8601(practice: Practice, same: str) -> None:
    assert data(practice.small_vetigen.get(f"{PATIENTS}?updated_since={same}"))["total"] == 1


@pytest.mark.parametrize(
    "since", ["2026-03-18T14:02:41.000Z", "2026-03-18T14:02:41.000400Z", "2026-03-19", "2199-12-31"]
)
def test_updated_since_at_the_printed_millisecond_is_not_after(practice: Practice, since: str) -> None:
    assert data(practice.small_vetigen.get(f"{PATIENTS}?updated_since={since}"))["total"] == 0


def test_an_empty_parameter_is_as_good_as_none(practice: Practice) -> None:
    everything = data(practice.vetigen.get(PATIENTS))["total"]
    assert data(practice.vetigen.get(f"{PATIENTS}?species=&updated_since=&page="))["total"] == everything


def test_unknown_parameters_are_ignored(practice: Practice) -> None:
    total = data(practice.vetigen.get(f"{PATIENTS}?search=boncuk&clinic_fp=clinic_1&sort=name"))["total"]
    assert total == data(practice.vetigen.get(PATIENTS))["total"]


def test_a_page_is_gzipped_for_whom_reads_it(practice: Practice) -> None:
    plain = practice.vetigen.get(PATIENTS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with practice.vetigen.stream("GET", PATIENTS, headers={"Accept-Encoding": "br, gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(raw))
    assert packed.headers["vary"] == "accept-encoding"
    assert gzip.decompress(raw) == plain.content


def test_head_is_a_get_without_its_body(practice: Practice) -> None:
    got = practice.vetigen.get(PATIENTS, headers={"Accept-Encoding": "identity"})
    head = practice.vetigen.head(PATIENTS, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert practice.vetigen.head(f"{PATIENTS}/patient_nobody").status_code == 404
