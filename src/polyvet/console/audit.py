# SPDX-License-Identifier: Apache-2.0
"""`/console/audit`: who saw and changed what."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
