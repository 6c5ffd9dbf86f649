# SPDX-License-Identifier: Apache-2.0
"""Content in the store: everybody's, and each clinic's own. Lists are read by library_lists.py."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from sqlalchemy import select, update

from polyvet.model.details import from_json, to_json
from polyvet.model.library import EVERYBODY, OWN_FROM, Content, ContentDetails, ContentKind, LoadedFrom
from polyvet.storage import numbers
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import content
from polyvet.storage.writing import Tx

c = content.c
COLUMNS = tuple(c[name] for name in Content.__struct_fields__)
_CASES = "title_lower title_upper keywords_lower keywords_upper"
_NAMES = " ".join((*Content.__struct_fields__, *_CASES.split()))
_CHANGING = [name for name in _NAMES.split() if name not in ("id", "clinic_id", "kind", "number", "created_at")]
# The numbers of a clinic's own content, as `numbers` counts them; from OWN_FROM on.
NUMBERED = {kind: f"content {kind.name.lower()}" for kind in ContentKind}

_BY_NUMBER = Statement(
    select(*COLUMNS).where(c.clinic_id == p("clinic"), c.kind == p("kind"), c.number == p("number")),
    "clinic kind number",
)
_BY_ID = Statement(select(*COLUMNS).where(c.id == p("content")), "content")
_LOADED = Statement(
    select(c.kind, c.number, c.slug, c.details).where(c.clinic_id == p("clinic"), c.slug != "").order_by(c.number),
    "clinic",
)
_ADD = inserting(content, _NAMES, rank=45)
_UPDATE = Statement(
    update(content).where(c.id == p("row")).values({name: p(f"new_{name}") for name in _CHANGING}),
    " ".join(f"new_{name}" for name in _CHANGING) + " row",
    rank=70,
)


def content_of(row: Any) -> Content:
    """Content of a row of COLUMNS."""
    return replace(Content(*row), details=from_json(ContentDetails, row[-1]))


async def get(reader: Reader, clinic_id: int, kind: ContentKind, number: int) -> Content | None:
    """What has this number for a clinic: everybody's, or its own."""
    owner = EVERYBODY if number < OWN_FROM else clinic_id
    row = await reader.fetch_one(_BY_NUMBER, owner, int(kind), number)
    return None if row is None else content_of(row)


async def by_id(reader: Reader, content_id: bytes) -> Content | None:
    """Content of any clinic."""
    row = await reader.fetch_one(_BY_ID, content_id)
    return None if row is None else content_of(row)


async def loaded(reader: Reader, clinic_id: int) -> list[LoadedFrom]:
    """The files that a clinic's content was loaded from, or everybody's."""
    rows = await reader.fetch(_LOADED, clinic_id)
    return [
        LoadedFrom(ContentKind(kind), number, slug, from_json(ContentDetails, details).source_hash)
        for kind, number, slug, details in rows
    ]


async def add(tx: Tx, item: Content) -> Content:
    """Add content; a clinic's own, at a clinic that the transaction holds, gets a number."""
    if item.clinic_id != EVERYBODY:
        number = await numbers.take(tx, item.clinic_id, NUMBERED[ContentKind(item.kind)])
        item = replace(item, number=OWN_FROM - 1 + number)
    kept = _kept(item)
    tx.write(_ADD, *(kept[name] for name in _NAMES.split()))
    return item


def save(tx: Tx, item: Content) -> None:
    """Write content anew."""
    kept = _kept(item)
    tx.write(_UPDATE, *(kept[name] for name in _CHANGING), item.id)


def _kept(item: Content) -> dict[str, Any]:
    """The columns' values."""
    found = {name: getattr(item, name) for name in Content.__struct_fields__}
    for name in ("title", "keywords"):
        found |= {f"{name}_lower": found[name].lower(), f"{name}_upper": found[name].upper()}
    return {**found, "details": to_json(item.details)}
