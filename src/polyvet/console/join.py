# SPDX-License-Identifier: Apache-2.0
"""`/console/join/<secret>`: somebody who was invited, or has forgotten their password, chooses one."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console import entry
from polyvet.console.rows import ANYBODY, Row
from polyvet.console.visit import Visit
from polyvet.core import clinics
from polyvet.identity import password_links
from polyvet.model.entities import User
from polyvet.model.errors import Invalid

_OVER = "This link was used, or its time is over. Ask whoever gave it to you for another one."
_NO_LINK = "This link does not work"
_SET = "You sign in with it where an application of your clinic sends you. The console is not open to you."


async def asked(visit: Visit) -> Response:
    """The page, as long as the link is good."""
    user = await password_links.find(visit.shared.store.reader, visit.parameter("secret"))
    return visit.told(404, _OVER, _NO_LINK) if user is None else await _page(visit, user)


async def joining(visit: Visit) -> Response:
    """The password, and a session with it."""
    store, secret = visit.shared.store, visit.parameter("secret")
    user = await password_links.find(store.reader, secret)
    if user is None:
        return visit.told(404, _OVER, _NO_LINK)
    try:
        joined = await password_links.use(store, secret, visit.fields.get("password") or "")
    except Invalid as error:
        return await _page(visit, user, 400, error.problems)
    if joined is None:  # somebody else was faster
        return visit.told(404, _OVER, _NO_LINK)
    if not joined.user.console_role:
        return visit.told(200, _SET, "Your password is set")
    return await entry.begun(visit, joined)


async def _page(visit: Visit, user: User, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    clinic = await clinics.get(visit.shared.store.reader, user.clinic_id)
    return visit.page("join.html", status, user=user, clinic=clinic.name, problems=problems or {})


ROWS = (
    Row("GET", "join/{secret}", ANYBODY, asked),
    Row("POST", "join/{secret}", ANYBODY, joining),
)
