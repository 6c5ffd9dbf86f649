# SPDX-License-Identifier: Apache-2.0
"""Records, invoices, rows and reminders are found by indexes that fit; SQLite chooses them without statistics."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from polyvet.model.filters import All, Condition, Filter, Op, Order
from polyvet.storage import billing, consultations, invoice_rows, reminders
from polyvet.storage.migrate import migrate
from polyvet.storage.statement import SQLITE, Statement

OF_PATIENT = Condition("patient.number", Op.IS, (5,))
OF_CLIENT = Condition("client.number", Op.IS, (5,))
OF_INVOICES = Condition("serial", Op.IN, (11, 48))
BEHIND = Condition("number", Op.GT, (48_000,))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("papers") / "polyvet.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


def plan(store: Path, statement: Statement) -> str:
    """How SQLite goes about it."""
    text, _ = statement.compiled(SQLITE)
    connection = sqlite3.connect(store)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")).fetchall()
    connection.close()
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("listed", "tree", "index"),
    [
        (consultations.LISTED, OF_PATIENT, "records_patient (patient_id=?)"),
        (consultations.LISTED, OF_CLIENT, "records_patient (patient_id=?)"),
        (billing.LISTED, OF_PATIENT, "invoices_patient (patient_id=?)"),
        (billing.LISTED, OF_CLIENT, "invoices_client (clinic_id=? AND client_id=?)"),
        (reminders.LISTED, OF_PATIENT, "reminders_patient (patient_id=?)"),
        (reminders.LISTED, OF_CLIENT, "reminders_client (clinic_id=? AND client_id=?)"),
    ],
)
def test_lists_by_client_and_patient_use_their_index(store: Path, listed: Any, tree: Filter, index: str) -> None:
    for statement, _ in (
        listed._statement(listed._pages, SQLITE, tree, walk=False),
        listed._statement(listed._counts, SQLITE, tree),
    ):
        found = plan(store, statement)
        assert index in found
        assert "(clinic_id=?)" not in found, "no index is gone through from end to end"
        assert "AUTOMATIC" not in found


@pytest.mark.parametrize(
    ("tree", "lines", "carried"),
    [
        (None, "invoices_serial (clinic_id=?)", "invoices_carried (clinic_id=?)"),
        (OF_INVOICES, "invoices_serial (clinic_id=? AND serial=?)", "invoices_carried (clinic_id=? AND serial=?)"),
        (BEHIND, "invoices_serial (clinic_id=? AND serial>? AND serial<?)", "invoices_carried (clinic_id=?"),
        (All((OF_INVOICES, BEHIND)), "invoices_serial (clinic_id=? AND serial", "invoices_carried (clinic_id=?"),
    ],
)
@pytest.mark.parametrize("orders", [(), (Order("number", descending=True),)])
def test_rows_go_along_the_invoices(
    store: Path, tree: Filter | None, lines: str, carried: str, orders: tuple[Order, ...]
) -> None:
    statement, _ = invoice_rows._statement({}, SQLITE, tree, orders)
    found = plan(store, statement)
    assert lines in found
    assert carried in found
    assert "MERGE (UNION ALL)" in found
    assert found.count("TEMP B-TREE") == 1, "the page alone is sorted"
