# SPDX-License-Identifier: Apache-2.0
"""`/code`, `/login`, `/register`, `/logout`: a user signs in and allows an application, or does not."""

from __future__ import annotations

from polyvet.dialects.vetcheck.people import Shared, Table


def table(shared: Shared) -> Table:
    """The paths."""
    return {}
