# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's half of both floors: two lists with exact counts, and the bulk request.

Rows have the fields that the floor's own tables know, and nothing is looked up beside them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

import msgspec

from bench.dataset import BULK_SPECIES

API = "/api/0.1/"
PAGE_SIZE, LARGEST_PAGE_SIZE = 50, 1_000
SEXES = {1: ("male", False), 2: ("female", False), 3: ("male", True), 4: ("female", True)}
GENDERS = {
    ("male", False): "Male",
    ("female", False): "Female",
    ("male", True): "Male, neutered",
    ("female", True): "Female, neutered",
}
Instant = str | datetime


class ClientRow(NamedTuple):
    """What a statement gives of a client."""

    number: int
    first: str
    last: str
    email: str | None
    phone: str | None
    archived: bool
    created: Instant
    updated: Instant


class PatientRow(NamedTuple):
    """What a statement gives of a patient."""

    number: int
    owner: int
    name: str
    species: str
    sex: str
    neutered: bool
    weight: float | None
    birth: str | date | None
    archived: bool
    created: Instant
    updated: Instant


class PatientIn(msgspec.Struct, gc=False):
    """One patient of a bulk request."""

    client: str
    name: str
    species: int
    gender: int
    weight: float
    date_of_birth: date

    def owner(self) -> int:
        """The number in the client's URL."""
        return int(self.client.rstrip("/").rpartition("/")[2])


class PhoneOut(msgspec.Struct, gc=False):
    """A phone number of a client."""

    number: str


class ClientOut(msgspec.Struct, gc=False):
    """A client, of as many fields as its table has."""

    id: int
    url: str
    firstname: str
    lastname: str
    email: str | None
    phone_numbers: list[PhoneOut]
    archived: bool
    created: Instant
    modified: Instant


class PatientOut(msgspec.Struct, gc=False):
    """A patient, likewise."""

    id: int
    url: str
    client: str
    name: str
    species: str
    gender: str
    weight: float | None
    date_of_birth: str | date | None
    archived: bool
    created: Instant
    modified: Instant


class Listed(msgspec.Struct, gc=False):
    """A page."""

    count: int
    num_pages: int
    next: str | None
    previous: str | None
    results: list[Any]


class Created(msgspec.Struct, gc=False):
    """A patient by its place in the request."""

    index: int
    patient: PatientOut


class BulkOut(msgspec.Struct, gc=False):
    """The answer to a bulk request that succeeds."""

    created: list[Created]
    failed: list[int]


class Store(Protocol):
    """The lookups and the write, each page with the exact count of all that match."""

    async def clients(
        self, clinic: int, needle: str, archived: bool, limit: int, offset: int
    ) -> tuple[list[ClientRow], int]: ...
    async def changed(
        self, clinic: int, since: datetime | None, limit: int, offset: int
    ) -> tuple[list[PatientRow], int]: ...
    async def add_patients(self, clinic: int, new: list[PatientIn]) -> list[PatientRow] | None: ...


class Provet:
    """Answers the three operations; None for all else."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.encode = msgspec.json.Encoder().encode
        self.decode = msgspec.json.Decoder(list[PatientIn]).decode

    async def answer(self, clinic: int, scope: Any, body: bytes) -> tuple[int, bytes] | None:
        """The installation in the path must be the key's."""
        tenant, _, resource = scope["path"][1:].partition(API)
        if tenant != str(clinic):
            return None
        host = next(value for name, value in scope["headers"] if name == b"host").decode()
        base = f"http://{host}/{tenant}{API}"
        if scope["method"] == "POST":
            return await self._bulk(clinic, body, base) if resource == "patient/bulk/" else None
        query = dict(parse_qsl(scope["query_string"].decode()))
        page, size = int(query.get("page", 1)), min(int(query.get("page_size", PAGE_SIZE)), LARGEST_PAGE_SIZE)
        found: tuple[list[Any], int]
        if resource == "client/":
            needle, archived = query.get("lastname__icontains", ""), query.get("archived__is") == "true"
            clients, count = await self.store.clients(clinic, needle, archived, size, (page - 1) * size)
            found = [client_out(row, base) for row in clients], count
        elif resource == "patient/":
            since = query.get("modified__gte")
            at = datetime.fromisoformat(since) if since else None
            patients, count = await self.store.changed(clinic, at, size, (page - 1) * size)
            found = [patient_out(row, base) for row in patients], count
        else:
            return None
        return 200, self.encode(_listed(*found, page, size, base + resource, scope["query_string"].decode()))

    async def _bulk(self, clinic: int, body: bytes, base: str) -> tuple[int, bytes]:
        rows = await self.store.add_patients(clinic, self.decode(body))
        if rows is None:
            return 400, b'{"created":[],"failed":[]}'
        created = [Created(index, patient_out(row, base)) for index, row in enumerate(rows)]
        return 201, self.encode(BulkOut(created, []))


def _listed(rows: list[Any], count: int, page: int, size: int, path: str, query: str) -> Listed:
    pages = max(1, -(-count // size))
    others = "&".join(part for part in query.split("&") if part and not part.startswith("page="))

    def url(number: int) -> str:
        text = "&".join(part for part in (others, f"page={number}" if number > 1 else "") if part)
        return f"{path}?{text}" if text else path

    return Listed(count, pages, url(page + 1) if page < pages else None, url(page - 1) if page > 1 else None, rows)


def client_out(row: ClientRow, base: str) -> ClientOut:
    """A client on the wire."""
    phones = [PhoneOut(row.phone)] if row.phone else []
    url = f"{base}client/{row.number}/"
    told = (row.first, row.last, row.email, phones, bool(row.archived), row.created, row.updated)
    return ClientOut(row.number, url, *told)


def patient_out(row: PatientRow, base: str) -> PatientOut:
    """A patient on the wire."""
    gender = GENDERS[row.sex, row.neutered]
    urls = f"{base}patient/{row.number}/", f"{base}client/{row.owner}/"
    told = (row.name, row.species, gender, row.weight, row.birth, bool(row.archived), row.created, row.updated)
    return PatientOut(row.number, *urls, *told)


def numbered(new: list[PatientIn], first: int, now: Instant) -> list[PatientRow]:
    """The rows of new patients, numbered from `first` on."""
    return [
        PatientRow(
            number, one.owner(), one.name, BULK_SPECIES[one.species], *SEXES[one.gender], one.weight, one.date_of_birth,
            False, now, now,
        )
        for number, one in enumerate(new, first)
    ]  # fmt: skip
