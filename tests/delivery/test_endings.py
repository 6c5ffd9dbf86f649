# SPDX-License-Identifier: Apache-2.0
"""What ends: webhooks that are deleted, deliveries that are old, workers that are stopped."""

from __future__ import annotations

import asyncio
import time

from polyvet.delivery import worker as workers
from polyvet.delivery.loop import KEPT
from polyvet.model import values
from polyvet.model.hooks import Delivery, DeliveryState
from polyvet.storage import deliveries
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import run
from tests.delivery.receiving import (
    CLIENT,
    Receiver,
    clients,
    delivering,
    eventually,
    sound,
    telling,
)


def test_a_hook_that_is_deleted_takes_its_deliveries_with_it(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: time.sleep(0.3) or 500) as receiver:  # type: ignore[func-returns-value]
            async with telling(migrated_url) as world, delivering(world):
                hook = await world.hook(receiver.url, CLIENT)
                await clients(world, 30)
                await eventually(lambda: len(receiver.got) > 4)
                await world.remove(hook)
                assert await world.queue() == []
                assert await world.counts(world.clinic, "deliveries") == [0]
                came = len(receiver.got)
                await asyncio.sleep(0.6)  # what was under way ends, and writes nothing
                assert len(receiver.got) == came
        await sound(migrated_url)

    run(test())


def test_deliveries_go_after_a_month(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            hook = await world.hook("https://receiver.example/", CLIENT)
            old = values.now() - KEPT - values.DAY
            rows = [
                Delivery(
                    values.new_id(at), world.clinic, n, hook.id, n, "client_id", str(n), "delivered", 1, None, None,
                    200, None, at, at,
                )
                for n, at in enumerate([old] * 5 + [values.now()])
            ]  # fmt: skip

            async def work(tx: Tx) -> None:
                for one in rows:
                    deliveries.insert(tx, one)

            await world.store.write(Touching(clinics=(world.clinic,)), work)
            async with delivering(world):
                for _ in range(1_000):
                    if len(await world.queue()) == 1:
                        break
                    await asyncio.sleep(0.02)
            assert await world.queue() == rows[-1:]
            assert await world.counts(world.clinic, "deliveries") == [1]

    run(test())


def test_a_worker_that_is_stopped_lets_what_is_under_way_end(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: time.sleep(0.5) or 200) as receiver:  # type: ignore[func-returns-value]
            async with telling(migrated_url) as world:
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                async with delivering(world):
                    await eventually(lambda: len(receiver.got) == 1)
                [delivery] = await world.queue()
                assert delivery.state == DeliveryState.DELIVERED

    run(test())


def test_a_worker_that_is_stopped_does_not_wait_for_a_receiver_that_hangs(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: None) as receiver:
            async with telling(migrated_url) as world:
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                async with delivering(world):
                    await eventually(lambda: len(receiver.got) == 1)
                    started = time.monotonic()
                assert time.monotonic() - started < workers.STOP_S + 2
                [delivery] = await world.queue()
                assert delivery.state == DeliveryState.QUEUED  # and due when its lease ends

    run(test())


def test_a_hook_can_be_deleted_at_any_moment(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world, delivering(world):
                for n in range(8):
                    hook = await world.hook(receiver.url, CLIENT)
                    came = len(receiver.got)
                    await clients(world, 12)
                    await eventually(lambda came=came, n=n: len(receiver.got) > came + n % 8)  # type: ignore[misc]
                    await world.remove(hook)
                    assert await world.queue() == []
        await sound(migrated_url)

    run(test())
