# SPDX-License-Identifier: Apache-2.0
"""The first page with all that can wait, on a phone and on a desk, by day and by night; each link leads on."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from polyvet.core.health import LATE
from polyvet.model.values import DAY
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from tests.browser.chromium import LOOKS, fits_everybody, no_serious_faults
from tests.browser.people import heard, page_of
from tests.console.people import Colleague
from tests.console.waiting import HOUR, backed_up, given_up, hooked, invited, mailed, offered, retried
from tests.dialects.harness import Practice
from tests.dialects.provet.signing_in import beside

pytestmark = LOOKS
HEAD = "What waits for you"


@pytest.fixture(scope="module")
def waited_for(module_practice: Practice) -> Practice:
    """A practice in which some of everything waits."""
    offered(module_practice, 2)
    beside(module_practice, f"UPDATE offers SET from_clinic = {SECOND_CLINIC}, to_clinic = {MAIN_CLINIC}")  # noqa: S608
    hooked(module_practice, "Laboratory " + "of a long name " * 8, retried(HOUR), given_up(HOUR))
    hooked(module_practice, "Register", {"next_at": 1})
    invited(module_practice, Colleague(module_practice), "Ada Lovelace")
    mailed(module_practice, ago=LATE + HOUR)
    backed_up(module_practice, 30 * DAY)
    return module_practice


@pytest.mark.parametrize("context", ["phone", "dark_phone", "desktop", "without_javascript"])
def test_what_waits_is_open_to_everybody(waited_for: Practice, request: pytest.FixtureRequest, context: str) -> None:
    where: BrowserContext = request.getfixturevalue(context)
    page = page_of(waited_for, where)
    told = heard(page)
    page.goto(f"{waited_for.server.url}/console")
    part = page.get_by_role("region", name=HEAD)
    expect(part.get_by_role("listitem")).to_have_count(6)
    if context == "desktop":
        no_serious_faults(page)
    elif context != "without_javascript":  # what looks for faults is a script
        fits_everybody(page)
    assert part.bounding_box()["y"] < page.locator(".tiles").first.bounding_box()["y"]  # type: ignore[index]
    assert not told


def test_each_link_leads_to_where_it_is_answered(waited_for: Practice, phone: BrowserContext) -> None:
    page = page_of(waited_for, phone)
    headings = []
    page.goto(f"{waited_for.server.url}/console")
    for n in range(_links(page).count()):
        _links(page).nth(n).click()
        headings.append(page.get_by_role("heading", level=1).inner_text())
        page.go_back()
    assert headings == ["Connections", "Deliveries", "Ada Lovelace", "Health", "Health", "Health"]


def _links(page: Page) -> Locator:
    return page.get_by_role("region", name=HEAD).get_by_role("link")
