# SPDX-License-Identifier: Apache-2.0
"""A clinic's own medical records as visits: by number, and in filtered lists."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.errors import Missing
from polyvet.model.files import RecordFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import consultations as stored

KIND = "record"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}


async def list_records(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[RecordFile]:
    """The records that the clinic made, amendments among them, by number where nothing else is asked for."""
    ctx.require("records:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get(ctx: Context, number: int, shown: str) -> RecordFile:
    """One record. Missing, also when the number is another clinic's."""
    ctx.require("records:read")
    found = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(KIND, shown)
    return found
