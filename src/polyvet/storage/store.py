# SPDX-License-Identifier: Apache-2.0
"""The store as the rest of the program sees it, whichever engine stands behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:  # a start that finds its store up to date loads no SQL toolkit for the check
    from polyvet.storage.statement import Statement
    from polyvet.storage.writing import Job, Touching

T = TypeVar("T")


class Reader(Protocol):
    """What reads: the store's reader, or a transaction."""

    @property
    def engine(self) -> str: ...
    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]: ...
    async def fetch_one(self, statement: Statement, *args: Any) -> Any: ...


class Store(Protocol):
    """One practice record. `reader` serves short reads, `aside` those that can last; `write` alone changes it.
    `settle` returns when all that is being written at a clinic is visible, or given up."""

    @property
    def engine(self) -> str: ...
    @property
    def reader(self) -> Reader: ...
    async def write(self, touching: Touching, job: Job[T]) -> T: ...
    async def aside(self, job: Callable[[Any], Awaitable[T]]) -> T: ...
    async def settle(self, clinic_id: int) -> None: ...
    async def ready(self) -> None: ...
    async def close(self) -> None: ...


def is_postgresql(url: str) -> bool:
    """Whether the URL names a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///PATH` URL."""
    return Path(url.removeprefix("sqlite:///"))


async def open_store(url: str) -> Store:
    """Open `sqlite:///PATH` or `postgresql://…`, whose schema must be there (see migrate.py)."""
    if is_postgresql(url):
        from polyvet.storage.postgres import PostgresStore  # a driver that the embedded store need not load

        return await PostgresStore.open(url)
    from polyvet.storage.sqlite import SqliteStore

    return SqliteStore(sqlite_path(url))


def failures() -> tuple[type[Exception], ...]:
    """What the engines' drivers raise when a store cannot be used."""
    import sqlite3

    import asyncpg

    return OSError, sqlite3.DatabaseError, asyncpg.PostgresError, asyncpg.InterfaceError
