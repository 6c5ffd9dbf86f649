# SPDX-License-Identifier: Apache-2.0
"""Who works at a clinic: reading, adding, changing. Nobody is deleted; who has left is not active.

However somebody leaves, what they could open ends with it; a clinic keeps an owner who can sign in; and whoever looks
after the server is locked out only by somebody who does so, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.details import UserDetails
from polyvet.model.entities import User
from polyvet.model.errors import Invalid, Missing
from polyvet.model.files import StaffFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import departments, grants, password_links, sessions, staff_access
from polyvet.storage import staff as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

KIND = "user"
OF_OPERATORS = "server:write"  # needed to change who looks after the server
LAST_OWNER = "The clinic needs an owner who can sign in. Make somebody else one first."
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
STAFF = "staff"  # the role of who is added without one
Change = Callable[[StaffFile], StaffFile]
NOBODY = StaffFile(User(b"", 0, "", "", STAFF, 0), UserDetails())


async def list_staff(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[StaffFile]:
    """Files of all who work or worked at the clinic, by number where nothing else is asked for."""
    ctx.require("users:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get(ctx: Context, number: int, shown: str) -> StaffFile:
    """One file. Missing, also when the number is another clinic's."""
    ctx.require("users:read")
    found = await stored.by_numbers(ctx.reader, ctx.clinic_id, [number])
    if not found:
        raise Missing(KIND, shown)
    return found[0]


async def get_many(ctx: Context, numbers: Iterable[int]) -> list[StaffFile]:
    """The files of many; a number that is nobody's here is left out."""
    ctx.require("users:read")
    return await stored.by_numbers(ctx.reader, ctx.clinic_id, numbers)


async def caller_number(w: Writing) -> int | None:
    """The number of the user for whom the caller acts, if there is one; the caller has asked for the permission."""
    user = None if w.caller.user_id is None else await stored.get_user(w.tx, w.caller.user_id)
    return None if user is None or user.clinic_id != w.clinic_id else user.number


def names(file: StaffFile) -> tuple[str, str]:
    """First and last name; of somebody of whom only the whole name is known, its last word is the last name."""
    details = file.details
    if details.first_name or details.last_name:
        return details.first_name, details.last_name
    first, _, last = file.user.name.rpartition(" ")
    return first, last


def touching(clinic_id: int) -> Touching:
    """What every change touches."""
    return Touching(clinics=(clinic_id,))


async def create(w: Writing, change: Change) -> StaffFile:
    """Add somebody as `change` makes it out of NOBODY. They cannot sign in before they are given a password."""
    w.require("users:write")
    file = _named(change(NOBODY), NOBODY)
    problems = {} if file.user.email else {"email": "This field may not be blank."}
    await _check(w, file, NOBODY, problems)
    return await added(w.tx, w.clinic_id, file)


async def add(store: Store, clinic_id: int, name: str, email: str) -> int:
    """Add somebody to a clinic by hand; gives their number, or that of who has the e-mail already. Invalid."""
    name, email = name.strip(), email.strip()
    problems = {}
    if not values.is_name(name):
        problems["name"] = f"a name has 1 to {values.LONGEST_NAME} characters"
    if not values.is_email(email):
        problems["email"] = f"{email} is no e-mail address"
    if problems:
        raise Invalid(problems)

    async def job(tx: Tx) -> int:
        file = await stored.by_email(tx, clinic_id, email)
        if file is None:
            file = await added(tx, clinic_id, replace(NOBODY, user=replace(NOBODY.user, name=name, email=email)))
        return file.user.number

    return await store.write(touching(clinic_id), job)


async def added(tx: Tx, clinic_id: int, file: StaffFile) -> StaffFile:
    """Add somebody whose file holds; gives the file with its id and number."""
    stamp = tx.stamp(clinic_id)
    at = min(values.now(), stamp)
    ident = values.new_id(at)
    subject = f"{KIND}|{values.to_crockford(ident)}"
    user = replace(file.user, id=ident, clinic_id=clinic_id, subject=subject, created_at=at, updated_at=stamp)
    user = await stored.add_user(tx, user, file.details)
    tx.event(clinic_id, "created", KIND, user.id, stamp)
    return replace(file, user=user)


async def save(w: Writing, number: int, shown: str, change: Change) -> StaffFile:
    """Write what `change` makes of a file. Missing; Invalid."""
    w.require("users:write")
    found = await stored.by_numbers(w.tx, w.clinic_id, [number])
    if not found:
        raise Missing(KIND, shown)
    first, last = names(found[0])
    old = replace(found[0], details=replace(found[0].details, first_name=first, last_name=last))
    file = _named(change(old), old)
    await _check(w, file, old, await _locked_out(w, old.user, file.user))
    file = replace(file, user=replace(file.user, updated_at=w.tx.stamp(w.clinic_id)))
    file = stored.change_user(w.tx, file)
    if not file.user.active:
        await end_access(w.tx, file.user)
    w.tx.event(w.clinic_id, "updated", KIND, file.user.id, file.user.updated_at)
    return file


def changed(tx: Tx, file: StaffFile, **fields: str | bool | None) -> StaffFile:
    """Write fields of somebody's user anew, and tell of it; gives the file as it is kept."""
    clinic_id = file.user.clinic_id
    at = tx.stamp(clinic_id)
    tx.event(clinic_id, "updated", KIND, file.user.id, at)
    return stored.change_user(tx, replace(file, user=replace(file.user, updated_at=at, **fields)))


async def end_access(tx: Tx, user: User) -> None:
    """End what somebody who leaves could open: sessions, what they allowed applications, links to choose a password."""
    sessions.end_users(tx, user.id)
    grants.revoke_users(tx, user.id, values.now())
    await password_links.end_users(tx, user.id)


async def is_last_owner(tx: Tx, user: User) -> bool:
    """Whether the clinic has no other owner who can sign in."""
    if not user.active or user.console_role != Role.OWNER:
        return False
    return not await staff_access.has_another_owner(tx, user.clinic_id, user.id)


async def _locked_out(w: Writing, old: User, new: User) -> dict[str, str]:
    """Why somebody keeps what they sign in with, where a change of their file would take it."""
    problems = {}
    for field, taken in (("active", old.active and not new.active), ("email", old.email != new.email)):
        if taken and old.operator and OF_OPERATORS not in w.caller.permissions:
            problems[field] = "This user looks after the server, so this is changed only by somebody who does so, too."
    kept = {"active": new.active, "email": new.email}
    if not all(kept.values()) and await is_last_owner(w.tx, old):
        problems = {field: LAST_OWNER for field, value in kept.items() if not value} | problems
    return problems


def _named(new: StaffFile, old: StaffFile) -> StaffFile:
    """The whole name follows the first and the last one; what stood before them, such as "Dr.", stays."""
    known, joined = (f"{one.first_name} {one.last_name}".strip() for one in (old.details, new.details))
    if known == joined:
        return new
    before = old.user.name.removesuffix(known) if known and old.user.name.endswith(known) else ""
    return replace(new, user=replace(new.user, name=before + joined))


async def _check(w: Writing, file: StaffFile, old: StaffFile, problems: dict[str, str]) -> None:
    if not "".join(names(file)).strip():
        problems["last_name"] = "A first or a last name is required."
    email = file.user.email
    if email is not None:
        holder = await stored.by_email(w.tx, w.clinic_id, email)
        if holder is not None and holder.user.number != old.user.number:
            problems["email"] = "A user with this email already exists."
    details, before = file.details, old.details
    wanted: dict[str, set[int | None]] = {
        "active_department": {details.active_department} - {before.active_department},
        "home_department": {details.home_department} - {before.home_department},
        "active_departments": set[int | None](details.active_departments) - set(before.active_departments),
    }
    if any(wanted.values()):
        known = {None, *(await departments.of_clinic(w.tx, w.clinic_id))}
        problems |= {name: "There is no such department." for name, given in wanted.items() if not given <= known}
    if problems:
        raise Invalid(problems)
