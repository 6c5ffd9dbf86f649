# SPDX-License-Identifier: Apache-2.0
"""What a practice's office keeps beside its clients and animals: departments, its staff's details, entries of code
lists, fields of the practice's own with some values, and mobile numbers. Only the first clients have values and
mobiles; the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from polyvet.model.custom_fields import CustomField, CustomValue, FieldKind, FieldModel, Option
from polyvet.model.details import UserDetails
from polyvet.model.entities import Client, EventKind, Phone, PhoneKind
from polyvet.sandbox.animals import Profile
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.stories import HORSE, RUMINANTS

DEPARTMENTS: dict[int, tuple[tuple[int, str], ...]] = {
    MAIN_CLINIC: ((1, "Small animals"), (2, "Horses and farms"), (3, "Surgery")),
    SECOND_CLINIC: ((1, "Outpatients"), (2, "Emergency")),
}
INSURERS = ("Nordkap Pet Cover", "Tierschild", "Whisker & Paw Mutual")
DIAGNOSES = ("Seasonal sledge fatigue",)
_SMALL, _FARM, _SURGERY = (number for number, _ in DEPARTMENTS[MAIN_CLINIC])
_OUTPATIENTS, _EMERGENCY = (number for number, _ in DEPARTMENTS[SECOND_CLINIC])


def _person(first: str, last: str, title: str, phone: str, home: int, **more: Any) -> UserDetails:
    initials = first[0] + last[0]
    return UserDetails(
        first_name=first, last_name=last, title=title, phone=phone, initials=initials, home_department=home,
        active_department=home, active_departments=(home,), **more,
    )  # fmt: skip


# By the names of practice.py.
STAFF: dict[str, UserDetails] = {
    "Dr. Aino Laakso": _person(
        "Aino", "Laakso", "DVM", "+358 9 5550 101", _SMALL, veterinarian_id="FI-20417", prescriber_id="20417",
        language="fi", areas_of_expertise="Internal medicine",
    ),
    "Dr. Tobias Reuter": _person(
        "Tobias", "Reuter", "Dr. med. vet.", "+358 9 5550 102", _FARM, veterinarian_id="FI-23380",
        prescriber_id="23380", language="de", areas_of_expertise="Horses, cattle",
    ),
    "Dr. Selin Karahan": _person(
        "Selin", "Karahan", "DVM", "+358 9 5550 103", _SURGERY, veterinarian_id="FI-24911", prescriber_id="24911",
        language="en", areas_of_expertise="Surgery", qualifications="ECVS resident",
    ),
    "Maija Sundqvist": _person("Maija", "Sundqvist", "Veterinary nurse", "+358 9 5550 110", _SMALL, language="fi"),
    "Peter Hollis": _person("Peter", "Hollis", "Reception", "+358 9 5550 100", _SMALL, language="en"),
    "Dr. Henrike Voß": _person(
        "Henrike", "Voß", "Dr. med. vet.", "+49 30 5550 201", _OUTPATIENTS, veterinarian_id="DE-118204",
        language="de", areas_of_expertise="Cardiology",
    ),
    "Dr. Étienne Marchand": _person(
        "Étienne", "Marchand", "DMV", "+49 30 5550 202", _EMERGENCY, veterinarian_id="DE-120377", language="fr",
        areas_of_expertise="Emergency and critical care",
    ),
    "Jana Dvořáková": _person("Jana", "Dvořáková", "Veterinary nurse", "+49 30 5550 210", _EMERGENCY, language="cs"),
    "Ove Lindgren": _person("Ove", "Lindgren", "Reception", "+49 30 5550 200", _OUTPATIENTS, language="sv"),
}  # fmt: skip
_CLIENT_OPTIONS = tuple(Option(101 + i, name) for i, name in enumerate(("Web", "Recommendation", "Passing by")))
_CLUB_OPTIONS = tuple(Option(111 + i, name) for i, name in enumerate(("Newsletter", "Puppy class", "Senior check")))
_FOOD_OPTIONS = tuple(Option(121 + i, name) for i, name in enumerate(("Dry", "Wet", "Raw")))
_TRAIT_OPTIONS = tuple(Option(131 + i, name) for i, name in enumerate(("Muzzle", "Fears noise", "Bad traveller")))
_CLIENT, _PATIENT = FieldModel.CLIENT, FieldModel.PATIENT
FIELDS: tuple[CustomField, ...] = (
    CustomField(1, _CLIENT, "Province", FieldKind.TEXT, False),
    CustomField(2, _CLIENT, "Distance in km", FieldKind.NUMBER, False),
    CustomField(3, _CLIENT, "Contract until", FieldKind.DATE, False),
    CustomField(4, _CLIENT, "Invoice by post", FieldKind.BOOLEAN, False),
    CustomField(5, _CLIENT, "Heard of us by", FieldKind.SELECT, False, _CLIENT_OPTIONS),
    CustomField(6, _CLIENT, "Programmes", FieldKind.MULTI_SELECT, False, _CLUB_OPTIONS),
    CustomField(7, _PATIENT, "Coat", FieldKind.TEXT, False),
    CustomField(8, _PATIENT, "Height in cm", FieldKind.NUMBER, False),
    CustomField(9, _PATIENT, "Insured until", FieldKind.DATE, False),
    CustomField(10, _PATIENT, "Blood donor", FieldKind.BOOLEAN, False),
    CustomField(11, _PATIENT, "Food", FieldKind.SELECT, False, _FOOD_OPTIONS),
    CustomField(12, _PATIENT, "Traits", FieldKind.MULTI_SELECT, False, _TRAIT_OPTIONS),
)
_FIELDS_OF = {model: tuple(field for field in FIELDS if field.model == model) for model in FieldModel}
_TEXTS = {1: ("TO", "MI", "GE", "BO"), 7: ("short", "long", "wiry", "curly")}
_WITH_VALUES = 0.3  # of all owners, and then two fields in three
_WITH_FIELD = 0.67
_WITH_MOBILE = 0.35  # of the clients that have a number at all
_MOBILE = "+358 4{a:01d} {b:03d} {c:04d}"
_DESCRIBED = ("work", "at weekends")


class Owner(NamedTuple):
    """A client or a patient at a clinic, and when its row there was changed last."""

    model: FieldModel
    clinic_id: int
    id: bytes
    updated_at: int


def department_of(clinic_id: int, kind: EventKind, profile: Profile | None = None) -> int:
    """Where a visit takes place: by what it is for, and what animal comes."""
    if clinic_id == SECOND_CLINIC:
        return _EMERGENCY if kind is EventKind.EMERGENCY else _OUTPATIENTS
    if profile is not None and (profile.slug == HORSE or profile.common.lower() in RUMINANTS):
        return _FARM
    return _SURGERY if kind is EventKind.SURGERY else _SMALL


def mobiles(seed: int, clients: Iterable[Client]) -> list[Phone]:
    """Further numbers of some of the clients that have one."""
    rng = Random(f"mobiles {seed}")
    found: list[Phone] = []
    for client in clients:
        if client.phone is None or rng.random() >= _WITH_MOBILE:
            continue
        number = _MOBILE.format(a=rng.randrange(10), b=rng.randrange(1_000), c=rng.randrange(10_000))
        description = rng.choice(_DESCRIBED) if rng.random() < 0.3 else None
        second = rng.random() < 0.15
        found.append(
            Phone(
                id=0, client_id=client.id, position=1, number=number, kind=PhoneKind.MOBILE, description=description,
                for_reminders=not second, second_owner=second, created_at=client.created_at,
                updated_at=client.created_at,
            )
        )  # fmt: skip
    return found


def values(seed: int, owners: Iterable[Owner]) -> Iterator[tuple[Owner, CustomValue]]:
    """Values of some of the owners; their numbers count up from 0 and are the caller's to move."""
    rng = Random(f"custom values {seed}")
    number = 0
    for owner in owners:
        if rng.random() >= _WITH_VALUES:
            continue
        for field in _FIELDS_OF[owner.model]:
            if rng.random() < _WITH_FIELD:
                yield owner, CustomValue(number, field.number, _value(rng, field), owner.updated_at, owner.updated_at)
                number += 1


def _value(rng: Random, field: CustomField) -> str | float | bool | list[int]:
    options = [one.number for one in field.options]
    match field.kind:
        case FieldKind.TEXT:
            return rng.choice(_TEXTS[field.number])
        case FieldKind.NUMBER:
            return rng.randrange(5, 80)
        case FieldKind.DATE:
            return f"{rng.randrange(2027, 2031)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        case FieldKind.BOOLEAN:
            return rng.random() < 0.5
        case FieldKind.SELECT:
            return [rng.choice(options)]
        case _:
            return sorted(rng.sample(options, rng.randrange(1, len(options))))
