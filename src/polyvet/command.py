# SPDX-License-Identifier: Apache-2.0
"""What all commands share: the options that name a store, and one line instead of a traceback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from polyvet.core.context import PERMISSIONS
from polyvet.model.errors import Busy
from polyvet.settings import Settings, SettingsError, load, without_secrets
from polyvet.storage.store import Store, failures, open_store

T = TypeVar("T")
MOST_REQUESTS = 1_000_000_000

DataOption = Annotated[
    str | None, typer.Option("--data", metavar="DIR", help="Folder of the embedded store.", show_default="polyvet-data")
]
UrlOption = Annotated[
    str | None, typer.Option("--database-url", metavar="URL", help="postgresql://… instead of the embedded store.")
]
ClinicOption = Annotated[int, typer.Option(help="The clinic's installation number.")]
PermissionsOption = Annotated[
    list[str] | None,
    typer.Option("--permission", help="May be given several times.", show_default=f"all of {', '.join(PERMISSIONS)}"),
]
PerMinuteOption = Annotated[
    int | None, typer.Option(min=1, max=MOST_REQUESTS, help="Requests a minute instead of the vendor's.")
]
ConfigOption = Annotated[str | None, typer.Option("--config", metavar="FILE", help="A TOML file with settings.")]


def is_text(argument: str) -> bool:
    """Whether the shell handed over characters, and not bytes that are none."""
    return argument.isprintable()


def require_known(what: str, words: Iterable[str], known: tuple[str, ...]) -> None:
    """End the command unless all words are known."""
    unknown = [word for word in words if word not in known]
    if unknown:
        fail(f"no such {what}: {', '.join(unknown)}; there are {', '.join(known)}")


def settings_of(config: str | None, data: str | None, database_url: str | None, **more: Any) -> Settings:
    """The settings, with what the command line says."""
    try:
        return load(os.environ, {"data": data, "database_url": database_url, **more}, config)
    except SettingsError as error:
        fail(str(error))


async def migrated(settings: Settings) -> None:
    """Bring the store up to date."""
    from polyvet.storage.migrate import migrate

    await migrate(settings.store_url)


async def up_to_date(settings: Settings) -> bool:
    """Bring the store up to date, and the library that comes with the program; gives whether there is a clinic."""
    from polyvet.core.clinics import list_clinics
    from polyvet.core.library_files import load_starter

    async def work(store: Store) -> bool:
        await load_starter(store)
        return bool(await list_clinics(store))

    return await with_store(settings, work)


async def with_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Work on the store, brought up to date."""
    await migrated(settings)
    store = await open_store(settings.store_url)
    try:
        return await work(store)
    finally:
        await store.close()


async def require_clinic(store: Store, clinic: int) -> None:
    """End the command unless there is such a clinic."""
    from polyvet.core.clinics import list_clinics

    if clinic not in {one.id for one in await list_clinics(store)}:
        fail(f"there is no clinic {clinic}; `polyvet create-clinic NAME` makes one")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; a store that cannot be used ends the command with one line that says so."""
    from polyvet.storage.migrate import MigrationError

    try:
        return asyncio.run(work)
    except (MigrationError, SettingsError) as error:
        fail(str(error))
    except Busy as error:
        fail(f"the store is busy: {error}; try again")
    except failures() as error:
        fail(f"the store cannot be used: {error}")


def shown(settings: Settings) -> str:
    """The store's place without a password."""
    return without_secrets(settings.store_url)


def fail(message: str) -> NoReturn:
    """End the command with one line."""
    typer.echo(f"polyvet: {message}", err=True)
    raise typer.Exit(1)
