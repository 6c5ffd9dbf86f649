# SPDX-License-Identifier: Apache-2.0
"""The commands beside `serve`: what they do, what they print, and one line instead of a traceback when they cannot."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyvet import __version__, inprocess
from polyvet.core.context import PERMISSIONS
from polyvet.settings import Settings, SettingsError
from tests.cli.commands import command, made, refused
from tests.cli.conftest import Demo
from tests.core.stores import run
from tests.serving.running import Running, polyvet

SECRET = re.compile(r"id: {5}([0-9A-Z]{26})\nsecret: (sk_live_[a-z0-9]{36})\n")


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> list[object]:
    """The options that name an empty store."""
    if engine == "sqlite":
        return ["--data", tmp_path / "data"]
    fresh: Callable[[], str] = request.getfixturevalue("fresh_database")
    return ["--data", tmp_path / "data", "--database-url", fresh()]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_clinic_a_key_and_its_end(store: list[object], tmp_path: Path, engine: str) -> None:
    assert made("migrate", *store).endswith(" is up to date.\n")
    assert made("migrate", *store).endswith(" is up to date.\n")
    assert (
        made("create-clinic", "Kleintierpraxis Süd", "--timezone", "Europe/Berlin", "--currency", "EUR", *store)
        == "1\n"
    )
    assert made("create-clinic", "Second", *store) == "2\n"
    key = SECRET.fullmatch(made("create-key", "--clinic", 2, "--dialect", "clinovavet", "--per-minute", 3, *store))
    assert key is not None
    got = polyvet("get", "/api/v1/owners", "--key", key[2], *store)
    assert got.returncode == 0
    assert json.loads(got.stdout)["pagination"]["total"] == 0
    assert made("revoke-key", key[1], *store) == f"revoked: {key[1]}\n"
    assert "no living key" in refused("revoke-key", key[1], *store)
    assert "no living key" in refused("revoke-key", key[2], *store)
    got = polyvet("get", "/api/v1/owners", "--key", key[2], *store)
    assert (got.returncode, json.loads(got.stdout)["error"]["code"]) == (1, "INVALID_API_KEY")
    assert made("check", *store).endswith("The store is sound.\n")
    assert (tmp_path / "data" / "polyvet.db").exists() == (engine == "sqlite")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_clinic_is_changed_where_something_is_said(store: list[object]) -> None:
    made("create-clinic", "Mine", "--timezone", "Europe/Berlin", "--email", "desk@mine.example", *store)
    said = made("change-clinic", "1", "--email", "front@mine.example", *store)
    assert said == "clinic 1: Mine, Europe/Berlin, front@mine.example\n"
    said = made("change-clinic", "1", "--name", "Ours", "--timezone", "Europe/Paris", *store)
    assert said == "clinic 1: Ours, Europe/Paris, front@mine.example\n"
    assert made("change-clinic", "1", "--email", "", *store) == "clinic 1: Ours, Europe/Paris, no e-mail\n"
    told = refused("change-clinic", "1", "--name", " ", "--timezone", "Berlin", "--email", "desk", *store)
    assert [word in told for word in ("1 to 200", "time zone Berlin", "address: desk")] == [True] * 3
    assert "there is no clinic 9" in refused("change-clinic", "9", "--name", "x", *store)
    assert made("change-clinic", "1", *store) == "clinic 1: Ours, Europe/Paris, no e-mail\n"


def test_a_running_server_refuses_a_revoked_key_within_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made("create-clinic", "Mine", "--data", folder)
    with Running(folder) as server:
        key = SECRET.fullmatch(made("create-key", "--clinic", 1, "--dialect", "vetigen", "--data", folder))
        assert key is not None
        assert server.get("/api/v1/patients", key[2]).status_code == 200  # known at once
        made("revoke-key", key[2], "--data", folder)
        time.sleep(1.1)
        assert server.get("/api/v1/patients", key[2]).status_code == 401


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create-clinic", "x", "--timezone", "Berlin"], "no time zone Berlin; write it as Europe/Berlin"),
        (["create-clinic", "x", "--currency", "Euro"], "ISO 4217"),
        (["create-key", "--clinic", "1", "--dialect", "vetcheck"], "there are vetigen, clinovavet, provet"),
        (["create-key", "--clinic", "1", "--dialect", "vetigen", "--kind", "robot"], "device"),
        (["create-key", "--clinic", "1", "--dialect", "vetigen", "--permission", "all"], "patients:read"),
        (["add-code", "--clinic", "9", "insurers", "Any"], "there is no clinic 9; `polyvet create-clinic NAME`"),
        (["add-department", "--clinic", "9", "Cats"], "there is no clinic 9; `polyvet create-clinic NAME`"),
        (["add-code", "--clinic", "1", "colours", "Red"], "species, breeds, diagnoses, insurers"),
        (["create-key", "--clinic", "9", "--dialect", "vetigen"], "there is no clinic 9; `polyvet create-clinic NAME`"),
        (["revoke-key", "nonsense"], "no living key"),
        (["create-application", "--clinic", "1", "--name", "x", "--dialect", "vetigen"], "there are provet"),
        (["create-application", "--clinic", "1", "--name", "x", "--public"], "--redirect-uri"),
        (["create-application", "--clinic", "1", "--name", " "], "1 to 200 characters"),
        (["create-application", "--clinic", "1", "--name", "x", "--redirect-uri", "http://a.example/"], "unencrypted"),
        (["create-application", "--clinic", "1", "--name", "x", "--permission", "all"], "patients:read"),
        (["create-application", "--clinic", "9", "--name", "x"], "there is no clinic 9; `polyvet create-clinic NAME`"),
        (["revoke-application", "nonsense"], "no living application"),
        (["set-password", "--clinic", "9", "a@b.example"], "there is no clinic 9"),
        (["restore", "/nowhere/backup.zip"], "/nowhere/backup.zip cannot be read"),
    ],
)
def test_what_does_not_hold_is_said_in_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    assert words in refused(*arguments, "--data", tmp_path / "data")


def test_a_department_gets_the_next_number_and_is_one_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made("create-clinic", "Mine", "--data", folder)
    adding = ("add-department", "--clinic", "1", "--data", folder)
    assert [made(*adding, name) for name in ("Cats", "Dogs", " cats ")] == ["1\n", "2\n", "1\n"]
    assert "1 to 200 characters" in refused(*adding, " ")
    assert made("check", "--data", folder) == "The store is sound.\n"


def test_a_code_is_printed_and_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made("create-clinic", "Mine", "--data", folder)
    assert "A breed needs the code of its species." in refused(
        "add-code", "--clinic", "1", "breeds", "Mix", "--data", folder
    )
    assert "1 to 200 characters" in refused("add-code", "--clinic", "1", "insurers", " ", "--data", folder)
    code = made("add-code", "--clinic", 1, "insurers", "Pet Cover", "--data", folder).strip()
    printed = made("create-key", "--clinic", 1, "--dialect", "provet", "--data", folder)
    key = SECRET.fullmatch(printed)
    assert key is not None
    path = "/1/api/0.1/codelist/insurancecompanies/"
    listed = json.loads(polyvet("get", path, "--key", key[2], "--data", folder).stdout)
    assert [(row["id"], row["label"]) for row in listed["results"]] == [(int(code), "Pet Cover")]


APPLICATION = re.compile(r"client_id: {5}(\w{40})\nclient_secret: (\w{64})\n")


def test_an_application_a_password_and_their_ends(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    where = ["--data", folder]
    made("create-clinic", "Mine", *where)
    redirects = ["--redirect-uri", "https://a.example/", "--redirect-uri", "http://localhost:1/"]
    printed = made("create-application", "--clinic", 1, "--name", "Mine", *redirects, *where)
    found = APPLICATION.fullmatch(printed)
    assert found is not None
    public = made("create-application", "--clinic", 1, "--name", "App", "--public", *redirects, *where)
    assert re.fullmatch(r"client_id: {5}\w{40}\n", public)
    with Running(folder) as server:
        form = {"grant_type": "client_credentials"}
        granted = server.http.post("/1/oauth2/token/", data=form, auth=(found[1], found[2]))
        token = granted.json()["access_token"]
        assert server.get("/1/api/0.1/client/", token).json()["count"] == 0
        assert made("revoke-application", found[1], *where) == f"revoked: {found[1]}\n"
        assert "no living application" in refused("revoke-application", found[1], *where)
        time.sleep(1.1)
        assert server.get("/1/api/0.1/client/", token).status_code == 401
        first = made("rotate-signing-key", *where)
        keys = server.get("/1/oauth2/.well-known/jwks.json").json()["keys"]
        assert [f"signing key: {one['kid']}\n" for one in keys] == [first]
        second = made("rotate-signing-key", *where)
        keys = server.get("/1/oauth2/.well-known/jwks.json").json()["keys"]
        assert [f"signing key: {one['kid']}\n" for one in keys] == [second, first]


def test_a_password_is_read_from_standard_input_and_never_shown(practice: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(practice, tmp_path / "data"))
    email = "Jana.Dvorakova@northgate.example"
    arguments = ["set-password", email, "--clinic", 5, "--data", folder]
    printed = made(*arguments, typed="correct horse battery\n")
    assert printed == f"Jana Dvořáková signs in as {email} at clinic 5.\n"
    assert "10 to 1,000" in refused(*arguments, typed="short\n")
    assert "10 to 1,000" in refused(*arguments, typed="")
    nobody = ["set-password", "nobody@northgate.example", "--clinic", 5, "--data", folder]
    assert "--user NUMBER" in refused(*nobody, typed="correct horse battery\n")
    assert "Jana" in made(*nobody, "--user", 3, typed="correct horse battery\n")
    with Running(folder) as server:
        credentials = json.loads((folder / "demo-credentials.json").read_text())["other_clinic"]["provet"]
        form = {
            "response_type": "code",
            "client_id": credentials["client_id"],
            "redirect_uri": credentials["redirect_uri"],
            "email": "nobody@northgate.example",
            "password": "correct horse battery",
            "decision": "allow",
        }
        answer = server.http.post("/5/oauth2/authorize/", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(credentials["redirect_uri"] + "?code=")
        demos = {**form, "email": credentials["email"], "password": credentials["password"]}
        assert server.http.post("/5/oauth2/authorize/", data=demos).status_code == 303
        assert server.http.post("/5/oauth2/authorize/", data={**form, "email": email}).status_code == 401


def test_a_key_with_some_permissions_has_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made("create-clinic", "Mine", "--data", folder)
    printed = made(
        "create-key", "--clinic", 1, "--dialect", "clinovavet", "--permission", "clients:read", "--data", folder
    )
    key = SECRET.fullmatch(printed)
    assert key is not None
    assert polyvet("get", "/api/v1/owners", "--key", key[2], "--data", folder).returncode == 0
    got = polyvet("get", "/api/v1/pets", "--key", key[2], "--data", folder)
    assert (got.returncode, json.loads(got.stdout)["error"]["details"]) == (1, {"permission": "patients:read"})


COMMANDS = [
    ["migrate"],
    ["create-clinic", "x"],
    ["create-key", "--clinic", "1", "--dialect", "vetigen"],
    ["revoke-key", "x"],
    ["check"],
    ["backup", "target.zip"],
    ["restore", "empty.zip"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: one[0])
def test_a_store_that_cannot_be_used_is_one_line_for_every_command(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(_an_empty_backup(tmp_path), "empty.zip")
    nobody = "postgresql://me:secret@127.0.0.1:1/polyvet"
    told = {
        "out of reach": refused(*arguments, "--database-url", nobody),
        "no database's": refused(*arguments, "--database-url", "mysql://me:secret@db/x"),
        "no folder": refused(*arguments, "--data", "/proc/polyvet"),
        "a file": refused(*arguments, "--data", "empty.zip"),
        "bad port": refused(*arguments, "--database-url", "postgresql://me:secret@db:x/y"),
    }
    assert "database_url" in told["no database's"]
    assert "no port" in told["bad port"]
    assert "polyvet" in told["no folder"]
    assert all("secret" not in line for line in told.values())
    assert not Path("target.zip").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("mysql")]


def _an_empty_backup(folder: Path) -> Path:
    from polyvet.storage.backup import backup
    from polyvet.storage.migrate import migrate

    url = f"sqlite:///{folder}/source/polyvet.db"
    run(migrate(url))
    run(backup(url, folder / "source.zip"))
    return folder / "source.zip"


@pytest.mark.parametrize("arguments", [*COMMANDS[:4], ["check"], ["backup", "target.zip"]], ids=lambda one: one[0])
def test_a_newer_programs_store_is_left_alone(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made("migrate", "--data", "data")
    connection = sqlite3.connect("data/polyvet.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    result = command(*arguments, "--data", "data")
    assert result.exit_code == 1
    assert "9999" in result.output
    assert not Path("target.zip").exists()


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    connection = sqlite3.connect(tmp_path / "data" / "polyvet.db")
    connection.execute("CREATE TABLE recipes (id INTEGER)")
    connection.close()
    assert "not polyvet's" in refused("migrate", "--data", tmp_path / "data")
    (tmp_path / "data" / "polyvet.db").write_bytes(b"a letter to my aunt" * 1_000)
    assert "not a SQLite database" in refused("migrate", "--data", tmp_path / "data")


def _get(folder: Path, path: str, key: str | None = None, **settings: Any) -> tuple[int, Any]:
    """What `polyvet get` asks, in this process."""
    status, body = run(inprocess.request(Settings(data=str(folder), **settings), path, key))
    return status, json.loads(body)


def test_requests_without_a_server(practice: Path) -> None:
    found = polyvet("get", "api/v1/patients?page_size=1&species=dog", "--data", practice)
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["data"]["page_size"] == 1
    odd = polyvet("get", "/api/v1/owners/\udcff", "--data", practice)
    assert (odd.returncode, odd.stderr) == (1, "")
    gone = polyvet("get", "/", "--data", "/proc/polyvet", POLYVET_HOSTS="a.example.org=clinovavet")
    assert gone.returncode == 1
    assert re.fullmatch(r"polyvet: the store cannot be used: .*\n", gone.stderr)


def test_requests_are_taken_as_they_were_typed(practice: Path) -> None:
    key = json.loads((practice / "demo-credentials.json").read_text())["other_clinic"]["clinovavet"]["api_key"]
    status, body = _get(practice, "/api/v1/owners?search=ä b%25&limit=3")
    assert (status, body["pagination"]["limit"]) == (200, 3)  # the demo's other key was taken
    assert _get(practice, "/api/v1/owners?search=%zz")[0] == 400
    ours, theirs = _get(practice, "/api/v1/owners")[1], _get(practice, "/api/v1/owners", key)[1]
    assert ours["data"] != theirs["data"]
    assert _get(practice, "/api/v1/owners", "wrong\udcff")[0] == 401
    assert _get(practice, "/api/v1/nothing")[1]["error"]["code"] == "ROUTE.NOT_FOUND"
    assert _get(practice, "/4/api/0.1/patient/?client__is=456")[1]["results"][0]["name"] == "Max"
    assert _get(practice, "/4/api/0.1/nothing/") == (404, {"detail": "Not found."})
    with pytest.raises(SettingsError, match=r"vetbook is no dialect; there are vetigen, clinovavet, provet, vetcheck"):
        _get(practice, "/", hosts={"a.example.org": "vetbook"})


def test_a_backup_of_a_running_server_is_restored_into_either_engine(
    demo: Demo, fresh_database: Callable[[], str], tmp_path: Path
) -> None:
    target = tmp_path / "backup.zip"
    assert re.fullmatch(rf"Wrote {target} \([\d,]+ bytes\)\.\n", made("backup", target, "--data", demo.folder))
    assert target.stat().st_mode & 0o777 == 0o600
    assert "exists already" in refused("backup", target, "--data", demo.folder)
    key = demo.credentials["vetigen"]["api_key"]
    served = demo.server.get("/api/v1/patients?page_size=100", key).json()["data"]
    for store in (["--data", tmp_path / "new"], ["--database-url", fresh_database()]):
        told = made("restore", target, *store)
        assert told.startswith(f"Restored {target} into ")
        got = polyvet("get", "/api/v1/patients?page_size=100", "--key", key, *store)
        assert json.loads(got.stdout)["data"] == served
        assert made("check", *store).endswith("The store is sound.\n")
        assert "not empty" in refused("restore", target, *store)
    target.write_bytes(target.read_bytes()[:-1_000])
    assert "damaged" in refused("restore", target, "--data", tmp_path / "newer")


def test_check_names_what_is_wrong_and_exits_with_1(practice: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(practice, tmp_path / "data"))
    assert made("check", "--data", folder) == "The store is sound.\n"
    connection = sqlite3.connect(folder / "polyvet.db")
    connection.execute("UPDATE counters SET n = n + 1 WHERE name = 'patients'")
    connection.commit()
    connection.close()
    result = command("check", "--data", folder)
    assert result.exit_code == 1
    assert "error: " in result.stdout
    assert result.stdout.endswith("1 errors.\n")


def test_a_password_is_not_shown(fresh_database: Callable[[], str]) -> None:
    url = fresh_database().replace("postgres@", "postgres:geheim@")
    printed = made("migrate", "--database-url", url)
    assert "geheim" not in printed
    assert "127.0.0.1" in printed or "@" not in url


def test_version_and_help() -> None:
    assert made("version") == f"{__version__}\n"
    shown = polyvet("--help")
    assert shown.returncode == 0
    for name in (
        "serve",
        "migrate",
        "create-clinic",
        "add-code",
        "add-department",
        "create-key",
        "revoke-key",
        "create-application",
        "revoke-application",
        "add-user",
        "set-password",
        "rotate-signing-key",
        "get",
        "backup",
        "restore",
        "check",
    ):
        assert name in shown.stdout
    assert polyvet("serve", "--workers", "x").returncode == 2


def test_help_tells_what_holds_when_nothing_is_said() -> None:
    shown = " ".join(polyvet("serve", "--help").stdout.split())
    for default in ("(127.0.0.1)", "(8000)", "(polyvet-data)", "(1)"):
        assert f"[default: {default}]" in shown
    for name in ("create-key", "create-application"):
        shown = polyvet(name, "--help").stdout
        assert [one for one in PERMISSIONS if one not in shown] == []
