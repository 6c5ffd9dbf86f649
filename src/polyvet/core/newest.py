# SPDX-License-Identifier: Apache-2.0
"""What was registered last at a clinic: something of its own to show in examples."""

from __future__ import annotations

import msgspec

from polyvet.core import clients, patients
from polyvet.core.context import Context
from polyvet.model.entities import Client, Patient
from polyvet.model.errors import Missing


class Newest(msgspec.Struct, frozen=True):
    """A patient and its client; None for what the clinic does not have."""

    client: Client | None
    patient: Patient | None

    @property
    def name(self) -> str:
        """What one would look the client up by; empty without one."""
        return "" if self.client is None else self.client.last_name or self.client.organization_name


async def newest(ctx: Context) -> Newest:
    """The patient that was registered last, and its client; without a patient, the client that was registered last."""
    ctx.require("clients:read")
    found = await patients.search_by_creation(ctx, limit=1)
    if found.items:
        [patient] = found.items
        return Newest(await _client(ctx, patient), patient)
    listed = await clients.search(ctx, limit=1)
    return Newest(listed.items[0] if listed.items else None, None)


async def _client(ctx: Context, patient: Patient) -> Client | None:
    try:
        return await clients.get(ctx, patient.client_id, "")
    except Missing:  # archived, while its patient is not
        return None
