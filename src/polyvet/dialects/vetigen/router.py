# SPDX-License-Identifier: Apache-2.0
"""Vetigen's route table, on one screen, with what is not served.

Not served, since no stored document says enough of them: diagnostics (`/cortex/diagnostics/{fp}`), products, a SOAP
record's plan items, webhooks (withdrawn by the vendor's generation K), and any write: every documented data operation
is a GET [docs].
"""

from __future__ import annotations

from functools import partial
from typing import Any

from polyvet.dialects.vetigen import calendar, inventory, parameters, patients, soap
from polyvet.dialects.vetigen.wire import NAME, ROOT, Failure, Generation, Options, VetigenWire
from polyvet.identity.keys import Keys
from polyvet.web import openapi
from polyvet.web.dialect import Dialect, Services
from polyvet.web.routes import Route, RouteTable, getting

TITLE = "Vetigen, as polyvet serves it"


def dialect(services: Services, options: Options) -> Dialect:
    """The dialect as an application."""
    served = table(services, options)
    return Dialect(VetigenWire(options), served, services, Keys(services.store, NAME), partial(document, served))


def document(served: RouteTable) -> bytes:
    """The dialect's OpenAPI description."""
    security = (openapi.BEARER, openapi.api_key("X-API-Key"))
    return openapi.document(title=TITLE, version="v1", root=ROOT, table=served, error_type=Failure, security=security)


def table(services: Services, options: Options) -> RouteTable:
    """What is served."""
    animals = patients.Patients(services.marks)
    stock = inventory.Inventory(services.marks, options.generation)
    # fmt: off
    return RouteTable((
        getting("patients", "List patients", "listPatients", "seed", "patients:read",
             animals.list_patients, patients.PatientsAnswer, parameters.PATIENTS),
        getting("patients/{fp}", "Get patient", "getPatient", "seed", "patients:read",
             animals.get_patient, patients.PatientAnswer),
        _calendar(services, options.generation),
        getting("inventory", "List inventory", "listInventory", "docs", "stock:read",
             stock.list_inventory, inventory.ItemsAnswer, parameters.inventory(options.generation)),
        getting("inventory/{fp}", "Get inventory item", "getInventoryItem", "docs", "stock:read",
             stock.get_item, inventory.ItemAnswer),
        *_soap(services, options.generation),
    ))
    # fmt: on


def _calendar(services: Services, generation: Generation) -> Route:
    """One page of events; in K all of them."""
    k = generation is Generation.K
    answer: Any = calendar.UnpagedEventsAnswer if k else calendar.EventsAnswer
    query = parameters.UNPAGED_EVENTS if k else parameters.EVENTS
    handler = calendar.Calendar(services.marks, generation).list_events
    return getting(
        "calendar/events", "List calendar events", "listCalendarEvents", "seed", "calendar:read", handler, answer, query
    )


def _soap(services: Services, generation: Generation) -> tuple[Route, Route]:
    """SOAP records; in K every key is refused."""
    by_patient = ("soap/patient/{patient_fp}", "List a patient's SOAP records", "listPatientSOAP", "docs")
    one = ("soap/{fp}", "Get SOAP record", "getSOAP", "docs")
    permission = "records:read"
    if generation is Generation.K:
        return (
            getting(*by_patient, permission, soap.withdrawn, None),
            getting(*one, permission, soap.withdrawn, None),
        )
    notes = soap.Soap(services.marks)
    return (
        getting(*by_patient, permission, notes.list_soap, soap.SoapsAnswer, parameters.SOAP),
        getting(*one, permission, notes.get_soap, soap.SoapAnswer),
    )


__all__ = ["NAME", "ROOT", "dialect", "document", "table"]
