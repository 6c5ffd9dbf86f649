# SPDX-License-Identifier: Apache-2.0
"""What was asked for in the last days, and why it was refused: for the clinic whose key it was; what nobody's key asked
for, for who looks after the server."""

from __future__ import annotations

from collections.abc import Iterable

from polyvet.core.context import Context
from polyvet.model.audit_log import USER
from polyvet.model.requests import NOBODYS, Asked, Credential, Wanted
from polyvet.storage import actors
from polyvet.storage import requests as stored
from polyvet.storage.requests import Found

Place = tuple[int, str]
OFFERED = 100  # keys and applications each, to narrow the list to


async def of_clinic(ctx: Context, wanted: Wanted, before: Place | None, most: int) -> Found:
    """The clinic's requests, the newest first, up to `most`; those after the place `before`, if it is given."""
    ctx.require("requests:read")
    return await _listed(ctx, ctx.clinic_id, wanted, before, most)


async def of_nobody(ctx: Context, wanted: Wanted, before: Place | None, most: int) -> Found:
    """As `of_clinic`, of requests whose caller is not known."""
    ctx.require("server:read")
    return await _listed(ctx, NOBODYS, wanted, before, most)


async def credentials(ctx: Context, chosen: bytes | None) -> list[Credential]:
    """What requests can be narrowed to: the clinic's latest keys and applications, alive or not, OFFERED of each, and
    the one that is chosen already, if it is of the clinic."""
    ctx.require("requests:read")
    found = await stored.credentials(ctx.reader, ctx.clinic_id, OFFERED)
    if chosen is None or any(one.id == chosen for one in found):
        return found
    another = await stored.credential(ctx.reader, ctx.clinic_id, chosen)
    return found if another is None else [*found, another]


async def names(ctx: Context, rows: Iterable[Asked], known: Iterable[Credential]) -> dict[bytes, str]:
    """What the clinic's keys and applications are called by which requests were made; some of them are known."""
    ctx.require("requests:read")
    found = {one.id: one.name for one in known}
    idents = {row.key_id for row in rows if row.key_id is not None}
    others = await actors.named(ctx.reader, ctx.clinic_id, idents - found.keys())
    return found | {one.id: one.name for one in others if one.kind != USER}


async def _listed(ctx: Context, clinic_id: int, wanted: Wanted, before: Place | None, most: int) -> Found:
    if wanted.anything:
        return await stored.listed(ctx.reader, clinic_id, wanted, before, most)
    return await ctx.store.aside(lambda reader: stored.listed(reader, clinic_id, wanted, before, most))
