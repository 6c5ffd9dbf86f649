# SPDX-License-Identifier: Apache-2.0
"""What a form's fields start with: from the record where a patient is named, and from who shares the form.

A library's forms name their fields alike: NAMES are those that the program knows what to put into.
"""

from __future__ import annotations

from polyvet.core.codelists import Codelists
from polyvet.model import values
from polyvet.model.entities import Clinic, EventKind, Patient, RecordKind, Sex
from polyvet.storage import calendar, clients, records
from polyvet.storage.store import Reader

FIRST_NAME, LAST_NAME, EMAIL, PHONE = "firstName", "lastName", "ownerEmail", "ownerPhone"
PET_NAME, SPECIES, BREED, SEX, BIRTH_DATE = "petName", "petSpecies", "petBreed", "petSex", "petDateOfBirth"
ADDRESS, DESEXED, MICROCHIP = "form_client_address", "form_pet_desexing_date", "form_pet_microchip"
LAST_VACCINE = "form_pet_last_vaccine"
LAST_VACCINE_DATE, NEXT_VACCINE_DATE = "form_pet_last_vaccine_date", "form_pet_next_vaccine_date"
NAMES = (
    FIRST_NAME, LAST_NAME, EMAIL, PHONE, PET_NAME, SPECIES, BREED, SEX, BIRTH_DATE, ADDRESS, DESEXED, MICROCHIP,
    LAST_VACCINE, LAST_VACCINE_DATE, NEXT_VACCINE_DATE,
)  # fmt: skip


async def of_record(reader: Reader, lists: Codelists, clinic: Clinic, patient: Patient) -> dict[str, str]:
    """What the record knows of a patient that the clinic sees, and of its owner; dates are ISO. On what day an animal
    was neutered is not on record."""
    owner = await clients.get(reader, clinic.id, patient.client_id)
    found: dict[str, str | None] = {
        PET_NAME: patient.name,
        SPECIES: lists.species[patient.species_id].common,
        BREED: lists.breed_name(patient),
        SEX: None if patient.sex == Sex.UNKNOWN else patient.sex,
        BIRTH_DATE: patient.birth_date,
        MICROCHIP: patient.microchip,
    }
    if owner is not None:
        found |= {
            FIRST_NAME: owner.first_name,
            LAST_NAME: owner.last_name or owner.organization_name,
            EMAIL: owner.email,
            PHONE: owner.phone,
            ADDRESS: owner.address,
        }
    found |= await _vaccinations(reader, clinic, patient)
    return {name: value for name, value in found.items() if value}


async def _vaccinations(reader: Reader, clinic: Clinic, patient: Patient) -> dict[str, str | None]:
    """The last one on record, and the next one that is booked, by the clinic's calendar days."""
    now = values.now()
    last = await records.newest_done(reader, patient.id, str(RecordKind.VACCINATION), now)
    following = await calendar.next_of(reader, clinic.id, patient.id, str(EventKind.VACCINATION), now)
    return {
        LAST_VACCINE: None if last is None else last.title,
        LAST_VACCINE_DATE: None if last is None else values.local(last.occurred_at, clinic.timezone).date().isoformat(),
        NEXT_VACCINE_DATE: None if following is None else values.local(following, clinic.timezone).date().isoformat(),
    }
