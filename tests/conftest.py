# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for: a new database on each engine that polyvet supports."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyvet.storage.migrate import migrate
from tests import postgres

# A served practice and golden files, and browsers: tests of several folders ask for them.
pytest_plugins = ("tests.dialects.fixtures", "tests.browser.fixtures")


def pytest_configure() -> None:
    """Tests' folders in memory, where there is one: each transaction waits for its disk, and these need none."""
    folder = postgres.memory()
    if folder is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The maintenance database of a running server; it starts when the first test asks for it."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def fresh_database(postgres_url: str) -> Iterator[Callable[[], str]]:
    """A factory: each call makes an empty PostgreSQL database and returns its URL; the test's end drops them."""
    with postgres.databases(postgres_url) as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database; the test runs once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/polyvet.db"
    # Asked for by name, so that a run on SQLite alone starts no server.
    fresh: Callable[[], str] = request.getfixturevalue("fresh_database")
    return fresh()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store of the newest schema, to copy: that takes a hundredth of the migrations' time."""
    path = tmp_path_factory.mktemp("template") / "polyvet.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL database of the newest schema, to copy."""
    with postgres.databases(postgres_url) as fresh:
        template = fresh()
        asyncio.run(migrate(template))
        yield template


@pytest.fixture
def migrated_database(postgres_url: str, postgres_template: str) -> Iterator[Callable[[], str]]:
    """A factory of PostgreSQL databases of the newest schema; the test's end drops them."""
    with postgres.databases(postgres_url, postgres_template) as copy:
        yield copy


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of the newest schema without a row of anybody's; the test runs once on each engine."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "polyvet.db")
        return f"sqlite:///{tmp_path}/polyvet.db"
    copy: Callable[[], str] = request.getfixturevalue("migrated_database")
    return copy()
