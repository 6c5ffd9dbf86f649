# SPDX-License-Identifier: Apache-2.0
"""The worker against a real receiver: bodies, signatures, retries, fairness, and several at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from standardwebhooks import WebhookVerificationError

from polyvet import __version__
from polyvet.core import webhooks
from polyvet.delivery import worker as workers
from polyvet.delivery.loop import KEPT
from polyvet.delivery.outbox import read_on
from polyvet.delivery.webhooks import READ_S, WHOLE_S
from polyvet.dialects.provet.triggers import TELLING
from polyvet.model import values
from polyvet.model.hooks import Attempt, ContentType, DeliveryState, Webhook
from polyvet.storage import deliveries
from polyvet.storage.writing import Touching
from tests.core.stores import run
from tests.delivery.receiving import (
    CLIENT,
    PATIENT,
    Got,
    Receiver,
    clients,
    delivering,
    eventually,
    sound,
    telling,
)


def test_a_message_is_a_form_or_json_to_the_byte_and_says_who_sends(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world, delivering(world):
                form = await world.hook(f"{receiver.url}/in?token=t", CLIENT, content_type=ContentType.FORM)
                json = await world.hook(receiver.url, PATIENT)
                client = await world.client(world.clinic)
                await world.patient(world.clinic, client.id)
                found = await world.settled(2)
                by_path = {got.path: got for got in receiver.got}
                one, other = by_path["/in?token=t"], by_path["/"]
                assert one.body == b"client_id=1"
                assert one.headers["content-type"] == "application/x-www-form-urlencoded"
                assert other.body == b'{"patient_id":"1"}'
                assert other.headers["content-type"] == "application/json"
                assert {got.headers["user-agent"] for got in receiver.got} == {f"polyvet/{__version__}"}
                one.verify(form.secret)
                other.verify(json.secret)
                with pytest.raises(WebhookVerificationError):
                    one.verify(json.secret)
                assert {got.message for got in receiver.got} == {
                    f"msg_{values.to_crockford(delivery.id)}" for delivery in found
                }
                assert {delivery.last_status for delivery in found} == {200}

    run(test())


def test_both_secrets_sign_for_a_day_after_a_new_one_was_made(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world, delivering(world):
                old = await world.hook(receiver.url, CLIENT)
                new = await world.write(
                    world.clinic, Touching(clinics=(world.clinic,)), lambda w: webhooks.rotate(w, old.number, "shown")
                )
                await world.client(world.clinic)
                await world.settled(1)
                [got] = receiver.got
                assert len(got.headers["webhook-signature"].split(" ")) == 2
                got.verify(old.secret)
                got.verify(new.secret)
                await world.change(old, previous_until=values.now() - 1)
                await world.client(world.clinic)
                await world.settled(2)
                got = receiver.got[-1]
                got.verify(new.secret)
                with pytest.raises(WebhookVerificationError):
                    got.verify(old.secret)

    run(test())


def test_a_secret_that_is_replaced_at_once_puts_no_other_out_of_use(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world, delivering(world):
                old = await world.hook(receiver.url, CLIENT)

                async def renewed() -> Webhook:
                    touching = Touching(clinics=(world.clinic,))
                    return await world.write(world.clinic, touching, lambda w: webhooks.rotate(w, old.number, "shown"))

                await renewed()
                known = await renewed()  # the button was pressed twice
                await world.client(world.clinic)
                await world.settled(1)
                for one in (old, known):
                    receiver.got[-1].verify(one.secret)
                await world.change(old, previous_until=values.now() + webhooks.OVERLAP - webhooks.UNUSED)
                new = await renewed()  # a minute later a receiver may have it
                await world.client(world.clinic)
                await world.settled(2)
                for one in (known, new):
                    receiver.got[-1].verify(one.secret)
                with pytest.raises(WebhookVerificationError):
                    receiver.got[-1].verify(old.secret)

    run(test())


def test_what_failed_twice_comes_a_third_time_with_its_id(migrated_url: str) -> None:
    def answer(_: Got, nth: int) -> int:
        return 200 if nth > 2 else 500

    async def test() -> None:
        with Receiver(answer) as receiver:
            async with telling(migrated_url) as world, delivering(world):
                hook = await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                [delivery] = await world.settled(1)
                assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 3)
                assert len({got.message for got in receiver.got}) == 1
                assert receiver.bodies() == [b'{"client_id":"1"}'] * 3
                for got in receiver.got:
                    got.verify(hook.secret)
                log = await deliveries.attempts(world.store.reader, delivery.id)
                assert [(one.nth, one.status, one.error is None) for one in log] == [
                    (1, 500, False), (2, 500, False), (3, 200, True),
                ]  # fmt: skip

    run(test())


def test_after_ten_attempts_a_delivery_has_failed(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: 503) as receiver:
            async with telling(migrated_url) as world, delivering(world) as worker:
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                [delivery] = await world.settled(1)
                assert (delivery.state, delivery.attempts, delivery.next_at) == (DeliveryState.FAILED, 10, None)
                assert delivery.last_error == "answered 503; only 200 counts"
                assert len(receiver.got) == 10
                registry = CollectorRegistry()
                registry.register(worker.metrics)

                def counted(outcome: str) -> float | None:
                    return registry.get_sample_value("polyvet_webhook_attempts_total", {"outcome": outcome})

                await eventually(lambda: counted("failed") == 1)  # the store knows it a moment earlier
                assert (counted("retried"), counted("delivered")) == (9, None)
                # The worker's next look finds nothing left that is due.
                await eventually(lambda: registry.get_sample_value("polyvet_webhook_queue_age_seconds") == 0)
            await sound(migrated_url)

    run(test())


@pytest.mark.parametrize("status", [201, 202, 204, 302, 304, 400, 410])
def test_no_other_status_than_200_is_a_success(migrated_url: str, status: int) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: status) as receiver:
            async with telling(migrated_url) as world, delivering(world, pauses=()):
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                [delivery] = await world.settled(1)
                assert (delivery.state, delivery.last_status) == (DeliveryState.FAILED, status)

    run(test())


def test_who_cannot_be_reached_is_told_why_in_the_log_of_attempts(migrated_url: str) -> None:
    with Receiver() as gone:
        port = gone.port

    async def test() -> None:
        async with telling(migrated_url) as world, delivering(world, pauses=(), networks=("127.0.0.2/32",)):
            for target in (f"http://127.0.0.2:{port}/", f"http://127.0.0.1:{port}/", "http://no-such.invalid/"):
                await world.hook(target, CLIENT)
            await world.client(world.clinic)
            found = await world.settled(3)
            errors = [str(one.last_error) for one in found]
            assert errors[0].startswith("ConnectError: ")
            assert errors[1] == "Refused: the address 127.0.0.1 may not be connected to"
            assert "the name cannot be resolved" in errors[2]
            assert {one.last_status for one in found} == {None}

    run(test())


def test_pauses_grow_and_vary_a_little() -> None:
    assert len(workers.PAUSES_S) == 9
    assert list(workers.PAUSES_S) == sorted(workers.PAUSES_S)
    assert workers.LEASE_S > WHOLE_S + READ_S  # an attempt and reading its answer
    assert sum(workers.PAUSES_S) < KEPT / values.MICROSECONDS


def test_a_pause_is_kept(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: 500 if nth == 1 else 200) as receiver:
            async with telling(migrated_url) as world, delivering(world, pauses=(1.0,)):
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                await world.settled(1)
                first, second = receiver.got
                assert 0.85 < second.at - first.at < 4

    run(test())


def test_a_receiver_that_hangs_delays_nobody_else(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: None) as hanging, Receiver() as quick:
            async with telling(migrated_url) as world, delivering(world):
                await world.hook(hanging.url, CLIENT)
                await world.hook(quick.url, CLIENT)
                await clients(world, 1)
                await eventually(lambda: len(hanging.got) == 1 and len(quick.got) == 1)
                started = time.monotonic()
                await clients(world, 200)
                await eventually(lambda: len(quick.got) == 201)
                assert time.monotonic() - started < 12  # one that hangs is given up after 15
                assert len(hanging.got) <= workers.MOST_OF_HOOK

    run(test())


def test_a_clinic_of_many_hooks_that_hang_delays_no_other_clinic(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: None) as hanging, Receiver() as quick:
            async with telling(migrated_url, 2) as world, delivering(world):
                first, second = world.clinics
                for _ in range(30):
                    await world.hook(hanging.url, CLIENT, first)
                await world.hook(quick.url, CLIENT, second)
                await clients(world, 8, first)
                await eventually(lambda: len(hanging.got) >= workers.MOST_OF_CLINIC)
                await clients(world, 20, second)
                await eventually(lambda: len(quick.got) == 20, WHOLE_S / 2)
                assert len(hanging.got) == workers.MOST_OF_CLINIC < workers.MOST_AT_ONCE

    run(test())


def test_a_receiver_that_is_gone_keeps_nobody_busy_and_is_found_when_it_is_back(migrated_url: str) -> None:
    gone = [True]

    def answer(_: Got, __: int) -> int:
        return 500 if gone else 200

    async def test() -> None:
        with Receiver(answer) as receiver:
            async with telling(migrated_url) as world, delivering(world, pauses=(60.0,) * 9):
                await world.hook(receiver.url, CLIENT)
                await clients(world, 60)
                await asyncio.sleep(3)
                tried = len(receiver.got)
                assert 4 <= tried < 20  # 4 at once, then one after the other with longer and longer rests
                gone.clear()
                started = time.monotonic()
                await eventually(lambda: len(receiver.got) >= 60)
                assert time.monotonic() - started < workers.LONGEST_REST_S + 5

    run(test())


def test_a_backlog_of_one_hook_starves_no_other(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: time.sleep(0.02) or 200) as busy, Receiver() as quick:  # type: ignore[func-returns-value]
            async with telling(migrated_url, 2) as world:
                first, second = world.clinics
                await world.hook(busy.url, CLIENT, first)
                await world.hook(quick.url, CLIENT, second)
                await clients(world, 600, first)
                async with delivering(world):
                    await eventually(lambda: len(busy.got) > 4)
                    await clients(world, 20, second)
                    await eventually(lambda: len(quick.got) == 20)
                    assert len(busy.got) < 600

    run(test())


def test_two_workers_deliver_each_message_once(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world, telling(migrated_url, 0) as beside:
                await world.hook(receiver.url, CLIENT)
                await world.hook(receiver.url, CLIENT)
                async with delivering(world), delivering(beside), delivering(beside):
                    for _ in range(5):
                        await clients(world, 20)
                    found = await world.settled(200)
                assert len(found) == 200
                assert max(receiver.times.values()) == 1
                assert len(receiver.times) == 200
                assert Counter(receiver.bodies()) == {b'{"client_id":"%d"}' % n: 2 for n in range(1, 101)}
        await sound(migrated_url)

    run(test())


def test_a_worker_that_stopped_has_nothing_under_way_whenever_it_was_told(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world:
                await world.hook(receiver.url, CLIENT)
                for n in range(25):
                    await clients(world, 8)
                    before = asyncio.all_tasks()
                    async with delivering(world):
                        await asyncio.sleep(n * 0.002)
                    assert asyncio.all_tasks() <= before
                    came = len(receiver.got)
                    await asyncio.sleep(0.01)
                    assert len(receiver.got) == came

    run(test())


def test_a_lease_that_ends_without_an_outcome_gives_the_delivery_back(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver() as receiver:
            async with telling(migrated_url) as world:
                hook = await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                assert await read_on(world.store, TELLING) == (True, False)
                now = values.now()
                # Somebody leases it for a second, and is never heard of again.
                [(_, leased)] = await world.store.write(
                    Touching(), lambda tx: deliveries.claim(tx, [(hook, 9)], now, now + values.MICROSECONDS)
                )
                assert await world.store.write(Touching(), lambda tx: deliveries.claim(tx, [(hook, 9)], now, now)) == []
                async with delivering(world):
                    [delivery] = await world.settled(1)
                assert receiver.got[0].message == f"msg_{values.to_crockford(leased.id)}"
                assert len(receiver.got) == 1
                assert delivery.attempts == 1
                # The one who was thought dead comes after all: its outcome is another lease's.
                late = msgspec.structs.replace(leased, state="failed")
                attempt = Attempt(1, now, 5, 500, "late")
                kept = await world.store.write(Touching(), lambda tx: deliveries.settle(tx, leased, late, attempt))
                assert not kept
                assert await world.queue() == [delivery]

    run(test())


def test_a_hook_that_is_switched_off_is_sent_nothing_until_it_is_on_again(migrated_url: str) -> None:
    async def test() -> None:
        with Receiver(lambda got, nth: 500 if nth == 1 else 200) as receiver:
            async with telling(migrated_url) as world, delivering(world, pauses=(1.0,)):
                hook = await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                await eventually(lambda: len(receiver.got) == 1)
                await world.change(hook, active=False)
                await asyncio.sleep(1.8)
                assert len(receiver.got) == 1
                await world.change(hook, active=True)
                await world.settled(1)
                assert len(receiver.got) == 2

    run(test())
