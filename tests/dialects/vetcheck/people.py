# SPDX-License-Identifier: Apache-2.0
"""People who are signed in with a browser, for the tests of pages."""

from __future__ import annotations

import re
from typing import Any

import httpx

from polyvet.identity import sessions
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import staff
from polyvet.storage.store import Store
from tests.dialects.harness import Practice
from tests.identity.people import a_session

PREMIUM = (MAIN_CLINIC, "aino.laakso@harbour-street.example")
FREE = (MAIN_CLINIC, "peter.hollis@harbour-street.example")
OTHER = (SECOND_CLINIC, "henrike.voss@northgate.example")
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Person:
    """A browser that is signed in; its posts carry the token of the page that they come from."""

    def __init__(self, practice: Practice, who: tuple[int, str] = PREMIUM) -> None:
        async def begin(store: Store) -> str:
            file = await staff.by_email(store.reader, *who)
            assert file is not None
            return await a_session(store, file.user)

        self.client: httpx.Client = practice.client()
        self.client.cookies.set(sessions.COOKIE, practice.run(begin))

    def get(self, path: str) -> httpx.Response:
        """A page."""
        return self.client.get(path)

    def csrf(self, page: str) -> str:
        """The token of a page's forms; empty where there is none."""
        found = _CSRF.search(self.client.get(page).text)
        return "" if found is None else found[1]

    def post(self, path: str, fields: dict[str, Any], page: str | None = None) -> httpx.Response:
        """A form of the page at `page`, or of the one that it is sent to."""
        return self.client.post(path, data={"csrf": self.csrf(page or path), **fields})
