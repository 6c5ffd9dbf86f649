# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/soap/patient/{patient_fp} [docs: G1] and GET /api/v1/soap/{fp} [docs: R1].

Any connected clinic may read a patient's records; `performed_by_clinic_fp` says whose each is [seed]. Newest first
[inferred]. Generation K withdrew both: no public key may read them [docs: K], so every key is answered 403 [inferred].
"""

from __future__ import annotations

import msgspec

from polyvet.core import records
from polyvet.core.clinics import Clinics
from polyvet.core.context import Context
from polyvet.dialects.vetigen.calendar import USER
from polyvet.dialects.vetigen.listing import Listing
from polyvet.dialects.vetigen.patients import PATIENT
from polyvet.dialects.vetigen.wire import LONGEST_FP, Success, from_fp, respelled, success, to_fp
from polyvet.dialects.vetigen.wire import Items as ItemsOf
from polyvet.model import values
from polyvet.model.entities import MedicalRecord, RecordKind, RecordStatus
from polyvet.model.errors import Forbidden
from polyvet.model.paging import Place
from polyvet.web import params
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

SOAP = "soap_"
CLINIC = "clinic_"
SESSION_PERMISSION = "clinic.soap.view"  # of a clinic's session, not of keys [docs: K]


class SoapOut(msgspec.Struct, gc=False):
    """A record. Up to `performed_by_clinic_fp` as [docs: R1]; the stored copy ends there, so the rest is [inferred],
    with G1's names where it has one. Which fields may be null is [inferred]."""

    fp: str
    patient_fp: str
    soap_type: RecordKind
    status: RecordStatus
    subjective: str | None
    objective: str | None
    assessment: str | None
    plan: str | None
    performed_by_clinic_fp: str
    veterinarian_user_fp: str | None
    amends_fp: str | None
    exam_date: str
    signed_at: str | None
    created_at: str
    updated_at: str


SoapAnswer = Success[SoapOut]
SoapsAnswer = Success[ItemsOf[SoapOut]]


class Soap:
    """The two operations."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._clinics = Clinics()

    async def list_soap(self, request: Request) -> Reply:
        """A patient's records, all clinics'; a word that is no type or status is a 400 [inferred]."""
        query = request.query()
        kind = params.choice(query, "type", RecordKind)
        status = params.choice(query, "status", RecordStatus)
        fp, ctx = request.parameters["patient_fp"], request.context
        patient_id = from_fp(PATIENT, fp)
        listing = Listing(self._marks, request, query, "soap", patient_id, kind, status)
        page = await records.search_patient(
            ctx,
            patient_id,
            fp[:LONGEST_FP],
            kind=kind,
            status=status,
            limit=listing.limit,
            offset=listing.offset,
            place=listing.place,
        )
        last = Place(page.items[-1].occurred_at, page.items[-1].id) if page.items else None
        return listing.answer(page, [await self._out(ctx, record) for record in page.items], last)

    async def get_soap(self, request: Request) -> Reply:
        """One record."""
        fp = request.parameters["fp"]
        record = await records.get(request.context, from_fp(SOAP, fp), fp[:LONGEST_FP])
        out = await self._out(request.context, record)
        out.fp = respelled(fp, out.fp)
        return success(out)

    async def _out(self, ctx: Context, record: MedicalRecord) -> SoapOut:
        return soap_out(record, (await self._clinics.get(ctx.reader, record.clinic_id)).uid)


async def withdrawn(_: Request) -> Reply:
    """Generation K's answer: the key lacks a permission that no key has."""
    raise Forbidden(SESSION_PERMISSION)


def soap_out(record: MedicalRecord, clinic_uid: bytes) -> SoapOut:
    """A record on the wire."""
    return SoapOut(
        to_fp(SOAP, record.id),
        to_fp(PATIENT, record.patient_id),
        RecordKind(record.kind),
        RecordStatus(record.status),
        record.subjective,
        record.objective,
        record.assessment,
        record.plan,
        to_fp(CLINIC, clinic_uid),
        None if record.author_id is None else to_fp(USER, record.author_id),
        None if record.amends_id is None else to_fp(SOAP, record.amends_id),
        values.to_milliseconds_text(record.occurred_at),
        None if record.signed_at is None else values.to_milliseconds_text(record.signed_at),
        values.to_milliseconds_text(record.created_at),
        values.to_milliseconds_text(record.updated_at),
    )
