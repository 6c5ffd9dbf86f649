# SPDX-License-Identifier: Apache-2.0
"""What the pages of keys and of applications have in common: naming one, pages of a list, permissions and budgets of a
form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from polyvet.console.rows import PAGE
from polyvet.console.visit import Visit
from polyvet.core import access
from polyvet.core.context import PERMISSIONS, Caller
from polyvet.model import values
from polyvet.model.access import ApiKey, Application
from polyvet.model.errors import Invalid, Missing
from polyvet.web.limits import Room

REVOKED = "revoked"  # the list's other state, in the query
_MAY = "may-"  # before a permission: the name of its box
_CHOOSE = "Choose one of the list."

T = TypeVar("T")
One = TypeVar("One", ApiKey, Application)
Listing = Callable[[bytes, int, bool], Awaitable[list[One]]]  # those before an id, so many, alive or not


async def listed(visit: Visit, listing: Listing[One]) -> tuple[list[One], str | None, bool]:
    """A page of a list, where the next one begins, and whether it is of those that are alive. Invalid."""
    query = visit.query()
    text, living = query.get("before"), query.get("state") != REVOKED
    before = access.NEWEST if text is None else values.from_crockford(text)
    if before is None:
        raise Invalid({"before": "is no place in this list"})
    found = await listing(before, PAGE + 1, living)
    return found[:PAGE], values.to_crockford(found[PAGE - 1].id) if len(found) > PAGE else None, living


def ident(visit: Visit, name: str) -> bytes:
    """The id in the path. Missing for what is none."""
    text = visit.parameter(name)
    found = values.from_crockford(text)
    if found is None:
        raise Missing(name, text)
    return found


def permissions(visit: Visit) -> tuple[str, ...]:
    """Those whose boxes are checked."""
    return tuple(one for one in PERMISSIONS if visit.fields.get(_MAY + one) is not None)


def chosen(text: str, known: tuple[str, ...], problems: dict[str, str]) -> str:
    """A dialect of a list."""
    if text not in known:
        problems["dialect"] = _CHOOSE
    return text


def number(text: str, name: str, problems: dict[str, str]) -> int | None:
    """A budget's number, if there is one; core knows which are too large."""
    if not text:
        return None
    found = values.whole_number(text)
    if found is None:
        problems[name] = access.A_BUDGET
    return found


def rooms(visit: Visit, dialect: str, caller: Caller) -> list[Room]:
    """What is left of the budgets of a key or an application."""
    return visit.shared.rooms[dialect](caller)
