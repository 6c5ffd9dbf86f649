# SPDX-License-Identifier: Apache-2.0
"""What owners open from a shared link, in a real browser on the screen of a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from polyvet.core.filling import fields
from tests.browser.chromium import LOOKS, fits_everybody
from tests.dialects.harness import Practice
from tests.dialects.library import FORM_HTML
from tests.dialects.vetcheck.shared import BLUEY, FORM, HANDOUT, latest, queued, share_of, shared, submission

SAID = {
    **BLUEY, "comments": "Hello Anna,\nas we said.", "special_instructions": "No baths for a week.",
    "next_appointment": "2030-03-18T09:30:00Z",
}  # fmt: skip
WIDTHS = (320, 375, 768, 1280, 1920)


@pytest.fixture
def p(module_practice: Practice) -> Practice:
    """A practice where nobody counts what is shared."""
    return module_practice.served_otherwise(limits="off")


@pytest.fixture(params=["phone", "without_javascript"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page on a phone, with JavaScript and without; none of what it shows is blocked or fails."""
    context: BrowserContext = request.getfixturevalue(request.param)
    page = context.new_page()
    told: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "status of 422" not in message.text and "favicon" not in str(message.location):
            told.append(message.text)

    page.on("console", hear)
    yield page
    assert not told


def url(p: Practice, token: str) -> str:
    """A link."""
    return f"{p.server.url}/s/{token}"


def send(page: Page) -> None:
    """Press the button."""
    page.get_by_role("button", name="Send to the clinic").click()


def test_an_owner_fills_in_a_form_on_a_phone(p: Practice, page: Page) -> None:
    token = shared(p.vetcheck, FORM, SAID)
    page.goto(url(p, token))
    expect(page.get_by_text("as we said.")).to_be_visible()
    expect(page.get_by_label("Pet")).to_have_value("Bluey")
    page.get_by_label("First name").fill("Anna <b>")
    page.get_by_label("E-mail").fill("anna@")
    page.get_by_label("Notes").fill("one\ntwo")
    send(page)
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert.get_by_role("link")).to_have_text(["E-mail", "I agree"])
    expect(page.get_by_label("Notes")).to_have_value("one\ntwo")
    alert.get_by_role("link", name="E-mail").click()
    mail = page.get_by_label("E-mail")
    expect(mail).to_be_focused()
    expect(mail).to_have_accessible_description("Write an e-mail address, such as name@example.org.")
    mail.fill("anna@mail.example")
    page.get_by_role("button", name="Save and go on later").click()
    expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
    page.goto("about:blank")
    page.goto(url(p, token))
    expect(page.get_by_label("E-mail")).to_have_value("anna@mail.example")
    page.get_by_label("Sex").select_option("Female")
    page.get_by_label("I agree").check()
    send(page)
    expect(page.get_by_text("Sent on")).to_be_visible()
    assert page.url == url(p, token)
    expect(page.locator(".answer")).to_have_text(["Anna <b>", "anna@mail.example", "Bluey", "Female", "one two", "Yes"])
    page.reload()
    expect(page.get_by_text("Sent on")).to_be_visible()
    assert page.locator("form, input, button").count() == 0


@LOOKS
def test_a_handout_is_read_on_a_phone(p: Practice, page: Page) -> None:
    page.goto(url(p, shared(p.vetcheck, HANDOUT, SAID)))
    expect(page.get_by_role("heading", level=1)).to_have_text("Fleas")
    expect(page.get_by_text("Monday, 18 March 2030, 11:30 (Europe/Helsinki)")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Add it to your calendar").click()
    assert downloading.value.suggested_filename == "appointment.ics"
    assert "DTSTART:20300318T093000Z" in downloading.value.path().read_text()


def test_a_hasty_owner_sends_once(p: Practice, page: Page) -> None:
    token = shared(p.vetcheck, FORM)
    count, mails = len(latest(p)), len(queued(p))
    page.goto(url(p, token))
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send to the clinic").dblclick()
    expect(page.get_by_text("Sent on")).to_be_visible()
    assert page.url != url(p, token)
    assert (len(latest(p)), len(queued(p))) == (count + 1, mails + 2)
    page.goto(url(p, token))  # whoever opens the link next begins anew
    expect(page.get_by_label("First name")).to_have_value("")


@LOOKS
def test_no_answer_becomes_part_of_the_page(p: Practice, page: Page) -> None:
    token = shared(p.vetcheck, FORM, {**BLUEY, "name": "</title><img src=x>", "comments": "<svg onload=alert(1)>"})
    vector = "\"'></textarea></span><img src=x onerror=alert(1)><script>alert(1)</script>"
    page.on("dialog", lambda _: pytest.fail("something ran"))
    page.goto(url(p, token))
    page.get_by_label("First name").fill(vector[:60])
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("Notes").fill(vector)
    send(page)
    expect(page.get_by_label("Notes")).to_have_value(vector)
    assert page.locator("img, script, svg").count() == 0
    page.get_by_label("I agree").check()
    send(page)
    expect(page.get_by_text("Sent on")).to_be_visible()
    expect(page.get_by_text(vector)).to_be_visible()
    assert page.locator("img, script, svg").count() == 0


@LOOKS
def test_every_page_is_open_to_everybody(p: Practice, phone: BrowserContext) -> None:
    page = phone.new_page()
    for token in (shared(p.vetcheck, HANDOUT, SAID), shared(p.vetcheck, FORM), "x" * 43):
        page.goto(url(p, token))
        fits_everybody(page)
    _through_a_form(page, url(p, shared(p.vetcheck, FORM, SAID)))


@LOOKS
def test_nor_does_the_night_keep_anybody_out(p: Practice, dark_phone: BrowserContext) -> None:
    page = dark_phone.new_page()
    page.goto(url(p, shared(p.vetcheck, HANDOUT, SAID)))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 25, 26)"
    fits_everybody(page)
    _through_a_form(page, url(p, shared(p.vetcheck, FORM, SAID)))


def _through_a_form(page: Page, link: str) -> None:
    """Look at a form with problems, as a draft, and when it was sent."""
    page.goto(link)
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()
    fits_everybody(page)
    page.get_by_role("button", name="Save and go on later").click()
    expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
    fits_everybody(page)
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("I agree").check()
    send(page)
    expect(page.get_by_text("Sent on")).to_be_visible()
    fits_everybody(page)


@LOOKS
def test_pages_fit_every_screen(p: Practice, desktop: BrowserContext) -> None:
    words = "Donaudampfschifffahrtsgesellschaft" * 6
    page = desktop.new_page()
    for path in (HANDOUT, FORM):
        page.goto(url(p, shared(p.vetcheck, path, {**SAID, "name": words[:200], "comments": words})))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") == width


@LOOKS
def test_a_page_prints_what_is_to_be_read(p: Practice, desktop: BrowserContext) -> None:
    page = desktop.new_page()
    page.goto(url(p, shared(p.vetcheck, HANDOUT, SAID)))
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    for text in ("Comb your cat daily.", "No baths for a week.", "Monday, 18 March 2030, 11:30", "For Bluey"):
        expect(page.get_by_text(text)).to_be_visible()
    expect(page.get_by_text("Add it to your calendar")).to_be_hidden()
    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


@LOOKS
def test_what_was_sent_is_kept_as_it_was_shown(p: Practice, phone: BrowserContext) -> None:
    token = shared(p.vetcheck, FORM, BLUEY)
    page = phone.new_page()
    page.goto(url(p, token))
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("I agree").check()
    send(page)
    expect(page.get_by_text("Sent on")).to_be_visible()
    held = submission(p, share_of(p, token))
    assert held is not None
    assert list(held.answers) == [field.name for field in fields(FORM_HTML)]
    article = page.locator("article")
    assert (
        article.inner_text().split()
        == page.evaluate(
            "html => { const one = document.createElement('div'); one.innerHTML = html; return one.innerText }",
            held.shown,
        ).split()
    )
