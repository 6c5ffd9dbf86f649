# SPDX-License-Identifier: Apache-2.0
"""What the pages of keys and of applications have in common: pages of a list, permissions and budgets of a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from polyvet.console.listing import id_before, page_of
from polyvet.console.rows import PAGE
from polyvet.console.visit import Visit
from polyvet.core import access
from polyvet.core.context import PERMISSIONS, Caller
from polyvet.model import values
from polyvet.model.access import ApiKey, Application
from polyvet.web.limits import Room

REVOKED = "revoked"  # the list's other state, in the query
_MAY = "may-"  # before a permission: the name of its box
_CHOOSE = "Choose one of the list."

One = TypeVar("One", ApiKey, Application)
Listing = Callable[[bytes, int, bool], Awaitable[list[One]]]  # those before an id, so many, alive or not


async def listed(visit: Visit, listing: Listing[One]) -> tuple[list[One], str | None, bool]:
    """A page of a list, where the next one begins, and whether it is of those that are alive. Invalid."""
    living = visit.query().get("state") != REVOKED
    found = await listing(id_before(visit), PAGE + 1, living)
    found, next_ = page_of(found, lambda one: values.to_crockford(one.id))
    return found, next_, living


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
