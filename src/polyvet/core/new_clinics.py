# SPDX-License-Identifier: Apache-2.0
"""A new clinic and its owner, who come together: nobody else could let anybody in."""

from __future__ import annotations

import msgspec

from polyvet.core import audit, clinics, staff_access
from polyvet.core.clinics import Change
from polyvet.core.context import Writing
from polyvet.core.staff import KIND, STAFF, is_last_owner
from polyvet.core.staff_access import Link, Linking
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.audit import Action
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid
from polyvet.storage import access, staff
from polyvet.storage import staff_access as stored
from polyvet.storage.writing import Tx


class NewClinic(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as it was typed: the clinic, and its owner's name and e-mail, which is the clinic's, too."""

    clinic: str = ""
    timezone: str = "UTC"
    currency: str = "EUR"
    name: str = ""
    email: str = ""


class Added(msgspec.Struct, frozen=True):
    """A clinic, its owner, and the link by which they come in; `again`: the clinic was there, and only the link is
    new."""

    clinic: Clinic
    owner: User
    link: Link
    again: bool


def problems(new: NewClinic) -> dict[str, str]:
    """What does not hold, by field, as sentences."""
    found = clinics.problems(Change(name=new.clinic, timezone=new.timezone))
    told = {
        "clinic": found.get("name"),
        "timezone": found.get("timezone"),
        "currency": clinics.currency_problem(new.currency.upper()),
        "name": None if values.is_name(new.name) else f"a name has 1 to {values.LONGEST_NAME} characters",
        "email": None if values.is_email(new.email) else "this is no e-mail address",
    }
    return {name: values.sentence(problem) for name, problem in told.items() if problem}


async def open_clinic(tx: Tx, new: NewClinic, *, operator: bool = False) -> tuple[Clinic, User]:
    """Add both, of which `problems` knows nothing wrong; the owner has no password yet."""
    now, number = values.now(), await access.next_clinic_id(tx)
    clinic = Clinic(number, values.new_id(now), new.clinic, new.timezone, new.currency.upper(), now, new.email)
    access.add_clinic(tx, clinic)
    ident = values.new_id(now)
    user = User(
        ident, number, new.name, f"{KIND}|{values.to_crockford(ident)}", STAFF, now, email=new.email, updated_at=now,
        console_role=Role.OWNER, operator=operator,
    )  # fmt: skip
    return clinic, await staff.add_user(tx, user)


async def add(w: Writing, new: NewClinic, linking: Linking) -> Added:
    """Add a clinic, and mail its owner a link to choose a password. One that is there already, under this name and with
    this e-mail, is not added twice: its owner gets another link, as long as nobody has come in. Invalid names what does
    not hold."""
    w.require("server:write")
    if found := problems(new):
        raise Invalid(found)
    known = await _known(w.tx, new)
    clinic, owner = known or await open_clinic(w.tx, new)
    if known is None:
        audit.note(w, Action.MADE, "clinic", clinic.uid, f"clinic {clinic.id}: {clinic.name}")
    else:
        audit.note(w, Action.SENT, KIND, owner.id, f"a link to choose a password, to {owner.name}")
    return Added(clinic, owner, await staff_access.welcome(w.tx, clinic, owner, linking), again=known is not None)


async def _known(tx: Tx, new: NewClinic) -> tuple[Clinic, User] | None:
    """The clinic that is there already, and its owner, who waits for a link. Invalid if an owner has come in: from
    then on they let people in, and the clinic's address may be anybody's who works there."""
    for clinic in await access.list_clinics(tx):
        if (clinic.name, clinic.email) != (new.clinic, new.email):
            continue
        file = await staff.by_email(tx, clinic.id, new.email)
        member = None if file is None else await stored.by_number(tx, clinic.id, file.user.number)
        if member is None or member.joined or not await is_last_owner(tx, member.user):
            raise Invalid({"clinic": f"A clinic of this name and e-mail is there already: number {clinic.id}."})
        return clinic, member.user
    return None
