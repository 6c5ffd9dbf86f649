# SPDX-License-Identifier: Apache-2.0
"""People who are signed in with a real browser, and what it complains of."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from polyvet.identity import sessions
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.signing_in import EMAIL, user_of
from tests.identity.people import a_session


def page_of(practice: Practice, context: BrowserContext, email: str = EMAIL, clinic: int = MAIN_CLINIC) -> Page:
    """A page of somebody of a clinic, whose session began beside the pages."""
    user = user_of(practice, email, clinic)
    secret = practice.run(lambda store: a_session(store, user))
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


def heard(page: Page) -> list[str]:
    """Where what the browser complains of from now on is collected: errors, warnings, and what a script would have a
    reader see."""
    told: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            told.append(f"{message.text} ({message.location.get('url')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: told.append(error.message))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    return told
