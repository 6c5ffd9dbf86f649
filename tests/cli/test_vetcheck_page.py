# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/vetcheck.md, run as they stand against a demo server of their own, since they write; and the
file that docs/operations.md shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import made
from tests.serving.running import Running, environment, until

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "vetcheck.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
SHOWN_URL = "http://127.0.0.1:8000"
NEXT = "-- next block --"
# Each answer on a line of its own; a later -w goes before this one.
CURL = 'curl() { command curl -sS -w "\\n" "$@"; }'


def _run(folder: Path, url: str) -> list[list[str]]:
    """What each of the page's blocks prints, when all are pasted into one shell in their order."""
    told = PAGE.partition("\n## Try it\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", told, re.DOTALL)
    script = "\n".join((CURL, *(f"{block}\necho '{NEXT}'" for block in blocks))).replace(SHOWN_URL, url)
    done = subprocess.run(
        ["/bin/bash", "-euc", script], capture_output=True, text=True, check=False, timeout=60, cwd=folder,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [part.strip().splitlines() for part in done.stdout.split(NEXT)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page is told with curl")
def test_what_the_page_shows_works_when_it_is_pasted(practice: Path, tmp_path: Path) -> None:
    folder = tmp_path / "polyvet-data"
    shutil.copytree(practice, folder)
    with Running(folder, "--demo") as server:
        asking, browser, tokens, lists, shared, drafted, begun, _ = _run(tmp_path, server.url)
        assert server.http.get(asking[0]).status_code == 303  # to sign in
        assert until(lambda: "owner@example.org" in server.http.get("/demo/mail").text)
    assert browser == []
    [refreshed] = map(json.loads, tokens)
    assert refreshed["ID_TOKEN"] == refreshed["id_token"] == refreshed["access_token"]
    assert "refresh_token" not in refreshed
    count, cats, programs, fleas, *texts = lists
    assert json.loads(count) == {"count": 40}
    assert {one["species"] for one in json.loads(cats)["handouts"]} == {"Cat"}
    assert len(json.loads(programs)["programs"]) == 3
    assert json.loads(fleas)["title"] == "Fleas on cats"
    assert [text for text in ("<h1>Fleas on cats</h1>", "# Fleas on cats", "Fleas on cats") if text not in texts] == []
    history = json.loads(shared.pop())
    assert history["data"][0]["title"] == "Shared with the owner: Fleas, and what we do about them"
    assert "See you!" in "\n".join(shared)
    assert 'value="Bluey"' in "\n".join(drafted)
    [waiting] = json.loads(begun[-1])["vetforms"]
    assert (waiting["title"], waiting["status"]) == ("Ultrasound report", "incomplete")


def test_the_file_that_the_page_on_operations_shows_is_loaded(tmp_path: Path) -> None:
    told = OPERATIONS.partition("\n## Library\n")[2].partition("\n## ")[0]
    [file] = re.findall(r"```\n(---\n.*?)```", told, re.DOTALL)
    [shell] = re.findall(r"```sh\n(.*?)```", told, re.DOTALL)
    folder = tmp_path / "my-library" / "handouts"
    folder.mkdir(parents=True)
    (folder / "ear-mites.md").write_text(file, encoding="utf-8")
    assert made("create-clinic", "Mine", "--data", tmp_path / "data") == "1\n"
    dry, loading = (line.partition("#")[0].split() for line in shell.splitlines())
    for line in (dry, loading):
        said = made(*line[1:2], tmp_path / line[2], *line[3:], "--data", tmp_path / "data")
        assert said == "new: handouts/ear-mites.md\n1 new, 0 changed, 0 unchanged.\n"
