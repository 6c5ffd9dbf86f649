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
    MAX,
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
PAPERS = ("consultation", "invoice", "reminder")
SHARED = "codelist/"  # what all clinics have
ROUTES = [
    route for route in router.table(Asking(Options())).routes if "{" in route.path and not route.path.startswith(SHARED)
]


def others(practice):
    """Numbers of the first clinic's rows that are nobody's in the second, by the first part of their paths."""
    [phone] = ids(practice.provet, f"phonenumber/?client__is={JOHN}")
    hook, delivery = queued(practice)
    theirs = {kind: set(ids(practice.other_provet, f"{kind}/", OTHER_ROOT)) for kind in PAPERS}
    papers = {
        kind: next(n for n in ids(practice.provet, f"{kind}/?ordering=-id") if n not in theirs[kind]) for kind in PAPERS
    }
    papers["invoicerow"] = papers["invoice"] * 1_000
    return {
        "client": JOHN, "patient": FENTON, "phonenumber": phone, "custom_fields": 42, "department": 11,
        "appointment": ids(practice.provet, "appointment/")[-1], "user": 5, "userdetails": 5, **papers,
        "hook/webhook": hook, "hook/queue": delivery,
    }  # fmt: skip


def filled(path, numbers, value):
    kind = path.partition("/{")[0]
    own = value if kind == "custom_field_values" else numbers.get(kind, NOBODY)
    return re.sub(r"\{\w+_id\}", str(value), path).replace("{id}", str(own))


BODY = {
    "name": "Stolen", "lastname": "Stolen", "field_id": 92, "value": "x", "weight": 1, "description": "Stolen",
    "merge_patient": f"{VENDOR}{OTHER_ROOT}patient/1/",
}  # fmt: skip
BOOKING = {
    "title": "T", "start": "2040-01-01T10:00Z", "end": "2040-01-01T11:00Z", "type": 1,
    "department": f"{VENDOR}{OTHER_ROOT}department/21/",
}  # fmt: skip


@pytest.fixture(scope="module")
def tried(module_practice):
    """A practice in which nothing may change, whatever the second clinic tries: the numbers that it tries, the id of a
    custom value, and all that the first clinic saw before."""
    numbers = others(module_practice)
    row = {"field_id": 42, "value": "secret"}
    value = sent(module_practice.provet, "POST", f"client/{JOHN}/custom_field_values/", row, 201)["id"]
    return module_practice, numbers, value, everything(module_practice)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_with_another_clinics_number_answers_as_for_a_missing_one(tried, route):
    practice, numbers, value, before = tried
    body = BODY if route.method in ("POST", "PUT", "PATCH") else None
    client = practice.other_provet
    foreign = client.request(route.method, OTHER_ROOT + filled(route.path, numbers, value), json=body)
    missing = client.request(route.method, OTHER_ROOT + filled(route.path, {}, NOBODY), json=body)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content == b'{"detail":"Not found."}'
    assert everything(practice) == before


def everything(practice):
    """All that the first clinic sees."""
    return [
        page(practice.provet, f"{kind}/?page_size=1000")["results"]
        for kind in (
            "client",
            "patient",
            "phonenumber",
            "appointment",
            "user",
            "userdetails",
            "reminder",
            "hook/webhook",
            "hook/queue",
        )
    ]


def test_entries_of_another_clinics_code_lists_are_not_there(practice):
    ours, theirs = (
        {row["id"] for row in page(client, "codelist/insurancecompanies/", root)["results"]}
        for client, root in ((practice.provet, ROOT), (practice.other_provet, OTHER_ROOT))
    )
    assert ours
    assert theirs
    assert not ours & theirs
    for number in ours:
        answer = practice.other_provet.get(f"{OTHER_ROOT}codelist/insurancecompanies/{number}/")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


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
        f"consultation/?client__is={JOHN}",
        f"consultation/?patients__is={MAX}",
        f"invoice/?client__is={JOHN}",
        f"invoicerow/?invoice.client={JOHN}&id__gt=1000",
        f"reminder/?client__is={JOHN}&id=1",
        f"reminder/?patient__is={MAX}&id=1",
        f"phonenumber/?client__is={JOHN}",
        "phonenumber/?phone_number__is=%2B1-555-123-4567",
        "appointment/?start__gte=2031-04-15&start__lt=2031-04-16&type__is=3",
        "user/?email__is=peter.hollis@harbour-street.example",
        "userdetails/?user__is=5",
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
        ("appointment/", BOOKING, "department"),
        ("appointment/", BOOKING, "client"),
        ("appointment/", BOOKING, "user"),
        ("userdetails/1/", {}, "active_department"),
        ("reminder/", {}, "client"),
        ("reminder/", {}, "patient"),
        ("hook/webhook/", HOOK, "department"),
    ],
)
def test_a_relation_to_another_clinics_row_is_refused_like_one_that_does_not_exist(practice, path, body, name):
    client = practice.other_provet
    kind = next((kind for kind in ("department", "user", "patient") if name.endswith(kind)), "client")
    number = {"department": 11, "user": 5, "patient": MAX, "client": JOHN}[kind]
    method = "PATCH" if path.endswith("1/") else "POST"
    for root in (OTHER_ROOT, ROOT):
        foreign, missing = (
            client.request(method, OTHER_ROOT + path, json={**body, name: f"{VENDOR}{root}{kind}/{n}/"})
            for n in (number, NOBODY)
        )
        assert foreign.status_code == missing.status_code == 400
        assert foreign.content == missing.content
        assert list(foreign.json()) == [name]


def test_a_value_for_another_clinics_client_is_refused_like_one_for_nobody(practice):
    client = practice.other_provet
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
