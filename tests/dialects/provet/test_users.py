# SPDX-License-Identifier: Apache-2.0
"""Users and their details: who works at the clinic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from polyvet.storage import staff
from polyvet.storage.check import check
from tests.dialects.provet.asking import AINO, OTHER_ROOT, ROOT, VENDOR, ids, page, sent

DEPARTMENT = f"{VENDOR}{ROOT}department/11/"


def test_a_user_is_added_changed_and_deactivated_and_stays(fresh_practice):
    client = fresh_practice.provet
    before = ids(client, "user/")
    made = sent(client, "POST", "user/", {**AINO, "is_staff": True, "groups": [], "last_login": None}, 201)
    assert {**made, **AINO, "is_staff": True, "is_active": True} == made
    assert ids(client, "user/") == ids(client, "userdetails/") == [*before, made["id"]]
    assert client.get(made["url"]).json() == made
    assert client.get(made["user_details"]).json()["user"] == made["url"]
    again = sent(client, "PUT", f"user/{made['id']}/", {**made, "last_name": "Laine"}, 200)
    assert again == {**made, "last_name": "Laine"}
    assert sent(client, "PATCH", f"user/{made['id']}/", {"is_active": 0}, 200)["is_active"] is False
    assert ids(client, "user/?is_active__is=0") == [made["id"]]
    assert ids(client, "user/?is_active=true") == before
    answer = client.delete(f"{ROOT}user/{made['id']}/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH, PUT")


def test_an_address_is_one_users_in_whatever_case(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", "user/", {**AINO, "email": "Aino.Virtanen@Example.org"}, 201)
    assert made["email"] == AINO["email"]
    taken = {"email": ["A user with this email already exists."]}
    other = {**AINO, "email": "AINO.virtanen@example.ORG"}
    assert sent(client, "POST", "user/", other, 400) == taken
    assert sent(client, "PATCH", "user/1/", {"email": other["email"]}, 400) == taken
    assert sent(client, "PATCH", f"user/{made['id']}/", other, 200)["email"] == AINO["email"]
    assert fresh_practice.other_provet.post(f"{OTHER_ROOT}user/", json=AINO).status_code == 201
    assert sent(client, "PATCH", f"user/{made['id']}/", {"email": ""}, 200)["email"] == ""
    assert sent(client, "POST", "user/", AINO, 201)["id"] == made["id"] + 1


def test_of_users_who_are_added_with_one_address_at_once_one_is(fresh_practice):
    clients = [fresh_practice.client("provet_main", scheme="Token") for _ in range(8)]
    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(lambda one: one.post(f"{ROOT}user/", json=AINO).status_code, clients))
    assert sorted(answers) == [201] + [400] * 7
    assert [one for one in fresh_practice.run(lambda _: check(fresh_practice.url)) if one.severity == "error"] == []


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, ["email"]),
        ({"email": "aino"}, ["email"]),
        ({"email": None, "first_name": "A"}, ["email"]),
        ({"email": "", "first_name": "A"}, ["email"]),
        ({"email": "a@example.org"}, ["last_name"]),
        ({"email": "a@example.org", "first_name": " "}, ["last_name"]),
        ({"email": "a" * 64 + "@" + "b" * 190 + ".org", "first_name": "A"}, ["email"]),
        ({**AINO, "first_name": "x" * 101}, ["first_name"]),
        ({**AINO, "last_name": ["x"]}, ["last_name"]),
        ({**AINO, "is_active": "yes"}, ["is_active"]),
        ({**AINO, "is_staff": 2}, ["is_staff"]),
    ],
)
def test_a_user_that_does_not_hold_is_refused(practice, body, names):
    client = practice.provet
    before = ids(client, "user/")
    assert list(sent(client, "POST", "user/", body, 400)) == names
    assert ids(client, "user/") == before


def test_the_name_that_others_show_follows_and_keeps_what_stands_before_it(fresh_practice):
    client = fresh_practice.provet
    sent(client, "PATCH", "user/1/", {"last_name": "Koski"}, 200)
    sent(client, "PATCH", "user/5/", {"first_name": "", "last_name": "Hollis-Berg"}, 200)
    made = sent(client, "POST", "user/", AINO, 201)

    async def names(store):
        return {file.user.number: file.user for file in await staff.by_numbers(store.reader, 4, [1, 2, 5, made["id"]])}

    found = fresh_practice.run(names)
    assert [found[number].name for number in (1, 2, 5, made["id"])] == [
        "Dr. Aino Koski", "Dr. Tobias Reuter", "Hollis-Berg", "Aino Virtanen"
    ]  # fmt: skip
    assert found[made["id"]].subject.startswith("user|")
    assert found[1].subject == "auth0|123456"


def test_details_are_written_and_cannot_be_made_or_deleted(fresh_practice):
    client = fresh_practice.provet
    told = {
        "title": "Professor", "phone": "+358 1", "veterinarian_id": "V-1", "active_department": DEPARTMENT,
        "initials": "AL", "language": "sv", "user_type": 2, "areas_of_expertise": "Eyes", "qualifications": "PhD",
        "prescriber_id": "P-1", "employee_number": "E-1", "vds_number": "D-1", "all_departments_active": 1,
        "active_departments": [DEPARTMENT], "home_department": None,
    }  # fmt: skip
    saved = sent(client, "PATCH", "userdetails/1/", told, 200)
    assert {name: saved[name] for name in told if "department" not in name} == {
        name: value for name, value in told.items() if "department" not in name
    }
    assert saved["active_department"] == saved["active_departments"][0]
    assert saved["active_department"].endswith("/4/api/0.1/department/11/")
    assert (saved["all_departments_active"], saved["home_department"], saved["picture"]) == (True, None, None)
    assert sent(client, "PUT", "userdetails/1/", saved, 200) == saved
    assert client.get(f"{ROOT}userdetails/1/").json() == saved
    user = client.get(f"{ROOT}user/1/").json()
    assert (user["first_name"], user["last_name"]) == ("Aino", "Laakso")
    for body, name in (
        ({"active_departments": [f"{VENDOR}{ROOT}department/99/"]}, "active_departments"),
        ({"home_department": f"{VENDOR}{OTHER_ROOT}department/21/"}, "home_department"),
        ({"user_type": "vet"}, "user_type"),
        ({"title": "x" * 251}, "title"),
    ):
        assert list(sent(client, "PATCH", "userdetails/1/", body, 400)) == [name]
    assert client.post(f"{ROOT}userdetails/", json=told).status_code == 405
    assert client.delete(f"{ROOT}userdetails/1/").status_code == 405
    assert ids(client, "userdetails/?user__is=2") == [2]


def test_what_a_key_may_is_told_by_the_vendors_names(practice):
    path = f"{ROOT}user/current/active_permissions/"
    assert practice.provet.get(path).json() == ["patients-clients", "delete-clients", "consultations", "reminder"]
    few = practice.client(practice.new_key("provet", permissions=("clients:read",)))
    assert few.get(path).json() == ["patients-clients"]
    assert few.get(f"{ROOT}user/").status_code == few.get(f"{ROOT}userdetails/1/").status_code == 403
    assert few.post(f"{ROOT}user/", json=AINO).status_code == 403


def test_each_clinic_has_its_own_staff(practice):
    ours = {row["email"] for row in page(practice.provet, "user/")["results"]}
    theirs = {row["email"] for row in page(practice.other_provet, "user/", OTHER_ROOT)["results"]}
    assert len(ours) == 5
    assert len(theirs) == 4
    assert not ours & theirs


def test_who_looks_after_the_server_is_locked_out_by_no_key(fresh_practice):
    client = fresh_practice.provet
    aino = client.get(f"{ROOT}user/1/").json()
    told = ["This user looks after the server, so this is changed only by somebody who does so, too."]
    assert sent(client, "PATCH", "user/1/", {"is_active": False}, 400) == {"is_active": told}
    assert sent(client, "PATCH", "user/1/", {"email": "a@example.org"}, 400) == {"email": told}
    assert sent(client, "PUT", "user/1/", {**aino, "last_name": "Laine"}, 200) == {**aino, "last_name": "Laine"}


def test_the_last_owner_keeps_what_they_sign_in_with(fresh_practice):
    client = fresh_practice.other_provet
    found = page(client, "user/", OTHER_ROOT)["results"]
    [owner] = [one for one in found if one["email"].startswith("henrike.")]
    told = ["The clinic needs an owner who can sign in. Make somebody else one first."]
    for taken in ({"is_active": False}, {"email": ""}):
        answer = client.patch(owner["url"], json=taken)
        assert (answer.status_code, answer.json()) == (400, dict.fromkeys(taken, told))
    assert client.get(owner["url"]).json() == owner
