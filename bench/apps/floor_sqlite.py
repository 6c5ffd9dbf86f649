# SPDX-License-Identifier: Apache-2.0
"""The floor on SQLite: the standard library's driver called straight in the event loop.

uvicorn bench.apps.floor_sqlite:app, with BENCH_STORE naming the file.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from bench.apps.floor_http import Floor
from bench.apps.floor_provet import ClientRow, PatientIn, PatientRow, numbered
from bench.apps.floor_vetcheck import ItemOut, Whole
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
CLIENT_ROW = "number,first_name,last_name,email,phone,archived,created_at,updated_at"
NAMED = "FROM clients WHERE clinic_id=? AND archived=? AND last_folded LIKE ? ESCAPE '\\'"
CLIENTS = f"SELECT {CLIENT_ROW} {NAMED} ORDER BY number LIMIT ? OFFSET ?"
COUNT_CLIENTS = f"SELECT count(*) {NAMED}"
PATIENT_ROW = "number,owner_number,name,species,sex,neutered,weight_kg,date_of_birth,archived,created_at,updated_at"
CHANGED = "FROM patients WHERE clinic_id=? AND updated_at>=? AND number IS NOT NULL"
PATIENTS = f"SELECT {PATIENT_ROW} {CHANGED} ORDER BY number LIMIT ? OFFSET ?"
COUNT_PATIENTS = f"SELECT count(*) {CHANGED}"
NUMBER = "UPDATE clinics SET patient_seq=patient_seq+? WHERE id=? RETURNING patient_seq"
INSERT_NUMBERED = (
    "INSERT INTO patients(clinic_id,public_id,owner_id,number,owner_number,name,species,sex,neutered,weight_kg,"
    "date_of_birth,archived,created_at,updated_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
ITEM = "number,title,keywords,created_at,updated_at,species"
HANDOUTS = f"SELECT {ITEM} FROM handouts WHERE species='Cat' AND instr(keywords,?)>0 AND updated_at>? ORDER BY number"
HANDOUT = f"SELECT {ITEM},html,markdown,plain FROM handouts WHERE number=?"
REFRESHABLE = "SELECT 1 FROM refresh_tokens WHERE token_hash=? AND client_id=? AND secret_hash=?"
ADD_TOKEN = "INSERT INTO access_tokens VALUES(?,?)"


class SQLiteStore:
    """One connection; every statement is short, so it runs where it is asked."""

    async def open(self) -> None:
        """Connect with the settings that make every commit durable."""
        self.db = db = sqlite3.connect(STORE, isolation_level=None, cached_statements=256)
        for pragma in FULLY_DURABLE:
            db.execute("PRAGMA " + pragma)
        self.run, self.run_many = db.execute, db.executemany

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

    async def clients(
        self, clinic: int, needle: str, archived: bool, limit: int, offset: int
    ) -> tuple[list[ClientRow], int]:
        """A LIKE over folded last names: a page of the hits and their exact count."""
        asked = (clinic, archived, like(needle))
        rows = [ClientRow(*row) for row in self.run(CLIENTS, (*asked, limit, offset))]
        return rows, self.run(COUNT_CLIENTS, asked).fetchone()[0]

    async def changed(
        self, clinic: int, since: datetime | None, limit: int, offset: int
    ) -> tuple[list[PatientRow], int]:
        """A page by number, and the exact count."""
        asked = (clinic, floor_instant(since.astimezone(UTC)) if since else "")
        rows = [PatientRow(*row) for row in self.run(PATIENTS, (*asked, limit, offset))]
        return rows, self.run(COUNT_PATIENTS, asked).fetchone()[0]

    async def add_patients(self, clinic: int, new: list[PatientIn]) -> list[PatientRow] | None:
        """One transaction: look up the owners, take the numbers, insert all. None when an owner is not the clinic's."""
        wanted = {one.owner() for one in new}
        self.run("BEGIN IMMEDIATE")
        try:
            marks = ",".join("?" * len(wanted))
            found = f"SELECT number, public_id FROM clients WHERE clinic_id=? AND number IN ({marks})"
            owners = dict(self.run(found, (clinic, *wanted)).fetchall())
            if len(owners) < len(wanted):
                return None
            last = self.run(NUMBER, (len(new), clinic)).fetchone()[0]
            rows = numbered(new, last - len(new) + 1, floor_instant(datetime.now(UTC)))
            rows = [row._replace(birth=str(row.birth)) for row in rows]
            self.run_many(INSERT_NUMBERED, ((clinic, ulid_text(new_id()), owners[row.owner], *row) for row in rows))
            self.run("COMMIT")
            return rows
        finally:
            if self.db.in_transaction:
                self.run("ROLLBACK")

    async def handouts(self, needle: str, since: datetime) -> list[ItemOut]:
        """A scan; the library is not large."""
        return [ItemOut(*row) for row in self.run(HANDOUTS, (needle, floor_instant(since)))]

    async def handout(self, number: int) -> Whole | None:
        """One row."""
        row = self.run(HANDOUT, (number,)).fetchone()
        return Whole(*row) if row else None

    async def refreshable(self, token: str, client: str, secret: str) -> bool:
        """Whether the token is the application's, and the application proves itself."""
        return self.run(REFRESHABLE, (key_hash(token), client, key_hash(secret))).fetchone() is not None

    async def add_token(self, token: str) -> None:
        """Autocommit makes the insert one transaction."""
        self.run(ADD_TOKEN, (key_hash(token), floor_instant(datetime.now(UTC))))


app = Floor(SQLiteStore())
