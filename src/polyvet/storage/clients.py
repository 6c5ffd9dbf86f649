# SPDX-License-Identifier: Apache-2.0
"""Clients in the store: one clinic's view of them through its connection, its list, and the fragment search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, literal_column, select, text, tuple_, update
from sqlalchemy.dialects.sqlite import JSON as SQLITE_JSON

from polyvet.model import values
from polyvet.model.entities import Client, NewClient, PhoneKind, State
from polyvet.model.paging import Page, Place
from polyvet.storage import offers
from polyvet.storage.counters import bucket, counted
from polyvet.storage.statement import SQLITE, Statement, inserting, p
from polyvet.storage.store import Reader, Store
from polyvet.storage.tables import clients, connections, enrolments, phones
from polyvet.storage.writing import Tx

c = connections.c
_FIRST_PHONE = (
    select(phones.c.number)
    .where(phones.c.client_id == clients.c.id)
    .order_by(phones.c.position)
    .limit(literal_column("1"))
    .scalar_subquery()
)
COLUMNS = (
    clients.c.id,
    c.number,
    c.state,
    clients.c.first_name,
    clients.c.middle_name,
    clients.c.last_name,
    clients.c.email,
    _FIRST_PHONE,
    clients.c.address,
    c.last_visit,
    clients.c.created_at,
    c.updated_at,
    clients.c.organization_name,
)
_WIDTH = len(COLUMNS)
_joined = connections.join(clients, clients.c.id == c.client_id)
_ACTIVE: ColumnElement[int] = literal_column(str(int(State.ACTIVE)))
_here = and_(c.clinic_id == p("clinic"), c.state == _ACTIVE)
_behind = tuple_(c.created_at, c.client_id) < tuple_(p("at", c.created_at.type), p("ident", c.client_id.type))
_newest_first = (c.created_at.desc(), c.client_id.desc())

_GET = Statement(
    select(*COLUMNS).select_from(_joined).where(c.clinic_id == p("clinic"), c.client_id == p("client")),
    "clinic client",
)
_LIST = Statement(
    select(*COLUMNS, counted())
    .select_from(_joined)
    .where(_here, _behind)
    .order_by(*_newest_first)
    .limit(p("limit"))
    .offset(p("offset")),
    "clinic counter at ident limit offset",
)
_TOTAL = Statement(select(counted()), "clinic counter")


async def get(reader: Reader, clinic_id: int, client_id: bytes) -> Client | None:
    """The client as this clinic sees it, in whatever state; None if there is no connection."""
    row = await reader.fetch_one(_GET, clinic_id, client_id)
    return None if row is None else Client(*row)


async def list_by_creation(
    reader: Reader, clinic_id: int, *, limit: int, offset: int = 0, place: Place | None = None
) -> Page[Client]:
    """Active clients, the newest first; with `place`, those behind it."""
    place = place or Place()
    rows = await reader.fetch(_LIST, clinic_id, "clients", place.at, place.ident, limit + 1, offset)
    total = rows[0][_WIDTH] if rows else (await reader.fetch_one(_TOTAL, clinic_id, "clients"))[0]
    return Page([Client(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)


# --- the fragment search --------------------------------------------------------------------------------------
# `search_text` is folded, so both engines compare the same characters. Fragments of three characters and more are
# looked up in a trigram index (SQLite: FTS5; PostgreSQL: pg_trgm, where the server has it). A fragment that many rows
# hold, or a shorter one, is looked for in the clinic's own range of an index that carries the text.

# Beyond this many rows, reading the clinic's texts in order is about as fast.
CANDIDATES = 1_000  # of SQLite's index: rows with all trigrams, in any clinic
HITS = 300  # of PostgreSQL's
SEARCHED_BYTES = 2_400  # of UTF-8; an index that carries the text takes rows of 2,704 bytes in PostgreSQL
_LONGEST_CHARACTER = 4
_TRIGRAM = 3

_fragment = p("fragment", c.search_text.type)
_all = connections.alias("every")  # of the page's total, which depends on no row of the page


def _instr(searched: Any) -> Any:
    return func.instr(searched, _fragment) > literal_column("0")


def _strpos(searched: Any) -> Any:
    return func.strpos(searched, _fragment) > literal_column("0")


def _count(matches: Callable[[Any], Any]) -> Any:
    where = (_all.c.clinic_id == p("clinic"), _all.c.state == _ACTIVE, matches(_all.c.search_text))
    return select(func.count()).select_from(_all).where(*where)


def _page(matches: Callable[[Any], Any]) -> Any:
    """A page, with the total on each row: one question instead of two."""
    query = select(*COLUMNS, _count(matches).scalar_subquery())
    query = query.select_from(_joined).where(_here, _behind, matches(c.search_text))
    return query.order_by(*_newest_first).limit(p("limit")).offset(p("offset"))


_SCAN = Statement(_page(_instr), "clinic at ident fragment limit offset", postgresql=_page(_strpos))
_SCAN_TOTAL = Statement(_count(_instr), "clinic fragment", postgresql=_count(_strpos))
_CANDIDATES = Statement(
    text("SELECT rowid FROM connections_fts WHERE connections_fts MATCH :trigrams LIMIT :most"), "trigrams most"
)
# CROSS JOIN makes SQLite go from the few rows to the table, instead of through the clinic's index looking for them.
_BY_ROW = Statement(
    text(
        "SELECT c.id, c.created_at, c.client_id"
        " FROM json_each(:rows) AS r CROSS JOIN connections AS c ON c.id = r.value"
        " WHERE c.clinic_id = :clinic AND c.state = :state AND instr(c.search_text, :fragment) > 0"
        " ORDER BY c.created_at DESC, c.client_id DESC"
    ),
    "rows clinic state fragment",
)
_rows = func.json_each(p("rows", SQLITE_JSON)).table_valued("value")
_OF_ROWS = Statement(
    select(*COLUMNS).select_from(_joined).where(c.id.in_(select(_rows.c.value))).order_by(*_newest_first), "rows"
)

# PostgreSQL's trigram index serves LIKE alone. A pattern that many rows hold ends after some of them.
_hits = (
    select(c.created_at, c.client_id)
    .where(_here, c.search_text.like(p("pattern", c.search_text.type), escape="\\"))
    .limit(p("most"))
    .cte("hits")
)
_h = _hits.c
_top = (
    select(_h.created_at, _h.client_id)
    .where(tuple_(_h.created_at, _h.client_id) < tuple_(p("at", c.created_at.type), p("ident", c.client_id.type)))
    .order_by(_h.created_at.desc(), _h.client_id.desc())
    .limit(p("limit"))
    .offset(p("offset"))
    .subquery("top")
)
_BY_PATTERN = Statement(
    None,
    "clinic pattern most at ident limit offset",
    postgresql=select(*COLUMNS, select(func.count()).select_from(_hits).scalar_subquery())
    .select_from(
        _top.join(connections, and_(c.client_id == _top.c.client_id, c.clinic_id == p("clinic"))).join(
            clients, clients.c.id == c.client_id
        )
    )
    .order_by(*_newest_first),
)
_TOTAL_BY_PATTERN = Statement(None, "clinic pattern most", postgresql=select(func.count()).select_from(_hits))

# Fragments that many rows hold, and until when that is taken for granted: asking the index first is in vain for them.
_commons: dict[tuple[int, str], float] = {}
_COMMON_S, _MOST_COMMONS = 60.0, 1_000


def _found_common(clinic_id: int, fragment: str) -> None:
    if len(_commons) >= _MOST_COMMONS:
        _commons.clear()
    _commons[clinic_id, fragment] = time.monotonic() + _COMMON_S


async def search(
    store: Store, clinic_id: int, fragment: str, *, limit: int, offset: int = 0, place: Place | None = None
) -> Page[Client]:
    """Active clients whose name, e-mail or phone holds the folded fragment; an exact total. Runs aside."""
    if "\0" in fragment:  # no text holds it, and neither engine takes it in a query
        return Page([], 0, False)

    async def look(reader: Reader) -> Page[Client]:
        if len(fragment) >= _TRIGRAM and _commons.get((clinic_id, fragment), 0.0) < time.monotonic():
            by_index = _from_candidates if store.engine == SQLITE else _by_pattern
            page = await by_index(reader, clinic_id, fragment, limit, offset, place)
            if page is not None:
                return page
            _found_common(clinic_id, fragment)
        return await _scan(reader, clinic_id, fragment, limit, offset, place)

    return await store.aside(look)


async def _scan(
    reader: Reader, clinic_id: int, fragment: str, limit: int, offset: int, place: Place | None
) -> Page[Client]:
    start = place or Place()
    rows = await reader.fetch(_SCAN, clinic_id, start.at, start.ident, fragment, limit + 1, offset)
    if rows:
        total = rows[0][_WIDTH]
    elif place is None and offset == 0:
        total = 0
    else:  # behind the last
        total = (await reader.fetch_one(_SCAN_TOTAL, clinic_id, fragment))[0]
    return Page([Client(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)


async def _by_pattern(
    reader: Reader, clinic_id: int, fragment: str, limit: int, offset: int, place: Place | None
) -> Page[Client] | None:
    """PostgreSQL's way by its index; None if more rows match than are worth it."""
    start, pattern = place or Place(), like_pattern(fragment)
    rows = await reader.fetch(_BY_PATTERN, clinic_id, pattern, HITS + 1, start.at, start.ident, limit + 1, offset)
    if rows:
        total = rows[0][_WIDTH]
    elif place is None and offset == 0:
        total = 0
    else:
        total = (await reader.fetch_one(_TOTAL_BY_PATTERN, clinic_id, pattern, HITS + 1))[0]
    if total > HITS:
        return None
    return Page([Client(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)


async def _from_candidates(
    reader: Reader, clinic_id: int, fragment: str, limit: int, offset: int, place: Place | None
) -> Page[Client] | None:
    """SQLite's way by its index: of the rows with all trigrams, those of this clinic that hold the fragment itself;
    None if there are more of them than are worth it."""
    rows = await reader.fetch(_CANDIDATES, trigrams(fragment), CANDIDATES + 1)
    if len(rows) > CANDIDATES:
        return None
    found = await reader.fetch(_BY_ROW, _numbers(rows), clinic_id, int(State.ACTIVE), fragment)
    rest = found if place is None else [row for row in found if (row[1], row[2]) < (place.at, place.ident)]
    wanted = rest[offset : offset + limit]
    items = [Client(*row) for row in await reader.fetch(_OF_ROWS, _numbers(wanted))] if wanted else []
    return Page(items, len(found), len(rest) > offset + limit)


def _numbers(rows: Any) -> str:
    """The rows' first columns as a JSON array, which a statement takes as one parameter."""
    return msgspec.json.encode([row[0] for row in rows]).decode()


def trigrams(fragment: str) -> str:
    """An FTS5 query for the rows that hold all trigrams of the fragment; each is quoted, so none is an operator."""
    pieces = dict.fromkeys(fragment[i : i + _TRIGRAM] for i in range(len(fragment) - _TRIGRAM + 1))
    return " AND ".join('"' + piece.replace('"', '""') + '"' for piece in pieces)


def like_pattern(fragment: str) -> str:
    r"""The LIKE pattern of a substring in which `%`, `_` and `\` are plain text."""
    return "%" + fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def search_text(client: NewClient | Client, phones: Sequence[str] = ()) -> str:
    """What the fragment search reads: the folded full name, organisation, e-mail and phones, each on its own line.
    `phones` are the numbers beside the client's `phone`.

    The name stands twice when there is a middle name, so that "first last" is found, too. What is longer than
    SEARCHED_BYTES is cut.
    """
    names = [client.first_name, client.middle_name, client.last_name]
    lines = [" ".join(name for name in names if name)]
    if client.middle_name:
        lines.append(f"{client.first_name} {client.last_name}")
    lines += [value for value in (client.organization_name, client.email, client.phone, *phones) if value]
    text = values.fold("\n".join(lines))
    if len(text) * _LONGEST_CHARACTER <= SEARCHED_BYTES:
        return text
    return text.encode()[:SEARCHED_BYTES].decode(errors="ignore")


def folded_names(client: NewClient | Client) -> tuple[str, str, str, str]:
    """The folded first, last and organisation's name and e-mail, by which clients are filtered."""
    texts = (client.first_name, client.last_name, client.organization_name, client.email or "")
    return tuple(map(values.fold, texts))  # type: ignore[return-value]  # four go in


# --- writing --------------------------------------------------------------------------------------------------

_INSERT = inserting(
    clients,
    "id first_name middle_name last_name email address created_at organization_name first_name_folded"
    " last_name_folded organization_name_folded email_folded",
    rank=20,
)
_INSERT_PHONE = inserting(
    phones,
    "client_id position number kind description for_reminders second_owner created_at updated_at",
    rank=30,
)
_INSERT_CONNECTION = inserting(
    connections, "clinic_id client_id state number search_text last_visit created_at updated_at", rank=30
)
_RETEXT = Statement(
    update(connections)
    .where(c.clinic_id == p("clinic"), c.client_id == p("client"))
    .values(search_text=p("new_search_text"), updated_at=p("new_updated_at")),
    "new_search_text new_updated_at clinic client",
    rank=70,
)
_PHONES_OF = Statement(
    select(phones.c.number).where(phones.c.client_id == p("client")).order_by(phones.c.position), "client"
)
_CONNECTED = Statement(select(c.clinic_id, c.state, c.updated_at).where(c.client_id == p("client")), "client")
_TOUCH = Statement(
    update(connections)
    .where(c.clinic_id == p("clinic"), c.client_id == p("client"))
    .values(state=p("new_state"), updated_at=p("new_updated_at")),
    "new_state new_updated_at clinic client",
    rank=70,
)
_STAMP = Statement(select(c.updated_at).where(c.clinic_id == p("clinic"), c.client_id == p("client")), "clinic client")
COUNTED_CLIENTS = {State.ACTIVE: "clients", State.ARCHIVED: "archived clients"}
_PATIENTS_OF = Statement(
    select(enrolments.c.patient_id).where(enrolments.c.clinic_id == p("clinic"), enrolments.c.client_id == p("client")),
    "clinic client",
)


def insert(tx: Tx, client: Client) -> None:
    """Register a client."""
    tx.write(
        _INSERT, client.id, client.first_name, client.middle_name, client.last_name, client.email, client.address,
        client.created_at, client.organization_name, *folded_names(client),
    )  # fmt: skip
    if client.phone is not None:
        at = client.created_at
        tx.write(_INSERT_PHONE, client.id, 0, client.phone, int(PhoneKind.LANDLINE), None, False, False, at, at)


def connect(tx: Tx, clinic_id: int, client: Client, *, stamp: int | None = None, phones: Sequence[str] = ()) -> int:
    """Open the client to a clinic for the first time; gives the client's number there. `phones` are the numbers beside
    the client's `phone`."""
    clinic = tx.clinic(clinic_id)
    clinic.client_seq += 1
    at = tx.stamp(clinic_id) if stamp is None else stamp
    tx.write(
        _INSERT_CONNECTION, clinic_id, client.id, int(State.ACTIVE), clinic.client_seq, search_text(client, phones),
        None, client.created_at, at,
    )  # fmt: skip
    count_client(tx, clinic_id, State.ACTIVE, at, 1)
    tx.event(clinic_id, "created", "client", client.id, at)
    tx.link(clinic_id, client.id, int(State.ACTIVE), clinic.client_seq)
    return clinic.client_seq


async def patients_of(reader: Reader, clinic_id: int, client_id: bytes) -> list[bytes]:
    """The client's patients that were ever enrolled at the clinic, in whatever state."""
    return [row[0] for row in await reader.fetch(_PATIENTS_OF, clinic_id, client_id)]


def count_client(tx: Tx, clinic_id: int, state: int, updated_at: int, by: int) -> None:
    """Move every counter that counts the client by one client."""
    if state in COUNTED_CLIENTS:
        tx.count(clinic_id, COUNTED_CLIENTS[State(state)], by)
        tx.count(clinic_id, f"{COUNTED_CLIENTS[State(state)]} updated", by, bucket=bucket(updated_at))


async def touch_everywhere(tx: Tx, client: Client) -> dict[int, int]:
    """Stamp a client whose values or phone numbers have changed at each clinic that it is open to; gives the stamps."""
    searched = search_text(msgspec.structs.replace(client, phone=None), await phone_numbers(tx, client.id))
    stamps: dict[int, int] = {}
    for clinic_id, state, updated_at in await tx.fetch(_CONNECTED, client.id):
        stamp = updated_at
        if state != State.HIDDEN:  # nothing is told to a clinic that was disconnected
            stamps[clinic_id] = stamp = tx.stamp(clinic_id)
            count_client(tx, clinic_id, state, updated_at, -1)
            count_client(tx, clinic_id, state, stamp, 1)
            tx.event(clinic_id, "updated", "client", client.id, stamp)
        tx.write(_RETEXT, searched, stamp, clinic_id, client.id)
    return stamps


async def phone_numbers(reader: Reader, client_id: bytes) -> list[str]:
    """A client's phone numbers, the first first."""
    return [row[0] for row in await reader.fetch(_PHONES_OF, client_id)]


async def set_state(tx: Tx, clinic_id: int, client_id: bytes, *, old: int, new: State, kind: str) -> None:
    """Archive, hide or bring back the client at one clinic."""
    stamp = tx.stamp(clinic_id)
    (before,) = await tx.fetch_one(_STAMP, clinic_id, client_id)
    count_client(tx, clinic_id, old, before, -1)
    count_client(tx, clinic_id, new, stamp, 1)
    tx.write(_TOUCH, int(new), stamp, clinic_id, client_id)
    for link in tx.links(client_id):
        if link.clinic_id == clinic_id:
            tx.link(clinic_id, client_id, int(new), link.number)
    offers.share(tx, client_id)
    tx.event(clinic_id, kind, "client", client_id, stamp)
