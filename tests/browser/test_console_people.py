# SPDX-License-Identifier: Apache-2.0
"""Somebody's first day in a real browser: invited by an owner, in by the link, with a second factor from then on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import no_serious_faults
from tests.browser.people import page_of
from tests.console.people import code_of
from tests.dialects.harness import Practice
from tests.dialects.provet.signing_in import beside

ADA, PASSWORD = "ada@harbour-street.example", "a long enough one"


def _invited(owner: Page, url: str) -> str:
    """The link that the owner is shown once."""
    owner.goto(f"{url}/console/staff")
    owner.get_by_role("link", name="Invite somebody").click()
    owner.get_by_label("Name").fill("Ada Lovelace")
    owner.get_by_label("E-mail").fill(ADA)
    owner.get_by_label(re.compile("^nurse:")).check()
    owner.get_by_role("button", name="Invite").click()
    return owner.locator("pre code").inner_text().strip()


def _second_factor(page: Page, url: str) -> str:
    """Set one up; gives its secret."""
    page.goto(f"{url}/console/account")
    page.get_by_role("link", name="Set up").click()
    page.get_by_role("button", name="Set it up").click()
    picture = page.get_by_alt_text(re.compile("QR code"))
    assert picture.evaluate("one => one.complete && one.naturalWidth") > 100
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Code of six digits").fill(code_of(secret))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("status")).to_contain_text("It is on.")
    return secret


@pytest.mark.parametrize("context", ["desktop", "without_javascript"])
def test_somebody_is_invited_and_comes_in_with_two_factors(
    fresh_practice: Practice, request: pytest.FixtureRequest, dark_phone: BrowserContext, context: str
) -> None:
    url = fresh_practice.server.url
    link = _invited(page_of(fresh_practice, dark_phone), url)
    page: Page = request.getfixturevalue(context).new_page()
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Street Veterinary Practice")
    secret = _second_factor(page, url)
    page.get_by_role("button", name="Sign out").click()
    beside(fresh_practice, "UPDATE users SET totp_step = 0 WHERE totp_since IS NOT NULL")  # half a minute later
    page.get_by_label("E-mail").fill(ADA)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}/console/code")
    page.goto(f"{url}/console/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{url}/console/code")
    page.get_by_label("Code of six digits").fill("12345")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_label("Code of six digits").fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()


def test_pages_on_the_way_have_no_serious_fault(fresh_practice: Practice, desktop: BrowserContext) -> None:
    url = fresh_practice.server.url
    owner = page_of(fresh_practice, desktop)
    link = _invited(owner, url)
    no_serious_faults(owner)
    owner.get_by_role("link", name="Ada Lovelace").click()
    for summary in owner.locator("main summary").all():
        summary.click()
    no_serious_faults(owner)
    owner.goto(f"{url}/console/account/second-factor")
    owner.get_by_role("button", name="Set it up").click()
    no_serious_faults(owner)
    owner.goto(link)
    no_serious_faults(owner)
