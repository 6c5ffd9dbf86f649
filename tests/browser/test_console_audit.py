# SPDX-License-Identifier: Apache-2.0
"""An owner asks the audit log who saw and who changed what, in a real browser, and takes the answer along as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from polyvet.model.access import Role
from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.console.people import EMAILS, Visitor
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.provet.asking import JOHN, MAX, ROOT, sent

# As names begin that a spreadsheet takes for formulas.
LAB, CLIENT = '=HYPERLINK("https://evil.example")', "@SUM(1+1)"
VET = "Dr. Tobias Reuter"
NOW = datetime.now()
YESTERDAY, TOMORROW, LATER = ((NOW + timedelta(days=days)).date().isoformat() for days in (-1, 1, 2))


def _happened(practice: Practice, lab: str) -> None:
    """A laboratory's program reads a client's file, changes a patient and makes a client; a vet signs in."""
    program = practice.client(practice.new_key("provet", name=lab), scheme="Token")
    assert program.get(f"{ROOT}client/{JOHN}/").status_code == 200
    sent(program, "PATCH", f"patient/{MAX}/", {"remarks": f"Seen by {lab}"}, 200)
    sent(program, "POST", "client/", {"firstname": CLIENT, "lastname": lab}, 201)
    visitor = Visitor(practice)
    visitor.sign_in(EMAILS[Role.VET], "not the right one")
    assert visitor.sign_in(EMAILS[Role.VET], PASSWORD).status_code == 303


def _entries(walk: Walker) -> list[list[str]]:
    """Who, what and which, of the rows of the page."""
    return [row.locator("td").all_inner_texts()[1:] for row in walk.page.locator("tbody tr").all()]


@pytest.fixture
def owner(module_practice: Practice, request: pytest.FixtureRequest, context: str) -> Iterator[Walker]:
    """Before the log, on a day on which something has happened."""
    _happened(module_practice, f"{LAB} {context}")
    walk = walker(module_practice, request, context)
    walk.choose("Audit log")
    yield walk
    assert walk.surprises == []


@BOTH_WAYS
def test_an_owner_finds_who_saw_and_who_changed_what(owner: Walker, context: str) -> None:
    lab, file = f"{LAB} {context}", f"{ROOT}client/{JOHN}/"
    owner.in_time(lambda: owner.rows(lab, file))
    owner.met("all")
    of_lab = [[lab, "saw", file], [lab, "updated patient", f"Max ({MAX})"]]
    assert [one for one in _entries(owner) if one[0] == lab and one[1] != "created client"] == of_lab[::-1]
    _by_person(owner, lab, of_lab)
    _by_what_was_done(owner)
    _by_thing(owner, lab, of_lab)
    _by_day(owner)


def _by_person(owner: Walker, lab: str, of_lab: list[list[str]]) -> None:
    owner.page.get_by_label("Who").select_option(label=f"{lab} (key)")
    owner.press("Show")
    assert {one[0] for one in _entries(owner)} == {lab}
    assert [one for one in _entries(owner) if one in of_lab] == of_lab[::-1]
    owner.met("by-person")
    owner.follow("Show all")
