# SPDX-License-Identifier: Apache-2.0
"""Reading who saw and changed what: three logs merged by time, page by page.

What is looked for may be rare, so a page looks at so many rows of each log and no more; then it says how far it has
looked, and the next page goes on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import msgspec
from msgspec.structs import replace

from polyvet.core import audit
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.audit_log import LATEST, USER, Actor, Entry, Kind, Mark, Things
from polyvet.model.errors import Missing
from polyvet.storage import actors as stored_actors
from polyvet.storage import audit_log as stored
from polyvet.storage.audit_log import Line
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

CHUNK, LOOKED = 200, 4_000  # rows of one log: at a time, and for a page
EXPORTED = 1_000  # entries of a piece of an export
LONGEST_DAYS = 366  # of an export
OFFERED = 100  # people, keys and applications each, to narrow the log to
ENTERING = frozenset((Action.SIGNED_IN, Action.SIGNED_OUT, Action.FAILED_TO_SIGN_IN))
CONSOLE = "/console"
_MOST_DIGITS = 17
Fetch = Callable[[Mark, int], Awaitable[list[Line]]]
_TENANT = 1  # the segment of a path that is a clinic's number


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; instants as [since, until)."""

    actor: bytes | None = None
    kind: Kind | None = None
    things: Things | None = None
    since: int = 0
    until: int = LATEST


class Page(msgspec.Struct, frozen=True):
    """Entries, the last first; `after` is where the next page goes on, `looked_until` how far was looked when that
    was not far enough to fill the page."""

    entries: list[Entry]
    after: Mark | None
    looked_until: int | None = None


async def actors(ctx: Context, chosen: bytes | None) -> list[Actor]:
    """Whom the log can be narrowed to: the latest, OFFERED of each kind, and the one that is chosen already, if it is
    of the clinic."""
    ctx.require("audit:read")
    found = await stored_actors.latest(ctx.reader, ctx.clinic_id, OFFERED)
    if chosen is None or any(one.id == chosen for one in found):
        return found
    return found + await stored_actors.named(ctx.reader, ctx.clinic_id, [chosen])


async def names(ctx: Context, entries: Iterable[Entry], known: Iterable[Actor]) -> dict[bytes, str]:
    """What those of the clinic are called whom entries name by id; some of them are known."""
    ctx.require("audit:read")
    found = {one.id: one.name for one in known}
    idents = {ident for entry in entries for ident in (entry.actor, colleague(entry)) if ident is not None}
    others = await stored_actors.named(ctx.reader, ctx.clinic_id, idents - found.keys())
    return found | {one.id: one.name for one in others}


def colleague(entry: Entry) -> bytes | None:
    """Whom an entry is about, where the record's events have an id."""
    return values.from_crockford(entry.shown) if entry.entity == USER else None


async def things(ctx: Context, text: str) -> Things:
    """What an id of any dialect, or a number, may mean at this clinic. Missing if it means nothing."""
    ctx.require("audit:read")
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _MOST_DIGITS:
        found = await stored.by_number(ctx.reader, ctx.clinic_id, int(wanted))
    else:
        read = values.any_id(wanted)
        found = [] if read is None else [read]
    if not found:
        raise Missing("thing", text)
    numbers = await stored.numbers_of(ctx.reader, ctx.clinic_id, found)
    spelled = {str(number) for number in numbers} if len(found) == 1 else {wanted}
    return Things(tuple(found), frozenset(spelled | {_plain(values.to_crockford(one)) for one in found}))


def _plain(segment: str) -> str:
    """A segment of a path as ids are compared: those of 128 bits by one of their spellings."""
    if segment.isdigit():
        return segment
    found = values.any_id(segment) if len(segment) >= values.BASE36_CHARACTERS else None
    return "" if found is None else values.to_crockford(found)


def _named(path: str) -> set[str]:
    """The things that a path names; not the clinic that some start with."""
    if path.startswith(CONSOLE):
        return set()
    segments = [_plain(segment) for segment in path.split("/")]
    return {one for place, one in enumerate(segments) if one and place != _TENANT}


async def page(ctx: Context, wanted: Wanted, mark: Mark | None, limit: int) -> Page:
    """A page of the log behind `mark`, or its beginning."""
    ctx.require("audit:read")

    async def look(reader: Reader) -> Page:
        return await _page(reader, ctx.clinic_id, wanted, mark, limit)

    return await ctx.store.aside(look)


async def export(ctx: Context, wanted: Wanted, days: str) -> AsyncIterator[list[Entry]]:
    """All entries, piece by piece. That somebody took them is noted before the first; `days` says which, by the
    clinic's clocks."""
    ctx.require("audit:read")

    async def noting(w: Writing) -> None:
        audit.note(w, Action.EXPORTED, "audit log", None, days)

    await ctx.store.write(Touching(), lambda tx: noting(ctx.within(tx)))

    async def pieces() -> AsyncIterator[list[Entry]]:
        mark: Mark | None = None
        while True:
            found = await page(ctx, wanted, mark, EXPORTED)
            yield found.entries
            if found.after is None:
                return
            mark = found.after

    return pieces()


async def _page(reader: Reader, clinic_id: int, wanted: Wanted, mark: Mark | None, limit: int) -> Page:
    low, high = await _range(reader, clinic_id, wanted)
    mark = mark or high
    logs = [_Log(fetch, wants, mark) for fetch, wants in _Reading(reader, clinic_id, wanted, low).logs()]
    for log in logs:
        await log.fill(limit + 1)
    entries: list[Entry] = []
    while len(entries) < limit and (found := _next(logs)) is not None:
        entries.append(found.left.popleft()[0].entry)
    unread = [log.reached for log in logs if not log.over]
    if not unread and not any(log.left for log in logs):
        return Page(entries, None)
    after = _together(mark, [log.place for log in logs])
    return Page(entries, after, max(unread) if unread and len(entries) < limit else None)


class _Log:
    """One of the logs, as far as it was read for a page: what is left of what was found, with the place before it."""

    def __init__(self, fetch: Fetch, wants: Callable[[Line], bool], mark: Mark) -> None:
        self._fetch, self._wants, self._read = fetch, wants, mark
        self.left: deque[tuple[Line, Mark]] = deque()
        self.over = False
        self.reached = LATEST  # the instant up to which it is known

    async def fill(self, enough: int) -> None:
        """Read on until there is enough, or enough was looked at."""
        looked = 0
        while not self.over and len(self.left) < enough and looked < LOOKED:
            lines = await self._fetch(self._read, CHUNK)
            looked += len(lines)
            self.over = len(lines) < CHUNK
            for line in lines:
                if self._wants(line):
                    self.left.append((line, self._read))
                self._read, self.reached = line.mark, line.entry.at

    @property
    def place(self) -> Mark:
        """Where the next page goes on in it."""
        return self.left[0][1] if self.left else self._read


def _next(logs: list[_Log]) -> _Log | None:
    """The log with the latest entry of those that are left; None if a log that is not known so far may have a later
    one."""
    full = [log for log in logs if log.left]
    if not full:
        return None
    latest = max(full, key=lambda log: log.left[0][0].entry.at)
    at = latest.left[0][0].entry.at
    return None if any(log.reached > at for log in logs if not log.left and not log.over) else latest


def _together(start: Mark, places: list[Mark]) -> Mark:
    """The place in all logs; each has moved its own part of it alone."""
    found = start
    for place in places:
        own = {name: getattr(place, name) for name in Mark.__struct_fields__}
        found = replace(found, **{name: value for name, value in own.items() if value != getattr(start, name)})
    return found


async def _range(reader: Reader, clinic_id: int, wanted: Wanted) -> tuple[int, Mark]:
    """The first event of the time asked for, and the place behind all of it. The log goes by the clinic's clock, so
    that its events of a time are a range of it."""
    if wanted.since == 0 and wanted.until == LATEST:
        return 0, Mark()
    last = await stored.last_seq(reader, clinic_id)
    low = await stored.seq_at(reader, clinic_id, wanted.since, last)
    if wanted.until == LATEST:
        return low, Mark()
    high = await stored.seq_at(reader, clinic_id, wanted.until, last)
    return low, Mark(high, wanted.until, b"\0" * 16, wanted.until, "")


class _Reading(msgspec.Struct, frozen=True):
    """How the three logs are read for what is looked for; `low` is the first event of the time asked for."""

    reader: Reader
    clinic_id: int
    wanted: Wanted
    low: int

    def logs(self) -> list[tuple[Fetch, Callable[[Line], bool]]]:
        """The logs that may hold it: how each is read, and what of it is wanted."""
        found: list[tuple[Fetch, Callable[[Line], bool]]] = [(self._deeds, self._is_done)]
        if self.wanted.kind in (None, Kind.CHANGED):
            found.append((self._changes, self._is_by))
        if self.wanted.kind in (None, Kind.SEEN):
            found.append((self._asked, self._is_read))
        return found

    @property
    def _things(self) -> list[bytes | None]:
        return [None] if self.wanted.things is None else list(self.wanted.things.ids)

    async def _changes(self, mark: Mark, look: int) -> list[Line]:
        found: list[Line] = []
        for thing in self._things:
            found += await stored.events_before(
                self.reader, self.clinic_id, mark, self.low, look, actor=self.wanted.actor, thing=thing
            )
        return sorted(found, key=lambda line: -line.mark.seq)[:look]

    async def _deeds(self, mark: Mark, look: int) -> list[Line]:
        found: list[Line] = []
        for thing in self._things:
            found += await stored.deeds_before(
                self.reader, self.clinic_id, mark, self.wanted.since, look, actor=self.wanted.actor, thing=thing
            )
        return sorted(found, key=lambda line: (line.mark.deed_at, line.mark.deed_id), reverse=True)[:look]

    async def _asked(self, mark: Mark, look: int) -> list[Line]:
        return await stored.asked_before(self.reader, self.clinic_id, mark, self.wanted.since, look)

    def _is_by(self, line: Line) -> bool:
        return self.wanted.actor is None or line.entry.actor == self.wanted.actor

    def _is_done(self, line: Line) -> bool:
        return self._is_by(line) and self.wanted.kind in (None, _kind(line.entry.action))

    def _is_read(self, line: Line) -> bool:
        named = _named(line.path)
        return self._is_by(line) and bool(named if self.wanted.things is None else named & self.wanted.things.spelled)


def _kind(action: str) -> Kind:
    if action in ENTERING:
        return Kind.ENTERED
    return Kind.SEEN if action in (Action.SAW, Action.EXPORTED) else Kind.CHANGED
