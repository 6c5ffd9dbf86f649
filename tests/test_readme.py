# SPDX-License-Identifier: Apache-2.0
"""The README's tour, run as it stands: the demo server, then every shell block of the tour in its order."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.serving.running import READY

ROOT = Path(__file__).parent.parent
SHOWN_URL = "http://127.0.0.1:8000"
BASH = shutil.which("bash") or "/bin/bash"
POLYVET = Path(sys.executable).with_name("polyvet")


def _section(title: str) -> str:
    text = (ROOT / "README.md").read_text()
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A fresh home and none of our settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POLYVET_")}
    return kept | {"HOME": str(tmp_path)}


@contextmanager
def _serving(folder: Path, home: dict[str, str], *options: str) -> Iterator[list[str]]:
    """What the server prints until it is ready; it runs until the block ends."""
    with subprocess.Popen(
        [POLYVET, "serve", *options, "--port", "0"],
        cwd=folder,
        env=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            said = []
            for line in server.stdout:
                said.append(line.strip())
                if line.startswith(READY):
                    break
            yield said
        finally:
            server.send_signal(signal.SIGTERM)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour is told with curl")
def test_the_tour_works_as_it_stands(tmp_path: Path, home: dict[str, str]) -> None:
    with _serving(tmp_path, home, "--demo") as said:
        url = said[-1].removeprefix(READY)
        boncuk, bella, cats, again, shared, history = _toured(url, tmp_path, home)
    assert boncuk == _blocks(_section("A tour"), "json")[0].strip()
    assert '"name":"Bella","species":"Cat","breed":"Siamese"' in bella
    assert cats.index('"name":"Bella","species":"cat","breed":"Siamese"') < cats.index("}")  # the first item
    assert '"count":1,' in again
    assert '"name":"Bella","official_name":"","species":"Cat (Feline - Domestic)"' in again
    assert re.fullmatch(rf'{{"sharelink":"{url}/s/[\w-]{{43}}"}}', shared)
    assert "Shared with the owner: Ear care for dogs" in history
    assert "Clean them twice a week." in history


def _toured(url: str, folder: Path, home: dict[str, str]) -> list[str]:
    """The answers of the tour's requests."""
    shell = "\n".join(_blocks(_section("A tour"), "sh")).replace(SHOWN_URL, url).replace("curl ", "curl -sS -w '\\n' ")
    done = subprocess.run(
        [BASH, "-euc", shell], cwd=folder, env=home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_the_way_without_the_demo_works_as_it_stands(tmp_path: Path, home: dict[str, str]) -> None:
    serving, commands = (block.splitlines() for block in _blocks(_section("Without the demo"), "sh"))
    assert serving[0] == "make setup"
    program, command, *options = shlex.split(serving[1], comments=True)
    assert (program, command) == (".venv/bin/polyvet", "serve")
    with _serving(tmp_path, home, *options) as said:
        [link] = [line for line in said if "/console/set-up/" in line]
        page = httpx.get(link, trust_env=False)
        assert (page.status_code, "Set up" in page.text) == (200, True)
    made = []
    for line in commands:
        done = subprocess.run(
            [BASH, "-c", line.replace(program, str(POLYVET))],
            cwd=tmp_path,
            env=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made.append(done.stdout.strip())
    assert made[0] == "1"
    assert re.search(r"secret: sk_live_\w{36}", made[1])


def test_every_file_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [name for name in re.findall(r"\]\(([^)#:]+)\)", text) if not (ROOT / name).exists()]
    assert missing == []
