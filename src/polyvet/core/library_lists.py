# SPDX-License-Identifier: Apache-2.0
"""Lists of the library: everybody's content and the clinic's own, as far as the user's role opens it; and species."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.filters import All, Condition, Filter, Op, Order
from polyvet.model.library import ContentKind, LibraryRole, ListedContent
from polyvet.storage import library_lists as stored

MOST_ITEMS = 1_000
_FREE = Condition("role", Op.IS, (LibraryRole.FREE.value,))


async def content(
    ctx: Context, kind: ContentKind, tree: Filter | None, orders: tuple[Order, ...] = (), *, limit: int, offset: int = 0
) -> list[ListedContent]:
    """Up to `limit` and never more than MOST_ITEMS, after the first `offset`; by number where `orders` leave it
    open."""
    ctx.require("library:read")
    limit = min(limit, MOST_ITEMS)
    return await stored.page(ctx.store, ctx.clinic_id, kind, _opened(ctx, tree), orders, limit=limit, offset=offset)


async def count(ctx: Context, kind: ContentKind, tree: Filter | None) -> int:
    """How many pieces of content a filter finds."""
    ctx.require("library:read")
    return await stored.count(ctx.store, ctx.clinic_id, kind, _opened(ctx, tree))


async def species(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...] = (), *, limit: int, offset: int = 0
) -> list[tuple[int, str]]:
    """Codes and everyday names, likewise; roles play no part."""
    ctx.require("library:read")
    limit = min(limit, MOST_ITEMS)
    return await stored.species_page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def count_species(ctx: Context, tree: Filter | None) -> int:
    """How many species a filter finds."""
    ctx.require("library:read")
    return await stored.species_count(ctx.store, ctx.clinic_id, tree)


def _opened(ctx: Context, tree: Filter | None) -> Filter | None:
    """The filter over what is open to the user alone."""
    if ctx.caller.role == LibraryRole.PREMIUM:
        return tree
    return _FREE if tree is None else All((_FREE, tree))
