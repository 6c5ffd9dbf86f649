# SPDX-License-Identifier: Apache-2.0
"""The pages on which staff fill in vet forms, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from polyvet.identity import sessions
from tests.browser.chromium import fits_everybody
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.people import Person
from tests.dialects.vetcheck.shared import queued

pytestmark = pytest.mark.parametrize("copying", ["sqlite"], indirect=True, scope="session")
OWNER = "owner@mail.example"


def signed_in(practice: Practice, context: BrowserContext) -> Page:
    """A page of a vet's browser."""
    secret = Person(practice).client.cookies[sessions.COOKIE]
    context.add_cookies([{"name": sessions.COOKIE, "value": secret, "url": practice.server.url}])
    return context.new_page()


def test_a_vet_form_is_begun_saved_and_completed_on_a_phone(
    module_practice: Practice, without_javascript: BrowserContext
) -> None:
    page = signed_in(module_practice, without_javascript)
    page.goto(f"{module_practice.server.url}/account/vetforms")
    page.get_by_label("Patient (optional)").fill("nobody")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no patient nobody here.")
    page.get_by_label("Patient (optional)").fill("")
    page.get_by_label("Owner's e-mail (optional)").fill(OWNER)
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("First name").fill("Anna")
    page.get_by_role("button", name="Save and go on later").click()
    expect(page.get_by_role("status")).to_contain_text("It is not complete yet.")
    expect(page.get_by_label("First name")).to_have_value("Anna")
    page.get_by_label("Send a copy to").uncheck()
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_contain_text("another look")
    expect(page.get_by_label("Send a copy to")).not_to_be_checked()
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("status")).to_contain_text("It can no longer be changed.")
    assert OWNER not in [mail.recipient for mail in queued(module_practice)]


@pytest.mark.parametrize("screen", ["phone", "dark_phone", "desktop"])
def test_the_pages_are_open_to_everybody(
    module_practice: Practice, screen: str, request: pytest.FixtureRequest
) -> None:
    page = signed_in(module_practice, request.getfixturevalue(screen))
    for path in ("/account/vetforms", "/account/shares"):
        page.goto(module_practice.server.url + path)
        fits_everybody(page)
    page.goto(f"{module_practice.server.url}/account/vetforms")
    page.get_by_role("button", name="Begin").click()
    fits_everybody(page)
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_be_visible()
    fits_everybody(page)
