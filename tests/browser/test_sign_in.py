# SPDX-License-Identifier: Apache-2.0
"""Signing in for an application, in a real browser: from its redirect to `/code` until a code is back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.vetcheck.signing_in import COLLEAGUE, STATE, Integrator, made

SCOPE = "offline_access read:handouts"


@dataclass
class World:
    """An application, the server that a user signs in at, and another origin, to which the browser goes back."""

    server: Practice
    application: Integrator
    redirect_uri: str

    def ask(self, page: Page) -> None:
        """Where the application sends the browser; without PKCE, as the vendor's page has it."""
        asked = self.application.asking(
            redirect_uri=self.redirect_uri, scope=SCOPE, nonce=None, code_challenge=None, code_challenge_method=None
        )
        page.goto(f"{self.server.server.url}/code?{urlencode(asked)}")

    def told(self, page: Page) -> dict[str, str]:
        """What the browser brings back."""
        page.wait_for_url(f"{self.redirect_uri}?**")
        found = dict(parse_qsl(urlsplit(page.url).query))
        assert (found["state"], found["iss"]) == (STATE, f"{self.server.server.url}/")
        return found


@pytest.fixture(scope="module")
def world(module_practice: Practice) -> World:
    """Where strangers may register."""
    server = module_practice.served_otherwise(registration=True)
    redirect_uri = f"{module_practice.server.url}/health"
    return World(server, Integrator(server, redirect_uris=(redirect_uri,)), redirect_uri)


@pytest.fixture(params=["phone", "without_javascript"])
def page(request: pytest.FixtureRequest) -> Page:
    """A page on a phone, with JavaScript and without."""
    context: BrowserContext = request.getfixturevalue(request.param)
    return context.new_page()


def test_a_stranger_registers_consents_and_brings_a_code(world: World, page: Page) -> None:
    world.ask(page)
    page.get_by_role("link", name="Register").click()
    page.get_by_label("E-mail").fill("robin@new.example")
    page.get_by_label("Your name").fill("Robin Hale")
    page.get_by_label("Practice").fill("Hale & Cat")
    page.get_by_label("Password").fill("four plain words here")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting <room> asks for access to your account")
    expect(page.get_by_role("main")).to_contain_text("Robin Hale (robin@new.example) at Hale & Cat")
    page.get_by_role("button", name="Allow").click()
    code = world.told(page)["code"]
    asked = {"code": code, "redirect_uri": world.redirect_uri}
    tokens = made(world.application.token("authorization_code", **asked))
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 86_400, SCOPE)
    http = world.server.client(tokens["id_token"])
    assert http.get("/handouts?$count").json() == {"count": 3}, "what is free"
    assert made(world.application.refresh(tokens["refresh_token"]))["ID_TOKEN"]


def test_who_has_a_password_signs_in_by_keyboard_and_cancels(world: World, page: Page) -> None:
    world.ask(page)
    for text in (COLLEAGUE, PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    for _ in range(3):  # past the other account, and allowing it
        page.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    found = world.told(page)
    assert found["error"] == "access_denied"
    assert "code" not in found
    world.ask(page)  # the session lasts, and allows nothing by itself
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_a_wrong_password_is_told_where_it_can_be_mended(world: World, page: Page) -> None:
    world.ask(page)
    page.get_by_label("E-mail").fill("nobody@new.example")
    page.get_by_label("Password").fill("nonsense")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    expect(page.get_by_label("E-mail")).to_have_value("nobody@new.example")
    page.get_by_label("E-mail").fill(COLLEAGUE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
