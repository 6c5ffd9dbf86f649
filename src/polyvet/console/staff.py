# SPDX-License-Identifier: Apache-2.0
"""`/console/staff`: who works at the clinic, with which role, and who is invited."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
