# SPDX-License-Identifier: Apache-2.0
"""Over every route: nobody without a token, no other clinic's content, and nothing that the role does not open."""

from __future__ import annotations

import httpx
import pytest

from tests.dialects.harness import Practice
from tests.dialects.vetcheck.people import OTHER, Person
from tests.dialects.vetcheck.signing_in import beside

OWN, NOBODYS = 100_001, 199_999
LISTS = ("handouts", "forms", "vetforms", "programs")
ONE = [("GET", f"/{plural}/{{id}}{end}") for plural in LISTS for end in ("", "/get")]
ONE += [("PUT", f"/{plural}/{{id}}") for plural in LISTS if plural != "vetforms"]
ONE += [("POST", f"/{plural}/{{id}}/share") for plural in LISTS if plural != "vetforms"]
ALL = [*ONE, *(("GET", f"/{plural}") for plural in (*LISTS, "species"))]
PAGES = ("account", "account/applications", "account/shares", "account/vetforms", "account/vetforms/100001")


@pytest.fixture(scope="module")
def p(module_practice: Practice) -> Practice:
    """A practice whose first clinic has one of each kind that is its own."""
    for plural in ("handouts", "forms", "programs"):
        assert module_practice.vetcheck.put(f"/{plural}/2", json={"title": "Ours"}).json()["id"] == OWN
    begun = Person(module_practice).post("/account/vetforms", {"form": "2"})
    assert begun.headers["location"].endswith(f"/{OWN}")
    return module_practice


def ask(client: httpx.Client, method: str, path: str, number: int = OWN) -> httpx.Response:
    """A request of the route."""
    return client.request(method, path.format(id=number), json=None if method == "GET" else {})


def ids(client: httpx.Client, plural: str) -> set[int]:
    """What is listed, which is what is counted."""
    found = {one["id"] for one in client.get(f"/{plural}").json()[plural]}
    assert client.get(f"/{plural}?$count").json() == {"count": len(found)}
    return found


def test_these_are_all_routes(p: Practice) -> None:
    document = p.client().get("/openapi/vetcheck.json").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described
    assert described <= set(ALL), "beside the second spelling of each path"


@pytest.mark.parametrize(("method", "path"), ALL)
def test_nobody_gets_in_without_a_token(p: Practice, method: str, path: str) -> None:
    for client in (p.client(), p.client("nonsense"), p.client(p.new_key("vetigen"))):
        assert ask(client, method, path).status_code == 401


@pytest.mark.parametrize(("method", "path"), ONE)
def test_another_clinics_content_answers_as_one_that_is_not_there(p: Practice, method: str, path: str) -> None:
    foreign, missing = ask(p.other_vetcheck, method, path), ask(p.other_vetcheck, method, path, NOBODYS)
    assert foreign.status_code == 404
    assert foreign.content == missing.content.replace(str(NOBODYS).encode(), str(OWN).encode())


@pytest.mark.parametrize("plural", LISTS)
def test_no_other_clinics_content_is_listed_or_counted(p: Practice, plural: str) -> None:
    assert ids(p.vetcheck, plural) - ids(p.other_vetcheck, plural) == {OWN}
    for query in ("$filter=title eq 'Ours'", f"$filter=id gte {OWN}", "$filter=updated_by ne null"):
        assert p.other_vetcheck.get(f"/{plural}?{query}").json() == {plural: []}


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_for_somebody_without_a_session_nor_shows_another_clinics(p: Practice, path: str) -> None:
    assert p.client().get(f"/{path}").headers["location"].startswith("/login?next=")
    page = Person(p, OTHER).get(f"/{path}")
    assert page.status_code == (404 if path.endswith(str(OWN)) else 200)
    assert "Harbour Street" not in page.text


def test_what_the_role_does_not_open_is_not_there(fresh_practice: Practice) -> None:
    beside(fresh_practice, "UPDATE content SET role = 'premium' WHERE number = 2")
    for plural in LISTS:
        assert 2 in ids(fresh_practice.vetcheck, plural)
        assert 2 not in ids(fresh_practice.free_vetcheck, plural)
    for method, path in ONE:
        assert ask(fresh_practice.free_vetcheck, method, path, 2).status_code == 403
        assert ask(fresh_practice.vetcheck, method, path, 2).status_code in (200, 429)
