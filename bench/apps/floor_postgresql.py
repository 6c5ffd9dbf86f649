# SPDX-License-Identifier: Apache-2.0
"""The floor on PostgreSQL: an asyncpg pool, prepared statements, one round trip a lookup.

uvicorn bench.apps.floor_postgresql:app, with BENCH_STORE naming the database.
"""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from bench.apps.floor_http import Floor
from bench.apps.shared import STORE, Owner, Patient, Pet, PetIn, key_hash, like, midnight
from bench.ids import cuid_text, new_id, ulid_text

POOL = 8
ROW = "'patient_'||public_id,name,species,breed,sex,date_of_birth,weight_kg,'customer_'||owner_id,created_at,updated_at"
LIST = f"SELECT {ROW} FROM patients WHERE clinic_id=$1 ORDER BY updated_at DESC, id DESC LIMIT $2 OFFSET $3"
ORDER = "ORDER BY updated_at DESC, id DESC LIMIT $3 OFFSET $4"
LIST_SPECIES = f"SELECT {ROW} FROM patients WHERE clinic_id=$1 AND species=$2 {ORDER}"
LIST_SINCE = f"SELECT {ROW} FROM patients WHERE clinic_id=$1 AND updated_at>$2 {ORDER}"
ONE = f"SELECT {ROW} FROM patients WHERE public_id=$1 AND clinic_id=$2"
KEY = "SELECT clinic_id FROM api_keys WHERE key_hash=$1 AND revoked_at IS NULL"
OWNER_ROW = "cuid,first_name,middle_name,last_name,email,phone,address,last_visit,created_at,updated_at"
MATCH = "FROM clients WHERE clinic_id=$1 AND haystack LIKE $2"
SEARCH = f"SELECT {OWNER_ROW} {MATCH} ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4"
COUNT = f"SELECT count(*) {MATCH}"
OWNER = "SELECT public_id FROM clients WHERE clinic_id=$1 AND cuid=$2"
INSERT = (
    "INSERT INTO patients(clinic_id,public_id,name,species,breed,sex,neutered,date_of_birth,weight_kg,owner_id,"
    "created_at,updated_at) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
)


class PostgreSQLStore:
    """A pool of eight connections, as many as each peer may open."""

    async def open(self) -> None:
        """Connect before the first request."""
        self.pool = await asyncpg.create_pool(STORE, min_size=POOL, max_size=POOL, statement_cache_size=256)

    async def clinic(self, key: str) -> int | None:
        """The clinic of a key."""
        found: int | None = await self.pool.fetchval(KEY, key_hash(key))
        return found

    async def patient(self, clinic: int, ulid: str) -> Patient | None:
        """One patient of the clinic."""
        row = await self.pool.fetchrow(ONE, ulid, clinic)
        return Patient(*row) if row else None

    async def patients(self, clinic: int, query: dict[str, str], limit: int, offset: int) -> list[Patient]:
        """A page, newest change first."""
        if "species" in query:
            rows = await self.pool.fetch(LIST_SPECIES, clinic, query["species"], limit, offset)
        elif "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"])
            rows = await self.pool.fetch(LIST_SINCE, clinic, since, limit, offset)
        else:
            rows = await self.pool.fetch(LIST, clinic, limit, offset)
        return [Patient(*row) for row in rows]

    async def owners(self, clinic: int, needle: str, limit: int, offset: int) -> tuple[list[Owner], int]:
        """The LIKE scan: a page of the hits and their exact count."""
        pattern = like(needle)
        async with self.pool.acquire() as db:
            rows = await db.fetch(SEARCH, clinic, pattern, limit, offset)
            total = await db.fetchval(COUNT, clinic, pattern)
        return [Owner(*row) for row in rows], total

    async def add_pet(self, clinic: int, pet: PetIn) -> Pet | None:
        """Check the owner, insert, and be durable: autocommit makes the insert one transaction."""
        number, now = new_id(), datetime.now(UTC)
        async with self.pool.acquire() as db:
            owner = await db.fetchval(OWNER, clinic, pet.owner_id)
            if owner is None:
                return None
            animal = (pet.name, pet.species.lower(), pet.breed, "unknown", pet.neutered, pet.birthdate, pet.weight)
            await db.execute(INSERT, clinic, ulid_text(number), *animal, owner, now, now)
        told = (pet.name, pet.species, pet.breed, midnight(pet.birthdate), pet.weight, pet.neutered, pet.owner_id)
        return Pet(cuid_text(number), *told, now)


app = Floor(PostgreSQLStore())
