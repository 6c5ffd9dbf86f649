# SPDX-License-Identifier: Apache-2.0
"""Into the console and out of it in a real browser: by keyboard, without a script, and with somebody else's pages in
between who would like to be let in, too."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from polyvet.identity import sessions
from polyvet.model.access import Role
from tests.browser.people import page_of
from tests.console.people import EMAILS, OTHER_OWNER
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.vetcheck.signing_in import user_of
from tests.identity.people import a_session

AINO, TOBIAS, MAIJA = (EMAILS[role] for role in (Role.OWNER, Role.VET, Role.NURSE))
# Another site, and another origin of the same site, to whose forms and frames browsers give our cookies.
STRANGERS = ("http://evil.example", "http://127.0.0.1:8099")


def _sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _stranger_shows(page: Page, origin: str, html: str) -> None:
    """Open a page of somebody else's."""

    def answer(route: Route) -> None:
        route.fulfill(body=f"<!doctype html><title>Kittens</title>{html}", content_type="text/html")

    page.route(f"{origin}/**", answer)
    page.goto(f"{origin}/kittens")


def _cookie(page: Page) -> str:
    return next(one.get("value", "") for one in page.context.cookies() if one.get("name") == sessions.COOKIE)


@pytest.mark.parametrize("context", ["desktop", "without_javascript"])
def test_somebody_signs_in_and_out_by_keyboard(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    page: Page = request.getfixturevalue(context).new_page()
    page.goto(f"{module_practice.server.url}/console/account")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    for text in (AINO, PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    button = page.get_by_role("button", name="Sign out")
    for _ in range(5):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_what_was_wrong_is_told_and_what_was_typed_is_kept(module_practice: Practice, desktop: BrowserContext) -> None:
    page = desktop.new_page()
    page.goto(f"{module_practice.server.url}/console")
    page.get_by_label("E-mail").fill("nobody@new.example")
    page.get_by_label("Password").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value("nobody@new.example")
    expect(page.get_by_label("Password")).to_have_value("")


@pytest.mark.parametrize("next_", ["//evil.example/", "/\\evil.example", "https:evil.example", "/%09/evil.example"])
def test_signing_in_leads_nowhere_else(practice: Practice, desktop: BrowserContext, next_: str) -> None:
    page = desktop.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{practice.server.url}/console/sign-in?next={next_}")
    _sign_in(page, TOBIAS)
    expect(page.get_by_role("button", name="Sign out").or_(page.get_by_role("alert"))).to_be_visible()
    assert all(url.startswith(practice.server.url) for url in asked), asked


def test_a_session_that_a_stranger_planted_stays_the_strangers(
    module_practice: Practice, desktop: BrowserContext
) -> None:
    stranger = user_of(module_practice, OTHER_OWNER[1], OTHER_OWNER[0])
    planted = module_practice.run(lambda store: a_session(store, stranger))
    url = module_practice.server.url
    desktop.add_cookies([{"name": name, "value": planted, "url": url} for name in (sessions.COOKIE, "polyvet_console")])
    page = desktop.new_page()
    page.goto(f"{url}/console/sign-in")
    _sign_in(page, MAIJA)
    expect(page.get_by_role("link", name="Maija Sundqvist")).to_be_visible()
    assert _cookie(page) != planted
    other = module_practice.client()
    other.cookies.set(sessions.COOKIE, planted)
    assert other.get("/console").status_code == 303, "nobody's"


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_page_is_framed(module_practice: Practice, desktop: BrowserContext, origin: str) -> None:
    page = page_of(module_practice, desktop)
    url = module_practice.server.url
    frames = "".join(f'<iframe src="{url}/console/{path}"></iframe>' for path in ("", "account", "sign-in"))
    _stranger_shows(page, origin, frames)
    page.wait_for_load_state("networkidle")
    assert len(page.frames) == 4
    for frame in page.frames[1:]:
        assert frame.url.startswith("chrome-error:"), frame.url
        assert frame.locator("main, form, .bar").count() == 0


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_form_of_a_stranger_does_nothing(module_practice: Practice, desktop: BrowserContext, origin: str) -> None:
    page = page_of(module_practice, desktop)
    secret, url = _cookie(page), module_practice.server.url
    _stranger_shows(page, origin, f'<form method="post" action="{url}/console/sign-out"><button>Win</button></form>')
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in" if "evil" in origin else "This did not work")
    mine = module_practice.client()
    mine.cookies.set(sessions.COOKIE, secret)
    assert mine.get("/console/account").status_code == 200


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_stranger_signs_nobody_in_as_themselves(practice: Practice, desktop: BrowserContext, origin: str) -> None:
    page = desktop.new_page()
    page.goto(f"{practice.server.url}/console/sign-in")  # its guard's cookie is there
    fields = f'<input name="email" value="{OTHER_OWNER[1]}"><input name="password" value="{PASSWORD}">'
    action = f"{practice.server.url}/console/sign-in"
    _stranger_shows(page, origin, f'<form method="post" action="{action}">{fields}<button>Win</button></form>')
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("does not come from this site")
    page.goto(f"{practice.server.url}/console/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_strangers_script_reads_nothing(module_practice: Practice, desktop: BrowserContext, origin: str) -> None:
    page = page_of(module_practice, desktop)
    _stranger_shows(page, origin, "")
    asking = "url => fetch(url, {credentials: 'include'}).then(answer => answer.text(), error => error.name)"
    assert page.evaluate(asking, f"{module_practice.server.url}/console/account") == "TypeError"
