# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608, the statements are our own
"""A store as the program of revision 0001 left it, made by that revision and by plain SQL."""

from __future__ import annotations

from typing import Any

from polyvet.model.entities import State
from polyvet.model.species import breed_rows, species_rows
from polyvet.model.values import new_id
from polyvet.storage.clients import search_text
from polyvet.storage.counters import BUCKET_BITS
from polyvet.storage.migrate import migrate
from polyvet.storage.store import is_postgresql
from tests.storage.test_migrate import execute
from tests.storage.world import CAT, DOG, SLUGS, a_client

AT = 1_700_000_000_000_000
HOUR = 3_600_000_000
CLOCK = AT + 1_000 * HOUR
# First, middle and last name, e-mail, phone numbers, state at clinic 1, and at clinic 2.
PEOPLE: list[tuple[str, str | None, str, str | None, tuple[str, ...], int, int | None]] = [
    ("Ada", None, "Lovelace", "Ada@Example.org", ("030 1",), State.ACTIVE, None),
    ("ÉMILE", "X", "Öztürk", None, ("2", "10", "1"), State.ACTIVE, State.ARCHIVED),
    ("İnci", None, "Straße", "İ@example.org", (), State.ARCHIVED, State.ACTIVE),
    ("Zoe\u0308", None, "o'Neill", None, ("0170-A", "0170-B"), State.HIDDEN, State.ACTIVE),
    ("50%", None, "_", "", ("%",), State.ARCHIVED, None),
]
PATIENTS: list[tuple[str, int, int, int]] = [  # name, place of the owner, species, state where the client is open
    ("Boncuk", 0, DOG, State.ACTIVE), ("ÜLKÜ", 0, CAT, State.ARCHIVED), ("Rex", 1, DOG, State.ACTIVE),
    ("İri", 2, CAT, State.ARCHIVED), ("ﬁfi", 3, DOG, State.DELETED),
]  # fmt: skip
OWN_SPECIES = (20_000_001_001, 1, "ÖRÜMCEK", "orumcek", "Örümcek")  # id, clinic, name, slug, common
MANY = 5_100  # clients without a clinic: more than are folded in one go


def literal(url: str, value: Any) -> str:
    """A value as it stands in a statement."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'{value.hex()}'" if is_postgresql(url) else f"x'{value.hex()}'"
    return str(int(value)) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


async def insert(url: str, table: str, names: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows."""
    texts = ["(" + ", ".join(literal(url, value) for value in row) + ")" for row in rows]
    await execute(url, f"INSERT INTO {table} ({', '.join(names.split())}) VALUES {', '.join(texts)}")


async def old_store(url: str) -> list[bytes]:
    """Make the store; gives its clients' ids."""
    await migrate(url, to="0001")
    await _codelists(url)
    assert await execute(url, "SELECT version_num FROM alembic_version") == [("0001",)]
    names = "id uid name timezone currency created_at clock event_seq client_seq patient_seq invoice_seq"
    clinics = [(n, new_id(), f"Clinic {n}", "Europe/Berlin", "EUR", AT, CLOCK, 0, 5, 5, 0) for n in (1, 2)]
    await insert(url, "clinics", names, clinics)
    await insert(url, "species", "id clinic_id name slug common synonyms", [(*OWN_SPECIES, "")])
    idents = [new_id(AT) for _ in PEOPLE]
    await _people(url, idents)
    await _animals(url, idents)
    await _counters(url)
    return idents


async def _codelists(url: str) -> None:
    """The shared codelists as revision 0001 had them."""
    species = [(one.id, one.name, one.slug, one.common, one.synonyms) for one in species_rows()]
    await insert(url, "species", "id name slug common synonyms", species)
    await insert(url, "breeds", "id species_id name", [(one.id, one.species_id, one.name) for one in breed_rows()])


async def _people(url: str, idents: list[bytes]) -> None:
    clients = [(ident, *one[:4], None, AT + n) for n, (ident, one) in enumerate(zip(idents, PEOPLE, strict=True))]
    clients += [(new_id(AT), f"Ürsel {n}", None, "MÜLLER", None, None, AT) for n in range(MANY)]
    await insert(url, "clients", "id first_name middle_name last_name email address created_at", clients)
    pairs = list(zip(idents, PEOPLE, strict=True))
    numbers = [(ident, place, text) for ident, one in pairs for place, text in enumerate(one[4])]
    await insert(url, "phones", "client_id position number", numbers[::-1])
    rows: list[tuple[Any, ...]] = []
    for n, (ident, (first, middle, last, email, phones, *states)) in enumerate(pairs):
        client = a_client(first, last, middle_name=middle, email=email)
        for clinic_id, state in enumerate(states, 1):
            if state is not None:
                stamp = AT + 30 * n * HOUR
                rows.append((clinic_id, ident, state, n + 1, search_text(client, phones), AT + n, stamp))
    await insert(url, "connections", "clinic_id client_id state number search_text created_at updated_at", rows)


async def _animals(url: str, idents: list[bytes]) -> None:
    pets = [new_id(AT) for _ in PATIENTS]
    rows = [(pet, idents[owner], name, species, "female", AT + n)
            for n, (pet, (name, owner, species, _)) in enumerate(zip(pets, PATIENTS, strict=True))]  # fmt: skip
    await insert(url, "patients", "id client_id name species_id sex created_at", rows)
    places: list[tuple[Any, ...]] = []
    for n, (pet, (_, owner, species, state)) in enumerate(zip(pets, PATIENTS, strict=True)):
        for clinic_id, seen in enumerate(PEOPLE[owner][5:], 1):
            if seen is not None:
                shown = State.HIDDEN if seen == State.HIDDEN else state
                places.append((clinic_id, pet, idents[owner], shown, n + 1, SLUGS[species], species, AT + n,
                               AT + 20 * n * HOUR + 1))  # fmt: skip
    names = "clinic_id patient_id client_id state number slug species_id created_at updated_at"
    await insert(url, "enrolments", names, places)
    for table in ("connections", "enrolments"):
        await execute(url, f"UPDATE {table} SET updated_at = updated_at + clinic_id")


async def _counters(url: str) -> None:
    """What revision 0001 counted."""
    bucket = f"updated_at >> {BUCKET_BITS}"
    for name, when, table in (
        ("'clients'", "0", "connections"), ("'patients'", "0", "enrolments"), ("'updated'", bucket, "enrolments"),
        ("'patients/' || slug", "0", "enrolments"), ("'patients@' || species_id", "0", "enrolments"),
        ("'updated/' || slug", bucket, "enrolments"),
    ):  # fmt: skip
        await execute(
            url, "INSERT INTO counters (clinic_id, name, bucket, n)"
            f" SELECT clinic_id, {name}, {when}, count(*) FROM {table} WHERE state = 0 GROUP BY 1, 2, 3",
        )  # fmt: skip
