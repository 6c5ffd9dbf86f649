# SPDX-License-Identifier: Apache-2.0
"""How the server does: a clinic's queues for its people, the rest for who looks after the server."""

from __future__ import annotations

import msgspec

from polyvet.core.context import Context
from polyvet.model import values
from polyvet.storage import deeds, health
from polyvet.storage.deeds import Done
from polyvet.storage.health import Queue
from polyvet.storage.store import Reader

BACKUP_DAYS = 7  # after which a server is said to want another backup
LATE = 15 * 60 * values.MICROSECONDS  # what has been due for longer is not sent as it should be


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


class Neglected(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is to see to: the last backup, and since when deliveries and mails are late, None if they are not.
    `mails` wait, counted to SOME at the most."""

    backup: Done | None
    wants_backup: bool
    deliveries_since: int | None
    mails_since: int | None
    mails: int

    @property
    def any(self) -> bool:
        """Whether there is something, but for mails that have not waited long."""
        return self.wants_backup or self.deliveries_since is not None or self.mails_since is not None


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


async def neglected(ctx: Context) -> Neglected:
    """What waits for who looks after the server. It is asked whenever they come in, so little is looked at."""
    ctx.require("server:read")
    reader, now = ctx.reader, values.now()
    mails = await health.some_mails(reader)
    backup = await deeds.last(reader, deeds.BACKUP)
    return Neglected(
        backup=backup,
        wants_backup=backup is None or backup.at < now - BACKUP_DAYS * values.DAY,
        deliveries_since=_late(await health.deliveries_due(reader), now),
        mails_since=_late(mails.oldest, now),
        mails=mails.waiting,
    )


def _late(due: int | None, now: int) -> int | None:
    """When something was due, if that is long ago."""
    return due if due is not None and due < now - LATE else None


async def _queues(reader: Reader, clinic_id: int | None) -> Queues:
    return Queues(await health.delivery_queue(reader, clinic_id), await health.mail_queue(reader, clinic_id))
