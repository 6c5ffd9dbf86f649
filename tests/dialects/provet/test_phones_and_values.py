# SPDX-License-Identifier: Apache-2.0
"""Phone numbers and custom fields: rows of their own, and where they show on clients and patients."""

from __future__ import annotations

import pytest

from tests.dialects.provet.asking import FENTON, HELEN, JOHN, MAX, MOBILE, ROOT, SMITH, ids, page, sent

# --- phone numbers --------------------------------------------------------------------------------------------


def test_a_number_joins_its_client_and_changes_when_it_was_modified(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}client/{JOHN}/").json()
    made = sent(client, "POST", "phonenumber/", MOBILE, 201)
    after = client.get(f"{ROOT}client/{JOHN}/").json()
    assert after["modified"] > before["modified"]
    assert after["phone_numbers"] == [
        *before["phone_numbers"],
        {
            "id": made["id"],
            "number": "+441234567890",
            "description": None,
            "type_code": 1,
            "preferred_reminders": False,
            "is_secondary_owners_phone_number": False,
        },
    ]
    for query in ("%2B441234567890", "+441234567890"):
        assert ids(client, f"client/?phonenumbers.phone_number__is={query}") == [JOHN]
        assert ids(client, f"phonenumber/?phone_number__is={query}") == [made["id"]]
    assert ids(client, "client/?phonenumbers__icontains=4412345") == [JOHN]


def test_numbers_of_a_client_are_listed_changed_and_deleted(fresh_practice):
    client = fresh_practice.provet
    old = ids(client, f"phonenumber/?client__is={JOHN}")
    made = sent(client, "POST", "phonenumber/", MOBILE, 201)
    path = f"phonenumber/{made['id']}/"
    assert ids(client, f"phonenumber/?client__is={JOHN}") == [*old, made["id"]]
    assert ids(client, f"phonenumber/?client={JOHN}&type_code__is=1") == [made["id"]]
    changed = sent(client, "PATCH", path, {"description": "Work", "preferred_reminders": 1}, 200)
    assert changed == {**made, "description": "Work", "preferred_reminders": True, "modified": changed["modified"]}
    replaced = sent(client, "PUT", path, {**changed, "phone_number": "+44 1"}, 200)
    assert (replaced["phone_number"], replaced["description"]) == ("+44 1", "Work")
    moved = sent(client, "PATCH", path, {"client": f"https://x{ROOT}client/{HELEN}/"}, 200)
    assert moved["client"].endswith(f"/client/{HELEN}/")
    assert ids(client, f"phonenumber/?client__is={JOHN}") == old
    assert client.delete(ROOT + path).status_code == 204
    assert client.get(ROOT + path).status_code == client.delete(ROOT + path).status_code == 404
    assert len(client.get(f"{ROOT}client/{HELEN}/").json()["phone_numbers"]) == 1


def test_a_number_is_a_landlines_when_nothing_is_said(fresh_practice):
    body = {"client": MOBILE["client"], "phone_number": "5550100"}
    assert sent(fresh_practice.provet, "POST", "phonenumber/", body, 201)["type_code"] == 0


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({**MOBILE, "phone_number": ""}, "phone_number"),
        ({**MOBILE, "phone_number": "1" * 41}, "phone_number"),
        ({**MOBILE, "type_code": "mobile"}, "type_code"),
        ({**MOBILE, "client": None}, "client"),
        ({**MOBILE, "client": f"https://x{ROOT}client/999999/"}, "client"),
    ],
)
def test_a_number_that_does_not_hold_is_refused(practice, body, name):
    assert list(sent(practice.provet, "POST", "phonenumber/", body, 400)) == [name]


def test_a_client_has_a_bounded_count_of_numbers(fresh_practice):
    client = fresh_practice.provet
    for n in range(19):
        sent(client, "POST", "phonenumber/", {**MOBILE, "phone_number": f"{n}"}, 201)
    assert list(sent(client, "POST", "phonenumber/", MOBILE, 400)) == ["client"]


# --- custom fields --------------------------------------------------------------------------------------------

A, B = {"id": 101, "name": "Option A"}, {"id": 102, "name": "Option B"}
C = {"id": 111, "name": "Option A"}
VALUES = [
    (42, "Referred by Dr. Brown", "Referred by Dr. Brown"),
    (42, "", ""),
    (43, 12, 12),
    (43, "12.5", 12.5),
    (44, "2026-01-31", "2026-01-31"),
    (45, True, "True"),
    (45, "False", "False"),
    (45, 0, "False"),
    (55, [A, B], [A, B]),
    (55, [102, "101"], [B, A]),
    (55, [], []),
    (56, [C], [C]),
    (56, C, [C]),
    (56, 111, [C]),
]


@pytest.mark.parametrize(("field", "given", "shown"), VALUES)
def test_a_value_of_each_kind_is_written_and_read_on_every_way(module_practice, field, given, shown):
    client = module_practice.provet
    made = sent(client, "POST", "client/", {**SMITH, "fields_rel": [{"field_id": field, "value": given}]}, 201)
    [row] = made["fields_rel"]
    assert list(row) == ["field_id", "id", "value", "label"]
    assert (row["field_id"], row["value"]) == (field, shown)
    [nested] = page(client, f"client/{made['id']}/custom_field_values/")["results"]
    assert (nested["id"], nested["field_id"], nested["value"], nested["label"]) == (
        row["id"], field, shown, row["label"]
    )  # fmt: skip
    flat = client.get(f"{ROOT}custom_field_values/{row['id']}/").json()
    assert flat == nested == client.get(f"{ROOT}client/{made['id']}/custom_field_values/{row['id']}/").json()
    again = sent(client, "PATCH", f"client/{made['id']}/", {"fields_rel": made["fields_rel"]}, 200)
    assert again["fields_rel"] == made["fields_rel"]


@pytest.mark.parametrize("path", [f"client/{JOHN}/", f"patient/{FENTON}/"])
def test_a_second_post_updates_the_value(fresh_practice, path):
    client = fresh_practice.provet
    field = 42 if path.startswith("client") else 62
    before = client.get(ROOT + path).json()["modified"]
    one = sent(client, "POST", path + "custom_field_values/", {"field_id": field, "value": "A"}, 201)
    two = sent(client, "POST", path + "custom_field_values/", {"field_id": field, "value": "B"}, 200)
    assert two == {**one, "value": "B"}
    found = client.get(ROOT + path).json()
    assert found["fields_rel"] == [{"field_id": field, "id": one["id"], "value": "B", "label": "Heard of us"}]
    assert found["modified"] > before
    assert len(page(client, path + "custom_field_values/")["results"]) == 1


def test_what_fields_rel_does_not_name_stays(fresh_practice):
    client = fresh_practice.provet
    path = f"client/{JOHN}/"
    sent(client, "PATCH", path, {"fields_rel": [{"field_id": 42, "value": "A"}, {"field_id": 43, "value": 1}]}, 200)
    found = sent(client, "PATCH", path, {"fields_rel": [{"field_id": 43, "value": 2}]}, 200)
    assert [(row["field_id"], row["value"]) for row in found["fields_rel"]] == [(42, "A"), (43, 2)]
    assert sent(client, "PATCH", path, {"fields_rel": []}, 200)["fields_rel"] == found["fields_rel"]


def test_values_are_changed_and_deleted_flat_and_nested(fresh_practice):
    client = fresh_practice.provet
    flat = sent(client, "POST", "custom_field_values/", {"field": 62, "value": "A", "object_id": MAX}, 201)
    one, below = f"custom_field_values/{flat['id']}/", f"patient/{MAX}/custom_field_values/{flat['id']}/"
    assert sent(client, "PATCH", one, {"value": "B"}, 200)["value"] == "B"
    assert sent(client, "PUT", below, {"value": "C"}, 200)["value"] == "C"
    assert list(sent(client, "PUT", below, {}, 400)) == ["value"]
    assert client.delete(ROOT + below).status_code == 204
    assert client.get(ROOT + one).status_code == client.delete(ROOT + one).status_code == 404
    assert client.get(f"{ROOT}patient/{MAX}/").json()["fields_rel"] == []


def test_a_value_is_found_below_its_own_client_only(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", f"client/{JOHN}/custom_field_values/", {"field_id": 42, "value": "A"}, 201)
    for path in (f"client/{HELEN}/", f"patient/{MAX}/"):
        wrong = f"{ROOT}{path}custom_field_values/{made['id']}/"
        assert client.get(wrong).status_code == client.delete(wrong).status_code == 404
        assert client.patch(wrong, json={"value": "B"}).status_code == 404
    assert client.get(f"{ROOT}custom_field_values/{made['id']}/").json()["value"] == "A"


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (f"client/{JOHN}/custom_field_values/", {"field_id": 62, "value": "a patient's"}, "field"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 999, "value": "x"}, "field_id"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 92, "value": "another clinic's"}, "field_id"),
        (f"client/{JOHN}/custom_field_values/", {"value": "x"}, "field_id"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 42}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 42, "value": 5}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 42, "value": "a\0b"}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 43, "value": "NaN"}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 44, "value": "31.01.2026"}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 45, "value": "perhaps"}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 55, "value": [{"id": 111}]}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 55, "value": [[101]]}, "value"),
        (f"client/{JOHN}/custom_field_values/", {"field_id": 56, "value": [{"id": 111}, {"id": 112}]}, "value"),
        ("custom_field_values/", {"field": 42, "value": "x"}, "object_id"),
        ("custom_field_values/", {"field": 42, "value": "x", "object_id": 999999}, "object_id"),
    ],
)
def test_a_value_that_does_not_hold_is_refused(practice, path, body, name):
    assert list(sent(practice.provet, "POST", path, body, 400)) == [name]


def test_half_a_surrogate_pair_is_no_text(fresh_practice):
    answer = fresh_practice.provet.post(
        f"{ROOT}client/{JOHN}/custom_field_values/",
        content=b'{"field_id": 42, "value": "\\ud800"}',
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, list(answer.json())) == (400, ["value"])


def test_definitions_of_every_kind_are_listed(practice):
    rows = page(practice.provet, "custom_fields/")["results"]
    assert {(row["model"], row["field_type"]) for row in rows} == {
        (model, kind)
        for model in ("client", "patient")
        for kind in ("text", "number", "date", "boolean", "select", "multi-select")
    }
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert 92 not in {row["id"] for row in rows}
