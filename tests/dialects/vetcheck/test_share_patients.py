# SPDX-License-Identifier: Apache-2.0
"""Shares that name a patient: found by any id, filled in from the record, and in its history for every dialect."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from polyvet.core import merging, patients, records, share_records
from polyvet.dialects.clinovavet.wire import to_id
from polyvet.dialects.vetigen.wire import to_fp
from polyvet.model import values
from polyvet.model.details import AppointmentDetails
from polyvet.model.entities import CalendarEvent, EventKind, EventStatus, RecordKind
from polyvet.model.library import ContentDetails, ContentKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.samples import BONCUK_ID, BONCUK_NUMBER, MAX_ID, MAX_NUMBER
from polyvet.storage import appointments, library, patient_files
from polyvet.storage import patients as stored_patients
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import clients, events
from polyvet.storage.writing import Touching
from tests.dialects.vetcheck.shared import (
    FORM,
    HANDOUT,
    OWNER,
    latest,
    queued,
    share_of,
    shared,
    sound,
    submission,
    submit,
)

MAX, BONCUK = to_id(MAX_ID), to_fp("patient_", BONCUK_ID)
TITLE, ANSWERED = "Shared with the owner: New client", "Filled in by the owner: New client"
NOBODY = b"\x01" * 16  # the same in every process, as are the names of the tests


# --- by which names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [BONCUK, to_id(BONCUK_ID), BONCUK_NUMBER, str(BONCUK_NUMBER)])
def test_a_patient_is_named_by_any_dialects_id(unlimited, name):
    share = share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, {"patient": name}))
    assert (share.patient_id, share.name) == (BONCUK_ID, "Boncuk")


@pytest.mark.parametrize(
    "name",
    [0, -1, 99_999, "x", "patient_x", "c123", "1" * 40, to_id(NOBODY), to_fp("patient_", NOBODY), "²", 10**17],
)
def test_a_patient_that_is_not_there_is_missing(practice, name):
    answer = practice.vetcheck.post(HANDOUT, json={"patient": name})
    assert (answer.status_code, answer.json()["message"]) == (404, f"The patient {name} could not be found.")


def test_another_clinics_patient_answers_as_one_that_is_not_there(unlimited):
    async def of_both(store):
        theirs = [file.patient.id for n in range(1, 400) if (file := await patient_files.by_number(
            store.reader, SECOND_CLINIC, n)) is not None]  # fmt: skip
        seen = [await stored_patients.get(store.reader, MAIN_CLINIC, one) for one in theirs]
        return next(one for one, here in zip(theirs, seen, strict=True) if here is None)

    stranger = unlimited.run(of_both)
    assert shared(unlimited.other_vetcheck, HANDOUT, {"patient": to_id(stranger)})
    for ident in (stranger, NOBODY):
        answer = unlimited.vetcheck.post(HANDOUT, json={"patient": to_id(ident)})
        assert (answer.status_code, answer.json()["message"].replace(to_id(ident), "X")) == (
            404, "The patient X could not be found.",
        )  # fmt: skip


def test_nothing_said_of_a_patient_names_none(unlimited):
    for nothing in ("", None):
        assert share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, {"patient": nothing})).patient_id is None


def test_an_archived_patient_is_not_shared_about(fresh_practice):
    async def archive(w):
        await patients.archive(w, MAX_ID, MAX)

    fresh_practice.change(fresh_practice.read(lambda ctx: patients.touching(ctx, MAX_ID)), archive)
    assert fresh_practice.vetcheck.post(HANDOUT, json={"patient": MAX}).status_code == 404
    assert (latest(fresh_practice), queued(fresh_practice)) == ([], [])


# --- from the record ------------------------------------------------------------------------------------------


def test_name_and_e_mail_are_the_records_where_none_are_said(unlimited):
    share = share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, {"patient": MAX}))
    assert (share.name, share.email, share.open) == ("Max", "john.smith@example.com", False)
    assert queued(unlimited)[-1].recipient == "john.smith@example.com"
    share = share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, {"patient": MAX, "name": "Maxi", "email": OWNER}))
    assert (share.name, share.email) == ("Maxi", OWNER)


@pytest.mark.parametrize("email", [None, "not an address"])
def test_a_patients_link_without_an_address_is_its_owners_alone(fresh_practice, email):
    change = Statement(update(clients).values(email=p("new_email")), "new_email", rank=70)

    async def work(tx):
        tx.write(change, email)

    fresh_practice.run(lambda store: store.write(Touching(), work))
    share = share_of(fresh_practice, token := shared(fresh_practice.vetcheck, FORM, {"patient": MAX}))
    assert (share.email, share.open, queued(fresh_practice)) == (None, False, [])
    assert submit(fresh_practice, token, {}) == token
    assert len(latest(fresh_practice)) == 1


def test_a_form_starts_with_all_that_the_record_knows(fresh_practice):
    share = share_of(fresh_practice, shared(fresh_practice.vetcheck, FORM, {"patient": MAX}))
    assert share.prefill == {
        "firstName": "John", "lastName": "Smith", "ownerEmail": "john.smith@example.com",
        "ownerPhone": "+1-555-123-4567", "petName": "Max", "petSpecies": "Dog", "petBreed": "Golden Retriever",
        "petSex": "male", "petDateOfBirth": "2020-05-15", "form_client_address": "123 Main St, New York, NY 10001",
    }  # fmt: skip
    assert share_of(fresh_practice, shared(fresh_practice.vetcheck, HANDOUT, {"patient": MAX})).prefill == {}


def test_what_is_said_goes_before_the_record(unlimited):
    said = {"patient": MAX, "name": "Maxi", "email": OWNER, "petName": "Maximilian", "firstName": "Jo",
            "form_pet_desexing_date": "2024-01-02"}  # fmt: skip
    prefill = share_of(unlimited, shared(unlimited.vetcheck, FORM, said)).prefill
    assert [prefill[name] for name in ("petName", "ownerEmail", "firstName", "lastName", "form_pet_desexing_date")] == [
        "Maximilian", OWNER, "Jo", "Smith", "2024-01-02",
    ]  # fmt: skip


def test_vaccinations_are_the_last_on_record_and_the_next_one_booked(fresh_practice):
    now = values.now()

    def at(tx, kind, start, status=EventStatus.SCHEDULED, clinic_id=MAIN_CLINIC, patient_id=MAX_ID):
        clinic = tx.clinic(clinic_id)
        clinic.appointment_seq += 1
        event = CalendarEvent(
            values.new_id(), clinic_id, "E", str(kind), str(status), start, start + 1, patient_id, None, now,
            tx.stamp(clinic_id), clinic.appointment_seq,
        )  # fmt: skip
        appointments.insert(tx, event, AppointmentDetails())

    async def work(tx):
        for kind, title in ((RecordKind.VACCINATION, "Rabies booster"), (RecordKind.CHECKUP, "Later")):
            new = share_records.NewRecord(clinic_id=MAIN_CLINIC, patient_id=MAX_ID, kind=str(kind), title=title)
            share_records.write(tx, new)
        day = values.DAY
        at(tx, EventKind.VACCINATION, now + 90 * day)
        at(tx, EventKind.VACCINATION, now + 60 * day)
        at(tx, EventKind.VACCINATION, now - 2 * day)
        at(tx, EventKind.VACCINATION, now + 30 * day, EventStatus.CANCELLED)
        at(tx, EventKind.VACCINATION, now + 20 * day, patient_id=BONCUK_ID)
        at(tx, EventKind.CHECKUP, now + 10 * day)
        at(tx, EventKind.VACCINATION, now + 5 * day, clinic_id=SECOND_CLINIC)

    fresh_practice.run(lambda s: s.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), work))
    expected = {
        "form_pet_last_vaccine": "Rabies booster",
        "form_pet_last_vaccine_date": values.local(now, "Europe/Helsinki").date().isoformat(),
        "form_pet_next_vaccine_date": values.local(now + 60 * values.DAY, "Europe/Helsinki").date().isoformat(),
    }
    for _ in range(2):  # the second time there is a record of the first share: it is no vaccination
        share = share_of(
            fresh_practice, token := shared(fresh_practice.vetcheck, _certificate(fresh_practice), {"patient": MAX})
        )
        assert {name: share.prefill.get(name) for name in expected} == expected
        submit(fresh_practice, token, {})


def _certificate(practice) -> str:
    """A form that leaves a record of a vaccination."""

    async def work(tx):
        form = await library.get(tx, MAIN_CLINIC, ContentKind.FORM, 3)
        assert form is not None
        library.save(tx, replace(form, details=ContentDetails(record=str(RecordKind.VACCINATION))))

    practice.run(lambda store: store.write(Touching(), work))
    return "/forms/3/share"


# --- in the history -------------------------------------------------------------------------------------------


def _vetigen(client):
    return client.get(f"/api/v1/soap/patient/{to_fp('patient_', MAX_ID)}?page_size=100").json()["data"]["items"]


def _clinovavet(client):
    return client.get("/api/v1/medical-records", params={"petId": MAX, "limit": 100}).json()["data"]


def _provet(client):
    return client.get(f"/{MAIN_CLINIC}/api/0.1/consultation/?patients={MAX_NUMBER}&page_size=100").json()["results"]


def test_every_dialect_reads_the_share_and_its_submission(fresh_practice):
    p = fresh_practice
    before = [len(_vetigen(p.vetigen)), len(_clinovavet(p.clinovavet)), len(_provet(p.provet))]
    token = shared(
        p.vetcheck, FORM, {"patient": MAX, "comments": "Look after him", "special_instructions": "Rest\nfor a week"}
    )
    submit(p, token, {"firstName": "John"}, "First name: John\nSex: Male")
    soap, records, visits = _vetigen(p.vetigen), _clinovavet(p.clinovavet), _provet(p.provet)
    assert [len(soap), len(records), len(visits)] == [n + 2 for n in before]
    assert [(one["soap_type"], one["status"], one["subjective"]) for one in soap[:2]] == [
        ("CHECKUP", "SIGNED", "First name: John\nSex: Male"), ("CHECKUP", "SIGNED", None),
    ]  # fmt: skip
    assert soap[0]["amends_fp"] == soap[1]["fp"]
    assert soap[1]["plan"] == f"{TITLE}\n\nRest\nfor a week\n\nLook after him"
    assert [one["title"] for one in records[:2]] == [ANSWERED, TITLE]
    assert records[1]["treatment"] == soap[1]["plan"]
    assert [one["complaint"] for one in visits[-2:]] == [TITLE, ANSWERED]
    assert sound(p)


def test_records_tell_who_shared_and_what_they_belong_to(fresh_practice):
    p = fresh_practice
    token = shared(p.vetcheck, FORM, {"patient": MAX, "comments": "c", "special_instructions": "i"})
    submit(p, token, {}, "Notes: -")
    share = share_of(p, token)
    page = p.read(core_records)
    answered, noted = page.items[:2]
    assert (noted.id, noted.title, noted.plan, noted.subjective) == (share.record_id, TITLE, f"{TITLE}\n\ni\n\nc", None)
    assert (noted.kind, noted.status, noted.author_id, noted.amends_id) == ("CHECKUP", "SIGNED", share.user_id, None)
    assert (answered.title, answered.subjective, answered.plan) == (ANSWERED, "Notes: -", None)
    assert (answered.kind, answered.status, answered.author_id, answered.amends_id) == (
        "CHECKUP", "SIGNED", None, noted.id,
    )  # fmt: skip
    assert answered.number == noted.number + 1
    assert answered.occurred_at == answered.signed_at >= noted.occurred_at == noted.signed_at
    assert submission(p, share) is not None
    assert share.patient_id == MAX_ID


async def core_records(ctx):

    return await records.search_patient(ctx, MAX_ID, MAX, limit=50)


def test_a_bare_share_leaves_no_record(unlimited):
    before = unlimited.read(core_records).total
    token = shared(unlimited.vetcheck, FORM, {"name": "Max", "email": OWNER})
    submit(unlimited, token, {})
    assert unlimited.read(core_records).total == before


def test_webhooks_and_change_feeds_hear_of_both(fresh_practice):
    token = shared(fresh_practice.vetcheck, FORM, {"patient": MAX})
    submit(fresh_practice, token, {})
    asked = Statement(
        select(events.c.kind, events.c.entity).where(events.c.clinic_id == MAIN_CLINIC).order_by(events.c.seq)
    )
    rows = fresh_practice.run(lambda store: store.reader.fetch(asked))
    assert [tuple(row) for row in rows][-4:] == [
        ("created", "record"), ("created", "share"), ("updated", "share"), ("created", "record"),
    ]  # fmt: skip


# --- merged and gone ------------------------------------------------------------------------------------------


def _merged(practice, source: int, target: int) -> None:
    touching = practice.read(lambda ctx: merging.touching(ctx, source, target))
    practice.change(touching, lambda w: merging.merge(w, source, str(source), target))


def _another_dog(practice) -> int:
    answer = practice.provet.post(
        f"/{MAIN_CLINIC}/api/0.1/patient/",
        json={
            "name": "Maxi",
            "client": f"{practice.server.url}/{MAIN_CLINIC}/api/0.1/client/456/",
            "species": 15461002,
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_the_id_of_a_merged_patient_names_the_one_that_stays(fresh_practice):
    other = _another_dog(fresh_practice)
    token = shared(fresh_practice.vetcheck, FORM, {"patient": MAX})
    _merged(fresh_practice, MAX_NUMBER, other)
    stays = fresh_practice.run(lambda s: patient_files.by_number(s.reader, MAIN_CLINIC, other)).patient.id
    for name in (MAX, MAX_NUMBER):
        share = share_of(fresh_practice, shared(fresh_practice.vetcheck, FORM, {"patient": name}))
        assert (share.patient_id, share.name) == (stays, "Maxi")
    # What was shared before went over with its record, and is amended there.
    assert share_of(fresh_practice, token).patient_id == stays
    submit(fresh_practice, token, {}, "Notes: after")
    page = fresh_practice.read(core_records)
    [answered] = [one for one in page.items if one.subjective == "Notes: after"]
    assert (answered.patient_id, answered.amends_id) == (stays, share_of(fresh_practice, token).record_id)
    assert sound(fresh_practice)


def test_nothing_is_written_of_a_patient_that_the_clinic_sees_no_more(fresh_practice):
    p = fresh_practice
    token = shared(p.vetcheck, FORM, {"patient": MAX})
    before = p.run(lambda s: stored_patients.get(s.reader, MAIN_CLINIC, MAX_ID))
    assert before is not None

    async def delete(w):
        await patients.delete(w, MAX_ID, MAX)

    p.change(p.read(lambda ctx: patients.touching(ctx, MAX_ID)), delete)
    assert submit(p, token, {"firstName": "John"}) == token
    kept = submission(p, share_of(p, token))
    assert kept is not None
    assert kept.answers == {"firstName": "John"}
    assert len(queued(p)) == 3  # owner and clinic hear of it all the same
    assert latest(p)[0].patient is None
    assert sound(p)
