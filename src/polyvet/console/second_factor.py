# SPDX-License-Identifier: Apache-2.0
"""`/console/code`: the code that is asked for beside the password, and setting it up."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
