# SPDX-License-Identifier: Apache-2.0
"""Somebody whose program was refused looks for its requests in a real browser, and finds why: on a desk, on a phone
without scripts, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect

from polyvet.model import values
from polyvet.model.requests import Asked
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import requests as stored
from polyvet.storage.writing import Touching, Tx
from tests.browser.reading import cells, entered, followed, in_time, pressed, rows, unfold
from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, ROOT

PATIENTS, CLIENT = "/api/v1/patients", f"{ROOT}client/{JOHN}/"
WRONG = "sk_live_a_key_that_nobody_has"
NOTHING = "There is none of these."


class Log(msgspec.Struct):
    """Who looks at the log, and the ids of the requests that it is to hold."""

    walk: Walker
    key: str  # its name
    worked: str
    refused: str  # for lack of a permission
    unknown: str  # by a wrong key

    def found(self) -> list[tuple[str, ...]]:
        """Status and id of each request on the page."""
        return cells(self.walk.page, "Status", "Request id")


@pytest.fixture(scope="module")
def old(module_practice: Practice) -> str:
    """The path of requests of yesterday, more than a page holds."""
    path, at = f"{PATIENTS}/old", values.now() - values.DAY

    async def job(tx: Tx) -> None:
        stored.add(tx, [
            Asked(MAIN_CLINIC, at + n, f"{n:06x}", "vetigen", "GET", path, 200, 1_500, None, None, None)
            for n in range(60)
        ])  # fmt: skip

    module_practice.run(lambda store: store.write(Touching(), job))
    return path


@pytest.fixture
def log(module_practice: Practice, request: pytest.FixtureRequest, context: str) -> Iterator[Log]:
    """A program has read a client, and was refused twice."""
    key = f"Kennel {request.node.name}"
    program = module_practice.client(module_practice.new_key("provet", name=key), scheme="Token")
    narrow = module_practice.client(module_practice.new_key("vetigen", name=key, permissions=("clients:read",)))
    answers = (program.get(CLIENT), narrow.get(PATIENTS), module_practice.client(WRONG).get(PATIENTS))
    assert [one.status_code for one in answers] == [200, 403, 401]
    walk = walker(module_practice, request, context)
    walk.menu("Requests")
    found = Log(walk, key, *map(_id, answers))
    in_time(walk.page, lambda: rows(walk.page, found.refused))
    yield found
    walk.has_heard_nothing()


def _id(answer: httpx.Response) -> str:
    return answer.headers["x-request-id"]


@BOTH_WAYS
def test_a_program_finds_why_it_was_refused(log: Log) -> None:
    page = log.walk.page
    refused = rows(page, log.refused)
    for text in ("403", f"GET {PATIENTS}", log.key, "needs patients:read"):
        expect(refused).to_contain_text(text)
    expect(rows(page, log.unknown)).to_have_count(0)
    refused.get_by_role("link", name=log.key).click()
    expect(page.get_by_label("Key or application")).to_have_value(page.url.partition("key=")[2])
    assert log.found() == [("403", log.refused)]
    page.get_by_label("Outcome").select_option("Went well")
    pressed(page, "Show")
    expect(page.get_by_text(NOTHING)).to_be_visible()
    log.walk.look()
    followed(page, "Show all")
    page.get_by_label("Request id").fill(log.unknown)
    entered(page)
    followed(page, "Look among those with no key, or an unknown one")
    assert log.found() == [("401", log.unknown)]
    expect(rows(page, log.unknown)).to_contain_text("no such key or token")
    expect(page.get_by_label("Whose")).to_be_visible()
    assert WRONG not in page.content()
    log.walk.look()


@BOTH_WAYS
def test_requests_are_found_by_what_is_seldom_looked_for(log: Log, old: str) -> None:
    page = log.walk.page
    expect(page.get_by_label("Path begins with")).to_be_hidden()
    unfold(page, "More filters")
    page.get_by_label("Path begins with").fill(CLIENT)
    page.get_by_label("Method").select_option("GET")
    page.get_by_label("API", exact=True).select_option("Provet Cloud")
    pressed(page, "Show")
    assert ("200", log.worked) in log.found()
    assert {status for status, _ in log.found()} == {"200"}
    page.get_by_label("Method").select_option("DELETE")
    pressed(page, "Show")
    expect(page.get_by_text(NOTHING)).to_be_visible()
    followed(page, "Show all")
    unfold(page, "More filters")
    page.get_by_label("Path begins with").fill(old)
    pressed(page, "Show")
    newest = log.found()
    assert len(newest) == 50
    followed(page, "Older")
    assert len(log.found()) == 10
    expect(page.get_by_label("Path begins with")).to_have_value(old)
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.go_back()
    assert log.found() == newest


@pytest.mark.parametrize("context", ["desktop"])
def test_the_log_is_searched_by_keyboard_alone(log: Log) -> None:
    walk, page = log.walk, log.walk.page
    _past_the_menu(page)
    walk.tab_to(page.get_by_role("main").locator("summary"))
    page.keyboard.press("Space")
    walk.tab_to(page.get_by_label("Method"))
    page.keyboard.type("GET")
    walk.tab_to(page.get_by_label("Path begins with"))
    page.keyboard.type(CLIENT)
    walk.tab_to(page.get_by_role("button", name="Show"))
    entered(page)
    assert {status for status, _ in log.found()} == {"200"}
    expect(page.get_by_label("Method")).to_have_value("GET")
    _past_the_menu(page)
    walk.tab_to(page.get_by_role("link", name="Show all"))
    entered(page)
    assert ("403", log.refused) in log.found()


def _past_the_menu(page: Page) -> None:
    """To the content, by the link that only the keyboard finds."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
