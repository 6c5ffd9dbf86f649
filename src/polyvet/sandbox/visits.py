# SPDX-License-Identifier: Apache-2.0
"""When each animal comes and why: what is due (prevention, neutering, checks) and what happens (complaints)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from polyvet.model.entities import EventKind, Patient, RecordKind, Sex
from polyvet.model.values import DAY
from polyvet.sandbox.clock import weekday
from polyvet.sandbox.complaints import COMPLAINTS
from polyvet.sandbox.people import NEUTERING, Animal
from polyvet.sandbox.stories import (
    CASTRATION,
    CHECKUP,
    FIRST_VISIT,
    PROGRESS_CHECK,
    SENIOR_CHECKUP,
    SPAY,
    VACCINATION_REASONS,
    WOUND_CHECK,
    Reason,
    Vaccination,
)
from polyvet.sandbox.world import World

CALENDAR_DAYS = 60  # before and after today
_YEAR = 365
_COMPLAINTS_A_YEAR = 0.5
_SENIOR = 0.6  # part of the expected life
_SUNDAY = 6


class Due(NamedTuple):
    """One visit of one animal, on a day."""

    day: int
    reason: Reason


def due(world: World, patient: Patient, animal: Animal) -> list[Due]:
    """All visits of an animal from its registration until the end of the calendar, one a day at most, in order."""
    last = world.today + CALENDAR_DAYS
    if animal.death_day is not None:
        last = animal.death_day - 1
    registered = patient.created_at // DAY
    planned = [Due(registered, FIRST_VISIT)]
    planned += _prevention(world, animal, registered, last)
    planned += _neutering(patient, animal, registered)
    planned += _complaints(world, animal, registered, last)
    return _one_a_day(world, planned, last)


def _one_a_day(world: World, planned: list[Due], last: int) -> list[Due]:
    seen: dict[int, Due] = {}
    for one in map(_on_open_day, planned):
        foreseeable = one.day <= world.today or one.reason.event is not EventKind.EMERGENCY
        if one.day <= last and foreseeable:
            seen.setdefault(one.day, one)
    return sorted(seen.values(), key=lambda one: one.day)


def _on_open_day(one: Due) -> Due:
    """Monday instead of a Sunday, unless it is an emergency."""
    if weekday(one.day) == _SUNDAY and one.reason.event is not EventKind.EMERGENCY:
        return Due(one.day + 1, one.reason)
    return one


def _prevention(world: World, animal: Animal, registered: int, last: int) -> Iterator[Due]:
    random, profile = world.rng.random, animal.profile
    kinds = [
        pair for pair in VACCINATION_REASONS if profile.slug in pair[0].slugs and pair[0].common in ("", profile.common)
    ]
    day = registered + 7 + int(random() * 40)
    young = registered - animal.birth_day < profile.growth_days / 2
    if kinds and young:
        basic = next(pair for pair in kinds if pair[0].puppy)[1]
        yield Due(registered + 6 + int(random() * 4), basic)
        yield Due(registered + 34 + int(random() * 6), basic)
        day = registered + 34 + _YEAR
    while day <= last:
        senior = (day - animal.birth_day) / profile.life_days > _SENIOR and profile.slug in ("dog", "cat")
        if kinds and random() < 0.8:
            yield Due(day, _pick(world, kinds)[1])
        if random() < (0.45 if senior else 0.3):
            apart = int(random() * 200) + 20
            yield Due(day + apart, SENIOR_CHECKUP if senior else CHECKUP)
        day += (kinds[0][0].every_days if kinds else _YEAR) - 15 + int(random() * 40)


def _pick(world: World, kinds: list[tuple[Vaccination, Reason]]) -> tuple[Vaccination, Reason]:
    return kinds[int(world.rng.random() * len(kinds))]


def _neutering(patient: Patient, animal: Animal, registered: int) -> Iterator[Due]:
    """Who came unneutered and is neutered now was operated on here."""
    day = animal.birth_day + int(animal.profile.growth_days * NEUTERING)
    reason = SPAY if patient.sex == Sex.FEMALE else CASTRATION
    if patient.neutered and day > registered + 2 and animal.profile.slug in (*reason.slugs, "exotic"):
        yield Due(day, reason)
        yield Due(day + reason.follow_up_days, WOUND_CHECK)


def _complaints(world: World, animal: Animal, registered: int, last: int) -> Iterator[Due]:
    rng, profile = world.rng, animal.profile
    options = [one for one in COMPLAINTS if profile.slug in one.slugs or profile.common.lower() in one.slugs]
    day = registered + 10.0
    while options:
        age = min((day - animal.birth_day) / profile.life_days, 1.0)
        day += rng.expovariate(_COMPLAINTS_A_YEAR * (0.8 + 1.2 * age) / _YEAR)
        if day > last:
            return
        fitting = [one for one in options if one.ages[0] <= age <= one.ages[1]]
        if not fitting:
            continue
        reason = rng.choices(fitting, [one.share for one in fitting])[0]
        yield Due(int(day), reason)
        if reason.follow_up_days and rng.random() < 0.65:
            operated = reason.kind in (RecordKind.SURGERY, RecordKind.DENTAL)
            yield Due(int(day) + reason.follow_up_days, WOUND_CHECK if operated else PROGRESS_CHECK)
