# SPDX-License-Identifier: Apache-2.0
"""What the floors and the peers share: the remembered credentials, and the wire shapes as msgspec types.

Environment: BENCH_STORE names the SQLite file or the address of the PostgreSQL database.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import date, datetime

import msgspec

from bench.dataset import CLINICS

STORE = os.environ.get("BENCH_STORE", "")
KEY_SECONDS = 5.0
FULLY_DURABLE = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "mmap_size=1073741824",
    "cache_size=-65536",
)

# One key per dialect and clinic, the same for every candidate; "vetigen2" to "vetigen51" are the other clinics'.
KEYS = {
    "vetigen": "bench_vetigen_0123456789abcdef",
    "clinova": "bench_clinova_0123456789abcdef",
    "writer": "bench_writer_0123456789abcdef",
    "provet": "bench_provet_0123456789abcdef",
    "provet_writer": "bench_provet_writer_0123456789abcdef",
    "vetcheck": "bench_vetcheck_0123456789abcdef",
}
KEYS |= {f"vetigen{clinic}": f"bench_vetigen_{clinic:016d}" for clinic in range(2, CLINICS + 1)}


def key_hash(key: str) -> str:
    """Keys are stored as SHA-256, never in clear."""
    return hashlib.sha256(key.encode()).hexdigest()


class KeyCache:
    """Which clinic a key belongs to, remembered for five seconds."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int]] = {}

    def get(self, key: str) -> int | None:
        """The clinic, if it was asked for a moment ago."""
        hit = self._known.get(key)
        return hit[1] if hit is not None and hit[0] > time.monotonic() else None

    def put(self, key: str, clinic: int) -> None:
        """Remember the answer of the store."""
        self._known[key] = (time.monotonic() + KEY_SECONDS, clinic)


class Patient(msgspec.Struct, gc=False):
    """A patient as Vetigen writes one; SQLite gives dates as finished text, PostgreSQL as dates."""

    fp: str
    name: str
    species: str
    breed: str | None
    sex: str
    date_of_birth: str | date | None
    weight_kg: float | None
    owner_customer_fp: str
    created_at: str | datetime
    updated_at: str | datetime


class PatientPage(msgspec.Struct, gc=False):
    """The `data` of a Vetigen list."""

    items: list[Patient]
    total: int
    page: int
    page_size: int
    has_more: bool


class Envelope(msgspec.Struct, gc=False):
    """Vetigen's envelope around every success."""

    success: bool
    data: Patient | PatientPage
    message: str


class Owner(msgspec.Struct, gc=False, rename="camel"):
    """An owner as ClinovaVet writes one in a list."""

    id: str
    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    address: str | None
    last_visit: str | datetime | None
    created_at: str | datetime
    updated_at: str | datetime


class Paging(msgspec.Struct, gc=False, rename="camel"):
    """ClinovaVet's pagination block."""

    total: int
    limit: int
    offset: int
    has_more: bool


class OwnerPage(msgspec.Struct, gc=False):
    """A ClinovaVet list of owners."""

    data: list[Owner]
    pagination: Paging


class PetIn(msgspec.Struct, rename="camel"):
    """The body of POST /pets."""

    name: str
    species: str
    owner_id: str
    breed: str | None = None
    birthdate: date | None = None
    weight: float | None = None
    neutered: bool = False


class Pet(msgspec.Struct, gc=False, rename="camel"):
    """A pet as ClinovaVet answers one."""

    id: str
    name: str
    species: str
    breed: str | None
    birthdate: str | None
    weight: float | None
    neutered: bool
    owner_id: str
    created_at: str | datetime


def midnight(day: date | None) -> str | None:
    """ClinovaVet prints a birthdate as midnight UTC."""
    return f"{day.isoformat()}T00:00:00.000Z" if day else None


def like(needle: str) -> str:
    """A LIKE pattern in which % and _ are plain text; escaped by a backslash."""
    return "%" + needle.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
