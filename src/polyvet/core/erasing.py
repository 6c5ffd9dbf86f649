# SPDX-License-Identifier: Apache-2.0
"""Taking a person out of the record: what was said to them or of them alone goes, what tells of their animals and what
the law asks to keep stays without them.

As long as another clinic sees the client, the client's file is not this clinic's alone: then its connection ends, and
only its own texts go. All of it can be done again; what has been done already is not told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from polyvet.core import audit, clients
from polyvet.core.context import Context, Writing
from polyvet.core.redaction import ERASED, Redactor
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.details import (
    AppointmentDetails,
    ClientDetails,
    ClientNotes,
    PatientDetails,
    PatientNotes,
    ReminderDetails,
    from_json,
    to_json,
)
from polyvet.model.entities import Client, State
from polyvet.model.errors import Missing
from polyvet.model.files import ClientFile
from polyvet.model.library import ContentDetails, MailState
from polyvet.storage import client_files, patient_files, personal
from polyvet.storage import clients as rows
from polyvet.storage import erasing as stored
from polyvet.storage import patients as patient_rows
from polyvet.storage.erasing import Row
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

PERMISSION = "people:erase"
PHONE = "phone number"  # in the event log
FIRST_NAME, LAST_NAME = "Erased", "client"  # what they are called from then on
SUBMITTED = f"<p>{ERASED}</p>"
_SAME_ANIMAL = "color blood_group herd_size registered_on microchipped_on identification not_for_food reason_of_death"


class Erased(msgspec.Struct, frozen=True):
    """What came of it: whether the client's file is without the person now, or only this clinic's part is."""

    everywhere: bool
    changed: bool


async def file_of(reader: Reader, clinic_id: int, number: int, shown: str) -> ClientFile:
    """A client of the clinic, archived or not. Missing, also when the number is another clinic's."""
    found = await client_files.by_number(reader, clinic_id, number)
    if found is None:
        raise Missing(clients.KIND, shown)
    return found


async def touching(ctx: Context, number: int, shown: str) -> Touching:
    """What `erase` touches: the client at all clinics that ever saw it. Missing."""
    ctx.require(PERMISSION)
    file = await file_of(ctx.reader, ctx.clinic_id, number, shown)
    return Touching(clinics=(ctx.clinic_id,), clients=(file.client.id,))


async def erase(w: Writing, number: int, shown: str) -> Erased:
    """Take the person out of this clinic's record, in one transaction. Missing."""
    w.require(PERMISSION)
    file = await file_of(w.tx, w.clinic_id, number, shown)
    client = file.client
    states = await personal.places(w.tx, client.id)
    elsewhere = [clinic for clinic, state in states.items() if clinic != w.clinic_id and state != State.HIDDEN]
    # A clinic whose connection has ended does not find the client any more, so nobody there could ask for this.
    concerned = [w.clinic_id] if elsewhere else list(states)
    numbers = await rows.phone_numbers(w.tx, client.id)
    redactor = None if is_erased(client) else Redactor(client, file.details, numbers)
    changed = False
    for clinic_id in concerned:
        changed |= await _wiped(w, clinic_id, client.id)
        if redactor is not None:
            changed |= await _redacted(w, clinic_id, client.id, redactor)
        changed |= await _of_clinic(w, clinic_id, client.id)
        changed |= await _animals(w, clinic_id, client, redactor, alone=not elsewhere)
    if elsewhere:
        await clients.disconnect(w, client.id, shown)
        _tombstones(w, client.id, concerned)
    else:
        changed = await _file(w, file, changed=changed)
    if changed or elsewhere:
        kept = f"number {number}, whom other clinics still see" if elsewhere else f"number {number}"
        audit.note(w, Action.ERASED, clients.KIND, client.id, kept)
    return Erased(not elsewhere, changed or bool(elsewhere))


async def _wiped(w: Writing, clinic_id: int, client_id: bytes) -> bool:
    """Everything in the clinic's tables that is said to the person, or of them alone."""
    now, changed = values.now(), False
    for kind in stored.OWN:
        for row in await stored.rows(w.tx, kind, clinic_id, client_id):
            new = _WIPED[kind.name](row, now)
            if new != row:
                changed = True
                stored.write(w.tx, kind, clinic_id, new)
    return changed


async def _redacted(w: Writing, clinic_id: int, client_id: bytes, redactor: Redactor) -> bool:
    """Everything that stays, where it names the person."""
    invoices: set[bytes] = set()
    changed = False
    for kind in stored.STAYING:
        for row in await stored.rows(w.tx, kind, clinic_id, client_id):
            new = _REDACTED.get(kind.name, _each)(row, redactor, kind.columns.split())
            if new != row:
                changed = True
                stored.write(w.tx, kind, clinic_id, new)
                if kind is stored.LINES:
                    invoices.add(row["invoice_id"])
    for invoice_id in sorted(invoices):
        stored.stamp_invoice(w.tx, clinic_id, invoice_id)
    return changed


async def _of_clinic(w: Writing, clinic_id: int, client_id: bytes) -> bool:
    """What the clinic notes of the client beside the file that all share."""
    dropped = await stored.drop_values(w.tx, clinic_id, client_id)
    [row] = await stored.rows(w.tx, stored.CLIENT_HERE, clinic_id, client_id)
    notes = from_json(ClientNotes, row["details"])
    left = ClientNotes(no_sms=True, no_email=True, status_type=notes.status_type, due_date_delay=notes.due_date_delay)
    if (notes, row["payer_id"], row["parent_id"], row["old_id"]) == (left, None, None, None):
        return dropped
    client_files.write_local(
        w.tx, clinic_id, client_id, left, home_department=row["home_department"], payer_id=None, parent_id=None,
        old_id=None,
    )  # fmt: skip
    return True


async def _animals(
    w: Writing, clinic_id: int, client: Client, redactor: Redactor | None, *, alone: bool
) -> bool:  # fmt: skip
    """Their animals stay; where they live, their papers and their insurance were the person's."""
    own = {row["id"]: row for row in await stored.rows(w.tx, stored.ANIMALS, clinic_id, client.id)}
    changed = False
    for row in await stored.rows(w.tx, stored.ANIMALS_HERE, clinic_id, client.id):
        patient_id = row["patient_id"]
        notes, details = from_json(PatientNotes, row["details"]), from_json(PatientDetails, own[patient_id]["details"])
        new_notes, new_details = _of_animal(notes, redactor), _papers(details) if alone else details
        if (new_notes, new_details) == (notes, details):
            continue
        changed = True
        if row["state"] != State.DELETED:  # of which nothing is told any more
            await _stamped(w, clinic_id, patient_id, row["slug"])
        patient_files.write_global(w.tx, patient_id, new_details, own[patient_id]["animal_code"])
        patient_files.write_local(
            w.tx, clinic_id, patient_id, new_notes, home_department=row["home_department"], old_id=row["old_id"]
        )
    return changed


async def _stamped(w: Writing, clinic_id: int, patient_id: bytes, slug: str) -> None:
    patient = await patient_rows.get(w.tx, clinic_id, patient_id)
    if patient is None:
        raise RuntimeError("an enrolment without its patient")
    await patient_rows.update_everywhere(w.tx, patient, slug)


async def _file(w: Writing, file: ClientFile, *, changed: bool) -> bool:
    """The file that all clinics share: without the person from now on, and each clinic's log says so."""
    left = _without(file.client)
    details = ClientDetails(customer_type=file.details.customer_type, erased_at=file.details.erased_at)
    phones = await stored.drop_phones(w.tx, left.id)
    if not changed and not phones and (left, details) == (file.client, file.details):
        return False
    details = replace(details, erased_at=details.erased_at or values.now())
    client_files.write_global(w.tx, left, details)
    for clinic_id, stamp in (await rows.touch_everywhere(w.tx, left)).items():
        for phone_id in phones:
            w.tx.event(clinic_id, "deleted", PHONE, phone_id.to_bytes(16, "big"), stamp)
    _tombstones(w, left.id, [link.clinic_id for link in w.tx.links(left.id)])
    return True


def _tombstones(w: Writing, client_id: bytes, clinics: list[int]) -> None:
    """Have all who read the clinics' logs know that they are to forget the person, too."""
    for clinic_id in sorted(clinics):
        w.tx.event(clinic_id, "erased", clients.KIND, client_id, w.tx.stamp(clinic_id))


def is_erased(client: Client) -> bool:
    """Whether nothing of the person is left in a client's file."""
    return client == _without(client)


def _without(client: Client) -> Client:
    return replace(
        client, first_name=FIRST_NAME, middle_name=None, last_name=LAST_NAME, email=None, phone=None, address=None,
        organization_name="",
    )  # fmt: skip


def _papers(details: PatientDetails) -> PatientDetails:
    return PatientDetails(**{name: getattr(details, name) for name in _SAME_ANIMAL.split()})


def _of_animal(notes: PatientNotes, redactor: Redactor | None) -> PatientNotes:
    notes = replace(notes, street=None, street_2=None, zip_code=None, city=None, current_location="")
    if redactor is None:
        return notes
    tags = tuple(map(redactor.text, notes.tags))
    return replace(notes, critical=redactor.text(notes.critical), remarks=redactor.text(notes.remarks), tags=tags)


# --- texts that go --------------------------------------------------------------------------------------------


def _reminder(row: Row, _: int) -> Row:
    kept = from_json(ReminderDetails, row["details"])
    left = replace(
        kept, email_address=None, phone_number="", email_subject="", email_text="", sms_text="", post_text="",
        external_url=None,
    )  # fmt: skip
    return row if left == kept else {**row, "details": to_json(left)}


def _share(row: Row, now: int) -> Row:
    gone: dict[str, Any] = {"email": None, "comments": None, "special_instructions": None, "prefill": "{}"}
    return {**row, **gone, "revoked_at": row["revoked_at"] or now}


def _submission(row: Row, _: int) -> Row:
    return {**row, "answers": "{}", "shown": SUBMITTED if row["shown"] else ""}


def _mail(row: Row, _: int) -> Row:
    state = MailState.FAILED if row["state"] == MailState.QUEUED else row["state"]
    gone = {"recipient": ERASED, "reply_to": None, "subject": ERASED, "plain": "", "html": "", "last_error": None}
    return {**row, **gone, "state": str(state), "next_at": None, "leased_until": None}


def _offer(row: Row, _: int) -> Row:
    return {**row, "note": ""}


_WIPED: dict[str, Callable[[Row, int], Row]] = {
    "reminders": _reminder, "submissions": _submission, "shares": _share, "mails": _mail, "offers": _offer,
}  # fmt: skip

# --- texts that stay without the person -----------------------------------------------------------------------


def _each(row: Row, redactor: Redactor, columns: list[str]) -> Row:
    left = {name: redactor.document if name in personal.DOCUMENTS else redactor.maybe for name in columns}
    return {**row, **{name: without(row[name]) for name, without in left.items()}}


def _appointment(row: Row, redactor: Redactor, _: list[str]) -> Row:
    kept = from_json(AppointmentDetails, row["details"])
    texts = ("complaint", "instructions", "notes", "cancellation_reason")
    left = replace(
        kept, client_notes="", request_hash=None, **{name: redactor.text(getattr(kept, name)) for name in texts}
    )
    details = row["details"] if left == kept else to_json(left)
    return {**row, "title": redactor.text(row["title"]), "details": details}


def _begun(row: Row, redactor: Redactor, _: list[str]) -> Row:
    kept = from_json(ContentDetails, row["details"])
    details = row["details"] if kept.owner_email is None else to_json(replace(kept, owner_email=None))
    return {**_each(row, redactor, ["html", "markdown", "plain"]), "details": details}


def _letter(row: Row, redactor: Redactor, columns: list[str]) -> Row:
    """A mail to somebody else; who answers it does not answer the person any more."""
    left = _each(row, redactor, columns)
    return left if left["reply_to"] == row["reply_to"] else {**left, "reply_to": None}


_REDACTED: dict[str, Callable[[Row, Redactor, list[str]], Row]] = {
    "appointments": _appointment, "begun": _begun, "letters": _letter,
}  # fmt: skip
