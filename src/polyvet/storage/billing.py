# SPDX-License-Identifier: Apache-2.0
"""A clinic's invoices by serial: filtered lists of their heads, and one. Rows stand in invoice_rows.py."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, false, null, select, true

from polyvet.model.entities import Invoice
from polyvet.model.files import InvoiceFile
from polyvet.model.filters import Kind
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.seen import by_client, by_patient, client_number, patient_number
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import invoices

i = invoices.c
_WIDTH = len(invoices.columns)
_COLUMNS = (*invoices.columns, client_number(invoices), patient_number(invoices))
FIELDS = {
    "number": Field(i.serial, Kind.NUMBER),
    "status": Field(i.status, Kind.TEXT),
    "created_at": Field(i.created_at, Kind.INSTANT),
    "updated_at": Field(i.updated_at, Kind.INSTANT),
    "paid_at": Field(i.paid_at, Kind.INSTANT),
    "department": Field(i.department, Kind.NUMBER),
    "client.number": by_client(invoices),
    "patient.number": by_patient(invoices),
    "without_patient": Field(i.patient_id.is_(None), Kind.TRUTH),
    # What the record does not know: no invoice takes another one back, and none names the visit that it bills.
    "credit": Field(false(), Kind.TRUTH, when_false=true()),
    "record.number": Field(cast(null(), BigInteger), Kind.NUMBER),
}


def _file(row: Any) -> InvoiceFile:
    return InvoiceFile(Invoice(*row[:_WIDTH]), *row[_WIDTH:])


_here = (i.clinic_id == p("clinic"),)
LISTED: FilteredList[InvoiceFile] = FilteredList(
    Source(
        columns=_COLUMNS,
        base=invoices,
        joined=invoices,
        here=_here,
        fields=FIELDS,
        last=i.serial,
        unique=frozenset(("number",)),
        indexed=frozenset(("number", "created_at", "updated_at", "client.number", "patient.number")),
        apart=frozenset(("patient.number",)),
        whole="invoices",
    ),
    _file,
)
_BY_SERIAL = Statement(select(*_COLUMNS).where(*_here, i.serial == p("serial")), "clinic serial")


async def by_serial(reader: Reader, clinic_id: int, serial: int) -> InvoiceFile | None:
    """An invoice of the clinic."""
    row = await reader.fetch_one(_BY_SERIAL, clinic_id, serial)
    return None if row is None else _file(row)
