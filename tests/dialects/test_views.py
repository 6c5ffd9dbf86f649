# SPDX-License-Identifier: Apache-2.0
"""One record, several views: whatever is written through one dialect, each other dialect tells the same facts of it, as
far as it can express them. What it cannot stands in its page under docs/."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyvet.dialects.clinovavet.wire import from_id
from polyvet.model.species import SPECIES
from polyvet.model.values import to_crockford
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import ROOT, page, sent
from tests.dialects.vetigen.asking import PATIENTS, data

OWNERS, PETS = "/api/v1/owners", "/api/v1/pets"
# Provet's numbers, its words for all but horses and for horses, and the record's sex.
GENDERS = {
    0: ("Unknown", "Unknown", "unknown"),
    1: ("Male", "Stallion", "male"),
    2: ("Female", "Mare", "female"),
    3: ("Male, neutered", "Gelding", "male"),
    4: ("Female, neutered", "Female, neutered", "female"),
}
NEUTERED = {3, 4}
_numbers = count(1)


class Facts(msgspec.Struct, frozen=True):
    """An owner and the owner's animal."""

    first: str
    last: str
    phone: str | None
    address: str | None
    name: str
    species: Any  # of the code list
    breed: Any
    gender: int
    grams: int | None
    born: date | None


_words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
_species = st.sampled_from(SPECIES)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Anybody, and any animal."""
    species = draw(_species)
    return Facts(
        draw(_words), draw(_words), draw(st.none() | st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)),
        draw(st.none() | _words), draw(_words), species, draw(st.sampled_from((None, *species.breeds))),
        draw(st.sampled_from(sorted(GENDERS))), draw(st.none() | st.integers(1, 900_000)),
        draw(st.none() | st.dates(date(1990, 1, 1), date(2026, 5, 1))),
    )  # fmt: skip


def written_by_provet(practice: Practice, one: Facts, email: str) -> None:
    """An owner with a phone number, and the animal."""
    client = practice.provet
    body = {"firstname": one.first, "lastname": one.last, "email": email, "street_address": one.address}
    person = sent(client, "POST", "client/", body, 201)
    if one.phone:
        sent(client, "POST", "phonenumber/", {"client": person["url"], "phone_number": one.phone}, 201)
    sent(client, "POST", "patient/", {"client": person["url"], **animal_body(one)}, 201)


def animal_body(one: Facts) -> dict[str, Any]:
    """The animal as Provet takes it."""
    return {
        "name": one.name,
        "species": one.species.code,
        "breed": one.breed.code if one.breed else None,
        "gender": one.gender,
        "date_of_birth": one.born.isoformat() if one.born else None,
        **({"weight": f"{one.grams / 1000:.3f}"} if one.grams else {}),
    }


def written_by_clinovavet(practice: Practice, one: Facts, email: str) -> None:
    """The same, but ClinovaVet cannot say an animal's sex."""
    person = {"firstName": one.first, "lastName": one.last, "email": email, "phone": one.phone, "address": one.address}
    owner = practice.clinovavet.post(OWNERS, json=person)
    assert owner.status_code == 201, owner.text
    pet = {
        "ownerId": owner.json()["id"], "name": one.name, "species": one.species.common,
        "breed": one.breed.name if one.breed else None, "neutered": one.gender in NEUTERED,
        "birthdate": one.born.isoformat() if one.born else None, "weight": one.grams / 1000 if one.grams else None,
    }  # fmt: skip
    answer = practice.clinovavet.post(PETS, json=pet)
    assert answer.status_code == 201, answer.text


def seen_by_provet(practice: Practice, email: str) -> tuple[Any, Any]:
    """The owner and the animal."""
    [person] = page(practice.provet, f"client/?email__is={email}")["results"]
    [animal] = page(practice.provet, f"patient/?client__is={person['id']}")["results"]
    return person, animal


def check_provet(practice: Practice, one: Facts, email: str, *, sex_known: bool) -> None:
    """Everything."""
    person, animal = seen_by_provet(practice, email)
    assert (person["firstname"], person["lastname"], person["email"]) == (one.first, one.last, email)
    assert [row["number"] for row in person["phone_numbers"]] == ([one.phone] if one.phone else [])
    assert person["street_address"] == one.address
    words = GENDERS[one.gender if sex_known else 0]
    assert animal["gender"] == words[one.species.slug == "horse"]
    assert (animal["name"], animal["species"], animal["species_code"]) == (one.name, one.species.name, one.species.code)
    assert animal["breed"] == (one.breed.name if one.breed else "None")
    assert animal["weight"] == (one.grams / 1000 if one.grams else None)
    assert animal["date_of_birth"] == (one.born.isoformat() if one.born else None)


def check_clinovavet(practice: Practice, one: Facts, email: str) -> bytes:
    """All but the sex; gives the animal's id."""
    [owner] = practice.clinovavet.get(OWNERS, params={"search": email}).json()["data"]
    assert (owner["firstName"], owner["lastName"], owner["email"]) == (one.first, one.last, email)
    assert (owner["phone"], owner["address"]) == (one.phone, one.address)
    [pet] = practice.clinovavet.get(PETS, params={"ownerId": owner["id"]}).json()["data"]
    assert (pet["name"], pet["species"]) == (one.name, one.species.common)
    assert pet["breed"] == (one.breed.name if one.breed else None)
    assert pet["neutered"] == (one.gender in NEUTERED)
    assert pet["weight"] == (one.grams / 1000 if one.grams else None)
    assert pet["birthdate"] == (f"{one.born.isoformat()}T00:00:00.000Z" if one.born else None)
    ident = from_id(pet["id"])
    assert ident is not None
    return ident


def check_vetigen(practice: Practice, one: Facts, ident: bytes, *, sex_known: bool) -> None:
    """The animal, with its species' slug; not whether it is neutered, and nothing of its owner."""
    seen = data(practice.vetigen.get(f"{PATIENTS}/patient_{to_crockford(ident)}"))
    assert (seen["name"], seen["species"]) == (one.name, one.species.slug)
    assert seen["breed"] == (one.breed.name if one.breed else None)
    assert seen["sex"] == (GENDERS[one.gender][2] if sex_known else "unknown")
    assert seen["weight_kg"] == (one.grams / 1000 if one.grams else None)
    assert seen["date_of_birth"] == (one.born.isoformat() if one.born else None)


def check_all(practice: Practice, one: Facts, email: str, *, sex_known: bool = True) -> None:
    """Through every dialect."""
    check_provet(practice, one, email, sex_known=sex_known)
    ident = check_clinovavet(practice, one, email)
    check_vetigen(practice, one, ident, sex_known=sex_known)


@pytest.mark.parametrize("through", ["provet", "clinovavet"])
def test_what_is_written_through_one_dialect_all_others_tell(fresh_practice: Practice, through: str) -> None:
    written = written_by_provet if through == "provet" else written_by_clinovavet

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(facts(), facts())
    def agree(one: Facts, other: Facts) -> None:
        email = f"views{next(_numbers)}@example.org"
        written(fresh_practice, one, email)
        check_all(fresh_practice, one, email, sex_known=through == "provet")
        # A change through the only dialect that changes animals shows in every other one.
        _, animal = seen_by_provet(fresh_practice, email)
        grams = other.grams or one.grams  # a weight is not taken back
        changed = msgspec.structs.replace(
            one, name=other.name, species=other.species, breed=other.breed, gender=other.gender, born=other.born,
            grams=grams,
        )  # fmt: skip
        sent(fresh_practice.provet, "PATCH", f"patient/{animal['id']}/", animal_body(changed), 200)
        check_all(fresh_practice, changed, email)
        fresh_practice.provet.delete(f"{ROOT}patient/{animal['id']}/")
        [owner] = fresh_practice.clinovavet.get(OWNERS, params={"search": email}).json()["data"]
        assert fresh_practice.clinovavet.get(PETS, params={"ownerId": owner["id"]}).json()["data"] == []

    agree()
