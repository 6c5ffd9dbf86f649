# SPDX-License-Identifier: Apache-2.0
"""Webhooks: who is told of what, what is to be sent, and what came of it."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from urllib.parse import urlencode

import msgspec

from polyvet.model.entities import Entity


class ContentType(IntEnum):
    """How a message is written."""

    FORM = 1
    JSON = 2


def written(content_type: int, parameter: str, value: str) -> bytes:
    """A message's body: `{"client_id":"123"}`, or `client_id=123`."""
    pair = {parameter: value}
    return msgspec.json.encode(pair) if content_type == ContentType.JSON else urlencode(pair).encode()


PING = "ping"  # the parameter of a message that tells of nothing: somebody tries whether it comes through


class DeliveryState(StrEnum):
    """What became of a delivery."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"


class Sought(StrEnum):
    """What somebody looks for among deliveries: one of the states, or a part of the first."""

    QUEUED = "queued"
    RETRIED = "retried"  # queued after an attempt that failed
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(Entity, frozen=True):
    """A clinic's wish to be told. `trigger` is the number of what it wants to hear of, `department` None for all."""

    id: bytes
    clinic_id: int
    number: int
    name: str
    target_url: str
    trigger: int
    content_type: int
    department: int | None
    active: bool
    secret: str
    previous_secret: str | None
    previous_until: int | None
    since_seq: int
    created_at: int
    updated_at: int


class Delivery(Entity, frozen=True):
    """One message: a parameter and its value for one webhook. That of a ping follows from no event, so its `event_seq`
    lies below all of them: it is its number with a minus."""

    id: bytes
    clinic_id: int
    number: int
    webhook_id: bytes
    event_seq: int
    parameter: str
    value: str
    state: str
    attempts: int
    next_at: int | None
    leased_until: int | None
    last_status: int | None
    last_error: str | None
    created_at: int
    updated_at: int

    @property
    def is_ping(self) -> bool:
        """Whether it was sent to try the webhook."""
        return self.event_seq < 0

    @property
    def is_retried(self) -> bool:
        """Whether it has failed so far and waits for another attempt."""
        return self.next_at is not None and self.last_error is not None


class Attempt(Entity, frozen=True):
    """One try of a delivery: the receiver's status, or why there is none, and how its answer begins if that is
    text."""

    nth: int
    at: int
    took_ms: int
    status: int | None
    error: str | None
    response: str | None = None


class Health(Entity, frozen=True):
    """How a webhook does: when a delivery last reached it, when one was last given up, since when the oldest that
    waits has been due or will be, and when one was last tried that has failed so far. `retried` says how many these
    are, `given_up` how many were given up of late, pings aside; both are counted to SOME at the most."""

    webhook_id: bytes
    delivered_at: int | None = None
    failed_at: int | None = None
    due_at: int | None = None
    retried_at: int | None = None
    retried: int = 0
    given_up: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether nothing has got through since an attempt failed."""
        tried = max(self.failed_at or 0, self.retried_at or 0)
        return tried > (self.delivered_at or 0)


class Told(msgspec.Struct, frozen=True):
    """What a trigger tells of: an entity of the event log, the kinds of its events (None for all), and the name under
    which a message gives the thing's number."""

    entity: str
    parameter: str
    kinds: frozenset[str] | None = None

    def of(self, kind: str) -> bool:
        """Whether an event of this kind is told."""
        return self.kinds is None or kind in self.kinds


Telling = dict[int, Told]  # by the triggers' numbers; others tell of nothing that the record has
