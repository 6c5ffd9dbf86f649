# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/medical-records; also /medicalRecords, /medical_records and /records.

The vendor's path is lost in every stored copy, so all four are [inferred]; object and parameters are [seed]. The
records that the key's clinic made, the newest clinical date first [inferred].
"""

from __future__ import annotations

import msgspec

from polyvet.core import records
from polyvet.dialects.clinovavet.wire import Listing, ListOf, encode, from_id, to_id
from polyvet.model import values
from polyvet.model.entities import MedicalRecord
from polyvet.model.errors import Invalid
from polyvet.model.paging import Page, Place
from polyvet.web import params
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

UNKNOWN_AUTHOR = "unknown"  # `createdById` is never null [seed]; a record that came without an author says so here
_MILLISECOND = 1000  # microseconds


class RecordOut(msgspec.Struct, rename="camel", gc=False):
    """A medical record [seed]. The four SOAP parts have no fields of their own, see `record_out`."""

    id: str
    date: str
    title: str
    description: str | None
    diagnosis: str | None
    treatment: str | None
    differential_diagnosis: str | None
    blood_test_json: str | None
    urine_test_json: str | None
    pet_id: str
    created_by_id: str
    created_at: str


class MedicalRecords:
    """The one operation."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def list_medical_records(self, request: Request) -> Reply:
        """The clinic's records of one pet or of all, between two dates; an unknown pet has none [inferred]."""
        query = request.query()
        pet = params.text(query, "petId")
        since, until = between(query)
        listing = Listing(self._marks, request, query, name="records", filters=(pet, since, until))
        patient_id = None if pet is None else from_id(pet)
        ctx = request.context
        if pet is not None and patient_id is None:
            page: Page[MedicalRecord] = Page([], 0, more=False)
        else:
            page = await records.search(
                ctx,
                patient_id=patient_id,
                since=since,
                until=until,
                limit=listing.limit,
                offset=listing.rows_to_skip,
                place=listing.place,
            )
        authors = await records.authors(ctx, page.items)
        last = Place(page.items[-1].occurred_at, page.items[-1].id) if page.items else None
        return Reply(200, encode(listing.page(page, [record_out(record, authors) for record in page.items], last)))


def between(query: dict[str, str]) -> tuple[int | None, int | None]:
    """`startDate` and `endDate` as instants: since <= date < until. Both ends belong to the range, a day with all its
    hours in UTC, an instant with the whole millisecond that is printed [inferred]. Reversed is a 400 [inferred]."""
    start, end = query.get("startDate"), query.get("endDate")
    since = params.read_instant(start, "startDate")[0] if start else None
    until = None
    if end:
        moment, is_day = params.read_instant(end, "endDate")
        until = moment + values.DAY if is_day else (moment // _MILLISECOND + 1) * _MILLISECOND
    if since is not None and until is not None and since >= until:
        raise Invalid({"startDate": "must not be later than endDate"})
    return since, until


def record_out(record: MedicalRecord, authors: dict[bytes, str]) -> RecordOut:
    """A medical record on the wire. Subjective and objective notes make the description, with a blank line between;
    the assessment is the diagnosis, the plan the treatment [inferred]."""
    return RecordOut(
        to_id(record.id),
        values.to_milliseconds_text(record.occurred_at),
        record.title,
        "\n\n".join(part for part in (record.subjective, record.objective) if part) or None,
        record.assessment,
        record.plan,
        record.differential,
        record.blood_test,
        record.urine_test,
        to_id(record.patient_id),
        UNKNOWN_AUTHOR if record.author_id is None else authors.get(record.author_id, UNKNOWN_AUTHOR),
        values.to_milliseconds_text(record.created_at),
    )


RecordsAnswer = ListOf[RecordOut]
