# SPDX-License-Identifier: Apache-2.0
"""`/console/webhooks`: the clinic's webhooks, and what became of what was sent."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
