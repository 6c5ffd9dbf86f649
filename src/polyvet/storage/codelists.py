# SPDX-License-Identifier: Apache-2.0
"""Code lists in the store: species and breeds, shared and the clinics' own; the clinics' entries of other lists.

What a clinic looks at is read by key: its own entries, whose codes are higher than all shared ones, then these.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause, Table, func, literal, select, update

from polyvet.model import values
from polyvet.model.entities import Breed, CodeEntry, CodeList, Species
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import breeds, code_entries, species
from polyvet.storage.writing import Tx

SPECIES, BREEDS = "species", "breeds"

_ALL_SPECIES = Statement(select(*(species.c[name] for name in Species.__struct_fields__)).order_by(species.c.id))
_ALL_BREEDS = Statement(select(*(breeds.c[name] for name in Breed.__struct_fields__)).order_by(breeds.c.id))
_OWN_ENTRIES = Statement(
    select(*(code_entries.c[name] for name in CodeEntry.__struct_fields__))
    .where(code_entries.c.clinic_id == p("clinic"), code_entries.c.list == p("list"))
    .order_by(code_entries.c.id),
    "clinic list",
)
_ADD_ENTRY = inserting(code_entries, "id clinic_id list name active name_folded", rank=2)
_ADD_SPECIES = inserting(
    species, "id clinic_id name slug common synonyms common_lower common_upper name_folded", rank=2
)
_ADD_BREED = inserting(breeds, "id clinic_id species_id name name_folded", rank=4)

# A code is a running number followed by the three-digit kind of its list: 001 a clinic's own, 002 the shared one.
OWN_LIST = 1
_KIND = 1000
_FIRST_OWN = 20_000_000


class Entry(msgspec.Struct, frozen=True):
    """An entry of any list as a clinic sees it."""

    code: int
    name: str
    beside: str  # of a species its everyday name, of a breed its species
    own: bool
    active: bool


class _List:
    """The statements of one list; `where` is what sets it apart in its table."""

    def __init__(
        self, table: Table, beside: ColumnElement[Any], *where: ColumnElement[bool], source: FromClause | None = None
    ) -> None:
        t = table.c
        query = select(t.id, t.name, beside, t.clinic_id, t.active).select_from(table if source is None else source)
        own = query.where(t.clinic_id == p("clinic"), *where)
        of_name = t.name_folded == p("folded")
        of_species = [t.species_id == p("species")] if table is breeds else []
        below, last_first = t.id < p("before"), t.id.desc()
        self.page = Statement(own.where(below).order_by(last_first).limit(p("limit")), "clinic before limit")
        self.shared = Statement(
            query.where(t.clinic_id.is_(None), below).order_by(last_first).limit(p("limit")), "before limit"
        )
        self.one = Statement(own.where(t.id == p("code")), "clinic code")
        self.named = Statement(
            own.where(*of_species, of_name), "clinic species folded" if of_species else "clinic folded"
        )
        self.highest = Statement(select(func.max(t.id)))
        self.switch = Statement(
            update(table).where(t.id == p("code"), t.clinic_id == p("clinic")).values(active=p("new_active")),
            "new_active code clinic",
            rank=70,
        )


_LISTS: dict[str, _List] = {
    SPECIES: _List(species, func.nullif(species.c.common, species.c.name)),
    BREEDS: _List(breeds, species.c.name, source=breeds.join(species, species.c.id == breeds.c.species_id)),
    **{name: _List(code_entries, literal(""), code_entries.c.list == literal(str(name))) for name in CodeList},
}


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


async def own_entries(reader: Reader, clinic_id: int, name: str) -> list[CodeEntry]:
    """A clinic's own entries of a list beside species and breeds, by code."""
    rows = await reader.fetch(_OWN_ENTRIES, clinic_id, name)
    return [CodeEntry(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


async def own_below(reader: Reader, clinic_id: int, name: str, before: int, limit: int) -> list[Entry]:
    """A clinic's own entries of any list with lower codes than `before`, the latest first."""
    return [_entry(row) for row in await reader.fetch(_LISTS[name].page, clinic_id, before, limit)]


async def shared_below(reader: Reader, name: str, before: int, limit: int) -> list[Entry]:
    """The shared entries of species or breeds with lower codes than `before`, by falling code. Those of other lists
    stand in no store."""
    return [_entry(row) for row in await reader.fetch(_LISTS[name].shared, before, limit)]


async def own_one(reader: Reader, clinic_id: int, name: str, code: int) -> Entry | None:
    """A clinic's own entry of any list."""
    row = await reader.fetch_one(_LISTS[name].one, clinic_id, code)
    return None if row is None else _entry(row)


async def own_named(
    reader: Reader, clinic_id: int, name: str, text: str, species_id: int | None = None
) -> Entry | None:
    """A clinic's own entry that has this name in any case; a breed, among those of its species."""
    among = (species_id,) if name == BREEDS else ()
    row = await reader.fetch_one(_LISTS[name].named, clinic_id, *among, values.fold(text))
    return None if row is None else _entry(row)


async def next_code(reader: Reader, name: str) -> int:
    """A code for a clinic's own entry. Two writers that take the same one clash on the key, and one tries again."""
    (highest,) = await reader.fetch_one(_LISTS[name].highest)
    return max(_FIRST_OWN, (highest or 0) // _KIND + 1) * _KIND + OWN_LIST


def add_species(tx: Tx, entry: Species) -> None:
    """Add an entry."""
    cases = (entry.common.lower(), entry.common.upper(), values.fold(entry.name))
    tx.write(_ADD_SPECIES, entry.id, entry.clinic_id, entry.name, entry.slug, entry.common, entry.synonyms, *cases)


def add_breed(tx: Tx, entry: Breed) -> None:
    """Add an entry."""
    tx.write(_ADD_BREED, entry.id, entry.clinic_id, entry.species_id, entry.name, values.fold(entry.name))


def add_entry(tx: Tx, entry: CodeEntry) -> None:
    """Add an entry of another list."""
    tx.write(_ADD_ENTRY, entry.id, entry.clinic_id, entry.list, entry.name, entry.active, values.fold(entry.name))


def switch(tx: Tx, clinic_id: int, name: str, code: int, *, active: bool) -> None:
    """Offer a clinic's own entry of any list for choice, or no more."""
    tx.write(_LISTS[name].switch, active, code, clinic_id)


def _entry(row: Any) -> Entry:
    code, name, beside, clinic_id, active = row
    return Entry(code, name, beside or "", clinic_id is not None, bool(active))
