# SPDX-License-Identifier: Apache-2.0
"""`/console/privacy`: giving people what is known of them, and taking them out of the record."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
