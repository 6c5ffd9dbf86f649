# SPDX-License-Identifier: Apache-2.0
"""`kill -9` while changes are written and told: what was acknowledged is told, and a message keeps its id.

POLYVET_KILLS says how often the server is killed on each engine; by default seldom, so that the suite stays quick.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable

from polyvet.core import webhooks
from polyvet.core.codelists import Codelists
from polyvet.core.context import Writing
from polyvet.core.webhook_messages import message_id
from polyvet.delivery.worker import LEASE_S
from polyvet.model.hooks import ContentType, Delivery, Webhook
from polyvet.storage.check import check
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import is_postgresql, open_store
from polyvet.storage.tables import connections, deliveries, enrolments
from polyvet.storage.writing import Touching
from tests.core.stores import a_caller, run
from tests.delivery.receiving import CLIENT, LOOPBACK, PATIENT, Receiver
from tests.faults.test_kill import Killed
from tests.serving.conftest import Practice
from tests.serving.running import PROGRAM, environment, polyvet, until

KILLS = {"sqlite": 6, "postgresql": 3}
_DELIVERIES = Statement(deliveries.select().order_by(deliveries.c.number))
_CLIENTS = Statement(
    connections.select().with_only_columns(connections.c.number).where(connections.c.clinic_id == p("clinic")), "clinic"
)
_PATIENTS = Statement(
    enrolments.select().with_only_columns(enrolments.c.number).where(enrolments.c.clinic_id == p("clinic")), "clinic"
)


async def _hook(made: Practice, target: str) -> tuple[set[int], set[int]]:
    """Make hooks for clients and patients; gives the numbers that there are before."""
    store = await open_store(made.url)
    try:
        for trigger in (CLIENT, PATIENT):
            new = Webhook(b"", 0, 0, "", target, trigger, ContentType.JSON, None, True, "", None, None, 0, 0, 0)
            await store.write(
                Touching(clinics=(made.clinic,)),
                lambda tx, new=new: webhooks.create(Writing(a_caller(made.clinic), tx, Codelists()), new),  # type: ignore[misc]
            )
        return await _numbers(made, store.reader)
    finally:
        await store.close()


async def _numbers(made: Practice, reader: object) -> tuple[set[int], set[int]]:
    clients, patients = [
        {row[0] for row in await reader.fetch(statement, made.clinic)}  # type: ignore[attr-defined]
        for statement in (_CLIENTS, _PATIENTS)
    ]
    return clients, patients


async def _found(made: Practice) -> tuple[list[Delivery], set[int], set[int]]:
    store = await open_store(made.url)
    try:
        rows = [Delivery(*row) for row in await store.reader.fetch(_DELIVERIES)]
        return rows, *await _numbers(made, store.reader)
    finally:
        await store.close()


def _all_told(made: Practice, before: tuple[set[int], set[int]], receiver: Receiver) -> None:
    """Waits until nothing is queued, and fails where something was not told or came under another id."""

    def over() -> bool:
        found, clients, patients = run(_found(made))
        wanted = {("client_id", str(n)) for n in clients - before[0]} | {
            ("patient_id", str(n)) for n in patients - before[1]
        }
        told = {(one.parameter, one.value) for one in found}
        return wanted == told and all(one.state == "delivered" for one in found)

    assert until(over, LEASE_S + 60)
    found, _, _ = run(_found(made))
    by_message = {message_id(one.id): one for one in found}
    assert {got.message for got in receiver.got} == set(by_message)
    for got in receiver.got:
        one = by_message[got.message]
        assert json.loads(got.body) == {one.parameter: one.value}
    assert [finding for finding in run(check(made.url)) if finding.severity == "error"] == []


def test_a_server_that_is_killed_again_and_again_tells_of_every_change(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url)
    kills = int(os.environ.get("POLYVET_KILLS", KILLS["postgresql" if is_postgresql(migrated_url) else "sqlite"]))
    with Receiver(lambda got, nth: time.sleep(0.02) or 200) as receiver:  # type: ignore[func-returns-value]
        before = run(_hook(made, receiver.url))
        with Killed(made, POLYVET_WEBHOOK_NETWORKS=",".join(LOOPBACK)) as killed:
            killed.write(kills, random.Random(kills))
            assert killed.writers.wrong == []
            _all_told(made, before, receiver)


class Delivering:
    """`polyvet deliver`, until the block ends."""

    def __init__(self, made: Practice, settings: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, "deliver", *made.arguments, "--data", str(made.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(**settings),
        )
        assert self._process.stdout is not None
        with self._process.stdout as said:
            assert said.readline() == b"polyvet delivers\n"

    def __enter__(self) -> Delivering:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0


def test_a_process_of_its_own_delivers_for_servers_that_do_not(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url)
    networks = {"POLYVET_WEBHOOK_NETWORKS": ",".join(LOOPBACK)}
    with Receiver() as receiver:
        before = run(_hook(made, receiver.url))
        with Killed(made, POLYVET_DELIVER="false") as killed:
            killed.write(1, random.Random(1))
            time.sleep(1)
            assert receiver.got == []
        with Delivering(made, networks), Delivering(made, networks):
            _all_told(made, before, receiver)
        assert max(receiver.times.values()) == 1
    assert polyvet("check", *made.arguments, "--data", made.folder).returncode == 0
