# SPDX-License-Identifier: Apache-2.0
"""Lists of appointments: filters, pages, what is exposed, and what another clinic sees of them."""

from __future__ import annotations

from polyvet.core import clients
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import client_files
from tests.dialects.provet.asking import (
    CHECKUP,
    FENTON,
    HELEN,
    OTHER_ROOT,
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

AT_TEN = "2033-05-04T10:00:00+03:00"


def test_filters_that_clients_send_find_what_they_ask_for(fresh_practice):
    client = fresh_practice.provet
    everything = page(client, "appointment/?page_size=1000")["results"]
    made = booked(client, type=9, client=url("client", HELEN), additional_users=[url("user", 3)])
    sale = booked(client, patients=[], user=None, title="Food", type=3, end=at("10:05"))
    everything += [made, sale]
    for query, wanted in {
        f"client__is={HELEN}": lambda row: row["client"] and number(row["client"]) == HELEN,
        f"client__eq={HELEN}": lambda row: row["client"] and number(row["client"]) == HELEN,
        f"client__is_not={HELEN}": lambda row: not row["client"] or number(row["client"]) != HELEN,
        "client__is_null=true": lambda row: row["client"] is None,
        "patients__is_null=true": lambda row: not row["patients"],
        "patients__is_null=false": lambda row: row["patients"],
        f"patients__is={FENTON}": lambda row: FENTON in [number(one) for one in row["patients"]],
        "user=1": lambda row: row["user"] and number(row["user"]) == 1,
        "user__is_not=1": lambda row: not row["user"] or number(row["user"]) != 1,
        "user__is_null=1": lambda row: row["user"] is None,
        "department__in=[2,11]": lambda row: row["department"] and number(row["department"]) in (2, 11),
        "active__is=1": lambda row: row["active"] == 1,
        "active=0": lambda row: row["active"] == 0,
        "type__is=9": lambda row: row["type"] == 9,
        "reason__not_in=1,2": lambda row: True,
        "reason__is=1": lambda row: False,
        "consultation__is=7": lambda row: True,
        "end__lt=2033-05-04T10:30:00%2B03:00&start__gte=2033-05-04": lambda row: row is sale,
        "filter_type=or&type__is=9&active__is=0": lambda row: row["type"] == 9 or not row["active"],
    }.items():
        assert ids(client, f"appointment/?{query}") == [row["id"] for row in everything if wanted(row)], query
    assert ids(client, "appointment/?start__range=2033-05-04,2033-05-05") == [made["id"], sale["id"]]
    assert ids(client, f"appointment/?modified__gt={made['modified'].replace('+', '%2B')}") == [sale["id"]]
    newest = page(client, "appointment/?ordering=-modified&page_size=2")["results"]
    assert [row["id"] for row in newest] == [sale["id"], made["id"]]
    starts = [row["start"] for row in page(client, "appointment/?ordering=start&page_size=1000")["results"]]
    assert len(starts) == len(everything)
    assert starts[-1] == AT_TEN
    for query in ("start__gte=soon", "active__is=2", "type__is=x", "client__is=abc"):
        assert client.get(f"{ROOT}appointment/?{query}").status_code == 400


def test_pages_give_every_appointment_once(practice):
    client = practice.provet
    whole = ids(client, "appointment/")
    found = [row["id"] for n in range(1, 6) for row in page(client, f"appointment/?page={n}&page_size=20")["results"]]
    assert found == whole[:100]
    assert whole == sorted(whole)


def test_what_is_exposed_stands_in_the_place_of_its_url(practice):
    client = practice.provet
    plain = page(client, "appointment/?page_size=1000&patients__is_null=false")["results"]
    asked = "&".join(f"expose_{name}=true" for name in ("client", "patients", "user", "department", "reason"))
    shown = page(client, f"appointment/?page_size=1000&patients__is_null=false&{asked}")["results"]
    assert len(shown) == len(plain) > 50
    for one, urls in zip(shown, plain, strict=True):
        assert [one[name]["url"] for name in ("client", "user", "department")] == [
            urls["client"], urls["user"], urls["department"]
        ]  # fmt: skip
        assert [animal["url"] for animal in one["patients"]] == urls["patients"]
        assert one["patients"][0]["client"] == urls["client"]
        assert {**one, "client": 0, "user": 0, "department": 0, "patients": 0} == {
            **urls, "client": 0, "user": 0, "department": 0, "patients": 0
        }  # fmt: skip
    one = plain[0]
    for name in ("client", "user", "department"):
        found = client.get(f"{one['url']}?expose_{name}").json()[name]
        assert found == client.get(one[name]).json()
    [shown_patient] = client.get(f"{one['url']}?expose_patients").json()["patients"]
    patient = client.get(one["patients"][0]).json()
    assert shown_patient == {name: patient[name] for name in shown_patient}  # of whom a get tells merges, too


def test_exposing_asks_for_the_permission_of_what_is_shown(practice):
    client = practice.client(practice.new_key("provet", permissions=("calendar:read",)))
    assert client.get(f"{ROOT}appointment/").status_code == 200
    for name in ("client", "patients", "user"):
        assert client.get(f"{ROOT}appointment/?expose_{name}=true").status_code == 403
    assert client.get(f"{ROOT}appointment/?expose_department=true").status_code == 200
    assert client.post(f"{ROOT}appointment/", json=CHECKUP).status_code == 403


def test_every_url_of_an_appointment_can_be_fetched(practice):
    client = practice.provet
    for row in page(client, "appointment/?page_size=20")["results"]:
        for link in (row["url"], row["client"], row["user"], row["department"], *row["patients"]):
            assert link is None or client.get(link).status_code == 200


def test_another_clinic_neither_reads_nor_blocks(fresh_practice):
    client, stranger = fresh_practice.provet, fresh_practice.other_provet
    made = booked(client)
    assert stranger.get(f"{OTHER_ROOT}appointment/{made['id']}/").status_code == 404
    there = f"{VENDOR}{OTHER_ROOT}"
    body = {**CHECKUP, "department": f"{there}department/21/", "user": f"{there}user/1/", "patients": []}
    assert stranger.post(f"{OTHER_ROOT}appointment/", json=body).status_code == 201
    body["patients"] = CHECKUP["patients"]
    assert stranger.post(f"{OTHER_ROOT}appointment/", json=body).json() == {
        "patients": ["Invalid hyperlink - Object does not exist."]
    }


def test_what_the_clinic_sees_no_more_is_left_out(fresh_practice):
    """A client whose connection ended: its appointments stay, without a URL that leads nowhere."""
    client = fresh_practice.provet
    made = booked(client)
    helen = fresh_practice.run(lambda store: client_files.id_of(store.reader, MAIN_CLINIC, HELEN))
    touching = clients.connecting(MAIN_CLINIC, SECOND_CLINIC, helen)
    fresh_practice.change(touching, lambda w: clients.connect(w, helen, "shown", SECOND_CLINIC))
    fresh_practice.change(touching, lambda w: clients.disconnect(w, helen, "shown"))
    after = client.get(made["url"]).json()
    assert after == {**made, "client": None, "patients": []}
    assert ids(client, f"appointment/?client__is={HELEN}") == ids(client, f"appointment/?patients__is={FENTON}") == []
    kept = sent(client, "PUT", f"appointment/{made['id']}/", {**after, "notes": "N"}, 200)
    fresh_practice.change(touching, lambda w: clients.connect(w, helen, "shown", MAIN_CLINIC), clinic_id=SECOND_CLINIC)
    assert client.get(made["url"]).json() == {**made, "notes": "N", "modified": kept["modified"]}
