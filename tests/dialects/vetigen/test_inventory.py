# SPDX-License-Identifier: Apache-2.0
"""GET /inventory and GET /inventory/{fp}."""

from __future__ import annotations

import pytest

from polyvet.dialects.vetigen.inventory import to_units
from tests.dialects.harness import Golden, Practice
from tests.dialects.vetigen.asking import INVENTORY, data, error, rows

ITEM = "invitem_01KM00000000000000000STK01"


def test_a_page_of_items(practice: Practice, golden: Golden) -> None:
    golden("list_inventory", practice.vetigen.get(INVENTORY, params={"category": "SAMPLE"}))


def test_one_item(practice: Practice, golden: Golden) -> None:
    golden("get_inventory_item", practice.vetigen.get(f"{INVENTORY}/{ITEM}"))


def test_low_stock_is_strictly_below_the_threshold_and_never_virtual(practice: Practice) -> None:
    everything = rows(practice.vetigen, INVENTORY, page_size=100)
    low = [row for row in everything if not row["is_virtual"] and row["quantity_on_hand"] < row["low_stock_threshold"]]
    assert 0 < len(low) < len(everything)
    for yes in ("true", "TRUE", "1"):
        assert rows(practice.vetigen, INVENTORY, low_stock=yes, page_size=100) == low
    for no in ("false", "0", ""):
        assert rows(practice.vetigen, INVENTORY, low_stock=no, page_size=100) == everything


def test_category_and_low_stock_are_both_obeyed(practice: Practice) -> None:
    found = rows(practice.vetigen, INVENTORY, category="SAMPLE", low_stock="true")
    assert [row["sku"] for row in found] == ["SMP-2"]


@pytest.mark.parametrize("category", ["sample", "NOTHING", "%", "S_MPLE"])
def test_categories_are_compared_to_the_letter(practice: Practice, category: str) -> None:
    assert data(practice.vetigen.get(INVENTORY, params={"category": category}))["total"] == 0


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_pages_together_are_the_stock(practice: Practice, size: int) -> None:
    total = data(practice.vetigen.get(INVENTORY))["total"]
    fps = [row["fp"] for row in rows(practice.vetigen, INVENTORY, page_size=size)]
    assert fps == sorted(fps)
    assert len(set(fps)) == len(fps) == total


@pytest.mark.parametrize("query", ["low_stock=maybe", "page=0", "page_size=101", f"category={'x' * 201}"])
def test_what_does_not_hold_is_refused_by_name(practice: Practice, query: str) -> None:
    problem = error(practice.vetigen.get(f"{INVENTORY}?{query}"), 400, "VALIDATION.FAILED")
    assert list(problem["details"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("fp", ["invitem_01KM00000000000000000STK0", "patient_01KM00000000000000000STK01", "x"])
def test_what_is_no_item_is_missing(practice: Practice, fp: str) -> None:
    problem = error(practice.vetigen.get(f"{INVENTORY}/{fp}"), 404, "INVENTORY.NOT_FOUND")
    assert fp in problem["message"]


@pytest.mark.parametrize(
    ("thousandths", "shown"), [(42_000, "42"), (2_500, "2.5"), (1, "0.001"), (0, "0"), (-500, "-0.5")]
)
def test_quantities_are_printed_without_needless_digits(thousandths: int, shown: str) -> None:
    assert str(to_units(thousandths)) == shown
