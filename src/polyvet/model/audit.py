# SPDX-License-Identifier: Apache-2.0
"""What people did in the console that is no change of the record, and whose files they opened."""

from __future__ import annotations

from enum import StrEnum

from polyvet.model.entities import Entity


class Action(StrEnum):
    """What somebody did."""

    SIGNED_IN = "signed in"
    FAILED_TO_SIGN_IN = "failed to sign in"
    SIGNED_OUT = "signed out"
    SAW = "saw"
    MADE = "made"
    CHANGED = "changed"
    ENDED = "ended"
    SENT = "sent"
    EXPORTED = "exported"
    ERASED = "erased"


class Deed(Entity, frozen=True):
    """One of them. `shown` says of what, in words that hold no secret."""

    clinic_id: int
    at: int
    id: bytes
    actor: bytes | None  # a user; None for somebody who could not sign in
    actor_shown: str
    action: str
    entity: str
    entity_id: bytes | None
    shown: str
