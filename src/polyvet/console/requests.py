# SPDX-License-Identifier: Apache-2.0
"""`/console/requests`: what was asked for with the clinic's keys in the last days."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
