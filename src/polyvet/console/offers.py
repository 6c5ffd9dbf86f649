# SPDX-License-Identifier: Apache-2.0
"""`/console/connections`: clients that clinics offer each other to see."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
