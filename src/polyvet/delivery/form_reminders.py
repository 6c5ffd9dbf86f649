# SPDX-License-Identifier: Apache-2.0
"""Reminders of vet forms that somebody has begun and not finished; a chore of the worker that sends mails."""

from __future__ import annotations

import structlog

from polyvet.core import vet_forms
from polyvet.storage.store import Store

PAGE = "/account/vetforms"
_log = structlog.get_logger()


class FormReminders:
    """Reminds, each time it is called, of what has waited for so many days."""

    def __init__(self, store: Store, days: int, public_url: str | None) -> None:
        """Without a public URL a reminder names the form and leads nowhere."""
        self._store = store
        self._days = days
        self._public_url = public_url

    async def __call__(self) -> None:
        """One look at all clinics."""
        reminded = await vet_forms.remind(self._store, self._days, self._link)
        if reminded:
            _log.info("reminded of vet forms", count=reminded)

    def _link(self, number: int) -> str | None:
        return None if self._public_url is None else f"{self._public_url.rstrip('/')}{PAGE}/{number}"
