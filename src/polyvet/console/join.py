# SPDX-License-Identifier: Apache-2.0
"""`/console/join/<secret>`: somebody who was invited, or has forgotten their password, chooses one."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
