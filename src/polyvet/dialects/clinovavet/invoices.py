# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/invoices.

The path is lost in every stored copy and [inferred]; object and parameters are [seed]. The invoices that the key's
clinic made, the newest first [inferred].
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from polyvet.core import invoices
from polyvet.dialects.clinovavet.wire import Listing, ListOf, encode, from_id, to_id
from polyvet.model import values
from polyvet.model.entities import InvoiceStatus, InvoiceWithLines
from polyvet.model.paging import Page, Place
from polyvet.web import params
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

# A JSON number that keeps its trailing zero: 245.50 [seed].
Amount = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


class InvoiceOut(msgspec.Struct, rename="camel", gc=False):
    """An invoice [seed]; only `petId` may be null [inferred]."""

    id: str
    invoice_number: str
    total_amount: Amount
    status: str
    owner_id: str
    pet_id: str | None
    items_json: str
    created_at: str


class Item(msgspec.Struct, gc=False):
    """An element of `itemsJson` [seed]; `price` is that of one unit [inferred]."""

    name: str
    price: msgspec.Raw
    quantity: msgspec.Raw


class Invoices:
    """The one operation."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def list_invoices(self, request: Request) -> Reply:
        """The clinic's invoices; an unknown owner has none [inferred], an unknown status is a 400 [inferred]."""
        query = request.query()
        owner = params.text(query, "ownerId")
        status = params.choice(query, "status", InvoiceStatus)
        listing = Listing(self._marks, request, query, name="invoices", filters=(owner, status))
        client_id = None if owner is None else from_id(owner)
        if owner is not None and client_id is None:
            page: Page[InvoiceWithLines] = Page([], 0, more=False)
        else:
            page = await invoices.search(
                request.context,
                client_id=client_id,
                status=status,
                limit=listing.limit,
                offset=listing.rows_to_skip,
                place=listing.place,
            )
        last = Place(page.items[-1].head.created_at, page.items[-1].head.id) if page.items else None
        return Reply(200, encode(listing.page(page, [invoice_out(invoice) for invoice in page.items], last)))


def invoice_out(invoice: InvoiceWithLines) -> InvoiceOut:
    """An invoice on the wire. The total need not be the items' sum: the sample's is not [seed]."""
    head = invoice.head
    items = [Item(line.name, amount(line.unit_price_cents), quantity(line.quantity_milli)) for line in invoice.lines]
    return InvoiceOut(
        to_id(head.id),
        head.number,
        amount(invoice.total_cents),
        head.status,
        to_id(head.client_id),
        None if head.patient_id is None else to_id(head.patient_id),
        encode(items).decode(),
        values.to_milliseconds_text(head.created_at),
    )


def amount(cents: int) -> msgspec.Raw:
    """Cents as a number with exactly two decimals: 24550 is 245.50 [seed]."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return msgspec.Raw(f"{sign}{whole}.{rest:02d}".encode())


def quantity(thousandths: int) -> msgspec.Raw:
    """Thousandths as a number: 1000 is 1 [seed], 1500 is 1.5 [inferred]."""
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return msgspec.Raw(f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".").encode())


InvoicesAnswer = ListOf[InvoiceOut]
