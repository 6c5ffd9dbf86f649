# SPDX-License-Identifier: Apache-2.0
"""Pages of the lists whose rows keep their place: `page` and `page_size` [seed], gone on with where the last one ended.

The vendor's page numbers shift when rows come and go [seed]. Whoever pages forward without a break of ten minutes gets
every row that stays, once: the end of each page is remembered, and the next page goes on behind it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from polyvet.dialects.vetigen.wire import items, page_query, success
from polyvet.model.paging import Page, Place
from polyvet.web.marks import Marks, page_key
from polyvet.web.message import Reply, Request

T = TypeVar("T")


class Listing:
    """One request for a page of a list."""

    def __init__(self, marks: Marks, request: Request, query: dict[str, str], name: str, *filters: object) -> None:
        """`filters`: the list's filters as they were asked for; another query's mark is not this one's."""
        self._asked = page_query(query)
        self._marks = marks
        self._key_id = request.context.caller.key_id
        self._query = (name, filters)
        self.limit = self._asked.page_size
        self.place = marks.place(self._key(self._asked.page)) if self._asked.page > 1 else None
        self.offset = self._asked.offset if self.place is None else 0

    def answer(self, page: Page[Any], rows: list[T], last: Place | None) -> Reply:
        """The rows in the page object and the envelope; `last` is the last row's place, None without rows."""
        if page.more and last is not None:
            self._marks.keep_place(self._key(self._asked.page + 1), last)
        return success(items(page, rows, self._asked))

    def _key(self, page: int) -> bytes:
        name, filters = self._query
        return page_key(self._key_id, name, page, self._asked.page_size, *filters)
