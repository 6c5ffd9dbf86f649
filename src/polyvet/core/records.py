# SPDX-License-Identifier: Apache-2.0
"""Medical records. A clinic reads its own, and those of every patient that is open to it, whoever made them."""

from __future__ import annotations

from polyvet.core import patients
from polyvet.core.context import Context
from polyvet.model.entities import MedicalRecord, State
from polyvet.model.errors import Missing, NotConnected
from polyvet.model.paging import Page, Place
from polyvet.storage import patients as stored_patients
from polyvet.storage import records as stored
from polyvet.storage import staff

KIND = "record"


async def get(ctx: Context, record_id: bytes | None, shown: str) -> MedicalRecord:
    """A record of a patient that is open to this clinic. Missing or NotConnected otherwise."""
    ctx.require("records:read")
    record = None if record_id is None else await stored.get(ctx.reader, record_id)
    if record is None:
        raise Missing(KIND, shown)
    if record.clinic_id != ctx.clinic_id:
        patient = await stored_patients.get(ctx.reader, ctx.clinic_id, record.patient_id)
        if patient is None or patient.state != State.ACTIVE:
            raise NotConnected(KIND, shown)
    return record


async def search(
    ctx: Context,
    *,
    patient_id: bytes | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[MedicalRecord]:
    """The clinic's own records with since <= occurred_at < until, the newest first; of a patient that was merged those
    of the one that stays."""
    ctx.require("records:read")
    page = await stored.list_of_clinic(
        ctx.reader,
        ctx.clinic_id,
        patient_id=patient_id,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
        place=place,
    )
    if patient_id is None or page.total:
        return page  # a patient that was merged has no records
    named = await stored_patients.get(ctx.reader, ctx.clinic_id, patient_id)
    patient = await patients.kept(ctx.reader, ctx.clinic_id, named)
    if patient is None or patient.id == patient_id:
        return page
    return await search(ctx, patient_id=patient.id, since=since, until=until, limit=limit, offset=offset, place=place)


async def search_patient(
    ctx: Context,
    patient_id: bytes | None,
    shown: str,
    *,
    kind: str | None = None,
    status: str | None = None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[MedicalRecord]:
    """All clinics' records of a patient that is open to this one, the newest first. Missing or NotConnected else."""
    ctx.require("records:read")
    patient = await patients.opened(ctx, patient_id, shown)
    return await stored.list_of_patient(
        ctx.reader, patient.id, kind=kind, status=status, limit=limit, offset=offset, place=place
    )


async def authors(ctx: Context, records: list[MedicalRecord]) -> dict[bytes, str]:
    """The subjects of the records' authors, by user id."""
    ctx.require("records:read")
    found: dict[bytes, str] = {}
    for user_id in dict.fromkeys(record.author_id for record in records if record.author_id is not None):
        user = await staff.get_user(ctx.reader, user_id)
        if user is not None:
            found[user_id] = user.subject
    return found
