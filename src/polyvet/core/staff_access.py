# SPDX-License-Identifier: Apache-2.0
"""Who of a clinic's staff is let into the console, and as what: inviting, roles, leaving, and getting back in.

Whoever looks after the server is changed only by somebody who does so, too; and a clinic keeps an owner who can sign
in. What a change takes away is gone at once: sessions end with it, and so does what somebody who leaves has allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from msgspec.structs import replace

from polyvet.core import audit, clinics, staff, staff_letters
from polyvet.core.context import Context, Writing
from polyvet.core.letters import Letter
from polyvet.model import values
from polyvet.model.access import NO_ROLE, Member, Role
from polyvet.model.audit import Action
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid, Missing
from polyvet.model.files import StaffFile
from polyvet.storage import audit as stored_audit
from polyvet.storage import mails, second_factors, sessions
from polyvet.storage import staff as stored_staff
from polyvet.storage import staff_access as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Tx

PERMISSION = "staff:write"
LINK_DAYS = 7  # to choose a password
_NOT_LET_IN = "not let in"


class Link(msgspec.Struct, frozen=True):
    """Where somebody chooses a password, and until when."""

    url: str
    until: int


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be let in, as it was typed."""

    name: str = ""
    email: str = ""
    role: str = ""


Linking = Callable[[Tx, bytes], Awaitable[Link]]  # makes a user's link
Writer = Callable[[Clinic, User, str, int], Letter]


async def members(ctx: Context, before: int, limit: int) -> list[Member]:
    """Who works or worked at the clinic, with lower numbers than `before`, the latest first."""
    ctx.require(PERMISSION)
    return await stored.page(ctx.reader, ctx.clinic_id, before, limit)


async def run_out(ctx: Context) -> list[User]:
    """Who was invited and has not chosen a password before the link ran out, the latest first; SOME at the most."""
    ctx.require(PERMISSION)
    return await stored.run_out(ctx.reader, ctx.clinic_id, values.now())


async def member(ctx: Context, number: int) -> Member:
    """One of them. Missing."""
    ctx.require(PERMISSION)
    found = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(staff.KIND, str(number))
    return found


async def last_signed_in(ctx: Context, user: User) -> int | None:
    """When one of them last signed in."""
    ctx.require(PERMISSION)
    return await stored_audit.latest(ctx.reader, ctx.clinic_id, user.id, Action.SIGNED_IN)


async def invite(w: Writing, new: Invitation, linking: Linking) -> tuple[User, Link]:
    """Let somebody in, and mail them a link to choose a password. Invalid names what does not hold."""
    w.require(PERMISSION)
    user = await placed(w.tx, w.clinic_id, new)
    if user.operator:
        w.require(staff.OF_OPERATORS)
    audit.note(w, Action.MADE, staff.KIND, user.id, f"{user.name}: {user.console_role}")
    return user, await _linked(w, user, linking, staff_letters.invitation)


async def welcome(tx: Tx, clinic: Clinic, user: User, linking: Linking) -> Link:
    """Mail a new clinic's owner a link to choose a password."""
    return await _mailed(tx, clinic, user, linking, staff_letters.invitation)


async def placed(tx: Tx, clinic_id: int, new: Invitation) -> User:
    """Give somebody a role at a clinic: somebody new, or who has the address there already and no role. Invalid."""
    new = Invitation(name=new.name.strip(), email=new.email.strip(), role=new.role)
    problems = {}
    if not values.is_name(new.name):
        problems["name"] = f"A name has 1 to {values.LONGEST_NAME} characters."
    if not values.is_email(new.email):
        problems["email"] = "This is no e-mail address."
    if new.role not in set(Role):
        problems["role"] = "Choose a role."
    known = None if "email" in problems else await stored_staff.by_email(tx, clinic_id, new.email)
    if known is not None and not known.user.active:
        problems["email"] = f"{known.user.name} has this address, and has left. Let them in again on their page."
    elif known is not None and known.user.console_role:
        problems["email"] = f"{known.user.name} has this address. Send them a link from their page."
    if problems:
        raise Invalid(problems)
    if known is not None:
        return staff.changed(tx, known, console_role=new.role).user
    nobody = staff.NOBODY
    user = replace(nobody.user, name=new.name, email=new.email, console_role=new.role)
    return (await staff.added(tx, clinic_id, replace(nobody, user=user))).user


async def give_role(w: Writing, number: int, role: str) -> User:
    """Give somebody another role; NO_ROLE: they are not let in any more, nor is any application in their name.
    Missing, Invalid."""
    w.require(PERMISSION)
    file = await _named(w, number)
    if role not in {*Role, NO_ROLE}:
        raise Invalid({"role": "Choose a role."})
    if role == file.user.console_role:
        return file.user
    if role != Role.OWNER:
        await _keeps_an_owner(w, file.user, "role")
    sessions.end_users(w.tx, file.user.id)
    audit.note(w, Action.CHANGED, staff.KIND, file.user.id, f"{file.user.name}: {role or _NOT_LET_IN}")
    return staff.changed(w.tx, file, console_role=role).user


async def let_go(w: Writing, number: int) -> User:
    """Somebody has left: they cannot sign in, and what they allowed applications ends. Missing, Invalid."""
    w.require(PERMISSION)
    file = await _named(w, number)
    user = file.user
    if not user.active:
        return user
    await _keeps_an_owner(w, user, "active")
    await staff.end_access(w.tx, user)
    audit.note(w, Action.ENDED, staff.KIND, user.id, f"{user.name} has left")
    return staff.changed(w.tx, file, active=False).user


async def take_back(w: Writing, number: int) -> User:
    """Somebody who had left works here again, with the role and password that they had. Missing."""
    w.require(PERMISSION)
    file = await _named(w, number)
    if file.user.active:
        return file.user
    audit.note(w, Action.CHANGED, staff.KIND, file.user.id, f"{file.user.name} is back")
    return staff.changed(w.tx, file, active=True).user


async def send_link(w: Writing, number: int, linking: Linking) -> tuple[User, Link]:
    """Mail somebody a link to choose another password; the one that they have stays until then. Missing, Invalid."""
    w.require(PERMISSION)
    user = (await _named(w, number)).user
    if not user.active:
        raise Invalid({"link": f"{user.name} has left. Let them in again first."})
    if user.email is None:
        raise Invalid({"link": f"{user.name} has no e-mail, and people sign in with it."})
    audit.note(w, Action.SENT, staff.KIND, user.id, f"a link to choose a password, to {user.name}")
    return user, await _linked(w, user, linking, staff_letters.new_password)


async def end_second_factor(w: Writing, number: int) -> User:
    """Ask somebody for no code any more, such as who has lost the device that makes them. Missing."""
    w.require(PERMISSION)
    user = (await _named(w, number)).user
    if user.totp_since is None:
        return user
    second_factors.end(w.tx, user.id)
    audit.note(w, Action.ENDED, staff.KIND, user.id, f"the second factor of {user.name}")
    return user


async def set_by_hand(store: Store, clinic_id: int, email: str, role: str, operator: bool | None) -> User | None:
    """Give somebody a role at the command line, and say whether they look after the server; None: as it is. None if
    nobody at the clinic has the address."""

    async def job(tx: Tx) -> User | None:
        file = await stored_staff.by_email(tx, clinic_id, email.strip())
        if file is None:
            return None
        user = file.user
        sessions.end_users(tx, user.id)
        audit.note_by_hand(tx, user, Action.CHANGED, f"{user.name}: {role or _NOT_LET_IN}")
        return staff.changed(tx, file, console_role=role, operator=user.operator if operator is None else operator).user

    return await store.write(staff.touching(clinic_id), job)


async def reset_by_hand(store: Store, clinic_id: int, email: str) -> User | None:
    """Ask somebody for no code any more, at the command line; None if nobody at the clinic has the address."""

    async def job(tx: Tx) -> User | None:
        file = await stored_staff.by_email(tx, clinic_id, email.strip())
        if file is None:
            return None
        second_factors.end(tx, file.user.id)
        audit.note_by_hand(tx, file.user, Action.ENDED, f"the second factor of {file.user.name}")
        return file.user

    return await store.write(staff.touching(clinic_id), job)


async def _named(w: Writing, number: int) -> StaffFile:
    """Somebody whom the caller may change."""
    found = await stored_staff.by_numbers(w.tx, w.clinic_id, [number])
    if not found:
        raise Missing(staff.KIND, str(number))
    if found[0].user.operator:
        w.require(staff.OF_OPERATORS)
    return found[0]


async def _keeps_an_owner(w: Writing, user: User, field: str) -> None:
    """Invalid if the clinic were left without an owner who can sign in."""
    if await staff.is_last_owner(w.tx, user):
        raise Invalid({field: staff.LAST_OWNER})


async def _linked(w: Writing, user: User, linking: Linking, writer: Writer) -> Link:
    """A link, and the mail that brings it."""
    return await _mailed(w.tx, await clinics.get(w.tx, w.clinic_id), user, linking, writer)


async def _mailed(tx: Tx, clinic: Clinic, user: User, linking: Linking, writer: Writer) -> Link:
    link = await linking(tx, user.id)
    letter = writer(clinic, user, link.url, link.until)
    if user.email is not None and values.is_email(user.email):
        mails.add(tx, letter.mail(clinic.id, user.email, clinic.email))
    return link
