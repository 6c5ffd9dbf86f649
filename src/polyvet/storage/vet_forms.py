# SPDX-License-Identifier: Apache-2.0
"""Vet forms in the store: what can be begun, what a clinic has begun, and what waits for too long."""

from __future__ import annotations

from sqlalchemy import literal_column, select

from polyvet.model.library import EVERYBODY, Content, ContentKind, FormStatus, LibraryRole
from polyvet.storage.library import COLUMNS, c, content_of
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader

_vet_form = c.kind == literal_column(str(int(ContentKind.VET_FORM)))
_opened = c.role.in_([literal_column(f"'{LibraryRole.FREE}'"), p("role")])  # what is free is open to every role
_TEMPLATES = Statement(
    select(*COLUMNS)
    .where(c.clinic_id.in_([literal_column(str(EVERYBODY)), p("clinic")]), _vet_form, _opened, c.status.is_(None))
    .order_by(c.title, c.number),
    "clinic role",
)
_BEGUN = Statement(
    select(*COLUMNS)
    .where(c.clinic_id == p("clinic"), _vet_form, _opened, c.number < p("before"), c.status.is_not(None))
    .order_by(c.number.desc())
    .limit(p("limit")),
    "clinic role before limit",
)
# The status stands in the statement itself: the index is of these rows only.
_WAITING = Statement(
    select(c.clinic_id, c.number)
    .where(c.status == literal_column(f"'{FormStatus.INCOMPLETE}'"), c.created_at < p("before"))
    .order_by(c.created_at)
    .limit(p("limit")),
    "before limit",
)


async def templates(reader: Reader, clinic_id: int, role: str) -> list[Content]:
    """What a role can begin at a clinic: everybody's vet forms and its own, by title."""
    return [content_of(row) for row in await reader.fetch(_TEMPLATES, clinic_id, role)]


async def begun(reader: Reader, clinic_id: int, role: str, before: int, limit: int) -> list[Content]:
    """A clinic's vet forms with lower numbers than `before` that were begun and a role may see, the latest first."""
    return [content_of(row) for row in await reader.fetch(_BEGUN, clinic_id, role, before, limit)]


async def waiting(reader: Reader, before: int, limit: int) -> list[tuple[int, int]]:
    """Clinics and numbers of vet forms that were begun before and neither finished nor reminded of."""
    return [(row[0], row[1]) for row in await reader.fetch(_WAITING, before, limit)]
