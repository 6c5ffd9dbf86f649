# SPDX-License-Identifier: Apache-2.0
"""What an animal of each species and breed weighs, how fast it grows and how old it gets; drawn from in bulk."""

from __future__ import annotations

from itertools import accumulate

from polyvet.model.entities import Entity
from polyvet.model.species import SPECIES, SpeciesEntry
from polyvet.sandbox.names import PET_NAMES, PetNames

GRAM = 1000  # milligrams
YEAR_DAYS = 365.25


class Body(Entity, frozen=True):
    """Adult weight in kilograms from and to, weight at birth as a part of it, months of growth, years of life."""

    low: float
    high: float
    newborn: float
    months: float
    years: float
    neutered: float = 0.0  # how many of the adults are
    unknown_sex: float = 0.0


class Vitals(Entity, frozen=True):
    """What a healthy adult shows: temperature in degrees Celsius, pulse and breaths a minute."""

    temperature: tuple[float, float]
    pulse: tuple[int, int]
    breaths: tuple[int, int]


BODIES: dict[str, Body] = {
    "Dog": Body(9, 30, 0.03, 12, 12.5, 0.6),
    "Cat": Body(3.2, 5.8, 0.04, 11, 14.5, 0.85),
    "Rabbit": Body(1.4, 2.8, 0.04, 7, 8.5, 0.5, 0.04),
    "Bird": Body(0.035, 0.05, 0.4, 3, 9, 0, 0.3),
    "Chicken": Body(1.6, 3.2, 0.05, 6, 6, 0, 0.02),
    "Tortoise": Body(0.6, 2.4, 0.03, 96, 45, 0, 0.3),
    "Lizard": Body(0.06, 0.5, 0.05, 14, 11, 0, 0.3),
    "Snake": Body(0.5, 1.6, 0.04, 30, 18, 0, 0.35),
    "Guinea Pig": Body(0.75, 1.2, 0.09, 8, 6, 0.15, 0.04),
    "Hamster": Body(0.09, 0.16, 0.05, 3, 2.6, 0, 0.1),
    "Ferret": Body(0.7, 1.7, 0.02, 7, 7, 0.7),
    "Rat": Body(0.28, 0.55, 0.03, 4, 2.8, 0.1),
    "Mouse": Body(0.025, 0.04, 0.06, 3, 2, 0, 0.2),
    "Chinchilla": Body(0.45, 0.65, 0.08, 9, 13, 0.05),
    "Gerbil": Body(0.06, 0.09, 0.06, 3, 3.2, 0, 0.2),
    "Degu": Body(0.2, 0.3, 0.06, 6, 7, 0, 0.2),
    "Hedgehog": Body(0.4, 0.7, 0.05, 6, 5, 0, 0.2),
    "Horse": Body(440, 600, 0.09, 36, 26, 0.45),
    "Donkey": Body(160, 230, 0.1, 36, 30, 0.5),
    "Cow": Body(520, 720, 0.07, 26, 9),
    "Sheep": Body(55, 90, 0.06, 14, 9, 0.2),
    "Goat": Body(28, 65, 0.06, 16, 13, 0.4),
    "Pig": Body(50, 120, 0.02, 24, 14, 0.5),
    "Alpaca": Body(55, 80, 0.1, 24, 17, 0.5),
}

# Breeds that differ from their species by more than a little: adult kilograms from and to, years of life.
BREED_SIZES: dict[str, tuple[float, float, float]] = {
    "Labrador Retriever": (25, 36, 12),
    "Golden Retriever": (25, 34, 11.5),
    "German Shepherd Dog": (26, 40, 11),
    "French Bulldog": (9, 14, 10.5),
    "Chihuahua": (1.8, 3.2, 14.5),
    "Jack Russell Terrier": (5, 8, 14),
    "Yorkshire Terrier": (2.2, 3.6, 14),
    "Cocker Spaniel": (11, 15, 12.5),
    "Dachshund": (6, 10, 13.5),
    "Border Collie": (14, 21, 13),
    "Poodle": (5, 24, 13.5),
    "Miniature Schnauzer": (6, 9, 13),
    "Shih Tzu": (4.5, 8, 13.5),
    "Beagle": (10, 15, 13),
    "Boxer": (25, 34, 10.5),
    "Rottweiler": (38, 55, 9.5),
    "Pug": (6.5, 9.5, 12),
    "Australian Shepherd": (17, 29, 13),
    "Cavalier King Charles Spaniel": (6, 9, 11.5),
    "Bernese Mountain Dog": (36, 52, 8.5),
    "Siberian Husky": (17, 27, 12.5),
    "Whippet": (10, 17, 13),
    "Greyhound": (26, 34, 11.5),
    "Great Dane": (50, 75, 8),
    "Staffordshire Bull Terrier": (12, 18, 12.5),
    "Kangal Shepherd Dog": (42, 62, 11.5),
    "Finnish Lapphund": (15, 23, 13.5),
    "Maltese": (2.8, 4.2, 14),
    "Pomeranian": (1.9, 3.4, 13.5),
    "Irish Setter": (25, 32, 12),
    "Newfoundland": (48, 68, 9),
    "Maine Coon": (5, 8.5, 13),
    "Ragdoll": (4.5, 8, 14),
    "Norwegian Forest Cat": (4.5, 7.5, 14),
    "Siamese": (3, 4.8, 15),
    "Netherland Dwarf": (0.8, 1.2, 9.5),
    "Flemish Giant": (5.5, 8, 6),
    "Cockatiel": (0.08, 0.11, 17),
    "Canary": (0.018, 0.026, 9),
    "Lovebird": (0.045, 0.06, 12),
    "African Grey Parrot": (0.4, 0.55, 45),
    "Amazon Parrot": (0.38, 0.55, 45),
    "Cockatoo": (0.4, 0.8, 45),
    "Roborovski Dwarf": (0.02, 0.026, 2.6),
    "Djungarian Hamster": (0.03, 0.05, 2),
    "Boa Constrictor": (6, 14, 24),
    "Green Iguana": (2, 5, 14),
    "Leopard Gecko": (0.05, 0.085, 14),
    "Icelandic Horse": (330, 390, 28),
    "Arabian": (390, 470, 27),
    "Shetland Pony": (170, 210, 29),
    "Pygmy Goat": (22, 34, 13),
    "Large White": (180, 280, 12),
}

VITALS: dict[str, Vitals] = {
    "dog": Vitals((38.0, 39.1), (70, 120), (16, 30)),
    "cat": Vitals((38.1, 39.2), (150, 200), (20, 36)),
    "rabbit": Vitals((38.5, 39.8), (180, 260), (35, 60)),
    "bird": Vitals((40.2, 41.8), (220, 380), (30, 60)),
    "reptile": Vitals((26.0, 31.0), (30, 60), (6, 14)),
    "exotic": Vitals((37.4, 39.2), (230, 340), (50, 90)),
    "horse": Vitals((37.4, 38.3), (30, 44), (9, 15)),
}
FARM_VITALS = Vitals((38.3, 39.4), (60, 88), (14, 28))

# How many animals have no breed on file.
_UNNAMED = {"dog": 0.05, "cat": 0.12}
_UNNAMED_OTHERS = 0.3


class Profile(Entity, frozen=True):
    """One kind of animal, with everything that a draw needs and no look-up left."""

    species_id: int
    breed_id: int | None
    slug: str
    common: str
    low_mg: int
    spread_mg: int
    newborn: float
    growth_days: float
    life_days: int
    neutered: float
    unknown_sex: float
    step_mg: int  # what the scales show
    names: PetNames


def scale_step(adult_mg: int) -> int:
    """The scales' step: 1 g below half a kilogram, 10 g below eight, 100 g below a hundred, else 1 kg."""
    for limit, step in ((500 * GRAM, GRAM), (8000 * GRAM, 10 * GRAM), (100_000 * GRAM, 100 * GRAM)):
        if adult_mg < limit:
            return step
    return 1000 * GRAM


def _profile(entry: SpeciesEntry, breed_id: int | None, breed: str) -> Profile:
    body = BODIES[entry.common]
    low, high, years = BREED_SIZES.get(breed, (body.low, body.high, body.years))
    low_mg, high_mg = int(low * 1000 * GRAM), int(high * 1000 * GRAM)
    return Profile(
        species_id=entry.code,
        breed_id=breed_id,
        slug=entry.slug,
        common=entry.common,
        low_mg=low_mg,
        spread_mg=high_mg - low_mg,
        newborn=body.newborn,
        growth_days=body.months * YEAR_DAYS / 12,
        life_days=int(years * YEAR_DAYS),
        neutered=body.neutered,
        unknown_sex=body.unknown_sex,
        step_mg=scale_step(low_mg),
        names=PET_NAMES.get(entry.common, PET_NAMES["Other"]),
    )


def _weighted() -> list[tuple[Profile, float]]:
    out: list[tuple[Profile, float]] = []
    for entry in SPECIES:
        if not entry.share:
            continue
        unnamed = _UNNAMED.get(entry.slug, _UNNAMED_OTHERS) if entry.breeds else 1.0
        out.append((_profile(entry, None, ""), entry.share * unnamed))
        total = sum(breed.share for breed in entry.breeds)
        out += [
            (_profile(entry, breed.code, breed.name), entry.share * (1 - unnamed) * breed.share / total)
            for breed in entry.breeds
        ]
    return out


_PAIRS = _weighted()
PROFILES: tuple[Profile, ...] = tuple(profile for profile, _ in _PAIRS)
PROFILE_WEIGHTS: tuple[float, ...] = tuple(accumulate(share for _, share in _PAIRS))


def weight_at(profile: Profile, adult_mg: int, age_days: float) -> int:
    """What the scales show at that age: an even rise to the adult weight, which never falls while the animal grows."""
    grown = age_days / profile.growth_days
    if grown < 1:
        adult_mg = int(adult_mg * (profile.newborn + (1 - profile.newborn) * grown**0.8))
    step = profile.step_mg if adult_mg > 20 * profile.step_mg else max(GRAM, profile.step_mg // 10)
    return max(step, adult_mg - adult_mg % step)
