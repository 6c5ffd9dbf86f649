# SPDX-License-Identifier: Apache-2.0
"""`/console/keys`: the clinic's API keys."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
