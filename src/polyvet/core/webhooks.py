# SPDX-License-Identifier: Apache-2.0
"""Webhooks and their deliveries, as a clinic sets them up and looks at them. Sending is not done here."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable

import msgspec

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.errors import Invalid, Missing
from polyvet.model.filters import Filter, Order
from polyvet.model.hooks import PING, Attempt, Delivery, DeliveryState, Health, Sought, Webhook
from polyvet.model.paging import Page
from polyvet.storage import deliveries, delivery_log, departments, numbers
from polyvet.storage import webhooks as stored
from polyvet.storage.health import FAILED_SINCE
from polyvet.storage.writing import Touching, Tx

WEBHOOK, DELIVERY = "webhook", "delivery"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
DELIVERY_KINDS = {path: field.kind for path, field in deliveries.FIELDS.items()}
LONGEST_URL = 2_000  # characters of a target
LONGEST_NAME = 200
MOST_PER_CLINIC = 50
MOST_ATTEMPTS = 100  # of one delivery, however often it is asked for again
OVERLAP = values.DAY  # how long a secret that was replaced still signs
UNUSED = 60 * values.MICROSECONDS  # how long nobody is taken to have told a receiver of a new secret
_AT_ONCE = 5_000  # deliveries that are taken away in one transaction
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105, how Standard Webhooks marks a secret


async def list_webhooks(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[Webhook]:
    """The clinic's webhooks."""
    ctx.require("webhooks:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def of_clinic(ctx: Context) -> list[Webhook]:
    """All of the clinic's webhooks, which are few."""
    ctx.require("webhooks:read")
    return await stored.of_clinic(ctx.reader, ctx.clinic_id)


async def overview(ctx: Context) -> list[tuple[Webhook, Health]]:
    """All of the clinic's webhooks, and how each does."""
    hooks = await of_clinic(ctx)
    known = await delivery_log.health(ctx.reader, ctx.clinic_id, values.new_id(values.now() - FAILED_SINCE))
    return [(hook, known.get(hook.id, Health(hook.id))) for hook in hooks]


async def failing(ctx: Context) -> list[tuple[Webhook, Health]]:
    """Of the clinic's webhooks that are on those which something has not reached: it is tried again, or was given up
    of late."""
    ctx.require("webhooks:read")
    return [(hook, one) for hook, one in await overview(ctx) if hook.active and (one.retried or one.given_up)]


async def get(ctx: Context, number: int, shown: str) -> Webhook:
    """One webhook. Missing."""
    ctx.require("webhooks:read")
    found = await stored.get(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(WEBHOOK, shown)
    return found


async def create(w: Writing, new: Webhook) -> Webhook:
    """Add a webhook, which hears of what happens from now on; its id, number, secret and instants are given here."""
    w.require("webhooks:write")
    if await stored.count(w.tx, w.clinic_id) >= MOST_PER_CLINIC:
        raise Invalid({"target_url": f"A clinic has at most {MOST_PER_CLINIC} webhooks."})
    await _check_department(w, new.department)
    at = w.tx.stamp(w.clinic_id)
    made = msgspec.structs.replace(
        new, id=values.new_id(), clinic_id=w.clinic_id, number=await numbers.take(w.tx, w.clinic_id, WEBHOOK),
        secret=new_secret(), previous_secret=None, previous_until=None, since_seq=w.tx.clinic(w.clinic_id).event_seq,
        created_at=at, updated_at=at,
    )  # fmt: skip
    stored.insert(w.tx, made)
    return made


async def save(w: Writing, number: int, shown: str, change: Callable[[Webhook], Webhook]) -> Webhook:
    """Write what `change` makes of a webhook. One that becomes active hears of what happens from now on."""
    w.require("webhooks:write")
    old = await _writable(w, number, shown)
    changed = change(old)
    if changed.department != old.department:
        await _check_department(w, changed.department)
    since = w.tx.clinic(w.clinic_id).event_seq if changed.active and not old.active else old.since_seq
    saved = msgspec.structs.replace(changed, since_seq=since, updated_at=w.tx.stamp(w.clinic_id))
    stored.change(w.tx, saved)
    return saved


async def rotate(w: Writing, number: int, shown: str) -> Webhook:
    """Give a webhook a new secret; for a while the one before it signs as well. A secret that is replaced as soon as it
    was made, as by a button that was pressed twice, is one that no receiver has: then the one before that goes on
    signing."""
    w.require("webhooks:write")
    old = await _writable(w, number, shown)
    now = values.now()
    unused = old.previous_until is not None and old.previous_until - OVERLAP > now - UNUSED
    saved = msgspec.structs.replace(
        old, secret=new_secret(), previous_secret=old.previous_secret if unused else old.secret,
        previous_until=now + OVERLAP, updated_at=w.tx.stamp(w.clinic_id),
    )  # fmt: skip
    stored.change(w.tx, saved)
    return saved


async def touching(ctx: Context, number: int) -> Touching:
    """What deleting a webhook touches. It may have a hundred thousand deliveries: all but the last few are taken away
    before, in steps that let others write in between, after it has been told to hear of nothing more."""
    ctx.require("webhooks:write")
    clinic = Touching(clinics=(ctx.clinic_id,))
    found = await stored.get(ctx.reader, ctx.clinic_id, number)
    if found is None:
        return clinic

    async def silence(tx: Tx) -> None:
        if (one := await stored.get(tx, ctx.clinic_id, number)) is not None:
            stored.change(tx, msgspec.structs.replace(one, active=False))

    await ctx.store.write(clinic, silence)
    while await ctx.store.write(clinic, lambda tx: deliveries.remove_of_hook(tx, found.id, _AT_ONCE)) == _AT_ONCE:
        pass
    return clinic


async def delete(w: Writing, number: int, shown: str) -> None:
    """Take a webhook away, with what is left of its deliveries."""
    w.require("webhooks:write")
    old = await _writable(w, number, shown)
    while await deliveries.remove_of_hook(w.tx, old.id, _AT_ONCE) == _AT_ONCE:
        pass
    stored.remove(w.tx, old.id)


async def list_deliveries(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[tuple[Delivery, Webhook]]:
    """What was and is to be sent, each with its webhook."""
    ctx.require("webhooks:read")
    return await deliveries.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def latest_deliveries(
    ctx: Context, before: int, limit: int, *, sought: Sought | None = None, of: int | None = None
) -> list[tuple[Delivery, Webhook]]:
    """What was and is to be sent, each with its webhook, the latest first: those with lower numbers than `before`, of
    one kind, and of the webhook with the number `of`, if these are named. Missing."""
    ctx.require("webhooks:read")
    if of is None:
        return await delivery_log.latest(ctx.reader, ctx.clinic_id, sought, before, limit)
    hook = await get(ctx, of, str(of))
    return await delivery_log.of_hook(ctx.reader, hook.id, sought, before, limit)


async def get_delivery(ctx: Context, number: int, shown: str) -> tuple[Delivery, Webhook, list[Attempt]]:
    """One delivery, its webhook, and all its attempts. Missing."""
    ctx.require("webhooks:read")
    found = await deliveries.get(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(DELIVERY, shown)
    return *found, await deliveries.attempts(ctx.reader, found[0].id)


async def redeliver(w: Writing, number: int, shown: str) -> tuple[Delivery, Webhook, list[Attempt]]:
    """Have a delivery sent once more, at once and with its old id. Missing."""
    w.require("webhooks:write")
    found = await deliveries.get(w.tx, w.clinic_id, number)
    if found is None:
        raise Missing(DELIVERY, shown)
    if found[0].attempts >= MOST_ATTEMPTS:
        raise Invalid({"attempts": f"A delivery is tried at most {MOST_ATTEMPTS} times."})
    now = values.now()
    deliveries.redeliver(w.tx, found[0].id, await deliveries.head_of_queue(w.tx, found[1].id, now), now)
    again = await deliveries.get(w.tx, w.clinic_id, number)
    assert again is not None  # noqa: S101, the transaction has just written it
    return *again, await deliveries.attempts(w.tx, found[0].id)


async def ping(w: Writing, number: int, shown: str) -> Delivery:
    """Have an active webhook sent a message that tells of nothing, at once and in one attempt. Missing; Invalid."""
    w.require("webhooks:write")
    hook = await _writable(w, number, shown)
    if not hook.active:
        raise Invalid({"active": "A webhook that is switched off is sent nothing: switch it on first."})
    nth, now = await numbers.take(w.tx, w.clinic_id, DELIVERY), values.now()
    made = Delivery(
        values.new_id(now), w.clinic_id, nth, hook.id, -nth, PING, str(nth), str(DeliveryState.QUEUED), 0,
        await deliveries.head_of_queue(w.tx, hook.id, now), None, None, None, now, now,
    )  # fmt: skip
    deliveries.insert(w.tx, made)
    return made


def new_secret() -> str:
    """A secret as Standard Webhooks writes them."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


async def _check_department(w: Writing, number: int | None) -> None:
    if number is not None and number not in await departments.of_clinic(w.tx, w.clinic_id):
        raise Invalid({"department": "There is no such department."})


async def _writable(w: Writing, number: int, shown: str) -> Webhook:
    found = await stored.get(w.tx, w.clinic_id, number)
    if found is None:
        raise Missing(WEBHOOK, shown)
    return found
