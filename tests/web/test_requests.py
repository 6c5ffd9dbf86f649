# SPDX-License-Identifier: Apache-2.0
"""Keeping requests: bounded, together, and never in an answer's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import structlog

from polyvet.core.context import Caller
from polyvet.model.errors import Forbidden, Invalid, LimitReached, Missing, NoSuchRoute, Unauthenticated
from polyvet.model.requests import NOBODYS, UNKEPT, Asked, Known, Wanted
from polyvet.storage import requests as stored
from polyvet.storage.store import Reader, Store, open_store
from polyvet.storage.writing import Job, T, Touching
from polyvet.web.reasons import DEFECT, reason
from polyvet.web.requests import LONGEST_PATH, MOST, MOST_OF_NOBODY, Requests

CLINIC = 7
KEY = Caller(b"k" * 16, CLINIC, "integration", frozenset(), "sk_live_abcd")
USER = Known(CLINIC, b"u" * 16, "Ada")


def _add(requests: Requests, who: Caller | Known | None, times: int = 1, path: str = "/x", method: str = "GET") -> None:
    for n in range(times):
        requests.add(f"{n:x}", "vetigen", {"method": method, "path": path}, 200, 1_234_567, who, None)


async def _kept(reader: Reader, clinic_id: int) -> list[Asked]:
    return (await stored.listed(reader, clinic_id, Wanted(), None, 1_000)).rows


def _run(url: str, work: Callable[[Store, Requests], object]) -> None:
    async def working() -> None:
        store = await open_store(url)
        try:
            await work(store, Requests(store, 0.05))  # type: ignore[misc]  # each gives a coroutine
        finally:
            await store.close()

    asyncio.run(working())


def test_so_many_are_kept_and_the_rest_is_counted(migrated_url: str) -> None:
    async def work(store: Store, requests: Requests) -> None:
        _add(requests, None, MOST)
        _add(requests, KEY, MOST)
        await requests.close()
        mine, nobodys = await _kept(store.reader, CLINIC), await _kept(store.reader, NOBODYS)
        assert [len([row for row in rows if row.status != UNKEPT]) for rows in (nobodys, mine)] == [
            MOST_OF_NOBODY,
            MOST - MOST_OF_NOBODY,
        ]
        assert [row.reason for row in (*nobodys, *mine) if row.status == UNKEPT] == [
            "100 more than are kept of one second"
        ] * 2
        assert {row.took_us for row in mine} == {0, 1_234}

    _run(migrated_url, work)


def test_of_strangers_who_go_on_asking_few_are_kept(migrated_url: str) -> None:
    async def work(store: Store, requests: Requests) -> None:
        for _ in range(4):
            _add(requests, None, MOST_OF_NOBODY)
            await asyncio.sleep(0.3)  # by then they are written
        _add(requests, KEY)
        await requests.close()
        rows = [row for row in await _kept(store.reader, NOBODYS) if row.status != UNKEPT]
        assert MOST_OF_NOBODY <= len(rows) < 2 * MOST_OF_NOBODY
        assert len(await _kept(store.reader, CLINIC)) == 1

    _run(migrated_url, work)


def test_they_are_written_by_themselves_and_again(migrated_url: str) -> None:
    async def work(store: Store, requests: Requests) -> None:
        for so_far in (1, 2):
            _add(requests, USER)
            await asyncio.sleep(0.5)  # ten times as long as it takes
            assert len(await _kept(store.reader, CLINIC)) == so_far
        [newer, older] = await _kept(store.reader, CLINIC)
        assert newer.at > older.at
        assert (newer.key_id, newer.key_shown) == (USER.credential_id, USER.shown)
        await requests.close()

    _run(migrated_url, work)


def test_what_callers_make_up_is_kept_as_text(migrated_url: str) -> None:
    async def work(store: Store, requests: Requests) -> None:
        _add(requests, KEY, path="/\0\ud800" + "é" * 1_000, method="M" * 100)
        await requests.close()
        [row] = await _kept(store.reader, CLINIC)
        assert row.path.startswith("/\ufffd?é")
        assert (len(row.path), len(row.method)) == (LONGEST_PATH, 16)

    _run(migrated_url, work)


class _Broken:
    """A store that cannot be written to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken = True

    async def write(self, touching: Touching, job: Job[T]) -> T:
        if self.broken:
            raise OSError("the disk is full")
        return await self._store.write(touching, job)


def test_what_cannot_be_written_is_given_up_and_logged(migrated_url: str) -> None:
    async def work(store: Store, _: Requests) -> None:
        broken = _Broken(store)
        requests = Requests(broken, 0.05)  # type: ignore[arg-type]  # all that is asked of it is to write
        with structlog.testing.capture_logs() as logs:
            _add(requests, KEY, 3)
            await asyncio.sleep(0.5)  # ten times as long as it takes
        assert logs == [{"event": "requests not kept", "count": 3, "error": "OSError", "log_level": "warning"}]
        broken.broken = False
        _add(requests, KEY)
        await requests.close()
        assert len(await _kept(store.reader, CLINIC)) == 1

    _run(migrated_url, work)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Forbidden("records:read"), "needs records:read"),
        (Invalid({"birth_date": "2020-13-01 is no date", "name": "x"}), "does not hold: birth_date, name"),
        (Invalid({f"{n}": "" for n in range(11)}), "does not hold: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and more"),
        (Invalid({"x" * 100: ""}), f"does not hold: {'x' * 60}"),
        (Missing("patient", "12345"), "patient: missing"),
        (Unauthenticated(), "no such key or token"),
        (LimitReached(3, 60), "limit reached"),
        (NoSuchRoute(), "no such route"),
        (ValueError("a secret"), DEFECT),
    ],
)
def test_reasons_name_no_value(error: Exception, text: str) -> None:
    assert reason(error) == text
