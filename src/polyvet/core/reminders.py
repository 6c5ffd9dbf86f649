# SPDX-License-Identifier: Apache-2.0
"""Reminders: what a clinic is going to tell its clients, and on what day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from msgspec.structs import replace

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.details import ReminderDetails
from polyvet.model.entities import Reminder, ReminderStatus
from polyvet.model.errors import Invalid, Missing
from polyvet.model.files import ReminderFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import client_files, departments, merging, outbox, patient_files, staff
from polyvet.storage import reminders as stored
from polyvet.storage.writing import Touching

KIND = "reminder"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
BY_EMAIL = 1
MOST_DAYS_BEFORE = 3_650
Change = Callable[[ReminderFile], ReminderFile]
NOTHING = ReminderFile(
    Reminder(b"", 0, 0, b"", None, None, None, ReminderStatus.CREATED, BY_EMAIL, 0, 0), ReminderDetails(), None, None
)


async def list_reminders(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[ReminderFile]:
    """The clinic's reminders, by number where nothing else is asked for."""
    ctx.require("reminders:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get(ctx: Context, number: int, shown: str) -> ReminderFile:
    """One reminder. Missing, also when the number is another clinic's."""
    ctx.require("reminders:read")
    found = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(KIND, shown)
    return found


async def touching(ctx: Context) -> Touching:
    """What each change touches: the clinic alone."""
    ctx.require("reminders:write")
    return Touching(clinics=(ctx.clinic_id,))


async def create(w: Writing, change: Change) -> ReminderFile:
    """Add a reminder as `change` makes it out of NOTHING. The client may be told by the patient alone, and the day by
    the one on which the reminder expires."""
    w.require("reminders:write")
    file = await _checked(w, change(NOTHING), NOTHING)
    reminder, details = file.reminder, replace(file.details, created_by=await _user(w))
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    reminder = replace(
        reminder, id=values.new_id(at), clinic_id=w.clinic_id,
        number=await stored.take_numbers(w.tx, w.clinic_id), planned_on=reminder.planned_on or _planned(details),
        created_at=at, updated_at=stamp,
    )  # fmt: skip
    stored.insert(w.tx, reminder, details)
    w.tx.event(w.clinic_id, "created", KIND, reminder.id, stamp)
    return replace(file, reminder=reminder, details=details)


async def save(w: Writing, number: int, shown: str, change: Change) -> ReminderFile:
    """Write what `change` makes of a reminder."""
    w.require("reminders:write")
    old = await _writable(w, number, shown)
    file = await _checked(w, change(old), old)
    details = replace(file.details, created_by=old.details.created_by, modified_by=await _user(w))
    reminder = replace(file.reminder, updated_at=w.tx.stamp(w.clinic_id))
    stored.change(w.tx, reminder, details)
    w.tx.event(w.clinic_id, "updated", KIND, reminder.id, reminder.updated_at)
    return replace(file, reminder=reminder, details=details)


async def mark_sent(w: Writing, number: int, shown: str) -> ReminderFile:
    """Note that a reminder went out."""
    return await save(w, number, shown, _sent)


async def delete(w: Writing, number: int, shown: str) -> None:
    """Take a reminder away."""
    w.require("reminders:write")
    old = await _writable(w, number, shown)
    stored.remove(w.tx, old.reminder)
    # The row is gone when others read the log, so it tells the number and the department.
    ident = outbox.in_place_of_an_id(old.reminder.number, old.reminder.department)
    w.tx.event(w.clinic_id, "deleted", KIND, ident, w.tx.stamp(w.clinic_id))


def _sent(file: ReminderFile) -> ReminderFile:
    return replace(file, reminder=replace(file.reminder, status=ReminderStatus.SENT))


async def _writable(w: Writing, number: int, shown: str) -> ReminderFile:
    found = await stored.by_number(w.tx, w.clinic_id, number)
    if found is None:
        raise Missing(KIND, shown)
    return found


async def _checked(w: Writing, file: ReminderFile, old: ReminderFile) -> ReminderFile:
    """The file with the ids of those whom it names, who must be there where they are not the old ones; who is no longer
    seen may stay."""
    problems: dict[str, str] = {}
    if old is NOTHING or (file.client, file.patient) != (old.client, old.patient):
        file = await _concerning(w, file, problems)
    department = file.reminder.department
    if department not in (None, old.reminder.department):
        known = await departments.of_clinic(w.tx, w.clinic_id)
        problems |= {} if department in known else {"department": "There is no such department."}
    if problems:
        raise Invalid(problems)
    return file


async def _concerning(w: Writing, file: ReminderFile, problems: dict[str, str]) -> ReminderFile:
    patient = None if file.patient is None else await patient_files.by_number(w.tx, w.clinic_id, file.patient)
    if patient is not None and await merging.get(w.tx, patient.patient.id) is not None:
        problems["patient"] = "This patient was merged into another one; name that one."
        return file
    if patient is None and file.patient is not None:
        problems["patient"] = "There is no such patient."
        return file
    owner = patient.owner if file.client is None and patient is not None else file.client
    client = None if owner is None else await client_files.by_number(w.tx, w.clinic_id, owner)
    if client is None:
        problems["client"] = "A client or a patient is needed." if owner is None else "There is no such client."
        return file
    if patient is not None and patient.owner != owner:
        problems["patient"] = "The patient is another client's."
    patient_id = None if patient is None else patient.patient.id
    reminder = replace(file.reminder, client_id=client.client.id, patient_id=patient_id)
    return replace(file, client=owner, reminder=reminder)


async def _user(w: Writing) -> int | None:
    """The number of whoever signed in; keys are nobody's."""
    user = None if w.caller.user_id is None else await staff.get_user(w.tx, w.caller.user_id)
    return None if user is None else user.number


def _planned(details: ReminderDetails) -> str | None:
    """So many days before the reminder expires."""
    if details.expires_on is None:
        return None
    expires = date.fromisoformat(details.expires_on)
    if expires.toordinal() <= details.send_before:
        return details.expires_on
    return (expires - timedelta(days=details.send_before)).isoformat()
