# SPDX-License-Identifier: Apache-2.0
"""The page docs/provet.md names all that is served, and every proof that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyvet.delivery.webhooks import CONNECT_S, WHOLE_S
from polyvet.delivery.worker import PAUSES_S
from polyvet.dialects.provet import (
    appointments,
    clients,
    merging,
    patients,
    phone_numbers,
    reminders,
    router,
    triggers,
    users,
    webhooks,
    weights,
)
from polyvet.dialects.provet.filters import METHODS
from polyvet.dialects.provet.requests import Asking
from polyvet.dialects.provet.wire import Options

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
PAGE = (HERE.parents[2] / "docs" / "provet.md").read_text(encoding="utf-8")
ROUTES = router.table(Asking(Options())).routes
TABLES = {
    module.__name__ + name: getattr(module, name)
    for module, name in (
        (clients, "FIELDS"), (patients, "FIELDS"), (phone_numbers, "FIELDS"), (weights, "FIELDS"), (merging, "FIELDS"),
        (appointments, "FIELDS"), (users, "FIELDS"), (reminders, "FIELDS"), (webhooks, "FIELDS"),
        (users, "DETAILS_FIELDS"),
    )
}  # fmt: skip


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_operation_and_parameter_is_named(route):
    assert f"`{route.method} /{route.path}`" in PAGE
    for parameter in route.parameters:
        assert f"`{parameter.name}`" in PAGE


@pytest.mark.parametrize("table", TABLES)
def test_every_field_of_a_body_is_described_and_named(table):
    described = {name for route in ROUTES if isinstance(route.body, dict) for name in route.body.get("properties", {})}
    for name in TABLES[table]:
        assert name in described
        assert f"`{name}`" in PAGE


def test_every_body_field_has_a_form():
    for route in ROUTES:
        if route.method in ("POST", "PUT", "PATCH") and not route.path.endswith(("rotate_secret/", "redeliver/")):
            assert route.body
            row = route.body.get("items", route.body)
            assert [name for name, form in row["properties"].items() if name != "value" and not form] == []


def test_every_method_of_a_filter_is_named():
    assert [name for name in METHODS if f"`{name}`" not in PAGE] == []


def test_every_status_is_named():
    source = (Path(router.__file__).parent / "wire.py").read_text(encoding="utf-8")
    found = set(re.findall(r"(?:failure|Reply)\((\d{3}),", source))
    assert len(found) > 8
    assert [status for status in found if f"| {status} | " not in PAGE] == []


def test_every_trigger_that_fires_is_named():
    for number, told in triggers.TELLING.items():
        assert f"| {number} | " in PAGE
        assert f"`{told.parameter}`" in PAGE


def test_the_pauses_between_attempts_are_told():
    words = {1: "s", 60: "min", 3_600: "h"}
    units = [next(unit for unit in (3_600, 60, 1) if pause % unit == 0) for pause in PAUSES_S]
    told = [f"{pause // unit} {words[unit]}" for pause, unit in zip(PAUSES_S, units, strict=True)]
    assert f"pauses of {', '.join(told[:-1])} and {told[-1]}" in PAGE


def test_the_times_of_an_attempt_are_told():
    assert f"| time | {CONNECT_S:g} s to connect, {WHOLE_S:g} s to answer |" in PAGE


def test_no_row_of_a_table_is_broken_and_none_lacks_its_proof():
    tables = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    assert len(tables) > 8
    for head, _, *rows in (table.splitlines() for table in tables):
        for row in rows:
            assert row.count("|") == head.count("|"), row
            assert row.split("|")[-2].strip(), row


def test_every_decision_has_its_number_and_a_proof():
    decided = PAGE.partition("\n## Decisions\n")[2].partition("\n## ")[0]
    numbers, texts = zip(*re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", decided, re.MULTILINE | re.DOTALL), strict=True)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    assert [text for text in texts if not re.search(r"`(?:test_\w+|golden/\w+\.json)`", text)] == []
    assert {int(number) for number in re.findall(r"\[decision (\d+)\]", PAGE)} <= set(range(1, len(numbers) + 1))


def test_every_proof_is_there():
    folders = (HERE, TESTS / "console", TESTS / "delivery", TESTS / "faults")
    tests = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = set(re.findall(r"`(golden/\w+\.json)`", PAGE))
    assert len(named) > 20
    assert len(files) > 40
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
    assert [file for file in sorted(files) if not (HERE / file).exists()] == []
