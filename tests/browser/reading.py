# SPDX-License-Identifier: Apache-2.0
"""What somebody reads on a page of the console: rows of its table, its facts, and what comes there in time."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

from tests.serving.running import until


def rows(page: Page, *texts: str) -> Locator:
    """The rows of the page's table that hold these texts."""
    found = page.get_by_role("row")
    for text in texts:
        found = found.filter(has_text=text)
    return found


def cells(page: Page, *names: str) -> list[list[str]]:
    """What stands in columns of the page's table, by their headings, row by row."""
    heads = page.locator("thead th").all_inner_texts()
    places = [heads.index(name) for name in names]
    every = [row.locator("th, td").all_inner_texts() for row in page.locator("tbody tr").all()]
    return [[row[place] for place in places] for row in every]


def fact(page: Page, name: str) -> Locator:
    """A value of the page's list of facts, the first of that name."""
    return page.locator(f"dt:text-is('{name}') + dd").first


def in_time(page: Page, there: Callable[[], Locator]) -> Locator:
    """The first of what is looked for, once the page has it: it is loaded anew until then."""

    def found() -> bool:
        page.reload()
        return there().count() > 0

    assert until(found), page.get_by_role("main").inner_text()
    return there().first


def unfold(page: Page, heading: str) -> None:
    """Open what is behind a heading."""
    page.get_by_role("main").locator("summary").get_by_text(heading, exact=True).click()
