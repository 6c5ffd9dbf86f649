# SPDX-License-Identifier: Apache-2.0
"""The rows that every candidate serves, made from a fixed seed, so that a run can be repeated anywhere.

Clinic 1 is the measured one. It is connected to all the clients asked for (30,000) and holds a fifth
of the patients (20,000 of 100,000). The other patients and their own owners are spread over fifty
further clinics; clinic 2 is the one that the create workload writes to, so that reading always meets
the same rows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

CLINICS = 51
MEASURED_CLINIC = 1
WRITTEN_CLINIC = 2
START = datetime(2022, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SPAN_MS = (END - START) // MILLISECOND

FIRST_NAMES = (
    "Anna Boris Carla David Emma Felix Greta Hugo Irene Jonas Karin Liam Marta Nils Olga Paul "
    "Rosa Sven Tina Uwe Vera Walter Yara Zoe Mia Noah Lena Max Lucy Ben Jürgen Zoë Özlem Şükrü"
).split()
SYLLABLES = (
    "ber ma schu lin ro vo ken der hol ter mann bach ner ster wal fel kra mey ger hof son ton ley ford"
).split()
NON_ASCII_NAMES = "Müller Çelik Şahin Öztürk Völker Jäger Günther Yıldız García Nuñez".split()
ASCII = str.maketrans("ÇŞÖÜÄçşöüäıñíëğ", "CSOUAcsouainieg")
PET_NAMES = (
    "Bella Max Luna Rocky Charlie Milo Coco Daisy Buddy Oscar Nala Simba Felix Kiwi Lotte Balu Emma Boncuk Pamuk Rex"
).split()
SPECIES = {"dog": 45, "cat": 38, "rabbit": 6, "bird": 4, "reptile": 4, "exotic": 3}
BREEDS: dict[str, tuple[str, ...]] = {
    "dog": ("Labrador Retriever", "Poodle", "Beagle", "Boxer", "Mixed Breed"),
    "cat": ("European Shorthair", "Siamese", "Persian", "Maine Coon"),
}

RARE_MAXIMUM = 100
RARE_LETTERS = 5
TWO_LETTER = ("er", "ma", "ol", "nn")
NON_ASCII = ("üller", "ürk", "ölker", "ünth")
COMMON = ("example", "example.org", "@example")
LAST_NAME_PARTS = ("ber", "ma", "schu", "ster", "son")  # each in about every tenth last name
BULK_ROWS = 1_000
BULK_OWNERS = 20
BULK_SPECIES = {15461002: "dog", 15462002: "cat"}  # by their codes at Provet Cloud
FORM = 3  # of the stores: one that was made before a change of their rows is not taken for today's


@dataclass(frozen=True, slots=True)
class Client:
    """An owner as all candidates know one; `id` is the 128-bit number of the ULID, `number` the clinic's own count."""

    id: int
    clinic: int
    number: int
    first: str
    middle: str | None
    last: str
    email: str
    phone: str
    address: str
    created: datetime
    updated: datetime

    def haystack(self) -> str:
        """What polyvet searches, case-folded: the name with and without the middle one, e-mail, phone, one a line.

        A needle never holds a line break, so one LIKE over this finds what one LIKE a field would find.
        """
        full = f"{self.first} {self.middle} {self.last}\n" if self.middle else ""
        return f"{full}{self.first} {self.last}\n{self.email}\n{self.phone}".casefold()


@dataclass(frozen=True, slots=True)
class Patient:
    """An animal; `owner` is the id of its client, and `owner_number` the client's number."""

    id: int
    clinic: int
    number: int
    owner: int
    owner_number: int
    name: str
    species: str
    breed: str | None
    sex: str
    neutered: bool
    birth: date
    weight: float
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows; `one_clinic` gives every patient to the measured clinic."""

    patients: int
    clients: int
    one_clinic: bool = False

    @property
    def name(self) -> str:
        """A directory and database name for this size."""
        return f"p{self.patients}_c{self.clients}_v{FORM}" + ("_one" if self.one_clinic else "")


class _Source:
    """Random values that stay the same from run to run."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._taken: set[tuple[int, datetime]] = set()
        self._numbers: Counter[int] = Counter()

    def number(self, clinic: int) -> int:
        """The clinic's next number: 1, 2, 3, in the order in which rows are made."""
        self._numbers[clinic] += 1
        return self._numbers[clinic]

    def created(self, index: int, count: int) -> datetime:
        """The index-th of `count` rising instants, whole milliseconds, none twice."""
        step = SPAN_MS / count
        return START + timedelta(milliseconds=int((index + self.random.random() * 0.9) * step))

    def updated(self, clinic: int, created: datetime) -> datetime:
        """A later instant that no other row of the clinic has."""
        room = (END - created) // MILLISECOND
        while True:
            at = created + self.random.randint(0, room) * MILLISECOND
            if (clinic, at) not in self._taken:
                self._taken.add((clinic, at))
                return at

    def identifier(self, at: datetime) -> int:
        """A ULID of that instant."""
        ms = int(at.timestamp()) * 1000 + at.microsecond // 1000
        return (ms << 80) | self.random.getrandbits(80)

    def last_name(self) -> str:
        """One in ten is written with letters beyond ASCII."""
        if self.random.random() < 0.1:
            return self.random.choice(NON_ASCII_NAMES)
        return "".join(self.random.choices(SYLLABLES, k=self.random.randint(2, 3))).capitalize()


def _other_clinic(index: int) -> int:
    return 2 + index % (CLINICS - 1)


def clients(size: Size, seed: int = 7) -> list[Client]:
    """The clients of the measured clinic, then one for every four patients of the other clinics."""
    source = _Source(seed)
    others = 0 if size.one_clinic else max(CLINICS, size.patients // 5)
    out: list[Client] = []
    for index in range(size.clients):
        out.append(_client(source, len(out), 1, source.created(index, size.clients)))
    for index in range(others):
        out.append(_client(source, len(out), _other_clinic(index), source.created(index, others)))
    return out


def _client(source: _Source, serial: int, clinic: int, created: datetime) -> Client:
    pick = source.random
    first, last = pick.choice(FIRST_NAMES), source.last_name()
    return Client(
        id=source.identifier(created),
        clinic=clinic,
        number=source.number(clinic),
        first=first,
        middle=pick.choice(FIRST_NAMES) if pick.random() < 0.2 else None,
        last=last,
        email=f"{first}.{last}{serial}@example.org".translate(ASCII).lower(),
        phone=f"+49 {pick.randint(100, 999)} {pick.randint(100000, 9999999)}",
        address=f"{pick.randint(1, 200)} {pick.choice(SYLLABLES).capitalize()} Street",
        created=created,
        updated=source.updated(clinic, created),
    )


def patients(size: Size, owners: list[Client], seed: int = 11) -> Iterator[Patient]:
    """The patients in the order of their creation; each belongs to a client of its own clinic."""
    source = _Source(seed)
    by_clinic: dict[int, list[Client]] = {}
    for owner in owners:
        by_clinic.setdefault(owner.clinic, []).append(owner)
    for index in range(size.patients):
        measured = size.one_clinic or index % 5 == 0
        clinic = MEASURED_CLINIC if measured else _other_clinic(index - index // 5 - 1)
        yield _patient(source, clinic, source.random.choice(by_clinic[clinic]), source.created(index, size.patients))


def _patient(source: _Source, clinic: int, owner: Client, created: datetime) -> Patient:
    pick = source.random
    species = pick.choices(list(SPECIES), list(SPECIES.values()))[0]
    return Patient(
        id=source.identifier(created),
        clinic=clinic,
        number=source.number(clinic),
        owner=owner.id,
        owner_number=owner.number,
        name=pick.choice(PET_NAMES),
        species=species,
        breed=pick.choice(BREEDS[species]) if species in BREEDS else None,
        sex=pick.choice(("male", "female")),
        neutered=pick.random() < 0.5,
        birth=(created - timedelta(days=pick.randint(30, 4000))).date(),
        weight=round(pick.random() * 40 + 0.2, 2),
        created=created,
        updated=source.updated(clinic, created),
    )


def fragments(owners: list[Client]) -> dict[str, list[str]]:
    """What the search workloads ask for; the rare ones are proved to have 1 to 100 hits."""
    hay = [owner.haystack() for owner in owners if owner.clinic == MEASURED_CLINIC]
    pick = random.Random(3)
    rare: list[str] = []
    while len(rare) < 8:
        line = pick.choice(hay).split("\n")[0].split(" ")[-1]
        fragment = line[pick.randint(0, 2) :][:6]
        usable = len(fragment) >= RARE_LETTERS and fragment.isascii() and fragment not in rare
        if usable and sum(fragment in text for text in hay) <= RARE_MAXIMUM:
            rare.append(fragment)
    return {"rare": rare, "two": list(TWO_LETTER), "nonascii": list(NON_ASCII), "common": list(COMMON)}


def bulk_rows(owners: list[Client], count: int = BULK_ROWS) -> list[dict[str, Any]]:
    """The body of Provet Cloud's bulk request: patients of the written clinic's first clients, in turns."""
    numbers = [owner.number for owner in owners if owner.clinic == WRITTEN_CLINIC][:BULK_OWNERS] or [1]
    return [
        {
            "client": f"http://localhost/{WRITTEN_CLINIC}/api/0.1/client/{numbers[index % len(numbers)]}/",
            "name": PET_NAMES[index % len(PET_NAMES)],
            "species": list(BULK_SPECIES)[index % 2],
            "gender": index % 4 + 1,
            "weight": round(0.5 + index * 0.03, 2),
            "date_of_birth": (START.date() + timedelta(days=index)).isoformat(),
        }
        for index in range(count)
    ]
