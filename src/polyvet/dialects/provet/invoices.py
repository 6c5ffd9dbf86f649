# SPDX-License-Identifier: Apache-2.0
"""`invoice/`: the clinic's invoices, read only [docs]; fields as recorded [client]."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from polyvet.core import billing
from polyvet.dialects.provet import times
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.money import amount
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model import values
from polyvet.model.countries import COUNTRIES
from polyvet.model.entities import Clinic, InvoiceStatus
from polyvet.model.files import ClientFile, InvoiceFile
from polyvet.model.filters import Kind
from polyvet.web.message import Reply, Request

INVOICE, ROW = "invoice", "invoicerow"
FINALISED, VOIDED = 3, 99  # [docs]
# An invoice has its number when it is finalised [docs], and all of ours have theirs, paid or not.
STATUSES: dict[str, int] = {
    InvoiceStatus.PAID: FINALISED,
    InvoiceStatus.UNPAID: FINALISED,
    InvoiceStatus.CANCELLED: VOIDED,
}
CODES = {"status": STATUSES}
_NO_COUNTRY = "No country specified"  # [client]
_NUMBERED = re.compile(r"(.*?)(0|[1-9]\d{0,14})?", re.ASCII | re.DOTALL)
FILTERS = Declared(
    paths={
        "id": "number", "status": "status", "invoice_date": "created_at", "date_paid": "paid_at",
        "client": "client.number", "client.id": "client.number", "patients": "patient.number",
        "patients.id": "patient.number", "department": "department", "consultation": "record.number",
        "credit_note": "credit", "countersale": "without_patient", "created": "created_at", "modified": "updated_at",
    },
    kinds={**billing.KINDS, "status": Kind.NUMBER},
)  # fmt: skip


class InvoiceOut(msgspec.Struct):
    """An invoice [client]; what the record does not know is null or empty."""

    id: int
    url: str
    invoice_number: int | None
    invoice_prefix: str
    reference_number: str | None
    status: int
    inqueries: str | None
    invoice_date: str
    invoice_payed: str | None
    invoice_due_date: str | None
    penalty_interest: float | None
    invoicing_client: str | None
    payer_name: str
    payer_id_number: str
    payer_street_address: str
    payer_zip_code: str
    payer_city: str
    payer_state: str | None
    payer_organization_name: str
    payer_register_number: str | None
    payer_vat_number: str
    payer_street_address_2: str
    payer_street_address_3: str
    payer_country: str
    receiver_name: str
    receiver_organization_name: str | None
    receiver_street_address: str
    receiver_street_address_2: str
    receiver_zip_code: str
    receiver_city: str
    receiver_iban: str
    receiver_bic: str
    receiver_national_bank_account: str | None
    receiver_national_bic: str | None
    receiver_vat_number: str
    total: float
    total_vat: float
    total_with_vat: float
    due_sum: float
    client_due_sum: float | None
    patients: list[str]
    invoice_row: list[str]
    invoice_payment: list[str]
    client: str | None
    consultation: str | None
    original_consultation: str | None
    department: str | None
    created: str
    modified: str
    date_paid: str | None
    agreed_to_pay_later: bool
    without_vat: bool
    countersale: bool
    credit_note: bool
    credit_note_original_invoice: str | None
    related_credit_note: list[str]
    related_credit_note_invoice: str | None
    first_original_invoice: str | None
    consolidated_invoice: bool
    consolidated_invoices: list[str]
    related_consolidated_invoice: str | None
    remarks: str | None
    tags_rel: list[str]
    vat_calculation_method: int
    determining_price: int
    send_date: str | None
    send_method: str | None
    invoice_extras: str | None


class Invoices:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_invoices(self, request: Request) -> Reply:
        """The clinic's invoices, by id."""
        asked, clinic = await self._asking.listed(request, FILTERS, CODES), await self._asking.clinic(request)
        page = await asked.page(billing.list_invoices)
        beside = await billing.beside(request.context, page.items)
        return asked.reply(page, [invoice_out(file, beside, asked.urls, clinic) for file in page.items])

    async def get_invoice(self, request: Request) -> Reply:
        """One invoice."""
        file = await billing.get(request.context, *named(request, INVOICE))
        beside = await billing.beside(request.context, [file])
        clinic = await self._asking.clinic(request)
        return Reply(200, encode(invoice_out(file, beside, self._asking.urls(request), clinic)))


def printed_number(text: str) -> tuple[str, int | None]:
    """The prefix and the number, which one behind the other are what stands on the paper: INV-2026-001523 is
    INV-2026-00 and 1523."""
    found = _NUMBERED.fullmatch(text)
    if found is None or found[2] is None:
        return text, None
    return found[1], int(found[2])


def invoice_out(file: InvoiceFile, beside: billing.Beside, urls: Urls, clinic: Clinic) -> InvoiceOut:
    """An invoice on the wire. No VAT is kept: what is billed is what is paid. The payer is the client as it is today;
    the record keeps no older copy."""
    head, zone, whole = file.head, clinic.timezone, beside.whole(file)
    total = whole.total_cents
    created = times.to_text(head.created_at, zone)
    payer = beside.payers.get(file.client or 0)
    prefix, number = printed_number(head.number)
    return InvoiceOut(
        id=head.serial, url=urls.of(INVOICE, head.serial), invoice_number=number, invoice_prefix=prefix,
        reference_number=None, status=STATUSES[head.status], inqueries=None, invoice_date=created,
        invoice_payed=None, invoice_due_date=None, penalty_interest=None, invoicing_client=None,
        **_payer(payer), receiver_name=clinic.name, receiver_organization_name=None, receiver_street_address="",
        receiver_street_address_2="", receiver_zip_code="", receiver_city="", receiver_iban="", receiver_bic="",
        receiver_national_bank_account=None, receiver_national_bic=None, receiver_vat_number="",
        total=amount(total), total_vat=0.0, total_with_vat=amount(total),
        due_sum=amount(total if head.status == InvoiceStatus.UNPAID else 0), client_due_sum=None,
        patients=[] if file.patient is None else [urls.of("patient", file.patient)],
        invoice_row=[urls.of(ROW, number) for number in billing.row_numbers(whole)], invoice_payment=[],
        client=urls.maybe("client", file.client), consultation=None, original_consultation=None,
        department=urls.maybe("department", head.department), created=created,
        modified=times.to_text(head.updated_at, zone), date_paid=times.maybe(head.paid_at, zone),
        agreed_to_pay_later=False, without_vat=False, countersale=head.patient_id is None, credit_note=False,
        credit_note_original_invoice=None, related_credit_note=[], related_credit_note_invoice=None,
        first_original_invoice=None, consolidated_invoice=False, consolidated_invoices=[],
        related_consolidated_invoice=None, remarks=None, tags_rel=[], vat_calculation_method=1, determining_price=1,
        send_date=None, send_method=None, invoice_extras=None,
    )  # fmt: skip


def _payer(payer: ClientFile | None) -> dict[str, Any]:
    """Who pays; nobody's data where the clinic sees the client no more."""
    texts = dict.fromkeys(
        ("name", "id_number", "street_address", "zip_code", "city", "organization_name", "vat_number",
         "street_address_2", "street_address_3"), "",
    )  # fmt: skip
    found: dict[str, Any] = {**texts, "state": None, "register_number": None, "country": _NO_COUNTRY}
    if payer is not None:
        c, d = payer.client, payer.details
        found |= {
            "name": values.whole_name(c.first_name, c.middle_name, c.last_name),
            "id_number": d.id_number, "street_address": d.street or "", "zip_code": d.zip_code or "",
            "city": d.city or "", "state": d.state, "organization_name": c.organization_name,
            "register_number": d.register_number, "vat_number": d.vat_number, "street_address_2": d.street_2 or "",
            "street_address_3": d.street_3 or "",
            "country": _NO_COUNTRY if d.country is None else COUNTRIES[d.country],
        }  # fmt: skip
    return {f"payer_{name}": text for name, text in found.items()}


InvoicesAnswer = Listed[InvoiceOut]
