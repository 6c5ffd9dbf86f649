# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/inventory [docs: R1 and K] and GET /api/v1/inventory/{fp} [docs: G1, here with the item of R1].

A clinic's stock is its own, never shared [docs]. In the order of the ids, which never change [inferred].
"""

from __future__ import annotations

import msgspec

from polyvet.core import stock
from polyvet.dialects.vetigen.listing import Listing
from polyvet.dialects.vetigen.wire import LONGEST_FP, Generation, Success, from_fp, respelled, success, to_fp
from polyvet.dialects.vetigen.wire import Items as ItemsOf
from polyvet.model.entities import StockItem
from polyvet.model.paging import Place
from polyvet.web import params
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

ITEM = "invitem_"
LOW_STOCK_NAMES = {Generation.R1: "low_stock", Generation.K: "low_stock_only"}  # [docs]
_THOUSANDTHS = 1000


class ItemOut(msgspec.Struct, gc=False):
    """An item of the inventory [docs: R1, K]; the list of categories is open."""

    fp: str
    name: str
    category: str
    sku: str
    unit: str
    quantity_on_hand: int | float
    low_stock_threshold: int | float
    unit_price_cents: int
    currency: str
    is_virtual: bool


ItemAnswer = Success[ItemOut]
ItemsAnswer = Success[ItemsOf[ItemOut]]


class Inventory:
    """The two operations."""

    def __init__(self, marks: Marks, generation: Generation) -> None:
        self._marks = marks
        self._low_stock = LOW_STOCK_NAMES[generation]

    async def list_inventory(self, request: Request) -> Reply:
        """The clinic's items; `category` to the letter, low: strictly less than the threshold [inferred]."""
        query = request.query()
        category = params.text(query, "category")
        only_low = params.boolean(query, self._low_stock) or False
        listing = Listing(self._marks, request, query, "inventory", category, only_low)
        page = await stock.search(
            request.context,
            category=category,
            only_low=only_low,
            limit=listing.limit,
            offset=listing.offset,
            after=None if listing.place is None else listing.place.ident,
        )
        last = Place(0, page.items[-1].id) if page.items else None
        return listing.answer(page, [item_out(item) for item in page.items], last)

    async def get_item(self, request: Request) -> Reply:
        """One item."""
        fp = request.parameters["fp"]
        out = item_out(await stock.get(request.context, from_fp(ITEM, fp), fp[:LONGEST_FP]))
        out.fp = respelled(fp, out.fp)
        return success(out)


def to_units(thousandths: int) -> int | float:
    """A quantity, which is kept in thousandths, as a number: 12000 is 12, 2500 is 2.5."""
    whole, rest = divmod(thousandths, _THOUSANDTHS)
    return thousandths / _THOUSANDTHS if rest else whole


def item_out(item: StockItem) -> ItemOut:
    """An item on the wire."""
    return ItemOut(
        to_fp(ITEM, item.id),
        item.name,
        item.category,
        item.sku,
        item.unit,
        to_units(item.quantity_milli),
        to_units(item.low_stock_milli),
        item.unit_price_cents,
        item.currency,
        bool(item.is_virtual),
    )
