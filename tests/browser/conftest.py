# SPDX-License-Identifier: Apache-2.0
"""Browsers: a Chromium a session, and contexts of one test each, which share nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import chromium

PHONE = {"viewport": {"width": 375, "height": 667}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
WAIT_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one these tests are skipped."""
    path = chromium.found()
    if path is None:
        pytest.skip(f"no Chromium: install the package chromium, or name one in {chromium.VARIABLE}")
    with chromium.started(path) as running:
        yield running


def _context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A browser on a small phone."""
    yield from _context(browser, **PHONE)


@pytest.fixture
def dark_phone(browser: Browser) -> Iterator[BrowserContext]:
    """The same, by night."""
    yield from _context(browser, **PHONE, color_scheme="dark")


@pytest.fixture
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """A browser on a desk."""
    yield from _context(browser, viewport={"width": 1280, "height": 900})


@pytest.fixture
def without_javascript(browser: Browser) -> Iterator[BrowserContext]:
    """A browser on a small phone that runs no JavaScript."""
    yield from _context(browser, **PHONE, java_script_enabled=False)
