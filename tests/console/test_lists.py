# SPDX-License-Identifier: Apache-2.0
"""Code lists in the console, and what programs read of them."""

from __future__ import annotations

import html
import re

import pytest

from polyvet.core import patients
from polyvet.model.access import Role
from polyvet.model.entities import NewPatient
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.sandbox.samples import JOHN_SMITH_ID
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.tables import audit
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import DOG, OTHER_ROOT, ROOT

LISTS = {
    "species": "codelist/species/",
    "breeds": "codelist/breeds/",
    "diagnoses": "codelist/diagnoses/",
    "insurers": "codelist/insurancecompanies/",
}
_CODE = re.compile(r'<td class="number">(\d+)</td>')


def _codes(page: str) -> list[int]:
    return [int(code) for code in _CODE.findall(page)]


def _labels(practice: Practice, path: str, root: str = ROOT) -> list[str]:
    client = practice.provet if root == ROOT else practice.other_provet
    return [one["label"] for one in client.get(f"{root}{path}?page_size=1000").json()["results"]]


@pytest.mark.parametrize("name", LISTS)
def test_an_entry_of_ones_own_is_added_and_switched_off_and_on(fresh_practice: Practice, name: str) -> None:
    owner, other = Colleague(fresh_practice), Colleague(fresh_practice, Role.OWNER, OTHER_OWNER)
    added = owner.post(f"lists/{name}", {"name": " Sea <b>serpent</b> ", "species": "DOG"})
    assert (added.status_code, added.headers["location"]) == (303, f"/console/lists/{name}?done=added")
    page = owner.get(f"lists/{name}")
    assert "Sea &lt;b&gt;serpent&lt;/b&gt;" in page.text
    code = _codes(page.text)[0]  # the clinic's own stand first
    label = "Sea <b>serpent</b>"
    assert label in _labels(fresh_practice, LISTS[name])
    assert label not in _labels(fresh_practice, LISTS[name], OTHER_ROOT)
    assert "serpent" not in other.text(f"lists/{name}")
    row = fresh_practice.provet.get(f"{ROOT}{LISTS[name]}{code}/").json()
    assert (row["label"], row["is_active"], row.get("species")) == (label, True, DOG if name == "breeds" else None)

    assert other.post(f"lists/{name}/{code}", {"active": "no"}, f"lists/{name}").status_code == 404
    off = owner.post(f"lists/{name}/{code}", {"active": "no"}, f"lists/{name}")
    assert off.headers["location"] == f"/console/lists/{name}?done=off"
    assert "switched off" in told(owner.get(f"lists/{name}?q=serpent"))
    assert label not in _labels(fresh_practice, LISTS[name])
    assert fresh_practice.provet.get(f"{ROOT}{LISTS[name]}{code}/").json()["is_active"] is False
    again = owner.post(f"lists/{name}", {"name": "SEA <B>SERPENT</B>", "species": "dog"})
    assert again.status_code == 400
    assert "The list has this name, switched off." in told(again)
    assert 'value="SEA &lt;B&gt;SERPENT&lt;/B&gt;"' in again.text
    owner.post(f"lists/{name}/{code}", {"active": "yes"}, f"lists/{name}")
    assert label in _labels(fresh_practice, LISTS[name])
    assert _noted(fresh_practice) == [
        ("made", f"{label} ({name})"),
        ("changed", f"{label} ({name}), switched off"),
        ("changed", f"{label} ({name}), switched on"),
    ]


def _noted(practice: Practice) -> list[tuple[str, str]]:
    async def look(store: Store) -> list[tuple[str, str]]:
        columns = (audit.c.action, audit.c.shown)
        statement = Statement(audit.select().with_only_columns(*columns).order_by(audit.c.at))
        return [tuple(row) for row in await store.reader.fetch(statement)]

    return practice.run(look)


def test_who_switches_an_entry_stays_where_they_are(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    owner.post("lists/insurers", {"name": "Tail & Paw"})
    page = owner.get("lists/insurers?q=tail+%26&before=99999999999999")
    form = re.search(r'action="/console/(lists/insurers/[^"]+)"', page.text)
    assert form is not None
    done = owner.post(html.unescape(form[1]), {"active": "no"}, "lists/insurers")
    assert done.headers["location"] == "/console/lists/insurers?q=tail+%26&before=99999999999999&done=off"
    assert "Tail & Paw your own switched off" in told(owner.get(done.headers["location"].removeprefix("/console/")))


def test_a_species_that_is_switched_off_is_not_made_anew(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    owner.post("lists/species", {"name": "Sea serpent"})
    code = _codes(owner.get("lists/species").text)[0]
    owner.post(f"lists/species/{code}", {"active": "no"}, "lists/species")
    new = NewPatient(client_id=JOHN_SMITH_ID, name="Nessie", species="SEA serpent")
    touching = patients.creating(MAIN_CLINIC, JOHN_SMITH_ID)
    made = fresh_practice.change(touching, lambda w: patients.create(w, new, "x"))
    assert made.species_id == code
    assert _codes(owner.get("lists/species?q=sea serpent").text) == [code]


def test_shared_entries_are_nobodys_to_switch(owner: Colleague) -> None:
    for name in ("species", "breeds", "diagnoses"):
        shared = owner.get(f"lists/{name}?q=a")
        codes = [code for code in _codes(shared.text) if code % 1000 == 2]
        assert owner.post(f"lists/{name}/{codes[0]}", {"active": "no"}, f"lists/{name}").status_code == 404
    assert owner.get("lists/nothing").status_code == 404
    assert owner.post("lists/nothing", {"name": "x"}, "lists/species").status_code == 404


def test_every_entry_is_found_by_going_through_the_pages(owner: Colleague, module_practice: Practice) -> None:
    for name, path in LISTS.items():
        codes: list[int] = []
        address: str | None = f"lists/{name}"
        while address is not None:
            page = owner.get(address).text
            assert len(_codes(page)) <= 50
            codes += _codes(page)
            older = re.search(r'rel="next" href="/console/([^"]+)"', page)
            address = None if older is None else older[1].replace("&amp;", "&")
        assert codes == sorted(codes, reverse=True)
        wanted = module_practice.provet.get(f"{ROOT}{path}?page_size=1000").json()["results"]
        assert sorted(codes) == sorted(one["id"] for one in wanted)


def test_entries_are_found_by_a_part_of_any_name(owner: Colleague) -> None:
    assert DOG in _codes(owner.get("lists/species?q=DoG").text)
    breeds = owner.get("lists/breeds?q=labrador").text
    assert re.findall(r'<th scope="row">(Labrador[^<]*)</th>', breeds)
    assert "No entry has “<xyz>” in its name." in told(owner.get("lists/species?q=<xyz>")).replace("&lt;", "<")
    assert "<xyz>" not in owner.get("lists/species?q=<xyz>").text


@pytest.mark.parametrize(
    ("name", "given", "field", "problem"),
    [
        ("insurers", {"name": "  "}, "name", "An entry's name has 1 to 200 characters."),
        ("insurers", {"name": "x" * 201}, "name", "An entry's name has 1 to 200 characters."),
        ("insurers", {"name": "whisker MUTUAL"}, "name", "The list has this name already."),
        ("diagnoses", {"name": "abscess"}, "name", "The list has this name already."),
        ("breeds", {"name": "Kraken", "species": "nonsense"}, "species", "The list of species has no such entry."),
        ("breeds", {"name": "Labrador Retriever", "species": "dog"}, "name", "The list has this name already."),
    ],
)
def test_an_entry_that_does_not_hold_is_not_added(
    owner: Colleague, name: str, given: dict[str, str], field: str, problem: str
) -> None:
    answer = owner.post(f"lists/{name}", given)
    assert answer.status_code == 400
    assert problem in told(answer)
    assert f'id="{field}-problem"' in answer.text
