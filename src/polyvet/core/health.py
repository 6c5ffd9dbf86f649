# SPDX-License-Identifier: Apache-2.0
"""How the server does: a clinic's queues for its people, the rest for who looks after the server."""

from __future__ import annotations

import msgspec

from polyvet.core.context import Context
from polyvet.storage import deeds, health
from polyvet.storage.deeds import Done
from polyvet.storage.health import Queue
from polyvet.storage.store import Reader


class Queues(msgspec.Struct, frozen=True):
    """What waits to be sent, and what could not be."""

    deliveries: Queue
    mails: Queue


class Health(msgspec.Struct, frozen=True):
    """The store, and what waits in it for all clinics."""

    engine: str
    size: int  # bytes
    revision: str  # of its schema
    backup: Done | None  # the last one
    queues: Queues


async def of_clinic(ctx: Context) -> Queues:
    """The clinic's queues."""
    ctx.require("requests:read")
    return await ctx.store.aside(lambda reader: _queues(reader, ctx.clinic_id))


async def of_server(ctx: Context) -> Health:
    """The store, and the queues of all clinics."""
    ctx.require("server:read")

    async def look(reader: Reader) -> Health:
        return Health(
            engine=reader.engine,
            size=await health.size(reader),
            revision=await health.revision(reader),
            backup=await deeds.last(reader, deeds.BACKUP),
            queues=await _queues(reader, None),
        )

    return await ctx.store.aside(look)


async def _queues(reader: Reader, clinic_id: int | None) -> Queues:
    return Queues(await health.delivery_queue(reader, clinic_id), await health.mail_queue(reader, clinic_id))
