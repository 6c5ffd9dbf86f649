# SPDX-License-Identifier: Apache-2.0
"""The browser that tests drive lets other tests be, and its check of accessibility finds faults."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.chromium import no_serious_faults
from tests.dialects.harness import Practice


def test_coroutines_run_beside_the_browser(phone: BrowserContext, practice: Practice) -> None:
    page = phone.new_page()
    page.goto(f"{practice.server.url}/")
    assert asyncio.run(asyncio.sleep(0, "run")) == "run"
    assert page.title() == "polyvet"
    with page.expect_navigation():
        page.click("text=/health")
    assert asyncio.run(asyncio.sleep(0, "again")) == "again"


def test_a_fault_of_accessibility_is_found(desktop: BrowserContext) -> None:
    page = desktop.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><label>Name <input></label></main>")
    no_serious_faults(page)
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input></main>")
    with pytest.raises(AssertionError, match="label"):
        no_serious_faults(page)
