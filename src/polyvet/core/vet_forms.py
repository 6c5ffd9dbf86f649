# SPDX-License-Identifier: Apache-2.0
"""Vet forms that staff fill in: begun from one of the library, saved as often as need be, completed once.

A vet form that was begun is content of the clinic with a status. While it is incomplete its html is the form with what
was saved; when it is complete, the form with its answers. Then the clinic gets a copy by mail, the owner too where the
form allows it and somebody says so, and the patient's history a record.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from polyvet.core import clinics, filling, rendering, share_records, vet_form_letters
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.model.errors import Invalid, Missing, RoleNeeded
from polyvet.model.library import Content, ContentKind, FormStatus, LibraryRole, Submission
from polyvet.storage import library, mails, shares, staff
from polyvet.storage import vet_forms as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

KIND = "vet form"
REMINDED_AT_ONCE = 100
_TO_OWNER = "owner"


async def templates(ctx: Context) -> list[Content]:
    """What the caller can begin, by title."""
    ctx.require("library:read")
    return await stored.templates(ctx.reader, ctx.clinic_id, ctx.caller.role)


async def begun(ctx: Context, before: int, limit: int) -> list[Content]:
    """What the clinic has begun, with lower numbers than `before`, the latest first."""
    ctx.require("library:read")
    return await stored.begun(ctx.reader, ctx.clinic_id, ctx.caller.role, before, limit)


async def get(ctx: Context, number: int, shown: str) -> tuple[Content, Submission]:
    """A vet form that the clinic has begun, and what was filled in. Missing; RoleNeeded."""
    ctx.require("library:read")
    item = await library.get(ctx.reader, ctx.clinic_id, ContentKind.VET_FORM, number)
    filled = None if item is None else await shares.submission(ctx.reader, item.id)
    if item is None or filled is None:  # what was not begun has no answers
        raise Missing(KIND, shown)
    if not _opened(ctx.caller.role, item):
        raise RoleNeeded
    return item, filled


async def begin(
    w: Writing, number: int, shown: str, *, patient_id: bytes | None, known: dict[str, str], owner_email: str | None
) -> Content:
    """Begin a vet form of the library, about a patient that the caller has found; `known` is what its fields start
    with. Missing; RoleNeeded; Invalid for an owner's e-mail where no copy may go."""
    w.require("library:write")
    template = await library.get(w.tx, w.clinic_id, ContentKind.VET_FORM, number)
    if template is None or template.status is not None:
        raise Missing(KIND, shown)
    if not _opened(w.caller.role, template):
        raise RoleNeeded
    if owner_email is not None and not template.details.owner_copy:
        raise Invalid({_TO_OWNER: "gets no copy of this form; leave the e-mail empty"})
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    by = w.caller.user_id
    details = replace(
        template.details, source_hash="", begun_from=template.number, owner_email=owner_email,
        begun_by=None if by is None else values.to_crockford(by),
    )  # fmt: skip
    item = replace(
        template, id=values.new_id(at), clinic_id=w.clinic_id, slug="", status=str(FormStatus.INCOMPLETE),
        patient_id=patient_id, created_at=at, updated_at=stamp, updated_by=None, details=details,
    )  # fmt: skip
    item = await library.add(w.tx, item)
    w.tx.event(w.clinic_id, "created", "content", item.id, stamp)
    shares.save_submission(w.tx, Submission(item.id, w.clinic_id, filling.begun(item.html, known), "", at))
    return item


async def save(w: Writing, number: int, shown: str, answers: dict[str, str], by: str) -> Content:
    """Keep what was filled in so far; `by` is who did it, as content tells. Missing; Invalid once it is complete."""
    w.require("library:write")
    item = await _unfinished(w, number, shown)
    item = _changed(w, item, by)
    library.save(w.tx, item)
    shares.save_submission(w.tx, Submission(item.id, w.clinic_id, answers, "", values.now()))
    return item


class Finished(msgspec.Struct, frozen=True):
    """A form with its answers as pages show it, in all its forms as content, and the answers as text."""

    shown: str
    html: str
    markdown: str
    plain: str
    text: str
    answers: dict[str, str]


def finished(html: str, answers: dict[str, str]) -> Finished:
    """A form with answers that hold, to be read. It takes some milliseconds: not for the event loop."""
    shown = filling.shown(html, answers)
    return Finished(shown, *rendering.forms_of(shown), filling.as_text(html, answers), answers)


async def complete(
    w: Writing, number: int, shown: str, done: Finished, user: User, by: str, *, to_owner: bool
) -> Content:
    """Finish a vet form: it can no longer be changed, and tells whom it concerns. Missing; Invalid when it is complete
    already, or there is no owner's address to send a copy to."""
    w.require("library:write")
    item = await _unfinished(w, number, shown)
    owner = item.details.owner_email if item.details.owner_copy else None
    if to_owner and owner is None:
        raise Invalid({_TO_OWNER: "has no e-mail here, so no copy can be sent"})
    item = replace(
        _changed(w, item, by), status=str(FormStatus.COMPLETE), html=done.html, markdown=done.markdown, plain=done.plain
    )
    library.save(w.tx, item)
    now = values.now()
    shares.save_submission(w.tx, Submission(item.id, w.clinic_id, done.answers, done.shown, now, now))
    await _note(w, item, user, done.text)
    clinic = await clinics.get(w.tx, w.clinic_id)
    for recipient in (clinic.email or user.email, owner if to_owner else None):
        if recipient is not None:
            mails.add(w.tx, vet_form_letters.completed(clinic, item, recipient, done.text))
    return item


async def _note(w: Writing, item: Content, user: User, text: str) -> None:
    """Into the patient's history."""
    if item.patient_id is None:
        return
    new = share_records.NewRecord(
        clinic_id=w.clinic_id, patient_id=item.patient_id, kind=item.details.record, title=item.title, objective=text,
        author_id=user.id,
    )  # fmt: skip
    await share_records.write_if_seen(w.tx, new)


async def remind(store: Store, days: int, link: vet_form_letters.Link) -> int:
    """Remind of the vet forms that were begun so many days ago and are still incomplete, each once; gives how many
    there were. `link` makes the URL of a clinic's vet form, or None where nobody has told the server's."""
    before = values.now() - days * values.DAY
    reminded = 0
    for clinic_id, number in await stored.waiting(store.reader, before, REMINDED_AT_ONCE):

        async def job(tx: Tx, clinic_id: int = clinic_id, number: int = number) -> bool:
            return await _remind(tx, clinic_id, number, link(number))

        reminded += await store.write(Touching(clinics=(clinic_id,)), job)
    return reminded


async def _remind(tx: Tx, clinic_id: int, number: int, link: str | None) -> bool:
    """False if it was finished, or reminded of, meanwhile: the transaction holds the clinic."""
    item = await library.get(tx, clinic_id, ContentKind.VET_FORM, number)
    if item is None or item.status != FormStatus.INCOMPLETE:
        return False
    item = replace(item, status=str(FormStatus.REMINDED), updated_at=tx.stamp(clinic_id))
    library.save(tx, item)
    tx.event(clinic_id, "updated", "content", item.id, item.updated_at)
    recipient = await _author_address(tx, item)
    if recipient is not None:
        mails.add(tx, vet_form_letters.unfinished(item, recipient, link))
    return True


async def _unfinished(w: Writing, number: int, shown: str) -> Content:
    item = await library.get(w.tx, w.clinic_id, ContentKind.VET_FORM, number)
    if item is None or item.status is None:
        raise Missing(KIND, shown)
    if not _opened(w.caller.role, item):
        raise RoleNeeded
    if item.status == FormStatus.COMPLETE:
        raise Invalid({"form": "is complete already and stays as it is"})
    return item


def _changed(w: Writing, item: Content, by: str) -> Content:
    at = w.tx.stamp(w.clinic_id)
    w.tx.event(w.clinic_id, "updated", "content", item.id, at)
    return replace(item, updated_at=at, updated_by=by)


async def _author_address(tx: Tx, item: Content) -> str | None:
    """Who began the form; else the clinic."""
    begun_by = item.details.begun_by
    ident = None if begun_by is None else values.from_crockford(begun_by)
    user = None if ident is None else await staff.get_user(tx, ident)
    if user is not None and user.active and user.email:
        return user.email
    return (await clinics.get(tx, item.clinic_id)).email


def _opened(role: str, item: Content) -> bool:
    return role == LibraryRole.PREMIUM or item.role == LibraryRole.FREE
