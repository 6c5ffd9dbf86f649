# SPDX-License-Identifier: Apache-2.0
"""The records that the vendors' documents show, under their own ids and to the letter: a copied request answers.

Boncuk comes from the Vetigen reference; John Smith, Max, the check-up and the invoice from the ClinovaVet page;
client 218 with patient 2130 Fenton, and John Smith's number 456, from the Provet guide. All live in the main clinic.
"""

from __future__ import annotations

from polyvet.model.batch import Batch, Connected, Enrolled
from polyvet.model.entities import (
    Client,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    MedicalRecord,
    Patient,
    RecordKind,
    RecordStatus,
    Sex,
    State,
    Weight,
)
from polyvet.model.values import from_base36, from_crockford, from_kilograms, instant
from polyvet.sandbox.practice import MAIN_CLINIC, SAMPLE_AUTHOR, users

DOG = 15461002
GOLDEN_RETRIEVER = 13690002

BONCUK_NUMBER = 1756
BONCUKS_OWNER_NUMBER = 389
JOHN_SMITH_NUMBER = 456
MAX_NUMBER = 1204
FENTON_NUMBER = 2130
FENTONS_OWNER_NUMBER = 218
CLIENT_NUMBERS = frozenset({BONCUKS_OWNER_NUMBER, JOHN_SMITH_NUMBER, FENTONS_OWNER_NUMBER})
PATIENT_NUMBERS = frozenset({BONCUK_NUMBER, MAX_NUMBER, FENTON_NUMBER})
INVOICE_NUMBER = "INV-2026-001523"
COUNT = 3  # clients, and as many patients


def _crockford(text: str) -> bytes:
    ident = from_crockford(text)
    if ident is None:
        raise ValueError(text)
    return ident


def _base36(text: str) -> bytes:
    ident = from_base36(text.removeprefix("c"))
    if ident is None:
        raise ValueError(text)
    return ident


BONCUK_ID = _crockford("01JABC9XYZKL4N7P3Q8TRM2ZDE")
BONCUKS_OWNER_ID = _crockford("01JABC9X7RHT2W5V8QKE4M6NPD")
BONCUKS_WEIGHT_ID = _crockford("01KKZXN0N8WT5Q3V7D2MB6GRHE")
JOHN_SMITH_ID = _base36("cku9g6x2p0000ab0f0s1z2z3z")
MAX_ID = _base36("cku9g7y3q0001ab0f0t2a3b4c")
MAXS_WEIGHT_ID = _crockford("01KF0YF8F0C4N6T2R8VQ5WJ3MK")
RECORD_ID = _base36("cku9i9a5s0003ab0f0v4c5d6e")
INVOICE_ID = _base36("cku9j0b6t0004ab0f0w5d6e7f")
FENTON_ID = _crockford("01FM549WN3Z7Q2RK8H5VW4TCXM")
FENTONS_OWNER_ID = _crockford("01FM53X2S0A6E9BJ4YN8DPG7RT")

_BONCUK_CREATED = instant("2024-11-03T09:24:17.000Z")
_BONCUKS_OWNER_CREATED = instant("2024-11-03T09:21:05.000Z")
_BONCUK_UPDATED = instant("2026-03-18T14:02:41.000Z")
_SMITH_CREATED = instant("2024-03-01T10:00:00.000Z")
_MAX_CREATED = instant("2024-03-01T10:15:00.000Z")
_VISIT = instant("2026-01-15T14:30:00.000Z")
_BILLED = instant("2026-01-15T15:00:00.000Z")
_FENTON_CREATED = instant("2021-11-10T15:45:50.179386+02:00")
_FENTON_UPDATED = instant("2021-11-10T15:45:50.179414+02:00")
_OWNER_218_CREATED = instant("2021-11-10T15:41:12.604208+02:00")

# Stamps are unique in a clinic, and the documented instants of one visit are equal: what shows no `updatedAt`
# steps aside by some microseconds, which no dialect prints.
_ASIDE = 2


def _clients() -> list[Client]:
    active = int(State.ACTIVE)
    return [
        Client(
            BONCUKS_OWNER_ID, BONCUKS_OWNER_NUMBER, active, "Ayşe", None, "Yılmaz", "ayse.yilmaz@example.com",
            "+90 532 555 0142", "Bağdat Caddesi No: 214, 34728 Kadıköy/İstanbul", None,
            _BONCUKS_OWNER_CREATED, _BONCUKS_OWNER_CREATED,
        ),
        Client(
            JOHN_SMITH_ID, JOHN_SMITH_NUMBER, active, "John", None, "Smith", "john.smith@example.com",
            "+1-555-123-4567", "123 Main St, New York, NY 10001", _VISIT, _SMITH_CREATED, _VISIT,
        ),
        Client(
            FENTONS_OWNER_ID, FENTONS_OWNER_NUMBER, active, "Helen", None, "Hill", "helen.hill@example.org",
            "+44 20 7946 0218", "7 Orchard Close, Bath BA1 2QR", None, _OWNER_218_CREATED, _OWNER_218_CREATED,
        ),
    ]  # fmt: skip


def _patients() -> list[Patient]:
    active = int(State.ACTIVE)
    return [
        Patient(
            BONCUK_ID, BONCUKS_OWNER_ID, BONCUK_NUMBER, active, "Boncuk", DOG, GOLDEN_RETRIEVER, Sex.MALE, False,
            "2019-06-15", None, from_kilograms(28.4), _BONCUK_CREATED, _BONCUK_UPDATED,
        ),
        Patient(
            MAX_ID, JOHN_SMITH_ID, MAX_NUMBER, active, "Max", DOG, GOLDEN_RETRIEVER, Sex.MALE, True,
            "2020-05-15", None, from_kilograms(32.5), _MAX_CREATED, _VISIT + 2 * _ASIDE,
        ),
        Patient(
            FENTON_ID, FENTONS_OWNER_ID, FENTON_NUMBER, active, "Fenton", DOG, None, Sex.FEMALE, False,
            None, None, None, _FENTON_CREATED, _FENTON_UPDATED,
        ),
    ]  # fmt: skip


def _record() -> MedicalRecord:
    author = next(user.id for user in users() if user.subject == SAMPLE_AUTHOR and user.clinic_id == MAIN_CLINIC)
    return MedicalRecord(
        id=RECORD_ID,
        clinic_id=MAIN_CLINIC,
        patient_id=MAX_ID,
        kind=RecordKind.CHECKUP,
        status=RecordStatus.SIGNED,
        title="Annual Checkup",
        subjective=None,
        objective="Patient alert and responsive...",
        assessment="Healthy, no concerns",
        differential=None,
        plan="Continue current diet, schedule next checkup",
        blood_test=None,
        urine_test=None,
        occurred_at=_VISIT,
        author_id=author,
        signed_at=_VISIT,
        amends_id=None,
        created_at=_VISIT,
        updated_at=_VISIT + _ASIDE,
    )


def _invoice() -> Invoice:
    # The document's total is 245.50, its one line 45.00: the rest is an older balance.
    return Invoice(
        id=INVOICE_ID,
        clinic_id=MAIN_CLINIC,
        client_id=JOHN_SMITH_ID,
        patient_id=MAX_ID,
        number=INVOICE_NUMBER,
        status=InvoiceStatus.PAID,
        currency="EUR",
        carried_over_cents=20050,
        created_at=_BILLED,
        updated_at=_BILLED,
        paid_at=_BILLED,
    )


def sample_batch() -> Batch:
    """All samples, for the bulk loader."""
    clients, patients = _clients(), _patients()
    return Batch(
        clients=clients,
        connections=[Connected(MAIN_CLINIC, c.id, c.state, c.number, c.updated_at, c.last_visit) for c in clients],
        patients=patients,
        enrolments=[Enrolled(MAIN_CLINIC, p.id, p.state, p.number, p.updated_at) for p in patients],
        weights=[
            Weight(BONCUKS_WEIGHT_ID, BONCUK_ID, MAIN_CLINIC, from_kilograms(28.4), _BONCUK_UPDATED),
            Weight(MAXS_WEIGHT_ID, MAX_ID, MAIN_CLINIC, from_kilograms(32.5), _VISIT),
        ],
        records=[_record()],
        invoices=[_invoice()],
        invoice_lines=[InvoiceLine(INVOICE_ID, 0, "Rabies Vaccine", 4500, 1000)],
    )
