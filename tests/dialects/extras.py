# SPDX-License-Identifier: Apache-2.0
"""Rows beside the demo's for the golden files, so that these do not hang on what the demo's dice give.

Their place is apart: the events lie in the year 2031, the items in a category of their own, and a third clinic sees
nobody but Boncuk.
"""

from __future__ import annotations

from polyvet.model.batch import Batch, Connected, Enrolled
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel, Option
from polyvet.model.details import ReminderDetails
from polyvet.model.entities import (
    Booking,
    CalendarEvent,
    Clinic,
    CodeList,
    EventKind,
    EventStatus,
    MedicalRecord,
    RecordKind,
    RecordStatus,
    Reminder,
    State,
    StockItem,
)
from polyvet.model.species import species_rows
from polyvet.model.values import from_crockford, instant
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC, vets
from polyvet.sandbox.reminders import Pet
from polyvet.sandbox.samples import BONCUK_ID, BONCUKS_OWNER_ID, JOHN_SMITH_ID, MAX_ID

CATEGORY = "SAMPLE"
SMALL_CLINIC = 9
DEPARTMENTS = ((MAIN_CLINIC, 11, "Small animals"), (MAIN_CLINIC, 12, "Horses"), (SECOND_CLINIC, 21, "Emergency"))


def _fields(model: FieldModel, first: int, selects: int, options: int) -> list[CustomField]:
    """A field of every kind."""
    choices = (Option(options + 1, "Option A"), Option(options + 2, "Option B"))
    single = tuple(Option(one.number + 10, one.name) for one in choices)
    return [
        CustomField(first, model, "Heard of us", FieldKind.TEXT, False),
        CustomField(first + 1, model, "Distance in km", FieldKind.NUMBER, False),
        CustomField(first + 2, model, "Card until", FieldKind.DATE, False),
        CustomField(first + 3, model, "Newsletter", FieldKind.BOOLEAN, False),
        CustomField(selects, model, "Interests", FieldKind.MULTI_SELECT, False, choices),
        CustomField(selects + 1, model, "Contract", FieldKind.SELECT, False, single),
    ]


# 42 and 55, and the options 101 and 102, are the numbers in Provet's documented requests.
CUSTOM_FIELDS = (
    *((MAIN_CLINIC, field) for field in _fields(FieldModel.CLIENT, 42, 55, 100)),
    *((MAIN_CLINIC, field) for field in _fields(FieldModel.PATIENT, 62, 75, 200)),
    (SECOND_CLINIC, CustomField(92, FieldModel.CLIENT, "Elsewhere", FieldKind.TEXT, False)),
)
# Insurers of the clinics, by list and name: their codes count up from the first.
CODES = ((MAIN_CLINIC, CodeList.INSURERS, "Whisker Mutual"), (SECOND_CLINIC, CodeList.INSURERS, "Other Mutual"))
_MADE = instant("2026-03-18T14:00:00Z")
_CHANGED = _MADE + 8  # even, as no stamp of the demo is


def _id(text: str) -> bytes:
    ident = from_crockford(text)
    assert ident is not None
    return ident


EVENT_ID = _id("01KM0000000000000000EVENT1")
SALE_ID = _id("01KM0000000000000000EVENT2")
OTHERS_EVENT_ID = _id("01KM0000000000000000EVENT3")
ITEM_ID = _id("01KM00000000000000000STK01")
LOW_ITEM_ID = _id("01KM00000000000000000STK02")
FEE_ID = _id("01KM00000000000000000STK03")
OTHERS_ITEM_ID = _id("01KM00000000000000000STK04")
RECORD_ID = _id("01KM00000000000000000S0AP1")
AMENDMENT_ID = _id("01KM00000000000000000S0AP2")


def _events() -> list[CalendarEvent]:
    vet = vets(MAIN_CLINIC)[0]
    start, end = instant("2031-04-15T10:00:00Z"), instant("2031-04-15T10:30:00Z")
    return [
        CalendarEvent(
            EVENT_ID, MAIN_CLINIC, "Vaccination — Boncuk", EventKind.VACCINATION, EventStatus.SCHEDULED, start, end,
            BONCUK_ID, vet, _MADE, _CHANGED, client_id=BONCUKS_OWNER_ID, department=11,
        ),
        CalendarEvent(
            SALE_ID, MAIN_CLINIC, "Food", EventKind.SALE, EventStatus.CLOSED, start, end, None, None,
            _MADE, _CHANGED, booking=Booking.OTHER,
        ),
        CalendarEvent(
            OTHERS_EVENT_ID, SECOND_CLINIC, "Surgery", EventKind.SURGERY, EventStatus.SCHEDULED, start, end, None, None,
            _MADE, _CHANGED,
        ),
    ]  # fmt: skip


def _records() -> list[MedicalRecord]:
    seen, vet = instant("2026-03-18T13:30:00Z"), vets(MAIN_CLINIC)[0]
    return [
        MedicalRecord(
            RECORD_ID, MAIN_CLINIC, BONCUK_ID, RecordKind.EXAMINATION, RecordStatus.SIGNED, "Limping",
            "Favours the left hind leg since Sunday.", "Weight 28.4 kg. No fracture felt.", "Strained muscle", None,
            "Rest for two weeks; carprofen 2 mg/kg twice a day", None, None, seen, vet, _MADE, None, _MADE, _CHANGED,
        ),
        MedicalRecord(
            AMENDMENT_ID, MAIN_CLINIC, BONCUK_ID, RecordKind.EXAMINATION, RecordStatus.DRAFT, "Limping", None, None,
            None, None, None, None, None, seen + 60_000_000, None, None, RECORD_ID, _MADE, _CHANGED,
        ),
    ]  # fmt: skip


def small_clinic() -> Clinic:
    """The third clinic."""
    uid = _id("01KM00000000000000000C1N1C")
    return Clinic(SMALL_CLINIC, uid, "Small Clinic", "Europe/Istanbul", "TRY", instant("2024-01-01T00:00:00Z"))


def with_extras(batch: Batch) -> Batch:
    """The demo's first batch, which holds Boncuk and his owner, with the events, the records and the third clinic's
    view."""
    owner = next(client for client in batch.clients if client.id == BONCUKS_OWNER_ID)
    boncuk = next(patient for patient in batch.patients if patient.id == BONCUK_ID)
    batch.connections.append(Connected(SMALL_CLINIC, owner.id, State.ACTIVE, 1, owner.updated_at))
    batch.enrolments.append(Enrolled(SMALL_CLINIC, boncuk.id, State.ACTIVE, 1, boncuk.updated_at))
    batch.events += _events()
    batch.records += _records()
    return batch


def pets(batch: Batch) -> list[Pet]:
    """Of whom the clinics may remind, by the rules of the demo."""
    emails = {client.id: client.email for client in batch.clients}
    living = {patient.id: patient for patient in batch.patients if patient.deceased_on is None}
    slugs = {one.id: one.slug for one in species_rows()}
    return [
        Pet(place.clinic_id, patient.client_id, patient.id, patient.name, slugs[patient.species_id], email,
            place.updated_at)
        for place in batch.enrolments
        if place.state == State.ACTIVE
        and (patient := living.get(place.patient_id)) is not None
        and (email := emails[patient.client_id]) is not None
    ]  # fmt: skip


REMINDER_DAY = "2031-05-04"


def extra_reminders() -> tuple[tuple[Reminder, ReminderDetails], ...]:
    """Reminders of Max: one of each field, and one that says hardly anything."""
    smith_id, max_id = JOHN_SMITH_ID, MAX_ID
    full = ReminderDetails(
        template=3, email_address="john.smith@example.com", phone_number="+15551234567", email_subject="Vaccination",
        email_text="Max is due.", sms_text="Max is due", post_text="Max", text_manually=True, send_before=3,
        expires_on="2031-05-07", created_by=1, modified_by=2, recurring_type=1, recurring_times=2,
        recurring_interval=365, external_url="https://example.com/r/1",
    )  # fmt: skip
    return (
        (Reminder(_id("01KM0000000000000000REM001"), MAIN_CLINIC, 1, smith_id, max_id, 11, REMINDER_DAY, 0, 1, _MADE,
                  _CHANGED), full),
        (Reminder(_id("01KM0000000000000000REM002"), MAIN_CLINIC, 2, smith_id, None, None, None, 3, 2, _MADE,
                  _CHANGED + 2), ReminderDetails()),
    )  # fmt: skip


def extra_items() -> tuple[StockItem, ...]:
    """Stock: one item with plenty, one running low, one without stock, and one of the other clinic."""
    return (
        StockItem(
            ITEM_ID, MAIN_CLINIC, "Rabies vaccine", CATEGORY, "SMP-1", "vial", 42_000, 10_000, 2_550, "EUR", False,
            _MADE, _CHANGED,
        ),
        StockItem(
            LOW_ITEM_ID, MAIN_CLINIC, "Saline 0.9 %", CATEGORY, "SMP-2", "litre", 2_500, 2_501, 499, "EUR", False,
            _MADE, _CHANGED,
        ),
        StockItem(
            FEE_ID, MAIN_CLINIC, "Emergency fee", CATEGORY, "SMP-3", "service", 0, 0, 9_500, "EUR", True,
            _MADE, _CHANGED,
        ),
        StockItem(
            OTHERS_ITEM_ID, SECOND_CLINIC, "Needle", CATEGORY, "SMP-4", "piece", 100_000, 10_000, 8, "EUR", False,
            _MADE, _CHANGED,
        ),
    )  # fmt: skip
