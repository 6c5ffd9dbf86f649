# SPDX-License-Identifier: Apache-2.0
"""What was asked for in the last days, and why it was refused: for the clinic whose key it was; what nobody's key asked
for, for who looks after the server."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.requests import NOBODYS, Credential, Wanted
from polyvet.storage import requests as stored
from polyvet.storage.requests import Found

Place = tuple[int, str]


async def of_clinic(ctx: Context, wanted: Wanted, before: Place | None, most: int) -> Found:
    """The clinic's requests, the newest first, up to `most`; those after the place `before`, if it is given."""
    ctx.require("requests:read")
    return await _listed(ctx, ctx.clinic_id, wanted, before, most)


async def of_nobody(ctx: Context, wanted: Wanted, before: Place | None, most: int) -> Found:
    """As `of_clinic`, of requests whose caller is not known."""
    ctx.require("server:read")
    return await _listed(ctx, NOBODYS, wanted, before, most)


async def credentials(ctx: Context) -> list[Credential]:
    """The clinic's keys and applications, alive or not, the oldest first."""
    ctx.require("requests:read")
    return await stored.credentials(ctx.reader, ctx.clinic_id)


async def _listed(ctx: Context, clinic_id: int, wanted: Wanted, before: Place | None, most: int) -> Found:
    if wanted.anything:
        return await stored.listed(ctx.reader, clinic_id, wanted, before, most)
    return await ctx.store.aside(lambda reader: stored.listed(reader, clinic_id, wanted, before, most))
