# SPDX-License-Identifier: Apache-2.0
"""Offers between clinics in the store, and the clients that several clinics see."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from msgspec.structs import astuple
from sqlalchemy import ColumnElement, and_, exists, literal_column, select, text, update

from polyvet.model import values
from polyvet.model.entities import State
from polyvet.model.offers import Common, Offer, OfferState, Told
from polyvet.model.paging import SOME
from polyvet.storage.statement import Statement, among_numbers, as_numbers, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import clients, clinics, connections, enrolments, merges, offers, patients
from polyvet.storage.writing import Tx

o, c, e = offers.c, connections.c, enrolments.c
_OFFER = tuple(o[name] for name in Offer.__struct_fields__)
_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
_NAMES = (clients.c.first_name, clients.c.middle_name, clients.c.last_name, clients.c.organization_name)
_other = connections.alias("other")

_ADD = inserting(offers, " ".join(Offer.__struct_fields__), rank=50)
_SET_STATE = Statement(
    update(offers).where(o.id == p("offer")).values(state=p("new_state"), changed_at=p("new_changed_at")),
    "new_state new_changed_at offer",
    rank=70,
)
_GET = Statement(select(*_OFFER).where(o.id == p("offer")), "offer")
_OF_CLIENT = Statement(select(*_OFFER).where(o.client_id == p("client")).order_by(o.id), "client")


def _told(of_clinic: ColumnElement[int], other_clinic: ColumnElement[int]) -> Any:
    """Offers with the other clinic's name, and the client with what the clinic has of them."""
    here = (c.clinic_id == of_clinic) & (c.client_id == o.client_id)
    joined = offers.join(clinics, clinics.c.id == other_clinic).join(clients, clients.c.id == o.client_id)
    return (
        select(*_OFFER, clinics.c.name, c.number, c.state, *_NAMES)
        .select_from(joined.outerjoin(connections, here))
        .where(of_clinic == p("clinic"))
    )


def _page(of_clinic: ColumnElement[int], other_clinic: ColumnElement[int]) -> Statement:
    query = _told(of_clinic, other_clinic).where(o.id < p("before", o.id.type)).order_by(o.id.desc()).limit(p("limit"))
    return Statement(query, "clinic before limit")


def _one(of_clinic: ColumnElement[int], other_clinic: ColumnElement[int]) -> Statement:
    return Statement(_told(of_clinic, other_clinic).where(o.id == p("offer")), "clinic offer")


_SIDES = {True: (o.to_clinic, o.from_clinic), False: (o.from_clinic, o.to_clinic)}
_PAGES = {received: _page(*side) for received, side in _SIDES.items()}
_offered: ColumnElement[str] = literal_column(f"'{OfferState.OFFERED}'")  # as the index of these has it
_UNANSWERED = Statement(
    _told(*_SIDES[True]).where(o.state == _offered).order_by(o.id.desc()).limit(literal_column(str(SOME))), "clinic"
)
_LATELY = Statement(
    select(o.id)
    .where(o.from_clinic == p("from_clinic"), o.to_clinic == p("to_clinic"), o.id >= p("since", o.id.type))
    .limit(p("most")),
    "from_clinic to_clinic since most",
)
_ONES = {received: _one(*side) for received, side in _SIDES.items()}
_PATIENTS = Statement(
    select(patients.c.name)
    .select_from(
        enrolments.join(patients, patients.c.id == e.patient_id).outerjoin(merges, merges.c.source_id == e.patient_id)
    )
    .where(e.clinic_id == p("clinic"), e.client_id == p("client"), e.state <= _ARCHIVED, merges.c.source_id.is_(None))
    .order_by(e.created_at, e.patient_id)
    .limit(p("limit")),
    "clinic client limit",
)
_common = (
    select(c.client_id, c.number, c.state, *_NAMES)
    .select_from(connections.join(clients, clients.c.id == c.client_id))
    .where(c.clinic_id == p("clinic"), text("connections.shared"))  # as its index has it
)
_COMMON = Statement(
    _common.where(c.number < p("before")).order_by(c.number.desc()).limit(p("limit")), "clinic before limit"
)
_COMMON_ONE = Statement(_common.where(c.number == p("number")), "clinic number")
_sqlite, _postgresql = among_numbers(c.number, "numbers")
_others = (
    select(c.number, clinics.c.name)
    .select_from(
        connections.join(_other, _other.c.client_id == c.client_id).join(clinics, clinics.c.id == _other.c.clinic_id)
    )
    .where(c.clinic_id == p("clinic"), _other.c.clinic_id != c.clinic_id, _other.c.state <= _ARCHIVED)
    .order_by(c.number, clinics.c.name)
)
_OTHERS = Statement(_others.where(_sqlite), "clinic numbers", postgresql=_others.where(_postgresql))
_shared = and_(
    c.state <= _ARCHIVED,
    exists(
        select(literal_column("1")).where(
            _other.c.client_id == c.client_id, _other.c.clinic_id != c.clinic_id, _other.c.state <= _ARCHIVED
        )
    ),
)
_SHARE = Statement(
    update(connections).where(c.client_id == p("client"), c.shared != _shared).values(shared=_shared),
    "client",
    rank=75,
)
_CLINIC_BY_UID = Statement(select(clinics.c.id).where(clinics.c.uid == p("uid")), "uid")


def add(tx: Tx, offer: Offer) -> None:
    """Keep an offer."""
    tx.write(_ADD, *astuple(offer))


def set_state(tx: Tx, offer_id: bytes, state: OfferState, at: int) -> None:
    """Move an offer on."""
    tx.write(_SET_STATE, state, at, offer_id)


async def get(reader: Reader, offer_id: bytes) -> Offer | None:
    """One offer, of whatever clinics."""
    row = await reader.fetch_one(_GET, offer_id)
    return None if row is None else Offer(*row)


async def of_client(reader: Reader, client_id: bytes) -> list[Offer]:
    """All offers of a client between any clinics, the oldest first."""
    return [Offer(*row) for row in await reader.fetch(_OF_CLIENT, client_id)]


async def page(reader: Reader, clinic_id: int, before: bytes, limit: int, *, received: bool) -> list[Told]:
    """What a clinic has received, or offered, before an offer; the newest first."""
    rows = await reader.fetch(_PAGES[received], clinic_id, before, limit)
    return [_as_told(row, received=received) for row in rows]


async def unanswered(reader: Reader, clinic_id: int) -> list[Told]:
    """What a clinic has received and not answered yet, the newest first; SOME at the most."""
    return [_as_told(row, received=True) for row in await reader.fetch(_UNANSWERED, clinic_id)]


async def made_since(reader: Reader, from_clinic: int, to_clinic: int, since: bytes, most: int) -> int:
    """How many offers one clinic has made another, whatever became of them, whose ids, which begin with their time,
    are not less than `since`; counted to `most`."""
    return len(await reader.fetch(_LATELY, from_clinic, to_clinic, since, most))


async def told(reader: Reader, clinic_id: int, offer_id: bytes) -> Told | None:
    """One offer as the clinic is told of it; None if it is neither from nor to it."""
    for received, statement in _ONES.items():
        row = await reader.fetch_one(statement, clinic_id, offer_id)
        if row is not None:
            return _as_told(row, received=received)
    return None


def _as_told(row: Any, *, received: bool) -> Told:
    width = len(_OFFER)
    offer, (other, number, state, *names) = Offer(*row[:width]), row[width:]
    sees = state is not None and state <= State.ARCHIVED
    open_ = received and offer.state == OfferState.OFFERED
    return Told(offer, received, other, _name(names) if sees or open_ else None, number if sees else None)


def _name(names: Any) -> str:
    *parts, organization = names
    return values.whole_name(*parts) or organization


async def patients_of(reader: Reader, clinic_id: int, client_id: bytes, limit: int) -> list[str]:
    """The names of the client's patients that the clinic sees, archived ones among them, the first registered
    first."""
    return [row[0] for row in await reader.fetch(_PATIENTS, clinic_id, client_id, limit)]


async def common(reader: Reader, clinic_id: int, before: int, limit: int) -> list[Common]:
    """The clinic's clients whom other clinics see, too, with lower numbers than `before`; the latest first."""
    return await _with_others(reader, clinic_id, await reader.fetch(_COMMON, clinic_id, before, limit))


async def common_one(reader: Reader, clinic_id: int, number: int) -> Common | None:
    """One of them."""
    found = await _with_others(reader, clinic_id, await reader.fetch(_COMMON_ONE, clinic_id, number))
    return found[0] if found else None


async def _with_others(reader: Reader, clinic_id: int, rows: Any) -> list[Common]:
    if not rows:
        return []
    others: dict[int, list[str]] = defaultdict(list)
    for number, name in await reader.fetch(_OTHERS, clinic_id, as_numbers(reader.engine, [row[1] for row in rows])):
        others[number].append(name)
    return [
        Common(ident, number, _name(names), state == State.ARCHIVED, others[number])
        for ident, number, state, *names in rows
    ]


def share(tx: Tx, client_id: bytes) -> None:
    """Note at each clinic whether the client is seen by others, too: after they were opened to another clinic, or
    hidden from one."""
    tx.write(_SHARE, client_id)


async def clinic_of(reader: Reader, uid: bytes) -> int | None:
    """The clinic that has this id."""
    row = await reader.fetch_one(_CLINIC_BY_UID, uid)
    return None if row is None else int(row[0])
