# SPDX-License-Identifier: Apache-2.0
"""Requests of the last days, and when keys and applications were last used.

A page looks at so many rows of its range at the most, since what it looks for may be rare: then it says how far it has
come, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import astuple
from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from polyvet.model.paging import LATEST
from polyvet.model.requests import UNKEPT, Asked, Credential, Wanted
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import INSTANT, api_keys, oauth_applications, requests
from polyvet.storage.writing import Tx

LOOKS = (1_000, 20_000)  # rows that are looked at for a page: most often the first are enough
_HIGHEST_STATUS = 999

r = requests.c
_COLUMNS = tuple(r[name] for name in Asked.__struct_fields__)
_PLACE = "clinic since before_at before_id look"
_ADD = inserting(requests, " ".join(Asked.__struct_fields__), rank=96)
_range = (
    select(*_COLUMNS)
    .where(
        r.clinic_id == p("clinic"),
        r.at >= p("since"),
        r.at <= p("before_at"),
        or_(r.at < p("before_at"), r.request_id < p("before_id")),
    )
    .order_by(r.at.desc(), r.request_id.desc())
    .limit(p("look"))
)
_NEWEST = Statement(_range, _PLACE)
_looked = _range.subquery()
_w = _looked.c
_unkept = _w.status == literal_column(str(UNKEPT))
_SOME = Statement(
    select(*_looked.columns)
    .where(
        or_(
            _unkept,
            and_(
                _w.status.between(p("lowest"), p("highest")),
                _w.method == func.coalesce(p("method"), _w.method),
                _w.dialect == func.coalesce(p("dialect"), _w.dialect),
                _w.dialect != p("without"),
                or_(p("any_key", INSTANT) == literal_column("1"), _w.key_id == p("key")),
                func.substr(_w.path, literal_column("1"), func.length(p("path"))) == p("path"),
                _w.request_id == func.coalesce(p("request_id"), _w.request_id),
            ),
        )
    )
    .order_by(_w.at.desc(), _w.request_id.desc())
    .limit(p("most")),
    f"{_PLACE} lowest highest method dialect without any_key key path request_id most",
)
_END = Statement(select(func.min(_w.at), func.count()).select_from(_looked), _PLACE)
_old = select(r.clinic_id, r.at, r.request_id).where(r.at < p("before")).order_by(r.at).limit(p("most"))
_removing = delete(requests).returning(r.at)
_KEY = tuple_(r.clinic_id, r.at, r.request_id)
_REMOVE = Statement(
    _removing.where(_KEY.in_(_old)),
    "before most",
    # Several processes do this chore; each takes the rows that no other is at.
    postgresql=_removing.where(_KEY.in_(_old.with_for_update(skip_locked=True))),
)


def _used(table: Table) -> Statement:
    used = table.c.last_used_at
    return Statement(
        update(table)
        .where(table.c.id == p("credential"), func.coalesce(used, literal_column("0")) < p("at", INSTANT))
        .values(last_used_at=p("at", INSTANT)),
        "at credential",
        rank=97,
    )


_USED_KEY, _USED_APPLICATION = _used(api_keys), _used(oauth_applications)
_KINDS = ((api_keys, api_keys.c.shown), (oauth_applications, oauth_applications.c.client_id))


def _credentials(table: Table, shown: ColumnElement[str]) -> Select[Any]:
    t = table.c
    return select(t.id, t.dialect, t.name, shown.label("shown"), t.revoked_at).where(t.clinic_id == p("clinic"))


def _latest(table: Table, shown: ColumnElement[str]) -> Select[Any]:
    return _credentials(table, shown).order_by(table.c.id.desc()).limit(p("most")).subquery().select()


_LATEST = Statement(union_all(*(_latest(*kind) for kind in _KINDS)), "clinic most")
_CREDENTIAL = Statement(
    union_all(*(_credentials(*kind).where(kind[0].c.id == p("credential")) for kind in _KINDS)), "clinic credential"
)


class Found(msgspec.Struct, frozen=True):
    """A page of a list: its rows, and the place after which the next one begins, as (instant, request id); None when
    there is nothing more. `looked_until` is set when rows beyond that instant were not looked at."""

    rows: list[Asked]
    after: tuple[int, str] | None = None
    looked_until: int | None = None


def add(tx: Tx, rows: Iterable[Asked]) -> None:
    """Keep some requests."""
    for row in rows:
        tx.write(_ADD, *astuple(row))


def used(tx: Tx, credential_id: bytes, at: int, *, application: bool) -> None:
    """Note when a key or an application was last used, unless a later use is noted already."""
    tx.write(_USED_APPLICATION if application else _USED_KEY, at, credential_id)


async def listed(reader: Reader, clinic_id: int, wanted: Wanted, before: tuple[int, str] | None, most: int) -> Found:
    """Up to `most` requests of a clinic, or of NOBODYS, the newest first; those after `before`, if it is given."""
    until = LATEST if wanted.until is None else wanted.until
    place = (clinic_id, wanted.since or 0, *(before if before is not None and before[0] < until else (until, "")))
    if wanted.anything:
        return _page([Asked(*row) for row in await reader.fetch(_NEWEST, *place, most + 1)], most)
    rows: list[Asked] = []
    for look in LOOKS:
        rows = [Asked(*row) for row in await reader.fetch(_SOME, *place, look, *_arguments(wanted), most + 1)]
        if len(rows) > most:
            return _page(rows, most)
    end, looked = await reader.fetch_one(_END, *place, LOOKS[-1])
    return Found(rows, (end, ""), end) if looked == LOOKS[-1] else Found(rows)


def _page(rows: list[Asked], most: int) -> Found:
    last = rows[most - 1] if len(rows) > most else None
    return Found(rows[:most], None if last is None else (last.at, last.request_id))


def _arguments(wanted: Wanted) -> tuple[object, ...]:
    return (
        *(wanted.status or (0, _HIGHEST_STATUS)), wanted.method, wanted.dialect, wanted.without or "",
        int(wanted.key_id is None), wanted.key_id, wanted.path or "", wanted.request_id,
    )  # fmt: skip


async def credentials(reader: Reader, clinic_id: int, most: int) -> list[Credential]:
    """The latest of a clinic's keys, and of its applications, so many of each."""
    return [_credential(row) for row in await reader.fetch(_LATEST, clinic_id, most)]


async def credential(reader: Reader, clinic_id: int, ident: bytes) -> Credential | None:
    """One of all that there are."""
    row = await reader.fetch_one(_CREDENTIAL, clinic_id, ident)
    return None if row is None else _credential(row)


def _credential(row: Any) -> Credential:
    ident, dialect, name, shown, revoked_at = row
    return Credential(ident, dialect, name, shown, revoked_at is not None)


async def remove_before(tx: Tx, before: int, most: int) -> int:
    """Take some of the oldest requests away that were answered before an instant; gives how many."""
    return len(await tx.fetch(_REMOVE, before, most))
