# SPDX-License-Identifier: Apache-2.0
"""The demo's reminders: due, plausible, and the same for a seed and day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from polyvet.model.entities import ReminderStatus
from polyvet.sandbox import reminders
from polyvet.sandbox.install import install
from polyvet.sandbox.practice import CLINIC_IDS, MAIN_CLINIC
from polyvet.served import SCOPES
from polyvet.storage import patients
from polyvet.storage import reminders as stored
from polyvet.storage.check import check
from polyvet.storage.migrate import migrate
from polyvet.storage.store import open_store

TODAY = date(2026, 11, 21)
PETS = [
    reminders.Pet(MAIN_CLINIC, bytes([n]) * 16, bytes([n, 1]) * 8, f"Pet {n}", slug, f"{n}@example.org", n)
    for n in range(1, 200)
    for slug in ("dog", "cat", "reptile")
]


def test_they_are_the_same_for_a_seed_and_a_day() -> None:
    found = list(reminders.due(1, TODAY, PETS))
    assert found == list(reminders.due(1, TODAY, PETS))
    assert found != list(reminders.due(2, TODAY, PETS))
    assert 0.3 < len(found) / len(PETS) < 0.5


def test_what_lies_ahead_is_not_sent_and_what_is_past_was() -> None:
    found = list(reminders.due(1, TODAY, PETS))
    assert {one.status for one, _ in found} == {ReminderStatus.CREATED, ReminderStatus.SENT, ReminderStatus.FAILED}
    for one, details in found:
        assert one.planned_on is not None
        assert details.expires_on is not None
        planned, expires = date.fromisoformat(one.planned_on), date.fromisoformat(details.expires_on)
        assert (one.status == ReminderStatus.CREATED) == (planned >= TODAY)
        assert expires - planned == timedelta(days=details.send_before)
        assert details.expires_on in details.email_text
        assert details.email_address
        assert (one.clinic_id, one.created_at) == (MAIN_CLINIC, one.updated_at)
    assert {details.email_subject.partition(":")[0] for _, details in found} >= {"Annual Checkup", "Rabies Vaccination"}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_installed_demo_has_them_in_both_clinics(
    engine: str, fresh_database: Callable[[], str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/polyvet.db" if engine == "sqlite" else fresh_database()

    async def test() -> None:
        await migrate(url)
        await install(url, tmp_path, clients=120, seed=3, progress=lambda *_: None, scopes=SCOPES)
        store = await open_store(url)
        try:
            for clinic_id in CLINIC_IDS:
                page = await stored.LISTED.page(store, clinic_id, None, (), limit=1_000, offset=0)
                assert [file.reminder.number for file in page.items] == list(range(1, page.total + 1))
                assert page.total > 5
                for file in page.items:
                    assert file.reminder.patient_id is not None
                    patient = await patients.get(store.reader, clinic_id, file.reminder.patient_id)
                    assert patient is not None
                    assert (patient.number, patient.client_id) == (file.patient, file.reminder.client_id)
                    assert patient.deceased_on is None
        finally:
            await store.close()
        assert [one for one in await check(url) if one.severity == "error"] == []

    asyncio.run(test())
