# SPDX-License-Identifier: Apache-2.0
"""Who or what does something at a clinic: its people, keys and applications, whether they may still do something or
not. Logs know them by id; an id is one of any of the three."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Select, Table, literal, literal_column, select, union_all

from polyvet.model.audit_log import USER, Actor
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import api_keys, oauth_applications, users

_AT_ONCE = 50  # ids
_IDS = [f"id_{n}" for n in range(_AT_ONCE)]


_WHO = ((users, USER), (api_keys, "key"), (oauth_applications, "application"))


def _kind(table: Table, kind: str) -> Select[Any]:
    return select(table.c.id, literal(kind), table.c.name)


def _latest(table: Table, kind: str) -> Select[Any]:
    made = table.c.number if table is users else table.c.id
    query = _kind(table, kind).where(table.c.clinic_id == p("clinic")).order_by(made.desc()).limit(p("most"))
    return query.subquery().select()


def _named(table: Table, kind: str) -> Select[Any]:
    """The clinic stands as an expression, since SQLite would rather read all that the clinic has."""
    here = table.c.clinic_id + literal_column("0") == p("clinic")
    return _kind(table, kind).where(here, table.c.id.in_([p(name, table.c.id.type) for name in _IDS]))


_LATEST = Statement(union_all(*(_latest(*who) for who in _WHO)), "clinic most")
_NAMED = Statement(union_all(*(_named(*who) for who in _WHO)), f"clinic {' '.join(_IDS)}")


async def latest(reader: Reader, clinic_id: int, most: int) -> list[Actor]:
    """The latest of each kind, so many of each."""
    return [Actor(*row) for row in await reader.fetch(_LATEST, clinic_id, most)]


async def named(reader: Reader, clinic_id: int, idents: Iterable[bytes]) -> list[Actor]:
    """Those of the clinic that have these ids."""
    batches = _batches(sorted(set(idents)))
    return [Actor(*row) for some in batches for row in await reader.fetch(_NAMED, clinic_id, *some)]


def _batches(idents: list[bytes]) -> Iterator[list[bytes]]:
    """As many ids as the statements take; the last ones are filled up with one that is looked for anyway."""
    for start in range(0, len(idents), _AT_ONCE):
        some = idents[start : start + _AT_ONCE]
        yield some + some[:1] * (_AT_ONCE - len(some))
