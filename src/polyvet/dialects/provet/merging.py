# SPDX-License-Identifier: Apache-2.0
"""`patient/{id}/merge/` and `unmerge/` [oas]. The body of the first is nowhere documented: it names the patient that
stays, by the name that the patient in the path has it under from then on [inferred]. `unmerge/` reads no body.
"""

from __future__ import annotations

from polyvet.core import merging
from polyvet.core.context import Writing
from polyvet.dialects.provet import bodies
from polyvet.dialects.provet.bodies import Fields, changes, read_document, read_object, renamed
from polyvet.dialects.provet.patients import PATIENT, shown_patient
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import encode
from polyvet.model.files import PatientFile
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

FIELDS: Fields = {"merge_patient": ("target", bodies.relation(PATIENT, null=False))}
REQUIRED = ("merge_patient",)
_SOURCE: Fields = {"non_field_errors": ("source", bodies.relation(PATIENT))}  # what is wrong with the path's patient


class Merging:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def merge(self, request: Request) -> Reply:
        """200 with the patient that stays [inferred]."""
        number, shown = named(request, PATIENT)
        body, document = await read_document(request)
        target = changes(read_object(document), FIELDS, await self._asking.reading(request), REQUIRED)["target"]

        async def work(w: Writing) -> Reply:
            return await self._answer(request, w, await merging.merge(w, number, shown, target))

        with renamed({**FIELDS, **_SOURCE}):
            return await write(request, body, await merging.touching(request.context, number, target), work)

    async def unmerge(self, request: Request) -> Reply:
        """200 with the patient of the path [inferred]."""
        number, shown = named(request, PATIENT)
        body = await request.body()

        async def work(w: Writing) -> Reply:
            return await self._answer(request, w, await merging.unmerge(w, number, shown))

        with renamed(_SOURCE):
            return await write(request, body, await merging.touching(request.context, number), work)

    async def _answer(self, request: Request, w: Writing, file: PatientFile) -> Reply:
        lists = await w.codelists.within(w.tx, file.patient)
        return Reply(200, encode(await shown_patient(self._asking, request, w.tx, lists, file)))
