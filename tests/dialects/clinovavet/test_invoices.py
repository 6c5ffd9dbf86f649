# SPDX-License-Identifier: Apache-2.0
"""Invoices: filters, and amounts to the letter."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from polyvet.dialects.clinovavet.invoices import amount, invoice_out, quantity
from polyvet.model.entities import Invoice, InvoiceLine, InvoiceWithLines
from tests.dialects.clinovavet.test_golden import JOHN

URL = "/api/v1/invoices"


def test_the_statuses_share_out_all_invoices(practice):
    client = practice.clinovavet
    totals = {}
    for status in ("PAID", "UNPAID", "CANCELLED"):
        answer = client.get(URL, params={"status": status}).json()
        assert {invoice["status"] for invoice in answer["data"]} <= {status}
        totals[status] = answer["pagination"]["total"]
    assert sum(totals.values()) == client.get(URL).json()["pagination"]["total"]
    assert totals["PAID"] > totals["UNPAID"] > 0


def test_the_newest_invoice_stands_first(practice):
    made = [invoice["createdAt"] for invoice in practice.clinovavet.get(URL).json()["data"]]
    assert made == sorted(made, reverse=True)


@pytest.mark.parametrize("owner", ["invalid-id", "cku9g6x2p0000ab0f0s1z2z3y", "c" * 200])
def test_an_unknown_owner_has_no_invoices(practice, owner):
    answer = practice.clinovavet.get(URL, params={"ownerId": owner, "status": "PAID"}).json()
    assert answer == {"data": [], "pagination": {"total": 0, "limit": 50, "offset": 0, "hasMore": False}}


def test_an_owners_invoices_are_that_owners(practice):
    answer = practice.clinovavet.get(URL, params={"ownerId": JOHN}).json()
    assert {invoice["ownerId"] for invoice in answer["data"]} == {JOHN}
    assert answer["pagination"]["total"] == len(answer["data"]) > 0


@pytest.mark.parametrize("status", ["paid", "Paid", "OPEN", "PAID,UNPAID", " PAID"])
def test_any_other_status_is_refused(practice, status):
    answer = practice.clinovavet.get(URL, params={"status": status})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"status": "must be one of PAID, UNPAID, CANCELLED"}


def test_every_amount_has_two_decimals_and_the_items_make_the_total(practice):
    answer = practice.clinovavet.get(URL, params={"limit": 100})
    texts = re.findall(r'"totalAmount":(-?\d+\.\d\d),', answer.text)
    invoices = json.loads(answer.text, parse_float=Decimal)["data"]
    assert len(texts) == len(invoices) == 100
    for invoice in invoices:
        items = json.loads(invoice["itemsJson"], parse_float=Decimal)
        assert [list(item) for item in items] == [["name", "price", "quantity"]] * len(items)
        if invoice["ownerId"] != JOHN:  # whose invoice collects an older balance, too
            assert sum(item["price"] * item["quantity"] for item in items) == invoice["totalAmount"]


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (24550, b"245.50"),
        (0, b"0.00"),
        (5, b"0.05"),
        (-5, b"-0.05"),
        (-12345, b"-123.45"),
        (10**17, b"1" + b"0" * 15 + b".00"),
    ],
)
def test_an_amount(cents, text):
    assert bytes(amount(cents)) == text


@pytest.mark.parametrize(
    ("thousandths", "text"),
    [(1000, b"1"), (0, b"0"), (1500, b"1.5"), (1, b"0.001"), (250, b"0.25"), (-2000, b"-2"), (10_000_000, b"10000")],
)
def test_a_quantity(thousandths, text):
    assert bytes(quantity(thousandths)) == text


def test_items_are_json_inside_a_string():
    head = Invoice(bytes(16), 1, bytes(16), None, "INV-1", "UNPAID", "EUR", 0, 0, 0)
    lines = [InvoiceLine(bytes(16), 1, 'Dr. "Fix" ü\\', 4500, 1000), InvoiceLine(bytes(16), 2, "Food", 1999, 2500)]
    out = invoice_out(InvoiceWithLines(head, lines))
    assert out.items_json == (
        '[{"name":"Dr. \\"Fix\\" ü\\\\","price":45.00,"quantity":1},{"name":"Food","price":19.99,"quantity":2.5}]'
    )
    assert bytes(out.total_amount) == b"94.98"
    assert out.pet_id is None
    assert invoice_out(InvoiceWithLines(head, [])).items_json == "[]"
