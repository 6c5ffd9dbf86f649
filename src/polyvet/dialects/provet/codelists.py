# SPDX-License-Identifier: Apache-2.0
"""`codelist/…/` and `department/`: what other resources point to.

An entry's `id` is the value to write [seed]; its other keys are [inferred]. The shared entries come first, then the
clinic's own. A breed hangs on a species. Lists leave out what the clinic has switched off; by its id it is still told,
since rows point to it [inferred].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from polyvet.core import code_entries, departments
from polyvet.core.context import Context
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.entities import Breed, CodeList, Species
from polyvet.model.errors import Missing
from polyvet.web.message import Reply, Request

Animal = TypeVar("Animal", Species, Breed)
DIAGNOSES, INSURERS = "codelist/diagnoses", "codelist/insurancecompanies"


class EntryOut(msgspec.Struct, omit_defaults=True):
    """An entry of a code list; `species` stands on breeds."""

    id: int
    url: str
    label: str
    is_active: bool
    species: int | msgspec.UnsetType = msgspec.UNSET


class DepartmentOut(msgspec.Struct):
    """A department [client]."""

    id: int
    url: str
    name: str
    active_item_list: str | None


class Codelists:
    """The lists."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_species(self, request: Request) -> Reply:
        """Species by code."""
        return self._listed(request, await _species(request.context), "codelist/species")

    async def get_species(self, request: Request) -> Reply:
        """One species."""
        return self._one(request, await _species(request.context), "codelist/species")

    async def list_breeds(self, request: Request) -> Reply:
        """Breeds by code; `species` narrows them [inferred]."""
        query = request.query()
        wanted = query.get("species__is") or query.get("species")
        rows = [row for row in await _breeds(request.context) if wanted is None or str(row[2]) == wanted]
        return self._listed(request, rows, "codelist/breeds", known=("species", "species__is"))

    async def get_breed(self, request: Request) -> Reply:
        """One breed."""
        return self._one(request, await _breeds(request.context), "codelist/breeds")

    async def list_diagnoses(self, request: Request) -> Reply:
        """Diagnoses by code."""
        return self._listed(request, await _entries(request.context, CodeList.DIAGNOSES), DIAGNOSES)

    async def get_diagnosis(self, request: Request) -> Reply:
        """One diagnosis."""
        return self._one(request, await _entries(request.context, CodeList.DIAGNOSES), DIAGNOSES)

    async def list_insurers(self, request: Request) -> Reply:
        """Insurance companies by code: all are the clinic's own."""
        return self._listed(request, await _entries(request.context, CodeList.INSURERS), INSURERS)

    async def get_insurer(self, request: Request) -> Reply:
        """One insurance company."""
        return self._one(request, await _entries(request.context, CodeList.INSURERS), INSURERS)

    async def list_departments(self, request: Request) -> Reply:
        """The clinic's departments."""
        urls = self._asking.urls(request)
        found = [(number, name, None) for number, name in (await departments.of_clinic(request.context)).items()]
        return self._page(request, found, lambda row: department_out(urls, row[0], row[1]))

    async def get_department(self, request: Request) -> Reply:
        """One department."""
        number, shown = named(request, "department")
        name = (await departments.of_clinic(request.context)).get(number)
        if name is None:
            raise Missing("department", shown)
        return Reply(200, encode(department_out(self._asking.urls(request), number, name)))

    def _listed(self, request: Request, rows: Sequence[Any], path: str, known: tuple[str, ...] = ()) -> Reply:
        urls = self._asking.urls(request)
        active = [row for row in rows if row[3]]
        return self._page(request, active, lambda row: _entry(urls, path, row), known)

    def _page(
        self, request: Request, rows: Sequence[Any], out: Callable[[Any], Any], known: tuple[str, ...] = ()
    ) -> Reply:
        paging = self._asking.unfiltered(request, known)
        page = paging.window(rows)
        return Reply(200, encode(paging.listed(page, [out(row) for row in page.items])))

    def _one(self, request: Request, rows: Sequence[Any], path: str) -> Reply:
        number, shown = named(request, path)
        for row in rows:
            if row[0] == number:
                return Reply(200, encode(_entry(self._asking.urls(request), path, row)))
        raise Missing(path, shown)


Row = tuple[int, str, int | None, bool]  # code, name, a breed's species, whether it can be chosen


async def _species(ctx: Context) -> list[Row]:
    """Read anew: clinics add entries, in other processes too."""
    await ctx.codelists.load(ctx.reader)
    return [(one.id, one.name, None, one.active) for one in _seen(ctx, ctx.codelists.species.values())]


async def _breeds(ctx: Context) -> list[Row]:
    await ctx.codelists.load(ctx.reader)
    return [(one.id, one.name, one.species_id, one.active) for one in _seen(ctx, ctx.codelists.breeds.values())]


def _seen(ctx: Context, entries: Iterable[Animal]) -> list[Animal]:
    """The shared ones, then the clinic's own, each by code."""
    ours = [one for one in entries if one.clinic_id in (None, ctx.clinic_id)]
    return sorted(ours, key=lambda one: (one.clinic_id is not None, one.id))


async def _entries(ctx: Context, name: CodeList) -> list[Row]:
    return [(one.id, one.name, None, one.active) for one in await code_entries.entries(ctx, name)]


def _entry(urls: Urls, path: str, row: Row) -> EntryOut:
    number, label, species, active = row
    return EntryOut(number, urls.of(path, number), label, active, msgspec.UNSET if species is None else species)


def department_out(urls: Urls, number: int, name: str) -> DepartmentOut:
    """A department on the wire."""
    return DepartmentOut(number, urls.of("department", number), name, None)


EntriesAnswer = Listed[EntryOut]
DepartmentsAnswer = Listed[DepartmentOut]
