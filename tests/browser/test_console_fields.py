# SPDX-License-Identifier: Apache-2.0
"""An owner defines fields of the clinic's own, with a mouse and by keyboard alone, and programs read them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from polyvet.console.fields import KINDS
from tests.browser.walking import BOTH, BOTH_WAYS, Walker, walker
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import ROOT

OPTIONS = ["A friend", "The street"]


def _told(practice: Practice, number: int) -> Any:
    """What a program reads of a field; None if there is none."""
    answer = practice.provet.get(f"{ROOT}custom_fields/{number}/")
    return None if answer.status_code == 404 else answer.raise_for_status().json()


def _number(walk: Walker) -> int:
    found = re.search(r"/fields/(\d+)", walk.page.url)
    assert found is not None, walk.page.url
    return int(found[1])


def _define(owner: Walker, model: str, label: str, kind: str) -> int:
    """From the list of fields; gives the field's number."""
    page = owner.page
    owner.go("Define a field")
    page.get_by_label(model, exact=True).check()
    page.get_by_label("Label").fill(label)
    page.get_by_label(kind, exact=True).check()
    if "options" in kind:
        page.get_by_label("Options", exact=True).fill("\n".join(OPTIONS))
    owner.press("Define the field")
    owner.is_told("The field is there.")
    return _number(owner)


@BOTH_WAYS
def test_a_field_of_each_kind_is_defined(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    owner = walker(module_practice, request, context)
    for place, (field_type, kind) in list(enumerate(KINDS.items()))[BOTH.index(context) :: 2]:
        model = ("clients", "patients")[place // 2 % 2]
        label = f"{kind} {context}"
        owner.menu("Custom fields")
        told = _told(module_practice, _define(owner, model, label, kind))
        assert (told["label"], told["field_type"], told["model"]) == (label, field_type, model.removesuffix("s"))
        assert [one["name"] for one in told["options"] or []] == (OPTIONS if "options" in kind else [])
    owner.menu("Custom fields")
    owner.has_heard_nothing()


@BOTH_WAYS
def test_a_field_is_changed_and_switched_off(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    owner = walker(module_practice, request, context)
    page, label = owner.page, f"Came by {context}"
    owner.menu("Custom fields")
    number = _define(owner, "clients", label, "one of several options")
    page.get_by_label("Label").fill("heard OF us")  # another field's
    page.get_by_label("A value is required.").check()
    owner.press("Save")
    owner.is_to_mend("Label", "There is a field of this label.")
    expect(page.get_by_label("Label")).to_have_value("heard OF us")
    expect(page.get_by_label("A value is required.")).to_be_checked()
    page.get_by_label("Label").fill(f"{label} <i>today</i>")
    owner.press("Save")
    owner.is_told("The field is changed.")
    page.get_by_label("Another option").fill(OPTIONS[0].lower())
    owner.press("Add the option")
    owner.is_to_mend("Another option", "Two options have the same name.")
    page.get_by_label("Another option").fill("The <b>web</b>")
    page.keyboard.press("Enter")
    owner.is_told("The option can be chosen.")
    told = _told(module_practice, number)
    assert (told["label"], told["required"]) == (f"{label} <i>today</i>", True)
    assert [one["name"] for one in told["options"]] == [*OPTIONS, "The <b>web</b>"]

    page.get_by_text("Switch the field off").click()
    owner.press("Switch off")
    owner.is_told("The field is switched off.")
    assert _told(module_practice, number) is None
    page.get_by_role("link", name="Custom fields").last.click()
    expect(page.get_by_role("row", name=label)).to_contain_text("switched off")
    owner.go(f"{label} <i>today</i>")
    owner.press("Switch on again")
    owner.is_told("The field is back")
    assert _told(module_practice, number) == told
    owner.has_heard_nothing()


def test_a_field_is_defined_by_keyboard_alone(
    module_practice: Practice, request: pytest.FixtureRequest, desktop: BrowserContext
) -> None:
    owner = walker(module_practice, request, "desktop")
    page = owner.page
    owner.tab_to(page.get_by_role("navigation").get_by_role("link", name="Custom fields"))
    page.keyboard.press("Enter")
    owner.arrive("Custom fields")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    owner.tab_to(page.get_by_role("link", name="Define a field"))
    page.keyboard.press("Enter")
    owner.arrive("Define a field")
    owner.tab_to(page.get_by_label("clients"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("patients")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Favourite toy")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # to the last one
    expect(page.get_by_label("any of several options")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Ball\nRope")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    owner.is_told("The field is there.")
    number = _number(owner)
    told = _told(module_practice, number)
    assert (told["label"], told["model"], told["required"]) == ("Favourite toy", "patient", True)
    assert [one["name"] for one in told["options"]] == ["Ball", "Rope"]
    owner.tab_to(page.locator("summary", has_text="Switch the field off"))
    page.keyboard.press("Enter")
    owner.tab_to(page.get_by_role("button", name="Switch off", exact=True))
    page.keyboard.press("Enter")
    owner.is_told("The field is switched off.")
    assert _told(module_practice, number) is None
    owner.has_heard_nothing()
