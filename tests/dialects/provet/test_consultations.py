# SPDX-License-Identifier: Apache-2.0
"""Consultations: medical records by number, read only; filters, orders, and following what changes."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from polyvet.dialects.provet import codes, consultations
from polyvet.dialects.provet.filters import METHODS, Asked
from polyvet.model.entities import RecordKind, RecordStatus
from polyvet.model.filters import All, AnyOf, Condition, Op, Order
from polyvet.sandbox.samples import RECORD_ID
from polyvet.storage.tables import medical_records
from tests.dialects.provet.asking import JOHN, MAX, ROOT, disconnect_john, ids, number, page, rewrite, walked

# As recorded; `created` and `modified` joined in 2026.
FIELDS = set(
    "id url client patients complaint admitted_time first_entry started finished ended status type invoice"
    " supervising_veterinarian department consultation_items consultation_notes consultation_diagnosis"
    " consultation_dischargeinstructions consultation_patient_status triage external_sent ward patient_location"
    " integration_status holding_place_number report_to_authorities consultation_extras templates_used appointment"
    " reporting_dimension_1 reporting_dimension_2 created modified".split()
)
LIST = "consultation/"


@pytest.fixture(scope="module")
def everything(practice):
    """All consultations, as they are listed."""
    found = page(practice.provet, LIST + "?page_size=1000")
    assert found["count"] == len(found["results"]) > 500
    return found["results"]


def at(text):
    return datetime.fromisoformat(text)


def test_a_consultation_has_all_the_recorded_fields(practice, everything):
    assert all(set(row) == FIELDS for row in everything)
    one = everything[0]
    assert practice.provet.get(f"{ROOT}{LIST}{one['id']}/").json() == one


def test_every_record_of_the_clinic_is_one_consultation(everything):
    assert [row["id"] for row in everything] == list(range(1, len(everything) + 1))
    assert {row["status"] for row in everything} == {10, 11}
    assert {row["type"] for row in everything} == {0, 1}
    for row in everything:
        assert (row["finished"] is None) == (row["status"] == 11)
        assert row["finished"] == row["ended"]
        assert row["started"] == row["admitted_time"]
    assert any(row["complaint"].startswith("Addendum: ") for row in everything), "amendments are consultations, too"


def test_those_who_are_concerned_can_be_fetched(practice, everything):
    named = {url for row in everything for url in (row["client"], *row["patients"]) if url is not None}
    assert len(named) > 50
    for url in sorted(named)[:40]:
        assert practice.provet.get(url).status_code == 200


FILTERED = {
    "complaint__icontains=CHECK": lambda row: "check" in row["complaint"].lower(),
    "complaint__contains_not=Check": lambda row: "Check" not in row["complaint"],
    "admitted_time__gte=2025-01-01&admitted_time__lt=2025-07-01T00:00:00": lambda row: (
        at("2025-01-01T00:00:00+02:00") <= at(row["admitted_time"]) < at("2025-07-01T00:00:00+03:00")
    ),
    f"client__is={JOHN}": lambda row: number(row["client"]) == JOHN,
    f"patients__is={MAX}": lambda row: row["patients"] and number(row["patients"][0]) == MAX,
    f"patients__in=1,2,{MAX}": lambda row: row["patients"] and number(row["patients"][0]) in (1, 2, MAX),
    f"client.id__is_not={JOHN}": lambda row: number(row["client"]) != JOHN,
    "supervising_veterinarian__is=2": lambda row: (row["supervising_veterinarian"] or "").endswith("/user/2/"),
    "department__is=11": lambda row: False,
    "department__is_null=true": lambda row: True,
    "ended__gt=2026-01-01&ended__lte=2026-03-01": lambda row: (
        row["ended"] and at("2026-01-01T00:00:00+02:00") < at(row["ended"]) <= at("2026-03-01T00:00:00+02:00")
    ),
    "finished__is_null=true": lambda row: row["finished"] is None,
    "started__range=2025-01-01,2025-02-01": lambda row: (
        at("2025-01-01T00:00:00+02:00") <= at(row["started"]) <= at("2025-02-01T00:00:00+02:00")
    ),
    "status__in=10,6": lambda row: row["status"] == 10,
    "status__in=[0,8]": lambda row: False,
    "status=11": lambda row: row["status"] == 11,
    "status__is_not=10": lambda row: row["status"] != 10,
    "status__gte=11": lambda row: row["status"] >= 11,
    "type=0": lambda row: row["type"] == 0,
    "type__not_in=1,5": lambda row: row["type"] not in (1, 5),
    "type__is_null=true": lambda row: False,
    "id__gt=700": lambda row: row["id"] > 700,
    "id__in=[3,1,2]": lambda row: row["id"] in (1, 2, 3),
    "status=11&type=0&filter_type=or": lambda row: row["status"] == 11 or row["type"] == 0,
    "modified__gte=2026-01-01%2000:00%2B00:00": lambda row: at(row["modified"]) >= at("2026-01-01T00:00:00+00:00"),
    "no_such_field=1": lambda row: True,
}


@pytest.mark.parametrize("query", FILTERED)
def test_a_filter_finds_what_it_says(practice, everything, query):
    assert ids(practice.provet, f"{LIST}?{query}") == [row["id"] for row in everything if FILTERED[query](row)]


ORDERED = {
    "id": lambda row: row["id"],
    "modified": lambda row: (at(row["modified"]), row["id"]),
    "admitted_time": lambda row: (at(row["admitted_time"]), row["id"]),
    "complaint": lambda row: (row["complaint"].encode(), row["id"]),
    "status": lambda row: row["id"],  # a number that stands for a word orders nothing
}


@pytest.mark.parametrize("field", ORDERED)
def test_an_order_is_kept(practice, everything, field):
    assert ids(practice.provet, f"{LIST}?ordering={field}") == [
        row["id"] for row in sorted(everything, key=ORDERED[field])
    ]


# The query of a client that is in use, in the spellings that a blank and a plus may have.
SYNC = "consultation?page=1&page_size=1000&ordering=-modified&modified__gte="
SINCE = ("2026-03-01%2000:00+00:00", "2026-03-01%2000:00%2B00:00", "2026-03-01+00:00%2B00:00", "2026-03-01+00:00+00:00")


@pytest.mark.parametrize("since", SINCE)
def test_the_query_of_a_client_in_use_is_served_to_the_byte(practice, everything, since):
    client = practice.provet
    moved = client.get(ROOT + SYNC + since)
    assert (moved.status_code, moved.headers["location"]) == (301, f"{ROOT}{SYNC.replace('?', '/?')}{since}")
    answer = client.get(moved.headers["location"])
    found = answer.json()["results"]
    wanted = [row for row in everything if at(row["modified"]) >= at("2026-03-01T00:00:00+00:00")]
    assert found == sorted(wanted, key=lambda row: (at(row["modified"]), -row["id"]), reverse=True)
    assert 1 < len(found) == answer.json()["count"] < len(everything)


def test_who_follows_modified_misses_no_change(fresh_practice):
    client = fresh_practice.provet

    def known(since):
        """All that changed since an instant."""
        rows = walked(client, f"{LIST}?modified__gte={since.replace('+', '%2B')}")
        return {row["id"]: row for row in rows}

    def newest(rows):
        return max((row["modified"] for row in rows.values()), key=at)

    mirror = known("2000-01-01T00:00:00+00:00")
    for title in ("First", "Second", "Third"):
        since = newest(mirror)
        rewrite(fresh_practice, medical_records, RECORD_ID, title=title)
        changes = known(since)
        assert [row["complaint"] for row in changes.values() if row["id"] == 1] == [title]
        mirror |= changes
    assert mirror == known("2000-01-01T00:00:00+00:00")


def test_who_is_no_longer_connected_is_not_told(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}{LIST}1/").json()
    assert number(before["client"]) == JOHN
    disconnect_john(fresh_practice)
    after = client.get(f"{ROOT}{LIST}1/").json()
    assert after == {**before, "client": None, "patients": []}
    assert ids(client, f"{LIST}?client__is={JOHN}") == ids(client, f"{LIST}?patients__is={MAX}") == []
    assert 1 in ids(client, f"{LIST}?client__is_not={JOHN}")


@pytest.mark.parametrize("query", ["status=final", "admitted_time__gte=soon", "client__is=John", "id__range=1"])
def test_a_value_that_is_no_fields_is_refused(practice, query):
    answer = practice.provet.get(f"{ROOT}{LIST}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.partition("=")[0]])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [LIST, LIST + "1/"])
def test_consultations_are_read_only(practice, method, path):
    answer = practice.provet.request(method, ROOT + path, json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


# --- numbers that stand for words -----------------------------------------------------------------------------


def test_every_status_and_kind_of_the_record_has_its_number():
    assert set(consultations.STATUSES) == set(RecordStatus)
    assert set(consultations.TYPES) == set(RecordKind)


WORDS = {"status": {"a": 1, "b": 2, "c": 2, "d": 5}}
HOLDING = {
    Op.IS: ((2,), "bc"), Op.IS_NOT: ((2,), "ad"), Op.LT: ((2,), "a"), Op.LTE: ((2,), "abc"), Op.GT: ((2,), "d"),
    Op.GTE: ((2,), "bcd"), Op.RANGE: ((2, 4), "bc"), Op.NOT_IN_RANGE: ((2, 4), "ad"), Op.IN: ((1, 5, 9), "ad"),
    Op.NOT_IN: ((1, 5, 9), "bc"), Op.IS_NULL: ((True,), ""),
}  # fmt: skip


@pytest.mark.parametrize("op", HOLDING)
def test_a_comparison_with_numbers_is_one_with_words(op):
    given, words = HOLDING[op]
    other = Condition("number", Op.IS, (2,))
    tree = All((AnyOf((Condition("status", op, given), other)), other))
    asked = Asked(tree, (Order("status"), Order("number")), frozenset())
    found = codes.in_words(asked, WORDS)
    assert found.tree == All((AnyOf((Condition("status", Op.IN, tuple(words)), other)), other))
    assert found.orders == (Order("number"),)
    assert codes.in_words(msgspec.structs.replace(asked, tree=None), WORDS).tree is None


def test_every_method_for_numbers_has_its_words():
    needles = {Op.CONTAINS, Op.CONTAINS_NOT, Op.ICONTAINS, Op.ICONTAINS_NOT}
    assert set(HOLDING) == set(METHODS.values()) - needles
