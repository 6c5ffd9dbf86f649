# SPDX-License-Identifier: Apache-2.0
"""Permission is the first thing that every function of core asks for."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

import polyvet.core
from polyvet.core import custom_values
from polyvet.core.context import PERMISSIONS, Caller, Context, Writing
from polyvet.core.roles import OFFICE, SERVER
from polyvet.model.custom_fields import FieldModel
from polyvet.model.errors import Forbidden

# Steps of others, which have asked for the permission themselves; each says so.
STEPS = {
    "audit.saw",
    "patient_files.again",
    "patient_files.writable",
    "patients.opened",
    "named.named_patient",
    "staff.caller_number",
    "custom_values.find",
    "custom_values.of_many",
    "custom_values.of_many_within",
}
ALL = {*PERMISSIONS, *OFFICE, *SERVER}
# What every key of a clinic may know, and what asks for the permission of the thing that it is told of.
OPEN = {"code_entries.entries", "custom_values.definitions", "departments.of_clinic"}
OF_A_MODEL = {"custom_values.check", "custom_values.put", "custom_values.put_new", "custom_values.remove"}
TOLD = STEPS | OPEN | OF_A_MODEL
PREPARING = {"touching", "saving", "creating"}


def _functions() -> dict[str, Callable[..., Any]]:
    """Every public function of core that gets a caller, by module and name."""
    found = {}
    for module in pkgutil.iter_modules(polyvet.core.__path__):
        loaded = importlib.import_module(f"polyvet.core.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.iscoroutinefunction):
            first = next(iter(inspect.signature(function).parameters.values()), None)
            called_for = first is not None and first.annotation in ("Context", "Writing")
            if called_for and function.__module__ == loaded.__name__ and not name.startswith("_"):
                found[f"{module.name}.{name}"] = function
    return found


FUNCTIONS = _functions()


class _Untouched:
    """Stands for the store: whoever reaches for it before asking for the permission fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was used before the permission was asked for")


def _refused(name: str, permissions: tuple[str, ...]) -> str:
    """Call the function as somebody with these permissions; gives the one that it asks for in vain."""
    function = FUNCTIONS[name]
    caller = Caller(b"k" * 16, 1, "integration", frozenset(permissions), "sk_live_test")
    nothing: Any = _Untouched()
    first, *rest = inspect.signature(function).parameters.values()
    kind = Writing if first.annotation == "Writing" else Context
    given = {one.name: None for one in rest if one.default is one.empty}
    with pytest.raises(Forbidden) as refused:
        asyncio.run(function(kind(caller, nothing, nothing), **given))
    return refused.value.permission


def test_the_functions_are_found() -> None:
    assert len(FUNCTIONS) >= 20
    assert set(FUNCTIONS) >= TOLD
    assert all("asked for" in inspect.getdoc(FUNCTIONS[name]).replace("\n", " ") for name in STEPS)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - TOLD))
def test_a_caller_without_the_permission_is_refused_before_anything_is_read(name: str) -> None:
    permission = _refused(name, ())
    assert permission in ALL
    others = tuple(one for one in ALL if one != permission)
    assert _refused(name, others) == permission  # no other permission stands in for it


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - TOLD))
def test_who_writes_needs_a_permission_to_write(name: str) -> None:
    first = next(iter(inspect.signature(FUNCTIONS[name]).parameters.values()))
    prepares_a_write = name.rpartition(".")[2] in PREPARING
    wanted = "write" if first.annotation == "Writing" or prepares_a_write else "read"
    area, _, what = _refused(name, ()).rpartition(":")
    assert what == wanted or f"{area}:read" not in ALL  # of some things who may not change them sees nothing, either


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_every_key_may_know_says_so(name: str) -> None:
    assert "whoever has a key of the clinic" in (inspect.getdoc(FUNCTIONS[name]) or "").replace("\n", " ")


@pytest.mark.parametrize("model", list(FieldModel))
def test_values_need_the_permission_of_what_they_stand_on(model: FieldModel) -> None:
    caller = Caller(b"k" * 16, 1, "integration", frozenset(), "sk_live_test")
    nothing: Any = _Untouched()
    writing = Writing(caller, nothing, nothing)
    for work in (
        custom_values.check(writing, model, [(1, "x")]),
        custom_values.put(writing, model, b"", [(1, "x")]),
        custom_values.remove(writing, model, 1),
    ):
        with pytest.raises(Forbidden) as refused:
            asyncio.run(work)
        assert refused.value.permission == f"{model}s:write"
