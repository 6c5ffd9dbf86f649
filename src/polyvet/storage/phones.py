# SPDX-License-Identifier: Apache-2.0
"""Phone numbers in the store: rows of a client, the same at every clinic that sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import delete, func, literal_column, select, update

from polyvet.model.entities import Phone, State
from polyvet.model.filters import Kind
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.statement import Statement, among_numbers, as_numbers, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import connections, phones
from polyvet.storage.writing import Tx

_COLUMNS = tuple(phones.columns)
_WIDTH = len(_COLUMNS)
_owner = connections.c.number
_joined = phones.join(connections, connections.c.client_id == phones.c.client_id)
_here = (
    connections.c.clinic_id == p("clinic"),
    connections.c.state <= literal_column(str(int(State.ARCHIVED))),
)
FIELDS = {
    "number": Field(phones.c.id, Kind.NUMBER),
    "client.number": Field(_owner, Kind.NUMBER),
    "phone_number": Field(phones.c.number, Kind.TEXT),
    "kind": Field(phones.c.kind, Kind.NUMBER),
    "updated_at": Field(phones.c.updated_at, Kind.INSTANT),
}


def _phone(row: Any) -> tuple[Phone, int]:
    """A phone number, and its client's number at the clinic; SQLite gives a truth value as 0 or 1."""
    one = Phone(*row[:_WIDTH])
    truths = {"for_reminders": bool(one.for_reminders), "second_owner": bool(one.second_owner)}
    return replace(one, **truths), row[_WIDTH]


LISTED: FilteredList[tuple[Phone, int]] = FilteredList(
    Source(
        columns=(*_COLUMNS, _owner),
        base=phones,
        joined=_joined,
        here=_here,
        fields=FIELDS,
        last=phones.c.id,
        unique=frozenset(("number",)),
        indexed=frozenset(("number", "client.number")),
    ),
    _phone,
)
_GET = Statement(
    select(*_COLUMNS, _owner).select_from(_joined).where(*_here, phones.c.id == p("phone")), "clinic phone"
)
_sqlite, _postgresql = among_numbers(_owner, "numbers")
_of_clients = select(*_COLUMNS, _owner).select_from(_joined).order_by(_owner, phones.c.position)
_OF_CLIENTS = Statement(
    _of_clients.where(*_here, _sqlite), "clinic numbers", postgresql=_of_clients.where(*_here, _postgresql)
)
_CHANGING = "client_id position number kind description for_reminders second_owner updated_at"
_NEXT_POSITION = Statement(
    select(func.coalesce(func.max(phones.c.position) + 1, 0)).where(phones.c.client_id == p("client")), "client"
)
_COUNT = Statement(select(func.count()).select_from(phones).where(phones.c.client_id == p("client")), "client")
_names = [column.name for column in _COLUMNS if column.name != "id"]
_INSERT = Statement(phones.insert().values({name: p(name) for name in _names}).returning(phones.c.id), " ".join(_names))
_UPDATE = Statement(
    update(phones).where(phones.c.id == p("phone")).values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    " ".join(f"new_{name}" for name in _CHANGING.split()) + " phone",
    rank=70,
)
_DELETE = Statement(delete(phones).where(phones.c.id == p("phone")), "phone", rank=80)


async def get(reader: Reader, clinic_id: int, phone_id: int) -> tuple[Phone, int] | None:
    """A phone number of a client that the clinic sees, and that client's number."""
    row = await reader.fetch_one(_GET, clinic_id, phone_id)
    return None if row is None else _phone(row)


async def of_clients(reader: Reader, clinic_id: int, numbers: Iterable[int]) -> dict[int, list[Phone]]:
    """The phone numbers of many clients, each client's first first."""
    found: dict[int, list[Phone]] = defaultdict(list)
    for row in await reader.fetch(_OF_CLIENTS, clinic_id, as_numbers(reader.engine, numbers)):
        phone, owner = _phone(row)
        found[owner].append(phone)
    return found


async def count(reader: Reader, client_id: bytes) -> int:
    """How many numbers a client has."""
    n: int = (await reader.fetch_one(_COUNT, client_id))[0]
    return n


async def next_position(tx: Tx, client_id: bytes) -> int:
    """The place behind the client's numbers."""
    position: int = (await tx.fetch_one(_NEXT_POSITION, client_id))[0]
    return position


async def insert(tx: Tx, phone: Phone) -> Phone:
    """Add a number behind the client's others; gives it with its id and position."""
    position = await next_position(tx, phone.client_id)
    values = (phone.client_id, position, phone.number, int(phone.kind), phone.description, phone.for_reminders,
              phone.second_owner, phone.created_at, phone.updated_at)  # fmt: skip
    (ident,) = await tx.fetch_one(_INSERT, *values)
    return Phone(ident, *values)


def update_phone(tx: Tx, phone: Phone) -> None:
    """Write the number's new values."""
    tx.write(
        _UPDATE, phone.client_id, phone.position, phone.number, int(phone.kind), phone.description, phone.for_reminders,
        phone.second_owner, phone.updated_at, phone.id,
    )  # fmt: skip


def delete_phone(tx: Tx, phone_id: int) -> None:
    """Take the number away."""
    tx.write(_DELETE, phone_id)
