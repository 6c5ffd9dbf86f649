# SPDX-License-Identifier: Apache-2.0
"""One record behind three dialects: what one of them writes, the others read."""

from __future__ import annotations

from polyvet.dialects.clinovavet.wire import from_id, to_id
from polyvet.model.values import to_crockford
from polyvet.sandbox.samples import JOHN_SMITH_ID
from tests.dialects.provet.asking import CAT, CHECKUP, DOG, JOHN, ROOT, SMITH, VENDOR, ids, number, page, sent
from tests.dialects.vetigen.asking import EVENTS, PATIENTS, data, rows

OWNERS, PETS = "/api/v1/owners", "/api/v1/pets"
JANE = {
    "firstName": "Jane",
    "lastName": "Doebrook",
    "email": "jane.doebrook@example.com",
    "phone": "+1-555-987-6543",
    "address": "456 Oak Ave, Brooklyn, NY 11201",
}
BELLA = {
    "name": "Bellabrook", "species": "Cat", "breed": "Siamese", "birthdate": "2022-08-20", "weight": 4.2,
    "neutered": True,
}  # fmt: skip


def only(client, path):
    [row] = page(client, path)["results"]
    return row


def test_what_clinovavet_creates_is_read(fresh_practice):
    owner = fresh_practice.clinovavet.post(OWNERS, json=JANE).json()
    pet = fresh_practice.clinovavet.post(PETS, json={**BELLA, "ownerId": owner["id"]}).json()
    client = fresh_practice.provet
    person = only(client, "client/?lastname__is=Doebrook")
    assert (person["firstname"], person["email"], person["street_address"]) == (
        "Jane", JANE["email"], JANE["address"]
    )  # fmt: skip
    assert [row["number"] for row in person["phone_numbers"]] == [JANE["phone"]]
    animal = only(client, "patient/?name__is=Bellabrook")
    assert (animal["species"], animal["breed"], animal["gender"]) == ("Cat (Feline - Domestic)", "Siamese", "Unknown")
    assert (animal["weight"], animal["date_of_birth"]) == (4.2, "2022-08-20")
    assert (animal["client"], person["patients"]) == (person["url"], [animal["url"]])
    assert pet["name"] == animal["name"]


def test_what_is_created_here_clinovavet_reads(fresh_practice):
    client = fresh_practice.provet
    place = {"street_address": "1 High St", "zip_code": "BA1 2QR", "city": "Bath", "state": "Somerset"}
    person = sent(client, "POST", "client/", {**SMITH, "lastname": "Smithbrook", **place}, 201)
    phone = {"client": person["url"], "phone_number": "+441234567890", "type_code": 1}
    sent(client, "POST", "phonenumber/", phone, 201)
    body = {"client": person["url"], "name": "Maxbrook", "species": DOG, "breed": 13689002, "gender": 3}
    sent(client, "POST", "patient/", {**body, "weight": "32.5", "date_of_birth": "2020-06-15"}, 201)
    [owner] = fresh_practice.clinovavet.get(OWNERS, params={"search": "Smithbrook"}).json()["data"]
    assert {name: owner[name] for name in ("firstName", "lastName", "email", "phone", "address")} == {
        "firstName": "John",
        "lastName": "Smithbrook",
        "email": "john.smith@example.com",
        "phone": "+441234567890",
        "address": "1 High St, BA1 2QR Bath, Somerset",
    }
    [pet] = fresh_practice.clinovavet.get(PETS, params={"ownerId": owner["id"]}).json()["data"]
    assert (pet["name"], pet["species"], pet["breed"]) == ("Maxbrook", "Dog", "Labrador Retriever")
    assert (pet["weight"], pet["neutered"], pet["birthdate"]) == (32.5, True, "2020-06-15T00:00:00.000Z")


def test_a_change_made_here_shows_there(fresh_practice):
    client = fresh_practice.provet
    pet = fresh_practice.clinovavet.post(PETS, json={**BELLA, "ownerId": to_id(JOHN_SMITH_ID)}).json()
    animal = only(client, "patient/?name__is=Bellabrook")
    body = {"name": "Bella II", "weight": 5.25, "gender": "Female", "date_of_birth": "2022-08-21"}
    sent(client, "PATCH", f"patient/{animal['id']}/", body, 200)
    after = fresh_practice.clinovavet.get(f"{PETS}/{pet['id']}").json()
    assert (after["name"], after["weight"], after["neutered"]) == ("Bella II", 5.25, False)
    assert after["birthdate"] == "2022-08-21T00:00:00.000Z"
    sent(client, "PATCH", f"client/{JOHN}/", {"email": "j@example.org", "city": "Bath"}, 200)
    owner = fresh_practice.clinovavet.get(f"{OWNERS}/{to_id(JOHN_SMITH_ID)}").json()
    assert (owner["email"], owner["address"]) == ("j@example.org", "123 Main St, New York, NY 10001, Bath")


def test_an_address_on_one_line_stays_as_it_is_when_something_else_changes(fresh_practice):
    client = fresh_practice.provet
    there = f"{OWNERS}/{to_id(JOHN_SMITH_ID)}"
    before = fresh_practice.clinovavet.get(there).json()
    whole = sent(client, "PUT", f"client/{JOHN}/", client.get(f"{ROOT}client/{JOHN}/").json(), 200)
    after = fresh_practice.clinovavet.get(there).json()
    assert whole["street_address"] == before["address"]
    assert {name: after[name] for name in before if name != "updatedAt"} == {
        name: before[name] for name in before if name != "updatedAt"
    }


def test_who_is_archived_here_is_not_listed_there(fresh_practice):
    client = fresh_practice.provet
    pet = fresh_practice.clinovavet.post(PETS, json={**BELLA, "ownerId": to_id(JOHN_SMITH_ID)}).json()
    animal = only(client, "patient/?name__is=Bellabrook")
    client.delete(f"{ROOT}patient/{animal['id']}/")
    listed = fresh_practice.clinovavet.get(PETS, params={"ownerId": to_id(JOHN_SMITH_ID)}).json()["data"]
    assert pet["id"] not in {row["id"] for row in listed}
    sent(client, "PATCH", f"patient/{animal['id']}/", {"archived": 0}, 200)
    listed = fresh_practice.clinovavet.get(PETS, params={"ownerId": to_id(JOHN_SMITH_ID)}).json()["data"]
    assert pet["id"] in {row["id"] for row in listed}


def test_vetigen_lists_a_patient_that_was_made_here(fresh_practice):
    client = fresh_practice.provet
    person = sent(client, "POST", "client/", {"organization_name": "Quillbrook Farm"}, 201)
    body = {"client": person["url"], "name": "Quill", "species": CAT, "gender": 4, "weight": "4.5"}
    sent(client, "POST", "patient/", {**body, "date_of_birth": "2020-06-15"}, 201)
    [pet] = [row for row in fresh_practice.clinovavet.get(PETS).json()["data"] if row["name"] == "Quill"]
    ident = from_id(pet["id"])
    assert ident is not None
    answer = fresh_practice.vetigen.get(f"{PATIENTS}/patient_{to_crockford(ident)}")
    assert answer.status_code == 200, answer.text
    seen = answer.json()["data"]
    assert (seen["name"], seen["species"], seen["sex"]) == ("Quill", "cat", "female")
    assert (seen["weight_kg"], seen["date_of_birth"]) == (4.5, "2020-06-15")
    assert "Quill" in {row["name"] for row in rows(fresh_practice.vetigen, PATIENTS)}


def test_a_species_that_clinovavet_added_is_in_the_code_list(fresh_practice):
    pet = {"name": "Lotl", "species": "Axolotl", "ownerId": "cku9g6x2p0000ab0f0s1z2z3z"}
    assert fresh_practice.clinovavet.post("/api/v1/pets", json=pet).status_code == 201
    entries = fresh_practice.provet.get("/4/api/0.1/codelist/species/?page_size=1000").json()["results"]
    (own,) = [entry for entry in entries if entry["label"] == "Axolotl"]
    assert fresh_practice.provet.get(own["url"]).json() == own


def test_an_organisation_is_an_owner_of_that_last_name_in_clinovavet(fresh_practice):
    made = fresh_practice.provet.post("/4/api/0.1/client/", json={"organization_name": "Hillside Farm"})
    assert made.status_code == 201
    (owner,) = fresh_practice.clinovavet.get("/api/v1/owners?search=hillside").json()["data"]
    assert (owner["firstName"], owner["lastName"]) == ("", "Hillside Farm")


def test_what_is_booked_here_vetigen_reads(fresh_practice):
    client = fresh_practice.provet
    window = "start_date=2033-05-04T07:00:00Z&end_date=2033-05-04T07:00:00.001Z"

    def there(status=None):
        query = f"{EVENTS}?{window}" + (f"&status={status}" if status else "")
        return data(fresh_practice.vetigen.get(query))["items"]

    for place in range(1, 10):
        made = sent(client, "POST", "appointment/", {**CHECKUP, "type": place, "user": None}, 201)
        assert made["type"] == place
    found = there()
    assert {(one["type"], one["status"], one["title"]) for one in found} == {
        ("APPOINTMENT", "SCHEDULED", CHECKUP["title"])
    }
    assert len(found) == len(there("SCHEDULED")) == 9
    [one] = [row for row in found if row["fp"] == found[-1]["fp"]]
    assert (one["start_at"], one["end_at"]) == ("2033-05-04T07:00:00.000Z", "2033-05-04T07:30:00.000Z")
    assert one["patient_fp"] is not None
    assert one["assigned_user_fp"] is None
    vet = sent(client, "PATCH", f"appointment/{made['id']}/", {"user": f"{VENDOR}{ROOT}user/1/"}, 200)
    assert [row["assigned_user_fp"] for row in there() if row["assigned_user_fp"]] != []
    sent(client, "POST", f"appointment/{vet['id']}/cancel_appointment/", {}, 200)
    assert (len(there()), len(there("SCHEDULED")), len(there("CANCELLED"))) == (9, 8, 1)
    sent(client, "PATCH", f"appointment/{vet['id']}/", {"active": 1}, 200)
    assert len(there("SCHEDULED")) == 9
    sent(client, "PATCH", f"appointment/{vet['id']}/", {"start": "2033-05-04T09:00:00Z", "duration": 15}, 200)
    assert len(there()) == 8


def test_the_calendar_that_vetigen_reads_is_listed_here(fresh_practice):
    client = fresh_practice.provet
    days = "start_date=2026-04-20&end_date=2026-06-20&page_size=100"
    theirs = data(fresh_practice.vetigen.get(f"{EVENTS}?{days}"))
    ours = page(client, "appointment/?start__gte=2026-04-20T00:00Z&start__lt=2026-06-20T00:00Z&page_size=100")
    assert ours["count"] == theirs["total"] > 40
    shown = {(row["title"], row["type"], row["active"]) for row in ours["results"]}
    assert shown == {
        (one["title"], 3 if one["type"] == "SALE" else 1, int(one["status"] != "CANCELLED")) for one in theirs["items"]
    }
    surgery = next(one for one in theirs["items"] if one["type"] == "SURGERY")
    [row] = [one for one in ours["results"] if one["title"] == surgery["title"]]
    sent(client, "PUT", f"appointment/{row['id']}/", {**row, "type": 6, "notes": "At the farm"}, 200)
    after = data(fresh_practice.vetigen.get(f"{EVENTS}?{days}"))["items"]
    assert [one for one in after if one["fp"] == surgery["fp"]] == [surgery]
    assert row["id"] in ids(client, "appointment/?type__is=6")
    assert number(row["department"]) == 3


def test_a_weight_is_not_taken_back_by_null(fresh_practice):
    url = "/4/api/0.1/patient/2130/"
    assert fresh_practice.provet.patch(url, json={"weight": None}).status_code == 200  # it has none
    assert fresh_practice.provet.patch(url, json={"weight": 8}).status_code == 200
    refused = fresh_practice.provet.patch(url, json={"weight": None})
    assert (refused.status_code, list(refused.json())) == (400, ["weight"])
