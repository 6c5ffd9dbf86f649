# SPDX-License-Identifier: Apache-2.0
"""`/console/apis`: each dialect's base URL, credentials, and requests to try."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
