# SPDX-License-Identifier: Apache-2.0
"""The settings in force, and how the server does: what is told, to whom, and that no password is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyvet import __version__
from polyvet.console.server import ago, readable
from polyvet.core import health
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.errors import Forbidden
from polyvet.model.hooks import Delivery, DeliveryState, Webhook
from polyvet.model.library import NewMail
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.settings import Settings, described
from polyvet.storage import deliveries, mails, webhooks
from polyvet.storage import health as stored
from polyvet.storage.health import Queue
from polyvet.storage.migrate import HEAD
from polyvet.storage.store import Store, is_postgresql
from polyvet.storage.writing import Touching, Tx
from tests.cli.commands import made
from tests.console.people import EMAILS, OTHER_OWNER, Colleague
from tests.dialects.harness import Practice

HOUR = 3600 * values.MICROSECONDS


def test_each_setting_is_shown(owner: Colleague) -> None:
    page = owner.get("settings").text
    shown = re.findall(r'<th scope="row"><code>(\w+)</code></th>', page)
    assert shown == list(Settings.__struct_fields__)
    text = owner.text("settings")
    assert re.search(r" database_url \S+ changed ", text)
    assert " share_days 90 " in text


def test_no_password_is_shown() -> None:
    settings = Settings(
        database_url="postgresql://vet:hunter2@db.example:5432/polyvet?password=hunter2", smtp_password="hunter2",
        smtp_user="vet", public_url="https://vet.example", hosts={"api.vet.example": "vetigen"},
        webhook_networks=("10.1.0.0/16", "10.2.0.0/16"),
    )  # fmt: skip
    found = {name: (value, usual) for name, value, _, usual in described(settings)}
    assert "hunter2" not in str(found)
    assert found["database_url"] == ("postgresql://db.example:5432/polyvet", False)
    assert found["smtp_password"] == ("(set, and not shown)", False)
    assert found["hosts"] == ("api.vet.example=vetigen", False)
    assert found["webhook_networks"] == ("10.1.0.0/16, 10.2.0.0/16", False)
    assert found["deliver"] == ("on", True)
    assert found["smtp_host"] == ("", True)
    assert set(found) == set(Settings.__struct_fields__)


def test_the_server_is_its_operators(owner: Colleague, module_practice: Practice) -> None:
    text = owner.text("health")
    assert f"Version {__version__}" in text
    assert f"Schema {HEAD} Last backup" in text
    assert "Webhooks’ deliveries of all clinics" in text
    other = Colleague(module_practice, who=OTHER_OWNER)
    assert other.get("settings").status_code == 403
    text = other.text("health")
    assert "Webhooks’ deliveries Waiting" in text
    assert "The store" not in text
    assert __version__ not in text


def test_who_looks_after_the_server_need_not_be_an_owner(fresh_practice: Practice) -> None:
    named = (EMAILS[Role.VET], Role.VET, "--clinic", str(MAIN_CLINIC), "--operator")
    made("set-console-role", *named, "--database-url", fresh_practice.url)
    vet = Colleague(fresh_practice, Role.VET)
    pages = {path: vet.get(path).status_code for path in ("settings", "health", "requests?whose=nobody", "clinics")}
    assert set(pages.values()) == {200}, pages
    assert "of all clinics" in vet.text("health")
    assert [vet.get(path).status_code for path in ("staff", "keys", "audit")] == [403] * 3


def test_the_store_has_a_size_and_a_disk(owner: Colleague, module_practice: Practice) -> None:
    text = owner.text("health")
    assert re.search(r"Size \d+\.\d MB", text)
    on_disk = "as the database’s server says" if is_postgresql(module_practice.url) else r"\d+\.\d [GT]B"
    assert re.search(f"Left on its disk {on_disk}", text)


def test_a_backup_is_told_of(fresh_practice: Practice, tmp_path: Path) -> None:
    owner = Colleague(fresh_practice)
    assert "Last backup none yet" in owner.text("health")
    made("backup", tmp_path / "today.polyvet", "--database-url", fresh_practice.url)
    told = r"Last backup \d+ seconds ago, \d+ \w+ \d{4}, \d\d:\d\d \(today.polyvet, [\d,]+ bytes\)"
    assert re.search(told, owner.text("health"))


def test_queues_are_told_by_clinic(fresh_practice: Practice) -> None:
    now = values.now()
    due, later, failed = (
        (DeliveryState.QUEUED, now - 2 * HOUR),
        (DeliveryState.QUEUED, now + HOUR),
        DeliveryState.FAILED,
    )
    others: Queued = [(DeliveryState.QUEUED, now - 3 * HOUR, 0)]
    mine: Queued = [(*due, 0), (*later, 0), (failed, None, 0), (failed, None, 8 * values.DAY)]

    async def work(store: Store) -> list[Queue]:
        before = await stored.mail_queue(store.reader, MAIN_CLINIC)
        await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), lambda tx: _fill(tx, now, mine, others))
        found = [await stored.delivery_queue(store.reader, one) for one in (MAIN_CLINIC, SECOND_CLINIC, None)]
        after = await stored.mail_queue(store.reader, MAIN_CLINIC)
        assert (after.waiting, after.due) == (before.waiting + 1, before.due + 1)
        return found

    main, second, all_ = fresh_practice.run(work)
    assert main == Queue(waiting=2, held=0, due=1, oldest=now - 2 * HOUR, failed=1, more=False)
    assert second == Queue(waiting=1, held=0, due=1, oldest=now - 3 * HOUR, failed=0, more=False)
    assert all_ == Queue(waiting=3, held=0, due=2, oldest=now - 3 * HOUR, failed=1, more=False)
    text = Colleague(fresh_practice).text("health")
    assert "Waiting 3 Due now 2 Waiting for longest due for 3 hours Failed in the last 7 days 1" in text
    text = Colleague(fresh_practice, who=OTHER_OWNER).text("health")
    assert "Waiting 1 Due now 1 Waiting for longest due for 3 hours Failed in the last 7 days 0" in text


def test_what_a_webhook_that_is_off_holds_back_is_not_due(fresh_practice: Practice) -> None:
    now = values.now()
    held: Queued = [(DeliveryState.QUEUED, now - HOUR, 0)]

    async def work(store: Store) -> tuple[Queue, int | None]:
        await store.write(
            Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), lambda tx: _fill(tx, now, held, others=[], active=False)
        )
        return await stored.delivery_queue(store.reader, None), await stored.deliveries_due(store.reader)

    queue, due = fresh_practice.run(work)
    assert queue == Queue(waiting=1, held=1, due=0, oldest=None, failed=0, more=False)
    assert due is None
    text = Colleague(fresh_practice).text("health")
    assert "Waiting 1 Held back 1 of these, since their webhooks are switched off Due now 0" in text


Queued = list[tuple[DeliveryState, int | None, int]]


async def _fill(tx: Tx, now: int, mine: Queued, others: Queued, *, active: bool = True) -> None:
    """A webhook at each clinic, with deliveries of `mine` at the one, and of `others` at the other; a mail."""
    for clinic_id, found in ((MAIN_CLINIC, mine), (SECOND_CLINIC, others)):
        hook = Webhook(
            values.new_id(),
            clinic_id,
            900,
            "a test",
            "https://x.example",
            1,
            0,
            None,
            active,
            "",
            None,
            None,
            0,
            now,
            now,
        )
        webhooks.insert(tx, hook)
        for n, (state, next_at, age) in enumerate(found, 1):
            id_, number = values.new_id(now - age), 900 + n
            deliveries.insert(tx, Delivery(
                id_, clinic_id, number, hook.id, n, "client_id", "1", state, 0, next_at, None, None, None, now, now
            ))  # fmt: skip
    mails.add(tx, NewMail(clinic_id=MAIN_CLINIC, recipient="x@y.example", subject="x", plain="x", html=""))


def test_core_asks_for_the_permission(module_practice: Practice) -> None:
    for asked in (health.of_clinic, health.of_server):
        with pytest.raises(Forbidden):
            module_practice.read(asked)


def test_sizes_and_ages_are_readable() -> None:
    assert [readable(size) for size in (0, 999, 1_000, 1_340_000, 5 * 10**16)] == [
        "0 bytes", "999 bytes", "1.0 KB", "1.3 MB", "50000.0 TB",
    ]  # fmt: skip
    now = values.now()
    ages = (-HOUR, values.MICROSECONDS, 119 * values.MICROSECONDS, 3 * HOUR, 49 * HOUR)
    assert [ago(now - age) for age in ages] == ["0 seconds", "1 seconds", "119 seconds", "3 hours", "2 days"]
