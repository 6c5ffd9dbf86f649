# SPDX-License-Identifier: Apache-2.0
"""`/console/set-up/<secret>`: the first clinic and its owner, through a link that the server prints while there is no
clinic."""

from __future__ import annotations

import hmac

from starlette.responses import Response

from polyvet.console import entry
from polyvet.console.rows import ANYBODY, Row
from polyvet.console.visit import Visit
from polyvet.core.clinics import list_clinics
from polyvet.identity import first
from polyvet.identity.first import NewPractice
from polyvet.model.errors import Invalid

_OVER = "This link is over: the server has its clinic. Sign in, or ask whoever runs the server for a role."


async def asked(visit: Visit) -> Response:
    """The page, as long as there is no clinic."""
    return _page(visit) if await _open(visit) else visit.told(404, _OVER, "This link does not work")


async def making(visit: Visit) -> Response:
    """Make both, and sign the owner in."""
    if not await _open(visit):
        return visit.told(404, _OVER, "This link does not work")
    new = NewPractice(**{name: visit.fields.get(name) or "" for name in NewPractice.__struct_fields__})
    try:
        owner = await first.set_up(visit.shared.store, new)
    except Invalid as error:
        return _page(visit, 400, new, error.problems)
    return visit.told(404, _OVER, "This link does not work") if owner is None else await entry.begun(visit, owner)


async def _open(visit: Visit) -> bool:
    secret = visit.shared.set_up
    given = visit.parameter("secret").encode("utf-8", "surrogateescape")
    right = secret is not None and hmac.compare_digest(secret.encode(), given)
    return right and not await list_clinics(visit.shared.store)


def _page(
    visit: Visit, status: int = 200, given: NewPractice | None = None, problems: dict[str, str] | None = None
) -> Response:
    return visit.page("set_up.html", status, given=given or NewPractice(), problems=problems or {})


ROWS = (
    Row("GET", "set-up/{secret}", ANYBODY, asked),
    Row("POST", "set-up/{secret}", ANYBODY, making),
)
