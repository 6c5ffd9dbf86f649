# SPDX-License-Identifier: Apache-2.0
"""The first start: a server's first clinic and its owner, who also looks after the server."""

from __future__ import annotations

from msgspec.structs import asdict

from polyvet.core import new_clinics
from polyvet.core.new_clinics import NewClinic
from polyvet.identity import passwords
from polyvet.identity.passwords import Verified
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.storage import access, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx


class NewPractice(NewClinic, frozen=True, kw_only=True):
    """What is asked for, as it was typed."""

    password: str = ""


async def set_up(store: Store, new: NewPractice) -> Verified | None:
    """Make the clinic and its owner; None if there is a clinic already. Invalid names what does not hold."""
    new = NewPractice(**{name: said if name == "password" else said.strip() for name, said in asdict(new).items()})
    if problems := _problems(new):
        raise Invalid(problems)
    password_hash = await passwords.hashed(new.password)

    async def job(tx: Tx) -> Verified | None:
        if await access.list_clinics(tx):
            return None
        _, user = await new_clinics.open_clinic(tx, new, operator=True)
        staff.set_password(tx, user.id, password_hash)
        return Verified(user, password_hash)

    return await store.write(Touching(), job)


def _problems(new: NewPractice) -> dict[str, str]:
    problems = new_clinics.problems(new)
    problem = passwords.password_problem(new.password)
    return problems if problem is None else {**problems, "password": values.sentence(problem)}
