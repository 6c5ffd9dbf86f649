# SPDX-License-Identifier: Apache-2.0
"""Invoices. They belong to the clinic that made them."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.entities import InvoiceWithLines
from polyvet.model.paging import Page, Place
from polyvet.storage import invoices as stored


async def search(
    ctx: Context,
    *,
    client_id: bytes | None = None,
    status: str | None = None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[InvoiceWithLines]:
    """The clinic's invoices, the newest first."""
    ctx.require("invoices:read")
    return await stored.list_by_creation(
        ctx.reader, ctx.clinic_id, client_id=client_id, status=status, limit=limit, offset=offset, place=place
    )
