# SPDX-License-Identifier: Apache-2.0
"""What the console's script adds to pages: lines that are copied by a button, boxes that are scrolled by keyboard, and
a reader who is led to what is wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.chromium import LOOKS, fits_everybody
from tests.browser.people import heard
from tests.dialects.harness import Practice

pytestmark = LOOKS
LINE = "curl -H 'Authorization: Bearer $KEY' 'http://127.0.0.1:8000/api/v1/patients?a=1&b=2'"
_CELLS = "".join(f"<td>{'column' * 3}</td>" for _ in range(9))
_SPECIMEN = f"""<!doctype html><html lang="en"><title>Specimen</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/console/static/console.css"><script src="/console/static/console.js" defer></script>
<main><h1>Specimen</h1><p class="wrong" role="alert">Nothing was changed.</p>
<pre class="copy"><code>{LINE.replace("&", "&amp;")}</code></pre>
<div class="scroll"><table class="list"><tr>{_CELLS}</tr></table></div>
<form class="filter"><p><label for="a">A</label><select id="a"><option>Any</option></select></p>
<p class="check"><input type="checkbox" id="b"><label for="b">B</label></p>
<p class="buttons"><button class="main">Show</button><button class="danger">End</button></p></form>
<form method="post"><p><button>Send</button></p></form></main></html>"""


@pytest.fixture
def page(practice: Practice, phone: BrowserContext) -> Page:
    """A page with one of each."""
    phone.grant_permissions(["clipboard-read", "clipboard-write"])
    page = phone.new_page()

    def answer(route: Route) -> None:
        route.fulfill(body=_SPECIMEN, content_type="text/html")

    page.route("**/console/specimen", answer)
    page.goto(f"{practice.server.url}/console/specimen")
    return page


def test_a_line_is_copied_as_it_stands(page: Page) -> None:
    told = heard(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == LINE
    assert page.locator("pre code").inner_text() == LINE
    assert not told


def test_where_nothing_may_be_copied_the_line_is_marked(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no')) }")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Marked")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == LINE


def test_a_form_is_sent_once_by_a_double_click(page: Page) -> None:
    sent = """() => [1, 2].map(() => document.querySelector("form[method=post]").dispatchEvent(
        new SubmitEvent("submit", {cancelable: true})))"""
    assert page.evaluate(sent) == [True, False]


def test_a_wide_table_is_scrolled_by_keyboard(page: Page) -> None:
    box = page.locator(".scroll")
    expect(box).to_have_attribute("tabindex", "0")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")
    fits_everybody(page)


def test_who_sent_what_does_not_hold_is_led_to_what_is_wrong(page: Page) -> None:
    expect(page.get_by_role("alert")).to_be_focused()
