# SPDX-License-Identifier: Apache-2.0
"""`/account` and `/account/applications`: what a user sees of themselves, and the clinic's applications, which its
developers register there."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from polyvet.core.clinics import Clinics
from polyvet.dialects.vetcheck.people import Shared, Table
from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.signed import check, signed_in
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME
from polyvet.identity import applications, attempts, roles
from polyvet.identity.applications import MOST_REDIRECTS, ApplicationError, NewApplication
from polyvet.identity.roles import Redeemed
from polyvet.identity.sessions import Session
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.storage import applications as stored
from polyvet.web import pages
from polyvet.web.forms import Fields, of_form
from polyvet.web.message import Request

MOST_APPLICATIONS = 20  # of a clinic, by its own hand
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
        try:
            new = _new(session, form)
            made, secret = await applications.create(self._shared.store, new, MOST_APPLICATIONS)
        except Invalid as error:
            given = {**form.values}
            return await self._applications(request, session, 400, problems=error.problems, given=given)
        except ApplicationError as error:
            return await self._applications(request, session, 400, problem=f"{error}.".capitalize())
        return await self._applications(request, session, made=made, secret=secret)

    async def _revoked(self, request: Request, session: Session, client_id: str) -> Response:
        reader, clinic_id = self._shared.store.reader, session.user.clinic_id
        found = await applications.find(reader, NAME, clinic_id, client_id)
        if found is None:
            return await self._applications(request, session, 400, problem="There is no such application any more.")
        await applications.revoke(self._shared.store, client_id)
        return await self._applications(request, session, told=f"{found.name} is revoked, with all its tokens.")

    async def _sent(self, request: Request) -> tuple[Session, Fields]:
        session = await signed_in(self._shared, request)
        form = await of_form(request)
        check(session, form)
        return session, form

    async def _applications(self, request: Request, session: Session, status: int = 200, **shown: Any) -> Response:
        found = await stored.of_clinic(self._shared.store.reader, session.user.clinic_id, NAME)
        page = {"problems": {}, "given": {}, "applications": found, "audience": AUDIENCE}
        origin = self._shared.origin(request)
        return await self._page("applications.html", session, status, origin=origin, **{**page, **shown})

    async def _page(self, name: str, session: Session, status: int = 200, **shown: Any) -> Response:
        clinic = await self._clinics.get(self._shared.store.reader, session.user.clinic_id)
        return pages.page(name, status, user=session.user, clinic=clinic.name, csrf=session.csrf, **shown)


def _new(session: Session, form: Fields) -> NewApplication:
    """What is to be registered; Invalid names what does not hold."""
    name, uris = form.text("name"), form.text("redirect_uris").split()
    problems: dict[str, str] = {}
    if not values.is_name(name):
        problems["name"] = f"A name has 1 to {values.LONGEST_NAME} characters."
    if not 1 <= len(uris) <= MOST_REDIRECTS:
        problems["redirect_uris"] = f"Name 1 to {MOST_REDIRECTS} of them."
    wrong = [f"{uri}: {why}." for uri in uris[:MOST_REDIRECTS] if (why := applications.redirect_problem(uri))]
    if wrong:
        problems["redirect_uris"] = " ".join(wrong)
    if problems:
        raise Invalid(problems)
    return NewApplication(
        clinic_id=session.user.clinic_id,
        dialect=NAME,
        name=name,
        scopes=SCOPES,
        redirect_uris=tuple(uris),
        public=form.get("public") is not None,
        for_itself=False,
    )
