# SPDX-License-Identifier: Apache-2.0
"""docs/vetigen.md names everything that is served, and no test or golden file that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyvet.dialects.vetigen import wire
from polyvet.dialects.vetigen.router import table
from polyvet.dialects.vetigen.wire import Generation, Options
from polyvet.web.marks import Marks

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "vetigen.md").read_text(encoding="utf-8")
CODES = sorted(set(re.findall(r'"([A-Z_]+\.[A-Z_]+)"', Path(wire.__file__).read_text(encoding="utf-8"))))
UNREACHABLE = {"ROUTE.NOT_SERVED"}  # no operation of the dialect meets this fact


@pytest.mark.parametrize("generation", list(Generation))
def test_every_route_and_parameter_is_on_the_page(generation: Generation) -> None:
    services: Any = SimpleNamespace(marks=Marks(shared=False))
    for route in table(services, Options(generation)).routes:
        assert f"`{route.method} /{route.path}`" in PAGE
        for parameter in route.parameters:
            assert f"`{parameter.name}`" in PAGE
            for word in parameter.schema.get("enum", ()):
                assert f"`{word}`" in PAGE


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_on_the_page(code: str) -> None:
    assert (f"`{code}`" in PAGE) != (code in UNREACHABLE)


def test_what_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", PAGE)) | {
        f"golden/{name}" for name in re.findall(r"`(\w+\.json)`", PAGE)
    }
    assert named
    assert not [name for name in sorted(named) if not (HERE / name).exists()]
