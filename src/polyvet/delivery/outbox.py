# SPDX-License-Identifier: Apache-2.0
"""From events to deliveries: the event log, which is written with each change, is read on from where it was left, and
what an active webhook wants to hear of becomes a delivery, in the transaction that notes how far was read.
"""

from __future__ import annotations

from functools import partial

from polyvet.model import values
from polyvet.model.hooks import Delivery, DeliveryState, Telling, Told, Webhook
from polyvet.storage import deliveries, numbers, outbox, webhooks
from polyvet.storage.outbox import Happened, Thing
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

EVENTS = 500  # in one transaction, and fewer where many webhooks listen
_MOST_ROWS = 5_000
_NUMBERED = "delivery"

Wanted = tuple[Webhook, Told]


async def read_on(store: Store, telling: Telling) -> tuple[bool, bool]:
    """Read each clinic's log on by one piece; gives whether there is an active webhook at all, and whether there may be
    more to read."""
    found = await outbox.unread(store.reader)
    more = False
    for one in found:
        if one.last > max(one.read, one.since):
            more |= await store.write(Touching(clinics=(one.clinic_id,)), partial(_read_piece, one.clinic_id, telling))
    return bool(found), more


async def _read_piece(clinic_id: int, telling: Telling, tx: Tx) -> bool:
    """Make deliveries of the clinic's next events; gives whether there may be more. The transaction holds the clinic:
    of two processes the second finds the log read."""
    hooks = await webhooks.of_clinic(tx, clinic_id, active=True)
    if not hooks:
        return False
    start = max(await outbox.cursor(tx, clinic_id), min(hook.since_seq for hook in hooks))
    most = max(1, min(EVENTS, _MOST_ROWS // len(hooks)))
    events = await outbox.after(tx, clinic_id, start, most)
    if not events:
        return False
    wanted = [(hook, telling[hook.trigger]) for hook in hooks if hook.trigger in telling]
    for one in await _deliveries(tx, clinic_id, events, wanted):
        deliveries.insert(tx, one)
    outbox.advance(tx, clinic_id, events[-1].seq)
    return len(events) == most


async def _deliveries(tx: Tx, clinic_id: int, events: list[Happened], wanted: list[Wanted]) -> list[Delivery]:
    """One delivery for each webhook and thing, of the thing's last event: a message says no more than which thing was
    changed, and it leaves after all of these events."""
    entities = {event.entity for event in events} & {told.entity for _, told in wanted}
    things = {entity: await outbox.things(tx, clinic_id, entity, events) for entity in entities}
    last: dict[tuple[int, bytes], tuple[Happened, Wanted, Thing]] = {}
    for event in events:
        for hook, told in wanted:
            if event.seq <= hook.since_seq or event.entity != told.entity or not told.of(event.kind):
                continue
            thing = things[told.entity].get(event.entity_id)
            if thing is None or hook.department not in (None, thing.department):
                continue
            last[hook.number, event.entity_id] = event, (hook, told), thing
    if not last:
        return []
    number = await numbers.take(tx, clinic_id, _NUMBERED, len(last))
    now = values.now()
    return [
        Delivery(
            values.new_id(now), clinic_id, number + n, hook.id, event.seq, told.parameter, str(thing.number),
            str(DeliveryState.QUEUED), 0, now, None, None, None, now, now,
        )
        for n, (event, (hook, told), thing) in enumerate(sorted(last.values(), key=lambda one: one[0].seq))
    ]  # fmt: skip
