# SPDX-License-Identifier: Apache-2.0
"""Role by page by action: each row of the console's table is open to those who have its permission, and to nobody
else; the menu offers what is open, and no more."""

from __future__ import annotations

import re

import pytest

from polyvet.console.console import ROWS
from polyvet.console.rows import ANYBODY, SIGNED_IN, Row
from polyvet.core import roles
from polyvet.model.access import Role
from tests.console.people import Colleague
from tests.dialects.harness import Practice

GUARDED = [row for row in ROWS if row.permission not in (ANYBODY, SIGNED_IN)]
NAMES = [f"{row.method} {row.path}" for row in ROWS]


def _sent(client: Colleague, row: Row) -> int:
    """The status of an empty request to the row's page, whose parameters name nothing."""
    path = "/" + row.href.lstrip("/")
    path = re.sub(r"\{[a-z_]+\}", "999999999", path)
    if row.method == "GET":
        return client.client.get(path).status_code
    return client.client.request(row.method, path, data={"csrf": client.csrf("account")}).status_code


def test_every_permission_is_known() -> None:
    known = {*roles.OF_ROLE[Role.OWNER], *roles.SERVER, ANYBODY, SIGNED_IN}
    assert {row.permission for row in ROWS} <= known
    assert len(set(NAMES)) == len(NAMES)
    assert {row.method for row in ROWS} <= {"GET", "POST"}


@pytest.mark.parametrize("role", list(Role))
def test_a_page_is_open_to_who_has_its_permission_and_to_nobody_else(
    colleagues: dict[Role, Colleague], role: Role
) -> None:
    client = colleagues[role]
    may = roles.permissions(client.user)
    refused = {f"{row.method} {row.path}" for row in GUARDED if _sent(client, row) == 403}
    assert refused == {f"{row.method} {row.path}" for row in GUARDED if row.permission not in may}


@pytest.mark.parametrize("role", list(Role))
def test_the_menu_offers_what_is_open(colleagues: dict[Role, Colleague], role: Role) -> None:
    client = colleagues[role]
    offered = set(re.findall(r'<a href="(/console/[a-z/-]+)"', client.get("").text))
    may = roles.permissions(client.user)
    assert {row.href for row in ROWS if row.menu and row.permission in may} <= offered
    assert not {row.href for row in GUARDED if row.permission not in may} & offered


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_nobody_gets_in_without_signing_in(practice: Practice, row: Row) -> None:
    path = re.sub(r"\{[a-z_]+\}", "999999999", row.href)
    answer = practice.client().request(row.method, path)
    if row.permission == ANYBODY:
        assert answer.status_code in (200, 400, 404)
        return
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "POST"], ids=lambda row: row.path)
def test_no_form_of_somebody_else_is_taken(colleagues: dict[Role, Colleague], row: Row) -> None:
    path = re.sub(r"\{[a-z_]+\}", "999999999", row.href)
    owner = colleagues[Role.OWNER].client
    for fields in ({"csrf": ""}, {"csrf": "0" * 64}):
        answer = owner.post(path, data=fields)
        assert answer.status_code == 400
        assert "does not come from this site" in answer.text
