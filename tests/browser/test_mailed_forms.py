# SPDX-License-Identifier: Apache-2.0
"""A form from the share to the mails that tell of its answers: a real mail server, and an owner's phone that knows of
the link what the mail says."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.delivery.mailing import FROM, Arrived, MailServer
from tests.delivery.receiving import PATIENCE_S
from tests.dialects.fixtures import Copy
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.shared import BLUEY, FORM, OWNER

DESK = "desk@harbour-street.example"
_LINK = re.compile(r"http://\S+/s/[\w-]{43}")


class PostOffice:
    """A mail server in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.server = MailServer()
        asyncio.run_coroutine_threadsafe(self.server.__aenter__(), self._loop).result(PATIENCE_S)

    def close(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self.server.__aexit__(), self._loop).result(PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def arrived(self, page: Page, count: int) -> list[Arrived]:
        """All mails, once there are so many."""
        for _ in range(int(PATIENCE_S * 50)):
            if len(self.server.arrived) >= count:
                break
            page.wait_for_timeout(20)
        assert len(self.server.arrived) == count
        return self.server.arrived


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A mail server."""
    found = PostOffice()
    yield found
    found.close()


@pytest.fixture
def practice(copies: Copy, post_office: PostOffice) -> Iterator[Practice]:
    """A practice that sends its mails there."""
    served = Practice(
        copies(), deliver=True, smtp_host="127.0.0.1", smtp_port=post_office.server.port, smtp_security="none",
        mail_from=FROM,
    )  # fmt: skip
    yield served
    served.close()


@pytest.mark.parametrize("browser_of", ["phone", "without_javascript"])
def test_a_form_comes_by_mail_is_filled_in_and_told_by_mail(
    practice: Practice, post_office: PostOffice, browser_of: str, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(browser_of)
    page = context.new_page()
    answer = practice.vetcheck.post(FORM, json={**BLUEY, "comments": "See you at your next appointment Bluey!"})
    [mail] = post_office.arrived(page, 1)
    assert mail.recipients == [OWNER]
    link = only_link(mail.text())
    assert link == answer.json()["sharelink"]
    assert link in mail.text("html")

    page.goto(link)
    expect(page.get_by_text("See you at your next appointment Bluey!")).to_be_visible()
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send to the clinic").click()
    expect(page.get_by_text("Sent on")).to_be_visible()

    told = post_office.arrived(page, 3)[1:]
    assert sorted(one.recipients[0] for one in told) == sorted((DESK, OWNER))
    assert all("Anna" in one.text() for one in told if one.recipients == [DESK])
    again = only_link(next(one.text() for one in told if one.recipients == [OWNER]))
    page.goto("about:blank")
    page.goto(again)
    expect(page.locator(".answer").first).to_have_text("Anna")
    assert page.locator("form, input, button").count() == 0


def only_link(text: str) -> str:
    """The one that a mail holds."""
    [link] = set(_LINK.findall(text))
    return link
