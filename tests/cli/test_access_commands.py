# SPDX-License-Identifier: Apache-2.0
"""Commands for VetCheck's users: applications, promo codes and roles."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.commands import made, refused

EMAIL = "jana.dvorakova@northgate.example"
CODE = re.compile(r"(?:[A-Z2-9]{5}-){2}[A-Z2-9]{5}\n")


def _rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "polyvet.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_an_application_of_vetcheck_asks_for_users_only(tmp_path: Path) -> None:
    where = ["--data", tmp_path / "data"]
    made("create-clinic", "Mine", "--email", "desk@mine.example", *where)
    new = ["create-application", "--clinic", 1, "--name", "App", "--dialect", "vetcheck", *where]
    assert "--redirect-uri" in refused(*new)
    printed = made(*new, "--redirect-uri", "https://a.example/")
    assert re.fullmatch(r"client_id: {5}\w{40}\nclient_secret: \w{64}\n", printed)
    assert _rows(tmp_path / "data", "SELECT dialect, grant_types FROM oauth_applications") == [
        ("vetcheck", "authorization_code refresh_token")
    ]
    assert _rows(tmp_path / "data", "SELECT email FROM clinics") == [("desk@mine.example",)]


def test_a_user_is_added_once_and_can_be_given_a_password(tmp_path: Path) -> None:
    where = ["--clinic", 1, "--data", tmp_path / "data"]
    made("create-clinic", "Mine", "--data", tmp_path / "data")
    assert made("add-user", "ada@mine.example", "--name", " Ada Lovelace ", *where) == "1\n"
    assert made("add-user", "ben@mine.example", "--name", "Ben", *where) == "2\n"
    assert made("add-user", "Ada@mine.example", "--name", "Another", *where) == "1\n"
    told = refused("add-user", "ada", "--name", " ", *where)
    assert "a name has 1 to 200 characters; ada is no e-mail address" in told
    assert "there is no clinic 9" in refused("add-user", "x@y.example", "--name", "X", "--clinic", 9, *where[2:])
    assert _rows(tmp_path / "data", "SELECT name, email, role, library_role FROM users ORDER BY number") == [
        ("Ada Lovelace", "ada@mine.example", "staff", "premium"), ("Ben", "ben@mine.example", "staff", "premium"),
    ]  # fmt: skip
    assert made("check", "--data", tmp_path / "data") == "The store is sound.\n"


def test_a_promo_code_is_made_printed_once_and_ended(tmp_path: Path) -> None:
    where = ["--data", tmp_path / "data"]
    code = made("create-promo-code", "--uses", 3, "--days", 10, "--name", "spring", *where)
    assert CODE.fullmatch(code)
    assert CODE.fullmatch(made("create-promo-code", *where))
    kept = _rows(tmp_path / "data", "SELECT name, role, uses, most_uses, expires_at > 0 FROM promo_codes ORDER BY name")
    assert kept == [("", "premium", 0, None, None), ("spring", "premium", 0, 3, 1)]
    assert code.strip().encode() not in (tmp_path / "data" / "polyvet.db").read_bytes()
    assert made("revoke-promo-code", code.strip().lower(), *where) == f"revoked: {code}"
    assert "no living promo code" in refused("revoke-promo-code", code.strip(), *where)


def test_a_role_is_given_and_taken(practice: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(practice, tmp_path / "data"))
    for role in ("free", "premium"):
        printed = made("set-role", EMAIL.upper(), role, "--clinic", 5, "--data", folder)
        assert printed == f"Jana Dvořáková at clinic 5 is {role} now.\n"
        assert _rows(folder, f"SELECT library_role FROM users WHERE email = '{EMAIL}'") == [(role,)]  # noqa: S608
    assert "has no user" in refused("set-role", EMAIL, "free", "--clinic", 4, "--data", folder)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create-promo-code", "--role", "free"], "there are premium"),
        (["create-promo-code", "--name", "x" * 201], "at most 200 characters"),
        (["set-role", "a@b.example", "gold", "--clinic", "1"], "there are free, premium"),
        (["set-role", "a@b.example", "free", "--clinic", "9"], "there is no clinic 9"),
        (["create-clinic", "x", "--email", "nobody"], "this is no e-mail address: nobody"),
    ],
)
def test_what_does_not_hold_is_said_in_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    assert words in refused(*arguments, "--data", tmp_path / "data")
