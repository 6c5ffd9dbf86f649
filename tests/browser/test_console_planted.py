# SPDX-License-Identifier: Apache-2.0
"""Names that hold markup stay texts on every page of the console: they come from callers of APIs, other clinics and
staff, and are read by those who may do most."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext

from polyvet.model.access import Role
from tests.browser.people import heard, page_of
from tests.console.pages import addresses, furnished
from tests.console.people import Colleague
from tests.dialects.harness import Practice

PLANTED = (
    "</title></textarea></script>'\"><img data-planted src=x onerror=planted=1><b data-planted>${7*7}{{7*'7'}}<!--"
)
_RUN = "const one = document.createElement('script'); one.textContent = 'planted=1'; document.body.append(one)"
_FOUND = """
() => [...document.querySelectorAll('[data-planted]')].map(one => one.outerHTML)
    .concat(window.planted ? ['it ran'] : [])
    .concat([...document.querySelectorAll('[href], [src], [action], [formaction]')]
        .flatMap(one => ['href', 'src', 'action', 'formaction'].map(name => one.getAttribute(name) || ''))
        .filter(one => /^\\s*(javascript|vbscript|data:(?!image\\/)|file|blob):?/i.test(one)))
"""


@pytest.fixture(scope="module")
def found(module_practice: Practice) -> dict[str, str]:
    """Where the owner's pages stand, at a clinic where everything has a hostile name."""
    furnished(module_practice, PLANTED, "&x=%22%3E%3Cimg%20data-planted%3E")
    return addresses(Colleague(module_practice, Role.OWNER))


def test_names_stay_texts(module_practice: Practice, found: dict[str, str], desktop: BrowserContext) -> None:
    page = page_of(module_practice, desktop)
    told, shown = heard(page), set()
    for path, address in found.items():
        page.goto(module_practice.server.url + address)
        assert page.evaluate(_FOUND) == [], address
        if PLANTED in page.locator("body").inner_text():
            shown.add(path)
    assert not told
    assert {"", "account"} <= shown
    assert page.locator("title").count() == 1


@pytest.mark.parametrize("names", [("done", "next"), ("before",), ("id", "path", "q", "status")], ids="-".join)
def test_addresses_stay_texts(
    module_practice: Practice, found: dict[str, str], desktop: BrowserContext, names: tuple[str, ...]
) -> None:
    page = page_of(module_practice, desktop)
    told, query = heard(page), urlencode(dict.fromkeys(names, PLANTED))
    for address in found.values():
        page.goto(f"{module_practice.server.url}{address.partition('?')[0]}?{query}")
        assert page.evaluate(_FOUND) == [], address
    assert not [text for text in told if "status of 400" not in text], "a filter may refuse it"


def test_a_page_runs_nothing_that_stands_in_it(module_practice: Practice, desktop: BrowserContext) -> None:
    page = page_of(module_practice, desktop)
    told = heard(page)
    page.goto(f"{module_practice.server.url}/console")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=planted=1>')")
    page.evaluate(f"() => {{ {_RUN} }}")
    page.wait_for_timeout(100)
    assert page.evaluate("window.planted") is None
    assert any("Content Security Policy" in text for text in told)
