# SPDX-License-Identifier: Apache-2.0
"""`/account/vetforms/…`: staff fill in vet forms."""

from __future__ import annotations

from polyvet.dialects.vetcheck.people import Shared, Table


def table(shared: Shared) -> Table:
    """The paths."""
    return {}
