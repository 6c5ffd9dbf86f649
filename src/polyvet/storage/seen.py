# SPDX-License-Identifier: Apache-2.0
"""Clients, patients and users that a clinic's rows name by id: their numbers at the clinic, and filters by them.

A client or patient that the clinic does not see, or no longer, has no number there and is found by no filter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, literal_column, select

from polyvet.model.entities import State
from polyvet.model.filters import Kind
from polyvet.storage.filter_sql import Field
from polyvet.storage.statement import p
from polyvet.storage.tables import connections, enrolments, users

c, e = connections.c, enrolments.c
_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
Among = Callable[[ColumnElement[bool]], ColumnElement[bool]]


def client_number(table: Table) -> Any:
    """The number of the row's client."""
    return (
        select(c.number)
        .where(c.clinic_id == table.c.clinic_id, c.client_id == table.c.client_id, c.state <= _ARCHIVED)
        .correlate(table)
        .scalar_subquery()
    )


def owner_number(table: Table) -> Any:
    """The number of the client whose patient the row's is."""
    return (
        select(c.number)
        .select_from(enrolments.join(connections, _of_enrolment()))
        .where(e.clinic_id == table.c.clinic_id, e.patient_id == table.c.patient_id, c.state <= _ARCHIVED)
        .correlate(table)
        .scalar_subquery()
    )


def patient_number(table: Table) -> Any:
    """The number of the row's patient."""
    return (
        select(e.number)
        .where(e.clinic_id == table.c.clinic_id, e.patient_id == table.c.patient_id, e.state <= _ARCHIVED)
        .correlate(table)
        .scalar_subquery()
    )


def user_number(table: Table, column: Column[Any]) -> Any:
    """The number of a user of the row's clinic."""
    return (
        select(users.c.number)
        .where(users.c.id == column, users.c.clinic_id == table.c.clinic_id)
        .correlate(table)
        .scalar_subquery()
    )


def by_client(table: Table) -> Field:
    """A field: the number of the row's client."""
    found = select(c.client_id).where(c.clinic_id == p("clinic"), c.state <= _ARCHIVED)
    return Field(c.number, Kind.NUMBER, among=_among(table.c.client_id, found))


def by_owner(table: Table) -> Field:
    """A field: the number of the client whose patient the row's is."""
    found = select(e.patient_id).select_from(enrolments.join(connections, _of_enrolment()))
    return Field(
        c.number,
        Kind.NUMBER,
        among=_among(table.c.patient_id, found.where(c.clinic_id == p("clinic"), c.state <= _ARCHIVED)),
    )


def by_patient(table: Table) -> Field:
    """A field: the number of the row's patient."""
    found = select(e.patient_id).where(e.clinic_id == p("clinic"), e.state <= _ARCHIVED)
    return Field(e.number, Kind.NUMBER, among=_among(table.c.patient_id, found))


def _of_enrolment() -> ColumnElement[bool]:
    return and_(c.clinic_id == e.clinic_id, c.client_id == e.client_id)


def _among(column: Column[Any], found: Any) -> Among:
    def among(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        there: ColumnElement[bool] = column.in_(found.where(condition))
        # A row that names nobody is known not to match; IN alone would leave it open, also for a negation.
        return and_(column.is_not(None), there) if column.nullable else there

    return among
