# SPDX-License-Identifier: Apache-2.0
"""Reminders: every field comes back, relations hold, filters find, and what is deleted is gone."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from polyvet.dialects.provet.reminders import FIELDS as WRITABLE
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage.statement import Statement
from polyvet.storage.tables import events
from tests.dialects.provet.asking import (
    FENTON,
    HELEN,
    JOHN,
    JOHN_URL,
    MAX,
    OTHER_ROOT,
    ROOT,
    VENDOR,
    disconnect_john,
    ids,
    number,
    page,
    sent,
    url,
)

# As recorded; `id` and `recurring_interval` joined later.
FIELDS = set(
    "id url department reminder_template patient client email_address phone_number email_subject email_text sms_text"
    " post_text text_manually send_before send_method expiry_date planned_sending_date status created_by created"
    " modified_by modified recurring_type recurring_times recurring_interval external_url".split()
)
READ_ONLY = {"id", "url", "created_by", "created", "modified_by", "modified"}
LIST = "reminder/"


WHOLE = {
    "department": url("department", 12),
    "reminder_template": url("remindertemplate", 9),
    "patient": url("patient", MAX),
    "client": JOHN_URL,
    "email_address": "john@example.com",
    "phone_number": "+15551234567",
    "email_subject": "Rabies vaccination",
    "email_text": "Max is due\non Monday.",
    "sms_text": "Max is due",
    "post_text": "Dear client, …",
    "text_manually": True,
    "send_before": 14,
    "send_method": 2,
    "expiry_date": "2031-03-15",
    "planned_sending_date": "2031-03-01",
    "status": 1,
    "recurring_type": 2,
    "recurring_times": 3,
    "recurring_interval": 365,
    "external_url": "https://example.com/r?x=1",
}
EMPTY = {
    "department": None, "reminder_template": None, "patient": None, "email_address": "", "phone_number": "",
    "email_subject": "", "email_text": "", "sms_text": "", "post_text": "", "text_manually": False, "send_before": 0,
    "send_method": 1, "expiry_date": None, "planned_sending_date": None, "status": 0, "recurring_type": None,
    "recurring_times": 0, "recurring_interval": None, "external_url": None,
}  # fmt: skip


def local(found):
    """What an answer says of the writable fields, with URLs under the vendor's address."""
    shown = {}
    for name in WRITABLE:
        value = found[name]
        is_url = isinstance(value, str) and "/api/0.1/" in value
        shown[name] = VENDOR + ROOT + value.partition("/api/0.1/")[2] if is_url else value
    return shown


@pytest.fixture(scope="module")
def everything(practice):
    """All reminders, as they are listed."""
    found = page(practice.provet, LIST + "?page_size=1000")
    assert found["count"] == len(found["results"]) > 30
    return found["results"]


def test_a_reminder_has_all_the_recorded_fields(practice, everything):
    assert set(WRITABLE) | READ_ONLY == set(WHOLE) | READ_ONLY == FIELDS
    assert all(set(row) == FIELDS for row in everything)
    for one in (everything[0], everything[-1]):
        assert practice.provet.get(f"{ROOT}{LIST}{one['id']}/").json() == one


def test_every_field_comes_back(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", LIST, WHOLE, 201)
    assert local(made) == WHOLE
    assert made["created"] <= made["modified"]
    assert (made["created_by"], made["modified_by"]) == (None, None), "a key is nobody's"
    assert client.get(made["url"]).json() == made
    cleared = sent(client, "PATCH", f"{LIST}{made['id']}/", EMPTY, 200)
    assert local(cleared) == {**EMPTY, "client": JOHN_URL}
    again = sent(client, "PUT", f"{LIST}{made['id']}/", {**made, "status": 0}, 200)
    assert local(again) == {**WHOLE, "status": 0}
    assert made["modified"] < cleared["modified"] < again["modified"]
    assert {one["created"] for one in (made, cleared, again)} == {made["created"]}


def test_what_nobody_says_is_empty(fresh_practice):
    made = sent(fresh_practice.provet, "POST", LIST, {"client": JOHN_URL}, 201)
    assert local(made) == {**EMPTY, "client": JOHN_URL}


def test_a_form_is_read_like_json(fresh_practice):
    body = {"client": JOHN_URL, "send_before": "3", "expiry_date": "2020-02-24", "text_manually": "1"}
    answer = fresh_practice.provet.post(ROOT + LIST, data=body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["send_before"], made["text_manually"], made["planned_sending_date"]) == (3, True, "2020-02-21")


@pytest.mark.parametrize(
    ("body", "planned"),
    [
        ({"expiry_date": "2020-02-24", "send_before": 3}, "2020-02-21"),
        ({"expiry_date": "2020-02-22", "send_before": 1}, "2020-02-21"),
        ({"expiry_date": "2020-02-22"}, "2020-02-22"),
        ({"expiry_date": "0001-01-02", "send_before": 3650}, "0001-01-02"),
        ({"expiry_date": "2020-02-24", "send_before": 3, "planned_sending_date": "2020-01-01"}, "2020-01-01"),
        ({"send_before": 3}, None),
    ],
)
def test_a_reminder_is_sent_so_many_days_before_it_expires(module_practice, body, planned):
    made = sent(module_practice.provet, "POST", LIST, {"client": JOHN_URL, **body}, 201)
    assert made["planned_sending_date"] == planned


def test_the_client_is_the_patients_where_none_is_named(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", LIST, {"patient": url("patient", FENTON)}, 201)
    assert (number(made["client"]), number(made["patient"])) == (HELEN, FENTON)
    moved = sent(client, "PATCH", f"{LIST}{made['id']}/", {"client": JOHN_URL, "patient": url("patient", MAX)}, 200)
    assert (number(moved["client"]), number(moved["patient"])) == (JOHN, MAX)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_marking_as_sent(fresh_practice, method):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}{LIST}1/").json()
    assert before["status"] == 0
    answer = client.request(method, f"{ROOT}{LIST}1/mark_sent/")
    assert answer.status_code == 200
    assert answer.json() == {**before, "status": 3, "modified": answer.json()["modified"], "modified_by": None}
    assert answer.json()["modified"] > before["modified"]
    assert client.get(f"{ROOT}{LIST}1/").json() == answer.json()


def test_a_deleted_reminder_is_gone(fresh_practice):
    client = fresh_practice.provet
    count = page(client, LIST)["count"]
    of_john = ids(client, f"{LIST}?client__is={JOHN}&id__lte=2")
    assert of_john == [1, 2]
    answer = client.delete(f"{ROOT}{LIST}1/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert page(client, LIST)["count"] == count - 1
    assert ids(client, f"{LIST}?client__is={JOHN}&id__lte=2") == [2]
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        gone = client.request(method, f"{ROOT}{LIST}1/", json={} if method in ("PUT", "PATCH") else None)
        assert (gone.status_code, gone.json()) == (404, {"detail": "Not found."})
    assert client.post(f"{ROOT}{LIST}1/mark_sent/").status_code == 404
    made = sent(client, "POST", LIST, {"client": JOHN_URL}, 201)
    assert made["id"] == count + 1, "no number is given twice"


def test_each_change_is_an_event(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", LIST, {"client": JOHN_URL, "department": url("department", 12)}, 201)
    sent(client, "PATCH", f"{LIST}{made['id']}/", {"status": 1}, 200)
    client.put(f"{ROOT}{LIST}{made['id']}/mark_sent/")
    client.delete(f"{ROOT}{LIST}{made['id']}/")
    e = events.c
    newest = Statement(select(e.kind, e.entity, e.entity_id, e.clinic_id).order_by(e.at.desc()).limit(4))
    found = [tuple(row) for row in fresh_practice.run(lambda store: store.reader.fetch(newest))]
    assert [row[0] for row in found] == ["deleted", "updated", "updated", "created"]
    assert {(row[1], row[3]) for row in found} == {("reminder", MAIN_CLINIC)}
    deleted, *before = (row[2] for row in found)
    assert len(set(before)) == 1
    told = int.from_bytes(deleted[:8], "big"), int.from_bytes(deleted[8:], "big")
    assert told == (12, made["id"]), "the row is gone, so its event tells the department and the number"


def test_a_request_that_comes_twice_makes_one_reminder(fresh_practice):
    client = fresh_practice.provet
    key = {"Idempotency-Key": "one"}
    answers = [client.post(ROOT + LIST, json={"client": JOHN_URL}, headers=key) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert ids(client, f"{LIST}?client__is={JOHN}&created__gte={answers[0].json()['created'].replace('+', '%2B')}") == [
        answers[0].json()["id"]
    ]


OF_NOBODY = {"client": None}  # a change to this is none, where the patient tells whose it is
REFUSED = [
    ({}, ["client"]),
    (OF_NOBODY, ["client"]),
    ({"client": 456}, ["client"]),
    ({"client": url("patient", MAX)}, ["client"]),
    ({"client": url("client", 999_999)}, ["client"]),
    ({"client": f"{VENDOR}{OTHER_ROOT}client/1/"}, ["client"]),
    ({"patient": url("patient", 999_999)}, ["patient"]),
    ({"client": JOHN_URL, "patient": url("patient", FENTON)}, ["patient"]),
    ({"client": JOHN_URL, "department": url("department", 21)}, ["department"]),
    ({"client": url("client", 999_999), "department": url("department", 21)}, ["client", "department"]),
    ({"client": JOHN_URL, "planned_sending_date": "2026-02-30"}, ["planned_sending_date"]),
    ({"client": JOHN_URL, "expiry_date": 20260230}, ["expiry_date"]),
    ({"client": JOHN_URL, "status": 5}, ["status"]),
    ({"client": JOHN_URL, "status": "sent"}, ["status"]),
    ({"client": JOHN_URL, "send_method": 32_768}, ["send_method"]),
    ({"client": JOHN_URL, "send_before": -1}, ["send_before"]),
    ({"client": JOHN_URL, "send_before": 10**12}, ["send_before"]),
    ({"client": JOHN_URL, "recurring_times": 2**60}, ["recurring_times"]),
    ({"client": JOHN_URL, "recurring_type": 1.5}, ["recurring_type"]),
    ({"client": JOHN_URL, "text_manually": "perhaps"}, ["text_manually"]),
    ({"client": JOHN_URL, "email_address": "nobody"}, ["email_address"]),
    ({"client": JOHN_URL, "email_text": "x" * 20_001}, ["email_text"]),
    ({"client": JOHN_URL, "email_subject": ["x"]}, ["email_subject"]),
    ({"client": JOHN_URL, "phone_number": "1" * 41}, ["phone_number"]),
    ({"client": JOHN_URL, "sms_text": "a\0b"}, ["sms_text"]),
    ({"client": JOHN_URL, "external_url": "x" * 2_001}, ["external_url"]),
    ({"client": JOHN_URL, "reminder_template": url("reminder", 1)}, ["reminder_template"]),
    ({"client": JOHN_URL, "status": 9, "send_method": -1}, ["status", "send_method"]),
]


@pytest.mark.parametrize(("body", "names"), REFUSED)
def test_a_reminder_that_does_not_hold_is_refused(practice, everything, body, names):
    client = practice.provet
    assert sorted(sent(client, "POST", LIST, body, 400)) == sorted(names)
    assert page(client, LIST)["count"] == len(everything)


@pytest.mark.parametrize(("body", "names"), [one for one in REFUSED if one[0] not in ({}, OF_NOBODY)])
def test_a_change_that_does_not_hold_is_refused_and_changes_nothing(practice, everything, body, names):
    client = practice.provet
    assert sorted(sent(client, "PATCH", f"{LIST}1/", {"status": 2, **body}, 400)) == sorted(names)
    assert client.get(f"{ROOT}{LIST}1/").json() == everything[0]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"x"', b"{", b"\xff"])
def test_what_is_no_object_is_refused(practice, content):
    for method, path in (("POST", LIST), ("PATCH", f"{LIST}1/")):
        answer = practice.provet.request(
            method, ROOT + path, content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400


def test_a_department_of_another_clinic_is_refused_like_none(fresh_practice):
    client = fresh_practice.other_provet
    mine = ids(client, "client/?id__lte=50", OTHER_ROOT)[0]
    body = {"client": f"{VENDOR}{OTHER_ROOT}client/{mine}/"}
    answers = [
        client.post(OTHER_ROOT + LIST, json={**body, "department": f"{VENDOR}{OTHER_ROOT}department/{n}/"})
        for n in (11, 987_654)
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert list(answers[0].json()) == ["department"]


def test_a_reminder_of_somebody_who_is_no_longer_connected_stays_and_can_be_changed(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}{LIST}1/").json()
    disconnect_john(fresh_practice)
    after = client.get(f"{ROOT}{LIST}1/").json()
    assert after == {**before, "client": None, "patient": None}
    assert 1 not in ids(client, f"{LIST}?client__is={JOHN}")
    changed = sent(client, "PUT", f"{LIST}1/", {**after, "status": 4}, 200)
    assert changed == {**after, "status": 4, "modified": changed["modified"], "modified_by": None}
    assert list(sent(client, "PATCH", f"{LIST}1/", {"client": JOHN_URL}, 400)) == ["client"]
    exposed = client.get(f"{ROOT}{LIST}1/?expose_client=true&expose_patient=true").json()
    assert (exposed["client"], exposed["patient"]) == (None, None)


# --- lists ----------------------------------------------------------------------------------------------------

DAY = "2026-05-04"
FILTERED = {
    "planned_sending_date__is=2031-05-04": lambda row: row["planned_sending_date"] == "2031-05-04",
    f"planned_sending_date__gte={DAY}": lambda row: (row["planned_sending_date"] or "") >= DAY,
    f"planned_sending_date__lte={DAY}": lambda row: "" < (row["planned_sending_date"] or "") <= DAY,
    "planned_sending_date__is_null=true": lambda row: row["planned_sending_date"] is None,
    "status__in=0,1": lambda row: row["status"] in (0, 1),
    "status=3": lambda row: row["status"] == 3,
    f"planned_sending_date__gte={DAY}&status__in=0,1": lambda row: (
        (row["planned_sending_date"] or "") >= DAY and row["status"] in (0, 1)
    ),
    f"client__is={JOHN}": lambda row: number(row["client"]) == JOHN,
    f"client.id__is_not={JOHN}": lambda row: number(row["client"]) != JOHN,
    f"patient__is={MAX}": lambda row: row["patient"] and number(row["patient"]) == MAX,
    f"patient__is_not={MAX}": lambda row: not row["patient"] or number(row["patient"]) != MAX,
    "patient__is_null=true": lambda row: row["patient"] is None,
    "patient__is_null=false": lambda row: row["patient"] is not None,
    "department__is=11": lambda row: row["department"] is not None,
    "department__is_null=true": lambda row: row["department"] is None,
    "send_method__is=2": lambda row: row["send_method"] == 2,
    "id__gt=10": lambda row: row["id"] > 10,
    "modified__gte=2026-03-01T00:00:00Z": lambda row: (
        datetime.fromisoformat(row["modified"]) >= datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    ),
    "send_method=2&status=4&filter_type=or": lambda row: row["send_method"] == 2 or row["status"] == 4,
}


@pytest.mark.parametrize("query", FILTERED)
def test_a_filter_of_reminders_finds_what_it_says(practice, everything, query):
    assert ids(practice.provet, f"{LIST}?{query}") == [row["id"] for row in everything if FILTERED[query](row)]


@pytest.mark.parametrize("field", ["id", "planned_sending_date", "status", "modified"])
def test_an_order_of_reminders_is_kept(practice, everything, field):
    def key(row):
        value = row[field]
        return (value is not None, datetime.fromisoformat(value) if field == "modified" else value or 0, row["id"])

    if field == "planned_sending_date":
        wanted = sorted(everything, key=lambda row: (row[field] or "", row["id"]))
    else:
        wanted = sorted(everything, key=key)
    assert ids(practice.provet, f"{LIST}?ordering={field}") == [row["id"] for row in wanted]


@pytest.mark.parametrize("query", ["status__in=0,sent", "planned_sending_date__is=soon", "client__is=John"])
def test_a_value_that_is_no_fields_is_refused(practice, query):
    answer = practice.provet.get(f"{ROOT}{LIST}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.partition("=")[0]])


def test_exposed_relations_are_the_things_themselves(practice, everything):
    client = practice.provet
    found = page(client, f"{LIST}?page_size=1000&expose_client&expose_patient=true&expose_department=1")["results"]
    assert [row["id"] for row in found] == [row["id"] for row in everything]
    for whole, plain in list(zip(found, everything, strict=True))[:12]:
        for name in ("client", "patient", "department"):
            if plain[name] is None:
                assert whole[name] is None
                continue
            expected = client.get(plain[name]).json()  # which tells of a patient's merges, too
            assert whole[name] == {key: expected[key] for key in whole[name]}
    assert {name: value for name, value in found[0].items() if name not in ("client", "patient", "department")} == {
        name: value for name, value in everything[0].items() if name not in ("client", "patient", "department")
    }


def test_the_demo_reminds_of_what_is_due_and_was(everything):
    assert {row["status"] for row in everything} == {0, 3, 4} or {row["status"] for row in everything} == {0, 3}
    for row in everything[2:]:
        assert row["client"]
        assert row["patient"]
        assert (row["status"] == 0) == (row["planned_sending_date"] >= DAY)
