# SPDX-License-Identifier: Apache-2.0
"""`/console/account`: what people see and change of themselves."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.visit import Visit


async def shown(visit: Visit) -> Response:
    """Who is signed in, and with which role."""
    return visit.page("account_here.html")


ROWS = (Row("GET", "account", SIGNED_IN, shown),)
