# SPDX-License-Identifier: Apache-2.0
"""What the tests of every dialect share: a served practice on each engine, and golden files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from tests import postgres
from tests.dialects.harness import Golden, Practice, copy_file, fill

Copy = Callable[[], str]  # makes a new copy of the loaded practice, gives its URL


@contextmanager
def _sqlite_copies(folder: Path) -> Iterator[Copy]:
    template = folder / "template.db"
    asyncio.run(fill(f"sqlite:///{template}"))
    made = 0

    def copy() -> str:
        nonlocal made
        made += 1
        return copy_file(template, folder / f"copy-{made}.db")

    yield copy


@contextmanager
def _postgres_copies(server_url: str) -> Iterator[Copy]:
    made: list[str] = []

    def copy() -> str:
        name = f"polyvet_test_{uuid4().hex}"
        run(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{urlsplit(template).path[1:]}"')
        made.append(name)
        return urlsplit(server_url)._replace(path=f"/{name}").geturl()

    with postgres.databases(server_url) as fresh:
        template = fresh()
        asyncio.run(fill(template))
        try:
            yield copy
        finally:
            for name in made:
                run(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def run(server_url: str, statement: str) -> None:
    """One statement on the server's maintenance database."""

    async def running() -> None:
        connection = await asyncpg.connect(server_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(running())


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def copies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The practice, loaded once an engine, as often as it is needed."""
    if request.param == "sqlite":
        with _sqlite_copies(tmp_path_factory.mktemp("practice")) as copy:
            yield copy
    else:
        # Asked for by name, so that a run on SQLite alone starts no server.
        with _postgres_copies(request.getfixturevalue("postgres_url")) as copy:
            yield copy


@pytest.fixture(scope="session")
def practice(copies: Copy) -> Iterator[Practice]:
    """The practice, served; for tests that only read."""
    served = Practice(copies())
    yield served
    served.close()


@pytest.fixture
def fresh_practice(copies: Copy) -> Iterator[Practice]:
    """A practice of the test's own, served; for tests that write."""
    served = Practice(copies())
    yield served
    served.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares an answer with a file in the folder `golden` beside the test."""
    return Golden(request.path.parent / "golden")
