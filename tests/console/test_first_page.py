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

AT = 1_777_894_205_250_000  # 2026-05-04T11:30:05.250Z


def test_each_page_of_the_menu_is_told_of_in_a_line(owner: Colleague) -> None:
    text = told(owner.get(""))
    for row in ROWS:
        if row.menu:
            assert f"{row.menu} {LEADS[row.path]}" in text


def test_who_is_signed_in_is_told_the_role(colleagues: dict[Role, Colleague]) -> None:
    for role, colleague in colleagues.items():
        assert f"whose role is {role}." in colleague.text("")


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
