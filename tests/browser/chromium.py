# SPDX-License-Identifier: Apache-2.0
"""The machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

VARIABLE = "POLYVET_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OF_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# It runs as whoever tests, which may be root, and asks nobody on the network for anything.
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_SERIOUS = ("serious", "critical")
# What a page looks like is the same over both engines.
LOOKS = pytest.mark.parametrize("copying", ["sqlite"], indirect=True, scope="session")
_FINGER = 44  # CSS pixels that a fingertip needs
_SMALL = f"""
() => [...document.querySelectorAll('button, select, textarea, input:not([type=hidden]), .note a')]
    .filter(one => one.checkVisibility())
    .filter(one => {{
        const boxes = [one, ...(one.labels || [])].map(part => part.getBoundingClientRect())
        return Math.max(...boxes.map(box => box.height)) < {_FINGER}
    }})
    .map(one => one.outerHTML)
"""
P = ParamSpec("P")
T = TypeVar("T")


def found() -> str | None:
    """Where Chromium is: what POLYVET_CHROMIUM names, else on the PATH or where macOS has programs."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    on_path = next((path for path in map(shutil.which, _NAMES) if path), None)
    return on_path or next((path for path in _OF_MACOS if os.path.exists(path)), None)  # noqa: PTH110, a literal


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """A browser that runs until the block ends."""
    with _apart() as playing:
        browser = playing.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _apart() -> Iterator[Playwright]:
    """Playwright, beside which tests go on running coroutines. Its event loop stays the thread's running one from its
    start to its end, also while none of its calls is under way, so that asyncio refuses to run another."""
    playing = sync_playwright().start()
    theirs = asyncio.get_running_loop()

    def beside(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            around = asyncio._get_running_loop()
            asyncio._set_running_loop(None if around is theirs else around)
            try:
                return method(*args, **kwargs)
            finally:
                asyncio._set_running_loop(around)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((asyncio, "run"), (asyncio.Runner, "run"), (asyncio.Runner, "close")):
            patch.setattr(owner, name, beside(getattr(owner, name)))
        try:
            yield playing
        finally:
            playing.stop()


def no_serious_faults(page: Page, *rules: str) -> None:
    """Fails where axe finds a serious or critical fault of accessibility on the page, by all its rules or by some."""
    options = {"runOnly": list(rules)} if rules else None
    violations = Axe().run(page, options=options).response["violations"]
    faults = [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'] for node in one['nodes'][:3]]}"
        for one in violations
        if one["impact"] in _SERIOUS
    ]
    assert not faults, "\n".join(faults)


def fits_everybody(page: Page) -> None:
    """No serious fault, one first heading, what is pressed is large enough, and the page is as wide as its screen."""
    no_serious_faults(page)
    assert page.locator("h1").count() == 1
    small = page.evaluate(_SMALL)
    assert small == [], small
    viewport = page.viewport_size
    assert viewport is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"], f"{width} pixels wide"
