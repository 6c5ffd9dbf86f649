# SPDX-License-Identifier: Apache-2.0
"""A mail on its way out: what its sender is given, and what came of an attempt."""

from __future__ import annotations

from enum import StrEnum

from polyvet.model.entities import Entity
from polyvet.model.library import Mail


class Ending(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    LATER = "later"  # another attempt may do
    REFUSED = "refused"  # no attempt ever will
    UNREACHED = "unreached"  # the server was not spoken to about this mail


class Outgoing(Entity, frozen=True):
    """A mail, and the clinic that it is from."""

    mail: Mail
    clinic: str
    reply_to: str | None


class Outcome(Entity, frozen=True):
    """What came of an attempt: the server's status, if it gave one, and why the mail was not taken. `reason` is in our
    words and may be logged; `said` is the server's answer, which may name the recipient."""

    ending: Ending
    status: int | None = None
    reason: str | None = None
    said: str | None = None
