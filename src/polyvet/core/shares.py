# SPDX-License-Identifier: Apache-2.0
"""Shares: links by which a clinic's people give content to owners, and what owners fill in there.

Whoever has a link may do what it is for; nothing else is asked of them. A link's token stands nowhere in clear, only
in the mail that carries it, until that is sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from polyvet.core import clinics, letters, library, prefill, share_records
from polyvet.core.context import Context, Writing
from polyvet.core.named import named_patient
from polyvet.model import values
from polyvet.model.entities import Clinic, Patient
from polyvet.model.errors import AlreadySubmitted, Missing
from polyvet.model.library import Content, ContentKind, ListedShare, Share, Submission
from polyvet.storage import clients, mails, staff
from polyvet.storage import library as stored_library
from polyvet.storage import shares as stored
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

KIND = "share"
LONGEST_NAME = 200
_TOKEN_BYTES = 32
Linking = Callable[[str], str]  # the URL that a token makes


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a share. Who names a patient of the clinic, by its id or its number, need not name the pet and
    its owner's e-mail: they are the record's. `patient_shown` is the patient as the caller spelled it."""

    name: str | None = None  # the pet's
    email: str | None = None
    comments: str | None = None
    special_instructions: str | None = None
    next_appointment: int | None = None
    patient: bytes | int | None = None
    patient_shown: str = ""
    prefill: Mapping[str, str] = {}


class Wanted(msgspec.Struct, frozen=True):
    """A share that may be made."""

    content: Content
    clinic: Clinic
    patient: Patient | None
    email: str | None
    new: NewShare
    prefill: dict[str, str]


class Opened(msgspec.Struct, frozen=True):
    """What a link leads to."""

    token: str
    share: Share
    content: Content
    clinic: Clinic
    submission: Submission | None

    @property
    def submitted(self) -> bool:
        """Whether it can only be read."""
        return self.submission is not None and self.submission.submitted_at is not None


def sharing(ctx: Context) -> Touching:
    """What `add`, `link_again` and `revoke` touch: the clinic alone."""
    ctx.require("shares:write")
    return Touching(clinics=(ctx.clinic_id,))


async def wanted(w: Writing, kind: ContentKind, number: int | None, shown: str, new: NewShare) -> Wanted:
    """Check that content may be shared; writes nothing. Missing for the content or the patient; RoleNeeded."""
    w.require("shares:write")
    content = await library.opened(w.tx, w.caller, kind, number, shown)
    clinic = await clinics.get(w.tx, w.clinic_id)
    if new.patient is None:
        return Wanted(content, clinic, None, new.email, new, _prefilled(content, {}, new))
    patient = await named_patient(w, new.patient, new.patient_shown)
    owner = await clients.get(w.tx, w.clinic_id, patient.client_id)
    # An address that nothing can be sent to is as good as none.
    known = owner.email if owner is not None and owner.email and values.is_email(owner.email) else None
    found: dict[str, str] = {}
    if content.kind == ContentKind.FORM:
        found = await prefill.of_record(w.tx, await w.codelists.within(w.tx, patient), clinic, patient)
    return Wanted(content, clinic, patient, new.email or known, new, _prefilled(content, found, new))


async def add(w: Writing, wanted: Wanted, link: Linking, days: int) -> tuple[Share, str]:
    """Share content for so many days: gives the share and its link's token. With an e-mail the link is mailed; with a
    patient the share stands in its history."""
    w.require("shares:write")
    new, patient = wanted.new, wanted.patient
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    share = await stored.add(
        w.tx,
        Share(
            id=values.new_id(at),
            clinic_id=w.clinic_id,
            number=0,
            content_id=wanted.content.id,
            user_id=w.caller.user_id,
            patient_id=None if patient is None else patient.id,
            parent_id=None,
            record_id=None,
            name=new.name or ("" if patient is None else patient.name),
            email=wanted.email,
            comments=new.comments,
            special_instructions=new.special_instructions,
            next_appointment=new.next_appointment,
            prefill=wanted.prefill,
            created_at=at,
            updated_at=stamp,
            expires_at=at + days * values.DAY,
        ),
    )
    noted = share_records.shared(w.tx, share, wanted.content)
    if noted.record_id is not None:
        stored.save(w.tx, noted)
    w.tx.event(w.clinic_id, "created", KIND, share.id, stamp)
    token = _new_link(w.tx, noted)
    if noted.email is not None:
        letter = letters.sharing(wanted.clinic, noted, wanted.content, link(token))
        reply_to = await _clinic_address(w.tx, wanted.clinic, noted)
        mails.add(w.tx, letter.mail(w.clinic_id, noted.email, reply_to))
    return noted, token


async def link_again(w: Writing, share_id: bytes) -> str:
    """The token of a further link to a share of the clinic, for who asks again for what was answered once."""
    w.require("shares:write")
    share = await stored.get(w.tx, share_id)
    if share is None or share.clinic_id != w.clinic_id:
        raise Missing(KIND, values.to_crockford(share_id))
    return _new_link(w.tx, share)


async def opened(store: Store, token: str) -> Opened | None:
    """What a link leads to; None if there is none, or it has expired or was revoked."""
    return await _opened(store.reader, token)


def own_token() -> str:
    """A new token. Who fills in a form through an open link is given one with the form, to send back with each answer:
    so one that comes twice, or goes on where the last one stopped, finds the share that the first has made."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


async def save_draft(store: Store, opened: Opened, answers: dict[str, str], days: int, own: str | None = None) -> str:
    """Keep what was filled in so far; gives the token of the share that holds it. For an open link this is a share of
    its own, with the token `own`, or with a new one. Missing if the link leads nowhere any more; AlreadySubmitted."""

    async def job(tx: Tx) -> str:
        now = await _answering(tx, opened.token, own, answers, days, for_good=False)
        kept = Submission(now.share.id, now.clinic.id, answers, "", values.now())
        stored.save_submission(tx, kept)
        return now.token

    return await store.write(Touching(clinics=(opened.clinic.id,)), job)


async def submit(
    store: Store,
    opened: Opened,
    answers: dict[str, str],
    shown_html: str,
    text: str,
    link: Linking,
    days: int,
    own: str | None = None,
) -> str:
    """Take what was filled in for good, tell owner and clinic by mail, and amend the patient's history; gives the token
    of the share that holds it, as `save_draft` does. `shown_html` is the form with its answers, `text` the answers for
    reading. Missing if the link leads nowhere any more; AlreadySubmitted."""

    async def job(tx: Tx) -> str:
        now = await _answering(tx, opened.token, own, answers, days, for_good=True)
        at = values.now()
        stored.save_submission(tx, Submission(now.share.id, now.clinic.id, answers, shown_html, at, at))
        await share_records.submitted(tx, now.share, now.content, text)
        await _tell(tx, now, text, link(now.token))
        return now.token

    return await store.write(Touching(clinics=(opened.clinic.id,)), job)


async def revoke(w: Writing, number: int, shown: str) -> Share:
    """Let a share's links lead nowhere from now on. Missing, also when the number is another clinic's."""
    w.require("shares:write")
    share = await stored.by_number(w.tx, w.clinic_id, number)
    if share is None:
        raise Missing(KIND, shown)
    if share.revoked_at is not None:
        return share
    return _changed(w.tx, replace(share, revoked_at=values.now()))


async def latest(ctx: Context, before: int, limit: int) -> list[ListedShare]:
    """The clinic's shares with lower numbers than `before`, the latest first; they tell patients' names."""
    ctx.require("patients:read")
    return await stored.latest(ctx.reader, ctx.clinic_id, before, limit)


# --- what stands behind them ----------------------------------------------------------------------------------


def _prefilled(content: Content, found: dict[str, str], new: NewShare) -> dict[str, str]:
    """What a form's fields start with: what is said of the share goes before the record, and what is said of a field
    before both."""
    if content.kind != ContentKind.FORM:
        return {}
    said = {prefill.PET_NAME: new.name, prefill.EMAIL: new.email}
    return {**found, **{name: value for name, value in said.items() if value}, **new.prefill}


def _new_link(tx: Tx, share: Share, token: str | None = None) -> str:
    token = token or own_token()
    stored.add_link(tx, share.id, values.hashed(token), values.now())
    return token


async def _opened(reader: Reader, token: str) -> Opened | None:
    share = await stored.by_token(reader, values.hashed(token))
    if share is None or not share.stands(values.now()):
        return None
    content = await stored_library.by_id(reader, share.content_id)
    if content is None:
        raise RuntimeError("a share's content is not there")
    clinic = await clinics.get(reader, share.clinic_id)
    return Opened(token, share, content, clinic, await stored.submission(reader, share.id))


async def _answering(
    tx: Tx, token: str, own: str | None, answers: dict[str, str], days: int, *, for_good: bool
) -> Opened:
    """The share that takes the answers, as the transaction sees it."""
    now = await _opened(tx, token)
    if now is not None and now.share.open and own is not None:
        known = await stored.by_token(tx, values.hashed(own))
        if known is not None and known.parent_id == now.share.id:
            now = await _opened(tx, own)
        elif known is not None:  # somebody else's
            own = None
    if now is None or now.content.kind != ContentKind.FORM:
        raise Missing(KIND, "")
    if now.submitted:
        raise AlreadySubmitted
    share = now.share
    if share.open:
        share = await _child(tx, share, answers, days)
        return replace(now, token=_new_link(tx, share, own), share=share)
    if share.parent_id is not None:
        share = _named(share, answers)
    if for_good:  # what was filled in can be read as long again
        share = replace(share, expires_at=max(share.expires_at, values.now() + days * values.DAY))
    return replace(now, share=_changed(tx, share))


async def _child(tx: Tx, parent: Share, answers: dict[str, str], days: int) -> Share:
    """A share for who fills in a form through an open link."""
    stamp = tx.stamp(parent.clinic_id)
    at = min(values.now(), stamp)
    child = replace(
        parent, id=values.new_id(at), number=0, parent_id=parent.id, created_at=at, updated_at=stamp,
        expires_at=at + days * values.DAY,
    )  # fmt: skip
    child = await stored.add(tx, _named(child, answers))
    tx.event(parent.clinic_id, "created", KIND, child.id, stamp)
    return child


def _named(child: Share, answers: dict[str, str]) -> Share:
    """Who fills in a form through an open link says in the form who they are."""
    email = answers.get(prefill.EMAIL, "").strip()
    return replace(
        child,
        name=answers.get(prefill.PET_NAME, "").strip()[:LONGEST_NAME] or child.name,
        email=email if values.is_email(email) else None,
    )


def _changed(tx: Tx, share: Share) -> Share:
    """Write a share with a new stamp."""
    share = replace(share, updated_at=tx.stamp(share.clinic_id))
    stored.save(tx, share)
    tx.event(share.clinic_id, "updated", KIND, share.id, share.updated_at)
    return share


async def _tell(tx: Tx, now: Opened, text: str, link: str) -> None:
    """Mail owner and clinic that a form was submitted."""
    share, clinic = now.share, now.clinic
    office = await _clinic_address(tx, clinic, share)
    if share.email is not None:
        mails.add(tx, letters.received(clinic, share, now.content, link).mail(clinic.id, share.email, office))
    if office is not None:
        mails.add(tx, letters.submitted(share, now.content, text, link).mail(clinic.id, office, share.email))


async def _clinic_address(reader: Reader, clinic: Clinic, share: Share) -> str | None:
    """Where the clinic hears of a share: its own address, else that of who shared and still works there."""
    if clinic.email is not None:
        return clinic.email
    user = None if share.user_id is None else await staff.get_user(reader, share.user_id)
    return user.email if user is not None and user.active else None
