# SPDX-License-Identifier: Apache-2.0
"""Merging and unmerging patients on the wire, and what all dialects tell before and after."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from polyvet.dialects.clinovavet.wire import to_id
from polyvet.model.values import from_crockford
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage.statement import Statement
from polyvet.storage.tables import events, medical_records
from tests.dialects.provet.asking import (
    CAT,
    FENTON,
    JOHN_URL,
    MAX,
    OTHER_ROOT,
    PUPPY,
    ROOT,
    VENDOR,
    ids,
    page,
    sent,
    url,
    walked_in_clinovavet,
)
from tests.dialects.vetigen.asking import EVENTS, PATIENTS, SOAP, data, rows

FENTON_URL, MAX_URL = (url("patient", number) for number in (FENTON, MAX))
CLINOVAVET = "/api/v1"
STAMPS = ("updated_at", "modified")


def merge(client, source, target):
    return sent(client, "POST", f"patient/{source}/merge/", {"merge_patient": f"{VENDOR}{ROOT}patient/{target}/"}, 200)


def cut(url):
    return url.partition("/api/0.1/")[2]


def test_the_one_that_goes_is_archived_and_each_names_the_other(fresh_practice):
    client = fresh_practice.provet
    for number in (MAX, FENTON):
        found = client.get(f"{ROOT}patient/{number}/").json()
        assert (found["merge_patient"], found["merged_patient"]) == (None, [])
    kept = merge(client, MAX, FENTON)
    assert (kept["id"], kept["archived"], kept["merge_patient"]) == (FENTON, False, None)
    assert [cut(url) for url in kept["merged_patient"]] == [f"patient/{MAX}/"]
    assert kept["weight"] == 32.5
    gone = client.get(f"{ROOT}patient/{MAX}/").json()
    assert (gone["id"], gone["archived"], gone["merged_patient"]) == (MAX, True, [])
    assert cut(gone["merge_patient"]) == f"patient/{FENTON}/"
    assert MAX in ids(client, "patient/?archived__is=true")
    assert all("merge_patient" not in row for row in page(client, "patient/")["results"])
    back = sent(client, "POST", f"patient/{MAX}/unmerge/", None, 200)
    assert (back["id"], back["archived"], back["merge_patient"], back["weight"]) == (MAX, False, None, 32.5)
    assert client.get(f"{ROOT}patient/{FENTON}/").json()["merged_patient"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"merge_patient": None},
        {"merge_patient": FENTON},
        {"merge_patient": str(FENTON)},
        {"merge_patient": [FENTON_URL]},
        {"merge_patient": JOHN_URL},
        {"merge_patient": MAX_URL},
        {"merge_patient": f"{VENDOR}{ROOT}patient/987654321/"},
        {"merge_patient": f"{VENDOR}{ROOT}patient/999999999999999/"},
        {"merge_patient": f"{VENDOR}{OTHER_ROOT}patient/1/"},
        {"merged_patient": FENTON_URL},
    ],
    ids=str,
)
def test_a_body_that_names_no_other_patient_is_refused(practice, body):
    before = page(practice.provet, "patient/?page_size=1000")
    assert list(sent(practice.provet, "POST", f"patient/{MAX}/merge/", body, 400)) == ["merge_patient"]
    assert page(practice.provet, "patient/?page_size=1000") == before


def test_another_clinics_patient_is_told_like_one_that_does_not_exist(fresh_practice):
    client = fresh_practice.other_provet
    theirs = ids(client, "patient/", OTHER_ROOT)
    unknown = next(number for number in ids(fresh_practice.provet, "patient/") if number not in theirs)
    for target in (unknown, 987_654_321):
        body = {"merge_patient": f"{VENDOR}{OTHER_ROOT}patient/{target}/"}
        answer = client.post(f"{OTHER_ROOT}patient/{theirs[0]}/merge/", json=body)
        assert (answer.status_code, answer.json()) == (400, {"merge_patient": ["There is no such patient."]})


def test_who_cannot_be_merged_is_told_why(fresh_practice):
    client = fresh_practice.provet
    cat = sent(client, "POST", "patient/", {**PUPPY, "species": CAT, "breed": None}, 201)["id"]
    body = {"merge_patient": FENTON_URL}
    assert list(sent(client, "POST", f"patient/{cat}/merge/", body, 400)) == ["merge_patient"]
    boncuk = next(row["id"] for row in page(client, "patient/?name__is=Boncuk")["results"])  # has a draft
    assert list(sent(client, "POST", f"patient/{boncuk}/merge/", body, 400)) == ["non_field_errors"]
    assert list(sent(client, "POST", f"patient/{MAX}/unmerge/", {}, 400)) == ["non_field_errors"]
    for word in ("merge", "unmerge"):
        assert sent(client, "POST", f"patient/987654321/{word}/", body, 404) == {"detail": "Not found."}


def test_a_merged_patient_is_read_and_not_written(fresh_practice):
    client, patient = fresh_practice.provet, f"patient/{MAX}/"
    other = sent(client, "POST", "patient/", {**PUPPY, "fields_rel": [{"field_id": 62, "value": "a"}]}, 201)["id"]
    weighing = sent(client, "POST", f"patient/{other}/weight/", {"weight": 3, "timestamp": "2025-01-01T10:00"}, 201)
    clash = sent(client, "POST", f"{patient}weight/", {"weight": 3, "timestamp": "2025-01-01T10:00"}, 201)
    value = sent(client, "POST", f"{patient}custom_field_values/", {"field_id": 62, "value": "b"}, 201)
    merge(client, MAX, other)
    assert [row["id"] for row in page(client, f"{patient}weight/")["results"]] == [clash["id"]] == [weighing["id"]]
    before = client.get(ROOT + patient).json()
    refused = [
        ("PATCH", patient, {"archived": False}),
        ("PATCH", patient, {"name": "Other"}),
        ("PUT", patient, before),
        ("DELETE", patient, None),
        ("POST", f"{patient}merge/", {"merge_patient": FENTON_URL}),
        ("POST", f"{patient}weight/", {"weight": 4}),
        ("PATCH", f"{patient}weight/{clash['id']}/", {"weight": 4}),
        ("DELETE", f"{patient}weight/{clash['id']}/", None),
        ("POST", f"{patient}custom_field_values/", {"field_id": 62, "value": "c"}),
        ("POST", "custom_field_values/", {"field": 63, "value": 5, "object_id": MAX}),
        ("PATCH", f"custom_field_values/{value['id']}/", {"value": "c"}),
        ("DELETE", f"custom_field_values/{value['id']}/", None),
        ("DELETE", f"{patient}custom_field_values/{value['id']}/", None),
    ]
    for method, path, body in refused:
        answer = client.request(method, ROOT + path, json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["detail"]), (method, path)
        assert "merged into" in answer.json()["detail"]
    assert client.get(ROOT + patient).json() == before
    assert client.get(f"{ROOT}custom_field_values/{value['id']}/").json()["value"] == "b"


def test_a_merge_that_is_sent_again_with_its_key_is_one_merge(fresh_practice):
    client, key = fresh_practice.provet, {"idempotency-key": "merge-1"}
    first, again = (
        client.post(f"{ROOT}patient/{MAX}/merge/", json={"merge_patient": FENTON_URL}, headers=key) for _ in range(2)
    )
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotent-replayed"] == "true"


# --- all dialects ---------------------------------------------------------------------------------------------


def without_stamps(found: Any) -> Any:
    """An answer without what only moves on, its rows by id."""
    if isinstance(found, dict):
        return {name: without_stamps(value) for name, value in found.items() if name not in STAMPS}
    if isinstance(found, list):
        return sorted((without_stamps(one) for one in found), key=lambda one: str(one.get("fp", one.get("id", one)))
                      if isinstance(one, dict) else str(one))  # fmt: skip
    return found


def everything(practice, numbers, fps):
    """What all dialects tell of the two clinics, and of some patients each by itself."""
    told: list[Any] = []
    for client in (practice.vetigen, practice.other_vetigen):
        told.append(rows(client, PATIENTS, page_size=100))
        windows = [f"2026-{month:02}-01" for month in range(1, 10, 2)]
        told += [
            rows(client, EVENTS, start_date=start, end_date=end, page_size=100) for start, end in pairwise(windows)
        ]
        for fp in fps:
            told += [data(client.get(f"{PATIENTS}/{fp}")), rows(client, f"{SOAP}/patient/{fp}", page_size=100)]
    for client in (practice.clinovavet, practice.other_clinovavet):
        told += [walked_in_clinovavet(client, path) for path in ("owners", "pets", "medical-records", "invoices")]
        for fp in fps:
            pet = to_id(from_crockford(fp.partition("_")[2]) or b"")
            told += [
                client.get(f"{CLINOVAVET}/pets/{pet}").json(),
                walked_in_clinovavet(client, "medical-records", petId=pet),
            ]
    for client, root in ((practice.provet, ROOT), (practice.other_provet, OTHER_ROOT)):
        told += [
            page(client, f"{path}/?page_size=1000", root)["results"] for path in ("client", "patient", "phonenumber")
        ]
    for number in numbers:
        for more in ("", "weight/", "custom_field_values/"):
            told.append(practice.provet.get(f"{ROOT}patient/{number}/{more}").json())
    return [without_stamps(one) for one in told]


def shared_pair(practice):
    """Two dogs that both clinics see, the first with many records, by their numbers and ids."""
    theirs = {row["fp"] for row in rows(practice.other_vetigen, PATIENTS, page_size=100)}
    dogs = [row for row in rows(practice.vetigen, PATIENTS, page_size=100, species="dog") if row["fp"] in theirs]
    notes = {row["fp"]: rows(practice.vetigen, f"{SOAP}/patient/{row['fp']}", page_size=100) for row in dogs}
    done = [fp for fp, of in notes.items() if of and all(one["status"] in ("SIGNED", "LOCKED") for one in of)]
    first, second = sorted(done, key=lambda fp: -len(notes[fp]))[:2]
    names = {row["fp"]: (row["name"], row["created_at"][:10]) for row in dogs}
    found = []
    for fp in (first, second):
        name, day = names[fp]
        [row] = [
            row for row in page(practice.provet, f"patient/?name__is={name}&page_size=1000")["results"]
            if row["created"][:10] == day
        ]  # fmt: skip
        found.append(row["id"])
    return found, [first, second]


def test_consultations_that_go_over_are_told_like_all_that_are_written(fresh_practice):
    numbers, _ = shared_pair(fresh_practice)
    client = fresh_practice.provet
    own = ids(client, f"consultation/?patients__is={numbers[0]}")
    assert own
    consulted = Statement(
        select(medical_records.c.number)
        .select_from(events.join(medical_records, medical_records.c.id == events.c.entity_id))
        .where(events.c.entity == "record", events.c.kind == "updated", events.c.clinic_id == MAIN_CLINIC)
        .order_by(medical_records.c.number)
    )
    for times, done in enumerate(("merge", "unmerge"), 1):
        body = {"merge_patient": f"{VENDOR}{ROOT}patient/{numbers[1]}/"} if done == "merge" else None
        sent(client, "POST", f"patient/{numbers[0]}/{done}/", body, 200)
        found = [row[0] for row in fresh_practice.run(lambda store: store.reader.fetch(consulted))]
        assert found == sorted(own * times)


def test_after_unmerging_all_is_as_it_was_in_every_dialect(fresh_practice):
    numbers, fps = shared_pair(fresh_practice)
    for number, weight in zip(numbers, (31, 32), strict=True):
        value = {"weight": weight, "fields_rel": [{"field_id": 62 + weight % 2, "value": str(weight)}]}
        sent(fresh_practice.provet, "PATCH", f"patient/{number}/", value, 200)
    before = everything(fresh_practice, numbers, fps)
    merge(fresh_practice.provet, *numbers)
    between = everything(fresh_practice, numbers, fps)
    assert between != before
    assert {row["fp"] for row in before[0]} - {row["fp"] for row in between[0]} == {fps[0]}
    sent(fresh_practice.provet, "POST", f"patient/{numbers[0]}/unmerge/", None, 200)
    assert everything(fresh_practice, numbers, fps) == before
