# SPDX-License-Identifier: Apache-2.0
"""VetCheck's lists: the page's own samples to the letter, each option, and who sees what."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from polyvet.core.library_lists import MOST_ITEMS
from polyvet.model.entities import Species
from polyvet.model.library import ContentKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import codelists, library
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Golden, Practice
from tests.dialects.library import CAT, HORSE, item

LISTS = ("handouts", "forms", "vetforms", "programs")
KINDS = dict(
    zip(LISTS, (ContentKind.HANDOUT, ContentKind.FORM, ContentKind.VET_FORM, ContentKind.PROGRAM), strict=True)
)
PLAIN = "$=&',()"
# The URLs of the page's samples: what stands behind the question mark, line breaks and all.
SAMPLES = {
    "count": ("handouts", "$count"),
    "filter_species": ("handouts", "$filter=species eq 'Cat'"),
    "filter_substringof": ("handouts", "\n      $filter=substringof('scratching', keywords)"),
    "species": ("species", ""),
    "species_filter_name": ("species", "\n        $filter=name eq 'Horse'"),
    "handouts": ("handouts", ""),
    "handouts_filter_species": ("handouts", "\n        $filter=species eq 'Horse'"),
    "forms": ("forms", ""),
    "forms_filter_country": ("forms", "\n        $filter=country_code eq 'AU'"),
    "vetforms": ("vetforms", ""),
    "programs": ("programs", ""),
    "programs_filter_species": ("programs", "\n            $filter=species eq 'Horse'"),
}
# What the page says in words, or in the signature of each list.
OPTIONS = {
    "orderby_desc": ("handouts", "$orderby=title DESC"),
    "orderby_asc": ("handouts", "$orderby=keywords ASC"),
    "top": ("handouts", "$top=2"),
    "skip": ("handouts", "$skip=3"),
    "top_skip": ("handouts", "$top=2&$skip=1"),
    "count_filter": ("handouts", "$filter=species eq 'Cat'&$count"),
    "nested": ("handouts", "$filter=(species eq 'Cat' and (keywords ne 'x')) or (title eq 'Ear care')"),
    "vetforms_status": ("vetforms", "$filter=status eq 'incomplete'"),
    "programs_species": ("programs", "$filter=species eq 'Dog'"),
    "species_all_options": ("species", "$filter=startswith(name, 'C')&$orderby=name DESC&$top=1&$skip=1"),
    "handouts_species_id": ("handouts", f"$filter=species_id eq {CAT}"),
    "handouts_country": ("handouts", "$filter=country_code eq 'AU' or country_code eq null&$top=1"),
}


def ask(client: httpx.Client, path: str, query: str = "", **headers: str) -> httpx.Response:
    """As a client sends it that percent-encodes what must be, and no more."""
    return client.get(f"/{path}?{quote(query, safe=PLAIN)}" if query else f"/{path}", headers=headers)


def ids(client: httpx.Client, path: str, query: str = "") -> list[int]:
    """The ids on a list; its count is held against them."""
    answer = ask(client, path, query)
    assert answer.status_code == 200, answer.text
    found = [one["id"] for one in answer.json()[path]]
    if "$top" not in query and "$skip" not in query:
        assert ask(client, path, f"{query}&$count").json() == {"count": len(found)}
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_each_of_the_pages_samples(practice: Practice, golden: Golden, name: str) -> None:
    path, query = SAMPLES[name]
    golden(f"lists/{name}", ask(practice.vetcheck, path, query, accept="application/json"))


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option(practice: Practice, golden: Golden, name: str) -> None:
    path, query = OPTIONS[name]
    golden(f"lists/{name}", ask(practice.vetcheck, path, query))


def test_the_count_of_what_a_free_user_sees(practice: Practice, golden: Golden) -> None:
    golden("lists/count_free", ask(practice.free_vetcheck, "handouts", "$count"))


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_in_every_way_that_clients_encode_them(practice: Practice, name: str) -> None:
    path, query = SAMPLES[name]
    expected = ask(practice.vetcheck, path, query).content
    spelled = [quote(query, safe=""), quote_plus(query, safe="$="), quote(query.replace("\n", "").strip(), safe="$=")]
    spelled += [quote(query.replace("\n", ""), safe="$=(),"), quote(query.replace("\n", "\r\n"), safe="$=")]
    for one in spelled:
        # An encoded `=` would be part of the name.
        assert practice.vetcheck.get(f"/{path}?{one.replace('%3D', '=')}").content == expected, one


@pytest.mark.parametrize("count", ["$count", "$count=", "$count=true", "$count=TRUE", " $count = true "])
def test_counts_replace_the_items_whatever_the_page(practice: Practice, count: str) -> None:
    assert ask(practice.vetcheck, "handouts", f"{count}&$top=1&$skip=2&$orderby=title").json() == {"count": 5}


def test_no_count_is_asked_for(practice: Practice) -> None:
    plain = ask(practice.vetcheck, "handouts").content
    assert ask(practice.vetcheck, "handouts", "$count=false").content == plain
    assert ask(practice.vetcheck, "handouts", "$filter=&$orderby=&$top=&$skip=").content == plain
    assert ask(practice.vetcheck, "handouts", "filter=x&top=-1&page=7&=").content == plain


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$top=0", []),
        ("$skip=5", []),
        ("$skip=1000000000", []),
        ("$top=1000000000", [1, 2, 3, 4, 5]),
        (" $skip = 1 & $top = 2 ", [2, 3]),
        ("$orderby=species", [5, 2, 4, 1, 3]),  # what has none comes first
        ("$orderby=species desc, title DESC", [3, 1, 4, 2, 5]),
        ("$orderby=country_code,title asc", [1, 2, 3, 5, 4]),
        ("$orderby= \n Country_Code ".replace("Country_Code", "country_code") + "desc , id Desc", [4, 5, 3, 2, 1]),
        ("$orderby=title&$skip=1&$top=2", [2, 3]),
        ("$filter=species eq 'Cat' or species eq 'Horse'&$orderby=id desc", [4, 3, 2]),
    ],
)
def test_orders_and_pages(practice: Practice, query: str, expected: list[int]) -> None:
    assert ids(practice.vetcheck, "handouts", query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title eq 'Fleas'", [2]),
        ("title eq 'fleas'", []),  # case counts
        ("tolower(title) eq 'fleas'", [2]),
        ("toupper(title) eq toupper('fleas')", [2]),
        ("trim(title) eq trim('  Fleas ')", [2]),
        ("substringof('100%', title)", [5]),
        ("substringof('10_%', title)", []),
        ("title eq 'Owner''s guide: travel 100%'", [5]),
        ("substringof(keywords, 'scratching')", [2, 4]),
        ("startswith(title, 'Ti') eq true", [4]),
        ("endswith(title, 's') ne true", [1, 4, 5]),
        ("not (species eq 'Cat')", [1, 3, 5]),
        ("species ne 'Cat'", [1, 3, 5]),
        ("species eq null", [5]),
        ("species ne null and not endswith(title, 's')", [1, 4]),
        ("id ge 2 and id lte 3", [2, 3]),
        ("id gt 1.5 AND id LT 3.5", [2, 3]),
        ("species eq 'Cat' or species eq 'Dog' and id gt 1", [2, 4]),  # `and` binds tighter
        ("(species eq 'Cat' or species eq 'Dog') and id gt 2", [4]),
        ("updated_at eq '2026-02-03T04:05:08.789Z'", [2]),
        ("updated_at gt 2026-02-03T04:05:09.789Z", [4, 5]),
        ("updated_at gte 2026-02-03T15:05:10.789+11:00", [4, 5]),
        ("updated_at lt datetime'2026-02-03T04:05:08.789'", [1]),
        ("updated_at le datetimeoffset'2026-02-03T04:05:08.789Z'", [1, 2]),
        ("created_at gt 2026-02-03 and created_at lt '2026-02-04'", [1, 2, 3, 4, 5]),
        ("created_at eq updated_at", []),
        ("created_at lt updated_at", [1, 2, 3, 4, 5]),
        ("true", [1, 2, 3, 4, 5]),
        ("'a' eq 'b'", []),
    ],
)
def test_filters(practice: Practice, query: str, expected: list[int]) -> None:
    assert ids(practice.vetcheck, "handouts", f"$filter={query}") == expected


@pytest.mark.parametrize(
    ("path", "query", "added"),
    [
        ("handouts", "", set()),
        ("handouts", "$orderby=species", set()),
        ("handouts", "$filter=title ne 'x' and id gt 0", set()),
        ("handouts", "$filter=species ne 'x'", {"species", "species_id"}),
        ("handouts", "$filter=species_id ne 1", {"species", "species_id"}),
        ("handouts", "$filter=tolower(country_code) ne 'x'", {"country_code"}),
        ("handouts", "$filter=true or species eq country_code", {"species", "species_id", "country_code"}),
        ("forms", "$filter=species ne 'x'", {"species", "species_id"}),
        ("vetforms", "$filter=status ne 'complete'", {"status"}),
        ("programs", "$filter=not (species eq 'x')", {"species", "species_id"}),
    ],
)
def test_fields_that_the_filter_names_are_added(practice: Practice, path: str, query: str, added: set[str]) -> None:
    always = {"id", "title", "keywords", "created_at", "updated_at", "updated_by"}
    found = ask(practice.vetcheck, path, query).json()[path]
    assert found
    assert all(set(one) == always | added for one in found)


@pytest.mark.parametrize("path", [*LISTS, "species"])
@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("$filter=nope eq 'x'", "$filter at character 1: there is no field nope; there are id, "),
        ("$filter= role eq 'free'", "$filter at character 2: there is no field role; there are id, "),
        ("$orderby=id, html desc", "$orderby at character 5: there is no field html; there are id, "),
        ("$select=id", "$select is not known here; there are $filter, $orderby, $top, $skip, $count"),
        ("$Top=1", "$Top is not known here; there are $filter, $orderby, $top, $skip, $count"),
        ("$top=-1", "$top must be at least 0"),
        ("$skip=-1", "$skip must be at least 0"),
        ("$top=all", "$top must be a whole number of at most 18 digits"),
        ("$skip=1.5", "$skip must be a whole number of at most 18 digits"),
        ("$count=yes", "$count must stand alone, or be true or false"),
        ("$top=1& $top=2", "$top was given twice"),
        ("$top=1&$top=2", "$top was given twice"),
        ("$count&$filter=id eq", "$filter at character 6: something is missing at the end"),
        ("=species eq 'Cat'", "query holds a value without a name; shells take $filter out of double quotes"),
        (
            "\n        =name eq 'Horse'",
            "query holds a value without a name; shells take $filter out of double quotes",
        ),
    ],
)
def test_what_a_list_refuses(practice: Practice, path: str, query: str, problem: str) -> None:
    answer = ask(practice.vetcheck, path, query)
    assert answer.status_code == 400
    told = answer.json()
    assert told["message"].startswith(problem)
    assert told == {"error": "Bad Request", "message": told["message"], "statusCode": 400}


@pytest.mark.parametrize(
    ("path", "field"),
    [("forms", "species_id"), ("forms", "status"), ("vetforms", "country_code"), ("programs", "country_code"),
     ("handouts", "status"), ("species", "title")],
)  # fmt: skip
def test_each_list_has_its_own_fields(practice: Practice, path: str, field: str) -> None:
    answer = ask(practice.vetcheck, path, f"$filter={field} ne null")
    assert answer.status_code == 400
    assert f"there is no field {field}; there are id, " in answer.json()["message"]


@pytest.mark.parametrize("path", [*LISTS, "species"])
def test_lists_are_json_alone(practice: Practice, golden: Golden, path: str) -> None:
    for accept in ("application/json", "applications/json", "*/*", "application/*", "text/html, */*;q=0.1"):
        answer = ask(practice.vetcheck, path, accept=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    for accept in ("text/html", "text/plain", "application/pdf", "application/json;q=0"):
        answer = ask(practice.vetcheck, path, accept=accept)
        assert answer.status_code == 406
    golden("lists/not_acceptable", answer)


@pytest.mark.parametrize("path", [*LISTS, "species"])
def test_without_a_token_there_is_no_list(practice: Practice, path: str) -> None:
    assert ask(practice.client(), path).status_code == 401
    assert ask(practice.vetigen, path).status_code == 401
    assert practice.vetcheck.post(f"/{path}").status_code == 405


def _add(practice: Practice, *contents: tuple[int, dict[str, Any]]) -> None:
    async def work(tx: Tx) -> None:
        for clinic_id, row in contents:
            made = item(0, row, clinic_id)
            await library.add(tx, replace(made, id=msgspec.json.encode(row["title"]).rjust(16)[-16:]))

    practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), work))


@pytest.mark.parametrize("path", LISTS)
def test_each_sees_everybodys_and_its_own_as_far_as_its_role_goes(module_practice: Practice, path: str) -> None:
    practice, kind = module_practice, KINDS[path]
    everybodys = ids(practice.vetcheck, path)
    free = ids(practice.free_vetcheck, path)
    _add(
        practice,
        (MAIN_CLINIC, {"kind": kind, "title": f"{path} 1", "species_id": HORSE}),
        (MAIN_CLINIC, {"kind": kind, "title": f"{path} 2", "role": "premium"}),
        (SECOND_CLINIC, {"kind": kind, "title": f"{path} 3"}),
    )
    # Numbers are each clinic's own.
    assert ids(practice.vetcheck, path) == [*everybodys, 100_001, 100_002]
    assert ids(practice.free_vetcheck, path) == [*free, 100_001]
    assert ids(practice.other_vetcheck, path) == [*everybodys, 100_001]
    ours = f"$filter=substringof('{path}', title)"
    titles = {
        name: [one["title"] for one in ask(client, path, f"{ours}&$orderby=title desc").json()[path]]
        for name, client in (("a", practice.vetcheck), ("b", practice.free_vetcheck), ("c", practice.other_vetcheck))
    }
    assert titles == {"a": [f"{path} 2", f"{path} 1"], "b": [f"{path} 1"], "c": [f"{path} 3"]}
    for client, count in ((practice.vetcheck, 2), (practice.free_vetcheck, 1), (practice.other_vetcheck, 1)):
        assert ask(client, path, f"{ours} or false&$count").json() == {"count": count}
    assert ids(practice.free_vetcheck, path, "$filter=id eq 100002 or true&$skip=0") == [*free, 100_001]


def test_each_sees_the_shared_species_and_its_own(module_practice: Practice) -> None:
    practice = module_practice
    shared = ids(practice.vetcheck, "species")

    async def work(tx: Tx) -> None:
        for clinic_id, code, name in ((MAIN_CLINIC, 77_001_001, "Axolotl"), (SECOND_CLINIC, 77_002_001, "Übervogel")):
            codelists.add_species(tx, Species(code, clinic_id, name, name.lower(), name, ""))

    practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), work))
    assert ids(practice.vetcheck, "species") == [*shared, 77_001_001]
    assert ids(practice.other_vetcheck, "species") == [*shared, 77_002_001]
    assert ids(practice.vetcheck, "species", "$filter=tolower(name) eq 'übervogel'") == []
    assert ids(practice.other_vetcheck, "species", "$filter=tolower(name) eq 'übervogel'") == [77_002_001]


def test_a_list_has_at_most_a_thousand_items(fresh_practice: Practice) -> None:
    practice = fresh_practice
    before = ids(practice.vetcheck, "programs")
    rows = [{"kind": ContentKind.PROGRAM, "title": f"{number:04} months"} for number in range(MOST_ITEMS)]
    _add(practice, *((MAIN_CLINIC, row) for row in rows))
    assert ask(practice.vetcheck, "programs", "$count").json() == {"count": MOST_ITEMS + len(before)}
    for query in ("", "$top=5000", "$filter=id gt 0", "$orderby=title"):
        assert len(ask(practice.vetcheck, "programs", query).json()["programs"]) == MOST_ITEMS
    last = ask(practice.vetcheck, "programs", f"$skip={MOST_ITEMS}").json()["programs"]
    assert [one["id"] for one in last] == [100_000 + MOST_ITEMS]
