# SPDX-License-Identifier: Apache-2.0
"""What the demo's office keeps: departments, fields of every kind with values that hold, and mobile numbers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from polyvet.core.custom_values import read_value, shown_value
from polyvet.model.custom_fields import FieldKind, FieldModel
from polyvet.model.entities import PhoneKind
from polyvet.sandbox import office
from polyvet.sandbox.demo import BATCH_CLIENTS, generate
from polyvet.sandbox.install import CREDENTIALS, install
from polyvet.sandbox.practice import CLINIC_IDS, MAIN_CLINIC, SECOND_CLINIC
from polyvet.served import SCOPES
from polyvet.storage import custom_fields, departments, numbers
from polyvet.storage.check import check
from polyvet.storage.migrate import migrate
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx

TODAY = date(2026, 11, 21)
OWNERS = [
    office.Owner(model, MAIN_CLINIC, bytes([n]) * 16, n) for n in range(1, 200) for model in (*FieldModel,)
]  # fmt: skip
BY_NUMBER = {field.number: field for field in office.FIELDS}


def test_there_is_a_field_of_every_kind_on_both_models() -> None:
    assert {(field.model, field.kind) for field in office.FIELDS} == {(m, k) for m in FieldModel for k in FieldKind}
    assert len(BY_NUMBER) == len(office.FIELDS)
    options = [option.number for field in office.FIELDS for option in field.options]
    assert len(set(options)) == len(options)
    assert all(bool(field.options) == ("select" in field.kind) for field in office.FIELDS)
    assert set(office.DEPARTMENTS) == set(CLINIC_IDS)


def test_values_hold_and_are_the_same_for_a_seed() -> None:
    found = list(office.values(1, OWNERS))
    assert found == list(office.values(1, OWNERS)) != list(office.values(2, OWNERS))
    assert [value.number for _, value in found] == list(range(len(found)))
    assert {BY_NUMBER[value.field].kind for _, value in found} == set(FieldKind)
    assert len({(owner.id, owner.model, value.field) for owner, value in found}) == len(found)
    for owner, value in found:
        field = BY_NUMBER[value.field]
        assert field.model == owner.model
        assert read_value(field, shown_value(field, value.value)) == value.value
        assert value.updated_at == owner.updated_at


def test_mobiles_stand_behind_the_first_numbers_of_the_first_clients_only() -> None:
    first, *others = generate(1, BATCH_CLIENTS + 500, TODAY)
    assert first.phones == next(generate(1, BATCH_CLIENTS + 500, TODAY)).phones
    assert not any(batch.phones for batch in others)
    with_number = {client.id for client in first.clients if client.phone is not None}
    owners = {phone.client_id for phone in first.phones}
    assert len(owners) == len(first.phones)
    assert owners < with_number
    assert 0.25 < len(owners) / len(with_number) < 0.45
    assert {(phone.kind, phone.position) for phone in first.phones} == {(PhoneKind.MOBILE, 1)}
    assert {phone.for_reminders for phone in first.phones} == {True, False}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_installed_demo_has_all_of_it(engine: str, fresh_database: Callable[[], str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/polyvet.db" if engine == "sqlite" else fresh_database()

    async def test() -> None:
        await migrate(url)
        await install(url, tmp_path, clients=120, seed=3, progress=lambda *_: None, scopes=SCOPES)
        assert [one for one in await check(url) if one.severity == "error"] == []
        store = await open_store(url)
        try:
            for clinic_id in CLINIC_IDS:
                await _has_all(store, clinic_id)
        finally:
            await store.close()

    asyncio.run(test())
    keys = json.loads((tmp_path / CREDENTIALS).read_text())
    assert keys["provet"]["provet_id"] == MAIN_CLINIC
    assert keys["other_clinic"]["provet"]["provet_id"] == SECOND_CLINIC
    assert keys["provet"]["token"] != keys["other_clinic"]["provet"]["token"]


async def _has_all(store: Store, clinic_id: int) -> None:
    assert await departments.of_clinic(store.reader, clinic_id) == dict(office.DEPARTMENTS[clinic_id])
    assert await custom_fields.definitions(store.reader, clinic_id) == BY_NUMBER
    found = [
        value.number
        for model in FieldModel
        for values in (await custom_fields.of_many(store.reader, clinic_id, model, range(1, 3000))).values()
        for value in values
    ]
    assert len(found) > 50

    async def take(tx: Tx) -> int:
        return await numbers.take(tx, clinic_id, "custom field value")

    assert await store.write(Touching(clinics=(clinic_id,)), take) == max(found) + 1 == len(found) + 1
