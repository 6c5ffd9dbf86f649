# SPDX-License-Identifier: Apache-2.0
"""An integrator makes a key and registers an application in a real browser, uses them, and ends them."""

from __future__ import annotations

import re
import shlex
import time

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import no_serious_faults
from tests.browser.people import heard, page_of
from tests.console.test_keys import FORGOTTEN_S
from tests.dialects.harness import Practice

NAME = "Lab <img src=x onerror=alert(1)>"


def _asked(practice: Practice, command: str) -> httpx.Response:
    """What curl would be answered."""
    words = shlex.split(command)
    name, _, value = words[words.index("-H") + 1].partition(": ")
    return practice.client().get(words[-1], headers={name: value})


def _fits(page: Page, *, scripts: bool = True) -> None:
    """No wider than its screen, and without a serious fault, which is looked for by a script."""
    if scripts:
        no_serious_faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


@pytest.mark.parametrize("context", ["dark_phone", "without_javascript"])
def test_a_key_is_made_used_and_revoked(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    browser: BrowserContext = request.getfixturevalue(context)
    page = page_of(module_practice, browser)
    complaints = heard(page)
    page.goto(f"{module_practice.server.url}/console/keys")
    page.get_by_role("link", name="Make an API key").click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("API", exact=True).select_option("clinovavet")
    for kept_back in ("clients:read", "clients:write"):
        page.get_by_label(kept_back).uncheck()
    page.get_by_text("A budget of its own").click()
    page.get_by_label("Requests a minute").fill("5")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    _fits(page, scripts=context == "dark_phone")
    command = page.locator("pre.copy code").inner_text()
    assert page.locator("code.secret").inner_text() in command
    assert _asked(module_practice, command).status_code == 200
    page.get_by_role("link", name="On to the key").click()
    expect(page.get_by_role("row", name="a minute")).to_contain_text(re.compile(r"4\s*5"))
    page.get_by_text("Revoke it").click()
    _fits(page, scripts=context == "dark_phone")
    page.get_by_role("button", name="Revoke this key").click()
    expect(page.get_by_role("status")).to_contain_text("The key is revoked.")
    time.sleep(FORGOTTEN_S)
    assert _asked(module_practice, command).status_code == 401
    assert complaints == []


def test_what_is_to_be_mended_is_where_the_reader_goes_on(
    module_practice: Practice, dark_phone: BrowserContext
) -> None:
    page = page_of(module_practice, dark_phone)
    page.goto(f"{module_practice.server.url}/console/applications/new?dialect=vetcheck")
    page.get_by_label("Name").fill(NAME)
    page.get_by_role("button", name="Register").click()
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    _fits(page)
    alert.get_by_role("link").click()
    expect(page.get_by_label("Redirect URIs")).to_be_focused()
    page.keyboard.type("https://app.example/callback")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(page.locator("code.secret")).to_have_count(2)
    _fits(page)
    secret = page.locator("code.secret").last.inner_text()
    page.get_by_role("link", name="On to the application").click()
    page.get_by_text("Give it a new secret").click()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_role("status")).to_contain_text("It has a new secret")
    assert page.locator("code.secret").last.inner_text() != secret
