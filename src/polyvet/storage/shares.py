# SPDX-License-Identifier: Apache-2.0
"""Shares in the store, the links that lead to them, and what was filled in."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import and_, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from polyvet.model.entities import State
from polyvet.model.library import ListedShare, Share, Submission
from polyvet.storage import numbers
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import content, enrolments, patients, share_links, shares, submissions
from polyvet.storage.writing import Tx

NUMBERED = "share"  # the numbers of shares, as `numbers` counts them
s, u = shares.c, submissions.c
_NAMES = Share.__struct_fields__
COLUMNS = tuple(s[name] for name in _NAMES)
_WIDTH = len(COLUMNS)
_CHANGING = "name email patient_id record_id updated_at expires_at revoked_at"
_SUBMISSION = Submission.__struct_fields__

_ADD = inserting(shares, " ".join(_NAMES), rank=50)
_ADD_LINK = inserting(share_links, "token_hash share_id created_at", rank=55)
_UPDATE = Statement(
    update(shares).where(s.id == p("row")).values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    " ".join(f"new_{name}" for name in _CHANGING.split()) + " row",
    rank=70,
)
_BY_TOKEN = Statement(
    select(*COLUMNS)
    .select_from(shares.join(share_links, share_links.c.share_id == s.id))
    .where(share_links.c.token_hash == p("token_hash")),
    "token_hash",
)
_BY_NUMBER = Statement(select(*COLUMNS).where(s.clinic_id == p("clinic"), s.number == p("number")), "clinic number")
_GET = Statement(select(*COLUMNS).where(s.id == p("share")), "share")
_parent = shares.alias("parent")
_seen = and_(
    enrolments.c.clinic_id == s.clinic_id, enrolments.c.patient_id == s.patient_id,
    enrolments.c.state <= literal_column(str(int(State.ARCHIVED))),
)  # fmt: skip
_LATEST = Statement(
    select(*COLUMNS, content.c.kind, content.c.title, patients.c.name, _parent.c.number, u.saved_at, u.submitted_at)
    .select_from(
        shares.join(content, content.c.id == s.content_id)
        .outerjoin(enrolments, _seen)
        .outerjoin(patients, patients.c.id == enrolments.c.patient_id)
        .outerjoin(_parent, _parent.c.id == s.parent_id)
        .outerjoin(submissions, u.subject_id == s.id)
    )
    .where(s.clinic_id == p("clinic"), s.number < p("before"))
    .order_by(s.number.desc())
    .limit(p("limit")),
    "clinic before limit",
)
_SUBMITTED = Statement(select(*(u[name] for name in _SUBMISSION)).where(u.subject_id == p("subject")), "subject")
_given = {name: p(name) for name in _SUBMISSION}
_again = {name: p(name) for name in ("answers", "shown", "saved_at", "submitted_at")}
_SAVE_SUBMISSION = Statement(
    sqlite.insert(submissions).values(_given).on_conflict_do_update(index_elements=["subject_id"], set_=_again),
    " ".join(_SUBMISSION),
    postgresql=postgresql.insert(submissions)
    .values(_given)
    .on_conflict_do_update(index_elements=["subject_id"], set_=_again),
    rank=72,
)


def share_of(row: Any) -> Share:
    """A share of a row of COLUMNS."""
    share = Share(*row)
    return replace(share, prefill=msgspec.json.decode(str(share.prefill), type=dict[str, str]))


async def add(tx: Tx, share: Share) -> Share:
    """Add a share of a clinic that the transaction holds; gives it with its number."""
    share = replace(share, number=await numbers.take(tx, share.clinic_id, NUMBERED))
    kept = replace(share, prefill=_json(share.prefill))
    tx.write(_ADD, *msgspec.structs.astuple(kept))
    return share


def add_link(tx: Tx, share_id: bytes, token_hash: bytes, at: int) -> None:
    """Let a token, of which this is the SHA-256, lead to a share."""
    tx.write(_ADD_LINK, token_hash, share_id, at)


def save(tx: Tx, share: Share) -> None:
    """Write what may change of a share."""
    tx.write(_UPDATE, *(getattr(share, name) for name in _CHANGING.split()), share.id)


async def get(reader: Reader, share_id: bytes) -> Share | None:
    """One share of any clinic."""
    row = await reader.fetch_one(_GET, share_id)
    return None if row is None else share_of(row)


async def by_token(reader: Reader, token_hash: bytes) -> Share | None:
    """The share that a link leads to, whether it stands or not."""
    row = await reader.fetch_one(_BY_TOKEN, token_hash)
    return None if row is None else share_of(row)


async def by_number(reader: Reader, clinic_id: int, number: int) -> Share | None:
    """A clinic's share."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else share_of(row)


async def latest(reader: Reader, clinic_id: int, before: int, limit: int) -> list[ListedShare]:
    """A clinic's shares with lower numbers than `before`, the latest first."""
    rows = await reader.fetch(_LATEST, clinic_id, before, limit)
    return [ListedShare(share_of(row[:_WIDTH]), *row[_WIDTH:]) for row in rows]


async def submission(reader: Reader, subject_id: bytes) -> Submission | None:
    """What was filled in of a share or a vet form."""
    row = await reader.fetch_one(_SUBMITTED, subject_id)
    if row is None:
        return None
    found = Submission(*row)
    return replace(found, answers=msgspec.json.decode(str(found.answers), type=dict[str, str]))


def save_submission(tx: Tx, filled: Submission) -> None:
    """Write what was filled in, in place of what was there."""
    kept = replace(filled, answers=_json(filled.answers))
    tx.write(_SAVE_SUBMISSION, *msgspec.structs.astuple(kept))


def _json(texts: dict[str, str]) -> str:
    return msgspec.json.encode(texts).decode()
