# SPDX-License-Identifier: Apache-2.0
"""Lists, page by page: where a page starts, what is looked for, and where the next one goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from polyvet.console.rows import PAGE
from polyvet.console.visit import Visit
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.paging import HIGHEST_ID

LONGEST_SEARCH = 200  # characters that are looked for; the rest is left out
One = TypeVar("One")
Place = TypeVar("Place")


def page_of(found: list[One], place: Callable[[One], Place]) -> tuple[list[One], Place | None]:
    """The rows of a page, of which one more was asked for, and the place of the last of them if there are more."""
    return found[:PAGE], place(found[PAGE - 1]) if len(found) > PAGE else None


def id_before(visit: Visit) -> bytes:
    """The id below which a page starts; the highest for the first page. Invalid."""
    text = visit.query().text("before")
    found = values.from_crockford(text) if text else HIGHEST_ID
    if found is None:
        raise Invalid({"before": "is no place in this list"})
    return found


def looked_for(visit: Visit) -> str:
    """What was typed into the field of a search."""
    return visit.query().text("q")[:LONGEST_SEARCH]
