# SPDX-License-Identifier: Apache-2.0
"""A new clinic and its owner, who come together: nobody else could let anybody in."""

from __future__ import annotations

import msgspec

from polyvet.core import audit, clinics, staff_access
from polyvet.core.clinics import Change
from polyvet.core.context import Writing
from polyvet.core.staff import KIND, STAFF
from polyvet.core.staff_access import Link, Linking
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.audit import Action
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid
from polyvet.storage import access, staff
from polyvet.storage.writing import Tx


class NewClinic(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as it was typed: the clinic, and its owner's name and e-mail, which is the clinic's, too."""

    clinic: str = ""
    timezone: str = "UTC"
    currency: str = "EUR"
    name: str = ""
    email: str = ""


def problems(new: NewClinic) -> dict[str, str]:
    """What does not hold, by field, as sentences."""
    found = clinics.problems(Change(name=new.clinic, timezone=new.timezone))
    told = {
        "clinic": found.get("name"),
        "timezone": found.get("timezone"),
        "currency": clinics.currency_problem(new.currency),
        "name": None if values.is_name(new.name) else f"a name has 1 to {values.LONGEST_NAME} characters",
        "email": None if values.is_email(new.email) else "this is no e-mail address",
    }
    return {name: values.sentence(problem) for name, problem in told.items() if problem}


async def open_clinic(tx: Tx, new: NewClinic, *, operator: bool = False) -> tuple[Clinic, User]:
    """Add both, of which `problems` knows nothing wrong; the owner has no password yet."""
    now, number = values.now(), await access.next_clinic_id(tx)
    clinic = Clinic(number, values.new_id(now), new.clinic, new.timezone, new.currency, now, new.email)
    access.add_clinic(tx, clinic)
    ident = values.new_id(now)
    user = User(
        ident, number, new.name, f"{KIND}|{values.to_crockford(ident)}", STAFF, now, email=new.email, updated_at=now,
        console_role=Role.OWNER, operator=operator,
    )  # fmt: skip
    return clinic, await staff.add_user(tx, user)


async def add(w: Writing, new: NewClinic, linking: Linking) -> tuple[Clinic, User, Link]:
    """Add a clinic, and mail its owner a link to choose a password. Invalid names what does not hold."""
    w.require("server:write")
    if found := problems(new):
        raise Invalid(found)
    clinic, user = await open_clinic(w.tx, new)
    audit.note(w, Action.MADE, "clinic", clinic.uid, f"clinic {clinic.id}: {clinic.name}")
    return clinic, user, await staff_access.welcome(w.tx, clinic, user, linking)
