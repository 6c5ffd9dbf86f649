# SPDX-License-Identifier: Apache-2.0
"""`/console/keys`: the clinic's API keys, made, shown once, looked at and revoked."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from polyvet.console import apis, credentials
from polyvet.console.rows import DEVELOPERS, Row
from polyvet.console.visit import Visit
from polyvet.core import access
from polyvet.core.access import READ, WRITE
from polyvet.core.context import PERMISSIONS
from polyvet.identity import keys
from polyvet.identity.keys import NewKey
from polyvet.model import values
from polyvet.model.access import KINDS, ApiKey
from polyvet.model.errors import Invalid
from polyvet.web.guide import Example, Guide

PAGE = "/console/keys"


class Given(msgspec.Struct, frozen=True):
    """A key as its form has it."""

    name: str = ""
    dialect: str = ""
    kind: str = KINDS[0]
    permissions: tuple[str, ...] = PERMISSIONS
    per_minute: str = ""
    per_hour: str = ""


async def listed(visit: Visit) -> Response:
    """The keys that are alive, or those that were revoked."""
    ctx = visit.ctx
    found, next_, living = await credentials.listed(
        visit, lambda before, most, living: access.list_keys(ctx, before, most, living=living)
    )
    return visit.page("keys.html", found=[(_href(key), key.shown, key) for key in found], next=next_, living=living)


async def asked(visit: Visit) -> Response:
    """The form of a new one; a page of an API names its dialect."""
    return _form(visit, Given(dialect=visit.query().text("dialect")))


async def making(visit: Visit) -> Response:
    """Make it, and show its secret this once, with a request that works."""
    given = _given(visit)
    problems: dict[str, str] = {}
    new = NewKey(
        clinic_id=visit.user.clinic_id,
        dialect=credentials.chosen(given.dialect, visit.shared.keyed, problems),
        name=given.name,
        kind=given.kind,
        permissions=given.permissions,
        per_minute=credentials.number(given.per_minute, "per_minute", problems),
        per_hour=credentials.number(given.per_hour, "per_hour", problems),
    )
    key, secret = keys.made(new)
    problems = {**access.key_problems(visit.ctx.caller, key), **problems}
    try:
        if problems:
            raise Invalid(problems)
        guide = await apis.guide_of(visit, key.dialect)  # before the key is there: whatever fails, fails without it
        await visit.write(lambda w: access.add_key(w, key))
    except Invalid as error:
        return _form(visit, given, error.problems)
    example = _example(guide, key)
    command = None if example is None else example.with_key(secret)
    return visit.page(
        "key_made.html", key=key, secret=secret, guide=guide, example=example, command=command, href=_href(key)
    )


async def shown(visit: Visit) -> Response:
    """One key, and what is left of its budget. Missing."""
    key = await access.get_key(visit.ctx, visit.ident(access.KEY), visit.parameter(access.KEY))
    return visit.page(
        "key.html", key=key, href=_href(key), spelled=values.to_crockford(key.id),
        everything=set(key.permissions.split()) == set(PERMISSIONS),
        rooms=credentials.rooms(visit, key.dialect, keys.bearer(key)),
    )  # fmt: skip


async def revoking(visit: Visit) -> Response:
    """End it. Missing."""
    key_id, named = visit.ident(access.KEY), visit.parameter(access.KEY)
    key = await visit.write(lambda w: access.revoke_key(w, key_id, named))
    return visit.moved(_href(key), "revoked")


def _given(visit: Visit) -> Given:
    texts = {name: visit.fields.text(name) for name in ("name", "dialect", "kind", "per_minute", "per_hour")}
    return Given(**texts, permissions=credentials.permissions(visit))


def _form(visit: Visit, given: Given, problems: dict[str, str] | None = None) -> Response:
    return visit.page(
        "key_new.html", 400 if problems else 200, given=given, problems=problems or {},
        dialects=[(one, visit.api(one)) for one in visit.shared.keyed], kinds=[(one, one) for one in KINDS],
        permissions=PERMISSIONS,
    )  # fmt: skip


def _example(guide: Guide, key: ApiKey) -> Example | None:
    """The first request that the key may make and that changes nothing."""
    allowed = key.permissions.split()
    return next((one for one in guide.examples if not one.changes and one.needs in allowed), None)


def _href(key: ApiKey) -> str:
    return f"{PAGE}/{values.to_crockford(key.id)}"


ROWS: tuple[Row, ...] = (
    Row("GET", "keys", READ, listed, menu="API keys", section=DEVELOPERS),
    Row("GET", "keys/new", WRITE, asked),
    Row("POST", "keys/new", WRITE, making),
    Row("GET", "keys/{key}", READ, shown),
    Row("POST", "keys/{key}/revoke", WRITE, revoking),
)
