# SPDX-License-Identifier: Apache-2.0
"""Who looks after the server adds a clinic, and its owner comes in by the link that was shown once."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.dialects.harness import Practice

PASSWORD = "a long enough one"


def _typed(page: Page, texts: dict[str, str]) -> None:
    for field, text in texts.items():
        page.get_by_label(field, exact=True).fill(text)


@BOTH_WAYS
def test_a_clinic_is_added_and_its_owner_comes_in(
    module_practice: Practice, request: pytest.FixtureRequest, dark_phone: BrowserContext, context: str
) -> None:
    clinic = f"Südpfote & {context}"
    operator = walker(module_practice, request, context)
    page = operator.page
    operator.menu("Clinics of this server")
    operator.go("Add a clinic")
    owner = page.get_by_role("group", name="Its owner")
    _typed(page, {"Its name": clinic, "Time zone": "Europe/Vienna", "Currency": "E1"})
    owner.get_by_label("Name").fill("Ada Lovelace")
    owner.get_by_label("E-mail").fill("ada@suedpfote")
    operator.press("Add the clinic")
    operator.is_to_mend("Currency", "A currency is three letters, as EUR")
    operator.is_to_mend("E-mail", "This is no e-mail address.")
    expect(page.get_by_label("Its name")).to_have_value(clinic)
    _typed(page, {"Currency": "chf", "E-mail": f"ada@{context.replace('_', '-')}.example"})
    page.get_by_role("button", name="Add the clinic").dblclick()
    operator.arrive(clinic)
    page.reload()  # sends the form once more
    operator.is_told("The clinic was added before")
    link = page.locator("pre code").inner_text().strip()
    operator.go("On to the clinics", "Clinics of this server")
    expect(page.get_by_role("row", name=clinic)).to_have_count(1)
    expect(page.get_by_role("row", name=clinic)).to_contain_text("CHF")
    expect(page.get_by_text(link)).to_have_count(0)
    _comes_in(dark_phone.new_page(), link, clinic)
    operator.has_heard_nothing()


def _comes_in(page: Page, link: str, clinic: str) -> None:
    """By the link, and finds the clinic empty."""
    page.goto(link)
    ada = Walker(page, scripts=True)
    expect(page.get_by_text("You are Ada Lovelace")).to_contain_text(clinic)
    ada.arrive("Choose a password")
    page.get_by_label("Password").fill(PASSWORD)
    ada.press("Go on")
    ada.arrive(clinic)
    for name, told in (
        ("Clinic", "CHF"),
        ("Staff", "Ada Lovelace"),
        ("Connections", "Nothing was offered to you."),
        ("Custom fields", "There is no field yet."),
        ("API keys", "no key"),
    ):
        ada.menu(name)
        expect(page.locator("main")).to_contain_text(told)
    expect(page.get_by_role("link", name="Clinics of this server")).to_have_count(0)
    page.goto(link)
    ada.arrive("This link does not work")
    ada.has_heard_nothing()
