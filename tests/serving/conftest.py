# SPDX-License-Identifier: Apache-2.0
"""Stores with a clinic, its keys, and as many patients as a test asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from polyvet.identity.keys import NewKey, create
from polyvet.storage.migrate import migrate
from tests.core.stores import opened, run

PLENTY = 1_000_000


class Practice(msgspec.Struct):
    """A store with one clinic. `arguments` name it to the command."""

    url: str
    folder: Path
    arguments: list[str]
    clinic: int
    vetigen: str
    clinovavet: str
    few: str  # a ClinovaVet key of 40 requests a minute


async def _fill(url: str, owners: int, pets: int) -> tuple[int, list[str]]:
    await migrate(url)
    async with opened(url, 1) as world:
        (clinic,) = world.clinics
        for n in range(owners):
            client = await world.client(clinic, f"Owner {n}", "Öberg", email=f"owner{n}@example.org")
            for k in range(pets):
                await world.patient(clinic, client.id, "Doomed" if (n + k) % 4 == 0 else f"Pet {n}-{k}")
        keys = [
            NewKey(clinic_id=clinic, dialect="vetigen", name="walks", per_minute=PLENTY, per_hour=PLENTY),
            NewKey(clinic_id=clinic, dialect="clinovavet", name="walks", per_minute=PLENTY, per_hour=PLENTY),
            NewKey(clinic_id=clinic, dialect="clinovavet", name="few", per_minute=40),
        ]
        return clinic, [(await create(world.store, key))[1] for key in keys]


def filled(folder: Path, url: str | None = None, *, owners: int = 1, pets: int = 1) -> Practice:
    """A store in the folder, or at the URL."""
    arguments = [] if url is None or url.startswith("sqlite") else ["--database-url", url]
    where = url if url is not None and arguments else f"sqlite:///{folder}/polyvet.db"
    clinic, keys = run(_fill(where, owners, pets))
    return Practice(where, folder, arguments, clinic, *keys)


@pytest.fixture
def practice(tmp_path: Path) -> Callable[..., Practice]:
    """A function that fills a store: an embedded one, or that of the URL."""
    return partial(filled, tmp_path / "data")
