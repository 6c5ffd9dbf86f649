# SPDX-License-Identifier: Apache-2.0
"""Texts of a client's rows, read and written anew when the person is taken out of the record.

Rows that lists tell changes of get a stamp, and an event where others of their kind have one. Whose file it is, phone
numbers and custom values are written by those who always do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, delete, or_, select, union, update

from polyvet.model.library import MailState
from polyvet.storage.personal import VALUED, appointments, concerning, here, mailed, mine, of_theirs, shared, theirs
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    audit,
    calendar_events,
    clients,
    connections,
    content,
    custom_field_values,
    enrolments,
    invoice_lines,
    invoices,
    mails,
    medical_records,
    offers,
    patients,
    phones,
    reminders,
    shares,
    submissions,
)
from polyvet.storage.writing import Tx

Row = dict[str, Any]


class Texts(msgspec.Struct, frozen=True):
    """A table's rows of one client at one clinic, and the columns that may tell of the person."""

    name: str
    table: Table
    key: str  # columns, separated by blanks
    columns: str
    where: ColumnElement[bool]
    stamped: bool = False
    entity: str = ""  # what an event tells of it

    @property
    def names(self) -> list[str]:
        """What is read: the key first."""
        return [*self.key.split(), *self.columns.split()]


_began = select(content.c.id).where(of_theirs(content))
_offered = select(offers.c.id).where(offers.c.client_id == p("client"))
_things = union(select(clients.c.id).where(clients.c.id == p("client")), theirs(), _offered)
OWN = (  # what is said to the person or of them alone
    Texts("reminders", reminders, "id", "details", reminders.c.id.in_(concerning(reminders)), True, "reminder"),
    Texts("submissions", submissions, "subject_id", "answers shown",
          submissions.c.subject_id.in_(select(shares.c.id).where(shared()))),
    Texts("shares", shares, "id", "email comments special_instructions prefill revoked_at", shared(), True,
          "share"),
    Texts("mails", mails, "id", "recipient reply_to subject plain html state next_at leased_until last_error",
          here(mails) & mailed(mails.c.recipient)),
    Texts("offers", offers, "id", "note", (offers.c.client_id == p("client")) & (offers.c.from_clinic == p("clinic"))),
)  # fmt: skip
LINES = Texts(
    "lines", invoice_lines, "invoice_id position", "name", invoice_lines.c.invoice_id.in_(concerning(invoices))
)
STAYING = (  # what tells of the animal, and may name the person
    Texts("records", medical_records, "id",
          "title subjective objective assessment differential plan blood_test urine_test",
          of_theirs(medical_records), True, "record"),
    Texts("appointments", calendar_events, "id", "title details", appointments(), True, "appointment"),
    LINES,
    Texts("forms", submissions, "subject_id", "answers shown", submissions.c.subject_id.in_(_began)),
    Texts("begun", content, "id", "html markdown plain details", content.c.id.in_(_began), True, "content"),
    Texts("letters", mails, "id", "reply_to subject plain html",
          here(mails) & or_(mails.c.state == MailState.QUEUED, mailed(mails.c.reply_to))),
    Texts("values", custom_field_values, "clinic_id number", "value",
          here(custom_field_values) & custom_field_values.c.number.in_(VALUED)),
    Texts("audit", audit, "clinic_id at id", "shown", mine(audit) & audit.c.entity_id.in_(_things)),
)  # fmt: skip
CLIENT_HERE = Texts(
    "client here", connections, "clinic_id client_id", "details home_department payer_id parent_id old_id",
    here(connections) & (connections.c.client_id == p("client")),
)  # fmt: skip
ANIMALS = Texts("animals", patients, "id", "details animal_code", patients.c.id.in_(theirs()))
ANIMALS_HERE = Texts(
    "animals here", enrolments, "patient_id clinic_id", "details state slug home_department old_id",
    here(enrolments) & enrolments.c.patient_id.in_(theirs()),
)  # fmt: skip


def _reading(kind: Texts) -> Statement:
    wanted = [kind.table.c[name] for name in kind.names]
    query = select(*wanted).where(kind.where).order_by(*wanted[: len(kind.key.split())])
    return Statement(query, "clinic client")


def _writing(kind: Texts) -> Statement:
    columns = [*kind.columns.split(), *(["updated_at"] if kind.stamped else [])]
    keys = kind.key.split()
    return Statement(
        update(kind.table)
        .where(*(kind.table.c[name] == p(f"key_{name}") for name in keys))
        .values({name: p(f"new_{name}") for name in columns}),
        " ".join([*(f"new_{name}" for name in columns), *(f"key_{name}" for name in keys)]),
        rank=74,
    )


_KINDS = (*OWN, *STAYING, CLIENT_HERE, ANIMALS, ANIMALS_HERE)
_READ = {kind.name: _reading(kind) for kind in _KINDS}
_WRITE = {kind.name: _writing(kind) for kind in (*OWN, *STAYING)}
_STAMP_INVOICE = Statement(
    update(invoices).where(invoices.c.id == p("invoice")).values(updated_at=p("new_updated_at")),
    "new_updated_at invoice",
    rank=75,
)
_PHONES = Statement(select(phones.c.id, phones.c.number).where(phones.c.client_id == p("client")), "client")
_DROP_PHONES = Statement(delete(phones).where(phones.c.client_id == p("client")), "client", rank=80)
_values_of = here(custom_field_values) & (custom_field_values.c.client_id == p("client"))
_VALUES = Statement(select(custom_field_values.c.number).where(_values_of), "clinic client")
_DROP_VALUES = Statement(delete(custom_field_values).where(_values_of), "clinic client", rank=80)


async def rows(reader: Reader, kind: Texts, clinic_id: int, client_id: bytes) -> Sequence[Row]:
    """A kind's rows, by column."""
    found = await reader.fetch(_READ[kind.name], clinic_id, client_id)
    return [dict(zip(kind.names, row, strict=True)) for row in found]


def write(tx: Tx, kind: Texts, clinic_id: int, row: Row) -> None:
    """Write a row's texts anew; its stamp and event tell of it."""
    texts = [row[name] for name in kind.columns.split()]
    keys = [row[name] for name in kind.key.split()]
    if kind.stamped:
        stamp = tx.stamp(clinic_id)
        texts.append(stamp)
        tx.event(clinic_id, "updated", kind.entity, row["id"], stamp)
    tx.write(_WRITE[kind.name], *texts, *keys)


def stamp_invoice(tx: Tx, clinic_id: int, invoice_id: bytes) -> None:
    """Have lists tell that an invoice's lines have changed."""
    tx.write(_STAMP_INVOICE, tx.stamp(clinic_id), invoice_id)


async def drop_phones(tx: Tx, client_id: bytes) -> list[int]:
    """Take all numbers of a client away; gives their ids."""
    found = [row[0] for row in await tx.fetch(_PHONES, client_id)]
    if found:
        tx.write(_DROP_PHONES, client_id)
    return found


async def drop_values(tx: Tx, clinic_id: int, client_id: bytes) -> bool:
    """Take all values of a client's custom fields away; tells whether there were any."""
    found = await tx.fetch(_VALUES, clinic_id, client_id)
    if found:
        tx.write(_DROP_VALUES, clinic_id, client_id)
    return bool(found)
