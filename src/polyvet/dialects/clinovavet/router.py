# SPDX-License-Identifier: Apache-2.0
"""ClinovaVet's route table, on one screen, with its aliases and what is not served.

Not served, since the vendor documents none of it: changing or deleting anything, creating medical records and
invoices, appointments, inventory, staff, payments, files and webhooks [seed, by absence].
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from polyvet.dialects.clinovavet import invoices, medical_records, owners, parameters, pets
from polyvet.dialects.clinovavet.wire import NAME, ROOT, ClinovaVetWire, Failure
from polyvet.identity.keys import Keys
from polyvet.web import openapi
from polyvet.web.dialect import Dialect, Services
from polyvet.web.routes import Handler, Route, RouteTable, getting

TITLE = "ClinovaVet, as polyvet serves it"
RECORDS_ALIASES = ("medicalRecords", "medical_records", "records")  # the true path is lost [inferred]


def dialect(services: Services) -> Dialect:
    """The dialect as an application."""
    served = table(services)
    return Dialect(ClinovaVetWire(), served, services, Keys(services.store, NAME), partial(document, served))


def document(served: RouteTable) -> bytes:
    """The dialect's OpenAPI description."""
    return openapi.document(
        title=TITLE, version="v1", root=ROOT, table=served, error_type=Failure, security=(openapi.BEARER,)
    )


def table(services: Services) -> RouteTable:
    """What is served."""
    people, animals = owners.Owners(services.marks), pets.Pets(services.marks)
    records, bills = medical_records.MedicalRecords(services.marks), invoices.Invoices(services.marks)
    # fmt: off
    list_records = getting(
        "medical-records", "List medical records", "listMedicalRecords", "inferred", "records:read",
        records.list_medical_records, medical_records.RecordsAnswer, parameters.RECORDS)
    return RouteTable((
        getting("owners", "List owners", "listOwners", "seed", "clients:read",
             people.list_owners, owners.OwnersAnswer, parameters.OWNERS),
        getting("owners/{id}", "Get owner", "getOwner", "seed", "clients:read",
             people.get_owner, owners.OwnerWithPets),
        _post("owners", "Create owner", "createOwner", "clients:write",
              people.create_owner, owners.OwnerOut, owners.OwnerIn),
        getting("pets", "List pets", "listPets", "seed", "patients:read",
             animals.list_pets, pets.PetsAnswer, parameters.PETS),
        getting("pets/{id}", "Get pet", "getPet", "inferred", "patients:read",
             animals.get_pet, pets.PetOut),
        _post("pets", "Create pet", "createPet", "patients:write",
              animals.create_pet, pets.PetOut, pets.PetIn),
        list_records,
        *(replace(list_records, path=path, alias_of=list_records.path) for path in RECORDS_ALIASES),
        getting("invoices", "List invoices", "listInvoices", "inferred", "invoices:read",
             bills.list_invoices, invoices.InvoicesAnswer, parameters.INVOICES),
    ))
    # fmt: on


def _post(
    path: str,
    summary: str,
    operation: str,
    permission: str,
    handler: Handler,
    answer: Any,
    body: type[msgspec.Struct],
) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        permission=permission,
        summary=summary,
        operation=operation,
        origin="seed",
        answer=answer,
        body=body,
        status=201,
    )


__all__ = ["NAME", "ROOT", "dialect", "document", "table"]
