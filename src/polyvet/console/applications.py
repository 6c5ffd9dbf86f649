# SPDX-License-Identifier: Apache-2.0
"""`/console/applications`: the clinic's OAuth applications."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
