# SPDX-License-Identifier: Apache-2.0
"""`/console/staff`: who works at the clinic, with which role, and who is invited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from polyvet.console.listing import page_of
from polyvet.console.rows import ADMINISTRATION, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.core import staff, staff_access
from polyvet.core.context import Writing
from polyvet.core.staff_access import PERMISSION, Invitation, Link
from polyvet.identity import password_links
from polyvet.model import values
from polyvet.model.access import NO_ROLE, Role
from polyvet.model.entities import User
from polyvet.model.errors import Invalid
from polyvet.web.people import before_of, number_in

NOT_LET_IN = "none"  # in place of a role
ROLES = {
    Role.OWNER: "everything at the clinic, with its staff, keys and lists",
    Role.VET: "clients, patients and the calendar; sees records, invoices and stock; the library's own content",
    Role.NURSE: "clients, patients and the calendar; sees records and stock",
    Role.RECEPTION: "clients, patients and the calendar; sees invoices and stock",
    Role.READ_ONLY: "sees all of the record and changes nothing",
}


async def listed(visit: Visit) -> Response:
    """Everybody, the latest first."""
    found = await staff_access.members(visit.ctx, before_of(visit.request), PAGE + 1)
    members, next_ = page_of(found, lambda one: one.user.number)
    return visit.page("staff.html", members=members, next=next_)


async def asked(visit: Visit) -> Response:
    """The page to invite somebody on."""
    return _invitation(visit)


async def inviting(visit: Visit) -> Response:
    """The form of that page."""
    new = Invitation(**{name: visit.fields.text(name) for name in Invitation.__struct_fields__})
    linking = password_links.linking(visit.origin)
    try:
        user, link = await visit.write(lambda w: staff_access.invite(w, new, linking))
    except Invalid as error:
        return _invitation(visit, 400, new, error.problems)
    return _linked(visit, user, link, invited=True)


async def shown(visit: Visit) -> Response:
    """One of them."""
    return await _page(visit)


async def giving_role(visit: Visit) -> Response:
    """Another role."""
    number, given = _number(visit), visit.fields.text("role")
    if not given:
        return await _page(visit, 400, {"role": "Choose a role."})
    role = NO_ROLE if given == NOT_LET_IN else given
    return await _done(visit, "role", lambda w: staff_access.give_role(w, number, role))


async def ending(visit: Visit) -> Response:
    """Somebody has left."""
    number = _number(visit)
    return await _done(visit, "left", lambda w: staff_access.let_go(w, number))


async def taking_back(visit: Visit) -> Response:
    """Somebody is back."""
    number = _number(visit)
    return await _done(visit, "back", lambda w: staff_access.take_back(w, number))


async def ending_second_factor(visit: Visit) -> Response:
    """Somebody has lost what makes their codes."""
    number = _number(visit)
    return await _done(visit, "no-code", lambda w: staff_access.end_second_factor(w, number))


async def sending_link(visit: Visit) -> Response:
    """A link to choose another password."""
    number, linking = _number(visit), password_links.linking(visit.origin)
    try:
        user, link = await visit.write(lambda w: staff_access.send_link(w, number, linking))
    except Invalid as error:
        return await _page(visit, 400, error.problems)
    return _linked(visit, user, link, invited=False)


async def _done(visit: Visit, done: str, change: Callable[[Writing], Awaitable[User]]) -> Response:
    """A change of somebody, and back to their page."""
    try:
        await visit.write(change)
    except Invalid as error:
        return await _page(visit, 400, error.problems)
    return visit.moved(f"/console/staff/{_number(visit)}", done)


def _number(visit: Visit) -> int:
    """Whose page it is."""
    return number_in(visit.parameter("number"), staff.KIND)


def _linked(visit: Visit, user: User, link: Link, *, invited: bool) -> Response:
    """The link, this once: a server may send no mail."""
    return visit.page("staff_link.html", user=user, link=link, invited=invited)


def _invitation(
    visit: Visit, status: int = 200, given: Invitation | None = None, problems: dict[str, str] | None = None
) -> Response:
    return visit.page("invite.html", status, given=given or Invitation(), problems=problems or {}, roles=ROLES)


async def _page(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    member = await staff_access.member(visit.ctx, _number(visit))
    return visit.page(
        "staff_member.html",
        status,
        member=member,
        user=member.user,
        spelled=values.to_crockford(member.user.id),
        last=await staff_access.last_signed_in(visit.ctx, member.user),
        mine=member.user.id == visit.user.id,
        untouchable=member.user.operator and not visit.may(staff.OF_OPERATORS),
        problems=problems or {},
        roles=ROLES,
        not_let_in=NOT_LET_IN,
    )


ROWS = (
    Row("GET", "staff", PERMISSION, listed, "Staff", ADMINISTRATION),
    Row("GET", "staff/invite", PERMISSION, asked),
    Row("POST", "staff/invite", PERMISSION, inviting),
    Row("GET", "staff/{number}", PERMISSION, shown),
    Row("POST", "staff/{number}/role", PERMISSION, giving_role),
    Row("POST", "staff/{number}/end", PERMISSION, ending),
    Row("POST", "staff/{number}/take-back", PERMISSION, taking_back),
    Row("POST", "staff/{number}/link", PERMISSION, sending_link),
    Row("POST", "staff/{number}/second-factor", PERMISSION, ending_second_factor),
)
