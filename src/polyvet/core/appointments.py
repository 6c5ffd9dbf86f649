# SPDX-License-Identifier: Apache-2.0
"""Appointments: the calendar's events by number, filtered lists, booking, moving and calling off.

Nobody is booked twice: an appointment that overlaps another of one of its people is refused, unless one of them is
cancelled. That is decided while the clinic is locked, so of two bookings of one slot the first one wins.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from polyvet.core import staff
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.details import AppointmentDetails
from polyvet.model.entities import CalendarEvent, EventKind, EventStatus, State
from polyvet.model.errors import Invalid, Missing, SlotTaken
from polyvet.model.files import AppointmentFile, PatientFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import appointments as stored
from polyvet.storage import client_files, departments, patient_files
from polyvet.storage import staff as stored_staff
from polyvet.storage.writing import Touching

KIND = "appointment"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
LONGEST_DAYS = 31
LONGEST = LONGEST_DAYS * values.DAY
MOST_PATIENTS = 100
MOST_USERS = 20
Change = Callable[[AppointmentFile], AppointmentFile]
NOTHING = AppointmentFile(
    CalendarEvent(b"\0" * 16, 0, "", EventKind.APPOINTMENT, EventStatus.SCHEDULED, 0, 0, None, None, 0, 0),
    AppointmentDetails(), None, (), None, (),
)  # fmt: skip


async def list_appointments(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[AppointmentFile]:
    """Appointments, cancelled ones among them, by number where nothing else is asked for."""
    ctx.require("calendar:read")
    page = await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)
    return Page(await stored.completed(ctx.reader, ctx.clinic_id, page.items), page.total, page.more)


async def get(ctx: Context, number: int, shown: str) -> AppointmentFile:
    """One appointment. Missing, also when the number is another clinic's."""
    ctx.require("calendar:read")
    file = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if file is None:
        raise Missing(KIND, shown)
    return file


def touching(clinic_id: int) -> Touching:
    """What every change touches: the clinic, whose lock decides who is first."""
    return Touching(clinics=(clinic_id,))


async def create(w: Writing, change: Change) -> AppointmentFile:
    """Book an appointment as `change` makes it out of NOTHING. Invalid; SlotTaken."""
    w.require("calendar:write")
    resolved = await _resolved(w, change(NOTHING), NOTHING)
    await _check_free(w, resolved, NOTHING)
    author = await staff.caller_number(w)
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    clinic = w.tx.clinic(w.clinic_id)
    clinic.appointment_seq += 1
    event = replace(
        resolved.file.event, id=values.new_id(at), clinic_id=w.clinic_id, created_at=at, updated_at=stamp,
        number=clinic.appointment_seq,
    )  # fmt: skip
    stored.insert(w.tx, event, replace(resolved.file.details, created_by=author, changed_by=author))
    stored.put_patients(w.tx, event, resolved.further)
    stored.put_users(w.tx, event, resolved.more_users)
    w.tx.event(w.clinic_id, "created", KIND, event.id, stamp)
    return await _again(w, event.number)


async def save(w: Writing, number: int, shown: str, change: Change) -> AppointmentFile:
    """Write what `change` makes of an appointment. Missing; Invalid; SlotTaken."""
    w.require("calendar:write")
    old = await stored.by_number(w.tx, w.clinic_id, number)
    if old is None:
        raise Missing(KIND, shown)
    resolved = await _resolved(w, change(old), old)
    await _check_free(w, resolved, old)
    author = await staff.caller_number(w)
    new = resolved.file
    event = replace(new.event, updated_at=w.tx.stamp(w.clinic_id))
    stored.change(w.tx, event, replace(new.details, changed_by=author))
    if new.patients != old.patients:
        stored.put_patients(w.tx, event, resolved.further)
    if new.more_users != old.more_users:
        stored.put_users(w.tx, event, resolved.more_users)
    w.tx.event(w.clinic_id, "updated", KIND, event.id, event.updated_at)
    return await _again(w, number)


def cancelled(file: AppointmentFile, reason: str | None = None) -> AppointmentFile:
    """The appointment, called off; without a reason the one on file stays."""
    details = file.details if reason is None else replace(file.details, cancellation_reason=reason)
    return replace(file, event=replace(file.event, status=EventStatus.CANCELLED.value), details=details)


def active(file: AppointmentFile) -> AppointmentFile:
    """The appointment, on again if it was called off."""
    if file.event.status != EventStatus.CANCELLED:
        return file
    return replace(file, event=replace(file.event, status=EventStatus.SCHEDULED.value))


async def _again(w: Writing, number: int) -> AppointmentFile:
    file = await stored.by_number(w.tx, w.clinic_id, number)
    if file is None:
        raise RuntimeError("an appointment that was just written is not there")
    return file


# --- whether it holds -----------------------------------------------------------------------------------------


class _Resolved:
    """A file whose event has the ids of what it points to, and the ids of who and what stands beside the event."""

    def __init__(self, file: AppointmentFile, further: list[bytes], more_users: list[bytes]) -> None:
        self.file = file
        self.further = further
        self.more_users = more_users


async def _resolved(w: Writing, new: AppointmentFile, old: AppointmentFile) -> _Resolved:
    """Look up what the file points to; what stays as it was is not asked for again. Invalid names all that does not
    hold."""
    problems = _times(new.event)
    patients = await _patients(w, new, old, problems)
    client, client_id = await _client(w, new, old, patients, problems)
    people = await _people(w, new, old, problems)
    department = {new.event.department} - {old.event.department, None}
    if department and not department <= (await departments.of_clinic(w.tx, w.clinic_id)).keys():
        problems["department"] = "There is no such department."
    if problems:
        raise Invalid(problems)
    event = replace(new.event, client_id=client_id)
    if new.patients != old.patients:
        event = replace(event, patient_id=patients[new.patients[0]].patient.id if new.patients else None)
    if new.user != old.user:
        event = replace(event, user_id=None if new.user is None else people[new.user])
    return _Resolved(
        replace(new, event=event, client=client),
        [patients[number].patient.id for number in new.patients[1:]],
        [people[number] for number in new.more_users],
    )


def _times(event: CalendarEvent) -> dict[str, str]:
    if event.end_at <= event.start_at:
        return {"end_at": "The end must be after the start."}
    if event.end_at - event.start_at > LONGEST:
        return {"end_at": f"An appointment takes at most {LONGEST_DAYS} days."}
    return {}


async def _patients(
    w: Writing, new: AppointmentFile, old: AppointmentFile, problems: dict[str, str]
) -> dict[int, PatientFile]:
    """The animals by number; one that joins must be active."""
    if len(new.patients) > MOST_PATIENTS:
        problems["patients"] = f"At most {MOST_PATIENTS} patients have one appointment."
        return {}
    files = await patient_files.by_numbers(w.tx, w.clinic_id, new.patients) if new.patients else []
    found = {file.patient.number: file for file in files}
    there = {number for number, file in found.items() if file.patient.state == State.ACTIVE or number in old.patients}
    if not there.issuperset(new.patients):
        problems["patients"] = "There is no such patient."
    return found


async def _client(
    w: Writing,
    new: AppointmentFile,
    old: AppointmentFile,
    patients: dict[int, PatientFile],
    problems: dict[str, str],
) -> tuple[int | None, bytes | None]:
    """The client's number and id: the patients' owner where nobody is named."""
    owners = [] if "patients" in problems else [patients[one].owner for one in new.patients]
    number = owners[0] if new.client is None and owners else new.client
    ident = new.event.client_id
    if number != old.client:
        file = None if number is None else await client_files.by_number(w.tx, w.clinic_id, number)
        if number is not None and (file is None or file.client.state != State.ACTIVE):
            problems["client"] = "There is no such client."
            return None, None
        ident = None if file is None else file.client.id
    if not {number}.issuperset(owners) and (number, new.patients) != (old.client, old.patients):
        problems["patients"] = "A patient is not the client's."
    return number, ident


async def _people(w: Writing, new: AppointmentFile, old: AppointmentFile, problems: dict[str, str]) -> dict[int, bytes]:
    """The ids of who takes part, by number; who joins must work here."""
    if len(new.more_users) > MOST_USERS:
        problems["more_users"] = f"At most {MOST_USERS} further users have one appointment."
        return {}
    wanted = {number for number in (new.user, *new.more_users) if number is not None}
    found = {file.user.number: file.user for file in await stored_staff.by_numbers(w.tx, w.clinic_id, wanted)}
    before = {old.user, *old.more_users}
    there = {number for number, user in found.items() if user.active or number in before}
    if new.user is not None and new.user not in there:
        problems["user"] = "There is no such user."
    if not there.issuperset(new.more_users):
        problems["more_users"] = "There is no such user."
    return {number: user.id for number, user in found.items()}


async def _check_free(w: Writing, resolved: _Resolved, old: AppointmentFile) -> None:
    """SlotTaken if what the change claims is not free: other times or people, or an appointment that is on again."""
    new, before = resolved.file.event, old.event
    people = {number for number in (resolved.file.user, *resolved.file.more_users) if number is not None}
    same = (
        (new.start_at, new.end_at) == (before.start_at, before.end_at)
        and people <= {old.user, *old.more_users}
        and before.status != EventStatus.CANCELLED
    )
    if same or not people or new.status == EventStatus.CANCELLED:
        return
    if await stored.is_busy(
        w.tx, w.clinic_id, people, start=new.start_at, end=new.end_at, longest=LONGEST, itself=new.id
    ):
        raise SlotTaken
