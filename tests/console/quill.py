# SPDX-License-Identifier: Apache-2.0
"""A client with something on file of every kind, all of it told by texts that stand nowhere else in the practice."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import literal_column, select, update

from polyvet.core import clients, share_records
from polyvet.core.share_records import NewRecord
from polyvet.dialects.clinovavet.wire import to_id
from polyvet.dialects.vetigen.wire import to_fp
from polyvet.model.entities import RecordKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import client_files, patient_files
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import idempotency, invoice_lines, invoices, metadata
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import DOG, ROOT, sent, url
from tests.dialects.vetcheck.shared import FORM, HANDOUT, shared, submit

# What is looked for: each stands in a text below, and in no other.
TRACES = (
    "quintessa",
    "quillfeather",
    "quill@inkwell",
    "second@inkwell",
    "goosequill",
    "5550199",
    "vellum",
    "parchment",
)
_INVOICE = Statement(
    select(invoices.c.id).where(invoices.c.clinic_id == p("clinic")).order_by(invoices.c.id).limit(1), "clinic"
)
_GIVE = Statement(
    update(invoices).where(invoices.c.id == p("invoice")).values(client_id=p("client"), patient_id=p("patient")),
    "client patient invoice",
)
_NAME = Statement(
    update(invoice_lines)
    .where(invoice_lines.c.invoice_id == p("invoice"), invoice_lines.c.position == literal_column("0"))
    .values(name=p("new_name")),
    "new_name invoice",
)


class Quill(msgspec.Struct):
    """Her numbers and ids."""

    number: int
    pet: int
    client_id: bytes
    patient_id: bytes
    token: str


def registered(practice: Practice) -> Quill:
    """Quintessa Quillfeather with a dog, an appointment, a reminder, a record, an invoice, shares and mails."""
    provet = practice.provet
    number = sent(provet, "POST", "client/", {
        "firstname": "Quintessa", "lastname": "Quillfeather", "email": "quill@inkwell.example",
        "alt_emails": "second@inkwell.example", "street_address": "Goosequill Lane 7", "zip_code": "00100",
        "city": "Helsinki", "country": "FI", "id_number": "VELLUM-77", "remarks": "Parchment allergy",
        "critical_notes": "Parchment!", "old_client_id": "vellum-1",
        "fields_rel": [{"field_id": 42, "value": "Vellum"}],
    }, 201)["id"]  # fmt: skip
    phone = {"client": url("client", number), "phone_number": "+358 40 5550199", "type_code": 1}
    sent(provet, "POST", "phonenumber/", phone, 201)
    pet = sent(provet, "POST", "patient/", {
        "client": url("client", number), "name": "Nib", "species": DOG, "gender": "Male",
        "remarks": "Mrs Quillfeather holds him", "critical": "Bites QUILLFEATHER only", "passport_number": "VELLUM1",
        "insurance": "VELLUM2", "fields_rel": [{"field_id": 62, "value": "of Quintessa Quillfeather"}],
    }, 201)["id"]  # fmt: skip
    sent(provet, "POST", "appointment/", {
        "title": "Nib (Quillfeather)", "start": "2033-05-04T10:00:00+03:00", "end": "2033-05-04T10:30:00+03:00",
        "type": "2", "department": url("department", 11), "user": url("user", 1), "patients": [url("patient", pet)],
        "complaint": "quintessa quillfeather says he sneezes", "client_notes": "Ring at the parchment shop",
        "notes": "Call 040 555 0199",
    }, 201)  # fmt: skip
    sent(provet, "POST", "reminder/", {
        "client": url("client", number), "patient": url("patient", pet), "email_address": "quill@inkwell.example",
        "email_text": "Dear Quintessa", "phone_number": "+358405550199", "planned_sending_date": "2033-03-01",
    }, 201)  # fmt: skip
    client_id, patient_id = _ids(practice, number, pet)
    _papers(practice, client_id, patient_id)
    vetcheck = practice.vetcheck
    said = {"patient": to_id(patient_id), "email": "quill@inkwell.example", "comments": "Dear Mrs Quillfeather"}
    token = shared(vetcheck, HANDOUT, said)
    filled = shared(vetcheck, FORM, said)
    submit(practice, filled, {"firstName": "Quintessa", "notes": "Goosequill Lane 7"}, "Name: Quintessa Quillfeather")
    return Quill(number, pet, client_id, patient_id, token)


def _ids(practice: Practice, number: int, pet: int) -> tuple[bytes, bytes]:
    async def look(store: Any) -> tuple[bytes, bytes]:
        client_id = await client_files.id_of(store.reader, MAIN_CLINIC, number)
        file = await patient_files.by_number(store.reader, MAIN_CLINIC, pet)
        assert client_id is not None
        assert file is not None
        return client_id, file.patient.id

    return practice.run(look)


def _papers(practice: Practice, client_id: bytes, patient_id: bytes) -> None:
    """A medical record and an invoice, which no dialect writes."""

    async def job(tx: Tx) -> None:
        share_records.write(tx, NewRecord(
            clinic_id=MAIN_CLINIC, patient_id=patient_id, kind=RecordKind.EXAMINATION, title="Cough",
            subjective="Quintessa reports cough. Call +358 40 555 0199.", objective="A long bone, a feather.",
        ))  # fmt: skip
        (invoice,) = await tx.fetch_one(_INVOICE, MAIN_CLINIC)
        tx.write(_GIVE, client_id, patient_id, invoice)
        tx.write(_NAME, "Syrup for Quintessa Quillfeather", invoice)

    practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), job))


def shown_to_the_other(practice: Practice, quill: Quill) -> None:
    """Open her to the second clinic."""
    practice.change(
        clients.connecting(MAIN_CLINIC, SECOND_CLINIC, quill.client_id),
        lambda w: clients.connect(w, quill.client_id, "Quill", SECOND_CLINIC),
    )


def traces(practice: Practice) -> dict[str, list[str]]:
    """Where in the whole store a trace of hers stands: tables with the rows, as texts."""

    async def look(store: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for table in metadata.sorted_tables:
            if table is idempotency:  # kept for a day
                continue
            for row in await store.reader.fetch(Statement(select(*table.columns))):
                text = str(row).lower()
                if any(trace in text.replace(" ", "") or trace in text for trace in TRACES):
                    found.setdefault(table.name, []).append(text)
        return found

    return practice.run(look)


def root(number: int, kind: str = "client") -> str:
    """Where Provet has it."""
    return f"{ROOT}{kind}/{number}/"


def shown_without_her(practice: Practice, quill: Quill, before: Any) -> None:
    """Every dialect shows the client without the person, and tells of the change."""
    client = practice.provet.get(root(quill.number)).json()
    assert (client["firstname"], client["lastname"], client["email"]) == ("Erased", "client", "")
    assert (client["phone_numbers"], client["street_address"], client["remarks"], client["fields_rel"]) == (
        [],
        None,
        "",
        [],
    )
    assert client["modified"] > before["modified"]
    changed = practice.provet.get(
        f"{root(0).partition('client')[0]}client/?modified__gt={before['modified'].replace('+', '%2B')}"
    )
    assert quill.number in [row["id"] for row in changed.json()["results"]]
    pet = practice.provet.get(root(quill.pet, "patient")).json()
    assert (pet["name"], pet["passport_number"], pet["remarks"]) == ("Nib", "", "Mrs [erased] holds him")
    owner = practice.clinovavet.get(f"/api/v1/owners/{to_id(quill.client_id)}").json()
    assert "Erased" in str(owner)
    fetched = practice.vetigen.get(f"/api/v1/patients/{to_fp('patient_', quill.patient_id)}").json()
    soap = practice.vetigen.get(f"/api/v1/patients/{to_fp('patient_', quill.patient_id)}/soap").json()
    token = shared(practice.vetcheck, FORM, {"patient": to_id(quill.patient_id)})  # filled in from the record
    form = practice.client().get(f"/s/{token}")
    assert (form.status_code, "Erased" in form.text) == (200, True)
    for text in (client, pet, owner, fetched, soap, form.text):
        assert "quill" not in str(text).lower()
