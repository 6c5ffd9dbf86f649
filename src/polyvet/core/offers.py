# SPDX-License-Identifier: Apache-2.0
"""Clinics let each other see clients: one offers a client to another, which accepts or declines.

A clinic is named by its connection code, which its own people hand out, so that nobody finds out who else keeps a
record here. While an offer stands, the other clinic is told no more than the client's name and the patients' names.
What was accepted either of the two ends: the clinic that offered takes back what it had opened, the other one leaves.
What each clinic wrote stays with it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from polyvet.core import audit, clients, clinics, offer_letters
from polyvet.core.context import Context, Writing
from polyvet.core.letters import Letter
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import Client, Clinic, State
from polyvet.model.errors import Invalid, Missing
from polyvet.model.offers import Common, Offer, OfferState, Told
from polyvet.storage import client_files, mails, staff_access
from polyvet.storage import clients as rows
from polyvet.storage import offers as stored
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

KIND = "offer"
PERMISSION = "clinic:write"
OPENING = "clients:write"  # what opens a client and closes them; here the offer is what allows it
LONGEST_NOTE = 1_000
MOST_MAILED = 10  # of a clinic's owners
MOST_FOUND = 20
_NOBODY = "No clinic has this code. Ask the other clinic for the one on its page."
_OVER = "This offer is {}, so there is nothing to answer any more."


Linking = Callable[[bytes], str]  # where the two clinics find an offer, by its id


class Over(Invalid):
    """The offer is in another state by now than the one in which it could be moved on."""

    def __init__(self, state: str) -> None:
        super().__init__({"offer": _OVER.format(state)})
        self.state = state


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be offered, as it was typed: `client` is the client's number."""

    client: str = ""
    code: str = ""
    note: str = ""


def code_of(uid: bytes) -> str:
    """A clinic's connection code, in groups that can be read out."""
    text = values.to_crockford(uid)
    return " ".join((text[:6], text[6:11], text[11:16], text[16:21], text[21:]))


def read_code(text: str) -> bytes | None:
    """What a connection code names, however its groups are set apart; None if it is none."""
    return values.from_crockford("".join(text.replace("-", " ").split()))


# --- reading --------------------------------------------------------------------------------------------------


async def find(ctx: Context, text: str) -> list[Client]:
    """Active clients to offer: by number, by an id as any API spells it, or by a part of name, e-mail or phone."""
    ctx.require(PERMISSION)
    folded = values.fold(text).strip()
    if not folded:
        return []
    number, ident = values.whole_number(folded), values.any_id(text)
    if number is not None and ident is None:
        ident = await client_files.id_of(ctx.reader, ctx.clinic_id, number)
    named = None if ident is None else await rows.get(ctx.reader, ctx.clinic_id, ident)
    found = [named] if named is not None and named.state == State.ACTIVE else []
    page = await rows.search(ctx.store, ctx.clinic_id, folded, limit=MOST_FOUND)
    return found + [one for one in page.items if one.id != ident]


async def chosen(ctx: Context, text: str) -> Client | None:
    """The active client of this number; None if there is none."""
    ctx.require(PERMISSION)
    return await _active(ctx.reader, ctx.clinic_id, text)


async def _active(reader: Reader, clinic_id: int, text: str) -> Client | None:
    number = values.whole_number(text.strip())
    ident = None if number is None else await client_files.id_of(reader, clinic_id, number)
    found = None if ident is None else await rows.get(reader, clinic_id, ident)
    return found if found is not None and found.state == State.ACTIVE else None


async def listed(ctx: Context, before: bytes, limit: int, *, received: bool) -> list[Told]:
    """What the clinic has received, or offered, before an offer; the newest first."""
    ctx.require(PERMISSION)
    return await stored.page(ctx.reader, ctx.clinic_id, before, limit, received=received)


async def unanswered(ctx: Context) -> list[Told]:
    """What the clinic has received and not answered yet, the newest first; SOME at the most."""
    ctx.require(PERMISSION)
    return await stored.unanswered(ctx.reader, ctx.clinic_id)


async def told(ctx: Context, offer_id: bytes | None, shown: str, limit: int) -> tuple[Told, list[str]]:
    """One offer, and the names of up to `limit` patients that go with it while that is for this clinic to know.
    Missing, also when it is between other clinics."""
    ctx.require(PERMISSION)
    found = None if offer_id is None else await stored.told(ctx.reader, ctx.clinic_id, offer_id)
    if found is None:
        raise Missing(KIND, shown)
    if found.client is None:
        return found, []
    offer = found.offer
    whose = offer.from_clinic if offer.state == OfferState.OFFERED else ctx.clinic_id
    return found, await stored.patients_of(ctx.reader, whose, offer.client_id, limit)


async def common(ctx: Context, before: int, limit: int) -> list[Common]:
    """Clients whom other clinics see, too, with lower numbers than `before`, the latest first."""
    ctx.require(PERMISSION)
    return await stored.common(ctx.reader, ctx.clinic_id, before, limit)


async def common_one(ctx: Context, number: int, shown: str) -> Common:
    """One of them. Missing, also when no other clinic sees them."""
    ctx.require(PERMISSION)
    found = await stored.common_one(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(clients.KIND, shown)
    return found


# --- offering -------------------------------------------------------------------------------------------------


async def offer(w: Writing, wanted: Wanted, linking: Linking) -> Offer:
    """Offer a client, and tell the other clinic's owners by mail. Invalid names what does not hold."""
    w.require(PERMISSION)
    client = await _active(w.tx, w.clinic_id, wanted.client)
    problems = {} if client is not None else {"client": "Choose one of your active clients."}
    uid = read_code(wanted.code)
    other = None if uid is None else await stored.clinic_of(w.tx, uid)
    if other is None or other == w.clinic_id:
        problems["code"] = _NOBODY if other is None else "This is your own clinic's code. Ask the other one for theirs."
    note = wanted.note.strip()
    if len(note) > LONGEST_NOTE or "\0" in note:
        problems["note"] = f"A note has at most {LONGEST_NOTE} characters."
    if client is not None and other is not None and not problems:
        problems |= await _standing(w, client, other)
    if client is None or other is None or problems:
        raise Invalid(problems)
    at = values.now()
    made = Offer(values.new_id(at), w.clinic_id, other, client.id, note, OfferState.OFFERED, at, at)
    today = values.new_id(at - at % values.DAY)  # by days: else offers made all the time would not be mailed again
    lately = await stored.made_since(w.tx, w.clinic_id, other, today, offer_letters.MOST_A_DAY)
    stored.add(w.tx, made)
    audit.note(w, Action.MADE, KIND, made.id, f"client {client.number} to clinic {other}")
    if lately < offer_letters.MOST_A_DAY:
        by, to = await clinics.get(w.tx, w.clinic_id), await clinics.get(w.tx, other)
        await _mail(w, by, to, offer_letters.offered(to, by, linking(made.id)))
    return made


async def _mail(w: Writing, by: Clinic, to: Clinic, letter: Letter) -> None:
    """Tell a clinic's owners what another clinic has done. The mails come from that one, and what is answered
    to them goes there."""
    for owner in await staff_access.owners(w.tx, to.id, MOST_MAILED):
        if owner.email is not None and values.is_email(owner.email):
            mails.add(w.tx, letter.mail(by.id, owner.email, by.email))


async def _standing(w: Writing, client: Client, other: int) -> dict[str, str]:
    """Why there is nothing to offer."""
    theirs = await rows.get(w.tx, other, client.id)
    if theirs is not None and theirs.state in (State.ACTIVE, State.ARCHIVED):
        return {"code": "This clinic sees the client already."}
    for one in await stored.of_client(w.tx, client.id):
        if (one.from_clinic, one.to_clinic, one.state) == (w.clinic_id, other, OfferState.OFFERED):
            return {"code": "You have offered the client to this clinic already; it has not answered yet."}
    return {}


async def saving(ctx: Context, offer_id: bytes | None, shown: str) -> Touching:
    """What answering an offer, taking it back and ending it touch. Missing."""
    ctx.require(PERMISSION)
    found = None if offer_id is None else await stored.get(ctx.reader, offer_id)
    if found is None or ctx.clinic_id not in (found.from_clinic, found.to_clinic):
        raise Missing(KIND, shown)
    return clients.connecting(found.from_clinic, found.to_clinic, found.client_id)


async def accept(w: Writing, offer_id: bytes, shown: str, linking: Linking) -> Offer:
    """See the client from now on, with their patients, and tell the other clinic's owners by mail. Missing; Invalid if
    there is nothing to accept any more."""
    w.require(PERMISSION)
    found = await _own(w, offer_id, shown, OfferState.OFFERED, received=True)
    try:
        await clients.connect(_as(w, found.from_clinic), found.client_id, shown, found.to_clinic)
    except Missing as error:
        raise Invalid({"offer": "The clinic that offers the client does not see them any more."}) from error
    return await _answered(w, found, OfferState.ACCEPTED, linking)


async def decline(w: Writing, offer_id: bytes, shown: str, linking: Linking) -> Offer:
    """Do not see the client, and tell the other clinic's owners by mail. Missing; Invalid if there is nothing to
    decline any more."""
    w.require(PERMISSION)
    found = await _own(w, offer_id, shown, OfferState.OFFERED, received=True)
    return await _answered(w, found, OfferState.DECLINED, linking)


async def _answered(w: Writing, found: Offer, state: OfferState, linking: Linking) -> Offer:
    by, to = await clinics.get(w.tx, found.to_clinic), await clinics.get(w.tx, found.from_clinic)
    await _mail(w, by, to, offer_letters.answered(to, by, state, linking(found.id)))
    return _moved(w, found, state, Action.CHANGED)


async def withdraw(w: Writing, offer_id: bytes, shown: str) -> Offer:
    """Take back what nobody has answered. Missing; Invalid if somebody has."""
    w.require(PERMISSION)
    found = await _own(w, offer_id, shown, OfferState.OFFERED, received=False)
    return _moved(w, found, OfferState.WITHDRAWN, Action.ENDED)


async def end(w: Writing, offer_id: bytes, shown: str) -> Offer:
    """End what was accepted, from either side: the clinic that accepted sees the client no more, unless it accepted
    another clinic's offer, too, and did not end this itself. Missing; Invalid if it does not stand."""
    w.require(PERMISSION)
    found = await _own(w, offer_id, shown, OfferState.ACCEPTED, received=None)
    leaves = found.to_clinic == w.clinic_id
    if not leaves:
        mine = await rows.get(w.tx, w.clinic_id, found.client_id)
        if mine is None or mine.state not in (State.ACTIVE, State.ARCHIVED):
            raise Invalid({"offer": "Your clinic does not see the client any more, so this is not yours to end."})
    await _close(w, found.to_clinic, found.client_id, shown, leaves=leaves, ended=found.id)
    return _moved(w, found, OfferState.ENDED, Action.ENDED)


# --- leaving --------------------------------------------------------------------------------------------------


async def touching(ctx: Context, number: int, shown: str) -> Touching:
    """What `leave` touches. Missing."""
    ctx.require(PERMISSION)
    found = await common_one(ctx, number, shown)
    return clients.connecting(ctx.clinic_id, ctx.clinic_id, found.id)


async def leave(w: Writing, number: int, shown: str) -> None:
    """End this clinic's connection to a client whom another clinic sees, too; what it had offered of them and nobody
    has answered is taken back. Missing."""
    w.require(PERMISSION)
    found = await stored.common_one(w.tx, w.clinic_id, number)
    if found is None:
        raise Missing(clients.KIND, shown)
    await _close(w, w.clinic_id, found.id, shown, leaves=True)
    audit.note(w, Action.ENDED, clients.KIND, found.id, f"the connection to client {number}")


async def _close(
    w: Writing, clinic_id: int, client_id: bytes, shown: str, *, leaves: bool, ended: bytes | None = None
) -> None:
    """Close the client to a clinic. One that leaves ends whatever opened the client to it, and takes back its own
    offers; else what another clinic has opened stays open."""
    for one in await stored.of_client(w.tx, client_id):
        if one.id == ended:
            continue
        opened = one.to_clinic == clinic_id and one.state == OfferState.ACCEPTED
        if opened and not leaves:
            return
        if opened:
            stored.set_state(w.tx, one.id, OfferState.ENDED, values.now())
        elif leaves and one.from_clinic == clinic_id and one.state == OfferState.OFFERED:
            stored.set_state(w.tx, one.id, OfferState.WITHDRAWN, values.now())
    theirs = await rows.get(w.tx, clinic_id, client_id)
    if theirs is not None and theirs.state != State.HIDDEN:
        await clients.disconnect(_as(w, clinic_id), client_id, shown)


def _as(w: Writing, clinic_id: int) -> Writing:
    """In the name of a clinic, which has agreed by offering or accepting; the events name who did it."""
    allowed = w.caller.permissions | {OPENING}
    return replace(w, caller=replace(w.caller, clinic_id=clinic_id, permissions=allowed))


async def _own(w: Writing, offer_id: bytes, shown: str, state: OfferState, *, received: bool | None) -> Offer:
    """The offer that this clinic received, or made, or either, in the state in which it can be moved on."""
    found = await stored.get(w.tx, offer_id)
    if found is None:
        raise Missing(KIND, shown)
    sides = [found.to_clinic] * (received is not False) + [found.from_clinic] * (received is not True)
    if w.clinic_id not in sides:
        raise Missing(KIND, shown)
    if found.state != state:
        raise Over(found.state)
    return found


def _moved(w: Writing, found: Offer, state: OfferState, action: Action) -> Offer:
    at = values.now()
    stored.set_state(w.tx, found.id, state, at)
    received = found.to_clinic == w.clinic_id
    other = f"from clinic {found.from_clinic}" if received else f"to clinic {found.to_clinic}"
    audit.note(w, action, KIND, found.id, f"a client {other}: {state}")
    return replace(found, state=state, changed_at=at)
