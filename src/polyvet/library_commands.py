# SPDX-License-Identifier: Apache-2.0
"""Commands for the library: what a clinic gives to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyvet.command import (
    ClinicOption,
    ConfigOption,
    DataOption,
    UrlOption,
    fail,
    require_clinic,
    run_to_end,
    settings_of,
    with_store,
)
from polyvet.core.library_files import Loaded, load
from polyvet.core.library_sources import FORMAT, LibraryError
from polyvet.storage.store import Store

app = typer.Typer()


@app.command("load-library", epilog="\b\n" + FORMAT.replace("\n\n", "\n\n\b\n"))
def load_library(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the library's files.")],
    clinic: ClinicOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Load a clinic's own handouts, forms, vet forms and programs from a folder. All of them, or none if a file is
    wrong. Loaded again, it writes what has changed in the files; what has no file any more stays."""
    from polyvet.progress import bars

    settings = settings_of(config, data, database_url)

    async def work(store: Store) -> Loaded:
        await require_clinic(store, clinic)
        with bars() as progress:
            return await load(store, clinic, folder, progress, write=not dry_run)

    try:
        found = run_to_end(with_store(settings, work))
    except LibraryError as error:
        for problem in error.problems:
            typer.echo(f"polyvet: {problem}", err=True)
        fail("nothing was loaded")
    for what, names in (("new", found.added), ("changed", found.changed)):
        for name in names:
            typer.echo(f"{what}: {name}")
    typer.echo(_sum(found))


def _sum(found: Loaded) -> str:
    counts = f"{len(found.added)} new, {len(found.changed)} changed, {len(found.unchanged)} unchanged"
    return f"{counts}; {found.without_file} without a file stay as they are." if found.without_file else f"{counts}."
