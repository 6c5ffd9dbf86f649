# SPDX-License-Identifier: Apache-2.0
"""The page docs/clinovavet.md names all that is served, and every proof that it names is there."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyvet.dialects.clinovavet import router
from polyvet.dialects.clinovavet.owners import OwnerIn
from polyvet.dialects.clinovavet.pets import PetIn
from polyvet.web.marks import Marks

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "clinovavet.md").read_text(encoding="utf-8")
ROUTES = router.table(SimpleNamespace(marks=Marks(shared=False))).routes  # type: ignore[arg-type]  # it asks for no more


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_operation_and_parameter_is_named(route):
    assert f"`{route.method} /{route.path}`" in PAGE
    for parameter in route.parameters:
        assert f"`{parameter.name}`" in PAGE


def test_every_field_of_a_body_is_named():
    for name in (*OwnerIn.__struct_encode_fields__, *PetIn.__struct_encode_fields__):
        assert f"`{name}`" in PAGE


def test_every_error_code_is_named():
    table = (Path(router.__file__).parent / "wire.py").read_text(encoding="utf-8")
    found = set(re.findall(r'(?:failure\()(\d{3}), "([A-Z_]+)"', table))
    assert len(found) > 8
    for status, code in found:
        assert f"| {status} | `{code}` |" in PAGE


def test_every_proof_is_there():
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = set(re.findall(r"`(golden/\w+\.json)`", PAGE))
    assert len(named) > 30
    assert len(files) > 20
    assert [name for name in named if f"def {name}(" not in tests] == []
    assert [file for file in files if not (HERE / file).exists()] == []
