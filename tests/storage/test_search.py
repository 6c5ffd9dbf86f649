# SPDX-License-Identifier: Apache-2.0
"""The fragment search against Python's `in`, on both engines."""

from __future__ import annotations

import itertools
import random

import pytest

from polyvet.model import values
from polyvet.model.entities import State
from polyvet.model.paging import Place
from polyvet.storage import clients
from polyvet.storage.store import Store
from tests.storage.world import World, run, world

NAMES = (
    ("İnci", "Yılmaz", "inci@örnek.example", "+90 532 100_20"),
    ("Jürgen", "Weiß", "j%w@example.org", None),
    ("JÜRGEN", "WEISS", None, "030/12345"),
    ("O'Neil", 'Quo"te', "o_neil@example.org", None),
    ("Zoë", "Back\\slash", None, None),
    ("Ça\u011fla", "Demir AND", "NEAR@x.example", None),
    ("王", "小明", "xiao@example.cn", None),
    ("Ann", "Lee", "ann.lee@example.org", "+49 30 1234567"),
    ("Anna", "Leeds", None, None),
    ("e\u0301mile", "Zola", None, None),
    ("Σίσυφος", "ΟΔΟΣ", None, None),
    ("a*b", "(c)-^d:e", "{x}+y@example.org", None),
)
FRAGMENTS = (
    "in", "inci", "İNCİ", "ilm", "ılm", "weiss", "WEIẞ", "ss", "%", "_", "%w", "o_n", "100_", "\\", "back\\", "\"te",
    "o'n", "AND", "near", "王", "小明", "lee", "ann lee", "n l", "ann", "é", "émile", "e\u0301m", "σίσυφος", "ΟΔΌΣ",
    "ος", "a*b", "(c)", "^d:", "{x}", "\0", "nobody", "example.org", "ann  lee", "\n", "x" * 300, "\"", "''", "-- ",
    "\t",
)  # fmt: skip


async def populate(w: World) -> None:
    for number, (first, last, email, phone) in enumerate(NAMES):
        middle = "Middle" if number % 3 == 0 else None
        await w.client(1, first, last, middle_name=middle, email=email, phone=phone, created_at=number // 2)
    hidden = await w.client(1, "Ann", "Hidden")
    await w.set_client(hidden.id, 1, State.ARCHIVED)
    await w.client(2, "Ann", "Elsewhere")


async def texts(w: World) -> dict[bytes, tuple[int, str]]:
    """The active clients of clinic 1: when they were created, and what the search reads."""
    names = ("client_id", "created_at", "search_text", "clinic_id", "state")
    return {row[0]: (row[1], row[2]) for row in await w.rows("connections", *names) if row[3:] == (1, State.ACTIVE)}


async def assert_finds(store: Store, known: dict[bytes, tuple[int, str]], fragment: str) -> None:
    wanted = sorted(((at, ident) for ident, (at, text) in known.items() if fragment in text), reverse=True)
    page = await clients.search(store, 1, fragment, limit=50)
    assert [(one.created_at, one.id) for one in page.items] == wanted, fragment
    assert (page.total, page.more) == (len(wanted), False)
    second = await clients.search(store, 1, fragment, limit=2, offset=1)
    assert [one.id for one in second.items] == [ident for _, ident in wanted[1:3]]
    assert (second.total, second.more) == (len(wanted), len(wanted) > 3)
    if wanted:
        rest = await clients.search(store, 1, fragment, limit=1, place=Place(*wanted[0]))
        assert [one.id for one in rest.items] == [ident for _, ident in wanted[1:2]]
        assert (rest.total, rest.more) == (len(wanted), len(wanted) > 2)


@pytest.mark.parametrize("most", [1000, 2, 0])
def test_fragments_are_found_as_python_finds_them(
    migrated_url: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few or no hits allowed, both engines scan where they would otherwise ask their trigram index."""
    monkeypatch.setattr(clients, "CANDIDATES", most)
    monkeypatch.setattr(clients, "HITS", most)
    monkeypatch.setattr(clients, "_commons", {})

    async def test() -> None:
        async with world(migrated_url) as w:
            await populate(w)
            known = await texts(w)
            drawn = random.Random(1)
            cut = []
            for _, text in known.values():
                start = drawn.randrange(len(text))
                cut.append(text[start : start + drawn.choice((1, 2, 3, 4, 9))])
            for fragment in itertools.chain(FRAGMENTS, cut):
                folded = values.fold(fragment)
                if folded:
                    await assert_finds(w.store, known, folded)

    run(test())


def test_a_full_name_is_found_with_and_without_the_middle_name(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            ada = await w.client(1, "Ada", "Lovelace", middle_name="King")
            for fragment in ("ada king lovelace", "ada lovelace", "king"):
                page = await clients.search(w.store, 1, fragment, limit=5)
                assert [one.id for one in page.items] == [ada.id]

    run(test())


def test_long_texts_are_kept_on_both_engines_and_found_by_their_beginning(migrated_url: str) -> None:
    """The index that carries the text takes rows of a limited size in PostgreSQL."""

    async def test() -> None:
        async with world(migrated_url) as w:
            drawn = random.Random(1)
            name = "".join(chr(drawn.randrange(0x4E00, 0x9FFF)) for _ in range(3000))
            long = await w.client(1, name, "Last")
            kept = await clients.get(w.reader, 1, long.id)
            assert kept is not None
            assert kept.first_name == name
            page = await clients.search(w.store, 1, values.fold(name[700:750]), limit=5)
            assert [one.id for one in page.items] == [long.id]

    run(test())
