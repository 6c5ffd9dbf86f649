# SPDX-License-Identifier: Apache-2.0
"""Code lists in the store: species and breeds, shared and the clinics' own; the clinics' entries of other lists."""

from __future__ import annotations

from sqlalchemy import Table, func, select, update

from polyvet.model.entities import Breed, CodeEntry, Species
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import breeds, code_entries, species
from polyvet.storage.writing import Tx

_ALL_SPECIES = Statement(select(*(species.c[name] for name in Species.__struct_fields__)).order_by(species.c.id))
_ALL_BREEDS = Statement(select(*(breeds.c[name] for name in Breed.__struct_fields__)).order_by(breeds.c.id))
_HIGHEST_SPECIES = Statement(select(func.max(species.c.id)).where(species.c.clinic_id.is_not(None)))
_HIGHEST_BREED = Statement(select(func.max(breeds.c.id)).where(breeds.c.clinic_id.is_not(None)))
_OWN_ENTRIES = Statement(
    select(*code_entries.columns)
    .where(code_entries.c.clinic_id == p("clinic"), code_entries.c.list == p("list"))
    .order_by(code_entries.c.id),
    "clinic list",
)
_HIGHEST_ENTRY = Statement(select(func.max(code_entries.c.id)))
_ADD_ENTRY = inserting(code_entries, "id clinic_id list name active", rank=2)
_ADD_SPECIES = inserting(species, "id clinic_id name slug common synonyms common_lower common_upper", rank=2)
_ADD_BREED = inserting(breeds, "id clinic_id species_id name", rank=4)


def _switching(table: Table) -> Statement:
    return Statement(
        update(table).where(table.c.id == p("code"), table.c.clinic_id == p("clinic")).values(active=p("new_active")),
        "new_active code clinic",
        rank=70,
    )


_SWITCH_ENTRY, _SWITCH_SPECIES, _SWITCH_BREED = map(_switching, (code_entries, species, breeds))

# A code is a running number followed by the three-digit kind of its list: 001 a clinic's own, 002 the shared one.
OWN_LIST = 1
_KIND = 1000
_FIRST_OWN = 20_000_000


async def all_species(reader: Reader) -> list[Species]:
    """Every entry, shared and own. SQLite gives a truth as 0 or 1, here as below."""
    return [
        Species(code, clinic, name, slug, common, synonyms, bool(active))
        for code, clinic, name, slug, common, synonyms, active in await reader.fetch(_ALL_SPECIES)
    ]


async def all_breeds(reader: Reader) -> list[Breed]:
    """Every entry, shared and own."""
    return [
        Breed(code, clinic, species_id, name, bool(active))
        for code, clinic, species_id, name, active in await reader.fetch(_ALL_BREEDS)
    ]


async def next_species_code(reader: Reader) -> int:
    """A code for a clinic's own species. Two writers that take the same one clash on the key, and one tries again."""
    return _next_code((await reader.fetch_one(_HIGHEST_SPECIES))[0])


async def next_breed_code(reader: Reader) -> int:
    """A code for a clinic's own breed."""
    return _next_code((await reader.fetch_one(_HIGHEST_BREED))[0])


async def own_entries(reader: Reader, clinic_id: int, name: str) -> list[CodeEntry]:
    """A clinic's own entries of a list, by code."""
    rows = await reader.fetch(_OWN_ENTRIES, clinic_id, name)
    return [CodeEntry(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


async def next_entry_code(reader: Reader) -> int:
    """A code for a clinic's own entry of a list."""
    return _next_code((await reader.fetch_one(_HIGHEST_ENTRY))[0])


def _next_code(highest: int | None) -> int:
    number = _FIRST_OWN if highest is None else highest // _KIND + 1
    return number * _KIND + OWN_LIST


def add_species(tx: Tx, entry: Species) -> None:
    """Add an entry."""
    cases = (entry.common.lower(), entry.common.upper())
    tx.write(_ADD_SPECIES, entry.id, entry.clinic_id, entry.name, entry.slug, entry.common, entry.synonyms, *cases)


def add_breed(tx: Tx, entry: Breed) -> None:
    """Add an entry."""
    tx.write(_ADD_BREED, entry.id, entry.clinic_id, entry.species_id, entry.name)


def add_entry(tx: Tx, entry: CodeEntry) -> None:
    """Add an entry of another list."""
    tx.write(_ADD_ENTRY, entry.id, entry.clinic_id, entry.list, entry.name, entry.active)


def switch_species(tx: Tx, clinic_id: int, code: int, *, active: bool) -> None:
    """Offer a clinic's own entry for choice, or no more."""
    tx.write(_SWITCH_SPECIES, active, code, clinic_id)


def switch_breed(tx: Tx, clinic_id: int, code: int, *, active: bool) -> None:
    """The same of a breed."""
    tx.write(_SWITCH_BREED, active, code, clinic_id)


def switch_entry(tx: Tx, clinic_id: int, code: int, *, active: bool) -> None:
    """The same of an entry of another list."""
    tx.write(_SWITCH_ENTRY, active, code, clinic_id)
