# SPDX-License-Identifier: Apache-2.0
"""Signing in to VetCheck in a real browser: register, consent, refuse, and the code back at the application."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME
from polyvet.identity import applications
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.browser.chromium import no_serious_faults
from tests.dialects.harness import Practice
from tests.dialects.page import VERIFIER, challenge

NARROW = {"width": 320, "height": 600}
PASSWORD = "four plain words here"


class Callback:
    """An integrator's own little server: notes what the browser brings back."""

    def __init__(self) -> None:
        self.came: list[dict[str, str]] = []
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/callback":
                    came.append({name: found for name, [found] in parse_qs(parts.query).items()})
                    came[-1]["referer"] = self.headers.get("referer", "")
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Back</title><h1>Back at the application</h1>")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)  # browsers open connections in advance
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}/callback"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def callback() -> Iterator[Callback]:
    """Where the browser comes back to."""
    server = Callback()
    yield server
    server.close()


class App:
    """An application of VetCheck that a user is sent from."""

    def __init__(self, practice: Practice, callback: Callback) -> None:
        new = applications.NewApplication(
            clinic_id=MAIN_CLINIC, dialect=NAME, name="Waiting room", scopes=SCOPES, redirect_uris=(callback.uri,),
            for_itself=False,
        )  # fmt: skip
        self._callback = callback
        self._application, self._secret = practice.run(lambda store: applications.create(store, new))
        self._url = practice.served_otherwise(registration=True).server.url

    def url(self) -> str:
        """Where it sends its users."""
        asked = {
            "audience": AUDIENCE, "scope": "openid email offline_access read:handouts", "response_type": "code",
            "client_id": self._application.client_id, "redirect_uri": self._callback.uri, "state": "xyz",
            "code_challenge": challenge(), "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self._url}/code?{urlencode(asked)}"

    def tokens(self, code: str) -> dict[str, str]:
        """What it gets for a code."""
        body = {
            "grant_type": "authorization_code", "client_id": self._application.client_id, "client_secret": self._secret,
            "code": code, "redirect_uri": self._callback.uri, "code_verifier": VERIFIER,
        }  # fmt: skip
        answer = httpx.post(f"{self._url}/oauth/token", json=body, trust_env=False)
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found


def _fits(page: Page) -> None:
    """Nothing sticks out at the side of a narrow phone, and axe finds no serious fault."""
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    no_serious_faults(page)


def _register(page: Page, email: str) -> None:
    page.get_by_role("link", name="Register").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Your name").fill("Robin Hale")
    page.get_by_label("Practice").fill("Hale & Cat")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()


def test_a_stranger_registers_allows_and_the_code_comes_back(
    phone: BrowserContext, module_practice: Practice, callback: Callback
) -> None:
    app = App(module_practice, callback)
    page = phone.new_page()
    page.goto(app.url())
    assert page.title() == "Sign in"
    _fits(page)
    _register(page, "robin@browser.example")
    assert "Waiting room asks for access" in (page.text_content("h1") or "")
    _fits(page)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{callback.uri}?*")
    [back] = callback.came
    assert set(back) == {"code", "state", "iss", "referer"}
    assert (back["state"], back["referer"]) == ("xyz", "")
    assert app.tokens(back["code"])["token_type"] == "Bearer"

    page.goto(app.url())  # signed in already: consent is asked for again
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{callback.uri}?*")
    assert (callback.came[-1]["error"], callback.came[-1]["state"]) == ("access_denied", "xyz")
    assert "code" not in callback.came[-1]


def test_without_javascript_a_user_signs_in_out_and_registers_an_application(
    without_javascript: BrowserContext, module_practice: Practice, callback: Callback
) -> None:
    app = App(module_practice, callback)
    page = without_javascript.new_page()
    page.goto(app.url())
    _register(page, "kim@browser.example")
    page.goto(app.url().partition("/code")[0] + "/account")
    assert "Your role is free" in page.inner_text("main")
    page.get_by_label("Promo code").fill("nonsense")
    page.get_by_role("button", name="Use the code").click()
    assert "not known here" in page.inner_text("main")
    page.get_by_role("link", name="Applications").click()
    page.get_by_label("Name").fill("Mine")
    page.get_by_label("Redirect URIs").fill("http://example.org/")
    page.get_by_role("button", name="Register").click()
    assert "http is for this machine only" in page.inner_text("main")
    page.get_by_label("Redirect URIs").fill(callback.uri)
    page.get_by_role("button", name="Register").click()
    assert "Keep the secret now" in page.inner_text("main")
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    assert page.title() == "Sign in"
    page.get_by_label("E-mail").fill("kim@browser.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert "Robin Hale" in page.inner_text("h1")


def test_the_account_is_for_narrow_phones_too(
    phone: BrowserContext, module_practice: Practice, callback: Callback
) -> None:
    page = phone.new_page()
    page.goto(App(module_practice, callback).url())
    _register(page, "ali@browser.example")
    base = page.url.partition("/code")[0]
    for path in ("/register", "/account", "/account/applications", "/logout"):
        page.goto(base + path)
        _fits(page)
    page.goto(base + "/account/applications")
    page.get_by_label("Name").fill("My application of quite some name")
    page.get_by_label("Redirect URIs").fill(f"{callback.uri}?{'x' * 200}")
    page.get_by_role("button", name="Register").click()
    _fits(page)
