# SPDX-License-Identifier: Apache-2.0
"""The floor on PostgreSQL: an asyncpg pool, prepared statements, one round trip a lookup.

uvicorn bench.apps.floor_postgresql:app, with BENCH_STORE naming the database.
"""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from bench.apps.floor_http import Floor
from bench.apps.floor_provet import ClientRow, PatientIn, PatientRow, numbered
from bench.apps.floor_vetcheck import ItemOut, Whole
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
CLIENT_ROW = "number,first_name,last_name,email,phone,archived,created_at,updated_at"
NAMED = "FROM clients WHERE clinic_id=$1 AND archived=$2 AND last_folded LIKE $3"
CLIENTS = f"SELECT {CLIENT_ROW} {NAMED} ORDER BY number LIMIT $4 OFFSET $5"
COUNT_CLIENTS = f"SELECT count(*) {NAMED}"
PATIENT_ROW = "number,owner_number,name,species,sex,neutered,weight_kg,date_of_birth,archived,created_at,updated_at"
CHANGED = "FROM patients WHERE clinic_id=$1 AND updated_at>=$2 AND number IS NOT NULL"
PATIENTS = f"SELECT {PATIENT_ROW} {CHANGED} ORDER BY number LIMIT $3 OFFSET $4"
COUNT_PATIENTS = f"SELECT count(*) {CHANGED}"
EVER = datetime(1970, 1, 1, tzinfo=UTC)
OWNERS = "SELECT number, public_id FROM clients WHERE clinic_id=$1 AND number=ANY($2::bigint[])"
NUMBER = "UPDATE clinics SET patient_seq=patient_seq+$1 WHERE id=$2 RETURNING patient_seq"
INSERT_NUMBERED = (
    "INSERT INTO patients(clinic_id,public_id,owner_id,number,owner_number,name,species,sex,neutered,weight_kg,"
    "date_of_birth,archived,created_at,updated_at) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)"
)
ITEM = "number,title,keywords,created_at,updated_at,species"
MATCHING = "species='Cat' AND strpos(keywords,$1)>0 AND updated_at>$2"
HANDOUTS = f"SELECT {ITEM} FROM handouts WHERE {MATCHING} ORDER BY number"
HANDOUT = f"SELECT {ITEM},html,markdown,plain FROM handouts WHERE number=$1"
REFRESHABLE = "SELECT 1 FROM refresh_tokens WHERE token_hash=$1 AND client_id=$2 AND secret_hash=$3"
ADD_TOKEN = "INSERT INTO access_tokens VALUES($1,$2)"


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

    async def clients(
        self, clinic: int, needle: str, archived: bool, limit: int, offset: int
    ) -> tuple[list[ClientRow], int]:
        """A LIKE over folded last names: a page of the hits and their exact count."""
        asked = (clinic, archived, like(needle))
        async with self.pool.acquire() as db:
            rows = await db.fetch(CLIENTS, *asked, limit, offset)
            total = await db.fetchval(COUNT_CLIENTS, *asked)
        return [ClientRow(*row) for row in rows], total

    async def changed(
        self, clinic: int, since: datetime | None, limit: int, offset: int
    ) -> tuple[list[PatientRow], int]:
        """A page by number, and the exact count."""
        async with self.pool.acquire() as db:
            rows = await db.fetch(PATIENTS, clinic, since or EVER, limit, offset)
            total = await db.fetchval(COUNT_PATIENTS, clinic, since or EVER)
        return [PatientRow(*row) for row in rows], total

    async def add_patients(self, clinic: int, new: list[PatientIn]) -> list[PatientRow] | None:
        """One transaction: look up the owners, take the numbers, insert all. None when an owner is not the clinic's."""
        wanted = {one.owner() for one in new}
        async with self.pool.acquire() as db, db.transaction():
            owners = dict(await db.fetch(OWNERS, clinic, list(wanted)))
            if len(owners) < len(wanted):
                return None
            last = await db.fetchval(NUMBER, len(new), clinic)
            rows = numbered(new, last - len(new) + 1, datetime.now(UTC))
            full = [(clinic, ulid_text(new_id()), owners[row.owner], *row) for row in rows]
            await db.executemany(INSERT_NUMBERED, full)
        return rows

    async def handouts(self, needle: str, since: datetime) -> list[ItemOut]:
        """A scan; the library is not large."""
        return [ItemOut(*row) for row in await self.pool.fetch(HANDOUTS, needle, since)]

    async def handout(self, number: int) -> Whole | None:
        """One row."""
        row = await self.pool.fetchrow(HANDOUT, number)
        return Whole(*row) if row else None

    async def refreshable(self, token: str, client: str, secret: str) -> bool:
        """Whether the token is the application's, and the application proves itself."""
        return await self.pool.fetchval(REFRESHABLE, key_hash(token), client, key_hash(secret)) is not None

    async def add_token(self, token: str) -> None:
        """Autocommit makes the insert one transaction."""
        await self.pool.execute(ADD_TOKEN, key_hash(token), datetime.now(UTC))


app = Floor(PostgreSQLStore())
