# SPDX-License-Identifier: Apache-2.0
"""Random practices at two clinics, and their lists' rows put together in Python: by a field's path, what it holds."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from msgspec.structs import replace

from polyvet.model import values
from polyvet.model.details import AppointmentDetails, ClientDetails, ClientNotes, PatientDetails, PatientNotes
from polyvet.model.entities import CalendarEvent, Client, EventKind, EventStatus, Patient, Phone, State, User
from polyvet.model.values import fold
from polyvet.storage import appointments, client_files, clients, patient_files, patients, phones, staff
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Tx
from tests.storage.world import CAT, DOG, SLUGS, TORTOISE, World

FIRST = ("Ada", "ada", "Émile", "ÉMILE", "İnci", "Straße", "100%", "a_b", "", "Zoë", "Zoe\u0308")
LAST = ("Lovelace", "LOVELACE", "Öztürk", "öztürk", "o'Neill", "Zoe\u0308", "%", "_", "Łukasz")
EMAILS = (None, "Ada@Example.org", "ada@example.org", "élan@example.org", "x_y%z@example.org")
NUMBERS = ("+49 30 1", "+49 30 2", "0170-A", "0170-a", "555", "%5_")
NAMES = ("Rex", "rex", "Boncuk", "BONCUK", "Ülkü", "ÜLKÜ", "50%", "R_x", "Rx")
CODES = (None, None, "A-1", "a-1", "É9", "%", "0_1")
Row = dict[str, Any]


async def a_practice(w: World, seed: int, people: int = 16, animals: int = 24) -> None:
    """Clients and patients at both clinics, some shared, archived, hidden or deleted."""
    drawn = random.Random(seed)
    owners = [await a_person(w, drawn, drawn.choice((1, 1, 2))) for _ in range(people)]
    pets = [await an_animal(w, drawn, drawn.choice(owners[: people - 3])) for _ in range(animals)]
    shared = [one for one in owners if drawn.random() < 0.4]
    homes = {row[1]: row[0] for row in await w.rows("connections", "clinic_id", "client_id")}
    for one in shared:
        await w.open_to(one, 3 - homes[one.id])
    for pet in pets:
        if drawn.random() < 0.3:
            await w.set_patient(pet, drawn.choice((State.ARCHIVED, State.DELETED)), only=drawn.choice((None, 1)))
    for one in owners:
        if one in shared and drawn.random() < 0.3:
            await w.set_client(one.id, 3 - homes[one.id], State.HIDDEN)
        elif drawn.random() < 0.3:
            await w.set_client(one.id, homes[one.id], State.ARCHIVED)
    await a_day(w, drawn, owners, pets)


async def a_person(w: World, drawn: random.Random, clinic_id: int) -> Client:
    """A client with some numbers and what else lists are filtered by."""
    client = await w.client(
        clinic_id, drawn.choice(FIRST), drawn.choice(LAST), email=drawn.choice(EMAILS), created_at=drawn.randint(1, 99)
    )
    client = replace(client, organization_name=drawn.choice(("", "", "Höfe GmbH", "HÖFE gmbh")))
    department, old_id = drawn.choice((None, 1, 2)), drawn.choice(CODES)

    async def job(tx: Tx) -> None:
        client_files.write_global(tx, client, ClientDetails())
        client_files.write_local(
            tx, clinic_id, client.id, ClientNotes(), home_department=department, payer_id=None, parent_id=None,
            old_id=old_id,
        )  # fmt: skip
        for number in drawn.sample(NUMBERS, drawn.randint(0, 3)):
            await phones.insert(tx, Phone(0, client.id, 0, number, drawn.randint(0, 1), None, False, False, 7, 8))
        await clients.touch_everywhere(tx, client)

    await w.write(job, at=[clinic_id], of=[client.id])
    return client


async def an_animal(w: World, drawn: random.Random, owner: Client) -> Patient:
    """A patient with what lists are filtered by."""
    pet = await w.patient(
        owner.id, drawn.choice((DOG, CAT, TORTOISE)), drawn.choice(NAMES), created_at=drawn.randint(1, 99),
        birth_date=drawn.choice((None, "2020-02-29", "2021-01-01")),
        deceased_on=drawn.choice((None, None, "2024-01-31", "2025-06-01")),
    )  # fmt: skip
    pet = replace(pet, microchip=drawn.choice(CODES))
    place = next(row for row in await w.rows("connections", "clinic_id", "client_id") if row[1] == owner.id)

    async def job(tx: Tx) -> None:
        await patients.update_everywhere(tx, pet, SLUGS[pet.species_id])
        patient_files.write_global(tx, pet.id, PatientDetails(), drawn.choice(CODES))
        patient_files.write_local(
            tx, place[0], pet.id, PatientNotes(), home_department=drawn.choice((None, 1)), old_id=drawn.choice(CODES)
        )

    await w.write(job, of=[owner.id])
    return pet


async def table(w: World, name: str) -> list[Row]:
    """A table's rows by their columns' names."""
    names = [column.name for column in metadata.tables[name].columns]
    return [dict(zip(names, row, strict=True)) for row in await w.rows(name)]


async def client_rows(w: World, clinic_id: int) -> list[Row]:
    """What the clinic's list of clients is filtered by; a list for a field of many values."""
    people = {row["id"]: row for row in await table(w, "clients")}
    numbers, pets = await table(w, "phones"), await _pets(w, clinic_id)
    found: list[Row] = []
    for place in await table(w, "connections"):
        if place["clinic_id"] != clinic_id or place["state"] > State.ARCHIVED:
            continue
        person, mine = people[place["client_id"]], [pet for pet in pets if pet["client_id"] == place["client_id"]]
        own = [one for one in numbers if one["client_id"] == person["id"]]
        found.append({
            **{name: place[name] for name in ("number", "updated_at", "created_at", "home_department", "old_id")},
            **_names(person),
            "archived": place["state"] == State.ARCHIVED,
            "has_living_patients": any(not pet["archived"] and pet["deceased_on"] is None for pet in mine),
            "phones.number": [one["number"] for one in own],
            "phones.kind": [one["kind"] for one in own],
            **{f"patients.{name}": [pet[name] for pet in mine] for name in ("number", "name", "microchip")},
        })  # fmt: skip
    return found


async def patient_rows(w: World, clinic_id: int) -> list[Row]:
    """The same of patients."""
    people = {row["id"]: row for row in await table(w, "clients")}
    places = {row["client_id"]: row for row in await table(w, "connections") if row["clinic_id"] == clinic_id}
    found = await _pets(w, clinic_id)
    for pet in found:
        owner, place = people[pet["client_id"]], places[pet["client_id"]]
        pet |= {f"client.{name}": [value] for name, value in _names(owner).items()}
        pet |= {"client.number": [place["number"]], "client.archived": [place["state"] == State.ARCHIVED]}
    return found


async def phone_rows(w: World, clinic_id: int) -> list[Row]:
    """The same of phone numbers."""
    places = {
        row["client_id"]: row["number"]
        for row in await table(w, "connections")
        if row["clinic_id"] == clinic_id and row["state"] <= State.ARCHIVED
    }
    return [
        {"number": one["id"], "client.number": places[one["client_id"]], "phone_number": one["number"],
         "kind": one["kind"], "updated_at": one["updated_at"]}
        for one in await table(w, "phones") if one["client_id"] in places
    ]  # fmt: skip


async def appointment_rows(w: World, clinic_id: int) -> list[Row]:
    """The same of appointments."""
    clients_ = {
        row["client_id"]: row["number"]
        for row in await table(w, "connections")
        if row["clinic_id"] == clinic_id and row["state"] <= State.ARCHIVED
    }
    animals = {
        row["patient_id"]: row["number"]
        for row in await table(w, "enrolments")
        if row["clinic_id"] == clinic_id and row["state"] <= State.ARCHIVED
    }
    people = {row["id"]: row["number"] for row in await table(w, "users")}
    beside = await table(w, "event_patients")
    found: list[Row] = []
    for event in await table(w, "calendar_events"):
        if event["clinic_id"] != clinic_id:
            continue
        own = [event["patient_id"], *(row["patient_id"] for row in beside if row["event_id"] == event["id"])]
        plain = ("number", "start_at", "end_at", "booking", "department", "updated_at", "created_at")
        found.append({
            **{name: event[name] for name in plain},
            "active": event["status"] != "CANCELLED",
            "reason": None,
            "client.number": [number for ident, number in clients_.items() if ident == event["client_id"]],
            "patients.number": [animals[ident] for ident in own if ident in animals],
            "user.number": [people[event["user_id"]]] if event["user_id"] else [],
        })  # fmt: skip
    return found


async def staff_rows(w: World, clinic_id: int) -> list[Row]:
    """The same of users."""
    return [
        {"number": one["number"], "email": one["email"], "active": bool(one["active"]), "created_at": one["created_at"]}
        for one in await table(w, "users")
        if one["clinic_id"] == clinic_id
    ]


async def a_day(w: World, drawn: random.Random, owners: list[Client], pets: list[Patient], events: int = 14) -> None:
    """People who work at both clinics, and appointments of some clients and animals, wherever they belong."""
    for clinic_id in (1, 2):
        await w.write(partial(_people, drawn=drawn, clinic_id=clinic_id), at=[clinic_id])
    people = await table(w, "users")
    for _ in range(events):
        clinic_id, start = drawn.choice((1, 1, 2)), drawn.randint(1, 60)
        here = [row["id"] for row in people if row["clinic_id"] == clinic_id]
        animals = [pet.id for pet in drawn.sample(pets, drawn.randint(0, 3))]
        event = CalendarEvent(
            values.new_id(), clinic_id, "E", drawn.choice(list(EventKind)), drawn.choice(list(EventStatus)), start,
            start + drawn.randint(1, 20), animals[0] if animals else None, drawn.choice([None, *here]),
            drawn.randint(1, 99), 0, 0, drawn.choice([None, *(one.id for one in owners)]), drawn.choice((None, 1, 2)),
            drawn.randint(1, 9),
        )  # fmt: skip
        await w.write(partial(_book, event=event, further=animals[1:]), at=[clinic_id])


async def _people(tx: Tx, drawn: random.Random, clinic_id: int) -> None:
    for place in range(3):
        email = drawn.choice((None, f"{place}@example.org"))
        user = User(values.new_id(), clinic_id, "Vet", f"vet {place}", "vet", drawn.randint(1, 99), 0, email,
                    drawn.random() < 0.5)  # fmt: skip
        await staff.add_user(tx, user)


async def _book(tx: Tx, event: CalendarEvent, further: list[bytes]) -> None:
    clinic = tx.clinic(event.clinic_id)
    clinic.appointment_seq += 1
    event = replace(event, number=clinic.appointment_seq, updated_at=tx.stamp(event.clinic_id))
    appointments.insert(tx, event, AppointmentDetails())
    appointments.put_patients(tx, event, further)


async def _pets(w: World, clinic_id: int) -> list[Row]:
    known = {row["id"]: row for row in await table(w, "patients")}
    found: list[Row] = []
    for place in await table(w, "enrolments"):
        if place["clinic_id"] == clinic_id and place["state"] <= State.ARCHIVED:
            pet = known[place["patient_id"]]
            here = {key: place[key] for key in ("number", "updated_at", "created_at", "home_department", "old_id")}
            shared = {key: pet[key] for key in ("name", "microchip", "deceased_on", "birth_date", "animal_code")}
            archived = place["state"] == State.ARCHIVED
            found.append({**here, **shared, "client_id": place["client_id"], "species": place["species_id"],
                          "breed": pet["breed_id"], "archived": archived})  # fmt: skip
    return found


def _names(person: Row) -> Row:
    names = {name: person[name] for name in ("first_name", "last_name", "organization_name")}
    return {**names, "email": fold(person["email"] or "")}
