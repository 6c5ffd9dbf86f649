# SPDX-License-Identifier: Apache-2.0
"""Clients: each documented filter, creation, changes, and the bodies that real clients send."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.dialects.provet.asking import HELEN, JOHN, MAX, ROOT, SMITH, ids, number, page, sent


@pytest.mark.parametrize(
    "query",
    [
        "firstname__icontains=hel&lastname__is=Hill",
        "lastname__icontains=HIL&firstname=Helen",
        "email__is=helen.hill@example.org",
        "email__is=helen.hill@example.org&archived__is=0",
        "email__eq=Helen.Hill@Example.org",
        "phonenumbers__icontains=7946%200218",
        "phonenumbers.phone_number__is=%2B44%2020%207946%200218",
        "phonenumbers.phone_number__is=+44+20+7946+0218",
        "phonenumbers__icontains=+44+20+7946+0218",
        "patients__is=2130",
        "patients.name__is=Fenton&firstname__is=Helen",
        "id__is=218",
        "id__in=218",
        "id__in=[218]",
        "id__range=217,218&firstname__is=Helen",
        "id__in=218,456&email__contains_not=smith",
        "id__in=[218,456]&lastname__not_in=Smith,Jones",
        "id__in=218,456&firstname__neq=John",
        "firstname__icontains=helen&email__icontains=HELEN.HILL@example.org",
        "include_archived=false&email__is=helen.hill@example.org",
        "no_such_filter__is=5&shoe_size=43&id=218",
        "created__lte=2021-11-10%2015:41:13%2B02:00&created__gte=2021-11-10T15:41:12%2B02:00",
    ],
)
def test_a_client_is_found_by(practice, query):
    assert ids(practice.provet, f"client/?{query}") == [HELEN]


def test_or_finds_a_name_in_each_of_its_three_fields(fresh_practice):
    client = fresh_practice.provet
    farm = sent(client, "POST", "client/", {"organization_name": "Quillhill Farm"}, 201)["id"]
    first = sent(client, "POST", "client/", {"firstname": "Quillhill", "lastname": "Mr"}, 201)["id"]
    last = sent(client, "POST", "client/", {"lastname": "McQUILLhill"}, 201)["id"]
    assert ids(client, "client/?firstname__icontains=quillhill&filter_type=or") == [farm, first, last]
    assert ids(client, "client/?firstname__icontains=quillhill") == [first]
    assert ids(client, "client/?organization_name__icontains=FARM&filter_type=or&id__gte=" + str(farm)) == [
        farm, first, last
    ]  # fmt: skip
    assert ids(client, "client/?organization_name__icontains=quillhill") == [farm]


def test_or_joins_all_filters(practice):
    assert ids(practice.provet, f"client/?id__is={JOHN}&email__is=helen.hill@example.org&filter_type=or") == [
        HELEN, JOHN
    ]  # fmt: skip


def test_archived_clients_are_listed_unless_they_are_left_out(fresh_practice):
    client = fresh_practice.provet
    assert client.delete(f"{ROOT}client/{JOHN}/").status_code == 204
    assert client.get(f"{ROOT}client/{JOHN}/").json()["archived"] is True
    assert JOHN in ids(client, "client/")
    for query in ("archived__is=false", "archived__is=0", "include_archived=false", "archived__is_not=true"):
        assert JOHN not in ids(client, f"client/?{query}")
    assert ids(client, "client/?archived__is=true") == ids(client, "client/?archived=1")
    assert JOHN in ids(client, "client/?archived__is=true")
    assert sent(client, "PATCH", f"client/{JOHN}/", {"archived": 0}, 200)["archived"] is False
    assert sent(client, "PATCH", f"client/{JOHN}/", {"archived": 1}, 200)["archived"] is True


def test_living_patients_are_asked_for(fresh_practice):
    client = fresh_practice.provet
    query = f"client/?id__is={JOHN}&has_alive_patients__is="
    assert ids(client, query + "true") == [JOHN]
    sent(client, "PATCH", f"patient/{MAX}/", {"deceased": "2026-03-20"}, 200)
    assert (ids(client, query + "true"), ids(client, query + "false")) == ([], [JOHN])
    sent(client, "PATCH", f"patient/{MAX}/", {"deceased": None}, 200)
    assert ids(client, query + "1") == [JOHN]


def test_what_changed_since_is_found_with_the_stamp_in_every_form(fresh_practice):
    client = fresh_practice.provet
    changed = sent(client, "PATCH", f"client/{JOHN}/", {"no_sms": True}, 200)["modified"]
    assert changed[-6:] in ("+02:00", "+03:00")
    naive, blank = changed[:-6], changed.replace("T", " ")
    for text in (changed, naive, blank, blank[:16], blank[:16] + changed[-6:], changed[:10]):
        for sent_as in (quote(text), quote(text).replace("%2B", "+"), quote(text).replace("%20", "+")):
            assert JOHN in ids(client, f"client/?modified__gte={sent_as}"), sent_as
    assert ids(client, f"client/?modified__gt={quote(changed)}") == []
    assert ids(client, f"client/?modified__is={quote(changed)}") == [JOHN]
    assert ids(client, f"client/?modified__range={quote(naive)},{quote(changed)}") == [JOHN]


def test_a_list_is_ordered_by_number_or_as_it_is_asked_for(practice):
    rows = page(practice.provet, "client/?page_size=1000")["results"]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    newest = page(practice.provet, "client/?page_size=1000&ordering=-modified")["results"]
    stamps = [(row["modified"][-6:], row["modified"]) for row in newest]
    for offset in {offset for offset, _ in stamps}:
        own = [text for zone, text in stamps if zone == offset]
        assert own == sorted(own, reverse=True)
    assert {row["id"] for row in newest} == {row["id"] for row in rows}


def test_no_sms_and_a_new_email_leave_everything_else(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}client/{JOHN}/").json()
    after = sent(client, "PATCH", f"client/{JOHN}/", {"email": "new.email@example.com", "no_sms": True}, 200)
    assert after["modified"] > before["modified"]
    assert after == {**before, "email": "new.email@example.com", "no_sms": True, "modified": after["modified"]}
    assert client.get(f"{ROOT}client/{JOHN}/").json() == after


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_whole_client_can_be_sent_back(fresh_practice, method):
    client = fresh_practice.provet
    sent(client, "POST", f"client/{JOHN}/custom_field_values/", {"field_id": 55, "value": [101]}, 201)
    sent(client, "POST", f"client/{JOHN}/custom_field_values/", {"field_id": 45, "value": True}, 201)
    body = {"country": "FI", "home_department": f"http://vet{ROOT}department/12/", "tags_rel": ["a", "b"]}
    before = sent(client, "PATCH", f"client/{JOHN}/", body, 200)
    after = sent(client, method, f"client/{JOHN}/", before, 200)
    assert after == {**before, "modified": after["modified"]}


def test_a_put_with_some_fields_keeps_the_others(fresh_practice):
    client = fresh_practice.provet
    after = sent(client, "PUT", f"client/{JOHN}/", {"city": "Bath"}, 200)
    assert (after["city"], after["lastname"], after["email"]) == ("Bath", "Smith", "john.smith@example.com")


def test_the_oldest_body_with_empty_texts_and_patients_is_taken(fresh_practice):
    body = {
        "email": "movet@example.com", "zip_code": "80205", "firstname": "Alex", "lastname": "R", "street_address": "",
        "city": "", "state": "", "country": "", "id_number": "", "remarks": "", "patients": [], "archived": False,
        "organization_name": "", "vat_number": "", "customer_type": "0", "old_client_id": 815, "date_imported": None,
    }  # fmt: skip
    made = sent(fresh_practice.provet, "POST", "client/", body, 201)
    assert (made["zip_code"], made["street_address"], made["city"], made["country"]) == ("80205", None, None, None)
    assert (made["id_number"], made["remarks"], made["patients"], made["old_client_id"]) == ("", "", [], "815")
    assert ids(fresh_practice.provet, "client/?old_client_id__is=815") == [made["id"]]
    assert number(made["url"]) == made["id"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("US", "US"), ("us", "US"), ("United States", "US"), ("Finland", "FI"),
        ({"code": "NO", "name": "Norway"}, "NO"),
        (None, None), ("", None), ({}, None),
    ],
)  # fmt: skip
def test_a_country_is_a_code_a_name_or_an_object(module_practice, given, code):
    client = module_practice.provet
    made = sent(client, "POST", "client/", {**SMITH, "country": given}, 201)
    assert (made["country"] or {}).get("code") == code
    other = module_practice.served_otherwise(provet_country="code").provet
    assert other.get(f"{ROOT}client/{made['id']}/").json()["country"] == (code or "")


def test_a_form_is_taken_like_json(fresh_practice):
    client = fresh_practice.provet
    form = {"firstname": "Ÿ & Co", "lastname": "Form", "no_sms": "1", "archived": "0", "customer_type": "3"}
    made = client.post(f"{ROOT}client/", data=form)
    assert made.status_code == 201, made.text
    found = made.json()
    assert [found[name] for name in form] == ["Ÿ & Co", "Form", True, False, 3]
    changed = client.patch(f"{ROOT}client/{found['id']}/", data={"archived": "1"}).json()
    assert changed == {**found, "archived": True, "modified": changed["modified"]}


def test_relations_are_written_as_urls_of_any_host(fresh_practice):
    client = fresh_practice.provet
    body = {
        "home_department": "https://us.provetcloud.com/4/api/0.1/department/11/",
        "invoicing_client": f"https://x{ROOT}client/{HELEN}",
        "parent_referring_organization": f"{client.base_url}{ROOT}client/{HELEN}/",
    }
    made = sent(client, "PATCH", f"client/{JOHN}/", body, 200)
    for name, path in (("home_department", "department/11/"), ("invoicing_client", f"client/{HELEN}/")):
        assert made[name] == f"{client.base_url}{ROOT}{path}"
        assert client.get(made[name]).status_code == 200
    assert made["parent_referring_organization"] == made["invoicing_client"]
    assert ids(client, "client/?home_department__is=11") == [JOHN]
    cleared = sent(client, "PATCH", f"client/{JOHN}/", dict.fromkeys(body), 200)
    assert [cleared[name] for name in body] == [None] * 3


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"home_department": 11}, ["home_department"]),
        ({"home_department": "http://x/4/api/0.1/department/99/"}, ["home_department"]),
        ({"home_department": "http://x/5/api/0.1/department/21/"}, ["home_department"]),
        ({"home_department": "http://x/4/api/0.1/client/11/"}, ["home_department"]),
        ({"invoicing_client": "http://x/4/api/0.1/client/999999/"}, ["invoicing_client"]),
        ({"parent_referring_organization": "http://x/4/api/0.1/client/999999/"}, ["parent_referring_organization"]),
        ({"email": "x", "no_sms": "maybe", "firstname": ["a"]}, ["email", "no_sms", "firstname"]),
        ({"lastname": "", "organization_name": " "}, ["lastname"]),
        ({"lastname": "n" * 128}, ["lastname"]),
        ({"due_date_delay": "soon", "date_imported": "then"}, ["due_date_delay", "date_imported"]),
        ({"fields_rel": [{"field_id": 999, "value": "x"}]}, ["fields_rel"]),
        ({"fields_rel": "x"}, ["fields_rel"]),
        ([], ["non_field_errors"]),
        ("x", ["non_field_errors"]),
    ],
)
def test_what_does_not_hold_is_named_and_nothing_is_changed(practice, body, names):
    client = practice.provet
    before = client.get(f"{ROOT}client/{JOHN}/").json()
    problems = sent(client, "PATCH", f"client/{JOHN}/", body, 400)
    assert sorted(problems) == sorted(names)
    assert all(isinstance(texts, list) and all(texts) for texts in problems.values())
    assert client.get(f"{ROOT}client/{JOHN}/").json() == before


def test_the_highest_number_is_told(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", "client/", SMITH, 201)["id"]
    assert client.get(f"{ROOT}get_max_client_id/").json() == {"max_client_id": made}
    assert made == max(ids(client, "client/"))
