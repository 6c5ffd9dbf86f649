# SPDX-License-Identifier: Apache-2.0
"""`/console/settings` and `/console/health`: the settings in force, and how the server does."""

from __future__ import annotations

import shutil

from starlette.responses import Response

from polyvet.console.rows import ADMINISTRATION, ROOT, Row
from polyvet.console.visit import Visit
from polyvet.core import health
from polyvet.model import values
from polyvet.storage.health import FAILED_SINCE, LOOKED_AT

DELIVERIES = f"/{ROOT}/deliveries"
ENGINES = {"sqlite": "SQLite, embedded", "postgresql": "PostgreSQL"}
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_THOUSAND = 1000
_AGES = ((values.DAY, "days"), (3600 * values.MICROSECONDS, "hours"), (60 * values.MICROSECONDS, "minutes"))


async def settings(visit: Visit) -> Response:
    """The settings as they are; they are changed where the server is started."""
    return visit.page("settings.html", settings=visit.shared.server.settings)


async def shown(visit: Visit) -> Response:
    """The clinic's queues; for who looks after the server all clinics', and the store."""
    server = visit.shared.server
    mine = visit.may("server:read")
    found = await health.of_server(visit.ctx) if mine else None
    queues = found.queues if found is not None else await health.of_clinic(visit.ctx)
    return visit.page(
        "health.html",
        server=server,
        found=found,
        queues=[("Webhooks’ deliveries", queues.deliveries, DELIVERIES), ("Mails", queues.mails, None)],
        free=None if found is None or server.folder is None else readable(shutil.disk_usage(server.folder).free),
        engines=ENGINES,
        readable=readable,
        ago=ago,
        days=FAILED_SINCE // values.DAY,
        looked_at=LOOKED_AT,
    )


def readable(size: int) -> str:
    """Bytes as people read them: `1.3 MB`."""
    amount, unit = float(size), 0
    while amount >= _THOUSAND and unit < len(_UNITS) - 1:
        amount, unit = amount / _THOUSAND, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} {_UNITS[0]}"


def ago(at: int) -> str:
    """How long an instant is past, in whole units: `3 hours`."""
    past = max(values.now() - at, 0)
    for unit, name in _AGES:
        if past >= 2 * unit:
            return f"{past // unit} {name}"
    return f"{past // values.MICROSECONDS} seconds"


ROWS = (
    Row("GET", "settings", "server:read", settings, "Settings", ADMINISTRATION),
    Row("GET", "health", "requests:read", shown, "Health", ADMINISTRATION),
)
