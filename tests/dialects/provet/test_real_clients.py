# SPDX-License-Identifier: Apache-2.0
"""What programs in production send, byte by byte, as far as it is known [client]: a test for each program."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from tests.dialects.harness import SECRETS, Practice
from tests.dialects.provet.asking import DOG, FENTON, JOHN, ROOT, number
from tests.dialects.raw import Answer, send

TOKEN = SECRETS["provet", 4].encode()
JSON = b"Content-Type: application/json"


def asked(
    practice: Practice, line: str, body: Any = None, *, scheme: bytes = b"Bearer", headers: tuple[bytes, ...] = ()
) -> Answer:
    """A request line such as `GET /client/`, below the installation's API, and a JSON body."""
    method, _, path = line.partition(" ")
    text = b"" if body is None else msgspec.json.encode(body)
    lines = [b"Authorization: " + scheme + b" " + TOKEN, *headers, *([JSON] if text else [])]
    return send(practice, (ROOT.rstrip("/") + path).encode(), *lines, method=method.encode(), body=text)


def got(practice: Practice, line: str, status: int = 200, **more: Any) -> Any:
    """The same as JSON."""
    answer = asked(practice, line, **more)
    assert answer.status == status, answer.content
    return answer.json()


def test_the_ruby_library_pages_by_number_puts_and_archives_by_one(fresh_practice: Practice) -> None:
    rows: list[Any] = []
    number_, pages = 1, 1
    while number_ <= pages:
        found = got(fresh_practice, f"GET /client/?page={number_}", scheme=b"Token")
        assert isinstance(found["num_pages"], int)
        assert found["results"]
        rows, pages, number_ = rows + found["results"], found["num_pages"], number_ + 1
    assert len(rows) == found["count"]
    path = f"/client/{rows[0]['id']}/"
    assert got(fresh_practice, f"PUT {path}", body={"firstname": "Ruby"}, scheme=b"Token")["firstname"] == "Ruby"
    assert got(fresh_practice, f"PATCH {path}", body={"archived": 1}, scheme=b"Token")["archived"] is True
    assert got(fresh_practice, f"PATCH {path}", body={"archived": 0}, scheme=b"Token")["archived"] is False
    for kind, field in (("appointment", "active"), ("user", "is_active")):
        # The last: the first user looks after the server, and stays.
        one = got(fresh_practice, f"GET /{kind}/?page=1", scheme=b"Token")["results"][-1]
        after = got(fresh_practice, f"PATCH /{kind}/{one['id']}/", body={field: 0}, scheme=b"Token")
        assert after[field] in (0, False)
    for kind, ident in (("client", rows[1]["id"]), ("patient", FENTON)):
        assert asked(fresh_practice, f"DELETE /{kind}/{ident}/", scheme=b"Token").status == 204


def test_the_php_library_joins_lists_by_commas_and_follows_next(fresh_practice: Practice) -> None:
    line = f"/client/?page=1&page_size=20&ordering=-modified,id&include_archived=true&id__in={JOHN},1,2,3"
    first = got(fresh_practice, f"GET {line}")
    assert {row["id"] for row in first["results"]} == {JOHN, 1, 2, 3}
    page = got(fresh_practice, "GET /patient/?page_size=20&ordering=id&filter_type=or")
    seen = {row["id"] for row in page["results"]}
    while page["next"]:
        target = urlsplit(page["next"])
        page = got(fresh_practice, f"GET {target.path.removeprefix(ROOT.rstrip('/'))}?{target.query}")
        seen |= {row["id"] for row in page["results"]}
    assert len(seen) == page["count"]
    assert asked(fresh_practice, f"DELETE /patient/{FENTON}/").status == 204
    assert asked(fresh_practice, f"DELETE /client/{JOHN}/").status == 204


def test_an_owner_app_registers_without_slashes_and_with_numbers_as_texts(fresh_practice: Practice) -> None:
    body = {
        "email": "pat@example.org", "zip_code": "15213", "firstname": "Pat", "lastname": "Doe", "street_address": "",
        "city": "", "patients": [],
    }  # fmt: skip
    person = got(fresh_practice, "POST /client/", 201, body=body)
    assert got(fresh_practice, f"PATCH /client/{person['id']}", body={"city": "Pittsburgh"})["city"] == "Pittsburgh"
    assert asked(fresh_practice, f"GET /client/{person['id']}").status == 301
    [found] = got(fresh_practice, "GET /client/?email__is=pat@example.org&archived__is=0")["results"]
    assert found["id"] == person["id"]
    animal = {
        "client": person["url"], "name": "Rex", "species": str(DOG), "breed": "13689002", "gender": 4,
        "date_of_birth": "2021-03-04", "archived": 0, "critical_notes": "bites",
    }  # fmt: skip
    pet = got(fresh_practice, "POST /patient/", 201, body=animal)
    assert "female" in pet["gender"].lower()
    assert (pet["critical_notes"], pet["breed_code"]) == ("bites", 13689002)
    weighed = {"timestamp": "2026-01-02T03:04:05-05:00", "weight": "12.3"}
    got(fresh_practice, f"POST /patient/{pet['id']}/weight/", 201, body=weighed)
    assert got(fresh_practice, f"GET /patient/{pet['id']}/")["weight"] == 12.3
    dead = {"deceased": "2026-02-01", "reason_of_death": "age", "archived": True}
    after = got(fresh_practice, f"PATCH /patient/{pet['id']}", body=dead)
    assert (after["deceased"], after["reason_of_death"], after["archived"]) == ("2026-02-01", "age", True)


def test_an_owner_app_replaces_phone_numbers_and_writes_values_flat(fresh_practice: Practice) -> None:
    url = f"http://any.host{ROOT}client/{JOHN}/"
    for phone in got(fresh_practice, f"GET /client/{JOHN}/")["phone_numbers"]:
        assert asked(fresh_practice, f"DELETE /phonenumber/{phone['id']}/").status == 204
    new = {"client": url, "type_code": 1, "phone_number": "+14125550100", "description": "cell"}
    got(fresh_practice, "POST /phonenumber/", 201, body=new)
    value = got(fresh_practice, "POST /custom_field_values/", 201, body={"field": 42, "value": "x", "object_id": JOHN})
    body = {"field": 42, "value": "y", "object_id": JOHN}
    assert got(fresh_practice, f"PATCH /custom_field_values/{value['id']}/", body=body)["value"] == "y"
    person = got(fresh_practice, f"GET /client/{JOHN}/")
    assert person["phone_numbers"][0]["number"] == "+14125550100"
    assert [(row["field_id"], row["value"]) for row in person["fields_rel"]] == [(42, "y")]
    assert person["fields_rel"][0]["label"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_vendors_samples_load_all_and_upsert_by_the_old_number(fresh_practice: Practice, method: str) -> None:
    rows: list[Any] = []
    url: str | None = "/client/?page_size=1000"
    while url:
        found = got(fresh_practice, f"GET {url}")
        rows, url = rows + found["results"], found["next"]
    assert len(rows) == found["count"]
    body = {"firstname": "Old", "lastname": "Number", "old_client_id": 4711}
    if method == "POST":
        made = got(fresh_practice, "POST /client/", 201, body=body)
    else:
        path = f"/client/{rows[0]['id']}/"
        made = got(fresh_practice, f"PUT {path}", body=body, headers=(b"X-HTTP-Method-Override: PUT",))
    assert made["url"]
    [same] = got(fresh_practice, "GET /client/?old_client_id__is=4711")["results"]
    assert (same["id"], str(same["old_client_id"])) == (made["id"], "4711")


def test_an_invoicing_program_is_sent_on_to_the_slash_and_reads_countries(fresh_practice: Practice) -> None:
    line = "/consultation?page=1&page_size=1000&ordering=-modified&modified__gte=2020-01-01%2000:00%2B00:00"
    moved = asked(fresh_practice, f"GET {line}")
    assert moved.status == 301
    target = urlsplit(moved.headers["location"])
    assert parse_qs(target.query)["modified__gte"] == ["2020-01-01 00:00+00:00"]
    found = got(fresh_practice, f"GET {target.path.removeprefix(ROOT.rstrip('/'))}?{target.query}")
    stamps = [row["modified"] for row in found["results"]]
    assert found["count"] == len(stamps) > 10
    assert stamps == sorted(stamps, reverse=True)
    got(fresh_practice, f"PATCH /client/{JOHN}/", body={"country": "ES", "id_number": "X1", "vat_number": "B1"})
    person = got(fresh_practice, f"GET /client/{JOHN}/")
    assert (person["country"], person["id_number"], person["vat_number"]) == (
        {"code": "ES", "name": "Spain"},
        "X1",
        "B1",
    )


def test_a_data_pipeline_echoes_a_modified_and_takes_only_the_page_out_of_next(fresh_practice: Practice) -> None:
    found = got(fresh_practice, "GET /patient/?page_size=500&ordering=modified", scheme=b"Token")
    cursor = found["results"][len(found["results"]) // 2]["modified"].replace("+", "%2B")
    line, page, rows = f"/patient/?page_size=20&modified__gte={cursor}", "1", []
    while True:
        answer = got(fresh_practice, f"GET {line}&page={page}", scheme=b"Token")
        rows += answer["results"]
        if answer["next"] is None:
            break
        [page] = parse_qs(urlsplit(answer["next"]).query)["page"]
    assert len({row["id"] for row in rows}) == answer["count"] == len(rows)


def test_a_messenger_finds_a_client_by_a_number_and_its_appointments(fresh_practice: Practice) -> None:
    body = {"client": f"http://any.host{ROOT}client/{JOHN}/", "phone_number": "+972501234567", "type_code": 1}
    got(fresh_practice, "POST /phonenumber/", 201, body=body)
    for plus in ("+", "%2B"):
        found = got(fresh_practice, f"GET /client/?phonenumbers.phone_number__is={plus}972501234567")
        assert [row["id"] for row in found["results"]] == [JOHN]
    got(fresh_practice, f"GET /patient/?client__is={JOHN}&archived__is=false")
    exposed = "expose_patients=true&expose_user=true&expose_department=true"
    line = f"/appointment/?start__range=2026-01-01,2031-12-31&active__is=1&{exposed}&page_size=50"
    rows = got(fresh_practice, f"GET {line}")["results"]
    assert rows
    assert all(row["active"] == 1 for row in rows)
    assert any(isinstance(row["user"], dict) for row in rows)
    assert any(row["patients"] and isinstance(row["patients"][0], dict) for row in rows)
    got(fresh_practice, "GET /reminder/?planned_sending_date__is=2026-05-05&status__in=0,1")


def test_a_waiting_room_screen_probes_departments_and_follows_relations(practice: Practice) -> None:
    assert asked(practice, "GET /department/").status == 200
    for row in got(practice, "GET /consultation/?page_size=5")["results"]:
        for name in ("client", "supervising_veterinarian"):
            if row[name]:
                assert asked(practice, f"GET {urlsplit(row[name]).path.removeprefix(ROOT.rstrip('/'))}").status == 200
        for url in row["patients"]:
            assert re.search(r"/patient/\d+/$", url)
            assert got(practice, f"GET /patient/{number(url)}/")["url"] == url


def test_a_vaccination_register_gets_a_miss_for_items_that_are_not_served(practice: Practice) -> None:
    line = "/consultation_items/medicine/?vaccination__is=true&modified__gt=2026-01-01&modified__lte=2026-02-01"
    assert got(practice, f"GET {line}", 404) == {"detail": "Not found."}
    assert got(practice, f"GET /patient/{FENTON}/")["microchip"] is None
