# SPDX-License-Identifier: Apache-2.0
"""The record as plain data, one struct a thing, in the field's own words.

Field order is part of the contract: storage selects columns in this order and builds structs by position.
Ids are 16 bytes, instants microseconds since the epoch, dates ISO text, weights milligrams,
quantities thousandths, money whole cents of its currency (see values.py).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from polyvet.model import values


class Entity(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Base of all: immutable, out of the garbage collector's way (no entity holds a cycle), and an array where it goes
    from one process to another."""


class State(IntEnum):
    """What a clinic sees of a client or a patient."""

    ACTIVE = 0
    ARCHIVED = 1
    HIDDEN = 2  # the connection ended: kept, so that its number comes back with it
    DELETED = 3


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class EventKind(StrEnum):
    """What a calendar event is for."""

    APPOINTMENT = "APPOINTMENT"
    SURGERY = "SURGERY"
    VACCINATION = "VACCINATION"
    CHECKUP = "CHECKUP"
    EMERGENCY = "EMERGENCY"
    SALE = "SALE"


class EventStatus(StrEnum):
    """A calendar event's way through the day."""

    SCHEDULED = "SCHEDULED"
    CHECKED_IN = "CHECKED_IN"
    IN_PROGRESS = "IN_PROGRESS"
    PENDING_CHECKOUT = "PENDING_CHECKOUT"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class Booking(IntEnum):
    """What sort of booking a calendar event came from, whatever is done then."""

    CONSULTATION = 1
    ONLINE = 2
    OTHER = 3
    INTERNAL = 4
    UNKNOWN_CLIENT = 5
    FARM_VISIT = 6
    PRELIMINARY = 7
    BOARDING = 8
    PET_SERVICE = 9


class RecordKind(StrEnum):
    """What a medical record tells of."""

    EXAMINATION = "EXAMINATION"
    SURGERY = "SURGERY"
    VACCINATION = "VACCINATION"
    CHECKUP = "CHECKUP"
    EMERGENCY = "EMERGENCY"
    DENTAL = "DENTAL"
    GROOMING = "GROOMING"


class RecordStatus(StrEnum):
    """A signed record is only amended, by another record that names it."""

    DRAFT = "DRAFT"
    IN_PROGRESS = "IN_PROGRESS"
    SIGNED = "SIGNED"
    LOCKED = "LOCKED"


class InvoiceStatus(StrEnum):
    PAID = "PAID"
    UNPAID = "UNPAID"
    CANCELLED = "CANCELLED"


class ReminderStatus(IntEnum):
    """A reminder's way to its client."""

    CREATED = 0
    QUEUED = 1
    SENDING = 2
    SENT = 3
    FAILED = 4


class PhoneKind(IntEnum):
    LANDLINE = 0
    MOBILE = 1


class Clinic(Entity, frozen=True):
    """A practice. `id` is its installation number, `uid` its 128-bit id."""

    id: int
    uid: bytes
    name: str
    timezone: str  # an IANA name
    currency: str  # ISO 4217
    created_at: int
    email: str | None = None  # where it is told of what people filled in


class User(Entity, frozen=True):
    """Somebody who works at a clinic; `subject` is the name that an identity provider gave."""

    id: bytes
    clinic_id: int
    name: str
    subject: str
    role: str
    created_at: int
    number: int = 0
    email: str | None = None  # unique at the clinic; who signs in does so by it
    active: bool = True
    updated_at: int = 0
    library_role: str = "premium"  # what of the library is open to them: free, or all of it
    console_role: str | None = None  # a `Role`; NO_ROLE or None: they are not let into the console
    operator: bool = False  # whether they look after the server, too
    totp_since: int | None = None  # since when a code of theirs is asked for beside the password


class Species(Entity, frozen=True):
    """An entry of the species codelist, shared (`clinic_id` None) or a clinic's own. `id` is the numeric code."""

    id: int
    clinic_id: int | None
    name: str
    slug: str
    common: str
    synonyms: str  # folded, separated by commas
    active: bool = True  # whether it can be chosen; the same name never becomes a second entry


class Breed(Entity, frozen=True):
    """An entry of the breed codelist; it hangs on a species."""

    id: int
    clinic_id: int | None
    species_id: int
    name: str
    active: bool = True


class CodeList(StrEnum):
    """Code lists beside species and breeds, of which the record asks no more than names."""

    DIAGNOSES = "diagnoses"
    INSURERS = "insurers"


class CodeEntry(Entity, frozen=True):
    """An entry of such a list, shared (`clinic_id` None) or a clinic's own. `id` is the numeric code."""

    id: int
    clinic_id: int | None
    list: str
    name: str
    active: bool


class Client(Entity, frozen=True):
    """A person who owns animals, as one clinic sees them (number, state, last_visit, updated_at are that clinic's)."""

    id: bytes
    number: int
    state: int
    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    phone: str | None  # the first of the client's phone numbers
    address: str | None
    last_visit: int | None
    created_at: int
    updated_at: int
    organization_name: str = ""  # of a company; it may have no first and last name

    @property
    def name(self) -> str:
        """What they are called."""
        return values.whole_name(self.first_name, self.middle_name, self.last_name) or self.organization_name


class Patient(Entity, frozen=True):
    """An animal, as one clinic sees it (number, state and updated_at are that clinic's)."""

    id: bytes
    client_id: bytes
    number: int
    state: int
    name: str
    species_id: int
    breed_id: int | None
    sex: str
    neutered: bool | None  # None: not known
    birth_date: str | None
    deceased_on: str | None
    weight_mg: int | None
    created_at: int
    updated_at: int
    microchip: str | None = None


class Weight(Entity, frozen=True):
    """One weighing; a patient's current weight is its newest."""

    id: bytes
    patient_id: bytes
    clinic_id: int
    weight_mg: int
    measured_at: int


class MedicalRecord(Entity, frozen=True):
    """A SOAP note. It belongs to the clinic that performed it."""

    id: bytes
    clinic_id: int
    patient_id: bytes
    kind: str
    status: str
    title: str
    subjective: str | None
    objective: str | None
    assessment: str | None
    differential: str | None
    plan: str | None
    blood_test: str | None  # JSON text
    urine_test: str | None  # JSON text
    occurred_at: int
    author_id: bytes | None
    signed_at: int | None
    amends_id: bytes | None
    created_at: int
    updated_at: int
    number: int = 0
    department: int | None = None


class CalendarEvent(Entity, frozen=True):
    """An appointment, or whatever else takes somebody's time. Further animals and people stand beside it."""

    id: bytes
    clinic_id: int
    title: str
    kind: str
    status: str
    start_at: int
    end_at: int
    patient_id: bytes | None
    user_id: bytes | None
    created_at: int
    updated_at: int
    number: int = 0
    client_id: bytes | None = None
    department: int | None = None
    booking: int = Booking.CONSULTATION


class StockItem(Entity, frozen=True):
    """Something a clinic sells or uses up; a virtual one (a fee, a procedure) has no stock."""

    id: bytes
    clinic_id: int
    name: str
    category: str
    sku: str
    unit: str
    quantity_milli: int
    low_stock_milli: int
    unit_price_cents: int
    currency: str
    is_virtual: bool
    created_at: int
    updated_at: int


class Invoice(Entity, frozen=True):
    """An invoice's head. Its total is its lines' sum and `carried_over_cents`, an older balance that it collects.
    `number` is what stands on the paper, `serial` the clinic's count."""

    id: bytes
    clinic_id: int
    client_id: bytes
    patient_id: bytes | None
    number: str
    status: str
    currency: str
    carried_over_cents: int
    created_at: int
    updated_at: int
    serial: int = 0
    department: int | None = None
    paid_at: int | None = None


# A row of an invoice is a line or, at the last place, the balance that was carried over. Its number is made of the
# invoice's serial and its place.
ROWS_OF_INVOICE = 1_000
CARRIED_OVER = ROWS_OF_INVOICE - 1


class InvoiceLine(Entity, frozen=True):
    invoice_id: bytes
    position: int  # below CARRIED_OVER
    name: str
    unit_price_cents: int
    quantity_milli: int

    @property
    def total_cents(self) -> int:
        """Rounded half up to a whole cent."""
        return (self.unit_price_cents * self.quantity_milli + 500) // 1000


class InvoiceWithLines(Entity, frozen=True):
    """An invoice and its lines; the total is computed, never stored."""

    head: Invoice
    lines: list[InvoiceLine]

    @property
    def total_cents(self) -> int:
        """The lines' sum and what was carried over."""
        return self.head.carried_over_cents + sum(line.total_cents for line in self.lines)


class Phone(Entity, frozen=True):
    """A client's phone number, the same at every clinic; the one with the lowest position is the first."""

    id: int
    client_id: bytes
    position: int
    number: str
    kind: int
    description: str | None
    for_reminders: bool
    second_owner: bool  # the number of another person than the client
    created_at: int
    updated_at: int


class Reminder(Entity, frozen=True):
    """A message to a client that is due on a day."""

    id: bytes
    clinic_id: int
    number: int
    client_id: bytes
    patient_id: bytes | None
    department: int | None
    planned_on: str | None
    status: int
    send_method: int
    created_at: int
    updated_at: int


class NewClient(Entity, frozen=True, kw_only=True):
    """What it takes to register a client."""

    first_name: str
    last_name: str
    middle_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    organization_name: str = ""


class NewPatient(Entity, frozen=True, kw_only=True):
    """What it takes to register a patient; species and breed as free text, looked up in the codelists."""

    client_id: bytes
    name: str
    species: str
    breed: str | None = None
    sex: str = Sex.UNKNOWN
    neutered: bool | None = None
    birth_date: str | None = None
    weight_mg: int | None = None
