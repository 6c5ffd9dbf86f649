# SPDX-License-Identifier: Apache-2.0
"""Clients, their animals, and the clinics that know them: the part of the demo practice that also comes by the million.

Everything is drawn with plain random numbers and integers; no look-up that a table can hold is made twice.
"""

from __future__ import annotations

from typing import NamedTuple

from polyvet.model.batch import Batch, Connected, Enrolled
from polyvet.model.entities import Client, Patient, Sex, State, Weight
from polyvet.model.values import DAY
from polyvet.sandbox.animals import PROFILE_WEIGHTS, PROFILES, Profile, weight_at
from polyvet.sandbox.clock import HOUR, MINUTE, day_text, weekday
from polyvet.sandbox.names import CULTURES, MAIL_DOMAINS, Culture
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.world import World

# Where a client is known: only here, at both clinics, only there.
MEMBERSHIPS: tuple[tuple[int, ...], ...] = ((MAIN_CLINIC,), (MAIN_CLINIC, SECOND_CLINIC), (SECOND_CLINIC,))
MEMBERSHIP_WEIGHTS = (60, 25, 15)
PETS_PER_CLIENT = 1.75
_PET_COUNTS = (1, 2, 3, 4, 5)
_PET_COUNT_WEIGHTS = (50, 32, 11, 5, 2)
_SPAYED_SLUGS = frozenset({"dog", "cat", "rabbit", "exotic"})  # elsewhere only males are neutered
_SUNDAY = 6
# As plain text: drivers bind an exact str several times faster than an enumeration's member.
_MALE, _FEMALE, _UNKNOWN = Sex.MALE.value, Sex.FEMALE.value, Sex.UNKNOWN.value
# From which part of its growing time on an animal is neutered.
NEUTERING = 0.6


class Animal(NamedTuple):
    """What is known of a patient beyond its row, while its history is told."""

    profile: Profile
    adult_mg: int
    birth_day: int
    death_day: int | None


class Membership(NamedTuple):
    """A client's row, and its connection's state at each of its clinics."""

    client: Client
    states: tuple[tuple[int, int], ...]


class Registration:
    """Registers one batch of clients and animals between two instants."""

    def __init__(self, world: World, since: int, until: int, *, spread: bool) -> None:
        self._world = world
        self._random = world.rng.random
        self._since, self._until = since, until
        self._spread = spread  # animals come and weigh in over the years; else all in the client's first hour
        self.batch = Batch(clients=[], connections=[], patients=[], enrolments=[], weights=[])
        self.animals: list[Animal] = []

    def run(self, clients: int, animals: int) -> None:
        """Add that many."""
        members = self._clients(clients)
        self._patients(members, animals)

    def _clients(self, n: int) -> list[Membership]:
        rng = self._world.rng
        cultures = rng.choices(CULTURES, [one.share for one in CULTURES], k=n)
        clinics = rng.choices(MEMBERSHIPS, MEMBERSHIP_WEIGHTS, k=n)
        ids = rng.randbytes(10 * n)
        step = (self._until - self._since) / n
        members = []
        for i in range(n):
            created = _opening_hours(self._since + int((i + self._random()) * step))
            ident = (created // 1000).to_bytes(6, "big") + ids[10 * i : 10 * i + 10]
            members.append(self._client(ident, created, cultures[i], clinics[i]))
        return members

    def _client(self, ident: bytes, created: int, culture: Culture, clinics: tuple[int, ...]) -> Membership:
        random, world = self._random, self._world
        first, plain_first = culture.first[int(random() * len(culture.first))]
        last, plain_last = culture.last[int(random() * len(culture.last))]
        state = State.ARCHIVED if random() < 0.025 else State.ACTIVE
        states = tuple([(clinic, _connection_state(random(), state, clinic, clinics)) for clinic in clinics])
        changed = created + int(random() * HOUR)
        if random() < 0.2:
            changed += int(random() * (world.end - DAY - changed))
        connections = [
            Connected(clinic, ident, shown, next(world.client_numbers[clinic]), world.stamp(clinic, changed))
            for clinic, shown in states
        ]
        self.batch.connections += connections
        number = connections[0].number
        client = Client(
            ident,
            number,
            connections[0].state,
            first,
            culture.first[int(random() * len(culture.first))][0] if random() < 0.1 else None,
            last,
            f"{plain_first}.{plain_last}{number}@{MAIL_DOMAINS[number & 1]}" if random() < 0.88 else None,
            culture.phone.format(a=int(random() * 1000), b=int(random() * 10_000)) if random() < 0.94 else None,
            self._address(culture) if random() < 0.9 else None,
            None,
            created,
            connections[0].updated_at,
        )
        self.batch.clients.append(client)
        return Membership(client, states)

    def _address(self, culture: Culture) -> str:
        pick = self._world.pick
        return culture.address.format(
            street=pick(culture.streets), house=1 + int(self._random() * 140), town=pick(culture.towns)
        )

    def _patients(self, members: list[Membership], n: int) -> None:
        rng = self._world.rng
        arrivals = self._arrivals(members, n)
        profiles = rng.choices(PROFILES, cum_weights=PROFILE_WEIGHTS, k=n)
        ids = rng.randbytes(20 * n)
        for i, (created, owner) in enumerate(arrivals):
            start = 20 * i
            head = (created // 1000).to_bytes(6, "big")
            self._patient(
                head + ids[start : start + 10],
                head + ids[start + 10 : start + 20],
                created,
                members[owner],
                profiles[i],
            )

    def _arrivals(self, members: list[Membership], n: int) -> list[tuple[int, int]]:
        """When each animal is registered and whose it is, in the order of time, so that numbers and ids rise."""
        random, last = self._random, self._world.end - 2 * DAY
        arrivals = []
        for owner, pets in enumerate(self._pet_counts(len(members), n)):
            created = members[owner].client.created_at
            for nth in range(pets):
                at = created + 2 * MINUTE + nth * 3 * MINUTE
                if self._spread and nth and random() < 0.6:
                    at = max(at, _opening_hours(at + int(random() * (last - at))))
                arrivals.append((at, owner))
        arrivals.sort()
        return arrivals

    def _pet_counts(self, members: int, n: int) -> list[int]:
        """Animals per client, `n` in all and at least one each where that is possible."""
        counts = self._world.rng.choices(_PET_COUNTS, _PET_COUNT_WEIGHTS, k=members)
        excess = sum(counts) - n
        while excess:
            i = int(self._random() * members)
            if excess < 0:
                counts[i] += 1
                excess += 1
            elif counts[i] > 1 or n < members:
                removed = min(counts[i], 1)
                counts[i] -= removed
                excess -= removed
        return counts

    def _patient(self, ident: bytes, weighing: bytes, created: int, member: Membership, profile: Profile) -> None:
        random, world = self._random, self._world
        client, states = member
        animal = self._animal(created // DAY, profile)
        changed = self._last_change(created, animal)
        sex, neutered = self._sex(profile, world.today - animal.birth_day)
        names = profile.names.female if sex is _FEMALE else profile.names.male
        weight = weight_at(profile, animal.adult_mg, changed // DAY - animal.birth_day)
        death_day = animal.death_day
        gone = random() < (0.015 if death_day is None else 0.5)
        for clinic, state in states:
            number = next(world.patient_numbers[clinic])
            shown = int(State.ARCHIVED) if gone and state == State.ACTIVE else state
            self.batch.enrolments.append(Enrolled(clinic, ident, shown, number, world.stamp(clinic, changed)))
        first = self.batch.enrolments[-len(states)]
        patient = Patient(
            ident,
            client.id,
            first.number,
            first.state,
            names[int(random() * len(names))],
            profile.species_id,
            profile.breed_id,
            sex,
            neutered,
            day_text(animal.birth_day) if random() < 0.97 else None,
            None if death_day is None else day_text(death_day),
            weight,
            created,
            first.updated_at,
        )
        self.batch.patients.append(patient)
        self.batch.weights.append(Weight(weighing, ident, first.clinic_id, weight, changed))
        self.animals.append(animal)

    def _animal(self, day: int, profile: Profile) -> Animal:
        """Half of all come as youngsters; life spans differ, and who reaches the end of its own dies."""
        random = self._random
        if random() < 0.5:
            age = int(profile.growth_days * (0.15 + 0.25 * random()))
        else:
            age = int(profile.life_days * (0.08 + 0.5 * random()))
        birth_day = day - age
        death_day = max(birth_day + int(profile.life_days * (0.62 + 0.7 * random())), day + 14 + int(random() * 400))
        adult = profile.low_mg + int(profile.spread_mg * random())
        return Animal(profile, adult, birth_day, death_day if death_day < self._world.today - 1 else None)

    def _last_change(self, created: int, animal: Animal) -> int:
        """When the row was last touched. Most rows of a practice never are again; a death is entered the same day."""
        if self._spread:
            return created
        if animal.death_day is not None:
            return animal.death_day * DAY + 15 * HOUR
        if self._random() < 0.75:
            return created
        return created + int(self._random() * (self._world.end - DAY - created))

    def _sex(self, profile: Profile, age_days: int) -> tuple[str, bool | None]:
        random = self._random
        if profile.unknown_sex and random() < profile.unknown_sex:
            return _UNKNOWN, None
        sex = _MALE if random() < 0.51 else _FEMALE
        if age_days < profile.growth_days * NEUTERING or (sex is _FEMALE and profile.slug not in _SPAYED_SLUGS):
            return sex, False
        return sex, random() < profile.neutered


def _opening_hours(at: int) -> int:
    """The same day, moved between 6 and 15 hours UTC; a Sunday becomes the Saturday before."""
    day, rest = divmod(at, DAY)
    if weekday(day) == _SUNDAY:
        day -= 1
    return day * DAY + 6 * HOUR + rest * 9 // 24


def _connection_state(draw: float, state: State, clinic: int, clinics: tuple[int, ...]) -> int:
    """A few connections to the second of two clinics have ended."""
    if clinic == SECOND_CLINIC and len(clinics) > 1 and draw < 0.04:
        return int(State.HIDDEN)
    return int(state)
