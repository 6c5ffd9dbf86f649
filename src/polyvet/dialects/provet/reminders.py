# SPDX-License-Identifier: Apache-2.0
"""`reminder/`: list, create, get, change, delete [oas], and `mark_sent/` [client]; fields as recorded [client]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from polyvet.core import departments, reminders
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet import bodies, times
from polyvet.dialects.provet.bodies import Fields, applied, changes, read_document, read_object, renamed
from polyvet.dialects.provet.clients import ClientOut
from polyvet.dialects.provet.clients import exposed as exposed_clients
from polyvet.dialects.provet.codelists import DepartmentOut, department_out
from polyvet.dialects.provet.filters import Declared, exposed_in
from polyvet.dialects.provet.patients import PatientOut
from polyvet.dialects.provet.patients import exposed as exposed_patients
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.entities import ReminderStatus
from polyvet.model.files import ReminderFile
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

REMINDER = "reminder"
TEMPLATE = "remindertemplate"
HIGHEST_METHOD = 100  # 1 is e-mail [client], the others' numbers are not known
FILTERS = Declared(
    paths={
        "id": "number", "client": "client.number", "client.id": "client.number", "patient": "patient.number",
        "patient.id": "patient.number", "department": "department", "planned_sending_date": "planned_on",
        "status": "status", "send_method": "send_method", "created": "created_at", "modified": "updated_at",
    },
    kinds=reminders.KINDS,
    exposed=("client", "patient", "department"),  # [docs, client]
)  # fmt: skip
_note = bodies.text(bodies.NOTES)
_count = bodies.integer(0, bodies.HIGHEST)
_count_or_null = bodies.integer(0, bodies.HIGHEST, null=True)
FIELDS: Fields = {
    "department": ("reminder.department", bodies.relation("department")),
    "reminder_template": ("details.template", bodies.relation(TEMPLATE)),
    "patient": ("patient", bodies.relation("patient")),
    "client": ("client", bodies.relation("client")),
    "email_address": ("details.email_address", bodies.email),
    "phone_number": ("details.phone_number", bodies.text(40)),
    "email_subject": ("details.email_subject", bodies.text()),
    "email_text": ("details.email_text", _note),
    "sms_text": ("details.sms_text", _note),
    "post_text": ("details.post_text", _note),
    "text_manually": ("details.text_manually", bodies.truth),
    "send_before": ("details.send_before", bodies.integer(0, reminders.MOST_DAYS_BEFORE)),
    "send_method": ("reminder.send_method", bodies.integer(0, HIGHEST_METHOD)),
    "expiry_date": ("details.expires_on", bodies.day),
    "planned_sending_date": ("reminder.planned_on", bodies.day),
    "status": ("reminder.status", bodies.integer(ReminderStatus.CREATED, ReminderStatus.FAILED)),
    "recurring_type": ("details.recurring_type", _count_or_null),
    "recurring_times": ("details.recurring_times", _count),
    "recurring_interval": ("details.recurring_interval", _count_or_null),
    "external_url": ("details.external_url", bodies.text(2_000, null=None)),
}


class ReminderOut(msgspec.Struct):
    """A reminder [client]."""

    id: int
    url: str
    department: str | DepartmentOut | None
    reminder_template: str | None
    patient: str | PatientOut | None
    client: str | ClientOut | None
    email_address: str
    phone_number: str
    email_subject: str
    email_text: str
    sms_text: str
    post_text: str
    text_manually: bool
    send_before: int
    send_method: int
    expiry_date: str | None
    planned_sending_date: str | None
    status: int
    created_by: str | None
    created: str
    modified_by: str | None
    modified: str
    recurring_type: int | None
    recurring_times: int
    recurring_interval: int | None
    external_url: str | None


class Reminders:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_reminders(self, request: Request) -> Reply:
        """The clinic's reminders, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(reminders.list_reminders)
        out = [reminder_out(file, asked.urls, asked.zone) for file in page.items]
        await _expose(request.context, page.items, out, asked.exposed, asked.urls, asked.zone)
        return asked.reply(page, out)

    async def get_reminder(self, request: Request) -> Reply:
        """One reminder."""
        file = await reminders.get(request.context, *named(request, REMINDER))
        urls, zone = self._asking.urls(request), await self._asking.zone(request)
        out = reminder_out(file, urls, zone)
        await _expose(request.context, [file], [out], exposed_in(request.query(), FILTERS), urls, zone)
        return Reply(200, encode(out))

    async def create_reminder(self, request: Request) -> Reply:
        """201 with the reminder."""
        body, document = await read_document(request)
        changed = changes(read_object(document), FIELDS, await self._asking.reading(request))
        touching = await reminders.touching(request.context)

        async def work(w: Writing) -> Reply:
            made = await reminders.create(w, lambda nothing: applied(nothing, changed))
            return await self._shown(request, made, 201)

        with renamed(FIELDS):
            return await write(request, body, touching, work)

    async def change_reminder(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, shown = named(request, REMINDER)
        body, document = await read_document(request)
        changed = changes(read_object(document), FIELDS, await self._asking.reading(request))
        touching = await reminders.touching(request.context)

        async def work(w: Writing) -> Reply:
            saved = await reminders.save(w, number, shown, lambda old: applied(old, changed))
            return await self._shown(request, saved, 200)

        with renamed(FIELDS):
            return await write(request, body, touching, work)

    async def mark_sent(self, request: Request) -> Reply:
        """Status 3, and 200 with the reminder [the answer is inferred]; the body is not read."""
        number, shown = named(request, REMINDER)

        async def work(w: Writing) -> Reply:
            return await self._shown(request, await reminders.mark_sent(w, number, shown), 200)

        return await write(request, await request.body(), await reminders.touching(request.context), work)

    async def delete_reminder(self, request: Request) -> Reply:
        """204; the reminder is gone, which the archive rule does not forbid: it is a client's or a patient's [seed]."""
        number, shown = named(request, REMINDER)

        async def work(w: Writing) -> Reply:
            await reminders.delete(w, number, shown)
            return Reply(204, b"")

        return await write(request, b"", await reminders.touching(request.context), work)

    async def _shown(self, request: Request, file: ReminderFile, status: int) -> Reply:
        out = reminder_out(file, self._asking.urls(request), await self._asking.zone(request))
        return Reply(status, encode(out))


async def _expose(
    ctx: Context, files: Sequence[ReminderFile], out: list[ReminderOut], names: frozenset[str], urls: Urls, zone: str
) -> None:
    """Put whole objects in the place of URLs, where they are asked for [docs: expose]."""
    clients: dict[Any, ClientOut] = {}
    patients: dict[Any, PatientOut] = {}
    places: dict[Any, DepartmentOut] = {}
    if "client" in names:
        clients = await exposed_clients(ctx, {file.client for file in files if file.client is not None}, urls, zone)
    if "patient" in names:
        patients = await exposed_patients(ctx, {file.patient for file in files if file.patient is not None}, urls, zone)
    if "department" in names:
        found = await departments.of_clinic(ctx)
        places = {number: department_out(urls, number, name) for number, name in found.items()}
    for one, file in zip(out, files, strict=True):
        one.client = clients.get(file.client, one.client)
        one.patient = patients.get(file.patient, one.patient)
        one.department = places.get(file.reminder.department, one.department)


def reminder_out(file: ReminderFile, urls: Urls, zone: str) -> ReminderOut:
    """A reminder on the wire."""
    r, d = file.reminder, file.details
    return ReminderOut(
        id=r.number, url=urls.of(REMINDER, r.number), department=urls.maybe("department", r.department),
        reminder_template=urls.maybe(TEMPLATE, d.template), patient=urls.maybe("patient", file.patient),
        client=urls.maybe("client", file.client), email_address=d.email_address or "", phone_number=d.phone_number,
        email_subject=d.email_subject, email_text=d.email_text, sms_text=d.sms_text, post_text=d.post_text,
        text_manually=d.text_manually, send_before=d.send_before, send_method=r.send_method, expiry_date=d.expires_on,
        planned_sending_date=r.planned_on, status=r.status, created_by=urls.maybe("user", d.created_by),
        created=times.to_text(r.created_at, zone), modified_by=urls.maybe("user", d.modified_by),
        modified=times.to_text(r.updated_at, zone), recurring_type=d.recurring_type,
        recurring_times=d.recurring_times, recurring_interval=d.recurring_interval, external_url=d.external_url,
    )  # fmt: skip


RemindersAnswer = Listed[ReminderOut]
