# SPDX-License-Identifier: Apache-2.0
"""A demo practice that is made in another process."""

from __future__ import annotations

import multiprocessing
import os
from datetime import date

import pytest

from polyvet.model.species import SPECIES
from polyvet.sandbox import aside, demo
from polyvet.sandbox.practice import CLINIC_IDS
from polyvet.storage.derived import Deriver, Start
from polyvet.storage.writing import ClinicState

TODAY = date(2026, 11, 21)
START = Start(
    slugs={species.code: species.slug for species in SPECIES},
    floors=dict.fromkeys(CLINIC_IDS, 0),
    clinics=[ClinicState(n, 0, 0, 0, 0, 0) for n in CLINIC_IDS],
)


def test_what_is_made_elsewhere_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WORTH_CLIENTS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    derive = Deriver(START).derive
    assert list(aside.pieces(START, 7, 2_100, TODAY)) == [derive(one) for one in demo.generate(7, 2_100, TODAY)]


def test_who_stops_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WORTH_CLIENTS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    made = aside.pieces(START, 7, 50_000, TODAY)
    assert len(dict(next(made).tables)["clients"]) > 1_000
    made.close()  # type: ignore[attr-defined]  # it is a generator
    assert multiprocessing.active_children() == []
