# SPDX-License-Identifier: Apache-2.0
"""Patients: each documented filter, creation, changes, weights, death, genders and many at once."""

from __future__ import annotations

import pytest

from tests.dialects.provet.asking import (
    CAT,
    DOG,
    FENTON,
    HELEN,
    HORSE,
    JOHN,
    JOHN_URL,
    MAX,
    PUPPY,
    ROOT,
    ids,
    number,
    page,
    sent,
)

CHIP = "900123456789012"


@pytest.mark.parametrize(
    "query",
    [
        "client__is=218",
        "client=218",
        "client.id__is=218",
        "client.lastname__is=Hill&client.firstname__is=Helen",
        "client__in=[218]",
        "client__is=218&archived__is=false&deceased__is_null=true",
        "name__icontains=fent&client__is=218",
        "name__contains=Fent&client__is=218",
        f"species__is={DOG}&client__is=218",
        f"species__in={DOG},{CAT}&id=2130",
        "breed__is_null=true&client__is=218",
        "date_of_birth__is_null=true&client__is=218",
        "microchip__is_null=1&client__is=218",
        "id__is=2130&modified__gte=2021-11-10T15:45:50.179414%2B02:00",
        "modified__range=2021-11-10%2015:45%2B02:00,2021-11-10%2015:46%2B02:00",
        "id__in=2130,1204&name__icontains_not=MAX",
    ],
)
def test_a_patient_is_found_by(practice, query):
    assert ids(practice.provet, f"patient/?{query}") == [FENTON]


def test_births_are_compared_and_unknown_ones_are_left_out(practice):
    rows = page(practice.provet, "patient/?page_size=1000")["results"]
    expected = [row["id"] for row in rows if (row["date_of_birth"] or "") >= "2020-05-15"]
    assert ids(practice.provet, "patient/?date_of_birth__gte=2020-05-15") == expected
    assert MAX in expected
    assert MAX not in ids(practice.provet, "patient/?date_of_birth__gt=2020-05-15")
    assert FENTON not in expected


def test_every_patients_client_and_every_clients_patients_agree(practice):
    patients = page(practice.provet, "patient/?page_size=1000")["results"]
    clients = page(practice.provet, "client/?page_size=1000")["results"]
    theirs = {(row["id"], url) for row in clients for url in row["patients"]}
    assert theirs == {(number(row["client"]), row["url"]) for row in patients}


def test_a_chip_and_a_weight_are_recorded(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}patient/{FENTON}/").json()
    after = sent(client, "PATCH", f"patient/{FENTON}/", {"microchip": CHIP, "weight": "32.5"}, 200)
    assert after == {**before, "microchip": CHIP, "weight": 32.5, "modified": after["modified"]}
    assert after["modified"] > before["modified"]
    assert ids(client, f"patient/?microchip__is={CHIP}") == [FENTON]
    assert ids(client, f"client/?patients.microchip__is={CHIP}") == [HELEN]


def test_a_chip_is_any_text_and_two_may_have_the_same(fresh_practice):
    chip = "tattoo Ä-7 " + "x" * 39
    for ident in (FENTON, MAX):
        assert sent(fresh_practice.provet, "PATCH", f"patient/{ident}/", {"microchip": chip}, 200)["microchip"] == chip
    assert ids(fresh_practice.provet, f"patient/?microchip__is={chip}") == [MAX, FENTON]
    assert "microchip" in sent(fresh_practice.provet, "PATCH", f"patient/{MAX}/", {"microchip": chip + "x"}, 400)


def test_a_patient_dies_and_is_revived(fresh_practice):
    client = fresh_practice.provet
    living = f"patient/?client__is={HELEN}&deceased__is_null=true"
    assert sent(client, "PATCH", f"patient/{FENTON}/", {"deceased": "2024-03-20"}, 200)["deceased"] == "2024-03-20"
    assert ids(client, living) == []
    assert ids(client, f"patient/?client__is={HELEN}&deceased__is_null=false") == [FENTON]
    assert sent(client, "PATCH", f"patient/{FENTON}/", {"deceased": None}, 200)["deceased"] is None
    assert ids(client, living) == [FENTON]
    gone = {"deceased": "2024-03-20", "reason_of_death": "Old age", "archived": True}
    after = sent(client, "PATCH", f"patient/{FENTON}/", gone, 200)
    assert {name: after[name] for name in gone} == gone


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_archived_is_one_or_zero(fresh_practice, method):
    client = fresh_practice.provet
    assert sent(client, method, f"patient/{FENTON}/", {"archived": 1}, 200)["archived"] is True
    assert ids(client, "patient/?archived__is=0&client__is=218") == []
    assert ids(client, "patient/?archived__is=1&client__is=218") == [FENTON]
    assert sent(client, method, f"patient/{FENTON}/", {"archived": 0}, 200)["archived"] is False
    assert client.delete(f"{ROOT}patient/{FENTON}/").status_code == 204
    assert client.get(f"{ROOT}patient/{FENTON}/").json()["archived"] is True


@pytest.mark.parametrize(
    ("species", "given", "shown"),
    [
        (DOG, 0, "Unknown"), (DOG, 1, "Male"), (DOG, 2, "Female"), (DOG, 3, "Male, neutered"),
        (CAT, 4, "Female, neutered"), (CAT, "4", "Female, neutered"), (DOG, "female", "Female"),
        (DOG, "Female, neutered", "Female, neutered"), (HORSE, "Gelding", "Gelding"), (HORSE, 1, "Stallion"),
        (HORSE, "mare", "Mare"), (HORSE, 4, "Female, neutered"),
    ],
)  # fmt: skip
def test_a_gender_is_a_number_or_a_text(module_practice, species, given, shown):
    client = module_practice.provet
    body = {"client": JOHN_URL, "name": "X", "species": species, "gender": given}
    made = sent(client, "POST", "patient/", body, 201)
    assert made["gender"] == shown


def test_the_body_of_a_production_client_is_taken(fresh_practice):
    client = fresh_practice.provet
    body = {
        "client": JOHN_URL, "name": "Ruby", "species": str(DOG), "breed": "13690002", "gender": 4, "weight": "",
        "date_of_birth": "2020-06-15", "archived": 0, "critical_notes": "Bites", "microchip": "", "color": None,
        "last_consultation": None, "imported": "0",
    }  # fmt: skip
    made = sent(client, "POST", "patient/", body, 201)
    assert (made["species"], made["species_code"]) == ("Dog (Canine - Domestic)", DOG)
    assert (made["breed"], made["breed_code"]) == ("Golden Retriever", 13690002)
    assert (made["gender"], made["weight"], made["archived"]) == ("Female, neutered", None, False)
    assert (made["critical_notes"], made["microchip"], made["color"]) == ("Bites", None, "")
    assert number(made["client"]) == JOHN
    assert made["url"] in client.get(f"{ROOT}client/{JOHN}/").json()["patients"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_whole_patient_can_be_sent_back_with_the_codes(fresh_practice, method):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}patient/{MAX}/").json()
    body = {**before, "species": before["species_code"], "breed": before["breed_code"]}
    after = sent(client, method, f"patient/{MAX}/", body, 200)
    assert after == {**before, "modified": after["modified"]}


def test_a_whole_patient_can_be_sent_back_as_it_was_read(fresh_practice):
    client = fresh_practice.provet
    for patient in (MAX, FENTON):
        before = client.get(f"{ROOT}patient/{patient}/").json()
        after = sent(client, "PUT", f"patient/{patient}/", before, 200)
        assert after == {**before, "modified": after["modified"]}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"species": 1}, ["species"]),
        ({"species": "Dog"}, ["species"]),
        ({"species": "Cat (Feline - Domestic)"}, ["species"]),
        ({"species": None}, ["species"]),
        ({"breed": "Poodle"}, ["breed"]),
        ({"breed": 13800002}, ["breed"]),
        ({"gender": "Mare"}, ["gender"]),
        ({"gender": 7, "weight": "heavy"}, ["weight"]),
        ({"gender": 7}, ["gender"]),
        ({"weight": 0}, ["weight"]),
        ({"name": ""}, ["name"]),
        ({"name": "n" * 128}, ["name"]),
        ({"client": None}, ["client"]),
        ({"client": "http://x/4/api/0.1/client/218/"}, ["client"]),
        ({"client": "http://x/5/api/0.1/client/218/"}, ["client"]),
        ({"deceased": "20 March"}, ["deceased"]),
        ({"home_department": "http://x/4/api/0.1/department/21/"}, ["home_department"]),
        ({"visible_departments": ["http://x/4/api/0.1/department/21/"]}, ["visible_departments"]),
        ({"visible_departments": "all"}, ["visible_departments"]),
        ({"fields_rel": [{"field_id": 42, "value": "a client's"}]}, ["fields_rel"]),
    ],
)
def test_what_does_not_hold_is_named_and_nothing_is_changed(practice, body, names):
    client = practice.provet
    before = client.get(f"{ROOT}patient/{MAX}/").json()
    assert list(sent(client, "PATCH", f"patient/{MAX}/", body, 400)) == names
    assert client.get(f"{ROOT}patient/{MAX}/").json() == before


def test_the_highest_number_is_told(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", "patient/", PUPPY, 201)["id"]
    assert client.get(f"{ROOT}get_max_patient_id/").json() == {"max_patient_id": made}
    assert made == max(ids(client, "patient/"))


# --- many at once ---------------------------------------------------------------------------------------------

BAD_VALUE = {**PUPPY, "name": "Half", "fields_rel": [{"field_id": 63, "value": "far"}]}
BAD_GENDER = {**PUPPY, "name": "Mare", "gender": "Mare"}
BAD_OWNER = {**PUPPY, "name": "Stray", "client": f"http://x{ROOT}client/999999/"}


@pytest.mark.parametrize("bad", [BAD_VALUE, BAD_GENDER, BAD_OWNER, {**PUPPY, "species": 5}, {}])
def test_a_bad_row_is_left_out_when_the_others_are_wanted_and_stops_all_otherwise(fresh_practice, bad):
    client = fresh_practice.provet
    before = ids(client, "patient/")
    refused = sent(client, "POST", "patient/bulk/", [PUPPY, bad], 400)
    assert (refused["created"], [row["index"] for row in refused["failed"]]) == ([], [1])
    assert refused["failed"][0]["errors"]
    assert ids(client, "patient/") == before
    kept = sent(client, "POST", "patient/bulk/?force_push=true", [bad, PUPPY, bad], 207)
    assert [row["index"] for row in kept["created"]] == [1]
    assert [row["index"] for row in kept["failed"]] == [0, 2]
    assert ids(client, "patient/") == [*before, kept["created"][0]["patient"]["id"]]
    none = sent(client, "POST", "patient/bulk/?force_push=true", [bad], 400)
    assert (none["created"], len(none["failed"])) == ([], 1)
    assert len(ids(client, "patient/")) == len(before) + 1


def test_many_are_created_with_values_and_weights_and_found_again(fresh_practice):
    client = fresh_practice.provet
    rows = [
        {**PUPPY, "name": f"P{n}", "weight": n + 0.5, "fields_rel": [{"field_id": 63, "value": n}]} for n in range(60)
    ]
    made = [row["patient"] for row in sent(client, "POST", "patient/bulk/", rows, 201)["created"]]
    assert [one["name"] for one in made] == [row["name"] for row in rows]
    assert [one["fields_rel"][0]["value"] for one in made] == list(range(60))
    assert page(client, f"patient/?client__is={JOHN}&name__icontains=p&page_size=1000")["results"] == made


@pytest.mark.parametrize("body", [{}, [], ["x"], "x", [PUPPY, 1]])
def test_many_must_be_a_list_of_objects(practice, body):
    assert list(sent(practice.provet, "POST", "patient/bulk/", body, 400)) == ["non_field_errors"]
