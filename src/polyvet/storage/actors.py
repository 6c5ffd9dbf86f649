# SPDX-License-Identifier: Apache-2.0
"""Who or what does something at a clinic: its people, keys and applications, whether they may still do something or
not. Logs know them by id; an id is one of any of the three."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Table, literal, select

from polyvet.model.audit_log import USER, Actor
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import api_keys, oauth_applications, users

_AT_ONCE = 50  # ids
_IDS = [f"id_{n}" for n in range(_AT_ONCE)]


class _Kind:
    """The statements of one kind."""

    def __init__(self, table: Table, kind: str) -> None:
        t = table.c
        query = select(t.id, literal(kind), t.name).where(t.clinic_id == p("clinic"))
        made = t.number if table is users else t.id
        self.latest = Statement(query.order_by(made.desc()).limit(p("most")), "clinic most")
        self.named = Statement(query.where(t.id.in_([p(name, t.id.type) for name in _IDS])), f"clinic {' '.join(_IDS)}")


_KINDS = (_Kind(users, USER), _Kind(api_keys, "key"), _Kind(oauth_applications, "application"))


async def latest(reader: Reader, clinic_id: int, most: int) -> list[Actor]:
    """The latest of each kind, so many of each."""
    return [Actor(*row) for kind in _KINDS for row in await reader.fetch(kind.latest, clinic_id, most)]


async def named(reader: Reader, clinic_id: int, idents: Iterable[bytes]) -> dict[bytes, Actor]:
    """Those of the clinic that have these ids."""
    found: dict[bytes, Actor] = {}
    for some in _batches(sorted(set(idents))):
        for kind in _KINDS:
            for row in await reader.fetch(kind.named, clinic_id, *some):
                found[row[0]] = Actor(*row)
    return found


def _batches(idents: list[bytes]) -> Iterator[list[bytes]]:
    """As many ids as the statements take; the last ones are filled up with one that is looked for anyway."""
    for start in range(0, len(idents), _AT_ONCE):
        some = idents[start : start + _AT_ONCE]
        yield some + some[:1] * (_AT_ONCE - len(some))
