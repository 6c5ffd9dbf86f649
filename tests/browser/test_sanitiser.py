# SPDX-License-Identifier: Apache-2.0
"""All vectors are stored through the API and opened in a browser, without the policy that would stop what gets by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Request

from tests.dialects.harness import Practice
from tests.dialects.vetcheck import xss_vectors

PAGE = "http://vet.example/"
AN_OWN_ONE = 100_001
TRAP = "window.ran = 0; window.pwn = () => { window.ran += 1 }"
# What a person may do to a page: point at, click and type into everything, and scroll.
TOUCH = """() => {
  for (const one of document.querySelectorAll('body *')) {
    if (one.matches('a[href]')) continue;
    for (const name of ['mouseover', 'pointerover', 'click', 'focus', 'input', 'change', 'toggle', 'error', 'load'])
      one.dispatchEvent(new Event(name, {bubbles: true}));
    if (one.focus) one.focus();
  }
  window.scrollTo(0, 1000);
}"""
SCHEMES = "() => [...document.querySelectorAll('a[href]')].map(a => a.protocol)"
HARMLESS = {"http:", "https:", "mailto:", "tel:"}


class Watched:
    """A page that notes what it should not do; pictures that come by https may be asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.told: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.add_init_script(TRAP)
        page.route("**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body>"))

    def _dialog(self, dialog: Dialog) -> None:
        self.told.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        picture = request.resource_type == "image" and request.url.startswith("https://")
        if not picture and not request.url.startswith("data:"):
            self.asked.append(request.url)

    def show(self, html: str) -> None:
        """Put it where pages put it, and do with it what a person may."""
        self.page.goto(PAGE)
        self.asked.clear()
        self.page.set_content(f"<!doctype html><title>t</title><main>{html}</main>", wait_until="load")
        self.page.evaluate(TOUCH)

    def ran(self) -> int:
        """How often something ran."""
        return int(self.page.evaluate("window.ran"))


@pytest.fixture
def watched(desktop: BrowserContext) -> Iterator[Watched]:
    """A new page."""
    page = desktop.new_page()
    yield Watched(page)
    page.close()


def test_the_trap_works(watched: Watched) -> None:
    """Otherwise nothing would be proven: what is not made safe runs, and asks for what it names."""
    watched.show("<img src=x onerror=pwn()><p onmouseover=pwn()>x</p><script>pwn()</script>")
    watched.page.wait_for_function("window.ran >= 3")
    assert watched.asked


def test_nothing_of_a_vector_runs_or_loads(module_practice: Practice, watched: Watched) -> None:
    http = module_practice.vetcheck
    assert http.put("/handouts/1", json={}).json()["id"] == AN_OWN_ONE
    stored: list[str] = []
    for vector in xss_vectors.ALL:
        body = {"html": vector.replace("\x00", "&#0;")}  # JSON with a null character is refused
        answer = http.put(f"/handouts/{AN_OWN_ONE}", json=body)
        assert answer.status_code == 200, (vector, answer.text)
        shown = http.get(f"/handouts/{AN_OWN_ONE}", headers={"accept": "text/html"})
        assert shown.text == answer.json()["html"]
        stored.append(shown.text)
    for start in range(0, len(stored), 20):
        # Several on a page, each in a box of its own, so that what is not closed does not hide the next.
        piece = stored[start : start + 20]
        watched.show("".join(f"<section>{html}</section>" for html in piece))
        assert watched.page.url == PAGE
        assert set(watched.page.evaluate(SCHEMES)) <= HARMLESS, piece
        watched.page.wait_for_timeout(30)
        assert (watched.ran(), watched.told) == (0, []), piece
        assert [url for url in watched.asked if not url.startswith(PAGE)] == [], piece


def test_markdown_that_lets_html_through_runs_nothing(module_practice: Practice, watched: Watched) -> None:
    from markdown_it import MarkdownIt

    from polyvet.core.rendering import forms_of

    render = MarkdownIt("commonmark", {"html": True}).enable("table").render
    shown = [str(render(forms_of(vector)[1])) for vector in xss_vectors.ALL]
    watched.show("".join(f"<section>{html}</section>" for html in shown))
    watched.page.wait_for_timeout(30)
    assert (watched.ran(), watched.told) == (0, [])
    assert [url for url in watched.asked if not url.startswith(PAGE)] == []


def test_the_answer_as_it_is_served_runs_nothing_even_unclean(
    module_practice: Practice, desktop: BrowserContext
) -> None:
    """The policy of the answer is the second wall: a page of our own origin that is opened by itself is sandboxed."""
    page = desktop.new_page()
    page.set_extra_http_headers({"authorization": "Bearer vetcheck_main"})
    answer = page.goto(f"{module_practice.server.url}/handouts/2")
    assert answer is not None
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.locator("h1").text_content() == "Fleas"
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
