# SPDX-License-Identifier: Apache-2.0
"""The pages of who is signed in, and those of signing in, in a real browser on a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import LOOKS, fits_everybody
from tests.browser.people import page_of
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.shared import BLUEY, FORM, HANDOUT, queued, shared
from tests.dialects.vetcheck.signing_in import Integrator
from tests.dialects.vetcheck.test_vet_forms import BONCUK, OWNER


@pytest.fixture
def opened(module_practice: Practice) -> Practice:
    """The practice where strangers may register."""
    return module_practice.served_otherwise(registration=True)


def begin_a_vet_form(page: Page, practice: Practice) -> None:
    """From the account's page on."""
    page.goto(f"{practice.server.url}/account")
    page.get_by_role("link", name="Vet forms").click()
    page.get_by_label("Form", exact=True).select_option("Ultrasound report")
    page.get_by_label("Patient").fill(BONCUK)
    page.get_by_label("Owner’s e-mail").fill(OWNER)
    page.get_by_role("button", name="Begin").click()


def test_staff_fill_in_a_vet_form(fresh_practice: Practice, without_javascript: BrowserContext) -> None:
    page = page_of(fresh_practice, without_javascript)
    begin_a_vet_form(page, fresh_practice)
    path = page.url.removeprefix(fresh_practice.server.url)
    expect(page.get_by_label("Pet")).to_have_value("Boncuk")
    page.get_by_label("First name").fill("Élif <b>")
    page.get_by_label("Send a copy").uncheck()
    page.get_by_role("button", name="Complete").click()
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    alert.get_by_role("link", name="I agree").click()
    expect(page.get_by_label("I agree")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_label("Send a copy")).not_to_be_checked()
    page.get_by_role("button", name="Save and go on later").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("link", name="All vet forms").click()
    expect(page.get_by_role("listitem")).to_contain_text("incomplete")
    page.get_by_role("link", name="Ultrasound report").click()
    expect(page.get_by_label("First name")).to_have_value("Élif <b>")
    page.get_by_label("E-mail", exact=True).fill(OWNER)
    page.get_by_label("Send a copy").uncheck()
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("Complete since")).to_be_visible()
    expect(page.locator(".answer").first).to_have_text("Élif <b>")
    assert page.locator("form, input, button").count() == 0
    found = fresh_practice.vetcheck.get(f"/vetforms/{path.rpartition('/')[2]}/get").json()
    assert found["status"] == "complete"
    assert [mail.recipient for mail in queued(fresh_practice)] == ["desk@harbour-street.example"]


def test_a_link_is_revoked(fresh_practice: Practice, without_javascript: BrowserContext) -> None:
    page = page_of(fresh_practice, without_javascript)
    link = f"{fresh_practice.server.url}/s/{shared(fresh_practice.vetcheck, HANDOUT, BLUEY)}"
    page.goto(f"{fresh_practice.server.url}/account/shares")
    page.get_by_role("button", name="Revoke the link").click()
    expect(page.get_by_text("Revoked")).to_be_visible()
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dr. Aino Laakso")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work")


@LOOKS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_signing_in_is_open_to_everybody(opened: Practice, desktop: BrowserContext, scheme: str) -> None:
    page = desktop.new_page()
    _by(page, scheme)
    for path in ("/", "/login", "/register", "/code", "/account/nothing"):
        page.goto(opened.server.url + path)
        fits_everybody(page)
    page.goto(f"{opened.server.url}/register")
    page.locator("form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Register").click()
    expect(page.locator("[aria-invalid]")).to_have_count(4)
    fits_everybody(page)
    page.goto(f"{opened.server.url}/login")
    page.get_by_label("E-mail").fill(f"{scheme}@mail.example")
    page.get_by_label("Password").fill("nonsense")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    fits_everybody(page)


@LOOKS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_an_account_is_open_to_everybody(opened: Practice, desktop: BrowserContext, scheme: str) -> None:
    shared(opened.vetcheck, FORM, BLUEY)
    page = page_of(opened, desktop)
    _by(page, scheme)
    asked = Integrator(opened).asking(promo_code="spring")
    for path in ("/account", "/account/applications", "/account/shares", "/account/vetforms", "/logout"):
        page.goto(opened.server.url + path)
        fits_everybody(page)
    page.goto(str(opened.client().build_request("GET", "/code", params=asked).url))
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    fits_everybody(page)
    _register_an_application(page, opened, scheme)
    begin_a_vet_form(page, opened)
    fits_everybody(page)
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_be_visible()
    fits_everybody(page)
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("E-mail", exact=True).fill(OWNER)
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("Complete since")).to_be_visible()
    fits_everybody(page)


def _by(page: Page, scheme: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")


def _register_an_application(page: Page, practice: Practice, name: str) -> None:
    """First in vain."""
    page.goto(f"{practice.server.url}/account/applications")
    page.get_by_label("Name").fill(name)
    uris = page.get_by_label("Redirect URIs")
    uris.fill("http://vet.example/callback")
    page.get_by_role("button", name="Register").click()
    expect(uris).to_have_attribute("aria-invalid", "true")
    fits_everybody(page)
    uris.fill("https://vet.example/callback")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("status")).to_contain_text("Client secret")
    fits_everybody(page)
