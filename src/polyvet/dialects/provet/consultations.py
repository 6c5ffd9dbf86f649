# SPDX-License-Identifier: Apache-2.0
"""`consultation/`: the clinic's medical records, read only; fields as recorded [client].

A record is one visit's note, so it is one consultation, and so is a note that amends another one: a reader who follows
`modified` gets every note of the clinic.
"""

from __future__ import annotations

import msgspec

from polyvet.core import consultations
from polyvet.dialects.provet import times
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.entities import RecordKind, RecordStatus
from polyvet.model.files import RecordFile
from polyvet.model.filters import Kind
from polyvet.web.message import Reply, Request

CONSULTATION = "consultation"
# Of the vendor's statuses [docs], those that a note can be in: draft, in progress, finalised.
STATUSES: dict[str, int] = {
    RecordStatus.DRAFT: 11,
    RecordStatus.IN_PROGRESS: 8,
    RecordStatus.SIGNED: 10,
    RecordStatus.LOCKED: 10,
}
# Inpatient, outpatient and pet service [docs]; what kind of visit is which is [inferred].
TYPES: dict[str, int] = {**dict.fromkeys(RecordKind, 1), RecordKind.SURGERY: 0, RecordKind.GROOMING: 5}
CODES = {"status": STATUSES, "kind": TYPES}
FILTERS = Declared(
    paths={
        "id": "number", "client": "client.number", "client.id": "client.number", "patients": "patient.number",
        "patients.id": "patient.number", "complaint": "title", "admitted_time": "occurred_at",
        "first_entry": "occurred_at", "started": "occurred_at", "finished": "signed_at", "ended": "signed_at",
        "status": "status", "type": "kind", "supervising_veterinarian": "author.number", "department": "department",
        "created": "created_at", "modified": "updated_at",
    },
    kinds={**consultations.KINDS, "status": Kind.NUMBER, "kind": Kind.NUMBER},
)  # fmt: skip


class ConsultationOut(msgspec.Struct):
    """A consultation [client]; what the record does not know is null or empty."""

    id: int
    url: str
    client: str | None
    patients: list[str]
    complaint: str
    admitted_time: str
    first_entry: str | None
    started: str
    finished: str | None
    ended: str | None
    status: int
    type: int
    invoice: str | None
    supervising_veterinarian: str | None
    department: str | None
    consultation_items: list[str]
    reporting_dimension_1: str | None
    reporting_dimension_2: str | None
    consultation_notes: list[str]
    consultation_diagnosis: list[str]
    consultation_dischargeinstructions: list[str]
    consultation_patient_status: list[str]
    triage: int | None
    external_sent: str | None
    ward: str | None
    patient_location: str | None
    integration_status: int | None
    holding_place_number: list[str]
    report_to_authorities: bool
    consultation_extras: str | None
    templates_used: list[str]
    appointment: str | None
    created: str
    modified: str


class Consultations:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_all(self, request: Request) -> Reply:
        """The clinic's records, by id."""
        asked = await self._asking.listed(request, FILTERS, CODES)
        page = await asked.page(consultations.list_records)
        return asked.reply(page, [consultation_out(one, asked.urls, asked.zone) for one in page.items])

    async def get_one(self, request: Request) -> Reply:
        """One record."""
        found = await consultations.get(request.context, *named(request, CONSULTATION))
        zone = await self._asking.zone(request)
        return Reply(200, encode(consultation_out(found, self._asking.urls(request), zone)))


def consultation_out(file: RecordFile, urls: Urls, zone: str) -> ConsultationOut:
    """A record on the wire."""
    r = file.record
    started, ended = times.to_text(r.occurred_at, zone), times.maybe(r.signed_at, zone)
    return ConsultationOut(
        id=r.number, url=urls.of(CONSULTATION, r.number), client=urls.maybe("client", file.client),
        patients=[] if file.patient is None else [urls.of("patient", file.patient)], complaint=r.title,
        admitted_time=started, first_entry=started, started=started, finished=ended, ended=ended,
        status=STATUSES[r.status], type=TYPES[r.kind], invoice=None,
        supervising_veterinarian=urls.maybe("user", file.author), department=urls.maybe("department", r.department),
        consultation_items=[], reporting_dimension_1=None, reporting_dimension_2=None, consultation_notes=[],
        consultation_diagnosis=[], consultation_dischargeinstructions=[], consultation_patient_status=[], triage=None,
        external_sent=None, ward=None, patient_location=None, integration_status=None, holding_place_number=[],
        report_to_authorities=False, consultation_extras=None, templates_used=[], appointment=None,
        created=times.to_text(r.created_at, zone), modified=times.to_text(r.updated_at, zone),
    )  # fmt: skip


ConsultationsAnswer = Listed[ConsultationOut]
