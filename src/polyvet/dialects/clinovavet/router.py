# SPDX-License-Identifier: Apache-2.0
"""ClinovaVet's route table, on one screen, with its aliases and what is not served.

Not served, since the vendor documents none of it: changing or deleting anything, creating medical records and
invoices, appointments, inventory, staff, payments, files and webhooks [seed, by absence].
"""

from __future__ import annotations

from msgspec.structs import replace

from polyvet.dialects.clinovavet import invoices, medical_records, owners, parameters, pets
from polyvet.dialects.clinovavet.wire import NAME, ROOT, ClinovaVetWire
from polyvet.web.dialect import Dialect, Services
from polyvet.web.routes import Route, RouteTable

RECORDS_ALIASES = ("medicalRecords", "medical_records", "records")  # the true path is lost [inferred]


def dialect(services: Services) -> Dialect:
    """The dialect as an application."""
    return Dialect(ClinovaVetWire(), table(services), services)


def table(services: Services) -> RouteTable:
    """What is served."""
    records, bills = medical_records.MedicalRecords(services.marks), invoices.Invoices(services.marks)
    list_records = Route(
        method="GET",
        path="medical-records",
        handler=records.list_medical_records,
        permission="records:read",
        summary="List medical records",
        operation="listMedicalRecords",
        origin="inferred",
        answer=medical_records.RecordsAnswer,
        parameters=(
            parameters.PET_ID,
            parameters.START_DATE,
            parameters.END_DATE,
            parameters.EXTRA_LIMIT,
            parameters.EXTRA_OFFSET,
        ),
    )
    list_invoices = Route(
        method="GET",
        path="invoices",
        handler=bills.list_invoices,
        permission="invoices:read",
        summary="List invoices",
        operation="listInvoices",
        origin="inferred",
        answer=invoices.InvoicesAnswer,
        parameters=(
            parameters.STATUS,
            parameters.OWNER_ID,
            parameters.EXTRA_LIMIT,
            parameters.EXTRA_OFFSET,
        ),
    )
    aliases = (replace(list_records, path=path, alias_of=list_records.path) for path in RECORDS_ALIASES)
    return RouteTable((*_owners(services), *_pets(services), list_records, *aliases, list_invoices))


def _owners(services: Services) -> tuple[Route, ...]:
    handlers = owners.Owners(services.marks)
    return (
        Route(
            method="GET",
            path="owners",
            handler=handlers.list_owners,
            permission="clients:read",
            summary="List owners",
            operation="listOwners",
            origin="seed",
            answer=owners.OwnersAnswer,
            parameters=(parameters.LIMIT, parameters.OFFSET, parameters.SEARCH),
        ),
        Route(
            method="GET",
            path="owners/{id}",
            handler=handlers.get_owner,
            permission="clients:read",
            summary="Get owner",
            operation="getOwner",
            origin="seed",
            answer=owners.OwnerWithPets,
        ),
        Route(
            method="POST",
            path="owners",
            handler=handlers.create_owner,
            permission="clients:write",
            summary="Create owner",
            operation="createOwner",
            origin="seed",
            answer=owners.OwnerOut,
            body=owners.OwnerIn,
            status=201,
        ),
    )


def _pets(services: Services) -> tuple[Route, ...]:
    handlers = pets.Pets(services.marks)
    return (
        Route(
            method="GET",
            path="pets",
            handler=handlers.list_pets,
            permission="patients:read",
            summary="List pets",
            operation="listPets",
            origin="seed",
            answer=pets.PetsAnswer,
            parameters=(parameters.LIMIT, parameters.OFFSET, parameters.OWNER_ID, parameters.SPECIES),
        ),
        Route(
            method="GET",
            path="pets/{id}",
            handler=handlers.get_pet,
            permission="patients:read",
            summary="Get pet",
            operation="getPet",
            origin="inferred",
            answer=pets.PetOut,
        ),
        Route(
            method="POST",
            path="pets",
            handler=handlers.create_pet,
            permission="patients:write",
            summary="Create pet",
            operation="createPet",
            origin="seed",
            answer=pets.PetOut,
            body=pets.PetIn,
            status=201,
        ),
    )


__all__ = ["NAME", "ROOT", "dialect", "table"]
