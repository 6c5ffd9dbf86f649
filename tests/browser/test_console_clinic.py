# SPDX-License-Identifier: Apache-2.0
"""An owner changes what is said of the clinic, and reads it back wherever the clinic is named."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from polyvet.model.access import Role
from tests.browser.people import page_of
from tests.browser.walking import BOTH_WAYS, walker
from tests.console.people import EMAILS
from tests.dialects.harness import Practice

TYPED = {"Name": "Harbour & <i>Daughters</i>", "Time zone": "Berlin", "E-mail": "desk@harbour"}
MENDED = {"Time zone": "Europe/Berlin", "E-mail": "desk@harbour.example"}


@BOTH_WAYS
def test_an_owner_changes_name_time_zone_and_address(
    module_practice: Practice, request: pytest.FixtureRequest, dark_phone: BrowserContext, context: str
) -> None:
    owner = walker(module_practice, request, context)
    page, name = owner.page, f"{TYPED['Name']} {context}"
    before = page.locator(".bar .clinic").inner_text()
    owner.menu("Clinic")
    for field, text in {**TYPED, "Name": name}.items():
        page.get_by_label(field, exact=True).fill(text)
    owner.press("Save")
    owner.is_to_mend("Time zone", "There is no time zone Berlin; write it as Europe/Berlin.")
    owner.is_to_mend("E-mail", "This is no e-mail address: desk@harbour.")
    for field, text in {**TYPED, "Name": name}.items():
        expect(page.get_by_label(field, exact=True)).to_have_value(text)
    expect(page.locator(".bar .clinic")).to_have_text(before)  # nothing was changed

    page.get_by_role("alert").get_by_role("link").click()
    if owner.scripts:
        expect(page.get_by_label("Time zone")).to_be_focused()
    for field, text in MENDED.items():
        page.get_by_label(field, exact=True).fill(text)
    page.keyboard.press("Enter")
    owner.is_told("The clinic is changed.")
    expect(page.locator(".bar .clinic")).to_have_text(name)
    owner.menu("Staff")
    page.go_back()
    for field, text in {**MENDED, "Name": name}.items():
        expect(page.get_by_label(field, exact=True)).to_have_value(text)
    page.get_by_role("link", name="polyvet").click()
    owner.arrive(name)
    colleague = page_of(module_practice, dark_phone, EMAILS[Role.NURSE])
    colleague.goto(f"{module_practice.server.url}/console")
    expect(colleague.locator(".bar .clinic")).to_have_text(name)
    owner.has_heard_nothing()
