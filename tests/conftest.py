# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for: a new database on each engine that polyvet supports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgres


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
