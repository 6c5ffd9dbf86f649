# SPDX-License-Identifier: Apache-2.0
"""Paging that loses nothing: where each recently sent page ended.

Vendors page by number or offset, which skips rows when something vanishes between two requests. So the end of every
page that was sent is kept for a while, by key and query; the page that follows goes on behind it instead of counting
off rows. A page without a mark is counted off. Nothing tells two walks of one key and query apart, so they share marks.
"""

from __future__ import annotations

from polyvet.model import values
from polyvet.model.paging import Place, Walk
from polyvet.web.slots import Slots, digest

REMEMBERED = 10 * 60 * values.MICROSECONDS
_LAYOUT = "qqq16s"  # written at, an instant (and the walk's start), an id; what they mean is the list's affair
_PAGES = 65_536
_SECOND_LEG = b"second leg".ljust(16, b"\0")
_FIRST_LEG = bytes(16)


class Marks:
    """The marks of all keys."""

    def __init__(self, *, shared: bool) -> None:
        self._slots = Slots(_PAGES, _LAYOUT, shared=shared)

    def keep_place(self, key: bytes, place: Place, now: int | None = None) -> None:
        """Remember where a page ended (`page_key`)."""
        self._keep(key, place.at, 0, place.ident, now)

    def place(self, key: bytes, now: int | None = None) -> Place | None:
        """Where the page ended, if it was sent lately."""
        found = self._find(key, now)
        return None if found is None else Place(found[0], found[2])

    def keep_walk(self, key: bytes, walk: Walk, now: int | None = None) -> None:
        """Remember where a walk stands after a page."""
        self._keep(key, walk.at, walk.started, _SECOND_LEG if walk.again else _FIRST_LEG, now)

    def walk(self, key: bytes, now: int | None = None) -> Walk | None:
        """Where the walk stood after the page, if it was sent lately."""
        found = self._find(key, now)
        return None if found is None else Walk(found[1], found[0], found[2] == _SECOND_LEG)

    def _keep(self, key: bytes, at: int, started: int, ident: bytes, now: int | None) -> None:
        now = values.now() if now is None else now
        group = self._slots.hold(key)
        try:
            self._slots.write(group, key, now, now, at, started, ident)
        finally:
            self._slots.release(group)

    def _find(self, key: bytes, now: int | None) -> tuple[int, int, bytes] | None:
        now = values.now() if now is None else now
        group = self._slots.hold(key)
        try:
            fields = self._slots.read(group, key)
        finally:
            self._slots.release(group)
        if fields is None or now - fields[0] > REMEMBERED:
            return None
        _, at, started, ident = fields
        return at, started, ident


def page_key(key_id: bytes, listing: str, start: int, *query: object) -> bytes:
    """What a page is remembered by: who asked, for which list, which rows come next, and the query's other parts."""
    return digest(key_id, listing.encode(), repr(start).encode(), repr(query).encode("utf-8", "surrogatepass"))
