# SPDX-License-Identifier: Apache-2.0
"""`POST patient/bulk/`: an array of patients. 201 when all are created, 400 when none is, and with `force_push=true`
207 when some are [seed]. The bodies' shapes are [inferred]: one row a patient, each with its index.
"""

from __future__ import annotations

from typing import Any

import msgspec

from polyvet.core import patient_files, registering
from polyvet.core.context import Writing
from polyvet.dialects.provet.bodies import changes, read_document, renamed
from polyvet.dialects.provet.patients import FIELDS, REQUIRED, PatientOut, Posted, patient_out
from polyvet.dialects.provet.requests import Asking
from polyvet.dialects.provet.wire import FieldErrors, encode
from polyvet.model.errors import PolyvetError
from polyvet.model.files import PatientFile
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

MOST_ROWS = 1_000


class Failed(msgspec.Struct):
    """A row that was not created."""

    index: int
    errors: dict[str, list[str]]


class Created(msgspec.Struct):
    """A row that was."""

    index: int
    patient: PatientOut


class BulkOut(msgspec.Struct):
    """What became of the rows, by their places in the array."""

    created: list[Created]
    failed: list[Failed]


class Bulk:
    """The operation."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def create_patients(self, request: Request) -> Reply:
        """One transaction for all rows."""
        body, document = await read_document(request)
        rows = _rows(document)
        force = request.query().get("force_push", "").lower() in ("true", "1")
        reading = await self._asking.reading(request)
        refused: dict[int, dict[str, list[str]]] = {}
        failed = refused
        good: dict[int, Posted] = {}
        for index, row in enumerate(rows):
            try:
                good[index] = Posted(row, changes(row, FIELDS, reading, REQUIRED))
            except FieldErrors as error:
                refused[index] = error.problems
        if refused and not (force and good):
            return _answer(400, [], refused)
        touching = await registering.creating(request.context, {new.owner for new in good.values()})

        async def work(w: Writing) -> Reply:
            nonlocal failed
            failed = dict(refused)  # a transaction may run twice
            created = await self._create(request, w, good, failed)
            if failed and not (force and created):
                raise FieldErrors({})
            return _answer(207 if failed else 201, created, failed)

        try:
            return await write(request, body, touching, work)
        except FieldErrors:
            return _answer(400, [], failed)

    async def _create(
        self, request: Request, w: Writing, good: dict[int, Posted], failed: dict[int, dict[str, list[str]]]
    ) -> list[Created]:
        outcomes = await registering.create_all(w, [(new.applied_to(w.codelists), new.fields) for new in good.values()])
        made: list[tuple[int, PatientFile]] = []
        for index, outcome in zip(good, outcomes, strict=True):
            if not isinstance(outcome, PolyvetError):
                made.append((index, outcome))
                continue
            try:
                with renamed(FIELDS):
                    raise outcome
            except FieldErrors as error:
                failed[index] = error.problems
        files = [file for _, file in made]
        beside = await patient_files.beside(w.tx, w.clinic_id, files)
        urls, zone = self._asking.urls(request), await self._asking.zone(request)
        lists = w.codelists
        for file in files:
            lists = await lists.within(w.tx, file.patient)
        return [Created(index, patient_out(file, beside, lists, urls, zone)) for index, file in made]


def _rows(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, list):
        raise FieldErrors({"non_field_errors": ["Expected a list of patients."]})
    if not 1 <= len(document) <= MOST_ROWS:
        raise FieldErrors({"non_field_errors": [f"Expected 1 to {MOST_ROWS} patients."]})
    if not all(isinstance(row, dict) for row in document):
        raise FieldErrors({"non_field_errors": ["Each patient must be an object."]})
    return document


def _answer(status: int, created: list[Created], failed: dict[int, dict[str, list[str]]]) -> Reply:
    rows = [Failed(index, problems) for index, problems in sorted(failed.items())]
    return Reply(status, encode(BulkOut(created, rows)))
