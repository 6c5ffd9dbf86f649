# SPDX-License-Identifier: Apache-2.0
"""ClinovaVet's query parameters, for the route table and the description."""

from __future__ import annotations

from polyvet.dialects.clinovavet.owners import LONGEST_SEARCH
from polyvet.dialects.clinovavet.wire import DEFAULT_LIMIT, LARGEST_LIMIT
from polyvet.model.entities import InvoiceStatus
from polyvet.web.routes import Parameter

_DATE = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}

LIMIT = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT},
    description=f"Number of records (default: {DEFAULT_LIMIT}, max: {LARGEST_LIMIT}; more is read as the maximum).",
    origin="seed",
)
OFFSET = Parameter(
    name="offset",
    schema={"type": "integer", "minimum": 0, "default": 0},
    description="Pagination offset (default: 0).",
    origin="seed",
)
EXTRA_LIMIT = Parameter(name="limit", schema=LIMIT.schema, description=LIMIT.description, origin="inferred")
EXTRA_OFFSET = Parameter(name="offset", schema=OFFSET.schema, description=OFFSET.description, origin="inferred")
SEARCH = Parameter(
    name="search",
    schema={"type": "string", "maxLength": LONGEST_SEARCH},
    description="Search by name, email, or phone: any part of them, in any case.",
    origin="seed",
)
OWNER_ID = Parameter(name="ownerId", schema={"type": "string"}, description="Filter by owner ID.", origin="seed")
PET_ID = Parameter(name="petId", schema={"type": "string"}, description="Filter by pet ID.", origin="seed")
SPECIES = Parameter(
    name="species",
    schema={"type": "string"},
    description="Filter by species (Dog, Cat, etc.), in any case.",
    origin="seed",
)
START_DATE = Parameter(name="startDate", schema=_DATE, description="ISO date filter (from).", origin="seed")
END_DATE = Parameter(
    name="endDate",
    schema=_DATE,
    description="ISO date filter (to), included; a date without a time is the whole day in UTC.",
    origin="seed",
)
STATUS = Parameter(
    name="status",
    schema={"type": "string", "enum": [str(status) for status in InvoiceStatus]},
    description="PAID, UNPAID, CANCELLED.",
    origin="seed",
)

OWNERS = (LIMIT, OFFSET, SEARCH)
PETS = (LIMIT, OFFSET, OWNER_ID, SPECIES)
# The vendor lists neither limit nor offset for these two.
RECORDS = (PET_ID, START_DATE, END_DATE, EXTRA_LIMIT, EXTRA_OFFSET)
INVOICES = (STATUS, OWNER_ID, EXTRA_LIMIT, EXTRA_OFFSET)
