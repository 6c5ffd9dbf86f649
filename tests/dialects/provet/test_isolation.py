# SPDX-License-Identifier: Apache-2.0
"""Another clinic's numbers: never listed, never found, and told in the same bytes as what does not exist."""

from __future__ import annotations

import re

import pytest

from polyvet.dialects.provet import router
from polyvet.dialects.provet.requests import Asking
from polyvet.dialects.provet.wire import Options
from tests.dialects.provet.asking import (
    FENTON,
    HOOK,
    JOHN,
    MOBILE,
    OTHER_ROOT,
    PUPPY,
    ROOT,
    SMITH,
    VENDOR,
    ids,
    page,
    queued,
    sent,
)

NOBODY = 987_654_321
SHARED = "codelist/"  # what all clinics have
ROUTES = [
    route for route in router.table(Asking(Options())).routes if "{" in route.path and not route.path.startswith(SHARED)
]


def others(practice):
    """Numbers of the first clinic's rows that are nobody's in the second, by the first part of their paths."""
    [phone] = ids(practice.provet, f"phonenumber/?client__is={JOHN}")
    hook, delivery = queued(practice)
    return {
        "client": JOHN, "patient": FENTON, "phonenumber": phone, "custom_fields": 42, "department": 11,
        "hook/webhook": hook, "hook/queue": delivery,
    }  # fmt: skip


def filled(path, numbers, value):
    kind = path.partition("/{")[0]
    own = value if kind == "custom_field_values" else numbers.get(kind, NOBODY)
    return re.sub(r"\{\w+_id\}", str(value), path).replace("{id}", str(own))


BODY = {"name": "Stolen", "lastname": "Stolen", "field_id": 92, "value": "x", "weight": 1, "description": "Stolen"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_with_another_clinics_number_answers_as_for_a_missing_one(fresh_practice, route):
    numbers = others(fresh_practice)
    row = {"field_id": 42, "value": "secret"}
    value = sent(fresh_practice.provet, "POST", f"client/{JOHN}/custom_field_values/", row, 201)["id"]
    body = BODY if route.method in ("POST", "PUT", "PATCH") else None
    before = everything(fresh_practice)
    client = fresh_practice.other_provet
    foreign = client.request(route.method, OTHER_ROOT + filled(route.path, numbers, value), json=body)
    missing = client.request(route.method, OTHER_ROOT + filled(route.path, {}, NOBODY), json=body)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content == b'{"detail":"Not found."}'
    assert everything(fresh_practice) == before


def everything(practice):
    """All that the first clinic sees."""
    return [
        page(practice.provet, f"{kind}/?page_size=1000")["results"]
        for kind in ("client", "patient", "phonenumber", "hook/webhook", "hook/queue")
    ]


def test_the_first_clinic_finds_its_numbers_itself(fresh_practice):
    for kind, number in others(fresh_practice).items():
        assert fresh_practice.provet.get(f"{ROOT}{kind}/{number}/").status_code == 200


def test_no_filter_finds_another_clinics_rows(practice):
    for query in (
        f"client/?id__is={JOHN}",
        "client/?email__is=john.smith@example.com",
        f"client/?patients__is={FENTON}",
        "client/?phonenumbers__icontains=%2B1-555-123-4567",
        f"patient/?client__is={JOHN}",
        "patient/?client.email__is=john.smith@example.com",
        f"patient/?id__in={FENTON}",
        f"phonenumber/?client__is={JOHN}",
        "phonenumber/?phone_number__is=%2B1-555-123-4567",
    ):
        assert ids(practice.other_provet, query, OTHER_ROOT) == [], query
        assert len(ids(practice.provet, query)) == 1, query


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("patient/", PUPPY, "client"),
        ("phonenumber/", MOBILE, "client"),
        ("client/", SMITH, "invoicing_client"),
        ("client/", SMITH, "parent_referring_organization"),
        ("client/", SMITH, "home_department"),
        ("hook/webhook/", HOOK, "department"),
    ],
)
def test_a_relation_to_another_clinics_row_is_refused_like_one_that_does_not_exist(fresh_practice, path, body, name):
    client = fresh_practice.other_provet
    kind, number = ("department", 11) if name.endswith("department") else ("client", JOHN)
    for root in (OTHER_ROOT, ROOT):
        foreign, missing = (
            client.post(OTHER_ROOT + path, json={**body, name: f"{VENDOR}{root}{kind}/{n}/"}) for n in (number, NOBODY)
        )
        assert foreign.status_code == missing.status_code == 400
        assert foreign.content == missing.content
        assert list(foreign.json()) == [name]


def test_a_value_for_another_clinics_client_is_refused_like_one_for_nobody(fresh_practice):
    client = fresh_practice.other_provet
    foreign, missing = (
        client.post(f"{OTHER_ROOT}custom_field_values/", json={"field": 92, "value": "x", "object_id": number})
        for number in (JOHN, NOBODY)
    )
    assert foreign.status_code == missing.status_code == 400
    assert foreign.content == missing.content


def test_what_a_clinic_keeps_of_a_shared_client_is_its_own(fresh_practice):
    client, stranger = fresh_practice.provet, fresh_practice.other_provet
    mine = {row["email"]: row for row in page(client, "client/?page_size=1000")["results"] if row["email"]}
    theirs = page(stranger, "client/?page_size=1000", OTHER_ROOT)["results"]
    other = next(row for row in theirs if row["email"] in mine)
    one = mine[other["email"]]
    notes = {"critical_notes": "Ours", "no_sms": True, "archived": True, "tags_rel": ["ours"], "old_client_id": "7"}
    values = {"home_department": f"{VENDOR}{ROOT}department/11/", "fields_rel": [{"field_id": 42, "value": "ours"}]}
    shared = {"city": "Espoo", "street_address": "Rantatie 1"}
    sent(client, "PATCH", f"client/{one['id']}/", {**notes, **values, **shared}, 200)
    after = stranger.get(f"{OTHER_ROOT}client/{other['id']}/").json()
    assert after == {**other, **shared, "modified": after["modified"]}
    assert after["modified"] > other["modified"]
