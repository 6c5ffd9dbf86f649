# SPDX-License-Identifier: Apache-2.0
"""`/console/clinic` and `/console/clinics`: what is said of a clinic."""

from __future__ import annotations

from polyvet.console.rows import Row

ROWS: tuple[Row, ...] = ()
