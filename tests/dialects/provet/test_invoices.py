# SPDX-License-Identifier: Apache-2.0
"""Invoices and their rows: read only; sums that are ClinovaVet's, filters, orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.core.billing import row_numbers
from polyvet.dialects.provet.invoice_rows import row_out
from polyvet.dialects.provet.invoices import STATUSES, printed_number
from polyvet.dialects.provet.money import amount
from polyvet.model.entities import CARRIED_OVER, Invoice, InvoiceLine, InvoiceStatus, InvoiceWithLines
from polyvet.model.files import InvoiceRow
from polyvet.sandbox.samples import INVOICE_ID
from polyvet.storage.tables import invoices
from tests.dialects.provet.asking import (
    JOHN,
    MAX,
    OTHER_ROOT,
    ROOT,
    disconnect_john,
    ids,
    number,
    page,
    rewrite,
    walked,
    walked_in_clinovavet,
)

# As recorded; `id` joined later.
FIELDS = set(
    "id url invoice_number invoice_prefix reference_number status inqueries invoice_date invoice_payed invoice_due_date"
    " penalty_interest invoicing_client payer_name payer_id_number payer_street_address payer_zip_code payer_city"
    " payer_state payer_organization_name payer_register_number payer_vat_number payer_street_address_2"
    " payer_street_address_3 payer_country receiver_name receiver_organization_name receiver_street_address"
    " receiver_street_address_2 receiver_zip_code receiver_city receiver_iban receiver_bic"
    " receiver_national_bank_account receiver_national_bic receiver_vat_number total total_vat total_with_vat due_sum"
    " client_due_sum patients invoice_row invoice_payment client consultation original_consultation department created"
    " modified date_paid agreed_to_pay_later without_vat countersale credit_note credit_note_original_invoice"
    " related_credit_note related_credit_note_invoice first_original_invoice consolidated_invoice consolidated_invoices"
    " related_consolidated_invoice remarks tags_rel vat_calculation_method determining_price send_date send_method"
    " invoice_extras".split()
)
ROW_FIELDS = set(
    "id url invoice consultation_item original_consultation item name invoice_group quantity price price_with_vat sum"
    " sum_vat sum_total percentage_change created modified used prescription vat_percentage account_number"
    " reporting_dimension_1 reporting_dimension_2 credited_invoicerow first_credited_invoicerow"
    " first_credit_invoicerows patient parent_linked_item linked_items panel order_in_panel additional_tax_percentage"
    " royalty_fee calculated_price calculated_price_with_vat invoicable_quantity".split()
)
LIST, ROWS = "invoice/", "invoicerow/"


@pytest.fixture(scope="module")
def bills(practice):
    """All invoices, as they are listed."""
    return walked(practice.provet, LIST)


@pytest.fixture(scope="module")
def rows(practice):
    """All rows."""
    return walked(practice.provet, ROWS)


def at(text):
    return datetime.fromisoformat(text)


# --- sums -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["", "other_"])
def test_the_rows_of_each_invoice_add_up_to_clinovavets_total(practice, which):
    provet, root = getattr(practice, f"{which}provet"), OTHER_ROOT if which else ROOT
    sums: dict[str, Decimal] = {}
    for row in walked(provet, ROWS, root):
        assert row["sum"] + row["sum_vat"] == row["sum_total"]
        sums[row["invoice"]] = sums.get(row["invoice"], Decimal(0)) + Decimal(str(row["sum_total"]))
    ours = {one["invoice_prefix"] + str(one["invoice_number"]): one for one in walked(provet, LIST, root)}
    assert set(sums) == {one["url"] for one in ours.values()}
    theirs = walked_in_clinovavet(getattr(practice, f"{which}clinovavet"), "invoices")
    assert {one["invoiceNumber"] for one in theirs} == set(ours)
    for one in theirs:
        found = ours[one["invoiceNumber"]]
        total = Decimal(str(one["totalAmount"]))
        assert sums[found["url"]] == total == Decimal(str(found["total_with_vat"]))
        assert found["total"] + found["total_vat"] == found["total_with_vat"]
        assert found["status"] == {"PAID": 3, "UNPAID": 3, "CANCELLED": 99}[one["status"]]
        assert (found["date_paid"] is not None) == (one["status"] == "PAID")
        assert Decimal(str(found["due_sum"])) == (total if one["status"] == "UNPAID" else 0)


def test_the_documented_invoice_shows_the_balance_that_it_carries_over_as_its_last_row(practice):
    client = practice.provet
    [bill] = page(client, f"{LIST}?client__is={JOHN}")["results"]
    first, last = (client.get(url).json() for url in bill["invoice_row"])
    assert (first["name"], first["sum_total"], number(first["patient"])) == ("Rabies Vaccine", 45.0, MAX)
    assert (last["name"], last["quantity"], last["sum_total"]) == ("Balance carried over", 1.0, 200.5)
    assert last["id"] == bill["id"] * 1000 + 999
    assert bill["total"] == 245.5


def test_a_line_is_rounded_half_up_and_printed_as_cents():
    line = InvoiceLine(b"", 3, "Saline", 333, 1_500)
    row = row_out(InvoiceRow(7, 0, 0, None, line), FakeUrls(), "UTC")  # type: ignore[arg-type]  # it makes URLs, too
    assert (row.id, row.quantity, row.price, row.sum_total) == (7_003, 1.5, 3.33, 5.0)
    whole = InvoiceWithLines(Invoice(b"", 4, b"", None, "1", "PAID", "EUR", -7, 0, 0, 7), [line])
    assert (whole.total_cents, row_numbers(whole)) == (493, [7_003, 7_000 + CARRIED_OVER])


class FakeUrls:
    def of(self, resource, number):
        return f"{resource}/{number}/"

    maybe = of


@given(st.integers(-(10**15), 10**15))
def test_an_amount_prints_its_cents(cents):
    assert Decimal(repr(amount(cents))) * 100 == cents


# --- invoices -------------------------------------------------------------------------------------------------


def test_an_invoice_has_all_the_recorded_fields(practice, bills):
    assert all(set(row) == FIELDS for row in bills)
    assert [row["id"] for row in bills] == list(range(1, len(bills) + 1))
    for one in (bills[0], bills[-1]):
        assert practice.provet.get(f"{ROOT}{LIST}{one['id']}/").json() == one


def test_an_invoice_names_its_rows_and_each_row_its_invoice(bills, rows):
    of: dict[str, list[str]] = {}
    for row in rows:
        of.setdefault(row["invoice"], []).append(row["url"])
    assert of == {bill["url"]: bill["invoice_row"] for bill in bills}


def test_every_status_of_the_record_has_its_number():
    assert set(STATUSES) == set(InvoiceStatus)


@given(st.text(alphabet="INV-/0123456789é", max_size=40))
def test_prefix_and_number_are_what_stands_on_the_paper(text):
    prefix, found = printed_number(text)
    assert prefix + ("" if found is None else str(found)) == text
    assert (found is None) == (not text or text[-1] not in "0123456789")


FILTERED = {
    "status__is=3": lambda row: row["status"] == 3,
    "status__in=3,99": lambda row: True,
    "status__in=0,1,2": lambda row: False,
    "status__is_not=3": lambda row: row["status"] == 99,
    "invoice_date__gte=2025-01-01&invoice_date__lte=2025-06-30": lambda row: (
        at("2025-01-01T00:00:00+02:00") <= at(row["invoice_date"]) <= at("2025-06-30T00:00:00+03:00")
    ),
    "date_paid__gte=2026-01-01": lambda row: row["date_paid"] and at(row["date_paid"]) >= at("2026-01-01T00:00+02:00"),
    "date_paid__is_null=true": lambda row: row["date_paid"] is None,
    "modified__gte=2026-01-01T00:00:00Z": lambda row: at(row["modified"]) >= at("2026-01-01T00:00:00+00:00"),
    f"client__is={JOHN}": lambda row: number(row["client"]) == JOHN,
    "client.id__in=1,2,3": lambda row: row["client"] and number(row["client"]) in (1, 2, 3),
    f"patients__is={MAX}": lambda row: row["patients"] and number(row["patients"][0]) == MAX,
    f"patients__is_not={MAX}": lambda row: not row["patients"] or number(row["patients"][0]) != MAX,
    "department__is=11": lambda row: False,
    "credit_note__is=false": lambda row: True,
    "credit_note__is=true": lambda row: False,
    "countersale__is=0": lambda row: not row["countersale"],
    "countersale__is=1": lambda row: row["countersale"],
    "consultation__is=1": lambda row: False,
    "consultation__in=1,2,3": lambda row: False,
    "consultation__is_null=true": lambda row: True,
    "id__gt=500": lambda row: row["id"] > 500,
    "status=99&id=1&filter_type=or": lambda row: row["status"] == 99 or row["id"] == 1,
}


@pytest.mark.parametrize("query", FILTERED)
def test_a_filter_of_invoices_finds_what_it_says(practice, bills, query):
    assert ids(practice.provet, f"{LIST}?{query}") == [row["id"] for row in bills if FILTERED[query](row)]


@pytest.mark.parametrize("field", ["id", "modified", "invoice_date"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_an_order_of_invoices_is_kept(practice, bills, field, sign):
    key = (lambda row: row["id"]) if field == "id" else (lambda row: at(row[field]))
    wanted = sorted(bills, key=key, reverse=bool(sign))
    assert walked(practice.provet, f"{LIST}?ordering={sign}{field}") == wanted


def test_who_follows_modified_finds_each_changed_invoice(fresh_practice):
    client = fresh_practice.provet
    newest = max((row["modified"] for row in walked(client, LIST)), key=at)
    assert walked(client, f"{LIST}?status__is=99&id=1") == []
    for status in (InvoiceStatus.CANCELLED, InvoiceStatus.UNPAID):
        rewrite(fresh_practice, invoices, INVOICE_ID, status=str(status))
        found = walked(client, f"{LIST}?modified__gte={newest.replace('+', '%2B')}")
        [bill] = [row for row in found if row["id"] == 1]
        assert (bill["status"], bill["due_sum"]) == (STATUSES[status], 245.5 if status == "UNPAID" else 0.0)
        newest = bill["modified"]


def test_an_invoice_of_a_client_who_is_no_longer_connected_names_nobody(fresh_practice):
    client = fresh_practice.provet
    before = client.get(f"{ROOT}{LIST}1/").json()
    assert (before["payer_name"], number(before["client"])) == ("John Smith", JOHN)
    disconnect_john(fresh_practice)
    after = client.get(f"{ROOT}{LIST}1/").json()
    nobody: dict[str, Any] = {"client": None, "patients": [], "payer_name": "", "payer_street_address": ""}
    assert after == {**before, **nobody}
    assert ids(client, f"{LIST}?client__is={JOHN}") == []
    assert client.get(f"{ROOT}{ROWS}1000/").json()["patient"] is None


# --- rows -----------------------------------------------------------------------------------------------------


def test_a_row_has_all_the_recorded_fields(practice, rows):
    assert all(set(row) == ROW_FIELDS for row in rows)
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})
    for row in (rows[0], rows[1], rows[-1]):
        assert practice.provet.get(f"{ROOT}{ROWS}{row['id']}/").json() == row
    assert all(row["id"] // 1000 == number(row["invoice"]) for row in rows)


ROWS_FILTERED = {
    "invoice__in=11,48": lambda row: number(row["invoice"]) in (11, 48),
    "invoice__in=[48,11,999999]": lambda row: number(row["invoice"]) in (11, 48),
    "invoice=11": lambda row: number(row["invoice"]) == 11,
    "invoice__range=11,13": lambda row: 11 <= number(row["invoice"]) <= 13,
    "invoice.id__lt=20": lambda row: number(row["invoice"]) < 20,
    f"invoice.client__is={JOHN}": lambda row: number(row["invoice"]) == 1,
    "id=1999": lambda row: row["id"] == 1999,
    "id__in=1000,1999,11000": lambda row: row["id"] in (1000, 1999, 11000),
    "id__is_not=1999": lambda row: row["id"] != 1999,
    "id__gt=800000": lambda row: row["id"] > 800_000,
    "id__gt=1000&id__lte=11000": lambda row: 1000 < row["id"] <= 11_000,
    "id__lt=-5": lambda row: False,
    "id__gte=999999999999999999": lambda row: False,
    "id__range=1999,3000": lambda row: 1999 <= row["id"] <= 3000,
    "id__not_in_range=1999,800000": lambda row: not 1999 <= row["id"] <= 800_000,
    "id=1000&invoice=48&filter_type=or": lambda row: row["id"] == 1000 or number(row["invoice"]) == 48,
    "modified__gte=2026-04-01": lambda row: at(row["modified"]) >= at("2026-04-01T00:00:00+03:00"),
    "nothing_known=1": lambda row: True,
}


@pytest.mark.parametrize("query", ROWS_FILTERED)
def test_a_filter_of_rows_finds_what_it_says(practice, rows, query):
    found = [row["id"] for row in walked(practice.provet, f"{ROWS}?{query}")]
    assert found == [row["id"] for row in rows if ROWS_FILTERED[query](row)]


ORDERED = {
    "id": lambda row: row["id"],
    "invoice": lambda row: row["id"],
    "modified": lambda row: (at(row["modified"]), row["id"]),
    "created,-id": lambda row: (at(row["created"]), -row["id"]),
}


@pytest.mark.parametrize("field", ORDERED)
def test_an_order_of_rows_is_kept(practice, rows, field):
    assert walked(practice.provet, f"{ROWS}?ordering={field}") == sorted(rows, key=ORDERED[field])


def test_the_other_way_round_rows_come_last_first(practice, rows):
    assert walked(practice.provet, f"{ROWS}?ordering=-id") == rows[::-1]


@pytest.mark.parametrize("query", ["", "&invoice__gte=10&invoice__lte=40", "&ordering=-id"])
def test_pages_of_rows_give_every_row_once(practice, query):
    client = practice.provet
    whole = walked(client, f"{ROWS}?id__lt=60000{query}")
    pages = page(client, f"{ROWS}?id__lt=60000&page_size=7{query}")["num_pages"]
    found = []
    for n in range(1, pages + 1):
        found += page(client, f"{ROWS}?id__lt=60000&page_size=7&page={n}{query}")["results"]
    assert found == whole
    assert client.get(f"{ROOT}{ROWS}?id__lt=60000&page_size=7&page={pages + 1}{query}").status_code == 404


@pytest.mark.parametrize("path", ["1001", "0", "999", "1", "999999999999999", "9" * 30, "x"])
def test_a_row_that_is_not_there_is_missing(practice, path):
    answer = practice.provet.get(f"{ROOT}{ROWS}{path}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("query", ["invoice=eleven", "id__gt=", "modified__gte=yesterday", "invoice__in=1,x"])
def test_a_value_that_is_no_fields_is_refused(practice, query):
    answer = practice.provet.get(f"{ROOT}{ROWS}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.partition("=")[0]])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [LIST, LIST + "1/", ROWS, ROWS + "1000/"])
def test_invoices_and_rows_are_read_only(practice, method, path):
    answer = practice.provet.request(method, ROOT + path, json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_a_minute_has_sixty_lists_of_invoices(practice):
    client = practice.client(practice.new_key("provet"), scheme="Token")
    statuses = [client.get(f"{ROOT}{LIST}?page_size=1000&id=1").status_code for _ in range(4)]
    assert statuses == [200] * 3 + [429], "20 requests a page of a thousand"
