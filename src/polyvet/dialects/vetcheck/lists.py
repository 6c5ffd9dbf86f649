# SPDX-License-Identifier: Apache-2.0
"""`GET /handouts`, `/forms`, `/vetforms`, `/programs` and `/species`: lists, with their queries.

A list stands under its resource's name [seed], without a total. Items show what finds them [inferred]; fields that
`$filter` names are added [seed]. `$count` gives the number of items in place of them, whatever `$top` and `$skip` say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from polyvet.core import library_lists
from polyvet.dialects.vetcheck import odata
from polyvet.dialects.vetcheck.accept import JSON, chosen
from polyvet.dialects.vetcheck.wire import encode, to_time
from polyvet.model.filters import Kind
from polyvet.model.library import ContentKind, ListedContent
from polyvet.web.message import Reply, Request
from polyvet.web.routes import Handler


class ItemOut(msgspec.Struct, omit_defaults=True):
    """A piece of content on a list. The last four stand there when the filter names them."""

    id: int
    title: str
    keywords: str
    created_at: str
    updated_at: str
    updated_by: str | None
    country_code: str | msgspec.UnsetType | None = msgspec.UNSET
    species: str | msgspec.UnsetType | None = msgspec.UNSET
    species_id: int | msgspec.UnsetType | None = msgspec.UNSET
    status: str | msgspec.UnsetType | None = msgspec.UNSET


class SpeciesItemOut(msgspec.Struct):
    """A species [inferred]: the code that `species_id` filters by, and the name that `species` does."""

    id: int
    name: str


class CountOut(msgspec.Struct):
    """How many items there are [seed]."""

    count: int


class HandoutsOut(msgspec.Struct):
    """Handouts [seed]."""

    handouts: list[ItemOut]


class FormsOut(msgspec.Struct):
    """Forms [inferred, after handouts]."""

    forms: list[ItemOut]


class VetFormsOut(msgspec.Struct):
    """Vet forms [inferred, after handouts]."""

    vetforms: list[ItemOut]


class ProgramsOut(msgspec.Struct):
    """Programs [inferred, after handouts]."""

    programs: list[ItemOut]


class SpeciesOut(msgspec.Struct):
    """Species [inferred, after handouts]."""

    species: list[SpeciesItemOut]


ENVELOPES: Mapping[ContentKind, Any] = {
    ContentKind.HANDOUT: HandoutsOut,
    ContentKind.FORM: FormsOut,
    ContentKind.VET_FORM: VetFormsOut,
    ContentKind.PROGRAM: ProgramsOut,
}
# The fields of the page's tables [seed]. `id` is ours; `species` of forms stands in the page's prose [inferred].
_EVERYWHERE = {
    "id": Kind.NUMBER,
    "title": Kind.TEXT,
    "keywords": Kind.TEXT,
    "created_at": Kind.INSTANT,
    "updated_at": Kind.INSTANT,
    "updated_by": Kind.TEXT,
}
_COUNTRY, _STATUS = {"country_code": Kind.TEXT}, {"status": Kind.TEXT}
_SPECIES = {"species": Kind.TEXT}
_BOTH_SPECIES = {**_SPECIES, "species_id": Kind.NUMBER}
FIELDS: Mapping[ContentKind, odata.Known] = {
    ContentKind.HANDOUT: {**_EVERYWHERE, **_COUNTRY, **_BOTH_SPECIES},
    ContentKind.FORM: {**_EVERYWHERE, **_COUNTRY, **_SPECIES},
    ContentKind.VET_FORM: {**_EVERYWHERE, **_STATUS, **_SPECIES},
    ContentKind.PROGRAM: {**_EVERYWHERE, **_BOTH_SPECIES},
}
SPECIES_FIELDS: odata.Known = {"id": Kind.NUMBER, "name": Kind.TEXT}


async def list_species(request: Request) -> Reply:
    """`GET /species`: those of everybody and the clinic's own."""
    chosen(request.header(b"accept"), (JSON,))
    asked, ctx = odata.read(request.query(), SPECIES_FIELDS), request.context
    if asked.count:
        return Reply(200, encode(CountOut(await library_lists.count_species(ctx, asked.tree))))
    found = await library_lists.species(ctx, asked.tree, asked.orders, limit=_limit(asked), offset=asked.skip)
    return Reply(200, encode(SpeciesOut([SpeciesItemOut(*one) for one in found])))


def listing(kind: ContentKind) -> Handler:
    """The handler of a kind's list."""
    envelope, known = ENVELOPES[kind], FIELDS[kind]

    async def list_content(request: Request) -> Reply:
        chosen(request.header(b"accept"), (JSON,))
        asked, ctx = odata.read(request.query(), known), request.context
        if asked.count:
            return Reply(200, encode(CountOut(await library_lists.count(ctx, kind, asked.tree))))
        found = await library_lists.content(ctx, kind, asked.tree, asked.orders, limit=_limit(asked), offset=asked.skip)
        return Reply(200, encode(envelope([_item(one, asked.named) for one in found])))

    return list_content


def _limit(asked: odata.Asked) -> int:
    return library_lists.MOST_ITEMS if asked.top is None else asked.top


def _item(one: ListedContent, named: frozenset[str]) -> ItemOut:
    """An item; a filter by species adds its id as well [seed], and one by the id its name [inferred]."""
    unset = msgspec.UNSET
    by_species = not named.isdisjoint(_BOTH_SPECIES)
    return ItemOut(
        one.number,
        one.title,
        one.keywords,
        to_time(one.created_at),
        to_time(one.updated_at),
        one.updated_by,
        one.country_code if "country_code" in named else unset,
        one.species if by_species else unset,
        one.species_id if by_species else unset,
        one.status if "status" in named else unset,
    )
