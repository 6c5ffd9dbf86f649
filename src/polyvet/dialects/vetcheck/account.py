# SPDX-License-Identifier: Apache-2.0
"""`/account` and `/account/applications`: what a user sees of themselves, and the clinic's applications, which its
developers register there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from polyvet.core import access
from polyvet.core.clinics import Clinics
from polyvet.core.context import Context, Writing
from polyvet.core.roles import permissions
from polyvet.dialects.vetcheck.people import Shared, Table
from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.signed import check, context, signed_in
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME
from polyvet.identity import applications, attempts, roles
from polyvet.identity.applications import NewApplication
from polyvet.identity.roles import Redeemed
from polyvet.identity.sessions import Session
from polyvet.model.errors import Invalid, Missing
from polyvet.web import pages
from polyvet.web.forms import Fields, of_form
from polyvet.web.message import Request

_GONE = "There is no such application any more."
_REDEEMED = {
    Redeemed.RAISED: "Thank you. The whole library is open to you now.",
    Redeemed.NOT_NEEDED: "The whole library is open to you already.",
}


def table(shared: Shared) -> Table:
    """The paths."""
    account = Account(shared)
    return {
        "account": {"GET": account.shown, "POST": account.redeeming},
        "account/applications": {"GET": account.listed, "POST": account.changing},
    }


class Account:
    """The pages of who is signed in."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._clinics = Clinics()

    async def shown(self, request: Request) -> Response:
        """Who is signed in, and what they can do."""
        return await self._page("account.html", await signed_in(self._shared, request))

    async def redeeming(self, request: Request) -> Response:
        """A promo code."""
        session, form = await self._sent(request)
        attempts.count(self._shared.attempts, b"promo code", request, session.user.id.hex())
        code = form.get("promo_code") or ""
        outcome = await roles.redeem(self._shared.store, session.user, code)
        told = _REDEEMED.get(outcome)
        problem = None if told else "This code is not known here, or is used up or over."
        session = await signed_in(self._shared, request)  # with the role as it is now
        status = 200 if told else 400
        return await self._page("account.html", session, status, told=told, problem=problem, code=code)

    async def listed(self, request: Request) -> Response:
        """The clinic's applications."""
        return await self._applications(request, await signed_in(self._shared, request))

    async def changing(self, request: Request) -> Response:
        """Register one, or revoke one."""
        session, form = await self._sent(request)
        client_id = form.get("revoke")
        if client_id is not None:
            return await self._revoked(request, session, client_id)
        made, secret = applications.made(_new(session, form))
        try:
            await self._write(session, lambda w: access.add_application(w, made))
        except Invalid as error:
            given = {**form.values}
            return await self._applications(request, session, 400, problems=error.problems, given=given)
        return await self._applications(request, session, made=made, secret=secret)

    async def _revoked(self, request: Request, session: Session, client_id: str) -> Response:
        ours = await access.applications_for(_context(self._shared, session), NAME)
        found = next((one for one in ours if one.client_id == client_id), None)
        if found is None:
            return await self._applications(request, session, 400, problem=_GONE)
        try:
            await self._write(session, lambda w: access.revoke_application(w, found.id, client_id))
        except Missing:  # somebody else was quicker
            return await self._applications(request, session, 400, problem=_GONE)
        return await self._applications(request, session, told=f"{found.name} is revoked, with all its tokens.")

    async def _write(self, session: Session, work: Callable[[Writing], Awaitable[Any]]) -> None:
        ctx = _context(self._shared, session)
        await ctx.store.write(access.touching(ctx.clinic_id), lambda tx: work(ctx.within(tx)))

    async def _sent(self, request: Request) -> tuple[Session, Fields]:
        session = await signed_in(self._shared, request)
        form = await of_form(request)
        check(session, form)
        return session, form

    async def _applications(self, request: Request, session: Session, status: int = 200, **shown: Any) -> Response:
        found = await access.applications_for(_context(self._shared, session), NAME)
        page = {"problems": {}, "given": {}, "applications": found, "audience": AUDIENCE}
        origin = self._shared.origin(request)
        return await self._page("applications.html", session, status, origin=origin, **{**page, **shown})

    async def _page(self, name: str, session: Session, status: int = 200, **shown: Any) -> Response:
        clinic = await self._clinics.get(self._shared.store.reader, session.user.clinic_id)
        registers = access.WRITE in _context(self._shared, session).caller.permissions
        return pages.page(
            name, status, user=session.user, clinic=clinic.name, csrf=session.csrf, registers=registers, **shown
        )


def _context(shared: Shared, session: Session) -> Context:
    """Who is signed in, as core asks for it when it comes to applications: a role in the console says what they may do,
    and of users without one nobody has said anything."""
    ctx = context(shared, session)
    if session.user.console_role is None:
        allowed = ctx.caller.permissions | {access.READ, access.WRITE}
    else:
        allowed = permissions(session.user)
    return replace(ctx, caller=replace(ctx.caller, permissions=allowed))


def _new(session: Session, form: Fields) -> NewApplication:
    """What is to be registered."""
    return NewApplication(
        clinic_id=session.user.clinic_id,
        dialect=NAME,
        name=form.text("name"),
        scopes=SCOPES,
        redirect_uris=tuple(form.text("redirect_uris").split()),
        public=form.get("public") is not None,
        for_itself=False,
    )
