# SPDX-License-Identifier: Apache-2.0
"""What is on file of clients, patients, appointments and staff beyond what lists are ordered, filtered or searched by.

These structs are kept as JSON, defaults left out, so that a new field needs no new column. Those of a client or a
patient are the same at every clinic; those of a connection or an enrolment are one clinic's own. Dates are ISO text,
instants microseconds.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T", bound="Details")


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all."""


class ClientDetails(Details, frozen=True):
    """Of a client: a person or an organisation. `country` is ISO 3166-1 alpha-2."""

    title: str | None = None
    customer_type: int = 0
    vat_number: str = ""
    register_number: str | None = None
    id_number: str = ""
    alt_emails: str | None = None
    street: str | None = None
    street_2: str | None = None
    street_3: str | None = None
    zip_code: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    erased_at: int | None = None  # the person was taken out of the record then


class ClientNotes(Details, frozen=True):
    """Of a client at one clinic."""

    critical: str | None = None
    critical_accounting: str | None = None
    remarks: str = ""
    due_date_delay: int | None = None
    no_sms: bool = False
    no_email: bool = False
    external: bool = False
    referring_organization: bool = False
    referring_vet: bool = False
    production_animals: bool = False
    imported: bool = False
    imported_at: int | None = None
    status_type: int = 0
    farm_code: str | None = None
    tags: tuple[str, ...] = ()


class PatientDetails(Details, frozen=True):
    """Of a patient."""

    official_name: str = ""
    registered_on: str | None = None
    reason_of_death: str = ""
    microchipped_on: str | None = None
    identification: str | None = None
    passport_number: str = ""
    register_number: str = ""
    insurance: str | None = None
    insurance_company: int | None = None
    color: str = ""
    stable_name: str = ""
    not_for_food: bool = False
    blood_group: int | None = None
    herd_size: int | None = None


class PatientNotes(Details, frozen=True):
    """Of a patient at one clinic."""

    critical: str = ""
    remarks: str = ""
    street: str | None = None
    street_2: str | None = None
    zip_code: str | None = None
    city: str | None = None
    current_location: str = ""
    imported: bool = False
    imported_at: int | None = None
    private: bool = False
    visible_departments: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()


class AppointmentDetails(Details, frozen=True):
    """Of a calendar event. People are users' numbers."""

    complaint: str = ""
    instructions: str = ""
    notes: str = ""
    client_notes: str = ""
    cancellation_reason: str = ""
    no_show: bool = False
    confirmed: bool = False
    request_hash: str | None = None
    created_by: int | None = None
    changed_by: int | None = None


class UserDetails(Details, frozen=True):
    """Of somebody who works at a clinic. Departments are numbers."""

    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False
    title: str = ""
    phone: str = ""
    initials: str = ""
    language: str = ""
    user_type: int | None = None
    areas_of_expertise: str = ""
    qualifications: str = ""
    veterinarian_id: str = ""
    prescriber_id: str = ""
    employee_number: str = ""
    vds_number: str = ""
    active_department: int | None = None
    home_department: int | None = None
    active_departments: tuple[int, ...] = ()
    all_departments_active: bool = False


class ReminderDetails(Details, frozen=True):
    """Of a reminder: where it goes and what it says. `created_by` and `modified_by` are numbers of users."""

    template: int | None = None
    email_address: str | None = None
    phone_number: str = ""
    email_subject: str = ""
    email_text: str = ""
    sms_text: str = ""
    post_text: str = ""
    text_manually: bool = False
    send_before: int = 0
    expires_on: str | None = None
    created_by: int | None = None
    modified_by: int | None = None
    recurring_type: int | None = None
    recurring_times: int = 0
    recurring_interval: int | None = None
    external_url: str | None = None


_encode = msgspec.json.Encoder().encode


def to_json(details: Details) -> str:
    """As it is kept."""
    return _encode(details).decode()


def from_json(kind: type[T], text: str) -> T:
    """From what is kept; fields that a later program wrote are left out."""
    return kind() if text == "{}" else msgspec.json.decode(text, type=kind)
