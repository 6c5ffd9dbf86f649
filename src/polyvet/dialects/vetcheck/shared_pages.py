# SPDX-License-Identifier: Apache-2.0
"""`/s/<token>`: what an owner opens from a shared link."""

from __future__ import annotations

from polyvet.dialects.vetcheck.people import Shared, Table


def table(shared: Shared) -> Table:
    """The paths."""
    return {}
