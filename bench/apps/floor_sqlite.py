# SPDX-License-Identifier: Apache-2.0
"""The floor on SQLite: the standard library's driver called straight in the event loop.

uvicorn bench.apps.floor_sqlite:app, with BENCH_STORE naming the file.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from bench.apps.floor_http import Floor
from bench.apps.shared import FULLY_DURABLE, STORE, Owner, Patient, Pet, PetIn, key_hash, like, midnight
from bench.ids import cuid_text, new_id, ulid_text
from bench.store import floor_instant

ROW = "'patient_'||public_id,name,species,breed,sex,date_of_birth,weight_kg,'customer_'||owner_id,created_at,updated_at"
ORDER = "ORDER BY updated_at DESC, id DESC LIMIT ? OFFSET ?"
LIST = f"SELECT {ROW} FROM patients WHERE clinic_id=? {ORDER}"
LIST_SPECIES = f"SELECT {ROW} FROM patients WHERE clinic_id=? AND species=? {ORDER}"
LIST_SINCE = f"SELECT {ROW} FROM patients WHERE clinic_id=? AND updated_at>? {ORDER}"
ONE = f"SELECT {ROW} FROM patients WHERE public_id=? AND clinic_id=?"
KEY = "SELECT clinic_id FROM api_keys WHERE key_hash=? AND revoked_at IS NULL"
OWNER_ROW = "cuid,first_name,middle_name,last_name,email,phone,address,last_visit,created_at,updated_at"
MATCH = "FROM clients WHERE clinic_id=? AND haystack LIKE ? ESCAPE '\\'"
SEARCH = f"SELECT {OWNER_ROW} {MATCH} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
COUNT = f"SELECT count(*) {MATCH}"
OWNER = "SELECT public_id FROM clients WHERE clinic_id=? AND cuid=?"
INSERT = (
    "INSERT INTO patients(clinic_id,public_id,name,species,breed,sex,neutered,date_of_birth,weight_kg,owner_id,"
    "created_at,updated_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
)


class SQLiteStore:
    """One connection; every statement is short, so it runs where it is asked."""

    async def open(self) -> None:
        """Connect with the settings that make every commit durable."""
        db = sqlite3.connect(STORE, isolation_level=None, cached_statements=256)
        for pragma in FULLY_DURABLE:
            db.execute("PRAGMA " + pragma)
        self.run = db.execute

    async def clinic(self, key: str) -> int | None:
        """The clinic of a key."""
        row = self.run(KEY, (key_hash(key),)).fetchone()
        return row[0] if row else None

    async def patient(self, clinic: int, ulid: str) -> Patient | None:
        """One patient of the clinic."""
        row = self.run(ONE, (ulid, clinic)).fetchone()
        return Patient(*row) if row else None

    async def patients(self, clinic: int, query: dict[str, str], limit: int, offset: int) -> list[Patient]:
        """A page, newest change first."""
        if "species" in query:
            rows = self.run(LIST_SPECIES, (clinic, query["species"], limit, offset))
        elif "updated_since" in query:
            since = floor_instant(datetime.fromisoformat(query["updated_since"]).astimezone(UTC))
            rows = self.run(LIST_SINCE, (clinic, since, limit, offset))
        else:
            rows = self.run(LIST, (clinic, limit, offset))
        return [Patient(*row) for row in rows]

    async def owners(self, clinic: int, needle: str, limit: int, offset: int) -> tuple[list[Owner], int]:
        """The LIKE scan: a page of the hits and their exact count."""
        pattern = like(needle)
        rows = [Owner(*row) for row in self.run(SEARCH, (clinic, pattern, limit, offset))]
        return rows, self.run(COUNT, (clinic, pattern)).fetchone()[0]

    async def add_pet(self, clinic: int, pet: PetIn) -> Pet | None:
        """Check the owner, insert, and be durable: autocommit makes the insert one transaction."""
        owner = self.run(OWNER, (clinic, pet.owner_id)).fetchone()
        if owner is None:
            return None
        number, now = new_id(), floor_instant(datetime.now(UTC))
        birth = pet.birthdate.isoformat() if pet.birthdate else None
        animal = (pet.name, pet.species.lower(), pet.breed, "unknown", pet.neutered, birth, pet.weight)
        self.run(INSERT, (clinic, ulid_text(number), *animal, owner[0], now, now))
        told = (pet.name, pet.species, pet.breed, midnight(pet.birthdate), pet.weight, pet.neutered, pet.owner_id)
        return Pet(cuid_text(number), *told, now)


app = Floor(SQLiteStore())
