# SPDX-License-Identifier: Apache-2.0
"""What the tests of every dialect and those in a browser share: a served practice on each engine, and golden files."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tests import postgres
from tests.dialects.harness import Golden, Practice, copy_file, fill

Copy = Callable[[], str]  # makes a new copy of the loaded practice, gives its URL
Copying = Callable[[], AbstractContextManager[Copy]]  # copies that go when the block ends


@contextmanager
def _sqlite_copies(template: Path) -> Iterator[Copy]:
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        yield lambda: copy_file(template, Path(folder) / f"{uuid4().hex}.db")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def copying(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copying]:
    """The practice, loaded once an engine, as often as it is needed."""
    if request.param == "sqlite":
        template = tmp_path_factory.mktemp("practice") / "template.db"
        asyncio.run(fill(f"sqlite:///{template}"))
        yield partial(_sqlite_copies, template)
        return
    # Asked for by name, so that a run on SQLite alone starts no server.
    server_url = request.getfixturevalue("postgres_url")
    with postgres.databases(server_url) as fresh:
        url = fresh()
        asyncio.run(fill(url))
        yield partial(postgres.databases, server_url, url)


@pytest.fixture
def copies(copying: Copying) -> Iterator[Copy]:
    """Copies of the practice for one test."""
    with copying() as copy:
        yield copy


@pytest.fixture(scope="session")
def practice(copying: Copying) -> Iterator[Practice]:
    """The practice, served; for tests that only read, or are refused."""
    with copying() as copy:
        served = Practice(copy())
        yield served
        served.close()


@pytest.fixture(scope="module")
def module_practice(copying: Copying) -> Iterator[Practice]:
    """A practice of a module's own; for tests that add rows and look at no others."""
    with copying() as copy:
        served = Practice(copy())
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
