# SPDX-License-Identifier: Apache-2.0
"""Vet forms: begun by staff, saved, completed, copied by mail, noted in the patient's history, reminded of."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from polyvet.core import filling
from polyvet.core.controls import MOST_FIELDS
from polyvet.delivery.form_reminders import FormReminders
from polyvet.model import values
from polyvet.model.library import ContentDetails, ContentKind
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import library
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice
from tests.dialects.library import item
from tests.dialects.vetcheck.people import FREE, OTHER, Person
from tests.dialects.vetcheck.shared import queued
from tests.dialects.vetcheck.signing_in import beside

PATH = "/account/vetforms"
BONCUK = "patient_01JABC9XYZKL4N7P3Q8TRM2ZDE"
OWNER = "owner@mail.example"
ANSWERS = {"firstName": "Élif <b>", "ownerEmail": OWNER, "petName": "Boncuk", "petSex": "male", "agree": "yes"}
REMINDING_DAYS = 7


def begun(person: Person, **more: Any) -> str:
    """Begin the only vet form there is; gives its page."""
    answer = person.post(PATH, {"form": "2", **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def completed(person: Person, page: str, **more: Any) -> None:
    """Fill it in and complete it."""
    answer = person.post(page, {**ANSWERS, **more, "decision": "complete"})
    assert (answer.status_code, answer.headers["location"]) == (303, page), answer.text


def add_vet_form(practice: Practice, html: str, role: str = "free") -> None:
    """Another vet form of the library, number 9."""
    details = ContentDetails(owner_copy=True)
    row = {"kind": ContentKind.VET_FORM, "title": "Another", "html": html, "role": role, "details": details}

    async def job(tx: Tx) -> None:
        await library.add(tx, item(9, row))

    practice.run(lambda store: store.write(Touching(), job))


def status_of(practice: Practice, page: str) -> str:
    """Its status, as the API tells."""
    found = practice.vetcheck.get(f"/vetforms/{page.rpartition('/')[2]}/get").json()
    return str(found["status"])


def remind(practice: Practice, public_url: str | None = None) -> None:
    """What the worker does each minute."""
    practice.run(lambda store: FormReminders(store, REMINDING_DAYS, public_url)())


def grow_old(practice: Practice, days: int) -> None:
    """Let so many days pass for all vet forms that were begun."""

    async def job(tx: Tx) -> None:
        by = days * values.DAY
        tx.write(Statement(text(f"UPDATE content SET created_at = created_at - {by} WHERE status IS NOT NULL")))  # noqa: S608

    async def work(store: Store) -> None:
        await store.write(Touching(clinics=(MAIN_CLINIC,)), job)

    practice.run(work)


def test_a_vet_form_is_begun_saved_and_completed(fresh_practice):
    person = Person(fresh_practice)
    page = begun(person, owner_email=OWNER)
    assert page == f"{PATH}/100001"
    assert status_of(fresh_practice, page) == "incomplete"
    assert person.post(page, {"firstName": "Élif <b>", "decision": "save"}).status_code == 303
    again = person.get(page).text
    assert 'value="Élif &lt;b&gt;"' in again
    refused = person.post(page, {"firstName": "Élif <b>", "decision": "complete"})
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert 'value="Élif &lt;b&gt;"' in refused.text
    assert queued(fresh_practice) == []
    completed(person, page)
    assert status_of(fresh_practice, page) == "complete"
    shown = person.get(page).text
    assert '<span class="answer">Élif &lt;b&gt;</span>' in shown
    assert "<input" not in shown
    assert [mail.recipient for mail in queued(fresh_practice)] == ["desk@harbour-street.example"]


def test_a_form_that_is_complete_stays_as_it_is(fresh_practice):
    person = Person(fresh_practice)
    page = begun(person)
    csrf = person.csrf(page)
    completed(person, page)
    before = person.get(page).text
    answer = person.client.post(page, data={"csrf": csrf, "firstName": "Other", "decision": "save"})
    assert answer.status_code == 200
    assert "no longer be changed" in answer.text
    assert person.get(page).text == before
    assert len(queued(fresh_practice)) == 1


def test_the_owner_gets_a_copy_where_the_form_allows_it_and_somebody_says_so(fresh_practice):
    person = Person(fresh_practice)
    completed(person, begun(person, owner_email=OWNER), to_owner="yes")
    assert [mail.recipient for mail in queued(fresh_practice)] == ["desk@harbour-street.example", OWNER]
    mail = queued(fresh_practice)[1]
    assert mail.reply_to == "desk@harbour-street.example"
    assert "First name: Élif <b>" in mail.plain
    assert "<b>" not in mail.html
    refused = person.post(begun(person), {**ANSWERS, "to_owner": "yes", "decision": "complete"})
    assert refused.status_code == 400


def test_a_field_of_the_forms_own_does_not_send_the_copy(fresh_practice):
    add_vet_form(fresh_practice, '<input type="checkbox" id="to_owner" name="to_owner"><input name="decision">')
    person = Person(fresh_practice)
    page = begun(person, form="9", owner_email=OWNER)
    html = person.get(page).text
    assert html.count('name="to_owner"') == html.count('id="to_owner"') == 1
    assert person.post(page, {"to_owner-2": "on", "decision": "complete"}).status_code == 303
    assert [mail.recipient for mail in queued(fresh_practice)] == ["desk@harbour-street.example"]


def test_all_fields_of_the_largest_form_are_kept(fresh_practice):
    names = [f"f{number}" for number in range(MOST_FIELDS)]
    add_vet_form(fresh_practice, "".join(f'<textarea name="{name}"></textarea>' for name in names))
    person = Person(fresh_practice)
    page = begun(person, form="9", owner_email=OWNER)
    answers = dict.fromkeys(names, "ü" * (filling.LONGEST_IN_ALL // MOST_FIELDS))
    saved = person.post(page, {**answers, "decision": "save"})
    assert saved.status_code == 303, saved.text
    assert person.get(page).text.count("ü") == filling.LONGEST_IN_ALL
    assert person.post(page, {**answers, "to_owner": "yes", "decision": "complete"}).status_code == 303


def test_the_patients_history_gets_a_record_that_every_dialect_reads(fresh_practice):
    person = Person(fresh_practice)
    page = begun(person, patient=BONCUK)
    begun_with = person.get(page).text
    assert 'value="Boncuk"' in begun_with
    assert re.search(r'<option value="\w+" selected', begun_with), "the record's sex is one of the form's"
    completed(person, page)
    record = fresh_practice.vetigen.get(f"/api/v1/soap/patient/{BONCUK}").json()["data"]["items"][0]
    assert "First name: Élif <b>" in record["objective"]
    assert (record["soap_type"], record["status"]) == ("EXAMINATION", "SIGNED")
    pet = "c3cnsg3kr5fsk3xt9u6hwuca6"
    [same] = fresh_practice.clinovavet.get(f"/api/v1/medical-records?petId={pet}&limit=1").json()["data"]
    assert "First name: Élif <b>" in same["description"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"form": "2", "patient": "patient_01JABC9XYZKL4N7P3Q8TRM2ZDX"}, "There is no patient"),
        ({"form": "2", "patient": "Boncuk"}, "There is no patient"),
        ({"form": "3"}, "There is no vet form 3"),
        ({"form": "x"}, "There is no vet form x"),
        ({}, "There is no vet form"),
        ({"form": "2", "owner_email": "nobody"}, "one e-mail address"),
    ],
)
def test_what_does_not_hold_begins_nothing(practice, fields, words):
    person = Person(practice)
    answer = person.post(PATH, fields)
    assert answer.status_code == 400
    assert words in answer.text
    assert "None yet." in answer.text


def test_another_clinic_sees_none_of_it(fresh_practice):
    page = begun(Person(fresh_practice))
    other = Person(fresh_practice, OTHER)
    assert other.get(page).status_code == 404
    assert "None yet." in other.get(PATH).text
    assert other.post(page, {**ANSWERS, "decision": "complete"}, page=PATH).status_code == 404
    assert fresh_practice.other_vetcheck.get(f"/vetforms/{page.rpartition('/')[2]}/get").status_code == 404
    assert status_of(fresh_practice, page) == "incomplete"


def test_colleagues_go_on_with_what_was_begun(fresh_practice):
    page = begun(Person(fresh_practice))
    completed(Person(fresh_practice, FREE), page)
    assert status_of(fresh_practice, page) == "complete"


def test_nobody_gets_in_without_a_session_or_with_another_sites_form(practice):
    answer = practice.client().get(PATH)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    person = Person(practice)
    assert person.client.post(PATH, data={"form": "2"}).status_code == 400
    assert person.client.post(PATH, data={"form": "2", "csrf": "0" * 64}).status_code == 400
    assert "None yet." in person.get(PATH).text


def test_who_began_a_form_is_reminded_of_it_once(fresh_practice):
    person = Person(fresh_practice)
    page, done = begun(person), begun(person)
    completed(person, done)
    before = len(queued(fresh_practice))
    grow_old(fresh_practice, REMINDING_DAYS - 1)
    remind(fresh_practice)
    assert status_of(fresh_practice, page) == "incomplete"
    grow_old(fresh_practice, 2)
    remind(fresh_practice, "https://vet.example/")
    remind(fresh_practice, "https://vet.example/")
    assert (status_of(fresh_practice, page), status_of(fresh_practice, done)) == ("reminded", "complete")
    [mail] = queued(fresh_practice)[before:]
    assert mail.recipient == "aino.laakso@harbour-street.example"
    assert f"https://vet.example{page}\n" in mail.plain
    assert "https" not in remind_text(fresh_practice, person)
    completed(person, page)
    assert status_of(fresh_practice, page) == "complete"


def remind_text(practice: Practice, person: Person) -> str:
    """What a reminder says where nobody has told the server's URL."""
    begun(person)
    grow_old(practice, REMINDING_DAYS + 1)
    remind(practice)
    return queued(practice)[-1].plain


def test_many_forms_come_by_pages(fresh_practice, monkeypatch):
    monkeypatch.setattr("polyvet.dialects.vetcheck.vet_form_pages.ROWS", 2)
    person = Person(fresh_practice)
    numbers = [begun(person).rpartition("/")[2] for _ in range(3)]
    beside(fresh_practice, f"UPDATE content SET role = 'premium' WHERE number = {numbers[2]}")  # noqa: S608
    free = Person(fresh_practice, FREE).get(PATH).text
    assert [number in free for number in numbers] == [True, True, False]
    first = person.get(PATH).text
    assert [number in first for number in numbers] == [False, True, True]
    assert f'href="vetforms?before={numbers[1]}"' in first
    assert f'href="vetforms/{numbers[0]}"' in person.get(f"{PATH}?before={numbers[1]}").text


def test_what_the_role_does_not_open_is_told_on_a_page(fresh_practice):
    page = begun(Person(fresh_practice))
    beside(fresh_practice, "UPDATE content SET role = 'premium' WHERE title = 'Ultrasound report'")
    person = Person(fresh_practice, FREE)
    assert "no vet form that is open to you" in person.get(PATH).text
    csrf = person.csrf("/account")
    for answer in (
        person.get(page),
        person.client.post(page, data={"csrf": csrf, **ANSWERS, "decision": "complete"}),
        person.client.post(PATH, data={"csrf": csrf, "form": "2"}),
    ):
        assert answer.status_code == 403
        assert "open to premium users" in answer.text


def test_the_page_says_what_is_kept_and_what_becomes_of_it(fresh_practice):
    person = Person(fresh_practice)
    page = begun(person, patient=BONCUK)
    shown = person.get(page).text
    assert "It is not complete yet." in shown
    assert "is part of the patient&#39;s history and is mailed to desk@harbour-street.example" in shown
    assert "It is not complete yet." not in person.post(page, {"decision": "complete"}).text
    assert "patient&#39;s history" not in person.get(begun(person)).text
    completed(person, page)
    assert "A copy was mailed" in person.get(page).text


def test_who_sends_the_owner_no_copy_need_not_say_so_again(fresh_practice):
    person = Person(fresh_practice)
    page = begun(person, owner_email=OWNER)
    assert 'value="yes" checked> <label for="_to_owner"' in person.get(page).text
    for said, checked in (({}, ""), ({"to_owner": "yes"}, " checked")):
        refused = person.post(page, {"decision": "complete", **said}).text
        assert f'value="yes"{checked}> <label for="_to_owner"' in refused
