# SPDX-License-Identifier: Apache-2.0
"""The fixtures themselves: both engines answer, and every database is new."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tests import postgres


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def test_the_engine_answers(database_url: str) -> None:
    if database_url.startswith("sqlite:///"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            answer = connection.execute("select 1").fetchone()[0]
    else:
        answer = asyncio.run(ask(database_url, "select 1"))
    assert answer == 1


def test_each_database_is_new(fresh_database: Callable[[], str]) -> None:
    one, other = fresh_database(), fresh_database()
    asyncio.run(ask(one, "create table visit (id int)"))
    assert asyncio.run(ask(other, "select to_regclass('visit')")) is None


def test_a_database_can_be_made_within_an_event_loop(fresh_database: Callable[[], str]) -> None:
    async def inside() -> object:
        return await ask(fresh_database(), "select current_database()")

    assert str(asyncio.run(inside())).startswith("polyvet_test_")


@pytest.mark.skipif("POLYVET_TEST_POSTGRES" in os.environ, reason="the server is not ours to stop")
def test_no_server_outlives_the_run_that_started_it() -> None:
    keeper = subprocess.Popen([sys.executable, postgres.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with keeper:
        assert keeper.stdout is not None
        url = keeper.stdout.readline().decode().strip()
        folders = [
            Path(str(asyncio.run(ask(url, f"show {name}")))) for name in ("unix_socket_directories", "data_directory")
        ]
        # The data is closed to all but the server's account; that its folder is there can be seen.
        assert [folder for folder in folders if not folder.exists()] == []
    assert [folder for folder in folders if folder.exists()] == []
    with pytest.raises(OSError):
        asyncio.run(ask(url, "select 1"))
