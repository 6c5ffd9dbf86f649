# SPDX-License-Identifier: Apache-2.0
"""`/console/requests`: what was asked for with the clinic's keys in the last days, and why it was refused."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from polyvet.console.rows import DEVELOPERS, PAGE, ROOT, Row
from polyvet.console.visit import Visit
from polyvet.core import requests
from polyvet.core.requests import OFFERED
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.requests import Credential, Wanted
from polyvet.web.forms import Fields

NOBODY = "nobody"  # in place of the clinic, for who looks after the server
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_STATUSES = {"ok": (100, 399), "4": (400, 499), "5": (500, 599)}
_NAMES = ("whose", "status", "method", "api", "key", "path", "id", "since", "until")
_LONGEST = 200
_PLACE = re.compile(r"(\d{1,18})\.([0-9a-z-]{0,40})", re.ASCII)


class _Filter(msgspec.Struct):
    """The filter as it was typed, what it means, and what of it does not hold."""

    typed: dict[str, str]
    wanted: Wanted
    before: tuple[int, str] | None
    problems: dict[str, str]


async def shown(visit: Visit) -> Response:
    """A page of the list. What is asked for in the console itself is left out, unless it is looked for."""
    asked = _read(visit)
    listing = requests.of_nobody if asked.typed.get("whose") == NOBODY else requests.of_clinic
    found = None if asked.problems else await listing(visit.ctx, asked.wanted, asked.before, PAGE)
    credentials = await requests.credentials(visit.ctx, asked.wanted.key_id)
    return visit.page(
        "requests.html",
        400 if asked.problems else 200,
        found=found,
        typed=asked.typed,
        problems=asked.problems,
        choices=_choices(visit, credentials, asked.typed),
        query=urlencode(asked.typed),
        next=None if found is None or found.after is None else "{}.{}".format(*found.after),
        names={} if found is None else await requests.names(visit.ctx, found.rows, credentials),
        offered=OFFERED if len(credentials) >= OFFERED else None,
        spelled=values.to_crockford,
        days=visit.shared.server.request_log_days,
    )


def _choices(visit: Visit, credentials: list[Credential], typed: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """What the filter offers, as values and what is shown for them."""
    keys = [
        (values.to_crockford(one.id), f"{one.name} ({visit.api(one.dialect)}{', ended' if one.ended else ''})")
        for one in credentials
    ]
    if typed.get("key") and typed["key"] not in dict(keys):
        keys.append((typed["key"], "somebody’s in the console"))
    apis = list(visit.shared.server.dialects.items())
    whose = [("", visit.clinic.name), (NOBODY, "Nobody’s: no key, or an unknown one")]
    return {
        "whose": whose if visit.may("server:read") else [],
        "status": [("", "Any"), ("ok", "Went well"), ("4", "Refused (4xx)"), ("5", "Failed (5xx)")],
        "method": [("", "Any"), *((one, one) for one in METHODS)],
        "api": [("", "All APIs"), *apis, (ROOT, "The console")],
        "key": [("", "Any"), *keys],
    }


def _read(visit: Visit) -> _Filter:
    """The filter in the query; only who looks after the server may ask for what is nobody's."""
    query = visit.query()
    typed = {name: query.text(name)[:_LONGEST] for name in _NAMES if query.text(name)}
    if not visit.may("server:read"):
        typed.pop("whose", None)
    problems: dict[str, str] = {}
    zone = visit.clinic.timezone
    api = typed.get("api")
    wanted = Wanted(
        status=_status(typed, problems),
        method=typed.get("method"),
        dialect=api,
        without=None if api else ROOT,
        key_id=_key(typed, problems),
        path=typed.get("path"),
        request_id=typed.get("id"),
        since=_instant(typed, "since", zone, problems),
        until=_instant(typed, "until", zone, problems),
    )
    return _Filter(typed, wanted, _before(query), problems)


def _status(typed: dict[str, str], problems: dict[str, str]) -> tuple[int, int] | None:
    text = typed.get("status", "")
    if text in _STATUSES:
        return _STATUSES[text]
    if text:
        problems["status"] = "Choose one of the list."
    return None


def _key(typed: dict[str, str], problems: dict[str, str]) -> bytes | None:
    text = typed.get("key")
    found = None if text is None else values.from_crockford(text)
    if text is not None and found is None:
        problems["key"] = "Choose one of the list."
    return found


def _instant(typed: dict[str, str], name: str, zone: str, problems: dict[str, str]) -> int | None:
    """A point in time that was typed by the clinic's clocks."""
    text = typed.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return values.from_datetime(moment.replace(tzinfo=moment.tzinfo or values.zone_of(zone)))
    except (ValueError, OverflowError):
        problems[name] = "Write it as 2026-05-04T09:30."
        return None


def _before(query: Fields) -> tuple[int, str] | None:
    """The place after which the page begins. Invalid for what no page of ours leads to."""
    text = query.get("before")
    if text is None:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise Invalid({"before": "is no place in this list"})
    return int(found[1]), found[2]


ROWS = (Row("GET", "requests", "requests:read", shown, "Requests", DEVELOPERS),)
