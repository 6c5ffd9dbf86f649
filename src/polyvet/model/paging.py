# SPDX-License-Identifier: Apache-2.0
"""Where a page starts, and what it holds. No vendor's numbers: dialects turn pages and offsets into these."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

LATEST = 2**62  # after every instant
EARLIEST = -(2**62)
HIGHEST_ID = b"\xff" * 16
SOME = 50  # so many are counted where nobody needs to know how many more there are

T = TypeVar("T")


class Place(msgspec.Struct, frozen=True):
    """A place in a list that is ordered by an instant and then the id, newest first; a page starts behind it."""

    at: int = LATEST
    ident: bytes = HIGHEST_ID


class Walk(msgspec.Struct, frozen=True):
    """Where a walk over rows ordered by `updated_at` stands.

    Newest first, a row that changes during the walk jumps to the front, behind the walker's back. So a walk has a
    second leg: when the rows that are older than `started` are through, it goes on, oldest first, with those that
    changed since.
    """

    started: int  # the newest `updated_at` when the first page was read
    at: int  # the last row's `updated_at`
    again: bool = False  # in the second leg


class ByUpdate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A page of what changed last: of one slug, since an instant (included), counted off or behind a walk."""

    slug: str | None = None
    since: int | None = None
    limit: int
    offset: int = 0
    walk: Walk | None = None


class Page(msgspec.Struct, Generic[T]):
    """One page. `total` is exact for the whole list; `more` says whether rows follow."""

    items: list[T]
    total: int
    more: bool
    walk: Walk | None = None
