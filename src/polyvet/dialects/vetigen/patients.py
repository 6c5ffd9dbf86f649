# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/patients and GET /api/v1/patients/{fp} [seed].

Patients are global; a key sees those of every customer with an active connection to its clinic, whichever clinic made
them. Newest change first. `species` compares to the letter: upper case matches nothing, without an error [seed].
"""

from __future__ import annotations

from typing import Any

import msgspec

from polyvet.core import patients
from polyvet.core.context import Context
from polyvet.dialects.vetigen.wire import LONGEST_FP, Success, from_fp, items, page_query, respelled, success, to_fp
from polyvet.dialects.vetigen.wire import Items as ItemsOf
from polyvet.model import values
from polyvet.model.entities import Patient
from polyvet.model.paging import ByUpdate, Page
from polyvet.web import params
from polyvet.web.marks import Marks, page_key
from polyvet.web.message import Reply, Request
from polyvet.web.versions import Versions

PATIENT = "patient_"
CUSTOMER = "customer_"
_MILLISECOND = 1000  # microseconds
_encode = msgspec.json.Encoder().encode


class PatientOut(msgspec.Struct, gc=False):
    """A patient [seed]; which fields may be null is [inferred]."""

    fp: str
    name: str
    species: str
    breed: str | None
    sex: str
    date_of_birth: str | None
    weight_kg: float | None
    owner_customer_fp: str
    created_at: str
    updated_at: str


PatientAnswer = Success[PatientOut]
PatientsAnswer = Success[ItemsOf[PatientOut]]


class Patients:
    """The two operations."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._versions = Versions()

    async def list_patients(self, request: Request) -> Reply:
        """The clinic's patients, newest change first."""
        query = request.query()
        asked = page_query(query)
        slug = params.text(query, "species")
        since = updated_since(query)
        ctx = request.context
        walk = None
        if asked.page == 1 and since is not None:
            await ctx.store.settle(ctx.clinic_id)  # the vendor's recipe takes its cursor from the wall's clock [seed]
        if asked.page > 1:
            walk = self._marks.walk(page_key(ctx.caller.key_id, "patients", asked.page, asked.page_size, slug, since))
        offset = asked.offset if walk is None else 0
        wanted = ByUpdate(slug=slug, since=since, limit=asked.page_size, offset=offset, walk=walk)
        page, rows = await self._rows(ctx, wanted)
        if page.more and page.walk is not None:
            key = page_key(ctx.caller.key_id, "patients", asked.page + 1, asked.page_size, slug, since)
            self._marks.keep_walk(key, page.walk)
        return success(items(page, rows, asked))

    async def get_patient(self, request: Request) -> Reply:
        """One patient."""
        fp = request.parameters["fp"]
        ctx = request.context
        ident = from_fp(PATIENT, fp)
        kept = await self._kept(ctx, ident, fp)
        if kept is not None:
            return success(kept)
        patient = await patients.get(ctx, ident, fp[:LONGEST_FP])
        canonical = to_fp(PATIENT, patient.id)
        if fp != canonical and patient.id == ident:  # another id is that of a patient that was merged into this one
            out = patient_out(ctx, patient)
            out.fp = respelled(fp, canonical)
            return success(out)
        return success(self._row(ctx, patient))

    async def _kept(self, ctx: Context, ident: bytes | None, fp: str) -> msgspec.Raw | None:
        """The patient's JSON, if its present version is kept and the caller spells its id as it is printed."""
        if ident is None or not self._versions.has(ctx.clinic_id, ident) or fp != to_fp(PATIENT, ident):
            return None
        stamp = await patients.stamp(ctx, ident)
        return None if stamp is None else self._versions.get(ctx.clinic_id, ident, stamp)

    async def _rows(self, ctx: Context, wanted: ByUpdate) -> tuple[Page[Any], list[msgspec.Raw]]:
        """A page and its rows' JSON: of the versions alone while the clinic's readers ask for what is kept."""
        versions, clinic_id = self._versions, ctx.clinic_id
        if versions.likely(clinic_id):
            stamps = await patients.search_stamps(ctx, wanted)
            kept = versions.all(clinic_id, stamps.items)
            if kept is not None:
                return stamps, kept
        page = await patients.search_by_update(ctx, wanted)
        found = [versions.get(clinic_id, patient.id, patient.updated_at) for patient in page.items]
        versions.learn(clinic_id, len(found) - found.count(None), len(found))
        return page, [row or self._row(ctx, patient) for row, patient in zip(found, page.items, strict=True)]

    def _row(self, ctx: Context, patient: Patient) -> msgspec.Raw:
        json = _encode(patient_out(ctx, patient))
        return self._versions.keep(ctx.clinic_id, patient.id, patient.updated_at, json)


def updated_since(query: dict[str, str]) -> int | None:
    """The first instant that is after `updated_since`, at the milliseconds that are printed: strictly after [seed]."""
    since = params.instant(query, "updated_since")
    return None if since is None else (since // _MILLISECOND + 1) * _MILLISECOND


def patient_out(ctx: Context, patient: Patient) -> PatientOut:
    """A patient on the wire."""
    weight = patient.weight_mg
    return PatientOut(
        PATIENT + values.to_crockford(patient.id),
        patient.name,
        ctx.codelists.species[patient.species_id].slug,
        ctx.codelists.breed_name(patient),
        patient.sex,
        patient.birth_date,
        None if weight is None else values.to_kilograms(weight),
        to_fp(CUSTOMER, patient.client_id),
        values.to_milliseconds_text(patient.created_at),
        values.to_milliseconds_text(patient.updated_at),
    )
