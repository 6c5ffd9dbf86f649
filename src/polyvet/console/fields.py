# SPDX-License-Identifier: Apache-2.0
"""`/console/fields`: the clinic's custom fields."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
