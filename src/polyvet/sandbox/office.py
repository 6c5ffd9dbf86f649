# SPDX-License-Identifier: Apache-2.0
"""What a practice's office keeps beside its clients and animals: departments, entries of code lists, fields of the
practice's own with some values, and mobile numbers. Only the first clients have values and mobiles; the same for the
same seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from polyvet.model.custom_fields import CustomField, CustomValue, FieldKind, FieldModel, Option
from polyvet.model.entities import Client, Phone, PhoneKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC

DEPARTMENTS: dict[int, tuple[tuple[int, str], ...]] = {
    MAIN_CLINIC: ((1, "Small animals"), (2, "Horses and farms"), (3, "Surgery")),
    SECOND_CLINIC: ((1, "Outpatients"), (2, "Emergency")),
}
INSURERS = ("Nordkap Pet Cover", "Tierschild", "Whisker & Paw Mutual")
DIAGNOSES = ("Seasonal sledge fatigue",)
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
