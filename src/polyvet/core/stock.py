# SPDX-License-Identifier: Apache-2.0
"""A clinic's stock; never shared."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.entities import StockItem
from polyvet.model.errors import Missing
from polyvet.model.paging import Page
from polyvet.storage import stock as stored


async def get(ctx: Context, item_id: bytes | None, shown: str) -> StockItem:
    """One item of the clinic. Missing, also when another clinic has it."""
    ctx.require("stock:read")
    item = None if item_id is None else await stored.get(ctx.reader, ctx.clinic_id, item_id)
    if item is None:
        raise Missing("item", shown)
    return item


async def search(
    ctx: Context,
    *,
    category: str | None = None,
    only_low: bool = False,
    limit: int,
    offset: int = 0,
    after: bytes | None = None,
) -> Page[StockItem]:
    """The clinic's items; `only_low` keeps those of which there is less than their threshold."""
    ctx.require("stock:read")
    return await stored.list_items(
        ctx.reader, ctx.clinic_id, category=category, only_low=only_low, limit=limit, offset=offset, after=after
    )
