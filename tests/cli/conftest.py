# SPDX-License-Identifier: Apache-2.0
"""A small demo practice that was installed and served by the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.serving.running import Running

CLIENTS = 30


class Demo(msgspec.Struct):
    """The running server, its folder, and its credentials."""

    server: Running
    folder: Path
    credentials: dict[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Served for all tests of the session; they change nothing that others rely on."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    with Running(folder, "--demo", "--clients", CLIENTS) as server:
        yield Demo(server, folder, json.loads((folder / "demo-credentials.json").read_text()))


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same practice in a folder that no server has open; commands read it, a test that writes copies it."""
    folder = tmp_path_factory.mktemp("practice") / "data"
    Running(folder, "--demo", "--clients", CLIENTS).stop()
    return folder
