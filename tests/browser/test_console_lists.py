# SPDX-License-Identifier: Apache-2.0
"""An owner looks through the code lists, and adds what the clinic lacks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.walking import BOTH_WAYS, WITHOUT_SCRIPTS, Walker, walker
from tests.console.test_lists import LISTS
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import ROOT

TITLES = {"species": "Species", "breeds": "Breeds", "diagnoses": "Diagnoses", "insurers": "Insurers"}
_ROWS = "table.list tbody tr"


def _names(practice: Practice, name: str) -> list[str]:
    """What programs are offered of a list."""
    answer = practice.provet.get(f"{ROOT}{LISTS[name]}", params={"page_size": 1000}).raise_for_status()
    return [one["label"] for one in answer.json()["results"]]


def _add(owner: Walker, title: str, name: str) -> None:
    owner.page.get_by_label("Its name").fill(name)
    if title == "Breeds":
        owner.page.get_by_label("Of which species").fill("dog")
    owner.press("Add the entry")


@pytest.mark.parametrize(
    ("name", "context"),
    [("species", WITHOUT_SCRIPTS), ("breeds", "desktop"), ("diagnoses", "dark_phone"), ("insurers", WITHOUT_SCRIPTS)],
)
def test_an_entry_is_added_switched_off_and_on(
    module_practice: Practice, request: pytest.FixtureRequest, name: str, context: str
) -> None:
    title, entry = TITLES[name], f"Sea serpent {context}"
    owner = walker(module_practice, request, context)
    page = owner.page
    owner.menu("Code lists")
    owner.go(title)
    _add(owner, title, entry)
    owner.is_told("The entry is added.")
    row = page.locator(_ROWS).first
    expect(row).to_contain_text(entry)
    expect(row).to_contain_text("your own")
    assert entry in _names(module_practice, name)

    _add(owner, title, entry.upper())
    owner.is_to_mend("Its name", "The list has this name already.")
    expect(page.get_by_label("Its name")).to_have_value(entry.upper())
    page.get_by_label("Name", exact=True).fill(context.upper())
    owner.press("Find")
    expect(page.locator(_ROWS)).to_have_count(1)
    owner.press(f"Switch {entry} off")
    owner.is_told("The entry can be chosen no more.")
    expect(page.locator(_ROWS)).to_have_count(1)  # what was looked for is what is still shown
    expect(row).to_contain_text("switched off")
    assert entry not in _names(module_practice, name)
    owner.press(f"Switch {entry} on")
    owner.is_told("The entry can be chosen again.")
    assert entry in _names(module_practice, name)
    owner.has_heard_nothing()


@BOTH_WAYS
def test_a_breed_is_looked_for_in_all_of_them(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    owner = walker(module_practice, request, context)
    page = owner.page
    owner.menu("Code lists")
    owner.go("Breeds")
    first = page.locator(_ROWS).first.inner_text()
    expect(page.locator(_ROWS)).to_have_count(50)
    owner.go("More entries", "Breeds")
    assert page.locator(_ROWS).first.inner_text() != first
    owner.go("From the start", "Breeds")
    assert page.locator(_ROWS).first.inner_text() == first
    page.go_back()
    page.go_back()
    assert page.locator(_ROWS).first.inner_text() == first
    page.get_by_label("Name", exact=True).fill("labrador")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Labrador Retriever")).to_contain_text("shared")
    expect(page.get_by_role("row", name="Labrador Retriever").get_by_role("button")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("sea dragon")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No entry has “sea dragon” in its name.")).to_be_visible()
    page.get_by_label("Its name").fill("Sea dragon")
    page.get_by_label("Of which species").fill("dragon")
    owner.press("Add the entry")
    owner.is_to_mend("Of which species", "The list of species has no such entry.")
    expect(page.get_by_label("Its name")).to_have_value("Sea dragon")
    owner.menu("Code lists")
    owner.has_heard_nothing()
