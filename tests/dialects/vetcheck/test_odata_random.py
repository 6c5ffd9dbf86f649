# SPDX-License-Identifier: Apache-2.0
"""Random filters and orders, spelled in every way, read back and answered by both engines: each finds the rows that
the plainest reading finds, in the same order."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from polyvet.core import library_lists
from polyvet.core.codelists import Codelists
from polyvet.core.context import Caller, Context
from polyvet.dialects.vetcheck import odata
from polyvet.dialects.vetcheck.lists import FIELDS
from polyvet.model.entities import Clinic, Species
from polyvet.model.errors import Invalid
from polyvet.model.library import EVERYBODY, OWN_FROM, ContentKind
from polyvet.storage import access, codelists, library
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.library import CAT, DOG, HORSE, MADE, item
from tests.dialects.vetcheck.trees import INSTANTS, NUMBERS, TEXTS, Row, Speller, filters, holds, ordered

T = TypeVar("T")
CLINIC, OTHER = 1, 2
HANDOUTS = ContentKind.HANDOUT
KNOWN = FIELDS[HANDOUTS]
CATTLE_DOG = 88_001_001  # the clinic's own
NAMES = {None: None, CAT: "Cat", DOG: "Dog", HORSE: "Horse", CATTLE_DOG: "ÇİFTLİK ſtraßenhund "}
TITLES = (
    "", " ", "Fleas", "fleas", "FLEAS", "Straße", "STRASSE", "strasse", "ŞTRAẞE", "İstanbul", "istanbul", "ISTANBUL",
    "ıstanbul", "ſ", "s", "S", "é", "e\u0301", "É", "100%", "100_", "100", "1005", "O'Brien", "''", "a\\b", "\\",
    "\u00a0Fleas\u3000", " Fleas\n", "\tFleas", "\u200bFleas", "\x1fFleas", "🐈 cat", "ﬁsh", "ΑΣ", "ας", "Ω", "ω", "Z",
    "a", "~", "ÿ", "\uffff", "\U00010000", "(title eq 'a')", "null", "true", "2026-02-03", "Fleas and ticks",
)  # fmt: skip
KEYWORDS = ("", "fleas", "Fleas, TICKS", "ticks", "ß, é, İ", "%", "_", "scratching , itching ", "100%", "Cat")
COUNTRIES = (None, None, "AU", "GB", "au")
BY = (None, None, "auth0|00ff", "auth0|00FF")
STAMPS = (0, 1, 499, 999, 1_000, 1_001, 86_400_000_000, 70_694_211_000)
LIST = settings(
    max_examples=250, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def _rows() -> list[Row]:
    """Rows as clients see them, of everybody and of the clinic, with each title at least once."""
    drawn = random.Random(7)
    found = []
    for index in range(2 * len(TITLES)):
        species = drawn.choice((None, CAT, DOG, HORSE, CATTLE_DOG))
        own = index % 2 == 1
        found.append({
            "id": index // 2 + (OWN_FROM if own else 1),
            "title": TITLES[index % len(TITLES)],
            "keywords": drawn.choice(KEYWORDS),
            "country_code": drawn.choice(COUNTRIES),
            "species_id": species,
            "species": NAMES[species],
            "created_at": MADE + drawn.choice(STAMPS),
            "updated_at": MADE + drawn.choice(STAMPS),
            "updated_by": drawn.choice(BY) if own else None,
            "role": drawn.choice(("free", "premium")),
        })  # fmt: skip
    return found


ROWS = _rows()


async def _fill(tx: Tx) -> None:
    """The rows, and others that must not be found: another clinic's, and another kind's."""
    codelists.add_species(tx, Species(CATTLE_DOG, CLINIC, "x", "x", str(NAMES[CATTLE_DOG]), ""))
    for row in ROWS:
        given = {name: row[name] for name in row if name not in ("id", "species")}
        owner = EVERYBODY if row["id"] < OWN_FROM else CLINIC
        await library.add(tx, item(row["id"], {**given, "kind": HANDOUTS, "id": _id(row["id"])}, owner))
    for clinic_id, kind in ((OTHER, HANDOUTS), (CLINIC, ContentKind.FORM), (EVERYBODY, ContentKind.FORM)):
        more = {"kind": kind, "title": "Fleas", "id": _id(clinic_id * 7 + int(kind) + 999_999)}
        await library.add(tx, item(5, more, clinic_id))


def _id(number: int) -> bytes:
    return number.to_bytes(16, "big")


class Stores:
    """Both engines with the same rows."""

    def __init__(self, *urls: str) -> None:
        self._runner = asyncio.Runner()
        self._stores = [self._runner.run(self._open(url)) for url in urls]

    async def _open(self, url: str) -> Store:
        store = await open_store(url)

        async def clinics(tx: Tx) -> None:
            for number in (CLINIC, OTHER):
                access.add_clinic(tx, Clinic(number, _id(number), f"Clinic {number}", "UTC", "EUR", MADE))

        await store.write(Touching(), clinics)
        await store.write(Touching(clinics=(CLINIC, OTHER)), _fill)
        return store

    def ask(self, role: str, work: Callable[[Context], Awaitable[T]]) -> T:
        """The answer, which is the same on both."""
        caller = Caller(b"k" * 16, CLINIC, "integration", frozenset({"library:read"}), "tests", role=role)
        first, second = (self._runner.run(_call(work, Context(caller, store, Codelists()))) for store in self._stores)
        assert first == second
        return first

    def close(self) -> None:
        for store in self._stores:
            self._runner.run(store.close())
        self._runner.close()


async def _call(work: Callable[[Context], Awaitable[T]], ctx: Context) -> T:
    return await work(ctx)


@pytest.fixture(scope="session")
def stores(
    sqlite_template: Path, postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stores]:
    from tests import postgres

    path = tmp_path_factory.mktemp("odata") / "polyvet.db"
    shutil.copyfile(sqlite_template, path)
    with postgres.databases(postgres_url, postgres_template) as copy:
        made = Stores(f"sqlite:///{path}", copy())
        yield made
        made.close()


def _ask(stores: Stores, query: dict[str, str], role: str) -> list[int]:
    asked = odata.read(query, KNOWN)
    top = library_lists.MOST_ITEMS if asked.top is None else asked.top
    found = stores.ask(
        role, lambda ctx: library_lists.content(ctx, HANDOUTS, asked.tree, asked.orders, limit=top, offset=asked.skip)
    )
    return [one.number for one in found]


@LIST
@given(tree=filters(ROWS), drawn=st.randoms(use_true_random=False), role=st.sampled_from(["premium", "free"]))
def test_filters_mean_what_they_say(stores: Stores, tree: Any, drawn: random.Random, role: str) -> None:
    text = Speller(drawn).filter(tree)
    assume("levels" not in (_problem("$filter", text) or ""))  # the spelling adds parentheses
    expected = sorted(row["id"] for row in ROWS if role in ("premium", row["role"]) and holds(tree, row))
    assert _ask(stores, {"$filter": text}, role) == expected
    asked = odata.read({"$filter": text, "$count": "", "$top": "1"}, KNOWN)
    assert asked.count
    assert stores.ask(role, lambda ctx: library_lists.count(ctx, HANDOUTS, asked.tree)) == len(expected)


@LIST
@given(
    keys=st.lists(st.tuples(st.sampled_from((*TEXTS, *NUMBERS, *INSTANTS)), st.booleans()), max_size=4),
    drawn=st.randoms(use_true_random=False),
    top=st.none() | st.integers(0, 40),
    skip=st.integers(0, 120),
    part=st.none() | st.sampled_from(KEYWORDS),
)
def test_orders_mean_what_they_say(
    stores: Stores, keys: list[tuple[str, bool]], drawn: random.Random, top: int | None, skip: int, part: str | None
) -> None:
    speller = Speller(drawn)
    tokens: list[str] = []
    for name, descending in keys:
        tokens += [","] if tokens else []
        tokens += [name, *([speller.word("desc")] if descending else drawn.choice(([], [speller.word("asc")])))]
    query = {"$orderby": speller.spaced(tokens).strip() and speller.spaced(tokens), "$skip": str(skip)}
    query |= {} if top is None else {"$top": f" {top}"}
    query |= {} if part is None else {"$filter": f"substringof('{part}', keywords)"}
    expected = [row["id"] for row in ordered(ROWS, keys) if part is None or part in row["keywords"]]
    assert _ask(stores, query, "premium") == expected[skip:][:top]


WORDS = (
    "(", ")", "(", ")", ",", "and", "or", "not", "eq", "ne", "gt", "ge", "lt", "title", "species_id", "created_at",
    "'x'", "'", "''", "1", "-2.5", "null", "true", "false", "substringof", "tolower", "trim", "2026-01-01",
    "datetime'2026-01-01'", "datetime'x'", "nope", "$", "é", "\x01", "asc", "%", "2026-13-01", "+", "1e5",
)  # fmt: skip


@settings(LIST, max_examples=600)
@given(words=st.lists(st.sampled_from(WORDS), max_size=12), blank=st.sampled_from(["", " "]))
def test_whatever_comes_is_read_or_refused(words: list[str], blank: str) -> None:
    text = blank.join(words)
    for option in ("$filter", "$orderby"):
        problem = _problem(option, text)
        if problem is not None:
            place = int(problem.removeprefix("at character ").partition(":")[0])
            assert 1 <= place <= len(text) + 1


def _problem(option: str, text: str) -> str | None:
    """What is wrong with an option, if anything."""
    try:
        odata.read({option: text}, KNOWN)
    except Invalid as error:
        return error.problems[option]
    return None


@settings(LIST, max_examples=100)
@given(text=st.text(max_size=30))
def test_so_is_any_text(text: str) -> None:
    assert _problem("$filter", f"title {text}")
    _problem("$orderby", f"title {text}")
