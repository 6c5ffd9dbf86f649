# SPDX-License-Identifier: Apache-2.0
"""Browsers: a Chromium a session, and contexts of one test each, which share nothing.

Where `POLYVET_SCREENSHOTS` names a folder, what each test saw last is kept there. Every run loads this file, so what
drives browsers is loaded with the first that is started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE = {"viewport": {"width": 375, "height": 667}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
WAIT_MS = 10_000
SCREENSHOTS = "POLYVET_SCREENSHOTS"


def keep(page: Page, request: pytest.FixtureRequest, name: str) -> None:
    """Keep what a page shows as a picture under the test's name and this one, if pictures are asked for."""
    folder = os.environ.get(SCREENSHOTS)
    if folder:
        file = re.sub(r"[^\w-]+", "-", f"{request.node.nodeid.removeprefix('tests/')}-{name}").strip("-")
        page.screenshot(path=Path(folder) / f"{file}.png", full_page=True)  # makes the folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one these tests are skipped."""
    from tests.browser import chromium

    path = chromium.found()
    if path is None:
        pytest.skip(f"no Chromium: install the package chromium, or name one in {chromium.VARIABLE}")
    with chromium.started(path) as running:
        yield running


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Iterator[list[BrowserContext]]:
    """The test's contexts, whose pages are kept as pictures."""
    contexts: list[BrowserContext] = []
    yield contexts
    for number, page in enumerate(page for context in contexts for page in context.pages):
        keep(page, request, str(number))
    for context in contexts:
        context.close()


def _context(browser: Browser, shown: list[BrowserContext], **options: Any) -> BrowserContext:
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT_MS)
    shown.append(context)
    return context


@pytest.fixture
def phone(browser: Browser, shown: list[BrowserContext]) -> BrowserContext:
    """A browser on a small phone."""
    return _context(browser, shown, **PHONE)


@pytest.fixture
def dark_phone(browser: Browser, shown: list[BrowserContext]) -> BrowserContext:
    """The same, by night."""
    return _context(browser, shown, **PHONE, color_scheme="dark")


@pytest.fixture
def desktop(browser: Browser, shown: list[BrowserContext]) -> BrowserContext:
    """A browser on a desk."""
    return _context(browser, shown, viewport={"width": 1280, "height": 900})


@pytest.fixture
def without_javascript(browser: Browser, shown: list[BrowserContext]) -> BrowserContext:
    """A browser on a small phone that runs no JavaScript."""
    return _context(browser, shown, **PHONE, java_script_enabled=False)
