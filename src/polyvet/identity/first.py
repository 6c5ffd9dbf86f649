# SPDX-License-Identifier: Apache-2.0
"""The first start: a server's first clinic and its owner, who also looks after the server."""

from __future__ import annotations

import msgspec

from polyvet.core import clinics
from polyvet.core.clinics import Change
from polyvet.core.staff import KIND, STAFF
from polyvet.identity import passwords
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid
from polyvet.storage import access, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx


class NewPractice(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as it was typed."""

    clinic: str = ""
    timezone: str = "UTC"
    currency: str = "EUR"
    name: str = ""
    email: str = ""
    password: str = ""


async def set_up(store: Store, new: NewPractice) -> User | None:
    """Make the clinic and its owner; None if there is a clinic already. Invalid names what does not hold."""
    new = NewPractice(**{
        name: said if name == "password" else said.strip() for name, said in msgspec.structs.asdict(new).items()
    })  # fmt: skip
    if problems := _problems(new):
        raise Invalid(problems)
    password_hash = await passwords.hashed(new.password)

    async def job(tx: Tx) -> User | None:
        if await access.list_clinics(tx):
            return None
        now, number = values.now(), await access.next_clinic_id(tx)
        access.add_clinic(
            tx, Clinic(number, values.new_id(now), new.clinic, new.timezone, new.currency, now, new.email)
        )
        ident = values.new_id(now)
        user = User(
            ident, number, new.name, f"{KIND}|{values.to_crockford(ident)}", STAFF, now, email=new.email,
            updated_at=now, console_role=Role.OWNER, operator=True,
        )  # fmt: skip
        user = await staff.add_user(tx, user)
        staff.set_password(tx, user.id, password_hash)
        return user

    return await store.write(Touching(), job)


def _problems(new: NewPractice) -> dict[str, str]:
    found = clinics.problems(Change(name=new.clinic, timezone=new.timezone))
    problems = {
        "clinic": found.get("name"),
        "timezone": found.get("timezone"),
        "currency": clinics.currency_problem(new.currency),
        "name": None if values.is_name(new.name) else f"a name has 1 to {values.LONGEST_NAME} characters",
        "email": passwords.email_problem(new.email) and "this is no e-mail address",
        "password": passwords.password_problem(new.password),
    }
    return {name: f"{problem[0].upper()}{problem[1:]}." for name, problem in problems.items() if problem}
