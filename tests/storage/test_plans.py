# SPDX-License-Identifier: Apache-2.0
"""What is asked of one actor, thing or client, or of a page of them, reads a range of their index; SQLite, which has no
statistics to choose by, would rather read all that the clinic has."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyvet.storage import (
    access,
    actors,
    applications,
    audit,
    audit_log,
    codelists,
    custom_fields,
    erasing,
    health,
    offers,
    personal,
    staff_access,
)
from polyvet.storage.statement import SQLITE, Statement

# A whole table, or all that a clinic has of it: besides the clinic, nothing is looked for but a time.
WHOLE = re.compile(
    r"(?:SCAN|SEARCH) (\w+)"
    r"(?: USING (?:COVERING )?(?:INDEX \w+|PRIMARY KEY)(?: \(clinic_id=\?(?: AND (?:seq|at)[<>]\?)*\))?)?"
)
# Found by an address, for which there is no index: mails are kept for a month, shares are few.
BY_ADDRESS = {"mails", "letters", "shares", "submissions"}
PARTS = {"anon_1", "some"}  # subqueries, which are as long as what they read


def named() -> Iterator[tuple[str, Statement]]:
    yield "when somebody last did something", audit._LATEST
    yield "clients of several clinics", offers._COMMON
    for name, listing in codelists._LISTS.items():
        for what in ("page", "one", "named"):
            yield f"{name}: {what}", getattr(listing, what)
    yield "who did something", actors._NAMED
    for living in (True, False):
        yield f"keys that are alive: {living}", access._PAGES[living]
        yield f"applications that are alive: {living}", applications._PAGES[living]
    for choice in ("actor", "thing"):
        yield f"changes by {choice}", audit_log._EVENTS[choice]
        yield f"deeds by {choice}", audit_log._DEEDS[choice]
    for model, statement in custom_fields._OF_MANY.items():
        yield f"custom values of a page: {model}", statement
    for where, statements in (
        ("read to erase", erasing._READ),
        ("written to erase", erasing._WRITE),
        ("held", personal._READ),
        ("counted", personal._COUNT),
    ):
        for name, statement in statements.items():
            if name not in BY_ADDRESS:
                yield f"{where}: {name}", statement


def _plan(template: Path, statement: Statement) -> list[str]:
    text, _ = statement.compiled(SQLITE)
    connection = sqlite3.connect(template)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")).fetchall()
    connection.close()
    return [row[3] for row in rows]


@pytest.mark.parametrize("statement", [pytest.param(statement, id=name) for name, statement in named()])
def test_nothing_reads_all_that_a_clinic_has(sqlite_template: Path, statement: Statement) -> None:
    steps = _plan(sqlite_template, statement)
    whole = [step for step in steps if (found := WHOLE.fullmatch(step)) and found[1] not in PARTS]
    assert whole == [], "\n".join(steps)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (offers._UNANSWERED, "SEARCH offers USING INDEX offers_unanswered (to_clinic=?)"),
        (offers._LATELY, "_clinic=? AND id>?)"),
        (staff_access._RUN_OUT, "SEARCH users USING INDEX users_invited (clinic_id=?)"),
        (staff_access._RUN_OUT, "USING INDEX password_links_user (user_id=?)"),
        (health._FIRST_DUE, "USING COVERING INDEX deliveries_hook_due (webhook_id=?)"),
        (health._FIRST_DUE, "USING INDEX deliveries_hook_retried (webhook_id=?)"),
    ],
)
def test_what_the_first_page_asks_is_found_by_what_waits(
    sqlite_template: Path, statement: Statement, expected: str
) -> None:
    steps = _plan(sqlite_template, statement)
    assert any(expected in step for step in steps), "\n".join(steps)
    assert not any("TEMP B-TREE" in step for step in steps), "\n".join(steps)
