# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's triggers: their numbers, and what those tell of that the record has.

Numbers 1 to 21 are [docs], the others [oas]. A hook may name each of them; those whose things are not in the record
never fire. A message says neither what was done nor when, only the thing's number [docs].
"""

from __future__ import annotations

from polyvet.model.hooks import Telling, Told

FIRST, LAST = 1, 68
CLIENT, PATIENT, CONSULTATION, APPOINTMENT, APPOINTMENT_DELETE, REMINDER_DELETE = 1, 2, 3, 21, 22, 24
USER, REMINDER, CLIENT_DELETE, PHONE_NUMBER = 28, 31, 39, 65
_DELETED = frozenset({"deleted"})
# Nothing is ever deleted, so whoever mirrors clients hears of one that is archived, or no more the clinic's [seed].
_GONE = frozenset({"archived", "deleted", "disconnected"})
_WRITTEN = frozenset({"created", "updated", "archived", "unarchived"})  # "created or modified" [docs]

# What people call those that fire; nothing deletes appointments here.
NAMES = {
    CLIENT: "Client written",
    PATIENT: "Patient written",
    CONSULTATION: "Consultation written",
    APPOINTMENT: "Appointment written",
    REMINDER_DELETE: "Reminder deleted",
    USER: "User written",
    REMINDER: "Reminder written",
    CLIENT_DELETE: "Client archived or gone",
    PHONE_NUMBER: "Phone number written",
}

# The names of the parameters [docs] of the first three, [client] of the others, of phone numbers [inferred].
TELLING: Telling = {
    CLIENT: Told("client", "client_id"),
    PATIENT: Told("patient", "patient_id"),
    CONSULTATION: Told("record", "consultation_id", _WRITTEN),
    APPOINTMENT: Told("appointment", "appointment_id", _WRITTEN),
    APPOINTMENT_DELETE: Told("appointment", "appointment_id", _DELETED),
    REMINDER_DELETE: Told("reminder", "reminder_id", _DELETED),
    USER: Told("user", "user_id", _WRITTEN),
    REMINDER: Told("reminder", "reminder_id", _WRITTEN),
    CLIENT_DELETE: Told("client", "client_id", _GONE),
    PHONE_NUMBER: Told("phone number", "phonenumber_id", _WRITTEN),
}
