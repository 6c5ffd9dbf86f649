# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/console.md: each page of the menu has one, no other is there, and none is heavy."""

from __future__ import annotations

from docs.screenshots import APART, FOLDER, MENU, PATHS, named

MOST_BYTES, MOST_OF_ALL = 120_000, 2_500_000


def test_the_pictures_are_those_that_the_page_shows() -> None:
    names = named()
    assert {one.stem for one in FOLDER.iterdir()} == set(names)
    assert {*MENU, *APART} <= set(names) <= {*PATHS, *APART}
    assert len(names) == len(set(names))


def test_no_picture_is_heavy() -> None:
    sizes = [one.stat().st_size for one in FOLDER.iterdir()]
    assert max(sizes) < MOST_BYTES
    assert sum(sizes) < MOST_OF_ALL
