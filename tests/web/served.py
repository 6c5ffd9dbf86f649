# SPDX-License-Identifier: Apache-2.0
"""The application in process, with keys for a clinic of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from polyvet.app import App, create_app
from polyvet.core import clinics
from polyvet.identity.keys import NewKey, create
from polyvet.model import values
from polyvet.model.entities import Clinic
from polyvet.settings import Settings
from polyvet.storage.store import Store, open_store


class Served(msgspec.Struct):
    """An application, and a client of it that sends a ClinovaVet key."""

    app: App
    http: httpx.AsyncClient
    store: Store  # beside the server, as another process has it
    clinic: int

    async def key(self, dialect: str, clinic_id: int | None = None, **more: Any) -> dict[str, str]:
        """The header of a new key."""
        new = NewKey(clinic_id=clinic_id or self.clinic, dialect=dialect, name="tests", **more)
        return {"Authorization": f"Bearer {(await create(self.store, new))[1]}"}


async def new_clinic(store: Store) -> int:
    """A clinic that nobody else uses."""
    now = values.now()
    return await clinics.create(store, Clinic(0, values.new_id(now), "Tests", "Europe/Berlin", "EUR", now))


@asynccontextmanager
async def served(url: str, **settings: Any) -> AsyncIterator[Served]:
    """The application over a migrated store."""
    app = create_app(Settings(database_url=url, **{"log_level": "warning", **settings}))
    await app.open()
    store = await open_store(url)
    try:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            it = Served(app, http, store, await new_clinic(store))
            http.headers.update(await it.key("clinovavet", per_minute=100_000))
            yield it
    finally:
        await store.close()
        await app.close()
