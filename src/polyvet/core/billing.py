# SPDX-License-Identifier: Apache-2.0
"""Invoices and their rows by number, and in filtered lists."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from polyvet.core.context import Context
from polyvet.model.entities import CARRIED_OVER, InvoiceLine, InvoiceWithLines
from polyvet.model.errors import Missing
from polyvet.model.files import ClientFile, InvoiceFile, InvoiceRow, row_number
from polyvet.model.filters import Condition, Filter, Op, Order
from polyvet.model.paging import Page
from polyvet.storage import billing as stored
from polyvet.storage import client_files, invoice_rows

INVOICE = "invoice"
ROW = "invoice row"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
ROW_KINDS = {path: field.kind for path, field in invoice_rows.FIELDS.items()}


async def list_invoices(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[InvoiceFile]:
    """The clinic's invoices, by serial where nothing else is asked for."""
    ctx.require("invoices:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get(ctx: Context, serial: int, shown: str) -> InvoiceFile:
    """One invoice. Missing, also when the serial is another clinic's."""
    ctx.require("invoices:read")
    found = await stored.by_serial(ctx.reader, ctx.clinic_id, serial)
    if found is None:
        raise Missing(INVOICE, shown)
    return found


class Beside(msgspec.Struct, frozen=True):
    """What is shown with invoices: their lines by serial, and those who pay by their numbers."""

    lines: dict[int, list[InvoiceLine]]
    payers: dict[int, ClientFile]

    def whole(self, file: InvoiceFile) -> InvoiceWithLines:
        """The invoice, which tells its total."""
        return InvoiceWithLines(file.head, self.lines.get(file.head.serial, []))


async def beside(ctx: Context, files: Sequence[InvoiceFile]) -> Beside:
    """What stands in other tables of these invoices. An invoice says who pays: that takes no permission of its own."""
    ctx.require("invoices:read")
    payers = {file.client for file in files if file.client is not None}
    return Beside(
        await invoice_rows.of_invoices(ctx.reader, ctx.clinic_id, [file.head.serial for file in files]),
        {one.client.number: one for one in await client_files.by_numbers(ctx.reader, ctx.clinic_id, payers)},
    )


async def list_rows(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[InvoiceRow]:
    """The rows of the clinic's invoices, in their order where nothing else is asked for."""
    ctx.require("invoices:read")
    return await invoice_rows.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get_row(ctx: Context, number: int, shown: str) -> InvoiceRow:
    """One row. Missing, also when the number is another clinic's."""
    ctx.require("invoices:read")
    tree = Condition("number", Op.IS, (number,))
    page = await invoice_rows.page(ctx.store, ctx.clinic_id, tree, (), limit=1, offset=0)
    if not page.items:
        raise Missing(ROW, shown)
    return page.items[0]


def row_numbers(invoice: InvoiceWithLines) -> list[int]:
    """The numbers of an invoice's rows."""
    positions = [line.position for line in invoice.lines]
    if invoice.head.carried_over_cents:
        positions.append(CARRIED_OVER)
    return [row_number(invoice.head.serial, position) for position in positions]
