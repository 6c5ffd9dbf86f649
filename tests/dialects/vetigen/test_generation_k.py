# SPDX-License-Identifier: Apache-2.0
"""The switch to generation K of the vendor's documentation: what changes, and that nothing else does."""

from __future__ import annotations

import json

import pytest

from polyvet.core import calendar
from polyvet.model.paging import Page
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.dialects.harness import SECRETS, Golden, Practice
from tests.dialects.vetigen.asking import EVENTS, INVENTORY, PATIENTS, SAMPLE, SOAP, data, error, rows

SAMPLES = {"start_date": "2031-04-15", "end_date": "2031-04-16"}


@pytest.fixture
def k(practice: Practice) -> Practice:
    """The same record, served in generation K."""
    return practice.served_otherwise(vetigen_generation="K")


def test_events_are_a_bare_array(k: Practice, golden: Golden) -> None:
    golden("k_list_events", k.vetigen.get(EVENTS, params=SAMPLES))
    assert k.vetigen.get(EVENTS, params={**SAMPLES, "type": "SURGERY"}).json() == []


def test_events_are_not_paged(k: Practice, practice: Practice) -> None:
    window = {"start_date": "2026-04-20", "end_date": "2026-06-20"}
    everything = k.vetigen.get(EVENTS, params={**window, "page": 7, "page_size": 1}).json()
    assert everything == rows(practice.vetigen, EVENTS, **window, page_size=100)
    assert len(everything) > 20


def test_errors_of_events_keep_the_envelope(k: Practice) -> None:
    error(k.vetigen.get(f"{EVENTS}?start_date=2031-01-01&end_date=2031-12-31"), 400, "CALENDAR.INVALID_RANGE")
    error(k.vetigen.get(f"{EVENTS}?type=sale"), 400, "VALIDATION.FAILED")


def test_more_events_than_fit_are_refused_and_not_cut_off(k: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    async def many(*_: object, **__: object) -> Page:
        return Page([], 10_001, more=True)

    monkeypatch.setattr(calendar, "search", many)
    error(k.vetigen.get(EVENTS, params=SAMPLES), 400, "CALENDAR.INVALID_RANGE")


def test_low_stock_has_its_other_name(k: Practice) -> None:
    low = rows(k.vetigen, INVENTORY, category="SAMPLE", low_stock_only="true")
    assert [row["sku"] for row in low] == ["SMP-2"]
    assert len(rows(k.vetigen, INVENTORY, category="SAMPLE", low_stock="true")) == 3


def test_no_key_may_read_soap(k: Practice) -> None:
    for path in (f"{SOAP}/patient/{SAMPLE}", f"{SOAP}/soap_01KM00000000000000000S0AP1", f"{SOAP}/soap_nothing"):
        error(k.vetigen.get(path), 403, "AUTH.FORBIDDEN")


def test_both_headers_carry_the_key(k: Practice) -> None:
    key = SECRETS["vetigen", MAIN_CLINIC]
    assert k.client().get(PATIENTS, headers={"X-API-Key": key}).status_code == 200
    assert k.client(key).get(PATIENTS).status_code == 200


@pytest.mark.parametrize("path", [PATIENTS, f"{PATIENTS}/{SAMPLE}", INVENTORY, f"{PATIENTS}?page=0", f"{PATIENTS}/x"])
def test_all_else_is_the_same(k: Practice, practice: Practice, path: str) -> None:
    ours, theirs = k.vetigen.get(path), practice.vetigen.get(path)
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)


def test_the_description_is_the_generations_own(k: Practice, practice: Practice) -> None:
    path = "/openapi/vetigen.json"
    described, other = k.client().get(path).json(), practice.client().get(path).json()
    assert described["paths"].keys() == other["paths"].keys()
    assert "low_stock_only" in json.dumps(described)
    assert "low_stock_only" not in json.dumps(other)
    assert "200" not in described["paths"]["/soap/{fp}"]["get"]["responses"]
    assert data(k.vetigen.get(PATIENTS))["total"] == data(practice.vetigen.get(PATIENTS))["total"]
