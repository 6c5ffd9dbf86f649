# SPDX-License-Identifier: Apache-2.0
"""A clinic's departments."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.storage import departments as stored


async def of_clinic(ctx: Context) -> dict[int, str]:
    """The departments' names by number; whoever has a key of the clinic may know them."""
    return await stored.of_clinic(ctx.reader, ctx.clinic_id)
