# SPDX-License-Identifier: Apache-2.0
"""`/account/…`: what a user sees of themselves, their applications and their shares."""

from __future__ import annotations

from polyvet.dialects.vetcheck.people import Shared, Table


def table(shared: Shared) -> Table:
    """The paths."""
    return {}
