# SPDX-License-Identifier: Apache-2.0
"""What every operation asks for: the installation's URLs and time zone, the number in a path, and a list's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from polyvet.core.clinics import Clinics
from polyvet.dialects.provet import times
from polyvet.dialects.provet.bodies import Reading
from polyvet.dialects.provet.codes import Codes, in_words
from polyvet.dialects.provet.filters import Asked, Declared, read, refuse_unknown
from polyvet.dialects.provet.wire import Options, Paging, Urls, encode
from polyvet.model.entities import Clinic
from polyvet.model.errors import Missing
from polyvet.model.paging import Page
from polyvet.web.message import Reply, Request

_MOST_DIGITS = 15

T = TypeVar("T")


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

    async def listed(self, request: Request, declared: Declared, codes: Codes | None = None) -> AskedList:
        """A list's filters, order and page. `codes`: fields that are numbers on the wire and words in the record."""
        urls, zone, query = self.urls(request), await self.zone(request), request.query()
        paging = Paging(request, query, urls)
        asked = read(query, declared, times.zone_of(zone), strict=self.options.strict_filters)
        return AskedList(request, urls, zone, paging, asked if codes is None else in_words(asked, codes))

    def unfiltered(self, request: Request, known: tuple[str, ...] = ()) -> Paging:
        """The page of a list that has no filters but those `known`."""
        query = request.query()
        refuse_unknown(query, strict=self.options.strict_filters, known=known)
        return Paging(request, query, self.urls(request))


class AskedList:
    """A list as a request asks for it."""

    __slots__ = ("_asked", "_context", "_paging", "urls", "zone")

    def __init__(self, request: Request, urls: Urls, zone: str, paging: Paging, asked: Asked) -> None:
        self.urls, self.zone = urls, zone
        self._context, self._paging, self._asked = request.context, paging, asked

    @property
    def exposed(self) -> frozenset[str]:
        """The relations that stand in full."""
        return self._asked.exposed

    async def page(self, listing: Callable[..., Awaitable[Page[T]]]) -> Page[T]:
        """The page, by core's function for the list."""
        asked, paging = self._asked, self._paging
        return await listing(self._context, asked.tree, asked.orders, limit=paging.limit, offset=paging.offset)

    def reply(self, page: Page[Any], shown: list[Any]) -> Reply:
        """The page on the wire."""
        return Reply(200, encode(self._paging.listed(page, shown)))


def number_of(kind: str, shown: str) -> int:
    """The number in a path. Missing for anything else."""
    if not shown.isascii() or not shown.isdecimal() or len(shown) > _MOST_DIGITS:
        raise Missing(kind, shown[:100])
    return int(shown)


def named(request: Request, kind: str) -> tuple[int, str]:
    """The number that the path names, and as it is written there."""
    shown = request.parameters["id"]
    return number_of(kind, shown), shown
