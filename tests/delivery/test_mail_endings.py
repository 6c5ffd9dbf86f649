# SPDX-License-Identifier: Apache-2.0
"""What ends of mails: leases, workers that are stopped, mails that are old; and what else a worker sees to."""

from __future__ import annotations

import asyncio
import time

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from polyvet.delivery import mail as workers
from polyvet.delivery import smtp
from polyvet.delivery.loop import KEPT
from polyvet.model import values
from polyvet.model.library import Mail, MailState
from polyvet.model.mails import Ending, Outcome, Outgoing
from polyvet.storage import mails
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import run
from tests.delivery.mailing import (
    HANG,
    TAKEN,
    MailServer,
    mailing,
    sending,
)
from tests.delivery.receiving import eventually


def test_a_lease_that_ends_without_an_outcome_gives_the_mail_back(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            await world.mail()
            now = values.now()

            def claiming(now: int, until: int):
                return world.store.write(Touching(), lambda tx: mails.claim(tx, now, until))

            # Somebody leases it for a while, and is never heard of again.
            leased = await claiming(now, now + values.MICROSECONDS // 2)
            assert leased is not None
            assert await claiming(now, now) is None
            async with MailServer() as server, sending(world, server):
                [mail] = await world.settled()
            assert (mail.state, mail.attempts, len(server.arrived)) == (MailState.SENT, 1, 1)
            assert mail.sent_at is not None
            assert mail.sent_at >= now + values.MICROSECONDS // 2
            # The one who was thought dead comes after all: its outcome is another lease's.
            late = replace(leased.mail, state="queued", next_at=5)
            assert not await world.store.write(Touching(), lambda tx: mails.settle(tx, leased.mail, late))
            assert await world.queue() == [mail]

    run(test())


def test_a_worker_that_is_stopped_lets_what_is_under_way_end_and_begins_nothing(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world, MailServer() as server:
            taken = server.handle_DATA

            async def handle_data(smtp, session, envelope):
                await asyncio.sleep(0.2)
                return await taken(smtp, session, envelope)

            server.handle_DATA = handle_data  # type: ignore[method-assign]
            for _ in range(3):
                await world.mail()
            async with sending(world, server):
                await eventually(lambda: server.asked["RCPT"] == 1)
            assert [one.state for one in await world.queue()] == [MailState.SENT, MailState.QUEUED, MailState.QUEUED]
            assert len(server.arrived) == 1

    run(test())


def test_a_worker_that_is_stopped_does_not_wait_for_a_server_that_hangs(migrated_url: str, monkeypatch) -> None:
    monkeypatch.setattr(workers, "STOP_S", 0.2)

    async def test() -> None:
        hanging = lambda stage, nth: HANG if stage == "DATA" else TAKEN  # noqa: E731
        async with mailing(migrated_url) as world, MailServer(hanging) as server:
            await world.mail()
            before = asyncio.all_tasks()
            async with sending(world, server):
                await eventually(lambda: server.asked["DATA"] == 1)
                started = time.monotonic()
            assert time.monotonic() - started < 3
            handlers = {task for task in asyncio.all_tasks() if "_handle_client" in repr(task)}
            assert asyncio.all_tasks() - handlers <= before
            [mail] = await world.queue()
            assert (mail.state, mail.plain) == (MailState.QUEUED, "Text")  # and due when its lease ends

    run(test())


def test_mails_go_after_a_month_sent_or_not(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            old = values.now() - KEPT - values.DAY
            rows = [
                Mail(
                    values.new_id(at), world.clinic, "ada@owner.example", None, "Old", "", "", state, 1,
                    values.now() + values.DAY if state == "queued" else None, None, None, at,
                )
                for at, state in ((old, "sent"), (old, "queued"), (old, "failed"), (values.now(), "sent"))
            ]  # fmt: skip

            async def work(tx: Tx) -> None:
                for one in rows:
                    tx.write(mails._ADD, *(getattr(one, name) for name in Mail.__struct_fields__))

            await world.store.write(Touching(), work)
            async with sending(world, None):
                for _ in range(500):
                    if len(await world.queue()) == 1:
                        break
                    await asyncio.sleep(0.01)
            assert await world.queue() == rows[-1:]

    run(test())


def test_without_a_sender_mails_wait_and_chores_are_done(migrated_url: str) -> None:
    done: list[str] = []

    async def breaks() -> None:
        done.append("breaks")
        raise RuntimeError("a chore's own fault")

    async def works() -> None:
        done.append("works")

    async def test() -> None:
        async with mailing(migrated_url) as world:
            await world.mail()
            async with sending(world, None, chores=(breaks, works)) as worker:
                await eventually(lambda: done == ["breaks", "works"])
                worker._chores_at = 0.0  # a minute later
                await eventually(lambda: done == ["breaks", "works"] * 2)
                registry = CollectorRegistry()
                registry.register(worker.metrics)
                age = registry.get_sample_value("polyvet_mail_queue_age_seconds")
                assert age is not None
                assert age > 0
            [mail] = await world.queue()
            assert (mail.state, mail.attempts) == (MailState.QUEUED, 0)

    run(test())


class Broken:
    """A sender with a defect."""

    def __init__(self) -> None:
        self.tried = 0

    async def send(self, letter: Outgoing) -> Outcome:
        """Fails, the first time."""
        self.tried += 1
        if self.tried == 1:
            raise LookupError(letter.mail.recipient)
        return Outcome(Ending.SENT)

    async def pause(self) -> None:
        """Nothing to do."""


def test_a_defect_costs_an_attempt_and_is_logged_without_what_it_names(migrated_url: str, capsys) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            await world.mail()
            async with sending(world, Broken()):
                [mail] = await world.settled()
        assert (mail.state, mail.attempts) == (MailState.SENT, 2)

    run(test())
    said = "".join(capsys.readouterr())
    assert "LookupError" in said
    assert "owner.example" in said
    assert "ada@" not in said


def test_what_the_worker_takes_for_granted() -> None:
    assert workers.LEASE_S > smtp.CONNECT_S + smtp.WHOLE_S + smtp.ALIVE_S + smtp.LEAVE_S
    assert list(workers.PAUSES_S) == sorted(workers.PAUSES_S)
    assert 3 * 86_400 < sum(workers.PAUSES_S) < KEPT / values.MICROSECONDS
    assert len(workers.PAUSES_S) == 11
