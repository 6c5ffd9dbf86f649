# SPDX-License-Identifier: Apache-2.0
"""`polyvet load-library`, and the library that comes with the program."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polyvet.core.library_files import STARTER
from polyvet.core.library_sources import read_folder
from tests.cli.commands import command, made, refused
from tests.serving.running import Running
from tests.test_imports import LATE

EARS = "---\ntitle: Ear care\nspecies: Dog\nrole: free\n---\n# Ear care\n"
STARTING = len(read_folder(STARTER, numbered=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library of one handout."""
    (tmp_path / "library/handouts").mkdir(parents=True)
    (tmp_path / "library/handouts/ears.md").write_text(EARS)
    return tmp_path / "library"


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> list[object]:
    """The options that name an empty store."""
    if engine == "sqlite":
        return ["--data", tmp_path / "data"]
    fresh: Callable[[], str] = request.getfixturevalue("fresh_database")
    return ["--data", tmp_path / "data", "--database-url", fresh()]


def content(data: Path) -> dict[int, int]:
    """How many pieces of content there are, by clinic."""
    with sqlite3.connect(data / "polyvet.db") as connection:
        found = dict(connection.execute("SELECT clinic_id, count(*) FROM content GROUP BY clinic_id"))
    connection.close()
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_clinic_loads_its_library(store: list[object], folder: Path, engine: str) -> None:
    assert made("create-clinic", "Mine", *store) == "1\n"
    asked = ["load-library", folder, "--clinic", 1, *store]
    assert made(*asked, "--dry-run") == "new: handouts/ears.md\n1 new, 0 changed, 0 unchanged.\n"
    assert made(*asked) == "new: handouts/ears.md\n1 new, 0 changed, 0 unchanged.\n"
    assert made(*asked) == "0 new, 0 changed, 1 unchanged.\n"
    (folder / "handouts/ears.md").write_text(EARS + "\nmore\n")
    assert made(*asked) == "changed: handouts/ears.md\n0 new, 1 changed, 0 unchanged.\n"
    (folder / "handouts/ears.md").rename(folder / "handouts/cleaning.md")
    assert made(*asked).endswith("1 new, 0 changed, 0 unchanged; 1 without a file stay as they are.\n")
    assert made("check", *store).endswith("The store is sound.\n")


def test_what_is_wrong_with_files_is_told(folder: Path, tmp_path: Path) -> None:
    data = ["--data", tmp_path / "data"]
    made("create-clinic", "Mine", *data)
    (folder / "handouts/a.md").write_text("---\nrole: gold\n---\n")
    result = command("load-library", folder, "--clinic", 1, *data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "polyvet: handouts/a.md:2: role must be one of free, premium",
        "polyvet: handouts/a.md:1: has no title",
        "polyvet: nothing was loaded",
    ]
    assert content(tmp_path / "data") == {}
    assert "there is no clinic 2" in refused("load-library", folder, "--clinic", 2, *data)


def test_help_tells_the_format() -> None:
    said = command("load-library", "--help", COLUMNS="100").stdout
    for words in ("handouts, forms, vetforms and programs", "  owner_copy  Of vet forms", "--dry-run"):
        assert words in said


def test_every_start_brings_the_programs_library(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made("migrate", "--data", data)
    assert content(data) == {0: STARTING}
    with sqlite3.connect(data / "polyvet.db") as connection:
        connection.execute(
            "UPDATE content SET details = '{\"source_hash\": \"an older one\"}', title = 'x' WHERE number = 1"
        )
    connection.close()
    with Running(data):
        with sqlite3.connect(data / "polyvet.db") as connection:
            [left] = connection.execute("SELECT count(*) FROM content WHERE title = 'x'").fetchone()
        connection.close()
    assert left == 0
    assert content(data) == {0: STARTING}


def test_a_start_that_finds_it_there_loads_nothing_for_it(tmp_path: Path) -> None:
    made("migrate", "--data", tmp_path)
    program = (
        "import sys\nfrom polyvet.cli import app\n"
        f"app(['migrate', '--data', {str(tmp_path)!r}], standalone_mode=False)\n"
        f"print(*sorted(set({LATE!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == [""]


def test_a_backup_is_restored_where_only_the_programs_library_is(folder: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    made("migrate", "--data", here)
    made("create-clinic", "Mine", "--data", here)
    made("load-library", folder, "--clinic", 1, "--data", here)
    made("backup", tmp_path / "b.zip", "--data", here)
    made("migrate", "--data", there)
    made("restore", tmp_path / "b.zip", "--data", there)
    assert content(there) == content(here) == {0: STARTING, 1: 1}
    assert "is not empty" in refused("restore", tmp_path / "b.zip", "--data", there)


def test_a_backup_without_the_library_gets_it_when_restored(tmp_path: Path) -> None:
    made("create-clinic", "Mine", "--data", tmp_path / "here")
    made("backup", tmp_path / "b.zip", "--data", tmp_path / "here")
    (tmp_path / "there").mkdir()
    made("restore", tmp_path / "b.zip", "--data", tmp_path / "there")
    assert content(tmp_path / "there") == {0: STARTING}
