# SPDX-License-Identifier: Apache-2.0
"""People who walk through the console by its menu, links and buttons, and look at each page as it comes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from polyvet.sandbox.practice import MAIN_CLINIC
from tests.browser.chromium import no_serious_faults
from tests.browser.people import heard, page_of
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.signing_in import EMAIL

OWNER = (MAIN_CLINIC, EMAIL)
WITHOUT_SCRIPTS = "without_javascript"  # the context of a browser that runs none
BOTH = ("desktop", WITHOUT_SCRIPTS)
BOTH_WAYS = pytest.mark.parametrize("context", BOTH)
_TABS = 80  # no page has as much to press before its end
# A browser tells so of each page that says what to mend, or that it is not there.
_REFUSED = re.compile(r"responded with a status of 40[04] .*/console/(?!static/)")
_IDS = re.compile(r"/[^/]*\d[^/]*")
_LOOK = """() => [document.documentElement.scrollWidth <= innerWidth, innerWidth,
    [...document.querySelectorAll("[role=alert], [role=status], .wrong")].map(one => one.textContent).join()]"""
_looked_at: set[tuple[str, int, str]] = set()  # what a page looks like is the same for everybody, and over both engines
_FOCUSED = "one => one === document.activeElement"


class Walker:
    """Somebody with a page of the console. Each page that they come to has no serious fault of accessibility, as far
    as scripts run, which find them, and is no wider than its screen."""

    def __init__(self, page: Page, *, scripts: bool) -> None:
        self.page = page
        self.scripts = scripts
        self._complaints = heard(page)

    def menu(self, name: str) -> None:
        """To a page of the menu, which a phone folds away."""
        summary = self.page.locator(".menu summary")
        if summary.is_visible():
            summary.click()
        self.page.get_by_role("navigation", name="Console").get_by_role("link", name=name, exact=True).click()
        self.arrive(name)

    def go(self, link: str, heading: str | None = None) -> None:
        """Where a link of the page leads; the page there is called like it, or otherwise."""
        self.page.locator("main").get_by_role("link", name=link, exact=True).click()
        self.arrive(link if heading is None else heading)

    def press(self, button: str) -> None:
        """A button of the page."""
        self.page.locator("main").get_by_role("button", name=button, exact=True).click()

    def arrive(self, heading: str) -> None:
        """The page is there, and is looked at."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.look()

    def look(self) -> None:
        """At the page as it is."""
        fits, width, said = self.page.evaluate(_LOOK)
        assert fits, self.page.url
        seen = (_IDS.sub("/*", urlsplit(self.page.url).path), width, said)
        if self.scripts and seen not in _looked_at:
            no_serious_faults(self.page)
            _looked_at.add(seen)

    def is_told(self, text: str) -> None:
        """The page says that it was done."""
        expect(self.page.get_by_role("status")).to_contain_text(text)
        self.look()

    def is_to_mend(self, field: str, problem: str) -> None:
        """The page leads to a field, and says there what is wrong with what was typed."""
        alert = self.page.get_by_role("alert")
        expect(alert).to_contain_text("what to mend")
        if self.scripts:
            expect(alert).to_be_focused()
        expect(self.page.get_by_label(field, exact=True)).to_have_accessible_description(re.compile(re.escape(problem)))
        self.look()

    def tab_to(self, target: Locator) -> None:
        """On by the keyboard alone, until something has the focus."""
        for _ in range(_TABS):
            if target.evaluate(_FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not come to {target}")

    def has_heard_nothing(self) -> None:
        """The browser has complained of nothing on the way."""
        told = [one for one in self._complaints if not _REFUSED.search(one)]
        assert not told, told


def walker(practice: Practice, request: pytest.FixtureRequest, context: str, who: tuple[int, str] = OWNER) -> Walker:
    """Somebody who is signed in, by clinic and e-mail, on the console's first page, with a context of fixtures.py."""
    browser: BrowserContext = request.getfixturevalue(context)
    clinic, email = who
    found = Walker(page_of(practice, browser, email, clinic), scripts=context != WITHOUT_SCRIPTS)
    found.page.goto(f"{practice.server.url}/console")
    return found
