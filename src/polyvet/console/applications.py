# SPDX-License-Identifier: Apache-2.0
"""`/console/applications`: the clinic's OAuth applications, registered, given new secrets and revoked."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from polyvet.console import credentials
from polyvet.console.rows import DEVELOPERS, Row
from polyvet.console.visit import Visit
from polyvet.core import access
from polyvet.core.access import READ, WRITE
from polyvet.core.context import PERMISSIONS
from polyvet.identity import applications, keys
from polyvet.identity.applications import CLIENT_CREDENTIALS, NewApplication
from polyvet.model import values
from polyvet.model.access import Application
from polyvet.model.errors import Invalid

PAGE = "/console/applications"


class Given(msgspec.Struct, frozen=True):
    """An application as its form has it."""

    name: str = ""
    dialect: str = ""
    redirect_uris: str = ""
    public: bool = False
    for_itself: bool = True
    permissions: tuple[str, ...] = PERMISSIONS
    per_minute: str = ""


async def listed(visit: Visit) -> Response:
    """The applications that are alive, or those that were revoked."""
    ctx = visit.ctx
    found, next_, living = await credentials.listed(
        visit, lambda before, most, living: access.list_applications(ctx, before, most, living=living)
    )
    return visit.page(
        "applications.html", found=[(_href(one), keys.shown(one), one) for one in found], next=next_, living=living
    )


async def asked(visit: Visit) -> Response:
    """The form of a new one; a page of an API names its dialect."""
    return _form(visit, Given(dialect=visit.query().text("dialect")))


async def registering(visit: Visit) -> Response:
    """Register it, and show its secret this once."""
    given = _given(visit)
    problems: dict[str, str] = {}
    dialect = credentials.chosen(given.dialect, tuple(visit.shared.scopes), problems)
    new = NewApplication(
        clinic_id=visit.user.clinic_id,
        dialect=dialect,
        name=given.name,
        scopes=visit.shared.scopes.get(dialect, ()),
        redirect_uris=tuple(given.redirect_uris.split()),
        public=given.public,
        permissions=given.permissions,
        for_itself=given.for_itself and dialect not in visit.shared.only_users,
        per_minute=credentials.number(given.per_minute, "per_minute", problems),
    )
    application, secret = applications.made(new)
    problems = {**access.application_problems(visit.ctx.caller, application), **problems}
    try:
        if problems:
            raise Invalid(problems)
        await visit.write(lambda w: access.add_application(w, application))
    except Invalid as error:
        return _form(visit, given, error.problems)
    return _made(visit, application, secret, rotated=False)


async def shown(visit: Visit) -> Response:
    """One application, and what is left of its budget. Missing."""
    return await _page(visit)


async def rotating(visit: Visit) -> Response:
    """Give it a new secret, and show it this once. Missing."""
    application_id, named = _named(visit)
    secret = applications.new_secret()
    try:
        changed = await visit.write(lambda w: access.change_secret(w, application_id, named, values.hashed(secret)))
    except Invalid as error:
        return await _page(visit, error)
    return _made(visit, changed, secret, rotated=True)


async def revoking(visit: Visit) -> Response:
    """End it, and its tokens with it. Missing."""
    application_id, named = _named(visit)
    found = await visit.write(lambda w: access.revoke_application(w, application_id, named))
    return visit.moved(_href(found), "revoked")


def _named(visit: Visit) -> tuple[bytes, str]:
    return visit.ident(access.APPLICATION), visit.parameter(access.APPLICATION)


def _given(visit: Visit) -> Given:
    return Given(
        name=visit.fields.text("name"),
        dialect=visit.fields.text("dialect"),
        redirect_uris=visit.fields.text("redirect_uris"),
        public=visit.fields.get("public") is not None,
        for_itself=visit.fields.get("for_itself") is not None,
        permissions=credentials.permissions(visit),
        per_minute=visit.fields.text("per_minute"),
    )


def _form(visit: Visit, given: Given, problems: dict[str, str] | None = None) -> Response:
    shared = visit.shared
    return visit.page(
        "application_new.html", 400 if problems else 200, given=given, problems=problems or {},
        dialects=[(one, visit.api(one)) for one in shared.scopes], permissions=PERMISSIONS,
        only_users=[visit.api(one) for one in shared.only_users],
    )  # fmt: skip


def _made(visit: Visit, application: Application, secret: str | None, *, rotated: bool) -> Response:
    return visit.page(
        "application_made.html", application=application, secret=secret, rotated=rotated, href=_href(application)
    )


async def _page(visit: Visit, problem: Invalid | None = None) -> Response:
    application_id, named = _named(visit)
    found = await access.get_application(visit.ctx, application_id, named)
    own = CLIENT_CREDENTIALS in found.grant_types.split()
    return visit.page(
        "application.html", 400 if problem else 200, application=found, href=_href(found),
        spelled=values.to_crockford(found.id), own=own,
        everything=set(found.permissions.split()) == set(PERMISSIONS),
        problem=None if problem is None else " ".join(problem.problems.values()),
        rooms=credentials.rooms(visit, found.dialect, applications.bearer(found)) if own else [],
    )  # fmt: skip


def _href(application: Application) -> str:
    return f"{PAGE}/{values.to_crockford(application.id)}"


ROWS: tuple[Row, ...] = (
    Row("GET", "applications", READ, listed, menu="Applications", section=DEVELOPERS),
    Row("GET", "applications/new", WRITE, asked),
    Row("POST", "applications/new", WRITE, registering),
    Row("GET", "applications/{application}", READ, shown),
    Row("POST", "applications/{application}/secret", WRITE, rotating),
    Row("POST", "applications/{application}/revoke", WRITE, revoking),
)
