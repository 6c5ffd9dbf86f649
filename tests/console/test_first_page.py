# SPDX-License-Identifier: Apache-2.0
"""The first page, and points in time as all pages show them."""

from __future__ import annotations

import pytest

from polyvet.console import moments
from polyvet.console.console import ROWS
from polyvet.console.home import LEADS
from polyvet.console.visit import templates
from polyvet.model.access import Role
from tests.console.people import Colleague, told

JOHN = 456
AT = 1_777_894_205_250_000  # 2026-05-04T11:30:05.250Z


def test_each_page_of_the_menu_is_told_of_in_a_line(owner: Colleague) -> None:
    text = told(owner.get(""))
    for row in ROWS:
        if row.menu:
            assert f"{row.menu} {LEADS[row.path]}" in text


def test_who_is_signed_in_is_told_the_role(colleagues: dict[Role, Colleague]) -> None:
    for role, colleague in colleagues.items():
        assert f"whose role is {role}." in colleague.text("")


def test_a_role_without_pages_is_told_what_it_has(colleagues: dict[Role, Colleague]) -> None:
    for role, colleague in colleagues.items():
        has_pages = '<nav aria-label="Console">' in colleague.get("").text
        assert ("Of yours there is your account" in colleague.text("")) != has_pages, role
    assert "Of yours there is" in colleagues[Role.NURSE].text("")


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("keys/new", "/console/keys"),
        ("apis/vetigen/try", "/console/apis"),
        ("lists/species", "/console/lists"),
        ("fields/1", "/console/fields"),
        ("account/second-factor", "/console/account"),
        (f"privacy/{JOHN}/erase", f"/console/privacy/{JOHN}"),
    ],
)
def test_a_page_leads_back_to_the_one_that_it_belongs_to(owner: Colleague, path: str, above: str) -> None:
    assert f'<p class="up"><a href="{above}">' in owner.get(path).text


def test_a_page_of_the_menu_belongs_to_no_other(owner: Colleague) -> None:
    for path in ("", "keys", "connections", "account"):
        assert 'class="up"' not in owner.get(path).text


def test_dialects_go_by_what_people_call_them(owner: Colleague) -> None:
    for path in ("keys", "keys/new", "requests"):
        assert "Provet Cloud" in owner.text(path)
    assert "(not for VetCheck)" in owner.text("applications/new")


def test_zones_to_choose_from_are_named_for_places() -> None:
    zones = moments.zones()
    assert zones[0] == "UTC"
    assert {"Europe/Helsinki", "America/Argentina/Buenos_Aires"} < set(zones)
    assert not any(one.startswith("Etc/") for one in zones)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("when(at)", "4 May 2026, 14:30"),
        ("when(at, seconds=true)", "4 May 2026, 14:30:05"),
    ],
)
def test_an_instant_is_shown_by_the_clinics_clocks(asked: str, shown: str) -> None:
    moments.ZONE.set("Europe/Helsinki")
    source = f'{{% from "parts.html" import when %}}{{{{ {asked} }}}}'
    assert templates().from_string(source).render(at=AT).strip() == (
        f'<time datetime="2026-05-04T11:30:05.250Z">{shown}</time>'
    )


def test_where_there_is_no_instant_something_is_said_instead() -> None:
    source = '{% from "parts.html" import when %}{{ when(none) }} {{ when(none, otherwise="never") }}'
    assert templates().from_string(source).render().split() == ["–", "never"]
