# SPDX-License-Identifier: Apache-2.0
"""`invoicerow/`: the rows of the clinic's invoices, read only; fields as recorded [client].

A row's id is made of its invoice's and its place. An older balance that an invoice collects is its last row, so that
the rows' `sum_total` [client: authoritative] add up to the invoice's total.
"""

from __future__ import annotations

import msgspec

from polyvet.core import billing
from polyvet.dialects.provet import times
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.invoices import INVOICE, ROW
from polyvet.dialects.provet.money import amount, quantity
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.entities import CARRIED_OVER
from polyvet.model.files import InvoiceRow
from polyvet.web.message import Reply, Request

BALANCE = "Balance carried over"
FILTERS = Declared(
    paths={
        "id": "number", "invoice": "serial", "invoice.id": "serial", "invoice.client": "client.number",
        "created": "created_at", "modified": "updated_at",
    },
    kinds=billing.ROW_KINDS,
)  # fmt: skip


class InvoiceRowOut(msgspec.Struct):
    """A row [client]; what the record does not know is null or empty."""

    id: int
    url: str
    invoice: str
    consultation_item: str | None
    original_consultation: str | None
    item: str | None
    name: str
    invoice_group: str
    quantity: float
    price: float
    price_with_vat: float
    sum: float
    sum_vat: float
    sum_total: float
    percentage_change: float
    created: str
    modified: str
    used: str
    prescription: bool
    vat_percentage: float
    account_number: str | None
    reporting_dimension_1: str | None
    reporting_dimension_2: str | None
    credited_invoicerow: str | None
    first_credited_invoicerow: str | None
    first_credit_invoicerows: list[str]
    patient: str | None
    parent_linked_item: str | None
    linked_items: list[str]
    panel: str | None
    order_in_panel: int
    additional_tax_percentage: float
    royalty_fee: float | None
    calculated_price: float
    calculated_price_with_vat: float
    invoicable_quantity: float


class InvoiceRows:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_rows(self, request: Request) -> Reply:
        """All invoices' rows, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(billing.list_rows)
        return asked.reply(page, [row_out(row, asked.urls, asked.zone) for row in page.items])

    async def get_row(self, request: Request) -> Reply:
        """One row."""
        found = await billing.get_row(request.context, *named(request, ROW))
        return Reply(200, encode(row_out(found, self._asking.urls(request), await self._asking.zone(request))))


def row_out(row: InvoiceRow, urls: Urls, zone: str) -> InvoiceRowOut:
    """A row on the wire. No VAT is kept, so prices and sums are the same with it and without."""
    line = row.line
    price, total, count = amount(line.unit_price_cents), amount(line.total_cents), quantity(line.quantity_milli)
    created = times.to_text(row.created_at, zone)
    return InvoiceRowOut(
        id=row.number, url=urls.of(ROW, row.number), invoice=urls.of(INVOICE, row.serial), consultation_item=None,
        original_consultation=None, item=None, name=BALANCE if line.position == CARRIED_OVER else line.name,
        invoice_group="", quantity=count, price=price, price_with_vat=price, sum=total, sum_vat=0.0, sum_total=total,
        percentage_change=0.0, created=created, modified=times.to_text(row.updated_at, zone), used=created,
        prescription=False, vat_percentage=0.0, account_number=None, reporting_dimension_1=None,
        reporting_dimension_2=None, credited_invoicerow=None, first_credited_invoicerow=None,
        first_credit_invoicerows=[], patient=urls.maybe("patient", row.patient), parent_linked_item=None,
        linked_items=[], panel=None, order_in_panel=1, additional_tax_percentage=0.0, royalty_fee=None,
        calculated_price=price, calculated_price_with_vat=price, invoicable_quantity=count,
    )  # fmt: skip


InvoiceRowsAnswer = Listed[InvoiceRowOut]
