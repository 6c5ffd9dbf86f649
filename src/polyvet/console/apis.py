# SPDX-License-Identifier: Apache-2.0
"""`/console/apis`: each dialect's base URL, what opens it, and requests to copy or to try."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from polyvet.console.rows import DEVELOPERS, Row
from polyvet.console.visit import Visit
from polyvet.model.errors import Missing
from polyvet.web.guide import Guide
from polyvet.web.site import DOCUMENTS

_READ = "access:read"


async def listed(visit: Visit) -> Response:
    """All dialects."""
    return visit.page("apis.html", guides=[(name, await guide_of(visit, name)) for name in visit.shared.guides])


async def shown(visit: Visit) -> Response:
    """One dialect. Missing."""
    name = visit.parameter("dialect")
    return visit.page("api.html", dialect=name, guide=await guide_of(visit, name), document=_document(name))


async def tried(visit: Visit) -> Response:
    """The page on which its requests are tried. Missing."""
    name = visit.parameter("dialect")
    guide = await guide_of(visit, name)
    path = urlsplit(guide.base).path
    return visit.page("try.html", dialect=name, guide=guide, document=_document(name), path=path)


async def guide_of(visit: Visit, name: str) -> Guide:
    """What there is to say of a dialect at the clinic of who is signed in. Where its paths would be taken for those of
    another dialect, since that one has the host, its name stands before them."""
    guiding = visit.shared.guides.get(name)
    if guiding is None:
        raise Missing("dialect", name)
    bound = visit.shared.hosts.get(urlsplit(visit.origin).hostname or "")
    return await guiding(visit.ctx, visit.origin if bound in (None, name) else f"{visit.origin}/{name}")


def _document(name: str) -> str:
    return f"{DOCUMENTS}{name}.json"


ROWS: tuple[Row, ...] = (
    Row("GET", "apis", _READ, listed, menu="APIs", section=DEVELOPERS),
    Row("GET", "apis/{dialect}", _READ, shown),
    Row("GET", "apis/{dialect}/try", _READ, tried),
)
