# SPDX-License-Identifier: Apache-2.0
"""From events to deliveries: the event log, which is written with each change, is read on from where it was left, and
what an active webhook wants to hear of becomes a delivery, in the transaction that notes how far was read.
"""

from __future__ import annotations

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


async def read_on(store: Store, telling: Telling) -> bool:
    """Read all clinics' logs to their ends; gives whether there is an active webhook at all."""
    found = await outbox.unread(store.reader)
    for one in found:
        if one.last <= max(one.read, one.since):
            continue
        touching = Touching(clinics=(one.clinic_id,))
        while await store.write(touching, lambda tx, clinic=one.clinic_id: fan_out(tx, clinic, telling)):  # type: ignore[misc]
            pass
    return bool(found)


async def fan_out(tx: Tx, clinic_id: int, telling: Telling) -> bool:
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
    for one in await _deliveries(tx, clinic_id, events, [(hook, telling[hook.trigger]) for hook in hooks
                                                         if hook.trigger in telling]):  # fmt: skip
        deliveries.insert(tx, one)
    outbox.advance(tx, clinic_id, events[-1].seq)
    return len(events) == most


async def _deliveries(tx: Tx, clinic_id: int, events: list[Happened], wanted: list[Wanted]) -> list[Delivery]:
    """One delivery for each webhook and thing, of the thing's last event: a message says no more than which thing was
    changed, and it leaves after all of these events."""
    happened = {event.entity for event in events}
    things = {
        told.entity: await outbox.things(tx, clinic_id, told.entity, events)
        for told in {told.entity: told for _, told in wanted if told.entity in happened}.values()
    }
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
