# SPDX-License-Identifier: Apache-2.0
"""The statements that every write needs: clinics' clocks, counters and the event log."""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, Integer, any_, cast, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.tables import ID, clinics, connections, counters, events

STATE_COLUMNS = (
    clinics.c.id,
    clinics.c.clock,
    clinics.c.event_seq,
    clinics.c.client_seq,
    clinics.c.patient_seq,
    clinics.c.invoice_seq,
    clinics.c.appointment_seq,
    clinics.c.record_seq,
)
LINK_COLUMNS = (connections.c.clinic_id, connections.c.client_id, connections.c.state, connections.c.number)

CLINIC_STATE = Statement(select(*STATE_COLUMNS).where(clinics.c.id == p("clinic")), "clinic")
CLIENT_LINKS = Statement(select(*LINK_COLUMNS).where(connections.c.client_id == p("client")), "client")

# Who writes at a clinic holds this lock until the commit is visible, so that readers can wait for it. A row lock in
# its place would make readers write.
_WRITERS: ColumnElement[int] = literal_column("2053862")  # of our own; the clinic is the other half of the lock's name
WRITERS_OF_CLINIC = Statement(
    None,
    "clinic",
    postgresql=select(func.pg_advisory_xact_lock_shared(_WRITERS, cast(p("clinic", BigInteger), Integer))),
)

# PostgreSQL locks and reads for a whole group in one statement each; arrays exist only there.
_clients = any_(p("clients", ARRAY(ID)))
LOCK_CLINICS = Statement(
    None,
    "clinics clients",
    postgresql=select(*STATE_COLUMNS, func.pg_advisory_xact_lock(_WRITERS, cast(clinics.c.id, Integer)))
    .where(
        (clinics.c.id == any_(p("clinics", ARRAY(BigInteger))))
        | clinics.c.id.in_(select(connections.c.clinic_id).where(connections.c.client_id == _clients))
    )
    .order_by(clinics.c.id)
    .with_for_update(key_share=True),  # who only points to a clinic need not wait
)
LINKS_OF_CLIENTS = Statement(
    None, "clients", postgresql=select(*LINK_COLUMNS).where(connections.c.client_id == _clients)
)

SAVE_CLINIC = Statement(
    update(clinics)
    .where(clinics.c.id == p("clinic"))
    .values(
        clock=p("new_clock"),
        event_seq=p("new_event_seq"),
        client_seq=p("new_client_seq"),
        patient_seq=p("new_patient_seq"),
        invoice_seq=p("new_invoice_seq"),
        appointment_seq=p("new_appointment_seq"),
        record_seq=p("new_record_seq"),
    ),
    "new_clock new_event_seq new_client_seq new_patient_seq new_invoice_seq new_appointment_seq new_record_seq clinic",
)

_COUNTER = ("clinic_id", "name", "bucket", "n")
_sqlite_counter = sqlite.insert(counters).values({name: p(name) for name in _COUNTER})
_postgresql_counter = postgresql.insert(counters).values({name: p(name) for name in _COUNTER})
ADD_TO_COUNTER = Statement(
    _sqlite_counter.on_conflict_do_update(
        index_elements=_COUNTER[:3], set_={"n": counters.c.n + _sqlite_counter.excluded.n}
    ),
    "clinic_id name bucket n",
    postgresql=_postgresql_counter.on_conflict_do_update(
        index_elements=_COUNTER[:3], set_={"n": counters.c.n + _postgresql_counter.excluded.n}
    ),
)

APPEND_EVENT = inserting(events, "clinic_id seq kind entity entity_id at actor", rank=900)
