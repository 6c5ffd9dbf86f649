# SPDX-License-Identifier: Apache-2.0
"""Every documented request and its answer, whole: status, headers, key order, nulls, number and date formats."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from polyvet.dialects.provet.wire import ProvetWire
from polyvet.model import errors
from polyvet.web.message import Reply
from tests.dialects.provet.asking import AINO, CHECKUP, MOBILE, PUPPY, ROOT, SMITH, VENDOR

# The documented answer, to the letter.
FENTON = {
    "id": 2130,
    "url": "https://provetcloud.com/4/api/0.1/patient/2130/",
    "client": "https://provetcloud.com/4/api/0.1/client/218/",
    "name": "Fenton",
    "official_name": "",
    "species": "Dog (Canine - Domestic)",
    "breed": "None",
    "gender": "Female",
    "weight": None,
    "date_of_birth": None,
    "deceased": None,
    "microchip": None,
    "archived": False,
    "home_department": None,
    "created": "2021-11-10T15:45:50.179386+02:00",
    "modified": "2021-11-10T15:45:50.179414+02:00",
    "tags_rel": [],
    "fields_rel": [],
}
GETS = {
    "clients_by_first_name": "client/?firstname__icontains=HELE&lastname__is=Hill",
    "clients_by_any_name": "client/?firstname__icontains=hill&filter_type=or&id__is=218",
    "clients_by_email": "client/?email__is=john.smith@example.com",
    "clients_by_phone": "client/?phonenumbers__icontains=7946%200218",
    "clients_none": "client/?organization_name__icontains=no+such+farm",
    "client_get": "client/218/",
    "patients_of_a_client": "patient/?client__is=218&archived__is=false&deceased__is_null=true",
    "patient_get": "patient/2130/",
    "phone_numbers_of_a_client": "phonenumber/?client__is=456",
    "custom_fields": "custom_fields/",
    "custom_field": "custom_fields/55/",
    "client_values_none": "client/456/custom_field_values/",
    "departments": "department/",
    "department": "department/11/",
    "species": "codelist/species/?page_size=2",
    "species_one": "codelist/species/15461002/",
    "breeds": "codelist/breeds/?page=2&page_size=2",
    "diagnoses": "codelist/diagnoses/?page_size=2",
    "diagnosis": "codelist/diagnoses/16002002/",
    "insurers": "codelist/insurancecompanies/",
    "insurer": "codelist/insurancecompanies/20000000001/",
    "appointments_of_a_patient": "appointment/?start__range=2031-04-15,2031-04-16&patients__is_null=false",
    "appointments_none": "appointment/?start__gte=2199-12-31%2023:59%2B02:00&active__is=1&reason__not_in=1,2",
    "users": "user/",
    "user_get": "user/3/",
    "user_details": "userdetails/3/",
    "error_client_missing": "client/999999/",
    "error_patient_missing": "patient/first/",
    "error_page": "client/?page=99",
    "error_route": "task/",
    "consultations_of_a_client": "consultation/?client__is=456",
    "consultations_of_a_patient": "consultation/?patients__is=1204&complaint__icontains=annual&ordering=-modified",
    "consultation_get": "consultation/1/",
    "invoices_of_a_client": "invoice/?client__is=456&status__is=3",
    "invoice_get": "invoice/1/",
    "invoice_rows_of_an_invoice": "invoicerow/?invoice__in=1",
    "invoice_row_get": "invoicerow/1999/",
    "reminders_due": "reminder/?planned_sending_date__is=2031-05-04&status__in=0,1",
    "reminders_exposed": "reminder/?id=1&expose_patient=true&expose_client=true&expose_department=true",
    "reminder_get": "reminder/2/",
    "error_consultation_missing": "consultation/999999/",
    "error_invoice_missing": "invoice/999999/",
    "error_invoice_row_missing": "invoicerow/1001/",
    "error_reminder_missing": "reminder/999999/",
    "error_reminder_filter": "reminder/?status__in=0,sent",
    "error_filter": "client/?modified__gte=yesterday&customer=1",
}
WRITES = {
    "client_create": ("POST", "client/", SMITH),
    "client_create_with_value": (
        "POST",
        "client/",
        {
            "firstname": "John",
            "lastname": "Smith",
            "fields_rel": [{"field_id": 42, "value": "Referred by Dr. Brown"}],
        },
    ),
    "client_change": ("PATCH", "client/456/", {"email": "new.email@example.com", "no_sms": True}),
    "client_options": (
        "PATCH",
        "client/456/",
        {"fields_rel": [{"field_id": 55, "value": [{"id": 101, "name": "Option A"}, {"id": 102, "name": "Option B"}]}]},
    ),
    "patient_create": ("POST", "patient/", PUPPY),
    "patient_change": ("PATCH", "patient/2130/", {"microchip": "900123456789012", "weight": "32.5"}),
    "patient_deceased": ("PATCH", "patient/2130/", {"deceased": "2024-03-20"}),
    "patient_reactivated": ("PATCH", "patient/2130/", {"deceased": None}),
    "reminder_create": (
        "POST",
        "reminder/",
        {
            "client": f"{VENDOR}{ROOT}client/456/",
            "patient": f"{VENDOR}{ROOT}patient/1204/",
            "department": f"{VENDOR}{ROOT}department/11/",
            "email_address": "john.smith@example.com",
            "email_subject": "You have an appointment",
            "send_before": 3,
            "send_method": 1,
            "expiry_date": "2031-02-24",
        },
    ),
    "reminder_change": ("PATCH", "reminder/1/", {"status": 1, "sms_text": "Tomorrow!", "recurring_type": None}),
    "reminder_replace": ("PUT", "reminder/2/", {"client": f"{VENDOR}{ROOT}client/218/", "send_method": "1"}),
    "reminder_mark_sent": ("PUT", "reminder/1/mark_sent/", {}),
    "error_reminder_fields": (
        "POST",
        "reminder/",
        {"client": 456, "send_before": -1, "status": 5, "planned_sending_date": "04.05.2031", "email_address": "none"},
    ),
    "error_reminder_nobody": ("POST", "reminder/", {"email_text": "Hello"}),
    "phone_number_create": ("POST", "phonenumber/", MOBILE),
    "client_value_post": ("POST", "client/456/custom_field_values/", {"field_id": 42, "value": "A friend"}),
    "patient_value_post": ("POST", "patient/2130/custom_field_values/", {"field_id": 63, "value": 4.5}),
    "patient_merge": ("POST", "patient/1204/merge/", {"merge_patient": f"{VENDOR}{ROOT}patient/2130/"}),
    "appointment_create": ("POST", "appointment/", CHECKUP),
    "user_create": ("POST", "user/", AINO),
    "user_change": ("PATCH", "user/5/", {"is_active": 0}),
    "error_appointment_fields": (
        "POST",
        "appointment/",
        {"type": 10, "start": "soon", "patients": [2130], "active": 2},
    ),
    "error_user_fields": ("POST", "user/", {"email": "aino", "is_active": "no"}),
    "bulk_all": ("POST", "patient/bulk/", [PUPPY, {**PUPPY, "name": "Moritz"}]),
    "bulk_some": ("POST", "patient/bulk/?force_push=true", [PUPPY, {**PUPPY, "species": 1}, {"name": ""}]),
    "bulk_none": ("POST", "patient/bulk/?force_push=true", [{**PUPPY, "species": 1}, {"name": ""}]),
    "bulk_not_forced": ("POST", "patient/bulk/", [PUPPY, {**PUPPY, "breed": 5}]),
    "error_client_fields": ("POST", "client/", {"email": "none", "customer_type": 5, "country": "Atlantis"}),
    "error_client_nameless": ("POST", "client/", {"firstname": "John"}),
    "error_merge_itself": ("POST", "patient/2130/merge/", {"merge_patient": f"{VENDOR}{ROOT}patient/2130/"}),
    "error_unmerge": ("POST", "patient/2130/unmerge/", {}),
    "error_patient_fields": ("POST", "patient/", {"client": 456, "gender": "Male"}),
    "error_phone_fields": ("POST", "phonenumber/", {"type_code": 2}),
    "error_value_fields": ("POST", "client/456/custom_field_values/", {"field_id": 43, "value": "far"}),
}
TABLE: dict[str, Reply] = {
    "error_forbidden": ProvetWire({}).error(errors.Forbidden("clients:write")),
    "error_limit_reached": ProvetWire({}).error(errors.LimitReached(7, 300)),
    "error_busy": ProvetWire({}).error(errors.Busy()),
    "error_defect": ProvetWire({}).defect(),
    "error_merged": ProvetWire({}).error(errors.Merged("patient", "1204")),
    "error_key_reused": ProvetWire({}).error(errors.KeyReused()),
    "error_too_large": ProvetWire({}).error(errors.TooLarge(1 << 20)),
}
OTHERS = {
    "error_key_missing", "error_key_wrong", "error_method", "error_media_type", "error_parse", "error_parse_form",
    "patient_unmerge", "appointment_get", "appointment_change", "appointment_cancel", "error_appointment_clash",
    "error_invoice_method",
}  # fmt: skip
_KINDS = "client|patient|phonenumber|custom_field_values|appointment|user|userdetails|reminder"
_MADE_ID = re.compile(rf'("id":|"max_client_id":|/(?:{_KINDS})/)(\d+)')
OAUTH = {"oauth_error_client", "oauth_error_grant", "oauth_error_scope", "oauth_userinfo"}  # of test_oauth.py
HOOKS = {  # of test_webhooks.py
    "webhook_create", "webhook_get", "webhooks", "webhook_change", "webhook_rotate", "queue_none", "queue",
    "queue_one", "queue_redeliver", "error_webhook_fields",
}  # fmt: skip
_INSTANT = re.compile(r'"(created|modified)":"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+0[23]:00)"')


def served(practice):
    """A client of the same practice under the vendor's address, so that URLs are the documented ones."""
    other = practice.served_otherwise(public_url=VENDOR)
    return other.provet


@pytest.mark.parametrize("name", GETS)
def test_a_get_answers_as_documented(practice, golden, name):
    golden(name, _without_given_ids(served(practice).get(ROOT + GETS[name])))


def test_the_documented_patient_is_there_to_the_letter(practice):
    found = served(practice).get(f"{ROOT}patient/2130/").json()
    assert {name: found[name] for name in FENTON} == FENTON
    assert [name for name in found if name in FENTON] == list(FENTON)


@pytest.mark.parametrize("name", GETS)
def test_head_answers_like_get_without_a_body(practice, name):
    plain = {"accept-encoding": "identity"}
    whole = practice.provet.get(ROOT + GETS[name], headers=plain)
    head = practice.provet.head(ROOT + GETS[name], headers=plain)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    assert head.headers["content-type"] == whole.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", WRITES)
def test_a_write_answers_as_documented(fresh_practice, golden, name):
    method, path, body = WRITES[name]
    client = served(fresh_practice)
    answer = client.request(method, ROOT + path, json=body)
    golden(name, _without_made_up_values(answer))
    if answer.status_code < 300 and isinstance(body, dict):
        found = client.get(answer.json()["url"].removeprefix(VENDOR))
        assert found.json() == answer.json()


def test_unmerging_answers_with_the_patient_that_is_back(fresh_practice, golden):
    client = served(fresh_practice)
    _, path, body = WRITES["patient_merge"]
    assert client.post(ROOT + path, json=body).status_code == 200
    golden("patient_unmerge", _without_made_up_values(client.post(f"{ROOT}patient/1204/unmerge/")))


def test_an_appointment_is_read_moved_and_cancelled_as_documented(fresh_practice, golden):
    client = served(fresh_practice)
    [row] = client.get(ROOT + GETS["appointments_of_a_patient"]).json()["results"]
    golden("appointment_get", _without_given_ids(client.get(f"{ROOT}appointment/{row['id']}/")))
    made = client.post(f"{ROOT}appointment/", json=CHECKUP).json()
    golden("error_appointment_clash", client.post(f"{ROOT}appointment/", json={**CHECKUP, "title": "Another"}))
    path = f"{ROOT}appointment/{made['id']}/"
    moved = {"start": "2033-05-05T09:00:00+03:00", "duration": 45, "no_show": False, "confirmed": 1}
    golden("appointment_change", _without_made_up_values(client.patch(path, json=moved)))
    reason = {"cancellation_reason_text": "Feels better"}
    golden("appointment_cancel", _without_made_up_values(client.post(f"{path}cancel_appointment/", json=reason)))


def test_other_errors_answer_as_documented(practice, golden):
    client = practice.provet
    golden("error_key_missing", practice.client().get(f"{ROOT}client/"))
    golden("error_key_wrong", client.get(f"{ROOT}client/", headers={"authorization": "Bearer nobody"}))
    golden("error_method", client.delete(f"{ROOT}client/"))
    golden("error_invoice_method", client.post(f"{ROOT}invoice/", json={}))
    golden("error_media_type", client.post(f"{ROOT}client/", content=b"<a/>", headers={"content-type": "text/xml"}))
    json_type = {"content-type": "application/json"}
    golden("error_parse", client.post(f"{ROOT}client/", content=b'{"firstname": ', headers=json_type))
    form = {"content-type": "application/x-www-form-urlencoded"}
    golden("error_parse_form", client.post(f"{ROOT}client/", content=b"firstname=%ff", headers=form))


@pytest.mark.parametrize("name", TABLE)
def test_the_error_table(golden, name):
    reply = TABLE[name]
    headers = [*reply.headers, (b"content-type", reply.media_type)]
    golden(name, httpx.Response(reply.status, headers=headers, content=reply.body))


def test_what_is_not_connected_is_told_like_what_is_missing():
    wire = ProvetWire({})
    for kind in ("client", "patient", "phone number"):
        assert wire.error(errors.NotConnected(kind, "1")).body == wire.error(errors.Missing(kind, "1")).body


def test_no_golden_file_is_left_over():
    files = {path.stem for path in (Path(__file__).parent / "golden").glob("*.json")}
    assert files == {*GETS, *WRITES, *TABLE, *OTHERS, *OAUTH, *HOOKS}


def _without_given_ids(answer: httpx.Response) -> httpx.Response:
    """The ids of phone numbers and appointments hang on how many clients the demo has."""
    given = r'(/(?:phonenumber|appointment)/|\{"id":)\d+(?=/|,"(?:number|url":"[^"]*/(?:phonenumber|appointment)/))'
    text = re.sub(given, r"\g<1>77", answer.text)
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return httpx.Response(answer.status_code, headers=headers, text=text)


def _without_made_up_values(answer: httpx.Response) -> httpx.Response:
    """The answer with its new numbers and instants, which are this minute's, made the same in every run."""
    known = {218, 456, 1204, 2130, 101, 102, 111, 112, 201, 202, 42, 43, 55, 63}
    if "/reminder/" in answer.text:
        known.remove(55)
    for _, moment in _INSTANT.findall(answer.text):
        at = datetime.fromisoformat(moment)
        assert at.year < 2026 or timedelta(seconds=-1) < datetime.now(UTC) - at < timedelta(minutes=1) or at.month < 5
    text = _INSTANT.sub(r'"\1":"2026-05-04T12:00:00.123456+03:00"', answer.text)
    text = _MADE_ID.sub(lambda found: found[1] + (found[2] if int(found[2]) in known else "7"), text)
    assert json.loads(text)
    return httpx.Response(answer.status_code, headers={"content-type": answer.headers["content-type"]}, text=text)
