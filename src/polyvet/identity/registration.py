# SPDX-License-Identifier: Apache-2.0
"""Strangers who register: each gets a clinic of their own, and of the library what is free."""

from __future__ import annotations

import msgspec

from polyvet.identity import passwords
from polyvet.identity.passwords import Verified
from polyvet.model import values
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid
from polyvet.model.library import LibraryRole
from polyvet.storage import access, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

_ROLE = "owner"


class NewAccount(msgspec.Struct, frozen=True):
    """What somebody says who registers."""

    email: str
    name: str
    practice: str
    password: str


async def register(store: Store, new: NewAccount) -> Verified:
    """Make a clinic and its user, who may sign in at once. Invalid names what does not hold.

    Whether the e-mail is known at another clinic makes no difference, until there are as many users of it as one may
    choose from at signing in: one more could never sign in."""
    checked = NewAccount(new.email.strip(), new.name.strip(), new.practice.strip(), new.password)
    problems = {
        "email": passwords.email_problem(checked.email) and "this is no e-mail address",
        "name": _name_problem(checked.name),
        "practice": _name_problem(checked.practice),
        "password": passwords.password_problem(checked.password),
    }
    if any(problems.values()):
        raise Invalid({name: values.sentence(problem) for name, problem in problems.items() if problem})
    stored = await passwords.hashed(checked.password)

    async def job(tx: Tx) -> User | None:
        if len(await staff.signing_in_anywhere(tx, checked.email, passwords.CANDIDATES)) == passwords.CANDIDATES:
            return None
        return await _add(tx, checked, stored)

    user = await store.write(Touching(), job)
    if user is None:
        raise Invalid({"email": "No account can be made with this address; ask whoever runs this server."})
    return Verified(user, stored)


async def _add(tx: Tx, new: NewAccount, password_hash: str) -> User:
    now = values.now()
    number = await access.next_clinic_id(tx)
    access.add_clinic(tx, Clinic(number, values.new_id(now), new.practice, "UTC", "USD", now, new.email))
    ident = values.new_id(now)
    subject = f"registered|{values.to_crockford(ident)}"
    user = User(
        ident, number, new.name, subject, _ROLE, now, email=new.email, updated_at=now, library_role=LibraryRole.FREE
    )
    user = await staff.add_user(tx, user)
    staff.set_password(tx, user.id, password_hash)
    return user


def _name_problem(name: str) -> str | None:
    return None if values.is_name(name) else f"a name has 1 to {values.LONGEST_NAME} characters"
