# SPDX-License-Identifier: Apache-2.0
"""Updates of a handout, form or program: copies of everybody's content, and changes of a clinic's own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from polyvet.model import values
from polyvet.model.entities import Species
from polyvet.model.library import Content, ContentDetails, ContentKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import codelists, library
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Store
from polyvet.storage.tables import events
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Golden, Practice
from tests.dialects.library import HORSE, item
from tests.dialects.vetcheck.answers import error

JSON = "application/json"
OWN = 100_001
_EVENTS = Statement(
    select(events.c.kind, events.c.entity, events.c.entity_id, events.c.at)
    .where(events.c.clinic_id == p("clinic"))
    .order_by(events.c.seq),
    "clinic",
)


@pytest.fixture
def rows(fresh_practice: Practice) -> Practice:
    """A practice in which the second clinic has a handout of its own already."""
    assert fresh_practice.other_vetcheck.put("/handouts/2", json={"title": "Theirs"}).json()["id"] == OWN
    return fresh_practice


def put(http: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """What an update gives."""
    answer = http.put(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def unstamped(body: dict[str, Any]) -> dict[str, Any]:
    """Without what tells when and by whom."""
    return {name: value for name, value in body.items() if name not in ("id", "created_at", "updated_at", "updated_by")}


def test_the_samples_of_the_page(rows: Practice, golden: Golden) -> None:
    """A title in JSON, and the header of JSON without a body [seed]."""
    for plural in ("handouts", "programs"):
        before = rows.vetcheck.get(f"/{plural}/2").json()
        body = put(rows.vetcheck, f"/{plural}/2", title="My new title")
        assert body["id"] == OWN
        assert unstamped(body) == unstamped({**before, "title": "My new title"})
        assert rows.vetcheck.get(f"/{plural}/2").json() == before
        assert rows.vetcheck.get(f"/{plural}/{OWN}").json() == body
    before = rows.vetcheck.get("/forms/2").json()
    answer = rows.vetcheck.put("/forms/2", headers={"content-type": JSON})
    assert answer.status_code == 200
    copied = answer.json()
    assert copied["id"] == OWN
    assert copied["updated_by"].startswith("auth0|")
    # What was written by hand in the tests is written by the program in the copy; nothing else is.
    assert unstamped(copied) == unstamped(before)


def test_default_content_is_copied_each_time(rows: Practice) -> None:
    first, second = (put(rows.vetcheck, "/handouts/2") for _ in range(2))
    assert (first["id"], second["id"]) == (OWN, OWN + 1)
    assert first["created_at"] <= first["updated_at"] < second["updated_at"]
    listed = rows.vetcheck.get("/handouts").json()["handouts"]
    assert [one["id"] for one in listed] == [1, 2, 3, 4, 5, OWN, OWN + 1]
    assert put(rows.vetcheck, "/programs/2")["id"] == OWN  # each kind has its own numbers


def test_own_content_is_changed_in_place(rows: Practice) -> None:
    made = put(rows.vetcheck, "/handouts/2", title="Mine", keywords="a, b")
    changed = put(rows.vetcheck, f"/handouts/{OWN}", html="<h1>New</h1>", keywords="")
    assert changed["id"] == OWN
    assert (changed["title"], changed["keywords"], changed["created_at"]) == ("Mine", "", made["created_at"])
    assert (changed["markdown"], changed["text"], changed["raw"]) == ("# New", "New", "New")
    assert changed["updated_at"] > made["updated_at"]
    same = put(rows.vetcheck, f"/handouts/{OWN}")
    assert unstamped(same) == unstamped(changed)
    assert same["updated_at"] > changed["updated_at"]
    assert len(rows.vetcheck.get("/handouts").json()["handouts"]) == 6


def test_another_clinics_content_is_not_there(rows: Practice) -> None:
    assert rows.other_vetcheck.get(f"/handouts/{OWN}").json()["title"] == "Theirs"
    missing = rows.vetcheck.get(f"/handouts/{OWN}")
    error(missing, 404)
    answer = rows.vetcheck.put(f"/handouts/{OWN}", json={"title": "Mine"})
    assert (answer.status_code, answer.content) == (404, missing.content)
    put(rows.vetcheck, "/handouts/1", title="Ours")
    assert rows.vetcheck.get(f"/handouts/{OWN}").json()["title"] == "Ours"
    assert rows.other_vetcheck.get(f"/handouts/{OWN}").json()["title"] == "Theirs"


def test_another_user_of_the_clinic_and_what_the_role_opens(rows: Practice) -> None:
    ours = put(rows.vetcheck, "/handouts/2", title="Ours")
    theirs = put(rows.free_vetcheck, f"/handouts/{OWN}", title="Ours, too")
    assert theirs["id"] == OWN
    assert theirs["updated_by"] != ours["updated_by"]
    premium = put(rows.vetcheck, "/handouts/3", title="For a fee")  # a copy keeps its role
    assert premium["role"] == "premium"
    error(rows.free_vetcheck.get(f"/handouts/{premium['id']}"), 403)
    error(rows.free_vetcheck.put(f"/handouts/{premium['id']}", json={"title": "Free"}), 403)
    error(rows.free_vetcheck.put("/handouts/3", json={"title": "Free"}), 403)
    assert put(rows.free_vetcheck, "/handouts/2")["role"] == "free"
    assert put(rows.vetcheck, "/handouts/2", role="premium")["role"] == "free"  # no field of the body


def test_fields_by_kind(rows: Practice) -> None:
    given = {
        "title": " T ", "keywords": " k ", "html": "<p>x</p>", "species_id": HORSE, "breed_id": 7, "location_id": 0,
        "id": 9, "number": 9, "country_code": "NZ", "markdown": "no", "updated_by": "me", "unknown": [1],
    }  # fmt: skip
    handout = put(rows.vetcheck, "/handouts/4", **given)
    assert (handout["title"], handout["keywords"], handout["text"]) == ("T", "k", "x")
    assert (handout["species"], handout["species_id"], handout["country_code"]) == ("Horse", HORSE, "AU")
    assert (handout["breed_id"], handout["location_id"]) == (7, 0)
    nothing = put(rows.vetcheck, f"/handouts/{OWN}", species_id=None, breed_id=None, location_id=None)
    assert (nothing["species"], nothing["species_id"]) == (None, None)
    assert (nothing["breed_id"], nothing["location_id"]) == (None, None)
    before = rows.vetcheck.get("/programs/2").json()
    program = put(rows.vetcheck, "/programs/2", **given)
    assert (program["text"], program["breed_id"], program["species_id"]) == ("x", 7, before["species_id"])
    before = rows.vetcheck.get("/forms/2").json()
    form = put(rows.vetcheck, "/forms/2", **{**given, "breed_id": "of no type that matters"})
    assert (form["title"], form["html"], form["breed_id"]) == ("T", before["html"], None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"title": ""}, "title must not be blank"),
        ({"title": " \t"}, "title must not be blank"),
        ({"title": None}, "title must be string, not null"),
        ({"title": "x" * 301}, "title must not be longer than 300 characters"),
        ({"title": "a\0b"}, "title must not hold a null character"),
        ({"keywords": ["a"]}, "keywords must be string, not array"),
        ({"keywords": "x" * 2_001}, "keywords must not be longer than 2000 characters"),
        ({"html": 1}, "html must be string, not integer"),
        ({"html": "<p>" * 20_001}, "html must not hold more than 20000 elements"),
        ({"html": "<div>" * 101}, "html must not hold more than 100 elements within each other"),
        ({"html": "x" * 500_001}, "html must not be longer than 500000 characters"),
        ({"species_id": "15462002"}, "species_id must be integer or null, not string"),
        ({"species_id": 1}, "species_id is the id of no species"),
        ({"breed_id": 1.5}, "breed_id must be integer or null, not number"),
        ({"breed_id": True}, "breed_id must be integer or null, not boolean"),
        ({"location_id": -1}, "location_id"),
        ({"location_id": 2**53 + 1}, "location_id"),
        ({"title": 1, "html": []}, "title must be string, not integer; html must be string, not array"),
        ([], "body must be a JSON object"),
        ("title", "body must be a JSON object"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_named(practice: Practice, body: Any, words: str) -> None:
    assert words in error(practice.vetcheck.put("/handouts/2", json=body), 400)
    assert len(practice.vetcheck.get("/handouts").json()["handouts"]) == 5


def test_a_body_that_is_none(practice: Practice) -> None:
    for raw in (b"{", b"title=x", b'{"title": "a", "title": "b"}', b"\xff", b"[" * 10_000):
        error(practice.vetcheck.put("/handouts/2", content=raw, headers={"content-type": JSON}), 400)
    error(practice.vetcheck.put("/handouts/2", content=b'{"html": "' + b"x" * (1 << 20) + b'"}'), 400)


@pytest.mark.parametrize("media_type", [None, "application/x-www-form-urlencoded", "text/plain", "application/json"])
def test_json_is_read_whatever_it_is_called(rows: Practice, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    answer = rows.vetcheck.put("/handouts/2", content=b'{"title": "My new title"}', headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (200, "My new title")


def test_an_idempotency_key_is_for_posts(rows: Practice) -> None:
    headers = {"idempotency-key": "k1"}
    first = rows.vetcheck.put("/handouts/2", json={}, headers=headers).json()["id"]
    assert rows.vetcheck.put("/handouts/2", json={"title": "x"}, headers=headers).json()["id"] == first + 1


def test_html_is_made_safe_and_read_again_as_it_was_kept(rows: Practice) -> None:
    html = (
        '<h1 onclick="pwn()">Ears</h1><script>pwn()</script><p>Clean <b>both</b>.</p><ul><li>left</li></ul>'
        '<a href="javascript:pwn()">x</a><form action="//evil.example"><input name="petName"></form>'
        '<img src="data:image/png;base64,iVBORw0KGgo=" alt="An ear"><img src="//evil.example/p.gif">'
    )
    body = put(rows.vetcheck, "/handouts/1", html=html)
    assert body["html"] == (
        '<h1>Ears</h1><p>Clean <b>both</b>.</p><ul><li>left</li></ul><a rel="noopener noreferrer">x</a>'
        '<input name="petName"><img src="data:image/png;base64,iVBORw0KGgo=" alt="An ear"><img>'
    )
    assert body["markdown"] == "# Ears\n\nClean **both**.\n\n* left\n\nx\\_\\_\\_\\_\\_\\_\\_\\_An ear"
    answer = rows.vetcheck.get(f"/handouts/{OWN}", headers={"accept": "text/html"})
    assert answer.text == body["html"]
    assert put(rows.vetcheck, f"/handouts/{OWN}", html=body["html"])["html"] == body["html"]


def test_a_clinics_own_species(rows: Practice) -> None:
    async def work(tx: Tx) -> tuple[int, int]:
        codes = []
        for clinic_id, name in ((MAIN_CLINIC, "Quokka"), (SECOND_CLINIC, "Numbat")):
            entry = Species(await codelists.next_code(tx, codelists.SPECIES), clinic_id, name, name.lower(), name, "")
            codelists.add_species(tx, entry)
            codes.append(entry.id)
        return codes[0], codes[1]

    ours, theirs = rows.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), work))
    assert put(rows.vetcheck, "/handouts/1", species_id=ours)["species"] == "Quokka"
    assert rows.vetcheck.get(f"/handouts/{OWN}").json()["species"] == "Quokka"
    message = error(rows.vetcheck.put("/handouts/1", json={"species_id": theirs}), 400)
    assert message == "species_id is the id of no species"


def test_what_is_being_filled_in_is_not_copied_along(rows: Practice) -> None:
    """A copy belongs to no file and to no patient; what its record is stays."""
    given = {"kind": ContentKind.PROGRAM, "slug": "from-a-file", "title": "T"}
    details = ContentDetails(source_hash="x", record="DENTAL", owner_copy=True)

    async def work(tx: Tx) -> None:
        await library.add(tx, item(77, {**given, "details": details}))

    rows.run(lambda store: store.write(Touching(), work))
    put(rows.vetcheck, "/programs/77")
    kept = rows.run(lambda store: _stored(store, ContentKind.PROGRAM, OWN))
    assert (kept.slug, kept.details) == ("", ContentDetails(record="DENTAL", owner_copy=True))


async def _stored(store: Store, kind: ContentKind, number: int) -> Content:
    found = await library.get(store.reader, MAIN_CLINIC, kind, number)
    assert found is not None
    return found


def test_changes_are_events_of_the_clinic(rows: Practice) -> None:
    def log() -> list[tuple[Any, ...]]:
        return [tuple(row) for row in rows.run(lambda store: store.reader.fetch(_EVENTS, MAIN_CLINIC))]

    before = len(log())
    put(rows.vetcheck, "/handouts/2")
    changed = put(rows.vetcheck, f"/handouts/{OWN}")
    kept = rows.run(lambda store: _stored(store, ContentKind.HANDOUT, OWN))
    created, updated = log()[before:]
    assert created[:3] == ("created", "content", kept.id)
    assert updated == ("updated", "content", kept.id, kept.updated_at)
    assert values.to_milliseconds_text(kept.updated_at) == changed["updated_at"]


def test_copies_at_once_have_numbers_of_their_own(rows: Practice) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: put(rows.vetcheck, "/handouts/2", title=f"T{n}")["id"], range(24)))
    assert sorted(made) == list(range(OWN, OWN + 24))
    for number in made[:3]:
        assert rows.vetcheck.get(f"/handouts/{number}").json()["title"] == f"T{made.index(number)}"


def test_large_html_holds_nobody_up(rows: Practice) -> None:
    """It is worked on beside the server's loop and before the store is taken."""
    html = "<h2>Heading</h2><p>Some <b>bold</b> text, and more of it.</p>" * 4_000
    with ThreadPoolExecutor(1) as pool, rows.client("vetcheck_main") as http:
        large = pool.submit(http.put, "/handouts/2", json={"html": html})
        waits = []
        while not large.done():
            started = time.perf_counter()
            assert rows.vetcheck.get("/handouts/1").status_code == 200
            waits.append(time.perf_counter() - started)
        assert large.result().status_code == 200
    assert max(waits) < 1
