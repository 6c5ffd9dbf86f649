# SPDX-License-Identifier: Apache-2.0
"""Takes away the requests that are older than the console shows them; a chore of the worker that sends mails."""

from __future__ import annotations

import asyncio

from polyvet.delivery.loop import PURGED
from polyvet.model import values
from polyvet.storage import requests
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching

PAUSE_S = 0.05  # between two pieces, in which others write


class ForgetRequests:
    """Forgets, each time it is called, what is older than so many days."""

    def __init__(self, store: Store, days: int) -> None:
        """With 0 days all of them, since none are kept any more."""
        self._store = store
        self._days = days

    async def __call__(self) -> None:
        """One piece after the other, until all of them are gone."""
        before = values.now() - self._days * values.DAY
        gone = PURGED
        while gone == PURGED:
            gone = await self._store.write(Touching(), lambda tx: requests.remove_before(tx, before, PURGED))
            await asyncio.sleep(PAUSE_S)
