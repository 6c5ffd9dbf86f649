# SPDX-License-Identifier: Apache-2.0
"""Every page of the console is open to everybody: on a phone and a wide screen, by day and by night, with a script and
without, in larger letters, on paper."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page

from polyvet.model.access import Role
from tests.browser.chromium import LOOKS, fits_everybody, no_serious_faults
from tests.browser.people import heard, page_of
from tests.console.pages import addresses, furnished
from tests.console.people import Colleague
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import HOOK

pytestmark = LOOKS
PHONE, LAPTOP, WALL = (320, 640), (1280, 900), (1920, 1080)
PAPER = (688, 970)  # A4 within its margins
LEAST_TARGET = 24  # CSS pixels (WCAG 2.2, 2.5.8); a link within a sentence may be smaller
_TOO_SMALL = f"""
() => [...document.querySelectorAll(
        'button, summary, select, textarea, input:not([type=hidden]), nav a, .bar a, td a, th a')]
    .filter(one => one.checkVisibility())
    .map(one => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.height < {LEAST_TARGET} - 2.5 || box.width < {LEAST_TARGET} - 2.5)
    .map(([one]) => one.outerHTML)
"""
_TOO_WIDE = "[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth + 1)"
_SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"


@pytest.fixture(scope="module")
def found(module_practice: Practice) -> dict[str, str]:
    """Where the owner's pages stand."""
    furnished(module_practice)
    return addresses(Colleague(module_practice, Role.OWNER))


def _opened(page: Page, practice: Practice, address: str) -> None:
    page.goto(practice.server.url + address, wait_until="load")


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), page.url


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_page_is_open_to_everybody(
    module_practice: Practice, found: dict[str, str], desktop: BrowserContext, size: tuple[int, int]
) -> None:
    page = page_of(module_practice, desktop)
    told = heard(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    faults = {}
    for address in found.values():
        page.emulate_media(color_scheme="light")
        _opened(page, module_practice, address)
        try:
            _is_open(page, by_finger=size == PHONE)
            page.emulate_media(color_scheme="dark")
            no_serious_faults(page, "color-contrast")
        except AssertionError as fault:  # all pages' faults are told together
            faults[address] = str(fault)
    assert not faults, "\n".join(f"{address}: {fault}" for address, fault in faults.items())
    assert not told


def _is_open(page: Page, *, by_finger: bool) -> None:
    if by_finger:
        fits_everybody(page)
    else:
        no_serious_faults(page)
        _fits(page)
    small = page.evaluate(_TOO_SMALL)
    assert small == [], small


def test_nothing_needs_a_script_or_a_narrow_screen(
    module_practice: Practice, found: dict[str, str], without_javascript: BrowserContext
) -> None:
    page = page_of(module_practice, without_javascript)
    for size in (PHONE, WALL):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for path, address in found.items():
            _opened(page, module_practice, address)
            if path.endswith("/try"):
                continue  # where requests are tried a script sends them
            assert page.locator("h1").count() == 1
            assert page.locator("main").inner_text().strip()
            _fits(page)


def test_texts_may_be_larger_and_further_apart(
    module_practice: Practice, found: dict[str, str], desktop: BrowserContext
) -> None:
    page = page_of(module_practice, desktop)
    page.set_viewport_size({"width": 640, "height": 480})  # 1280 pixels at 200 %
    for address in found.values():
        _opened(page, module_practice, address)
        page.evaluate("text => { const all = new CSSStyleSheet(); all.replaceSync(text);"
                      " document.adoptedStyleSheets = [all] }", _SPACED)  # fmt: skip
        _fits(page)


def test_tables_need_no_scrolling_on_a_laptop_nor_on_paper(
    module_practice: Practice, found: dict[str, str], desktop: BrowserContext
) -> None:
    target = f"https://receiver.example/{'tenant-8f14e45fceea167a/' * 6}events?token={'0123456789' * 4}"
    hook = {**HOOK, "target_url": target, "name": ""}
    module_practice.provet.post("/4/api/0.1/hook/webhook/", json=hook).raise_for_status()
    page = page_of(module_practice, desktop)
    wide = []
    sizes: tuple[tuple[Literal["screen", "print"], tuple[int, int]], ...] = (("screen", LAPTOP), ("print", PAPER))
    for path in ("webhooks", "deliveries", "requests", "audit", "settings", "staff", "keys", "applications"):
        for media, (width, height) in sizes:
            page.emulate_media(media=media)
            page.set_viewport_size({"width": width, "height": height})
            _opened(page, module_practice, found[path])
            if page.evaluate(_TOO_WIDE):
                wide.append((path, media))
    assert wide == []


def test_on_paper_there_is_nothing_to_press(
    module_practice: Practice, found: dict[str, str], desktop: BrowserContext
) -> None:
    page = page_of(module_practice, desktop)
    page.emulate_media(media="print")
    for path in ("account", "keys/{key}", "connections", "requests", "lists/{list}"):
        # Of the lists it is the one in which the clinic has an entry of its own, which is switched off in its row.
        address = "/console/lists/insurers" if path == "lists/{list}" else found[path]
        _opened(page, module_practice, address)
        assert page.locator("h1").is_visible()
        for selector in (".menu", ".bar form", ".ways", ".filter", "button", "summary"):
            assert not any(one.is_visible() for one in page.locator(selector).all()), f"{address}: {selector}"


def test_the_menu_is_a_side_bar_where_there_is_room(
    module_practice: Practice, without_javascript: BrowserContext
) -> None:
    page = page_of(module_practice, without_javascript)
    _opened(page, module_practice, "/console")
    link = page.locator(".menu a").first
    assert not link.is_visible()
    page.locator(".menu summary").click()
    assert link.is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    _opened(page, module_practice, "/console")
    assert link.is_visible()
    assert not page.locator(".menu summary").is_visible()


def test_what_is_pressed_shows_that_it_has_the_focus(module_practice: Practice, desktop: BrowserContext) -> None:
    page = page_of(module_practice, desktop)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    _opened(page, module_practice, "/console/account")
    seen = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert page.evaluate("document.activeElement === document.body") or width >= 2
        seen.add(page.evaluate("document.activeElement.outerHTML"))
    assert len(seen) > 3
