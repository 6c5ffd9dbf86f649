# SPDX-License-Identifier: Apache-2.0
"""`/console/settings` and `/console/health`: the settings in force, and how the server does."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
