# SPDX-License-Identifier: Apache-2.0
"""A small practice behind a real server, for the tests of all dialects.

The demo practice with the vendors' samples is loaded once an engine and copied for whoever writes. Its day is fixed,
so that its rows are the same in every run; what the golden files show beyond the samples stands in `extras`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import uvicorn

from polyvet.app import create_app
from polyvet.core import code_entries
from polyvet.core.codelists import Codelists
from polyvet.core.context import PERMISSIONS, Caller, Context, Writing
from polyvet.identity import keys, passwords
from polyvet.sandbox import demo, office
from polyvet.sandbox.install import add_reminders
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.settings import Settings
from polyvet.storage import access, custom_fields, departments, reminders, staff, stock
from polyvet.storage.bulk import BulkLoader
from polyvet.storage.migrate import migrate
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.extras import (
    CODES,
    CUSTOM_FIELDS,
    DEPARTMENTS,
    SMALL_CLINIC,
    extra_items,
    extra_reminders,
    pets,
    small_clinic,
    with_extras,
)
from tests.dialects.library import TOKENS, fill_library

T = TypeVar("T")
TODAY = date(2026, 5, 4)  # the demo's day, a Monday; the server's clock is the real one
SEED = 1
CLIENTS = 80  # 140 patients
PLENTY = 1_000_000  # requests a minute and an hour: the limits are on, and in nobody's way
SECRETS = {
    ("vetigen", MAIN_CLINIC): "sk_live_vetigen_main",
    ("vetigen", SECOND_CLINIC): "sk_live_vetigen_other",
    ("vetigen", SMALL_CLINIC): "sk_live_vetigen_small",
    ("clinovavet", MAIN_CLINIC): "sk_live_clinovavet_main",
    ("clinovavet", SECOND_CLINIC): "sk_live_clinovavet_other",
    ("provet", MAIN_CLINIC): "provet_main",
    ("provet", SECOND_CLINIC): "provet_other",
}
PASSWORD = "correct horse battery staple"
# Who of the staff signs in with it. Their passwords are as old as the practice: a new one ends what they allowed.
SIGNING_IN = (
    *((MAIN_CLINIC, f"{name}@harbour-street.example")
      for name in ("aino.laakso", "tobias.reuter", "selin.karahan", "maija.sundqvist")),
    (SECOND_CLINIC, "henrike.voss@northgate.example"),
)  # fmt: skip
_DEMO_DEPARTMENTS = [(clinic_id, *one) for clinic_id, found in office.DEPARTMENTS.items() for one in found]
TIMEOUT_S = 30
TICK_S = 0.1
WRITE_GOLDEN = "POLYVET_GOLDEN"  # set to `write` to write the golden files anew
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; a client that makes its own takes 20 ms for it
_SHOWN_HEADERS = ("content-type", "allow", "retry-after", "www-authenticate")


async def fill(url: str) -> None:
    """Bring an empty database to the schema and load the practice."""
    await migrate(url)
    store = await open_store(url)
    try:
        await _add_practice(store)
        loader = BulkLoader(url)
        await loader.open()
        [batch] = demo.generate(SEED, CLIENTS, TODAY)  # so few clients are one batch
        await loader.add(with_extras(batch))
        await loader.finish()
        await store.write(Touching(clinics=(MAIN_CLINIC,)), _reminders)
        await add_reminders(store, SEED, TODAY, pets(batch))
        for (dialect, clinic_id), secret in SECRETS.items():
            new = keys.NewKey(clinic_id=clinic_id, dialect=dialect, name="tests", per_minute=PLENTY, per_hour=PLENTY)
            await keys.create(store, new, secret)
        await _give_passwords(store)
        await fill_library(store)
    finally:
        await store.close()


async def _give_passwords(store: Store) -> None:
    for clinic_id, email in SIGNING_IN:
        await passwords.set_password(store, clinic_id, email, PASSWORD)


async def _reminders(tx: Tx) -> None:
    found = extra_reminders()
    assert await reminders.take_numbers(tx, MAIN_CLINIC, len(found)) == 1
    for reminder, details in found:
        reminders.insert(tx, reminder, details)


async def _add_practice(store: Store) -> None:
    practice = demo.practice(SEED, TODAY)

    async def clinics(tx: Tx) -> None:
        for clinic in (*practice.clinics, small_clinic()):
            access.add_clinic(tx, clinic)

    async def staff_and_stock(tx: Tx) -> None:
        for user in practice.users:
            await staff.add_user(tx, user, office.STAFF[user.name])
        for item in (*practice.stock, *extra_items()):
            stock.insert(tx, item)

    async def lists(tx: Tx) -> None:
        for clinic_id, number, name in (*_DEMO_DEPARTMENTS, *DEPARTMENTS):
            departments.add(tx, clinic_id, number, name)
        for clinic_id, field in CUSTOM_FIELDS:
            custom_fields.define(tx, clinic_id, field)

    await store.write(Touching(), clinics)
    await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC, SMALL_CLINIC)), staff_and_stock)
    await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), lists)
    for clinic_id, name, text in CODES:
        await code_entries.add(store, clinic_id, name, text)


def copy_file(source: Path, target: Path) -> str:
    """A copy of an embedded store that nobody has open; gives its URL."""
    shutil.copyfile(source, target)
    return f"sqlite:///{target}"


class _Prompt(uvicorn.Server):
    """Stops when it is told to. uvicorn looks ten times a second whether to stop, and waits as long again for
    connections; a thousand tests start a server each."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self) -> None:
        """To stop, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's: no new connection, an end to those there are, and then to the application."""
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110, they are uvicorn's sets
            await asyncio.sleep(0.002)
        await self.lifespan.shutdown()


class Server:
    """The application in a real HTTP server on a free port, in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        config = uvicorn.Config(
            self.app, port=0, http="httptools", ws="none", lifespan="on", log_config=None, access_log=False,
            proxy_headers=False, server_header=False,
        )  # fmt: skip
        self._server = _Prompt(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server under test did not start")
            time.sleep(0.001)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, as a signal would make it stop."""
        self._server.tell()
        self._thread.join(TIMEOUT_S)


class Practice:
    """A practice that is served. `vetigen` and its like are clients of the dialects with a key of the main clinic,
    `other_vetigen` and its like with one of the second clinic, which shares some patients with the first.
    `small_vetigen` has one of a clinic that sees Boncuk and nobody else."""

    def __init__(self, url: str, **settings: Any) -> None:
        """`settings` are the server's, where they are not the defaults. Nothing is delivered unless they say so: tests
        name receivers that do not exist."""
        self.url = url
        self.server = Server(Settings(database_url=url, **{"log_level": "warning", "deliver": False, **settings}))
        self._clients: list[httpx.Client] = []
        self._others: dict[tuple[Any, ...], Practice] = {}
        self._runner = asyncio.Runner()
        self._store: Store | None = None
        self.vetigen = self.client(SECRETS["vetigen", MAIN_CLINIC])
        self.other_vetigen = self.client(SECRETS["vetigen", SECOND_CLINIC])
        self.small_vetigen = self.client(SECRETS["vetigen", SMALL_CLINIC])
        self.clinovavet = self.client(SECRETS["clinovavet", MAIN_CLINIC])
        self.other_clinovavet = self.client(SECRETS["clinovavet", SECOND_CLINIC])
        self.provet = self.client(SECRETS["provet", MAIN_CLINIC], scheme="Token")
        self.other_provet = self.client(SECRETS["provet", SECOND_CLINIC], scheme="Token")
        self.vetcheck, self.free_vetcheck, self.other_vetcheck = map(self.client, TOKENS)

    def client(self, key: str | None = None, *, scheme: str = "Bearer") -> httpx.Client:
        """An HTTP client that sends the key as a bearer token or by another scheme, or none."""
        headers = {} if key is None else {"Authorization": f"{scheme} {key}"}
        client = httpx.Client(
            base_url=self.server.url, headers=headers, timeout=TIMEOUT_S, trust_env=False, verify=_TLS
        )
        self._clients.append(client)
        return client

    def new_key(self, dialect: str, clinic_id: int = MAIN_CLINIC, name: str = "tests", **rest: Any) -> str:
        """Make a key; `rest` is what NewKey has more. Gives its secret."""
        new = keys.NewKey(clinic_id=clinic_id, dialect=dialect, name=name, **rest)
        return self.run(lambda store: keys.create(store, new))[1]

    def new_passwords(self) -> None:
        """Give all who sign in their password anew, which ends whatever they have allowed."""
        self.run(_give_passwords)

    def served_otherwise(self, **settings: Any) -> Practice:
        """The same record behind a second server with other settings; it ends with this one."""
        name = tuple(sorted(settings.items()))
        if name not in self._others:
            self._others[name] = Practice(self.url, **settings)
        return self._others[name]

    def run(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Work on the store from beside the server, as another process would."""

        async def working() -> T:
            if self._store is None:
                self._store = await open_store(self.url)
            return await work(self._store)

        return self._runner.run(working())

    def read(self, work: Callable[[Context], Awaitable[T]], *, clinic_id: int = MAIN_CLINIC) -> T:
        """Call a core function that reads, as a caller with all permissions."""

        async def reading(store: Store) -> T:
            return await work(Context(_caller(clinic_id), store, await _codelists(store)))

        return self.run(reading)

    def change(self, touching: Touching, work: Callable[[Writing], Awaitable[T]], *, clinic_id: int = MAIN_CLINIC) -> T:
        """Call a core function that writes, in a transaction of its own."""

        async def writing(store: Store) -> T:
            lists = await _codelists(store)
            return await store.write(touching, lambda tx: work(Writing(_caller(clinic_id), tx, lists)))

        return self.run(writing)

    def close(self) -> None:
        """Let go of everything."""
        for other in self._others.values():
            other.close()
        for client in self._clients:
            client.close()
        if self._store is not None:
            self._runner.run(self._store.close())
        self._runner.close()
        self.server.close()


def _caller(clinic_id: int) -> Caller:
    return Caller(b"the tests".ljust(16), clinic_id, "integration", frozenset(PERMISSIONS), "tests")


async def _codelists(store: Store) -> Codelists:
    lists = Codelists()
    await lists.load(store.reader)
    return lists


class Golden:
    """Compares answers with the files of a folder: status, some headers, and the JSON text to the letter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, response: httpx.Response) -> None:
        """Fails where the answer is not the file's; `POLYVET_GOLDEN=write` writes the file instead."""
        path = self._folder / f"{name}.json"
        shown = self._text(response)
        if os.environ.get(WRITE_GOLDEN) == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(shown, encoding="utf-8")
        assert path.exists(), f"{path} is missing; {WRITE_GOLDEN}=write makes it"
        assert shown == path.read_text(encoding="utf-8")

    def _text(self, response: httpx.Response) -> str:
        """The order of keys and the digits of numbers stay as they came; only the space between tokens is ours. What is
        no JSON is shown as a text."""
        head = {
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers},
        }
        is_json = response.headers.get("content-type", "").startswith("application/json")
        body = response.content if is_json else msgspec.json.encode(response.text)
        text = msgspec.json.encode(head)[:-1] + b',"body":' + body + b"}"
        return msgspec.json.format(text, indent=2).decode() + "\n"
