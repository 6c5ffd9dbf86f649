# SPDX-License-Identifier: Apache-2.0
"""The first start: the link that a server without a clinic prints, and the clinic and owner that come of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import made
from tests.serving.running import Running, client

GIVEN = {
    "clinic": "Kleintierpraxis Süd",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "name": "Ada Lovelace",
    "email": "ada@sued.example",
    "password": "a long enough one",
}
_LINK = re.compile(r"(http://127.0.0.1:\d+/console/set-up/[\w-]{43})\n")
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def _options(engine: str, request: pytest.FixtureRequest) -> list[str]:
    if engine == "sqlite":
        return []
    fresh: Callable[[], str] = request.getfixturevalue("fresh_database")
    return ["--database-url", fresh()]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_empty_server_is_set_up_once(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    more = _options(engine, request)
    with Running(tmp_path / "data", *more) as server:
        link = _LINK.search(server.said)
        assert link is not None
        with client(server.url) as browser:
            assert "There is no clinic here yet" in browser.get(f"{server.url}/console/sign-in").text
            csrf = _CSRF.search(browser.get(link[1]).text)
            assert csrf is not None
            wrong = browser.post(link[1], data={"csrf": csrf[1], **GIVEN, "timezone": "Berlin", "password": "short"})
            assert wrong.status_code == 400
            assert "write it as Europe/Berlin" in wrong.text
            assert GIVEN["password"] not in wrong.text
            done = browser.post(link[1], data={"csrf": csrf[1], **GIVEN})
            assert (done.status_code, done.headers["location"]) == (303, "/console")
            page = browser.get(f"{server.url}/console").text
            assert GIVEN["clinic"] in page
            assert "no clinic here" not in browser.get(f"{server.url}/console/sign-in").text
            assert browser.get(link[1]).status_code == 404
            assert browser.get(f"{server.url}/console/set-up/{'x' * 43}").status_code == 404
    with Running(tmp_path / "data", *more) as server:
        assert "set-up" not in server.said


def test_the_link_is_no_ones_who_was_not_told(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as server:
        link = _LINK.search(server.said)
        assert link is not None
        assert server.http.get(f"/console/set-up/{'x' * 43}").status_code == 404
        assert link[1].rpartition("/")[2] not in server.log.read_text()


def test_a_server_with_a_clinic_prints_no_link(tmp_path: Path) -> None:
    made("create-clinic", "Mine", "--data", tmp_path / "data")
    with Running(tmp_path / "data") as server:
        assert "set-up" not in server.said
