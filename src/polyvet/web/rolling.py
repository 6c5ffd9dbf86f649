# SPDX-License-Identifier: Apache-2.0
"""Rate limits over a rolling minute, a caller and an endpoint at a time, counted exactly over all workers of a machine.

A request counts in the second in which it comes; what is older than sixty full seconds does not count any more.
`retry_after` names the second in which there is room again, so a client that waits that long finds it.
"""

from __future__ import annotations

from polyvet.model import values
from polyvet.model.errors import LimitReached
from polyvet.web.slots import Slots

SECONDS = 61  # the present one, and sixty full ones before it
_LAYOUT = f"q{SECONDS}H"
_KEYS = 8_192
MOST = 60_000  # that a second's counter holds


class Rolling:
    """The last minute of all callers and endpoints."""

    def __init__(self, *, shared: bool) -> None:
        self._slots = Slots(_KEYS, _LAYOUT, shared=shared)

    def take(self, key: bytes, limit: int, cost: int = 1, now: int | None = None, *, each_s: int = 1) -> None:
        """Count a request that costs `cost` for a key (see slots.digest). LimitReached when there is no room; what
        costs more than the whole limit takes all of it. With `each_s` of 60 a key's counters are minutes, and its limit
        is that of a rolling hour."""
        cost = min(cost, limit, MOST)
        group = self._slots.hold(key)
        try:
            # Under the lock: a time taken before could lie before one that another process has counted in.
            now = values.now() if now is None else now
            second = now // (values.MICROSECONDS * each_s)
            counts = self._counts(group, key, second)
            if sum(counts) + cost > limit:
                raise LimitReached(_wait(counts, second, now, sum(counts) + cost - limit, each_s), limit)
            counts[second % SECONDS] = min(counts[second % SECONDS] + cost, MOST)
            self._slots.write(group, key, now, second, *counts)
        finally:
            self._slots.release(group)

    def left(self, key: bytes, limit: int, now: int | None = None) -> tuple[int, int]:
        """How many requests of a key still have room, and in how many seconds all of it is there again (0: nothing
        counts), without counting anything."""
        group = self._slots.hold(key)
        try:
            now = values.now() if now is None else now
            second = now // values.MICROSECONDS
            counts = self._counts(group, key, second)
        finally:
            self._slots.release(group)
        used = sum(counts)
        return max(0, limit - used), _wait(counts, second, now, used) if used else 0

    def _counts(self, group: int, key: bytes, second: int) -> list[int]:
        """The counters, with those of seconds that are over cleared."""
        kept = self._slots.read(group, key)
        if kept is None:
            return [0] * SECONDS
        latest, *counts = kept
        if not 0 <= second - latest < SECONDS:  # long ago, or the clock was set back
            return [0] * SECONDS
        for over in range(latest + 1, second + 1):
            counts[over % SECONDS] = 0
        return counts


def _wait(counts: list[int], second: int, now: int, needed: int, each_s: int = 1) -> int:
    """Whole seconds until as many requests as are needed no longer count."""
    freed = 0
    for age in range(SECONDS - 1, -1, -1):
        freed += counts[(second - age) % SECONDS]
        if freed >= needed:
            free_at = (second - age + SECONDS) * values.MICROSECONDS * each_s
            return max(1, -(-(free_at - now) // values.MICROSECONDS))
    return SECONDS * each_s
