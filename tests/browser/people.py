# SPDX-License-Identifier: Apache-2.0
"""People who are signed in with a real browser."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

from polyvet.identity import sessions
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.signing_in import EMAIL, user_of


def page_of(practice: Practice, context: BrowserContext, email: str = EMAIL) -> Page:
    """A page of somebody of the first clinic, whose session began beside the pages."""
    user = user_of(practice, email)
    secret = practice.run(lambda store: sessions.begin(store, user))
    # As the server has it kept: without a word, a browser gives a new cookie to forms of other sites for two minutes.
    context.add_cookies(
        [
            {
                "name": sessions.COOKIE, "value": secret, "url": practice.server.url, "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )  # fmt: skip
    return context.new_page()
