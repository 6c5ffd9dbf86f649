# SPDX-License-Identifier: Apache-2.0
"""Messages that somebody sends to try a webhook."""

from __future__ import annotations

import pytest

from polyvet.core import webhooks
from polyvet.delivery.outbox import read_on
from polyvet.dialects.provet.triggers import TELLING
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.hooks import ContentType, Delivery, DeliveryState, Webhook
from polyvet.storage import deliveries
from polyvet.storage.writing import Touching
from tests.core.stores import run
from tests.delivery.receiving import CLIENT, Receiver, Telling, clients, delivering, eventually, sound, telling


async def ping(world: Telling, hook: Webhook) -> Delivery:
    """Send one."""
    touching = Touching(clinics=(hook.clinic_id,))
    return await world.write(hook.clinic_id, touching, lambda w: webhooks.ping(w, hook.number, "shown"))


def test_a_ping_is_tried_once_and_of_no_event(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: 500 if b"ping" in got.body else 200) as receiver:
            async with telling(migrated_url) as world, delivering(world):
                hook = await world.hook(receiver.url, CLIENT, content_type=ContentType.FORM)
                sent = await ping(world, hook)
                [failed] = await world.settled(1)
                assert (failed.number, failed.state, failed.attempts) == (sent.number, DeliveryState.FAILED, 1)
                assert failed.is_ping
                assert receiver.bodies() == [b"ping=%d" % sent.number]
                receiver.got[0].verify(hook.secret)
                await world.client(world.clinic)  # what happens is told as if there had been none
                told = (await world.settled(2))[-1]
                assert (told.state, told.is_ping, told.parameter) == (DeliveryState.DELIVERED, False, "client_id")
            await sound(migrated_url)

    run(test())


def test_a_ping_that_failed_is_sent_once_more_when_it_is_asked_for(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: 200 if nth == 2 else 500) as receiver:
            async with telling(migrated_url) as world, delivering(world):
                sent = await ping(world, await world.hook(receiver.url))
                await world.settled(1)
                await world.write(
                    world.clinic, Touching(clinics=(world.clinic,)), lambda w: webhooks.redeliver(w, sent.number, "x")
                )
                await eventually(lambda: len(receiver.got) == 2)
                [delivered] = await world.settled(1)
                assert (delivered.state, delivered.attempts) == (DeliveryState.DELIVERED, 2)
                assert len({got.message for got in receiver.got}) == 1

    run(test())


def test_a_ping_goes_ahead_of_what_has_piled_up(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            hook = await world.hook("http://gone.example/", CLIENT)
            await clients(world, 20)
            while (await read_on(world.store, TELLING))[1]:
                pass
            first, second = [await ping(world, hook) for _ in range(2)]
            now = values.now()
            claimed = await world.store.write(Touching(), lambda tx: deliveries.claim(tx, [(hook, 2)], now, now + 1))
            assert {one.number for _, one in claimed} == {first.number, second.number}
            assert len(await world.queue()) == 22

    run(test())


def test_a_webhook_that_is_off_takes_no_ping(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world:
                hook = await world.hook(receiver.url, active=False)
                with pytest.raises(Invalid):
                    await ping(world, hook)
                assert await world.queue() == []

    run(test())
