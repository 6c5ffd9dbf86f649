# SPDX-License-Identifier: Apache-2.0
"""The command line. `polyvet --help` lists the commands; long work shows its progress on standard error."""

from __future__ import annotations

import contextlib
import gc
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from polyvet import __version__, access_commands, clinic_commands, library_commands
from polyvet.command import (
    MOST_REQUESTS,
    ClinicOption,
    ConfigOption,
    DataOption,
    PerMinuteOption,
    PermissionsOption,
    UrlOption,
    fail,
    is_text,
    migrated,
    require_clinic,
    require_known,
    run_to_end,
    settings_of,
    shown,
    up_to_date,
    with_store,
)
from polyvet.core.context import PERMISSIONS
from polyvet.model import values
from polyvet.model.access import KINDS
from polyvet.settings import Settings, SettingsError
from polyvet.storage.store import Store

DEFAULT_DEMO_CLIENTS = 400
UNFINISHED_DEMO = "demo-unfinished"  # as sandbox/install.py names it; what it imports is not needed for most commands

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="polyvet: one veterinary practice record, served in the REST dialects of several vendors.",
    epilog="Settings also come from POLYVET_* variables and a TOML file: see docs/settings.md.",
)
app.add_typer(clinic_commands.app)
app.add_typer(access_commands.app)
app.add_typer(library_commands.app)


def main() -> None:
    """The `polyvet` command."""
    app()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 picks a free one.", show_default="8000")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve.", show_default="1")] = None,
    config: ConfigOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill an empty store with a demo practice and its keys.")
    ] = False,
    clients: Annotated[int, typer.Option(min=1, help="Clients of the demo practice.")] = DEFAULT_DEMO_CLIENTS,
    seed: Annotated[int, typer.Option(help="The demo practice is the same for the same seed.")] = 1,
) -> None:
    """Serve the record. Applies what migrations are missing first; prints `polyvet is ready at URL` when it answers.

    While there is no clinic, it prints a link by which the first one is set up in a browser.
    """
    gc.disable()  # until it serves: a start leaves no garbage, and looking for it took a tenth of the time
    settings = settings_of(config, data, database_url, host=host, port=port, workers=workers)
    from polyvet.serving import ServeError
    from polyvet.serving import serve as run

    if not demo and (unfinished := Path(settings.data) / UNFINISHED_DEMO).exists():
        fail(f"installing the demo was interrupted; serve with --demo to start it over, or remove {unfinished}")
    known = run_to_end(up_to_date(settings))
    set_up = None if known or demo else secrets.token_urlsafe()
    if demo:
        run_to_end(_install_demo(settings, clients, seed))
        settings = _of_demo(settings)
    try:
        code = run(settings, lambda url: _announce(settings, url, set_up, demo=demo), demo=demo, set_up=set_up)
    except (ServeError, SettingsError) as error:
        fail(str(error))
    raise typer.Exit(code)


@app.command()
def deliver(data: DataOption = None, database_url: UrlOption = None, config: ConfigOption = None) -> None:
    """Send webhooks' deliveries and mails until told to stop, for servers with the setting `deliver` off."""
    from polyvet.serving import deliver as run
    from polyvet.web import log

    settings = settings_of(config, data, database_url)
    log.configure(settings.log_level)
    run_to_end(migrated(settings))
    run_to_end(run(settings, lambda: typer.echo("polyvet delivers")))


@app.command()
def migrate(data: DataOption = None, database_url: UrlOption = None, config: ConfigOption = None) -> None:
    """Make the store, or bring its schema and the program's library up to date. Never destructive; `serve` does it,
    too."""
    settings = settings_of(config, data, database_url)
    run_to_end(up_to_date(settings))
    typer.echo(f"The store at {shown(settings)} is up to date.")


@app.command("create-key")
def create_key(
    clinic: ClinicOption,
    dialect: Annotated[str, typer.Option(help="vetigen, clinovavet or provet.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    kind: Annotated[str, typer.Option(help="integration, device or partner: Vetigen's limits differ by it.")] = (
        "integration"
    ),
    permission: PermissionsOption = None,
    per_minute: PerMinuteOption = None,
    per_hour: Annotated[
        int | None, typer.Option(min=1, max=MOST_REQUESTS, help="Requests an hour instead of the vendor's.")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Make an API key. Prints its id and its secret; the secret cannot be had again.

    VetCheck has no keys: its users sign in, see `polyvet create-application --help`.
    """
    from polyvet.identity import keys
    from polyvet.served import KEYED

    if len(name) > values.LONGEST_NAME or not is_text(name):
        fail(f"a key's name has at most {values.LONGEST_NAME} characters")
    require_known("dialect with keys", [dialect], KEYED)
    require_known("kind of key", [kind], KINDS)
    require_known("permission", permission or [], PERMISSIONS)
    new = keys.NewKey(
        clinic_id=clinic,
        dialect=dialect,
        name=name,
        kind=kind,
        permissions=tuple(permission or PERMISSIONS),
        per_minute=per_minute,
        per_hour=per_hour,
    )

    async def work(store: Store) -> tuple[str, str]:
        await require_clinic(store, clinic)
        key, secret = await keys.create(store, new)
        return values.to_crockford(key.id), secret

    key_id, secret = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"id:     {key_id}\nsecret: {secret}")


@app.command("revoke-key")
def revoke_key(
    key: Annotated[str, typer.Argument(help="The key's id, or its secret.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """End an API key. Every running server refuses it within a second."""
    from polyvet.identity import keys

    async def work(store: Store) -> str | None:
        return await keys.revoke_named(store, key)

    revoked = run_to_end(with_store(settings_of(config, data, database_url), work))
    if revoked is None:
        fail("there is no living key with this id or secret")
    typer.echo(f"revoked: {revoked}")


@app.command()
def get(
    path: Annotated[str, typer.Argument(help="Path and query, such as /api/v1/patients?page_size=2")],
    key: Annotated[
        str | None, typer.Option(help="An API key; in a demo store the demo's own key is taken without it.")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Make one GET request in process, without a server, and print the answer. Exits with 1 from status 400 on."""
    from polyvet.inprocess import LOG_LEVEL, request
    from polyvet.web import log

    settings = settings_of(config, data, database_url)
    log.configure(LOG_LEVEL)
    status, body = run_to_end(request(settings, path, key))
    sys.stdout.buffer.write(body.rstrip(b"\n") + b"\n")
    raise typer.Exit(1 if status >= 400 else 0)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the whole record into one file, while the server runs. It can be restored into either engine."""
    from polyvet.progress import bars
    from polyvet.storage.backup import BackupError
    from polyvet.storage.backup import backup as write

    settings = settings_of(config, data, database_url)
    if target.exists():
        fail(f"{target} exists already; name another file")
    try:
        with bars() as progress:
            run_to_end(write(settings.store_url, target, progress))
    except BackupError as error:
        fail(str(error))
    size = f"{target.stat().st_size:,} bytes"
    typer.echo(f"Wrote {target} ({size}).")
    run_to_end(_note_backup(settings, f"{target.name}, {size}"))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that `polyvet backup` wrote.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Read a backup into an empty store."""
    from polyvet.progress import bars
    from polyvet.storage.backup import BackupError
    from polyvet.storage.backup import restore as read

    settings = settings_of(config, data, database_url)
    try:
        with bars() as progress:
            run_to_end(read(source, settings.store_url, progress))
        run_to_end(up_to_date(settings))
    except BackupError as error:
        fail(str(error))
    typer.echo(f"Restored {source} into {shown(settings)}.")


@app.command()
def check(data: DataOption = None, database_url: UrlOption = None, config: ConfigOption = None) -> None:
    """Check the integrity of the store and its ids. Exits with 1 when something is wrong."""
    from polyvet.storage.check import check as look

    settings = settings_of(config, data, database_url)
    findings = run_to_end(look(settings.store_url))
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding.text}")
    wrong = sum(finding.severity == "error" for finding in findings)
    typer.echo(f"{wrong} errors." if wrong else "The store is sound.")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


async def _note_backup(settings: Settings, written: str) -> None:
    """Have the console know of the backup; that it is good does not hang on it."""
    from polyvet.model.errors import Busy
    from polyvet.storage import deeds

    async def work(store: Store) -> None:
        await deeds.done(store, deeds.BACKUP, written)

    try:
        await with_store(settings, work)
    except Busy as error:
        typer.echo(f"polyvet: the backup is good, but the console will not know of it: {error}", err=True)


async def _install_demo(settings: Settings, clients: int, seed: int) -> None:
    from polyvet.progress import bars
    from polyvet.sandbox.install import DemoError, install
    from polyvet.served import SCOPES

    try:
        with bars() as progress:
            await install(
                settings.store_url, Path(settings.data), clients=clients, seed=seed, progress=progress, scopes=SCOPES
            )
    except DemoError as error:
        fail(str(error))


def _of_demo(settings: Settings) -> Settings:
    """The demo's webhooks go to the demo server itself, and who tries it may register."""
    from ipaddress import ip_address

    import msgspec

    from polyvet.sandbox.hooks import NETWORKS

    networks = [*settings.webhook_networks, *NETWORKS]
    with contextlib.suppress(ValueError):  # a name: it is resolved when it is called
        networks.append(str(ip_address(settings.host)))
    return msgspec.structs.replace(settings, webhook_networks=tuple(networks), registration=True)


def _announce(settings: Settings, url: str, set_up: str | None, *, demo: bool) -> None:
    if demo:
        from polyvet.sandbox.install import welcome, write_base_url

        credentials = write_base_url(Path(settings.data), url)
        typer.echo(welcome(credentials))
    if set_up is not None:
        here = (settings.public_url or url).rstrip("/")
        typer.echo(
            f"There is no clinic yet. Set up the first one, and your account, at\n  {here}/console/set-up/{set_up}"
        )
    typer.echo(f"polyvet is ready at {url}")
    sys.stdout.flush()
