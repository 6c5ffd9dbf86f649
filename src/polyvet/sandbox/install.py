# SPDX-License-Identifier: Apache-2.0
"""Putting the demo practice into an empty store, with keys for both of its clinics, applications, and people who can
sign in."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from polyvet.core import code_entries
from polyvet.core.library_files import load_starter
from polyvet.identity import applications, passwords
from polyvet.identity.keys import NewKey, create
from polyvet.model.custom_fields import FieldModel
from polyvet.model.entities import CodeList, State
from polyvet.model.library import LibraryRole
from polyvet.sandbox import demo, hooks, office, reminders
from polyvet.sandbox.aside import pieces
from polyvet.sandbox.practice import CLINIC_IDS, DESK, MAIN_CLINIC, SECOND_CLINIC, users, vets
from polyvet.storage import access, custom_fields, departments, numbers, staff, stock
from polyvet.storage import reminders as stored_reminders
from polyvet.storage.bulk import FILLED, BulkLoader
from polyvet.storage.derived import Piece
from polyvet.storage.migrate import migrate
from polyvet.storage.store import Store, is_postgresql, open_store, sqlite_path
from polyvet.storage.writing import Touching, Tx

CREDENTIALS = "demo-credentials.json"
UNFINISHED = "demo-unfinished"
PROVET, VETCHECK = "provet", "vetcheck"
DIALECTS = ("vetigen", "clinovavet", PROVET)  # those that have keys
REDIRECT_URI = "http://127.0.0.1:8765/callback"  # where an application under development may listen
_OWNERS = {"connections": FieldModel.CLIENT, "enrolments": FieldModel.PATIENT}  # by the tables of a batch
_VALUES = "custom field value"  # the numbers of values, as core counts them
_PRIVATE = 0o600

Scopes = Mapping[str, tuple[str, ...]]


class DemoError(Exception):
    """The demo cannot be installed; the message says what to do."""


async def install(
    url: str, folder: Path, *, clients: int, seed: int, progress: Callable[[str, int, int], None], scopes: Scopes
) -> None:
    """Fill the store at `url`, whose schema is there; once: a folder that holds credentials has its demo already.
    `scopes` are those of the dialects whose applications sign in."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240, nothing else runs in this loop
    unfinished = folder / UNFINISHED
    if unfinished.exists():
        await _start_over(url, folder)
    if not await _prepare(url, folder, seed):
        return
    # While nobody else has the store open: much faster on SQLite.
    owners, pets = await _load(url, clients, seed, progress)
    store = await open_store(url)
    try:
        await _add_values(store, seed, owners)
        await _add_codes(store)
        await add_reminders(store, seed, _today(), pets)
        await hooks.add(store)
        await load_starter(store)
        _write(folder / CREDENTIALS, await _make_keys(store, scopes))
    finally:
        await store.close()
    unfinished.unlink()


async def _prepare(url: str, folder: Path, seed: int) -> bool:
    """Add the practice to an empty store; False if the demo is there already."""
    store = await open_store(url)
    try:
        if await access.list_clinics(store.reader):
            if (folder / CREDENTIALS).exists():
                return False
            raise DemoError(
                "the store is not empty and holds no demo practice of this data folder; "
                "name another folder with --data, or serve without --demo"
            )
        (folder / UNFINISHED).touch(mode=_PRIVATE)
        await _add_practice(store, seed)
    finally:
        await store.close()
    return True


async def _start_over(url: str, folder: Path) -> None:
    """What an interrupted installation left is thrown away: it was never served."""
    if is_postgresql(url):
        raise DemoError(
            "an earlier installation of the demo was interrupted; "
            f"make the database anew and remove {folder / UNFINISHED}"
        )
    path = sqlite_path(url)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    await migrate(url)


async def _add_practice(store: Store, seed: int) -> None:
    practice = demo.practice(seed, _today())

    async def clinics(tx: Tx) -> None:
        for clinic in practice.clinics:
            access.add_clinic(tx, clinic)

    async def the_rest(tx: Tx) -> None:
        for user in practice.users:
            await staff.add_user(tx, user, office.STAFF[user.name])
        for item in practice.stock:
            stock.insert(tx, item)
        for clinic_id, found in office.DEPARTMENTS.items():
            for number, name in found:
                departments.add(tx, clinic_id, number, name)
            for field in office.FIELDS:
                custom_fields.define(tx, clinic_id, field)

    await store.write(Touching(), clinics)
    await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), the_rest)


async def _load(
    url: str, clients: int, seed: int, progress: Callable[[str, int, int], None]
) -> tuple[list[office.Owner], list[reminders.Pet]]:
    """Load clients and patients; gives those of the first batch."""
    loader = BulkLoader(url)
    owners: list[office.Owner] = []
    pets: list[reminders.Pet] = []
    try:
        await loader.open()
        total, done = demo.patient_count(clients), 0
        for piece in pieces(await loader.begin(), seed, clients, _today()):
            owners, pets = owners or list(_owners(piece)), pets or list(_pets(piece))
            await loader.put(piece)
            done += sum(len(rows) for table, rows in piece.tables if table == "patients")
            progress("Loading patients", done, total)
        await loader.finish()
    finally:
        await loader.close()
    return owners, pets


def _owners(piece: Piece) -> Iterator[office.Owner]:
    """Who may have values of custom fields: the clients and patients of a piece at each of their clinics."""
    for table, rows in piece.tables:
        if table in _OWNERS:
            model, at = _OWNERS[table], FILLED[table].index("updated_at")
            yield from (office.Owner(model, row[0], row[1], row[at]) for row in rows)


def _pets(piece: Piece) -> Iterator[reminders.Pet]:
    """Of whom a clinic may remind: the living patients of a piece whose clients have an e-mail address."""
    tables = {
        table: [dict(zip(FILLED[table], row, strict=True)) for row in rows]
        for table, rows in piece.tables
        if table in ("clients", "patients", "enrolments")
    }
    emails = {row["id"]: row["email"] for row in tables["clients"]}
    names = {row["id"]: row["name"] for row in tables["patients"] if row["deceased_on"] is None}
    for row in tables["enrolments"]:
        email, name = emails[row["client_id"]], names.get(row["patient_id"])
        if email is not None and name is not None and row["state"] == State.ACTIVE:
            yield reminders.Pet(
                row["clinic_id"], row["client_id"], row["patient_id"], name, row["slug"], email, row["updated_at"]
            )


async def add_reminders(store: Store, seed: int, today: date, pets: list[reminders.Pet]) -> None:
    """Give each clinic reminders of some of its patients."""

    async def work(tx: Tx) -> None:
        for clinic_id in CLINIC_IDS:
            found = list(reminders.due(seed, today, [pet for pet in pets if pet.clinic_id == clinic_id]))
            start = await stored_reminders.take_numbers(tx, clinic_id, len(found)) if found else 0
            for place, (reminder, details) in enumerate(found):
                stored_reminders.insert(tx, msgspec.structs.replace(reminder, number=start + place), details)

    await store.write(Touching(clinics=CLINIC_IDS), work)


async def _add_values(store: Store, seed: int, owners: list[office.Owner]) -> None:
    """Give some of them values, as whoever changed them last would have."""
    by_clinic = {clinic_id: [one for one in owners if one.clinic_id == clinic_id] for clinic_id in CLINIC_IDS}

    async def work(tx: Tx) -> None:
        for clinic_id, ours in by_clinic.items():
            found = list(office.values(seed, ours))
            start = await numbers.take(tx, clinic_id, _VALUES, len(found)) if found else 0
            for owner, value in found:
                numbered = msgspec.structs.replace(value, number=start + value.number)
                custom_fields.insert(tx, clinic_id, numbered, owner.model, owner.id)

    await store.write(Touching(clinics=CLINIC_IDS), work)


async def _add_codes(store: Store) -> None:
    """The clinics' own entries of code lists."""
    for clinic_id in CLINIC_IDS:
        for name, texts in ((CodeList.INSURERS, office.INSURERS), (CodeList.DIAGNOSES, office.DIAGNOSES)):
            for text in texts:
                await code_entries.add(store, clinic_id, name, text)


async def _make_keys(store: Store, scopes: Scopes) -> dict[str, Any]:
    found: dict[int, dict[str, Any]] = {}
    for clinic_id in (MAIN_CLINIC, SECOND_CLINIC):
        for dialect in DIALECTS:
            _, secret = await create(store, NewKey(clinic_id=clinic_id, dialect=dialect, name="demo"))
            found.setdefault(clinic_id, {})[dialect] = (
                {"provet_id": clinic_id, "token": secret} if dialect == PROVET else {"api_key": secret}
            )
        owner = await _make_password(store, vets(clinic_id)[0])
        found[clinic_id]["console"] = owner
        found[clinic_id][PROVET] |= {**await _make_application(store, clinic_id, PROVET, scopes[PROVET]), **owner}
        found[clinic_id][VETCHECK] = {
            **await _make_application(store, clinic_id, VETCHECK, scopes[VETCHECK]),
            **await _make_password(store, vets(clinic_id)[1]),
            **await _make_free_user(store, clinic_id),
        }
    return {"base_url": None, **found[MAIN_CLINIC], "other_clinic": found[SECOND_CLINIC]}


async def _make_application(
    store: Store, clinic_id: int, dialect: str, scopes: tuple[str, ...]
) -> dict[str, str | None]:
    """An application that asks for tokens."""
    new = applications.NewApplication(
        clinic_id=clinic_id, dialect=dialect, name="Demo application", scopes=scopes, redirect_uris=(REDIRECT_URI,)
    )
    application, secret = await applications.create(store, new)
    return {"client_id": application.client_id, "client_secret": secret, "redirect_uri": REDIRECT_URI}


async def _make_password(store: Store, user_id: bytes) -> dict[str, str]:
    """Let somebody sign in."""
    user = next(user for user in users() if user.id == user_id)
    password = secrets.token_urlsafe(12)
    assert user.email is not None  # noqa: S101, all of the demo's staff have one
    await passwords.set_password(store, user.clinic_id, user.email, password)
    return {"email": user.email, "password": password}


async def _make_free_user(store: Store, clinic_id: int) -> dict[str, str]:
    """Let the clinic's desk sign in, to whom only what is free of the library is open."""
    user = next(user for user in users() if user.clinic_id == clinic_id and user.role == DESK)
    found = await _make_password(store, user.id)

    async def work(tx: Tx) -> None:
        file = await staff.by_email(tx, clinic_id, found["email"])
        assert file is not None  # noqa: S101, it got a password just now
        free = msgspec.structs.replace(file.user, library_role=LibraryRole.FREE)
        staff.change_user(tx, msgspec.structs.replace(file, user=free))

    await store.write(Touching(clinics=(clinic_id,)), work)
    return {f"free_{name}": value for name, value in found.items()}


def _write(path: Path, credentials: dict[str, Any]) -> None:
    """Into place in one step, readable by its owner only."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w") as file:
        json.dump(credentials, file, indent=2)
        file.write("\n")
    partial.replace(path)


def write_base_url(folder: Path, url: str) -> dict[str, Any]:
    """Note in the credentials where the server listens; gives them."""
    path = folder / CREDENTIALS
    credentials: dict[str, Any] = json.loads(path.read_text())
    if credentials["base_url"] != url:
        credentials["base_url"] = url
        _write(path, credentials)
    return credentials


def welcome(credentials: dict[str, Any]) -> str:
    """What a demo server prints: base URLs, keys, and requests that work as they stand."""
    url = credentials["base_url"]
    vetigen, clinovavet = credentials["vetigen"]["api_key"], credentials["clinovavet"]["api_key"]
    application = credentials[PROVET]
    provet, token = f"{url}/{application['provet_id']}/api/0.1", application["token"]
    oauth = f"{url}/{application['provet_id']}/oauth2"
    vetcheck = credentials[VETCHECK]
    return f"""
The demo practice is served at {url}

  Vetigen       {url}/api/v1     key {vetigen}
  ClinovaVet    {url}/api/v1     key {clinovavet}
  Provet Cloud  {provet}  key {token}
  VetCheck      {url}            application {vetcheck["client_id"]}
  Webhooks that come in are shown at {url}/demo/webhooks
  Mails that would be sent are shown at {url}/demo/mail

The console, for people and developers: {url}/console
  {credentials["console"]["email"]} signs in with {credentials["console"]["password"]}

Try it:

  curl -H "Authorization: Bearer {vetigen}" "{url}/api/v1/patients?page=1&page_size=20&species=dog"
  curl -H "Authorization: Bearer {vetigen}" {url}/api/v1/patients/patient_01JABC9XYZKL4N7P3Q8TRM2ZDE
  curl -H "Authorization: Bearer {clinovavet}" "{url}/api/v1/owners?limit=10&search=Smith"
  curl -H "Authorization: Bearer {token}" "{provet}/patient/?client__is=456"
  curl -u {application["client_id"]}:{application["client_secret"]} -d grant_type=client_credentials {oauth}/token/

{application["email"]} signs in with the console's password at {oauth}/authorize/
{vetcheck["email"]} signs in with {vetcheck["password"]} at {url}/login (VetCheck, premium)
{vetcheck["free_email"]} signs in with {vetcheck["free_password"]} at {url}/login (VetCheck, free)
"""


def _today() -> date:
    return datetime.now(UTC).date()
