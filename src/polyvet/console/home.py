# SPDX-License-Identifier: Apache-2.0
"""`/console`: where people come in, and what is told where there is no page."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.visit import Visit


async def shown(visit: Visit) -> Response:
    """What can be done here, as far as the role goes."""
    return visit.page("home.html")


async def missing(visit: Visit) -> Response:
    """There is no such page."""
    return visit.told(404, "There is no such page here. The menu shows what there is.")


ROWS = (Row("GET", "", SIGNED_IN, shown),)
