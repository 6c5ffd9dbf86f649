# SPDX-License-Identifier: Apache-2.0
"""`/oauth/token` and what clients read of this authorization server."""

from __future__ import annotations

from polyvet.dialects.vetcheck.people import Shared, Table


def table(shared: Shared) -> Table:
    """The paths."""
    return {}
