# SPDX-License-Identifier: Apache-2.0
"""Vetigen's route table, on one screen, with what is not served.

Not served, since no stored document says enough of them: diagnostics (`/diagnostics…`), webhooks (withdrawn by the
vendor's generation K), and any write: every documented data operation is a GET [docs].
"""

from __future__ import annotations

from polyvet.dialects.vetigen import patients as p
from polyvet.dialects.vetigen.wire import NAME, ROOT, Options, VetigenWire
from polyvet.web.dialect import Dialect, Services
from polyvet.web.routes import Parameter, Route, RouteTable

PAGE = Parameter(
    name="page",
    schema={"type": "integer", "minimum": 1, "default": 1},
    description="Page number (1-indexed).",
    origin="seed",
)
PAGE_SIZE = Parameter(
    name="page_size",
    schema={"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    description="Items per page.",
    origin="seed",
)
SPECIES = Parameter(
    name="species",
    schema={"type": "string"},
    description="Lower-case species, compared to the letter: dog, cat, rabbit, bird, reptile, exotic, …",
    origin="seed",
)
UPDATED_SINCE = Parameter(
    name="updated_since",
    schema={"type": "string", "format": "date-time"},
    description="Only patients updated after this instant.",
    origin="seed",
)


def dialect(services: Services, options: Options) -> Dialect:
    """The dialect as an application."""
    return Dialect(VetigenWire(options), table(services, options), services)


def table(services: Services, options: Options) -> RouteTable:
    """What is served."""
    patients = p.Patients(services.marks)
    return RouteTable(
        (
            Route(
                method="GET",
                path="patients",
                handler=patients.list_patients,
                permission="patients:read",
                summary="List patients",
                operation="listPatients",
                origin="seed",
                answer=p.PatientsAnswer,
                parameters=(PAGE, PAGE_SIZE, SPECIES, UPDATED_SINCE),
            ),
            Route(
                method="GET",
                path="patients/{fp}",
                handler=patients.get_patient,
                permission="patients:read",
                summary="Get patient",
                operation="getPatient",
                origin="seed",
                answer=p.PatientAnswer,
            ),
        )
    )


__all__ = ["NAME", "ROOT", "dialect", "table"]
