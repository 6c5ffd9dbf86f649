# SPDX-License-Identifier: Apache-2.0
"""Rate limits: two windows a key, counted exactly over all workers of one machine.

A window opens with its first request and lasts its full length. A request is let through only when both windows have
room, and then counts in both. `retry_after` names the end of the last full window that stands in the way, so a client
that waits that long finds room.
"""

from __future__ import annotations

import msgspec

from polyvet.core.context import Caller
from polyvet.model import values
from polyvet.model.errors import LimitReached
from polyvet.web.slots import Slots

MINUTE = 60 * values.MICROSECONDS
HOUR = 3600 * values.MICROSECONDS
_LAYOUT = "qqqq"  # minute opened, minute count, hour opened, hour count
_KEYS = 16_384
ENDLESS = 1 << 62


class Budget(msgspec.Struct, frozen=True, gc=False):
    """Requests a minute and an hour; None is no limit."""

    per_minute: int | None
    per_hour: int | None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What the headers tell: the window with the least room left."""

    limit: int
    remaining: int
    reset_s: int


class Room(msgspec.Struct, frozen=True):
    """What is left of one budget of a key, which was not touched by asking."""

    what: str  # of what so many requests are allowed
    limit: int
    left: int
    whole_in_s: int  # seconds until all of it is there again; 0: nothing is used up


class Limits:
    """The windows of all keys."""

    def __init__(self, *, shared: bool) -> None:
        self._slots = Slots(_KEYS, _LAYOUT, shared=shared)

    def take(self, caller: Caller, budget: Budget, now: int | None = None) -> Standing | None:
        """Count one request; None when nothing limits the key. LimitReached when a window is full."""
        per_minute = _first(caller.per_minute, budget.per_minute)
        per_hour = _first(caller.per_hour, budget.per_hour)
        if per_minute is None and per_hour is None:
            return None
        slots, key = self._slots, caller.key_id
        group = slots.hold(key)
        try:
            # Under the lock: a time taken before could lie before a window that another process opened meanwhile.
            now = values.now() if now is None else now
            minute_opened, minute_n, hour_opened, hour_n = slots.read(group, key) or (now, 0, now, 0)
            if not 0 <= now - minute_opened < MINUTE:
                minute_opened, minute_n = now, 0
            if not 0 <= now - hour_opened < HOUR:
                hour_opened, hour_n = now, 0
            minute_left = ENDLESS if per_minute is None else per_minute - minute_n
            hour_left = ENDLESS if per_hour is None else per_hour - hour_n
            if minute_left <= 0 or hour_left <= 0:
                # The minute may have opened in the hour's last seconds, and then ends after it.
                full = [(minute_opened + MINUTE, per_minute)] if minute_left <= 0 else []
                full += [(hour_opened + HOUR, per_hour)] if hour_left <= 0 else []
                ends, limit = max(full)
                raise LimitReached(_seconds(ends - now), limit or 0)
            slots.write(group, key, now, minute_opened, minute_n + 1, hour_opened, hour_n + 1)
        finally:
            slots.release(group)
        if minute_left <= hour_left:
            return Standing(per_minute or 0, minute_left - 1, _seconds(minute_opened + MINUTE - now))
        return Standing(per_hour or 0, hour_left - 1, _seconds(hour_opened + HOUR - now))

    def left(self, caller: Caller, budget: Budget, now: int | None = None) -> list[Room]:
        """What is left of both windows, without counting anything; nothing of one that has no limit."""
        group = self._slots.hold(caller.key_id)
        try:
            now = values.now() if now is None else now
            minute_opened, minute_n, hour_opened, hour_n = self._slots.read(group, caller.key_id) or (0, 0, 0, 0)
        finally:
            self._slots.release(group)
        found = []
        for what, span, limit, opened, n in (
            ("a minute", MINUTE, _first(caller.per_minute, budget.per_minute), minute_opened, minute_n),
            ("an hour", HOUR, _first(caller.per_hour, budget.per_hour), hour_opened, hour_n),
        ):
            counts = n > 0 and 0 <= now - opened < span
            if limit is not None:
                whole_in = _seconds(opened + span - now) if counts else 0
                found.append(Room(what, limit, max(0, limit - n) if counts else limit, whole_in))
        return found


def headers(standing: Standing | None) -> list[tuple[bytes, bytes]]:
    """What tells of a budget: the window with the least room, `Reset` in seconds. Nothing when there is none."""
    if standing is None:
        return []
    return [
        (b"x-ratelimit-limit", b"%d" % standing.limit),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%d" % standing.reset_s),
    ]


def _first(own: int | None, usual: int | None) -> int | None:
    return usual if own is None else own


def _seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, so that waiting them is enough."""
    return max(1, -(-microseconds // values.MICROSECONDS))
