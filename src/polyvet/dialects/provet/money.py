# SPDX-License-Identifier: Apache-2.0
"""Money and quantities as Provet Cloud prints them: JSON numbers [client], made of integers.

The nearest float of a whole number of cents prints as these cents, up to some ten trillions.
"""

from __future__ import annotations


def amount(cents: int) -> float:
    """24550 is 245.5."""
    return cents / 100


def quantity(thousandths: int) -> float:
    """1500 is 1.5."""
    return thousandths / 1000
