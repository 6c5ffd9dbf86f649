# SPDX-License-Identifier: Apache-2.0
"""`/console/audit`: who saw and changed what."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response, StreamingResponse

from polyvet.console.rows import ADMINISTRATION, PAGE, ROOT, Row
from polyvet.console.visit import Visit, safe
from polyvet.core import audit_log
from polyvet.core.audit_log import ENTERING, LONGEST_DAYS, OFFERED, Wanted
from polyvet.model import values
from polyvet.model.audit_log import LATEST, USER, Actor, Entry, Kind, Mark
from polyvet.model.errors import Invalid, Missing
from polyvet.web.forms import Fields

PATH = f"/{ROOT}/audit"
ANY = ("", "Any")
KINDS = (ANY, (Kind.SEEN, "Seen and handed out"), (Kind.CHANGED, "Changed"), (Kind.ENTERED, "Signed in and out"))
ELSEWHERE = "somebody of another clinic"
UNKNOWN = "not known"
_GONE = {"client": "a client no longer seen here", "patient": "a patient no longer seen here"}
_FIELDS = ("who", "kind", "thing", "from", "until")
_HEAD = ("time (UTC)", "who", "what", "kind of thing", "thing")
_FORMULA = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # how cells begin that spreadsheets would run


async def shown(visit: Visit) -> Response:
    """A page of the log, narrowed by the query."""
    query = visit.query()
    known = await _known(visit, query)
    try:
        wanted = await _wanted(visit, query, known)
        page = await audit_log.page(visit.ctx, wanted, _mark(query.get("before")), PAGE)
    except Invalid as error:
        return _page(visit, query, known, 400, problems=error.problems)
    return _page(visit, query, known, found=page, names=await audit_log.names(visit.ctx, page.entries, known))


async def exporting(visit: Visit) -> Response:
    """The log of some time as a CSV file, with the same filter."""
    fields = visit.fields
    known = await _known(visit, fields)
    try:
        wanted = await _wanted(visit, fields, known, bounded=True)
    except Invalid as error:
        return _page(visit, fields, known, 400, problems=error.problems, nothing="Nothing was exported")
    first, last = fields.text("from"), fields.text("until")
    pieces = await audit_log.export(visit.ctx, wanted, f"{first} to {last}")
    headers = {**safe(), "content-disposition": f'attachment; filename="audit-{first}-{last}.csv"'}
    return StreamingResponse(_csv(visit, pieces, known), 200, headers, "text/csv; charset=utf-8")


def _page(
    visit: Visit, given: Fields, known: list[Actor], status: int = 200, *, found: audit_log.Page | None = None,
    names: dict[bytes, str] | None = None, problems: dict[str, str] | None = None,
    nothing: str = "Nothing was looked for",
) -> Response:  # fmt: skip
    found, names = found or audit_log.Page([], None), names or {}
    kept = {name: given.text(name) for name in _FIELDS}
    return visit.page(
        "audit.html", status, path=PATH, given=kept, problems=problems or {}, nothing=nothing, kinds=KINDS,
        offered=OFFERED if len(known) >= OFFERED else None,
        actors=[ANY, *map(_choice, sorted(known, key=lambda one: (one.kind != USER, one.name)))],
        rows=[(entry, _by(entry, names), _what(entry), _which(entry, names)) for entry in found.entries],
        next=None if found.after is None else _spelled(found.after), looked_until=found.looked_until,
        query=urlencode({name: text for name, text in kept.items() if text}), first=given.get("before") is None,
    )  # fmt: skip


async def _known(visit: Visit, given: Fields) -> list[Actor]:
    """Whom the filter offers."""
    return await audit_log.actors(visit.ctx, values.from_crockford(given.text("who")))


def _choice(one: Actor) -> tuple[str, str]:
    return values.to_crockford(one.id), one.name if one.kind == USER else f"{one.name} ({one.kind})"


async def _wanted(visit: Visit, given: Fields, known: list[Actor], *, bounded: bool = False) -> Wanted:
    """What is looked for; Invalid says, by field, what does not hold. `bounded`: the time has two ends."""
    problems: dict[str, str] = {}
    who, kind = given.text("who"), given.text("kind")
    actor = next((one.id for one in known if values.to_crockford(one.id) == who), None)
    if who and actor is None:
        problems["who"] = "Choose one of the list."
    if kind and kind not in list(Kind):
        problems["kind"] = "Choose one of the list."
    things = None
    if given.text("thing"):
        try:
            things = await audit_log.things(visit.ctx, given.text("thing"))
        except Missing:
            problems["thing"] = "Nothing of this clinic has this id or number."
    since, until = (_day(given.text(name), name, problems) for name in ("from", "until"))
    if bounded:
        problems |= _unbounded(since, until, problems)
    if problems:
        raise Invalid(problems)
    return Wanted(
        actor=actor, kind=Kind(kind) if kind else None, things=things,
        since=0 if since is None else _instant(visit, since),
        until=LATEST if until is None else _instant(visit, until + timedelta(days=1)),
    )  # fmt: skip


def _day(text: str, name: str, problems: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not date(1970, 1, 2) <= found <= date(2200, 1, 1):
        problems[name] = "Write a day as 2026-05-04."
        return None
    return found


def _unbounded(since: date | None, until: date | None, problems: dict[str, str]) -> dict[str, str]:
    """What is wrong with the time of an export."""
    missing = {
        name: "Say which days to export."
        for name, day in (("from", since), ("until", until))
        if day is None and name not in problems
    }
    if since is not None and until is not None and not timedelta() <= until - since < timedelta(days=LONGEST_DAYS):
        return {"until": f"Choose a day after the first, at most {LONGEST_DAYS} days in all."}
    return missing


def _instant(visit: Visit, day: date) -> int:
    """When a day begins by the clinic's clocks."""
    zone = values.zone_of(visit.clinic.timezone)
    return values.from_datetime(datetime.combine(day, time(), zone))


def _by(entry: Entry, names: dict[bytes, str]) -> str:
    """Who it was; whoever is not of this clinic goes without a name here."""
    if entry.actor is None:
        return entry.by or UNKNOWN
    return names.get(entry.actor) or entry.by or ELSEWHERE


def _what(entry: Entry) -> str:
    """What was done, as a sentence goes on from who did it. A request is no thing; whoever signs in is who did it."""
    if not entry.entity:
        return "read through an API"
    return entry.action if entry.action in ENTERING else f"{entry.action} {entry.entity}"


def _which(entry: Entry, names: dict[bytes, str]) -> str:
    """What it was about, where the record's events have an id: a colleague by name; clients and patients have theirs
    as long as the clinic sees them, and are told apart by their ids alone from then on."""
    if entry.entity in _GONE and values.from_crockford(entry.shown) is not None:
        return f"{_GONE[entry.entity]} ({entry.shown})"
    ident = audit_log.colleague(entry)
    return entry.shown if ident is None else names.get(ident) or entry.shown


async def _csv(visit: Visit, pieces: AsyncIterator[list[Entry]], known: list[Actor]) -> AsyncIterator[str]:
    yield _written([_HEAD])
    async for entries in pieces:
        if entries:
            names = await audit_log.names(visit.ctx, entries, known)
            yield _written(_cells(entry, names) for entry in entries)


def _cells(entry: Entry, names: dict[bytes, str]) -> tuple[str, ...]:
    return values.to_milliseconds_text(entry.at), _by(entry, names), entry.action, entry.entity, _which(entry, names)


def _written(rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    """Rows as CSV (RFC 4180); a spreadsheet reads each cell as a text."""
    text = io.StringIO()
    csv.writer(text).writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return text.getvalue()


def _spelled(mark: Mark) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode().rstrip("=")


def _mark(text: str | None) -> Mark | None:
    """The place that an address names. Invalid for what none of our pages has written."""
    if text is None:
        return None
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Mark)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Invalid({"before": "There is no such page."}) from error
    places = (found.seq, found.deed_at, found.asked_at)
    spelled = len(found.deed_id) == len(Mark().deed_id) and found.asked_id.isprintable()
    if not spelled or not all(0 <= place <= LATEST for place in places):
        raise Invalid({"before": "There is no such page."})
    return found


ROWS = (
    Row("GET", "audit", "audit:read", shown, "Audit log", ADMINISTRATION),
    Row("POST", "audit/export", "audit:read", exporting),
)
