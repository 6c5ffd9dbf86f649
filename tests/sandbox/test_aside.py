# SPDX-License-Identifier: Apache-2.0
"""A demo practice that is made in another process."""

from __future__ import annotations

import multiprocessing
import os
from datetime import date

import pytest

from polyvet.sandbox import aside, demo

TODAY = date(2026, 11, 21)


def test_what_is_made_elsewhere_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WORTH_CLIENTS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert list(aside.batches(7, 2_100, TODAY)) == list(demo.generate(7, 2_100, TODAY))


def test_who_stops_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WORTH_CLIENTS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    batches = aside.batches(7, 50_000, TODAY)
    assert len(next(batches).clients) > 1_000
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert multiprocessing.active_children() == []
