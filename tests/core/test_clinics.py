# SPDX-License-Identifier: Apache-2.0
"""Clinics change, and whoever remembers one goes by it a second later."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.core import clinics
from polyvet.core.clinics import Change, Clinics
from polyvet.model.errors import Invalid
from tests.core.at_once import after, another_process
from tests.core.stores import opened, run


def test_a_change_is_known_within_a_second(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            remembered = Clinics()
            before = await remembered.get(w.store.reader, here)
            await clinics.change(w.store, here, Change(name="Renamed", email="desk@renamed.example"))
            await asyncio.sleep(1.0)
            after = await remembered.get(w.store.reader, here)
            assert (after.name, after.email, after.timezone) == ("Renamed", "desk@renamed.example", before.timezone)
            assert after.currency == before.currency
            assert (await clinics.get(w.store.reader, there)).name != "Renamed"

    run(test())


@pytest.mark.parametrize(
    ("change", "field"),
    [(Change(name=""), "name"), (Change(timezone="Mars/Olympus"), "timezone"), (Change(email="nobody"), "email")],
)
def test_nothing_is_half_changed(store_url: str, change: Change, field: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            before = await clinics.get(w.store.reader, here)
            with pytest.raises(Invalid) as refused:
                await clinics.change(w.store, here, change)
            assert list(refused.value.problems) == [field]
            assert await clinics.get(w.store.reader, here) == before
            with pytest.raises(LookupError):
                await clinics.change(w.store, 10**9, Change(name="Nowhere"))

    run(test())


def test_two_who_change_a_clinic_at_once_lose_neither_change(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with opened(store_url) as w, another_process(store_url) as other:
            here = w.clinics[0]
            change = after(
                monkeypatch, clinics, "get", lambda: clinics.change(other, here, Change(email="a@b.example"))
            )
            await clinics.change(w.store, here, Change(name="Renamed"))
            await change()
            now = await clinics.get(w.store.reader, here)
            assert (now.name, now.email) == ("Renamed", "a@b.example")

    run(test())
