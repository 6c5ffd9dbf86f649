# SPDX-License-Identifier: Apache-2.0
"""`patient/{id}/weight/`: weighings [oas]; the body that is posted is [client], the other keys are [inferred].

A row's id is its instant in microseconds: no two weighings of a patient share one.
"""

from __future__ import annotations

import msgspec

from polyvet.core import patient_files, weights
from polyvet.core.context import Writing
from polyvet.dialects.provet import bodies, times
from polyvet.dialects.provet.bodies import Fields, Reading, changes, read_document, read_object
from polyvet.dialects.provet.patients import PATIENT
from polyvet.dialects.provet.requests import Asking, named, number_of
from polyvet.dialects.provet.wire import Listed, encode
from polyvet.model import values
from polyvet.model.entities import Weight
from polyvet.model.errors import Missing
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

_MOST_DIGITS = 17
_AHEAD = 3_600 * values.MICROSECONDS  # how far a scale's clock may be ahead


class WeightOut(msgspec.Struct):
    """A weighing, in kilograms."""

    id: int
    url: str
    patient: str
    timestamp: str
    weight: float


def _weight(raw: object, reading: Reading) -> int:
    found = bodies.weight(raw, reading)
    if found is None:
        raise ValueError("This field may not be null.")
    return found


def _instant(raw: object, reading: Reading) -> int | None:
    found = bodies.moment(raw, reading)
    if found is not None and found < 0:
        raise ValueError("Datetime lies before 1970.")
    if found is not None and found > values.now() + _AHEAD:
        raise ValueError("Datetime lies in the future.")
    return found


FIELDS: Fields = {"timestamp": ("measured_at", _instant), "weight": ("weight_mg", _weight)}


class Weights:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_weights(self, request: Request) -> Reply:
        """A patient's weighings, the newest first."""
        paging = self._asking.unfiltered(request)
        number, shown = named(request, PATIENT)
        page = await weights.history(request.context, number, shown, limit=paging.limit, offset=paging.offset)
        zone = await self._asking.zone(request)
        return Reply(200, encode(paging.listed(page, [self._out(request, number, one, zone) for one in page.items])))

    async def get_weight(self, request: Request) -> Reply:
        """One weighing."""
        number, instant = _weighing(request)
        found = await weights.get(request.context, number, request.parameters["id"], instant)
        return Reply(200, encode(self._out(request, number, found, await self._asking.zone(request))))

    async def create_weight(self, request: Request) -> Reply:
        """201 with the weighing."""
        number, shown = named(request, PATIENT)
        body, document = await read_document(request)
        new = changes(read_object(document), FIELDS, await self._asking.reading(request), ("weight",))
        zone = await self._asking.zone(request)

        async def work(w: Writing) -> Reply:
            made = await weights.weigh(w, number, shown, new["weight_mg"], new.get("measured_at"))
            return Reply(201, encode(self._out(request, number, made, zone)))

        return await write(request, body, await patient_files.saving(request.context, number), work)

    async def change_weight(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, instant = _weighing(request)
        body, document = await read_document(request)
        new = changes(read_object(document), FIELDS, await self._asking.reading(request))
        zone = await self._asking.zone(request)

        async def work(w: Writing) -> Reply:
            shown = request.parameters["id"]
            made = await weights.correct(w, number, shown, instant, new.get("weight_mg"), new.get("measured_at"))
            return Reply(200, encode(self._out(request, number, made, zone)))

        return await write(request, body, await patient_files.saving(request.context, number), work)

    async def delete_weight(self, request: Request) -> Reply:
        """204."""
        number, instant = _weighing(request)

        async def work(w: Writing) -> Reply:
            await weights.remove(w, number, request.parameters["id"], instant)
            return Reply(204, b"")

        return await write(request, b"", await patient_files.saving(request.context, number), work)

    def _out(self, request: Request, patient: int, one: Weight, zone: str) -> WeightOut:
        url = self._asking.urls(request).of(PATIENT, patient)
        shown = times.to_text(one.measured_at, zone)
        return WeightOut(
            one.measured_at, f"{url}weight/{one.measured_at}/", url, shown, values.to_kilograms(one.weight_mg)
        )


def _weighing(request: Request) -> tuple[int, int]:
    """The patient's number and the weighing's instant."""
    shown = request.parameters["weight_id"]
    if not shown.isascii() or not shown.isdecimal() or len(shown) > _MOST_DIGITS:
        raise Missing(weights.KIND, shown[:100])
    return number_of(PATIENT, request.parameters["id"]), int(shown)


WeightsAnswer = Listed[WeightOut]
