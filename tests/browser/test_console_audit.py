# SPDX-License-Identifier: Apache-2.0
"""An owner asks the audit log who saw and who changed what, in a real browser, and takes the answer along as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from polyvet.model.access import Role
from tests.browser.reading import cells, entered, followed, in_time, pressed, rows, unfold
from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.console.people import EMAILS, Visitor
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.provet.asking import JOHN, MAX, ROOT, sent

LAB, CLIENT = '=HYPERLINK("https://evil.example")', "@SUM(1+1)"  # a spreadsheet would run them
VET, OWNER = "Dr. Tobias Reuter", "Dr. Aino Laakso"
FILE = f"{ROOT}client/{JOHN}/"
YESTERDAY, TOMORROW, LATER = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (-1, 2, 3))


@pytest.fixture
def lab(module_practice: Practice, context: str) -> str:
    """A program that has read a client's file, changed a patient, and made a client."""
    name = f"{LAB} {context}"
    program = module_practice.client(module_practice.new_key("provet", name=name), scheme="Token")
    assert program.get(FILE).status_code == 200
    sent(program, "PATCH", f"patient/{MAX}/", {"remarks": f"Seen by {name}"}, 200)
    sent(program, "POST", "client/", {"firstname": CLIENT, "lastname": context}, 201)
    return name


@pytest.fixture
def owner(module_practice: Practice, request: pytest.FixtureRequest, lab: str, context: str) -> Iterator[Walker]:
    """Who answers for the clinic, before the log."""
    found = walker(module_practice, request, context)
    found.menu("Audit log")
    yield found
    found.has_heard_nothing()


def _entries(owner: Walker) -> list[tuple[str, ...]]:
    return cells(owner.page, "Who", "What", "Which")


@BOTH_WAYS
def test_an_owner_finds_who_saw_and_who_changed_what(
    module_practice: Practice, owner: Walker, lab: str, context: str
) -> None:
    page = owner.page
    in_time(page, lambda: rows(page, lab, FILE))
    of_lab = [(lab, "created client"), (lab, "updated patient"), (lab, "read through an API")]
    assert [one[:2] for one in _entries(owner) if one[0] == lab] == of_lab
    page.get_by_label("Who").select_option(label=f"{lab} (key)")
    pressed(page, "Show")
    assert [one[:2] for one in _entries(owner)] == of_lab
    assert [one[2].rpartition(" ")[0] for one in _entries(owner)[:2]] == [f"{CLIENT} {context}", "Max"]
    owner.look()
    page.get_by_label("What").select_option("Seen and handed out")
    pressed(page, "Show")
    assert _entries(owner) == [(lab, "read through an API", FILE)]
    page.go_back()
    assert [one[:2] for one in _entries(owner)] == of_lab
    followed(page, "Show all")
    visitor = Visitor(module_practice)
    for password in ("not the right one", PASSWORD):
        visitor.sign_in(EMAILS[Role.VET], password)
    page.get_by_label("What").select_option("Signed in and out")
    pressed(page, "Show")
    at_the_door = [(VET, "signed in"), (f"somebody as {VET}", "failed to sign in")]
    assert [one[:2] for one in _entries(owner)[:2]] == at_the_door


@BOTH_WAYS
def test_an_owner_follows_one_thing_through_some_days(owner: Walker, lab: str) -> None:
    page = owner.page
    unfold(page, "More filters")
    page.get_by_label("Which").fill("999999999")
    entered(page)
    owner.is_to_mend("Which", "Nothing of this clinic has this id or number.")
    expect(page.get_by_label("Which")).to_have_value("999999999")
    page.get_by_role("alert").get_by_role("link").click()
    page.get_by_label("Which").fill(str(MAX))
    entered(page)
    assert _entries(owner)[0] == (lab, "updated patient", f"Max ({MAX})")
    assert {one[2] for one in _entries(owner)} == {f"Max ({MAX})"}
    expect(page.get_by_label("Which")).to_be_visible()  # what is in use is not folded away
    for first, last, found in ((YESTERDAY, TOMORROW, True), (TOMORROW, LATER, False)):
        page.get_by_label("From").fill(first)
        page.get_by_label("Until").fill(last)
        pressed(page, "Show")
        expect(page.get_by_text("Nothing was found.")).to_be_visible(visible=not found)
        assert bool(_entries(owner) if found else page.locator("tbody").count()) == found
    owner.look()
    followed(page, "Show all")
    expect(page.get_by_label("Which")).to_be_hidden()
    newest = cells(page, "When", "Which")
    followed(page, "Older")
    assert cells(page, "When", "Which")[0] not in newest
    page.go_back()
    assert cells(page, "When", "Which") == newest


@BOTH_WAYS
def test_an_owner_takes_some_days_along_as_a_file(owner: Walker, lab: str, context: str) -> None:
    page = owner.page
    page.get_by_label("What").select_option("Changed")
    page.get_by_label("From").fill(YESTERDAY)
    pressed(page, "Export as CSV")
    owner.is_to_mend("Until", "Say which days to export.")
    expect(page.get_by_label("What")).to_have_value("changed")
    expect(page.get_by_label("From")).to_have_value(YESTERDAY)
    page.get_by_label("Until").fill(TOMORROW)
    with page.expect_download() as waiting:
        owner.press("Export as CSV")
    assert waiting.value.suggested_filename == f"audit-{YESTERDAY}-{TOMORROW}.csv"
    with waiting.value.path().open(encoding="utf-8", newline="") as file:
        head, *found = csv.reader(file)
    assert head == ["time (UTC)", "who", "what", "kind of thing", "thing"]
    assert [f"'{lab}", "updated", "patient", f"Max ({MAX})"] in [one[1:] for one in found]
    made = next(one[4] for one in found if one[2:4] == ["created", "client"])
    assert made.startswith(f"'{CLIENT} {context} (")
    assert not [cell for one in found for cell in one if cell.startswith(("=", "+", "-", "@"))]
    followed(page, "Audit log")
    who, what, which = _entries(owner)[0]
    assert (who, what) == (OWNER, "exported audit log")
    assert which == f"{YESTERDAY} to {TOMORROW}"
