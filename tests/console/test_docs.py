# SPDX-License-Identifier: Apache-2.0
"""docs/console.md says what the program does: roles, numbers, and each page of the menu."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyvet.console import deliveries
from polyvet.console.console import ROWS
from polyvet.core import (
    access,
    audit_log,
    code_entries,
    custom_fields,
    offer_letters,
    offers,
    redirects,
    roles,
    staff_access,
    webhooks,
)
from polyvet.core import health as core_health
from polyvet.core import requests as requests_core
from polyvet.delivery import said, worker
from polyvet.delivery.loop import KEPT
from polyvet.identity import attempts, entering, passwords, second_factor, sessions
from polyvet.model.access import Role
from polyvet.model.paging import SOME
from polyvet.model.values import DAY, MICROSECONDS
from polyvet.settings import Settings
from polyvet.storage import health
from polyvet.storage import requests as stored_requests
from polyvet.web import requests
from polyvet.web.guide import KEY, Variable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
ANSWERS = {"yes": True, "–": False}


def test_the_table_of_roles_is_that_of_the_core() -> None:
    head, _, *lines = _table("| permission |")
    named = [Role(one) for one in head[2:]]
    assert set(named) == set(Role)
    told: dict[Role, set[str]] = {role: set() for role in named}
    seen: list[str] = []
    for permissions, _, *answers in lines:
        each = re.findall(r"`([a-z:]+)`", permissions)
        seen += each
        for role, answer in zip(named, answers, strict=True):
            told[role] |= set(each) if ANSWERS[answer] else set()
    assert len(seen) == len(set(seen))
    assert {role: frozenset(each) for role, each in told.items()} == roles.OF_ROLE
    assert "adds {}, {} and {}:".format(*(f"`{one}`" for one in roles.OPERATOR)) in PAGE


def test_the_roles_that_find_nothing_but_their_account_are_those_that_the_page_says() -> None:
    asked = {row.permission for row in ROWS if row.menu}
    assert [role for role, permissions in roles.OF_ROLE.items() if asked & permissions] == [Role.OWNER]
    assert "So far a vet, a nurse, reception and read-only find nothing in the console but their own account." in PAGE


@pytest.mark.parametrize(
    "text",
    [
        f"An e-mail signs in at {passwords.CANDIDATES} clinics at the most",
        f"An e-mail may be tried {attempts.AS_ONE} times a minute and an address {attempts.FROM_ONE_ADDRESS} times",
        f"A password has at least {passwords.SHORTEST} characters",
        f"every {second_factor.STEP_S} seconds",
        Variable(KEY, "").line,
        f"at most {access.MOST_KEYS} keys in use",
        f"at most {access.MOST_APPLICATIONS} in use for one API",
        f"up to {redirects.MOST} redirect URIs",
        f"for {webhooks.OVERLAP * 24 // DAY} hours messages are signed with both",
        f"A clinic has at most {webhooks.MOST_PER_CLINIC}. Private",
        f"in the last {KEPT // DAY} days",
        f"{said.LONGEST_RESPONSE:,} characters, if it is text",
        f"at most {webhooks.MOST_ATTEMPTS} attempts of one delivery",
        f"in the last {Settings().request_log_days} days (`request_log_days`)",
        f"keeps {requests.MOST} requests a second at the most; "
        f"of unknown callers {requests.MOST_OF_NOBODY} at once, and {requests.OF_NOBODY_A_SECOND} a second",
        "newest {:,} rows of its time, then at {:,}".format(*stored_requests.LOOKS),
        f"works once and for {staff_access.LINK_DAYS} days",
        f"The first {offer_letters.MOST_A_DAY} offers of a day (UTC)",
        f"{offers.MOST_MAILED} of a clinic at the most",
        f"looks at {code_entries.LOOKED_AT:,} entries a page at the most",
        f"The latest {audit_log.OFFERED} people, {audit_log.OFFERED} keys and {audit_log.OFFERED} applications",
        f"the latest {requests_core.OFFERED} keys and {requests_core.OFFERED} applications",
        f"{deliveries.ATTEMPTS} attempts a page",
        f"at most {custom_fields.MOST_FIELDS} fields, and a field {custom_fields.MOST_OPTIONS} options",
        f"no more than {audit_log.LOOKED:,} rows of each of the three logs",
        f"at most {audit_log.LONGEST_DAYS} of them at once",
        f"for good in the last {health.FAILED_SINCE // DAY} days",
        f"given up in the last {health.FAILED_SINCE // DAY} days. Pings",
        f"no backup in the last {core_health.BACKUP_DAYS} days",
        f"due for more than {core_health.LATE // (60 * MICROSECONDS)} minutes",
        f"“{SOME} or more”",
        f"At most {health.LOOKED_AT:,} rows of a queue",
    ],
)
def test_what_the_page_says_is_so(text: str) -> None:
    assert text in " ".join(PAGE.split())


def test_numbers_that_the_page_writes_out() -> None:
    assert sessions.LIFETIME_S == 12 * 3_600  # "twelve hours"
    assert entering.HALF_S == 5 * 60  # "five minutes for the code"
    assert worker.PAUSES_S == (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200)  # "ten attempts"
    assert code_entries.LISTS == ("species", "breeds", "diagnoses", "insurers")


def test_each_page_of_the_menu_has_a_heading_of_its_own() -> None:
    headings = " ".join(re.findall(r"^#{2,3} (.*)$", PAGE, re.MULTILINE)).lower()
    assert not [row.menu for row in ROWS if row.menu and row.menu.lower() not in headings]


def test_its_own_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
    assert all((ROOT / "docs" / one).exists() for one in re.findall(r"\]\((?!#)([^)#:]+)", PAGE))


def test_the_table_of_weights_has_each_page_and_none_beyond_what_is_promised() -> None:
    _, _, *lines = _table("| Page |")
    paths = {path.strip("`").removeprefix("/console").removeprefix("/") for path, _, _ in lines}
    assert {row.path for row in ROWS if row.menu} <= paths
    assert all(float(kilobytes) < 100 and float(milliseconds) < 50 for _, kilobytes, milliseconds in lines)


def _table(head: str) -> list[list[str]]:
    """The cells of the table that begins so."""
    text = PAGE[PAGE.index(head) :].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
