# SPDX-License-Identifier: Apache-2.0
"""A clinic's keys and applications: looked at, made, given new secrets, ended. Whoever makes one gives it no more than
they may do themselves. What is ended is refused by every worker within a second."""

from __future__ import annotations

from msgspec.structs import replace

from polyvet.core import audit, redirects
from polyvet.core.context import PERMISSIONS, Caller, Context, Writing
from polyvet.model import values
from polyvet.model.access import KINDS, ApiKey, Application
from polyvet.model.audit import Action
from polyvet.model.errors import Invalid, Missing
from polyvet.storage import access, applications
from polyvet.storage.writing import Touching

READ, WRITE = "access:read", "access:write"
KEY, APPLICATION = "key", "application"
MOST_KEYS = 200  # of a clinic, alive
MOST_APPLICATIONS = 20  # of a clinic for one dialect, alive
MOST_REQUESTS = 1_000_000_000  # of a budget
A_BUDGET = f"Write a whole number from 1 to {MOST_REQUESTS}, or nothing."


def touching(clinic_id: int) -> Touching:
    """What a change touches: one after the other, so that limits on their number hold."""
    return Touching(clinics=(clinic_id,))


async def list_keys(ctx: Context, before: bytes, most: int, *, living: bool = True) -> list[ApiKey]:
    """The clinic's keys that were made before the one with the id `before`, the newest first: those that are alive, or
    those that were revoked."""
    ctx.require(READ)
    return await access.page_of_keys(ctx.reader, ctx.clinic_id, before, most, living=living)


async def get_key(ctx: Context, key_id: bytes, shown: str) -> ApiKey:
    """One key, revoked or not. Missing."""
    ctx.require(READ)
    found = await access.get_key(ctx.reader, ctx.clinic_id, key_id)
    if found is None:
        raise Missing(KEY, shown)
    return found


def key_problems(caller: Caller, key: ApiKey) -> dict[str, str]:
    """What keeps the caller from making a key, by field."""
    found = _problems(caller, key)
    if key.kind not in KINDS:
        found["kind"] = "Choose one of the list."
    return found


async def add_key(w: Writing, key: ApiKey) -> None:
    """Keep a key of the caller's clinic. Invalid."""
    w.require(WRITE)
    found = key_problems(w.caller, key)
    if await access.living_keys(w.tx, w.clinic_id) >= MOST_KEYS:
        found["name"] = f"A clinic has at most {MOST_KEYS} keys; revoke one that nobody uses."
    if found:
        raise Invalid(found)
    access.add_key(w.tx, replace(key, clinic_id=w.clinic_id))
    audit.note(w, Action.MADE, KEY, key.id, _key_shown(key))


async def revoke_key(w: Writing, key_id: bytes, shown: str) -> ApiKey:
    """End a key; one that has ended stays as it is. Missing."""
    w.require(WRITE)
    found = await access.get_key(w.tx, w.clinic_id, key_id)
    if found is None:
        raise Missing(KEY, shown)
    if found.revoked_at is None:
        access.revoke_key(w.tx, key_id, values.now())
        audit.note(w, Action.ENDED, KEY, key_id, _key_shown(found))
    return found


async def list_applications(ctx: Context, before: bytes, most: int, *, living: bool = True) -> list[Application]:
    """As `list_keys`, of the clinic's applications."""
    ctx.require(READ)
    return await applications.page(ctx.reader, ctx.clinic_id, before, most, living=living)


async def applications_for(ctx: Context, dialect: str) -> list[Application]:
    """The clinic's living applications for a dialect, the oldest first."""
    ctx.require(READ)
    return await applications.of_clinic(ctx.reader, ctx.clinic_id, dialect)


async def get_application(ctx: Context, application_id: bytes, shown: str) -> Application:
    """One application, revoked or not. Missing."""
    ctx.require(READ)
    found = await applications.get(ctx.reader, ctx.clinic_id, application_id)
    if found is None:
        raise Missing(APPLICATION, shown)
    return found


def application_problems(caller: Caller, application: Application) -> dict[str, str]:
    """What keeps the caller from registering an application, by field."""
    found = _problems(caller, application)
    uris = application.redirect_uris.split()
    wrong = [f"{uri}: {why}." for uri in uris[: redirects.MOST] if (why := redirects.problem(uri))]
    if wrong:
        found["redirect_uris"] = " ".join(wrong)
    elif len(uris) > redirects.MOST or not application.grant_types:
        found["redirect_uris"] = f"Name 1 to {redirects.MOST} of them."
    return found


async def add_application(w: Writing, application: Application) -> None:
    """Keep an application of the caller's clinic. Invalid."""
    w.require(WRITE)
    found = application_problems(w.caller, application)
    if len(await applications.of_clinic(w.tx, w.clinic_id, application.dialect)) >= MOST_APPLICATIONS:
        found["name"] = (
            f"A clinic has at most {MOST_APPLICATIONS} applications for {application.dialect}; revoke one that nobody "
            "uses."
        )
    if found:
        raise Invalid(found)
    applications.add(w.tx, replace(application, clinic_id=w.clinic_id))
    audit.note(w, Action.MADE, APPLICATION, application.id, _application_shown(application))


async def change_secret(w: Writing, application_id: bytes, shown: str, secret_hash: bytes) -> Application:
    """Give a living application another secret, in place of the one it has; its tokens stay. Missing; Invalid for one
    that keeps none."""
    w.require(WRITE)
    found = await _living(w, application_id, shown)
    if found.public:
        raise Invalid({"secret": "A public application has no secret."})
    applications.change_secret(w.tx, application_id, secret_hash)
    audit.note(w, Action.CHANGED, APPLICATION, application_id, f"{_application_shown(found)}, new secret")
    return found


async def revoke_application(w: Writing, application_id: bytes, shown: str) -> Application:
    """End a living application, and with it all its tokens. Missing."""
    w.require(WRITE)
    found = await _living(w, application_id, shown)
    applications.revoke(w.tx, application_id, values.now())
    audit.note(w, Action.ENDED, APPLICATION, application_id, _application_shown(found))
    return found


async def _living(w: Writing, application_id: bytes, shown: str) -> Application:
    found = await applications.get(w.tx, w.clinic_id, application_id)
    if found is None or found.revoked_at is not None:
        raise Missing(APPLICATION, shown)
    return found


def _problems(caller: Caller, one: ApiKey | Application) -> dict[str, str]:
    """What both must have."""
    found = {}
    if not values.is_name(one.name):
        found["name"] = f"A name has 1 to {values.LONGEST_NAME} characters."
    given = set(one.permissions.split())
    if not given:
        found["permissions"] = "Choose at least one."
    elif not given <= caller.permissions & set(PERMISSIONS):
        found["permissions"] = "Nobody gives away what they may not do themselves."
    for name, number in (("per_minute", one.per_minute), ("per_hour", one.per_hour)):
        if number is not None and not 1 <= number <= MOST_REQUESTS:
            found[name] = A_BUDGET
    return found


def _key_shown(key: ApiKey) -> str:
    return f"{key.name} ({key.dialect}, {key.shown}…)"


def _application_shown(application: Application) -> str:
    return f"{application.name} ({application.dialect}, {application.client_id})"
