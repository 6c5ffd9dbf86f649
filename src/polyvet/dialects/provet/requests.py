# SPDX-License-Identifier: Apache-2.0
"""What every operation asks for: the installation's URLs and time zone, and the number in a path."""

from __future__ import annotations

from polyvet.core.clinics import Clinics
from polyvet.dialects.provet import times
from polyvet.dialects.provet.bodies import Reading
from polyvet.dialects.provet.wire import Options, Urls
from polyvet.model.entities import Clinic
from polyvet.model.errors import Missing
from polyvet.web.message import Request

_MOST_DIGITS = 15


class Asking:
    """Shared by the dialect's resources."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._clinics = Clinics()

    def urls(self, request: Request) -> Urls:
        """Makes and reads this request's URLs."""
        return Urls(request, self.options)

    async def clinic(self, request: Request) -> Clinic:
        """The caller's clinic."""
        ctx = request.context
        return await self._clinics.get(ctx.reader, ctx.clinic_id)

    async def zone(self, request: Request) -> str:
        """The clinic's time zone."""
        return (await self.clinic(request)).timezone

    async def reading(self, request: Request) -> Reading:
        """What reading a body takes."""
        return Reading(self.urls(request), times.zone_of(await self.zone(request)))


def number_of(kind: str, shown: str) -> int:
    """The number in a path. Missing for anything else."""
    if not shown.isascii() or not shown.isdecimal() or len(shown) > _MOST_DIGITS:
        raise Missing(kind, shown[:100])
    return int(shown)
