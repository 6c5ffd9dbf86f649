# SPDX-License-Identifier: Apache-2.0
"""Keeps the requests of the last days: collects what was answered, and writes it together once a second.

No answer waits for it. A process keeps so many rows a second at the most; of what comes beyond that, each clinic gets
one row that says how many they were. Of strangers it keeps fewer, and few in the long run. What cannot be written is
given up, and the log says so.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from typing import Any

import msgspec
import structlog

from polyvet.core.context import Caller
from polyvet.model import values
from polyvet.model.requests import NOBODYS, UNKEPT, Asked, Known
from polyvet.storage import requests
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.log import shown
from polyvet.web.message import Scope

FLUSH_S = 1.0
MOST = 200  # rows between two writes
MOST_OF_NOBODY = 100  # so that strangers do not crowd out those who have a key
OF_NOBODY_A_SECOND = 5  # in the long run, so that strangers do not fill the disk
LONGEST_PATH = 500
LONGEST_METHOD = 16
_MOST_NOTED = 10_000
MINUTE = 60 * values.MICROSECONDS
SEEN = "polyvet.seen"  # where a scope holds what is known of who asks, for requests that are no dialect's
_log = structlog.get_logger()


class Seen(msgspec.Struct):
    """What an application tells of a request that it answers."""

    who: Known | None = None
    reason: str | None = None


def seen(scope: Scope) -> Seen:
    """Where an application tells who asks, and why it refused them."""
    found: Seen = scope.setdefault(SEEN, Seen())
    return found


class Requests:
    """The requests of one process."""

    def __init__(self, store: Store, every_s: float = FLUSH_S) -> None:
        self._store = store
        self._every_s = every_s
        self._waiting: list[tuple[Any, ...]] = []
        self._unkept: Counter[int] = Counter()  # requests of which nothing more is kept, by clinic
        self._used: dict[bytes, Caller] = {}  # who came in, by key or application
        self._noted: dict[bytes, int] = {}  # the minute that was last written of each
        self._last = 0
        self._room_of_nobody, self._room_at = float(MOST_OF_NOBODY), time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def add(
        self, request_id: str, dialect: str, scope: Scope, status: int, nanoseconds: int,
        who: Caller | Known | None, reason: str | None,
    ) -> None:  # fmt: skip
        """Keep one request. Only for the event loop's thread."""
        clinic_id, most = (NOBODYS, MOST_OF_NOBODY) if who is None else (who.clinic_id, MOST)
        if len(self._waiting) < most and (who is not None or self._has_room_of_nobody()):
            self._last = at = max(values.now(), self._last + 1)
            self._waiting.append(
                (clinic_id, at, request_id, dialect, scope["method"], scope["path"], status, nanoseconds, who, reason)
            )
        else:
            self._unkept[clinic_id] += 1
        if isinstance(who, Caller):
            self._used[who.credential_id] = who
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._begin)

    async def close(self) -> None:
        """Write what waits; nothing is added any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        await self._write()

    def _has_room_of_nobody(self) -> bool:
        """Whether one more request of strangers is kept: of many at once the first, of many all day long a few."""
        now = time.monotonic()
        gained = (now - self._room_at) * OF_NOBODY_A_SECOND
        self._room_of_nobody, self._room_at = min(MOST_OF_NOBODY, self._room_of_nobody + gained), now
        if self._room_of_nobody < 1:
            return False
        self._room_of_nobody -= 1
        return True

    def _begin(self) -> None:
        self._writing = asyncio.create_task(self._write_and_go_on())

    async def _write_and_go_on(self) -> None:
        await self._write()
        more = self._waiting or self._unkept or self._used
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._begin) if more else None

    async def _write(self) -> None:
        """Everything that waits, in one transaction that holds no clinic."""
        waiting, self._waiting = self._waiting, []
        unkept, self._unkept = self._unkept, Counter()
        used, self._used = self._used, {}
        minute = values.now() // MINUTE * MINUTE
        anew = {key: who for key, who in sorted(used.items()) if self._noted.get(key) != minute}
        if not waiting and not unkept and not anew:
            return
        rows = [_row(*one) for one in waiting] + [_of_unkept(clinic_id, n) for clinic_id, n in unkept.items()]

        async def job(tx: Tx) -> None:
            requests.add(tx, rows)
            for credential_id, who in anew.items():
                requests.used(tx, credential_id, minute, application=who.application_id is not None)

        try:
            await self._store.write(Touching(), job)
        except Exception as error:  # busy, full, gone: the requests themselves were answered
            _log.warning("requests not kept", count=len(waiting) + unkept.total(), error=type(error).__name__)
            return
        if len(self._noted) + len(anew) > _MOST_NOTED:
            self._noted.clear()
        self._noted.update(dict.fromkeys(anew, minute))


def _row(
    clinic_id: int, at: int, request_id: str, dialect: str, method: str, path: str, status: int, nanoseconds: int,
    who: Caller | Known | None, reason: str | None,
) -> Asked:  # fmt: skip
    key_id, key_shown = (None, None) if who is None else (who.credential_id, who.shown)
    return Asked(
        clinic_id, at, request_id, dialect, _text(method)[:LONGEST_METHOD], _text(shown(path))[:LONGEST_PATH], status,
        nanoseconds // 1_000, key_id, key_shown, None if reason is None else _text(reason),
    )  # fmt: skip


def _of_unkept(clinic_id: int, n: int) -> Asked:
    """Such a row says how many requests it stands for, and nothing of them."""
    why = f"{n:,} more than are kept of one second"
    return Asked(clinic_id, values.now(), secrets.token_hex(9), "", "", "", UNKEPT, 0, None, None, why)


def _text(sent: str) -> str:
    """What a caller made up, as both engines keep it: without halves of surrogate pairs and null bytes."""
    return sent.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
