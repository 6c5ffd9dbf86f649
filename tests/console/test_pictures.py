# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/console.md: those that it shows are there, no others, and none is heavy."""

from __future__ import annotations

from docs.screenshots import FOLDER, PATHS, PHONE_HOME, SIGN_IN, named

MOST_BYTES = 150_000


def test_the_pictures_are_those_that_the_page_shows() -> None:
    names = named()
    assert {one.stem for one in FOLDER.iterdir()} == set(names)
    assert {SIGN_IN, PHONE_HOME} < set(names)
    assert set(names) <= {*PATHS, PHONE_HOME}
    assert all(one.stat().st_size < MOST_BYTES for one in FOLDER.iterdir())
