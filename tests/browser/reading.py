# SPDX-License-Identifier: Apache-2.0
"""What somebody reads on a page of the console: rows of its table, its facts, and what comes there in time; and how
they go on to a page that looks much like the one before."""

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


def cells(page: Page, *names: str) -> list[tuple[str, ...]]:
    """What stands in columns of the page's table, by their headings, row by row."""
    heads = page.locator("thead th").all_inner_texts()
    places = [heads.index(name) for name in names]
    every = [row.locator("th, td").all_inner_texts() for row in page.locator("tbody tr").all()]
    return [tuple(row[place] for place in places) for row in every]


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


def pressed(page: Page, button: str) -> None:
    """Press a button of the page, and read the page that comes, which may have the same heading."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=button, exact=True).click()


def entered(page: Page) -> None:
    """The same with the key that sends a form."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def followed(page: Page, link: str) -> None:
    """The same with a link."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("link", name=link, exact=True).first.click()


def unfold(page: Page, heading: str) -> None:
    """Open what is behind a heading."""
    page.get_by_role("main").locator("summary").get_by_text(heading, exact=True).click()
