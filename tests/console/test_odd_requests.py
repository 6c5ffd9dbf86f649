# SPDX-License-Identifier: Apache-2.0
"""Requests that no browser of ours sends: each is answered with a page that says what is wrong, and none with a 500."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import msgspec
import pytest

from polyvet.console import audit
from polyvet.console.console import ROWS
from polyvet.model.audit_log import Mark
from tests.console.people import Colleague
from tests.dialects.harness import Practice

PAGES = [row.path for row in ROWS if row.method == "GET" and "{" not in row.path]


@pytest.mark.parametrize("query", ["a=%zz", "a=%ff", "a=%00", "done=%", "a" * 9_000], ids=lambda query: query[:6])
def test_a_query_that_cannot_be_read_is_refused_or_left_alone(owner: Colleague, query: str) -> None:
    told = {path: owner.get(f"{path}?{query}").status_code for path in [*PAGES, "nowhere"]}
    assert {path: status for path, status in told.items() if status not in (200, 400, 404)} == {}


def test_nobody_who_is_not_signed_in_breaks_a_page_by_its_query(module_practice: Practice) -> None:
    client = module_practice.client()
    assert client.get("/console/sign-in?next=%ff").status_code == 400
    assert client.get("/console/nowhere?%").status_code == 404


@pytest.mark.parametrize("host", ["[", "[::1", "a]b"])
def test_a_host_that_no_url_can_have_is_refused(owner: Colleague, host: str) -> None:
    for page in ("apis", "apis/provet", "apis/provet/try"):
        answer = owner.client.get(f"/console/{page}", headers={"host": host})
        assert (answer.status_code, "no name of a host" in answer.text) == (400, True)


@pytest.mark.parametrize("asked_id", ["\0", "\r\n", "\u2028"])
def test_a_place_in_the_audit_log_that_no_page_names_is_refused(owner: Colleague, asked_id: str) -> None:
    place = base64.urlsafe_b64encode(msgspec.json.encode(Mark(asked_id=asked_id))).decode()
    answer = owner.get(f"audit?before={place}")
    assert (answer.status_code, "There is no such page." in answer.text) == (400, True)


@pytest.mark.parametrize("begins", [*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20"])
def test_no_cell_of_the_exported_log_is_run_by_a_spreadsheet(begins: str) -> None:
    written = audit._written([(f"{begins}1+1", "1=1")])
    assert next(csv.reader(io.StringIO(written, newline=""))) == [f"'{begins}1+1", "1=1"]


@pytest.mark.parametrize(
    ("method", "status", "allow"),
    [("GET", 200, None), ("HEAD", 200, None), ("OPTIONS", 405, "GET, HEAD"), ("PUT", 405, "GET, HEAD")],
)
def test_files_are_only_read(owner: Colleague, method: str, status: int, allow: Any) -> None:
    answer = owner.client.request(method, "/console/static/console.css")
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)
