# SPDX-License-Identifier: Apache-2.0
"""Credentials, paths with and without their slash, pages, limits, and what the root lists."""

from __future__ import annotations

import time

import pytest

from polyvet.dialects.provet.wire import USUAL_LIMIT
from tests.dialects.harness import SECRETS
from tests.dialects.provet.asking import FENTON, HELEN, JOHN, OTHER_ROOT, ROOT, SMITH, ids, page, sent
from tests.dialects.raw import send

KEY = SECRETS["provet", 4]


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_a_key_is_sent_as_token_or_bearer(practice, scheme):
    assert practice.client(KEY, scheme=scheme).get(f"{ROOT}client/{JOHN}/").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Token", "Basic " + KEY, KEY, "Bearer nobody", "Token " + KEY + "x"])
def test_anything_else_is_no_credential(practice, authorization):
    answer = practice.client().get(f"{ROOT}client/", headers={"authorization": authorization})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"detail": "Authentication credentials were not provided."}


def test_a_key_is_for_one_installation_and_one_dialect(practice):
    for client, root in (
        (practice.provet, OTHER_ROOT),
        (practice.other_provet, ROOT),
        (practice.provet, "/99/api/0.1/"),
    ):
        for path in ("", "client/", f"client/{JOHN}/", "codelist/species/", "patient/bulk/"):
            assert client.request("POST" if "bulk" in path else "GET", root + path, json=[]).status_code == 401
    assert practice.vetigen.get(f"{ROOT}client/").status_code == 401
    assert practice.provet.get("/api/v1/owners").status_code == 401


@pytest.mark.parametrize(
    ("granted", "method", "path"),
    [
        ("patients:read", "GET", "client/"),
        ("patients:read", "GET", f"client/{JOHN}/"),
        ("patients:read", "GET", "phonenumber/"),
        ("clients:read", "POST", "client/"),
        ("clients:read", "POST", "phonenumber/"),
        ("clients:read", "PATCH", f"client/{JOHN}/"),
        ("clients:read", "DELETE", f"client/{JOHN}/"),
        ("clients:read", "POST", f"client/{JOHN}/custom_field_values/"),
        ("clients:read", "GET", "patient/"),
        ("clients:read", "GET", f"patient/{FENTON}/custom_field_values/"),
        ("patients:read", "POST", "patient/"),
        ("patients:read", "POST", "patient/bulk/"),
        ("patients:read", "PUT", f"patient/{FENTON}/"),
        ("invoices:read", "GET", "consultation/"),
        ("invoices:read", "GET", "consultation/1/"),
        ("records:read", "GET", "invoice/"),
        ("records:read", "GET", "invoice/1/"),
        ("records:read", "GET", "invoicerow/"),
        ("records:read", "GET", "invoicerow/1000/"),
        ("reminders:write", "GET", "reminder/"),
        ("reminders:write", "GET", "reminder/1/"),
        ("reminders:read", "POST", "reminder/"),
        ("reminders:read", "PUT", "reminder/1/"),
        ("reminders:read", "DELETE", "reminder/1/"),
        ("reminders:read", "POST", "reminder/1/mark_sent/"),
        ("reminders:read", "GET", "reminder/1/?expose_client=true"),
    ],
)
def test_a_key_without_the_permission_is_refused(practice, granted, method, path):
    client = practice.client(practice.new_key("provet", permissions=(granted,)), scheme="Token")
    answer = client.request(method, ROOT + path, json={} if method != "GET" else None)
    assert answer.status_code == 403
    assert answer.json() == {"detail": "You do not have permission to perform this action."}


def test_a_flat_value_asks_for_the_permission_of_what_it_stands_on(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", f"client/{JOHN}/custom_field_values/", {"field_id": 42, "value": "A"}, 201)
    path = f"{ROOT}custom_field_values/{made['id']}/"
    other = fresh_practice.client(fresh_practice.new_key("provet", permissions=("patients:read", "patients:write")))
    assert [other.get(path).status_code, other.delete(path).status_code] == [403, 403]
    assert other.patch(path, json={"value": "B"}).status_code == 403
    body = {"field": 42, "value": "B", "object_id": JOHN}
    assert other.post(f"{ROOT}custom_field_values/", json=body).status_code == 403
    assert client.get(path).json()["value"] == "A"


# --- paths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["client", "client?page=1&lastname__is=H%C3%A4", f"patient/{FENTON}", "custom_fields"])
def test_a_read_without_the_slash_is_sent_on_with_its_query(practice, path):
    answer = practice.provet.get(ROOT + path)
    bare, mark, query = path.partition("?")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{ROOT}{bare}/{mark}{query}")
    followed = practice.provet.get(ROOT + path, follow_redirects=True)
    assert (followed.status_code, followed.json()) == (200, practice.provet.get(f"{ROOT}{bare}/{mark}{query}").json())


def test_a_write_without_the_slash_is_served(fresh_practice):
    client = fresh_practice.provet
    assert sent(client, "PATCH", f"client/{JOHN}", {"city": "Bath"}, 200)["city"] == "Bath"
    assert sent(client, "PUT", f"patient/{FENTON}", {"color": "Red"}, 200)["color"] == "Red"
    made = sent(client, "POST", "client", SMITH, 201)
    assert client.delete(f"{ROOT}client/{made['id']}").status_code == 204


@pytest.mark.parametrize("path", ["task", "task/", "client/1/2/", "client//", "..//client/", "patient/bulk"])
def test_a_path_that_is_not_served_is_not_found(practice, path):
    assert send(practice, f"{ROOT}{path}".encode(), key=KEY).status_code in (404, 405)


def test_a_location_holds_nothing_that_could_leave_the_host_or_the_header(practice):
    for path in (b"/4/api/0.1/client%0d%0aSet-Cookie:x=1", b"//evil.example/4/api/0.1/client"):
        answer = send(practice, path, key=KEY)
        assert answer.status_code in (400, 404)
        assert "location" not in answer.headers


@pytest.mark.parametrize("ident", ["0", "-1", "1.5", "999999999999999999999", "abc", "%D9%A3", "456%20"])
def test_what_is_no_number_of_a_client_is_not_found(practice, ident):
    answer = practice.provet.get(f"{ROOT}client/{ident}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_the_root_names_lists_that_can_be_fetched(practice):
    found = practice.provet.get(ROOT).json()
    assert {"client", "patient", "phonenumber", "custom_fields", "department", "codelist/species"} <= found.keys()
    for url in found.values():
        assert practice.provet.get(url).status_code == 200, url


def test_every_url_in_an_answer_can_be_fetched(practice):
    client = practice.provet
    shown = client.get(f"{ROOT}client/{HELEN}/").json()
    for url in (shown["url"], *shown["patients"], client.get(shown["patients"][0]).json()["client"]):
        assert client.get(url).status_code == 200


# --- pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "client/",
        "patient/",
        "phonenumber/",
        "patient/?archived__is=false&ordering=-modified",
        "reminder/?ordering=-planned_sending_date",
    ],
)
def test_pages_by_number_give_every_row_once(practice, path):
    client = practice.provet
    joint = "&" if "?" in path else "?"
    whole = [row["id"] for row in page(client, f"{path}{joint}page_size=1000")["results"]]
    first = page(client, f"{path}{joint}page_size=7")
    found: list[int] = []
    for n in range(1, first["num_pages"] + 1):
        one = page(client, f"{path}{joint}page={n}&page_size=7")
        assert one["count"] == len(whole)
        assert one["results"]
        found += [row["id"] for row in one["results"]]
    assert found == whole
    assert client.get(f"{ROOT}{path}{joint}page={first['num_pages'] + 1}&page_size=7").status_code == 404


def test_the_links_lead_through_all_pages_and_back_and_keep_the_query(practice):
    client = practice.provet
    url: str | None = f"{ROOT}patient/?archived__is=false&page_size=20&ordering=name"
    found: list[int] = []
    seen: set[str] = set()
    while url is not None:
        one = client.get(url).json()
        found += [row["id"] for row in one["results"]]
        assert url not in seen
        seen.add(url)
        if one["previous"] is not None:
            assert client.get(one["previous"]).json()["results"][0]["id"] == found[(len(seen) - 2) * 20]
        url = one["next"]
    assert len(found) == len(set(found)) == one["count"]


@pytest.mark.parametrize(
    ("asked", "size"), [("", 50), ("page_size=0", 50), ("page_size=many", 50), ("page_size=1001", 1000)]
)
def test_a_page_has_fifty_rows_and_at_most_a_thousand(practice, asked, size):
    found = page(practice.provet, f"patient/?{asked}")
    assert len(found["results"]) == min(size, found["count"])
    assert found["num_pages"] == -(-found["count"] // size)


@pytest.mark.parametrize("text", ["0", "-1", "one", "99999999999999999999", "", "%D9%A3", "1.0"])
def test_a_page_that_is_none_is_not_found(practice, text):
    answer = practice.provet.get(f"{ROOT}client/?page={text}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


def test_a_list_of_nothing_has_one_page(practice):
    found = page(practice.provet, "client/?lastname__is=nobody")
    assert found == {"count": 0, "num_pages": 1, "next": None, "previous": None, "results": []}


# --- limits ---------------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_back(practice):
    client = practice.client(practice.new_key("provet", per_minute=2), scheme="Token")
    started = time.monotonic()
    assert [client.get(f"{ROOT}client/{JOHN}/").status_code for _ in range(2)] == [200, 200]
    refused = client.get(f"{ROOT}client/{JOHN}/")
    seconds = int(refused.headers["retry-after"])
    assert refused.status_code == 429
    assert 60 - (time.monotonic() - started) <= seconds <= 61  # a request counts for its whole second
    assert refused.json() == {"detail": f"Request was throttled. Expected available in {seconds} seconds."}
    assert client.get(f"{ROOT}patient/{FENTON}/").status_code == 200, "each operation has a budget of its own"


def test_a_large_page_costs_as_many_requests_as_usual_pages(practice):
    client = practice.client(practice.new_key("provet"), scheme="Token")
    assert USUAL_LIMIT == 300
    statuses = [client.get(f"{ROOT}client/?page_size=1000&id=456").status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429], "125 a minute, 20 a page"


def test_limits_can_be_switched_off(practice):
    client = practice.served_otherwise(limits="off").client(practice.new_key("provet", per_minute=1), scheme="Token")
    assert {client.get(f"{ROOT}client/{JOHN}/").status_code for _ in range(3)} == {200}


def test_unknown_filters_are_refused_where_the_setting_says_so(practice):
    strict = practice.served_otherwise(provet_strict_filters=True).provet
    answer = strict.get(f"{ROOT}client/?firstnam=Helen&page=1&expose_x=true")
    assert (answer.status_code, list(answer.json())) == (400, ["firstnam", "expose_x"])
    assert strict.get(f"{ROOT}patient/?id=2130&expose_client=true").status_code == 200
    assert list(strict.get(f"{ROOT}patient/?expose_user=true").json()) == ["expose_user"]
    for path in ("department/", "codelist/species/", "custom_fields/", "patient/2130/weight/",
                 "patient/2130/custom_field_values/"):  # fmt: skip
        assert list(strict.get(f"{ROOT}{path}?page_size=1&colour=red").json()) == ["colour"], path
    assert strict.get(f"{ROOT}codelist/breeds/?species=15461002").status_code == 200
    assert ids(practice.provet, "client/?firstnam=Helen&id=456") == [JOHN]
