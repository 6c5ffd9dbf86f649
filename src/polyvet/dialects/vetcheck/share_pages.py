# SPDX-License-Identifier: Apache-2.0
"""`/account/shares`: what a clinic has shared, and the end of a link.

A link itself cannot be shown again: of its token only a hash is kept.
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from polyvet.core import shares
from polyvet.core.clinics import Clinics
from polyvet.core.letters import day, written_out
from polyvet.dialects.vetcheck.people import Shared, Table
from polyvet.dialects.vetcheck.signed import check, context, signed_in
from polyvet.model import values
from polyvet.model.errors import Missing
from polyvet.model.library import ContentKind, ListedShare
from polyvet.web import pages
from polyvet.web.forms import of_form
from polyvet.web.message import Request
from polyvet.web.people import BEYOND, before_of, moved

PATH = "/account/shares"
PAGE = 50


class Row(msgspec.Struct, frozen=True):
    """A share on the page."""

    number: int
    title: str
    whom: str
    state: str
    when: str
    until: str
    stands: bool


def table(shared: Shared) -> Table:
    """The paths."""
    found = SharePages(shared)
    return {
        PATH.removeprefix("/"): {"GET": found.listed},
        f"{PATH.removeprefix('/')}/{{number}}/revoke": {"POST": found.revoke},
    }


class SharePages:
    """The page, and what its buttons do."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._clinics = Clinics()

    async def listed(self, request: Request) -> Response:
        """The clinic's latest shares; `before` is the number below which an older page starts."""
        session = await signed_in(self._shared, request)
        before = before_of(request)
        ctx = context(self._shared, session)
        found = await shares.latest(ctx, before, PAGE + 1)
        clinic = await self._clinics.get(ctx.reader, ctx.clinic_id)
        now = values.now()
        return pages.page(
            "shares.html", clinic=clinic.name, csrf=session.csrf,
            rows=[_row(one, clinic.timezone, now) for one in found[:PAGE]],
            older=found[PAGE - 1].share.number if len(found) > PAGE else None, newest=before == BEYOND,
        )  # fmt: skip

    async def revoke(self, request: Request) -> Response:
        """Let a share's links lead nowhere from now on."""
        session = await signed_in(self._shared, request)
        check(session, await of_form(request))
        shown = request.parameters["number"]
        named = values.whole_number(shown)
        if named is None:
            raise Missing(shares.KIND, shown)
        ctx = context(self._shared, session)
        await ctx.store.write(
            shares.sharing(ctx),
            lambda tx: shares.revoke(ctx.within(tx), named, shown),
        )
        return moved(request, PATH)


def _row(one: ListedShare, zone: str, now: int) -> Row:
    share = one.share
    pet = share.name or one.patient or ""
    if one.patient and share.name and one.patient != share.name:
        pet = f"{share.name} ({one.patient})"
    whom = ", ".join(text for text in (pet, share.email) if text)
    if one.parent is not None:
        whom = f"{whom or 'somebody'}, through link {one.parent}"
    return Row(
        share.number, one.title, whom or ("whoever has the link" if share.open else "whoever was given the link"),
        _state(one, now), written_out(share.created_at, zone), day(share.expires_at, zone), share.stands(now),
    )  # fmt: skip


def _state(one: ListedShare, now: int) -> str:
    if one.share.revoked_at is not None:
        return "Revoked"
    if one.share.expires_at <= now:
        return "Expired"
    if one.submitted_at is not None:
        return "Submitted"
    if one.saved_at is not None:
        return "Begun"
    if one.kind != ContentKind.FORM:
        return "Shared"
    return "Open for everybody" if one.share.open else "Not filled in yet"
