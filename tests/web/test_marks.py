# SPDX-License-Identifier: Apache-2.0
"""Paging marks: remembered for ten minutes, for whom and what they were made."""

from __future__ import annotations

import itertools
import os

from polyvet.model import values
from polyvet.model.paging import Place, Walk
from polyvet.web.marks import REMEMBERED, Marks, page_key

NOW = values.instant("2026-01-31T09:30:00Z")
KEY = values.new_id(NOW)


def test_a_place_and_a_walk_come_back() -> None:
    marks = Marks(shared=False)
    place = Place(NOW, values.new_id(NOW))
    walks = [Walk(NOW, NOW - 5), Walk(NOW, NOW + 7, again=True)]
    marks.keep_place(page_key(KEY, "pets", 50), place, NOW)
    for number, walk in enumerate(walks):
        marks.keep_walk(page_key(KEY, "patients", number), walk, NOW)
    assert marks.place(page_key(KEY, "pets", 50), NOW) == place
    assert [marks.walk(page_key(KEY, "patients", number), NOW) for number in (0, 1)] == walks


def test_a_mark_is_forgotten_after_its_time_and_renewed_by_the_next_page() -> None:
    marks, key = Marks(shared=False), page_key(KEY, "pets", 50)
    marks.keep_place(key, Place(1, b"a" * 16), NOW)
    assert marks.place(key, NOW + REMEMBERED) == Place(1, b"a" * 16)
    assert marks.place(key, NOW + REMEMBERED + 1) is None
    marks.keep_place(key, Place(2, b"b" * 16), NOW + REMEMBERED)
    assert marks.place(key, NOW + 2 * REMEMBERED) == Place(2, b"b" * 16)


def test_an_unknown_page_has_no_mark() -> None:
    marks = Marks(shared=False)
    assert marks.place(page_key(KEY, "pets", 50)) is None
    assert marks.walk(page_key(KEY, "pets", 50)) is None


def test_marks_of_other_keys_lists_pages_and_queries_are_not_taken() -> None:
    other = values.new_id(NOW)
    keys = {
        page_key(key_id, listing, start, *query)
        for key_id, listing, start, query in itertools.product(
            (KEY, other),
            ("pets", "owners"),
            (1, 11, 2),
            ((), (None,), ("",), ("None",), (1,), ("1",), (1, 1), (("a", "b"),), ("\ud800",), ("a", None), (None, "a")),
        )
    }
    assert len(keys) == 2 * 2 * 3 * 11


def test_a_mark_that_one_process_keeps_is_found_by_another() -> None:
    marks, key, place = Marks(shared=True), page_key(KEY, "pets", 50), Place(NOW, values.new_id(NOW))
    pid = os.fork()
    if not pid:
        marks.keep_place(key, place)
        os._exit(0)
    os.waitpid(pid, 0)
    assert marks.place(key) == place
