# SPDX-License-Identifier: Apache-2.0
"""Loading a library from files: the one that comes with the program, and clinics' own.

An item is known by its kind and its file's name, in the program's library by its number. What was loaded from an equal
file before is left alone, whatever a clinic has made of it since; what has no file any more stays. All is written in
one transaction, or nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from polyvet.core import rendering
from polyvet.core.codelists import Codelists
from polyvet.core.library import ENTITY
from polyvet.core.library_sources import MOST_PROBLEMS, LibraryError, Source, read_folder
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.library import EVERYBODY, Content, ContentDetails, ContentKind, LoadedFrom
from polyvet.storage import library as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

STARTER = Path(__file__).parent.parent / "library"
Progress = Callable[[str, int, int], None]
_STEP = "Preparing files"
_Known = dict[tuple[ContentKind, str | int], LoadedFrom]


class Loaded(msgspec.Struct, frozen=True):
    """What came of it, by the files' names; `without_file` is how many items were loaded from files that are gone."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    without_file: int


class _Ready(msgspec.Struct, frozen=True):
    """An item that is new or has changed, as it is to be written."""

    source: Source
    columns: dict[str, Any]


async def load(
    store: Store, clinic_id: int, folder: Path, progress: Progress = lambda _what, _done, _of: None, *,
    write: bool = True,
) -> Loaded:  # fmt: skip
    """Bring a clinic's library, or everybody's, to what a folder holds; `write=False` only tells what that would be.
    `progress` is told of items made ready. LibraryError with all that is wrong, and then nothing has changed."""
    sources = await asyncio.to_thread(read_folder, folder, numbered=clinic_id == EVERYBODY)
    known = _by_key(clinic_id, await stored.loaded(store.reader, clinic_id))
    if clinic_id != EVERYBODY:
        sources = [replace(one, number=None) for one in sources]
    changed = [one for one in sources if not _is_loaded(one, known)]
    ready = await _prepared(store, clinic_id, changed, progress)
    if ready and write:
        touching = Touching() if clinic_id == EVERYBODY else Touching(clinics=(clinic_id,))
        known = await store.write(touching, lambda tx: _write(tx, clinic_id, ready))
    return _told(sources, known)


async def load_starter(store: Store) -> Loaded:
    """Bring everybody's library to what comes with the program. Several processes may do it at once: who comes second
    finds the work done. Where nothing has changed it takes a few milliseconds."""
    return await load(store, EVERYBODY, STARTER)


def _key(source: Source) -> tuple[ContentKind, str | int]:
    return source.kind, source.slug if source.number is None else source.number


def _by_key(clinic_id: int, found: list[LoadedFrom]) -> _Known:
    return {(one.kind, one.number if clinic_id == EVERYBODY else one.slug): one for one in found}


def _is_loaded(source: Source, known: _Known) -> bool:
    there = known.get(_key(source))
    return there is not None and there.hash == source.hash


def _told(sources: list[Source], known: _Known) -> Loaded:
    """What was done, or would be, by what was known before."""
    return Loaded(
        added=tuple(one.name for one in sources if _key(one) not in known),
        changed=tuple(one.name for one in sources if _key(one) in known and not _is_loaded(one, known)),
        unchanged=tuple(one.name for one in sources if _is_loaded(one, known)),
        without_file=len(known.keys() - {_key(one) for one in sources}),
    )


async def _prepared(store: Store, clinic_id: int, sources: list[Source], progress: Progress) -> list[_Ready]:
    """The columns of items, whose texts are made in a thread; no transaction waits for them."""
    if not sources:
        return []
    codelists = Codelists()
    await codelists.load(store.reader)
    problems: list[str] = []
    ready: list[_Ready] = []
    for done, source in enumerate(sources, 1):
        species = None if source.species is None else codelists.find_species(source.species, clinic_id)
        if source.species is not None and species is None:
            problems.append(f"{source.at('species')}: {source.species} is no species of the record")
        try:
            html, markdown, plain = await asyncio.to_thread(_forms_of, source)
        except Invalid as error:
            problems.append(f"{source.name}: the text {error.problems[rendering.FIELD]}")
            continue
        columns = {
            "slug": source.slug, "title": source.title, "keywords": source.keywords, "role": source.role,
            "country_code": source.country, "species_id": None if species is None else species.id, "html": html,
            "markdown": markdown, "plain": plain, "updated_by": None,
        }  # fmt: skip
        ready.append(_Ready(source, columns))
        progress(_STEP, done, len(sources))
    if problems:
        raise LibraryError(problems[:MOST_PROBLEMS])
    return ready


def _forms_of(source: Source) -> tuple[str, str, str]:
    return rendering.forms_of(rendering.from_markdown(source.text) if source.is_markdown else source.text)


async def _write(tx: Tx, clinic_id: int, ready: list[_Ready]) -> _Known:
    """Add and change; gives what was there before, as the transaction found it."""
    known = _by_key(clinic_id, await stored.loaded(tx, clinic_id))
    for one in ready:
        if _is_loaded(one.source, known):
            continue
        there = known.get(_key(one.source))
        if there is None:
            await _add(tx, clinic_id, one)
        else:
            await _change(tx, clinic_id, there, one)
    return known


async def _add(tx: Tx, clinic_id: int, one: _Ready) -> None:
    stamp = values.now() if clinic_id == EVERYBODY else tx.stamp(clinic_id)
    at = min(values.now(), stamp)
    item = await stored.add(
        tx,
        Content(
            id=values.new_id(at), clinic_id=clinic_id, kind=int(one.source.kind), number=one.source.number or 0,
            breed_id=None, location_id=None, status=None, patient_id=None, created_at=at, updated_at=stamp,
            details=_details(ContentDetails(), one.source), **one.columns,
        ),
    )  # fmt: skip
    if clinic_id != EVERYBODY:
        tx.event(clinic_id, "created", ENTITY, item.id, stamp)


async def _change(tx: Tx, clinic_id: int, there: LoadedFrom, one: _Ready) -> None:
    old = await stored.get(tx, clinic_id, there.kind, there.number)
    assert old is not None  # noqa: S101, it was read in this transaction, and nothing is taken away
    stamp = values.now() if clinic_id == EVERYBODY else tx.stamp(clinic_id)
    stored.save(tx, replace(old, updated_at=stamp, details=_details(old.details, one.source), **one.columns))
    if clinic_id != EVERYBODY:
        tx.event(clinic_id, "updated", ENTITY, old.id, stamp)


def _details(old: ContentDetails, source: Source) -> ContentDetails:
    return replace(old, source_hash=source.hash, record=source.record, owner_copy=source.owner_copy)
