# SPDX-License-Identifier: Apache-2.0
"""`appointment/`: list, create, get, change and cancel [client, oas]; nothing is deleted.

The vendor's type says what sort of booking it is, the record's kind what is done: a new appointment is the kind
APPOINTMENT whatever its type, and a change of type leaves the kind alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from polyvet.core import appointments, departments
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet import bodies, patients, times, users
from polyvet.dialects.provet.bodies import Fields, Reading, applied, changes, read_document, read_object, renamed
from polyvet.dialects.provet.clients import CLIENT, ClientOut
from polyvet.dialects.provet.clients import exposed as exposed_clients
from polyvet.dialects.provet.codelists import DepartmentOut, department_out
from polyvet.dialects.provet.filters import Declared, exposed_in
from polyvet.dialects.provet.patients import PATIENT, PatientOut
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.users import USER, UserOut
from polyvet.dialects.provet.wire import FieldErrors, Listed, Urls, encode
from polyvet.model import values
from polyvet.model.entities import Booking, EventStatus
from polyvet.model.files import AppointmentFile
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

APPOINTMENT, DEPARTMENT = "appointment", "department"
LONGEST_COMPLAINT = 254  # [client]
_EARLIEST, _LATEST = 0, values.instant("2200-01-01T00:00:00Z")
_DATE = len("2026-01-31")
_MINUTE = 60 * values.MICROSECONDS
REQUIRED = ("start", "title", "type", "department")  # and end, or duration in its place [client]
FILTERS = Declared(
    paths={
        "id": "number", "client": "client.number", "client.id": "client.number", "patients": "patients.number",
        "patients.id": "patients.number", "start": "start_at", "end": "end_at", "active": "active",
        "type": "booking", "user": "user.number", "user.id": "user.number", "department": "department",
        "department.id": "department", "reason": "reason", "modified": "updated_at", "created": "created_at",
    },
    kinds=appointments.KINDS,
    exposed=("client", "patients", "user", "department"),  # [docs, client]
)  # fmt: skip


class AppointmentOut(msgspec.Struct):
    """An appointment [client]."""

    id: int
    url: str
    start: str
    end: str
    title: str
    complaint: str
    instructions: str
    user: str | UserOut | None
    additional_users: list[str]
    resources: list[str]
    client: str | ClientOut | None
    patients: list[str | PatientOut]
    consultation: str | None
    related_appointments: list[str]
    duration: int
    notes: str
    parent_appointment: str | None
    child_appointments: list[str]
    active: int
    department: str | DepartmentOut | None
    reason: str | None
    ward: str | None
    type: int
    start_date: str
    end_date: str
    created: str
    modified: str
    created_user: str | None
    modified_user: str | None
    request_hash: str | None
    telemedicine_url: str | None
    telemedicine_url_master: str | None
    telemedicine_room: str | None
    cancellation_reason: str | None
    cancellation_reason_text: str
    no_show: bool
    client_notes: str
    confirmed: bool


def _moment(raw: Any, reading: Reading) -> int:
    found = bodies.moment(raw, reading)
    if found is None:
        raise ValueError("This field may not be null.")
    if not _EARLIEST <= found < _LATEST:
        raise ValueError("Datetime must lie between 1970 and 2199.")
    return found


_note = bodies.text(bodies.NOTES)
FIELDS: Fields = {
    "start": ("event.start_at", _moment),
    "end": ("event.end_at", _moment),
    "duration": ("minutes", bodies.integer(1, appointments.LONGEST_DAYS * 24 * 60, null=True)),
    "title": ("event.title", bodies.name(250)),
    "complaint": ("details.complaint", bodies.text(LONGEST_COMPLAINT)),
    "instructions": ("details.instructions", _note),
    "user": ("user", bodies.relation(USER)),
    "additional_users": ("more_users", bodies.relations(USER, appointments.MOST_USERS)),
    "client": ("client", bodies.relation(CLIENT)),
    "patients": ("patients", bodies.relations(PATIENT, appointments.MOST_PATIENTS)),
    "notes": ("details.notes", _note),
    "active": ("active", bodies.truth),
    "department": ("event.department", bodies.relation(DEPARTMENT)),
    "type": ("event.booking", bodies.integer(min(Booking), max(Booking))),
    "request_hash": ("details.request_hash", bodies.text(null=None)),
    "cancellation_reason_text": ("details.cancellation_reason", bodies.text(1_000)),
    "no_show": ("details.no_show", bodies.truth),
    "client_notes": ("details.client_notes", _note),
    "confirmed": ("details.confirmed", bodies.truth),
}
CANCELLING: Fields = {"cancellation_reason_text": FIELDS["cancellation_reason_text"]}


class Appointments:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_appointments(self, request: Request) -> Reply:
        """Appointments, cancelled ones among them, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(appointments.list_appointments)
        out = [appointment_out(file, asked.urls, asked.zone) for file in page.items]
        await _expose(request.context, asked.exposed, page.items, out, asked.urls, asked.zone)
        return asked.reply(page, out)

    async def get_appointment(self, request: Request) -> Reply:
        """One appointment."""
        file = await appointments.get(request.context, *named(request, APPOINTMENT))
        urls, zone = self._asking.urls(request), await self._asking.zone(request)
        out = appointment_out(file, urls, zone)
        await _expose(request.context, exposed_in(request.query(), FILTERS), [file], [out], urls, zone)
        return Reply(200, encode(out))

    async def create_appointment(self, request: Request) -> Reply:
        """201 with the appointment."""
        body, document = await read_document(request)
        document = read_object(document)
        end = () if "duration" in document else ("end",)
        changed = changes(document, FIELDS, await self._asking.reading(request), (*REQUIRED, *end))
        if "event.end_at" not in changed and changed["minutes"] is None:
            raise FieldErrors({"end": ["This field is required."]})
        if changed["event.department"] is None:
            raise FieldErrors({"department": ["This field may not be null."]})
        return await self._write(
            request, body, 201, lambda w: appointments.create(w, lambda nothing: _applied(nothing, changed))
        )

    async def change_appointment(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays, the end too when only the start is named."""
        number, shown = named(request, APPOINTMENT)
        body, document = await read_document(request)
        changed = changes(read_object(document), FIELDS, await self._asking.reading(request))
        return await self._write(
            request, body, 200, lambda w: appointments.save(w, number, shown, lambda old: _applied(old, changed))
        )

    async def cancel_appointment(self, request: Request) -> Reply:
        """200 with the appointment; the body [inferred] may be left out."""
        number, shown = named(request, APPOINTMENT)
        body = await request.body()
        document = read_object((await read_document(request, body))[1]) if body else {}
        reason = changes(document, CANCELLING, await self._asking.reading(request)).get("details.cancellation_reason")
        return await self._write(
            request,
            body,
            200,
            lambda w: appointments.save(w, number, shown, lambda old: appointments.cancelled(old, reason)),
        )

    async def _write(
        self, request: Request, body: bytes, status: int, change: Callable[[Writing], Awaitable[AppointmentFile]]
    ) -> Reply:
        urls, zone = self._asking.urls(request), await self._asking.zone(request)

        async def work(w: Writing) -> Reply:
            return Reply(status, encode(appointment_out(await change(w), urls, zone)))

        with renamed(FIELDS):
            return await write(request, body, appointments.touching(request.context.clinic_id), work)


def _applied(file: AppointmentFile, changed: dict[str, Any]) -> AppointmentFile:
    """The file with what a body sets: an end goes before a duration, which is computed where both are read back."""
    given = dict(changed)
    active, minutes = given.pop("active", None), given.pop("minutes", None)
    new = applied(file, given)
    if minutes is not None and "event.end_at" not in given:
        new = applied(new, {"event.end_at": new.event.start_at + minutes * _MINUTE})
    if active is None:
        return new
    return appointments.active(new) if active else appointments.cancelled(new)


def appointment_out(file: AppointmentFile, urls: Urls, zone: str) -> AppointmentOut:
    """An appointment on the wire; relations that the record has no resource for are null or empty."""
    e, d = file.event, file.details
    start, end = times.to_text(e.start_at, zone), times.to_text(e.end_at, zone)
    return AppointmentOut(
        id=e.number, url=urls.of(APPOINTMENT, e.number), start=start, end=end, title=e.title, complaint=d.complaint,
        instructions=d.instructions, user=urls.maybe(USER, file.user),
        additional_users=[urls.of(USER, number) for number in file.more_users], resources=[],
        client=urls.maybe(CLIENT, file.client), patients=[urls.of(PATIENT, number) for number in file.patients],
        consultation=None, related_appointments=[], duration=(e.end_at - e.start_at) // _MINUTE, notes=d.notes,
        parent_appointment=None, child_appointments=[], active=int(e.status != EventStatus.CANCELLED),
        department=urls.maybe(DEPARTMENT, e.department), reason=None, ward=None, type=e.booking,
        start_date=start[:_DATE], end_date=end[:_DATE], created=times.to_text(e.created_at, zone),
        modified=times.to_text(e.updated_at, zone), created_user=urls.maybe(USER, d.created_by),
        modified_user=urls.maybe(USER, d.changed_by), request_hash=d.request_hash, telemedicine_url=None,
        telemedicine_url_master=None, telemedicine_room=None, cancellation_reason=None,
        cancellation_reason_text=d.cancellation_reason, no_show=d.no_show, client_notes=d.client_notes,
        confirmed=d.confirmed,
    )  # fmt: skip


async def _expose(
    ctx: Context,
    asked: frozenset[str],
    files: Sequence[AppointmentFile],
    out: Sequence[AppointmentOut],
    urls: Urls,
    zone: str,
) -> None:
    """Put things themselves in the place of their URLs, each kind by one question for the whole page."""
    if "client" in asked:
        owners = await exposed_clients(ctx, {file.client for file in files if file.client is not None}, urls, zone)
        for one, file in zip(out, files, strict=True):
            one.client = owners.get(file.client or 0, one.client)
    if "patients" in asked:
        animals = await patients.exposed(ctx, {number for file in files for number in file.patients}, urls, zone)
        for one, file in zip(out, files, strict=True):
            one.patients = [animals[number] for number in file.patients if number in animals]
    if "user" in asked:
        people = await users.exposed(ctx, {file.user for file in files if file.user is not None}, urls, zone)
        for one, file in zip(out, files, strict=True):
            one.user = people.get(file.user or 0, one.user)
    if "department" in asked:
        known = await departments.of_clinic(ctx)
        for one, file in zip(out, files, strict=True):
            number = file.event.department
            if number is not None and number in known:
                one.department = department_out(urls, number, known[number])


AppointmentsAnswer = Listed[AppointmentOut]
