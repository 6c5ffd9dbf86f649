# SPDX-License-Identifier: Apache-2.0
"""`/console/lists`: the code lists with the clinic's own entries."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
