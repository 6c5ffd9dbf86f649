# SPDX-License-Identifier: Apache-2.0
"""Appointments: what a booking may be, whose slot is taken, moving and cancelling, and the lists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from polyvet.storage.check import check
from tests.dialects.provet.asking import (
    CHECKUP,
    FENTON,
    HELEN,
    JOHN,
    MAX,
    ROOT,
    VENDOR,
    at,
    booked,
    ids,
    number,
    page,
    sent,
    url,
)

TAKEN = {"non_field_errors": ["There is already an appointment for this time slot."]}
AT_TEN = "2033-05-04T10:00:00+03:00"


def refused(client, body, method="POST", path="appointment/"):
    return sent(client, method, path, body, 400)


def errors(practice):
    return [one for one in practice.run(lambda _: check(practice.url)) if one.severity == "error"]


# --- bodies ---------------------------------------------------------------------------------------------------


def test_every_field_comes_back_as_it_was_sent(fresh_practice):
    client = fresh_practice.provet
    told = {
        "complaint": "x" * 254, "instructions": "Fasting", "notes": "Bring papers", "client_notes": "Late",
        "request_hash": "abc", "no_show": 1, "confirmed": "true", "cancellation_reason_text": "none yet",
        "additional_users": [f"https://us.provetcloud.com{ROOT}user/3/", f"https://us.provetcloud.com{ROOT}user/2/"],
        "client": url("client", HELEN), "type": 7,
    }  # fmt: skip
    made = booked(client, **told)
    people = [number(one) for one in made["additional_users"]]
    assert people == [3, 2]
    for name in told.keys() - {"additional_users", "client", "no_show", "confirmed"}:
        assert made[name] == told[name]
    assert (made["no_show"], made["confirmed"], number(made["client"])) == (True, True, HELEN)
    assert client.get(made["url"]).json() == made
    again = sent(client, "PUT", f"appointment/{made['id']}/", made, 200)
    assert again == {**made, "modified": again["modified"]}
    assert again["modified"] > made["modified"]


def test_minutes_may_stand_for_the_end(fresh_practice):
    client = fresh_practice.provet
    body = {name: value for name, value in CHECKUP.items() if name != "end"}
    assert list(refused(client, body)) == list(refused(client, {**body, "duration": None})) == ["end"]
    made = sent(client, "POST", "appointment/", {**body, "duration": "45"}, 201)
    assert (made["end"], made["duration"]) == (at("10:45"), 45)
    longer = sent(client, "PATCH", f"appointment/{made['id']}/", {"duration": 60}, 200)
    assert (longer["start"], longer["end"], longer["duration"]) == (AT_TEN, at("11:00"), 60)
    both = {"end": at("10:30"), "duration": 60}  # as a client sends back what it read, with another end
    assert sent(client, "PATCH", f"appointment/{made['id']}/", both, 200)["duration"] == 30


def test_dates_are_those_of_the_clinics_own_zone(fresh_practice):
    made = booked(fresh_practice.provet, start="2033-05-04 23:30", end="2033-05-04T21:30:00Z")
    assert (made["start"], made["end"]) == (at("23:30"), "2033-05-05T00:30:00+03:00")
    assert (made["start_date"], made["end_date"], made["duration"]) == ("2033-05-04", "2033-05-05", 60)


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        (AT_TEN, AT_TEN, "end"),
        (AT_TEN, at("09:59"), "end"),
        (AT_TEN, at("10:01", "2033-06-04"), "end"),
        ("1969-12-31T23:59:59Z", AT_TEN, "start"),
        ("0001-01-01T00:00:00+14:00", AT_TEN, "start"),
        (AT_TEN, "9999-12-31T23:59:59-12:00", "end"),
        (AT_TEN, "2033-02-30T10:00:00Z", "end"),
        (None, AT_TEN, "start"),
        (1, AT_TEN, "start"),
        (AT_TEN, {"at": 1}, "end"),
    ],
)
def test_times_that_do_not_hold_are_refused(fresh_practice, start, end, name):
    client = fresh_practice.provet
    assert list(refused(client, {**CHECKUP, "start": start, "end": end})) == [name]
    made = booked(client)
    assert list(refused(client, {"start": start, "end": end}, "PATCH", f"appointment/{made['id']}/")) == [name]
    assert client.get(made["url"]).json() == made


def test_a_stay_of_a_month_is_an_appointment(fresh_practice):
    stay = {"start": AT_TEN, "end": at("10:00", "2033-06-04"), "type": 8}
    assert booked(fresh_practice.provet, **stay)["duration"] == 31 * 24 * 60


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", ""), ("title", " "), ("title", None), ("title", "x" * 251), ("title", ["T"]), ("title", "a\0b"),
        ("complaint", "x" * 255), ("notes", "x" * 20_001), ("type", 0), ("type", 10), ("type", "consultation"),
        ("type", None), ("type", True), ("department", 11), ("department", None), ("active", "maybe"),
        ("department", url("department", 99)), ("department", url("client", JOHN)), ("user", url("user", 99)),
        ("user", url("patient", FENTON)), ("user", "1"), ("client", url("client", 999_999)),
        ("patients", url("patient", FENTON)), ("patients", [url("patient", 999_999)]), ("patients", [None]),
        ("patients", [url("patient", FENTON)] * 10_000), ("patients", {"id": 1}), ("no_show", 2),
        ("additional_users", [url("user", n) for n in range(1, 22)]), ("additional_users", [url("user", 99)]),
        ("duration", 0), ("duration", 1e9), ("duration", "long"), ("request_hash", "x" * 251),
        ("cancellation_reason_text", "x" * 1_001),
    ],
)  # fmt: skip
def test_a_field_that_does_not_hold_is_named_and_nothing_is_booked(practice, name, value):
    client = practice.provet
    before = page(client, "appointment/?page_size=1")["count"]
    assert list(refused(client, {**CHECKUP, name: value})) == [name]
    assert page(client, "appointment/?page_size=1")["count"] == before


@pytest.mark.parametrize("body", [[], "text", 7, True])
def test_a_body_that_is_no_object_is_refused(practice, body):
    refused(practice.provet, body)


def test_an_appointment_is_not_deleted(practice):
    answer = practice.provet.delete(f"{ROOT}appointment/1/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH, PUT")


def test_a_booking_that_is_sent_twice_with_one_key_is_one(fresh_practice):
    client = fresh_practice.provet
    first, second = (
        client.post(f"{ROOT}appointment/", json=CHECKUP, headers={"idempotency-key": "once"}) for _ in range(2)
    )
    assert (first.status_code, second.status_code, first.content) == (201, 201, second.content)


# --- who comes ------------------------------------------------------------------------------------------------


def test_the_client_is_the_patients_owner(fresh_practice):
    client = fresh_practice.provet
    made = booked(client)
    assert (number(made["client"]), [number(one) for one in made["patients"]]) == (HELEN, [FENTON])
    path = f"appointment/{made['id']}/"
    for body in ({"client": url("client", JOHN)}, {"patients": [url("patient", MAX), url("patient", FENTON)]}):
        assert refused(client, body, "PATCH", path) == {"patients": ["A patient is not the client's."]}
    assert refused(client, {**CHECKUP, "client": url("client", JOHN)}) == {
        "patients": ["A patient is not the client's."]
    }
    johns = {"client": url("client", JOHN), "patients": []}
    moved = sent(client, "PATCH", path, johns, 200)
    assert (number(moved["client"]), moved["patients"]) == (JOHN, [])
    nobody = sent(client, "PATCH", path, {"client": None, "user": None}, 200)
    assert (nobody["client"], nobody["user"]) == (None, None)


def test_many_animals_come_in_the_order_in_which_they_were_named(fresh_practice):
    client = fresh_practice.provet
    pets = [FENTON]
    for name in ("Ada", "Bob", "Cleo"):
        body = {"client": url("client", HELEN), "name": name, "species": 15461002}
        pets.append(sent(client, "POST", "patient/", body, 201)["id"])
    wanted = [pets[2], pets[0], pets[3], pets[1]]
    made = booked(client, patients=[url("patient", one) for one in [*wanted, wanted[0]]])
    assert [number(one) for one in made["patients"]] == wanted
    for one in pets:
        assert made["id"] in ids(client, f"appointment/?patients__is={one}")
    fewer = sent(client, "PATCH", f"appointment/{made['id']}/", {"patients": [url("patient", pets[3])]}, 200)
    assert [number(one) for one in fewer["patients"]] == [pets[3]]
    assert made["id"] not in ids(client, f"appointment/?patients__is={pets[2]}")
    found = ids(client, f"appointment/?patients__in={pets[1]},{pets[3]}")
    assert found.count(made["id"]) == 1


def test_what_an_appointment_points_to_must_be_there(fresh_practice):
    """Newly; what it points to already may go."""
    client = fresh_practice.provet
    made = booked(client, client=url("client", HELEN), user=url("user", 3), additional_users=[url("user", 2)])
    sent(client, "PATCH", f"patient/{FENTON}/", {"archived": True}, 200)
    sent(client, "PATCH", f"client/{HELEN}/", {"archived": True}, 200)
    for person in (2, 3):
        sent(client, "PATCH", f"user/{person}/", {"is_active": 0}, 200)
    path = f"appointment/{made['id']}/"
    changed = sent(client, "PUT", path, {**made, "notes": "N"}, 200)
    assert {**changed, "modified": ""} == {**made, "notes": "N", "modified": ""}
    later = {"start": at("12:00"), "end": at("13:00")}
    for name, value in (
        ("patients", [url("patient", FENTON)]),
        ("user", url("user", 3)),
        ("additional_users", [url("user", 2)]),
    ):
        body = {**CHECKUP, **later, "patients": [], "user": None, name: value}
        assert list(refused(client, body)) == [name]
    body = {**CHECKUP, **later, "patients": [], "user": None, "client": url("client", HELEN)}
    assert list(refused(client, body)) == ["client"]


# --- slots ----------------------------------------------------------------------------------------------------


def test_a_slot_is_taken_by_whoever_takes_part(fresh_practice):
    client = fresh_practice.provet
    booked(client, additional_users=[url("user", 2)])
    half = {"start": at("10:29"), "end": at("11:00")}
    assert refused(client, {**CHECKUP, **half}) == TAKEN
    assert refused(client, {**CHECKUP, **half, "user": url("user", 2)}) == TAKEN
    assert refused(client, {**CHECKUP, **half, "user": url("user", 3), "additional_users": [url("user", 1)]}) == TAKEN
    assert refused(client, {**CHECKUP, **half, "user": None, "additional_users": [url("user", 2)]}) == TAKEN
    within = {"start": at("10:10"), "end": at("10:11")}
    around = {"start": at("09:00", "2033-05-03"), "end": at("09:00", "2033-05-20")}
    assert refused(client, {**CHECKUP, **within}) == refused(client, {**CHECKUP, **around}) == TAKEN
    booked(client, user=None)
    booked(client, user=url("user", 3))
    booked(client, start=at("10:30"), end=at("11:00"))
    booked(client, start=at("09:30"), end=at("10:00"))


def test_a_long_stay_is_in_the_way_until_its_end(fresh_practice):
    client = fresh_practice.provet
    booked(client, start=at("10:00", "2033-05-04"), end=at("10:00", "2033-06-04"))
    assert refused(client, {**CHECKUP, "start": at("09:59", "2033-06-04"), "end": at("10:30", "2033-06-04")}) == TAKEN
    booked(client, start=at("10:00", "2033-06-04"), end=at("10:30", "2033-06-04"))


def test_moving_into_a_taken_slot_or_to_a_busy_user_is_refused(fresh_practice):
    client = fresh_practice.provet
    booked(client)
    other = booked(client, start=at("11:00"), end=at("11:30"))
    third = booked(client, user=url("user", 2))
    path = f"appointment/{other['id']}/"
    assert refused(client, {"start": at("10:29"), "end": at("10:59")}, "PATCH", path) == TAKEN
    assert refused(client, {"user": url("user", 1)}, "PATCH", f"appointment/{third['id']}/") == TAKEN
    assert refused(client, {"additional_users": [url("user", 1)]}, "PATCH", f"appointment/{third['id']}/") == TAKEN
    assert client.get(other["url"]).json() == other
    moved = sent(client, "PATCH", path, {"start": at("10:30"), "end": at("11:15")}, 200)
    assert sent(client, "PATCH", path, {"title": "T"}, 200)["start"] == moved["start"]


def test_who_is_beside_an_appointment_moves_with_it(fresh_practice):
    client = fresh_practice.provet
    made = booked(client, user=None, additional_users=[url("user", 2)])
    sent(client, "PATCH", f"appointment/{made['id']}/", {"start": at("15:00"), "end": at("16:00")}, 200)
    booked(client, user=url("user", 2))
    assert refused(client, {**CHECKUP, "user": url("user", 2), "start": at("15:30"), "end": at("16:30")}) == TAKEN
    assert errors(fresh_practice) == []


def test_an_appointment_that_is_on_again_needs_its_slot(fresh_practice):
    client = fresh_practice.provet
    first = booked(client)
    path = f"appointment/{first['id']}/"
    assert sent(client, "PATCH", path, {"active": 0}, 200)["active"] == 0
    second = booked(client)
    assert refused(client, {"active": True}, "PATCH", path) == TAKEN
    sent(client, "PATCH", path, {"notes": "while it is off"}, 200)
    assert sent(client, "POST", f"appointment/{second['id']}/cancel_appointment/", {}, 200)["active"] == 0
    assert sent(client, "PATCH", path, {"active": 1}, 200)["active"] == 1
    off = booked(client, active="0")
    assert off["active"] == 0


def test_cancelling_takes_no_body_at_all(fresh_practice):
    client = fresh_practice.provet
    made = booked(client)
    path = f"{ROOT}appointment/{made['id']}/cancel_appointment/"
    gone = client.post(path)
    assert (gone.status_code, gone.json()["active"], gone.json()["cancellation_reason_text"]) == (200, 0, "")
    body = {"cancellation_reason": f"{VENDOR}{ROOT}cancellation_reason/1/", "cancellation_reason_text": "Ill"}
    assert client.post(path, json=body).json()["cancellation_reason_text"] == "Ill"
    assert client.post(path).json()["cancellation_reason_text"] == "Ill"
    assert client.post(path, json={"cancellation_reason_text": ["Ill"]}).status_code == 400
    assert client.post(path, content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post(f"{ROOT}appointment/999999/cancel_appointment/").status_code == 404


def test_of_bookings_of_one_slot_at_once_exactly_one_wins(fresh_practice):
    """Through two servers on one store, so that neither's memory can decide."""
    other = fresh_practice.served_otherwise(public_url=VENDOR)
    ways = [
        {"user": url("user", 1)},
        {"user": url("user", 2), "additional_users": [url("user", 1)]},
        {"user": None, "additional_users": [url("user", 1)]},
    ]
    clients = [one.client("provet_main", scheme="Token") for one in (fresh_practice, other) for _ in range(6)]

    def post(place):
        body = {**CHECKUP, **ways[place % 3], "start": at(f"10:{place:02}"), "end": at("10:45")}
        return clients[place].post(f"{ROOT}appointment/", json=body)

    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(post, range(len(clients))))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * (len(clients) - 1)
    assert all(answer.json() == TAKEN for answer in answers if answer.status_code == 400)
    numbers = ids(fresh_practice.provet, "appointment/")
    assert numbers == list(range(1, len(numbers) + 1))
    assert errors(fresh_practice) == []


# --- lists ----------------------------------------------------------------------------------------------------
