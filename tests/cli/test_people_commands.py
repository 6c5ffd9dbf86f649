# SPDX-License-Identifier: Apache-2.0
"""Commands that let people into the console of a store that is in use: links, roles, second factors."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from tests.cli.commands import made, refused

LINK = re.compile(r"http://127\.0\.0\.1:8000/console/join/[\w-]{43}\n")


def _rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "polyvet.db")
    try:
        found = connection.execute(statement).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def test_somebody_is_invited_by_a_link(tmp_path: Path) -> None:
    data = tmp_path / "data"
    where = ["--clinic", 1, "--data", data]
    made("create-clinic", "Mine", "--data", data)
    made("add-user", "ada@mine.example", "--name", "Ada Lovelace", *where)
    assert LINK.fullmatch(made("invite", "Ada@mine.example", "--role", "owner", *where))
    link = made("invite", "ben@mine.example", "--role", "vet", "--name", "Ben", *where)
    assert LINK.fullmatch(link)
    assert _rows(data, "SELECT name, email, console_role FROM users ORDER BY number") == [
        ("Ada Lovelace", "ada@mine.example", "owner"), ("Ben", "ben@mine.example", "vet"),
    ]  # fmt: skip
    assert _rows(data, "SELECT count(*) FROM password_links") == [(2,)]
    assert _rows(data, "SELECT count(*) FROM mails") == [(0,)]
    assert _rows(data, "SELECT actor_shown, action, shown FROM audit ORDER BY at") == [
        ("the command line", "made", "Ada Lovelace: owner"), ("the command line", "made", "Ben: vet"),
    ]  # fmt: skip
    assert link.strip().rpartition("/")[2].encode() not in (data / "polyvet.db").read_bytes()
    assert "Ben has this address" in refused("invite", "ben@mine.example", "--role", "vet", *where)
    assert "no e-mail address" in refused("invite", "ben", "--role", "vet", *where)
    assert "no such role: boss" in refused("invite", "x@mine.example", "--role", "boss", *where)
    assert "there is no clinic 9" in refused("invite", "x@mine.example", "--role", "vet", "--clinic", 9, *where[2:])
    assert made("check", "--data", data) == "The store is sound.\n"


def test_a_role_and_a_second_factor_are_changed_by_hand(tmp_path: Path) -> None:
    data = tmp_path / "data"
    where = ["--clinic", 1, "--data", data]
    made("create-clinic", "Mine", "--data", data)
    made("add-user", "ada@mine.example", "--name", "Ada Lovelace", *where)
    ada = "SELECT console_role, operator, totp_since, totp_secret FROM users"
    told = made("set-console-role", "ADA@mine.example", "owner", "--operator", *where)
    assert told == "Ada Lovelace at clinic 1 is owner now.\n"
    assert _rows(data, ada) == [("owner", 1, None, None)]
    made("set-console-role", "ada@mine.example", "vet", *where)
    _rows(data, "UPDATE users SET totp_since = 1, totp_secret = 'JBSWY3DPEHPK3PXP'")
    assert _rows(data, ada) == [("vet", 1, 1, "JBSWY3DPEHPK3PXP")]
    told = made("reset-second-factor", "ada@mine.example", *where)
    assert told == "Ada Lovelace at clinic 1 signs in with the password alone.\n"
    told = made("set-console-role", "ada@mine.example", "none", "--no-operator", *where)
    assert told == "Ada Lovelace at clinic 1 is not let in now.\n"
    assert _rows(data, ada) == [("", 0, None, None)]
    for command in (["set-console-role", "x@mine.example", "vet"], ["reset-second-factor", "x@mine.example"]):
        assert "has no user with the e-mail x@mine.example" in refused(*command, *where)
    assert "no such role: boss" in refused("set-console-role", "ada@mine.example", "boss", *where)
