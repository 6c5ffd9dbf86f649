# SPDX-License-Identifier: Apache-2.0
"""The worker: reads the event logs on, sends what is due, and takes away what is old.

It may be killed at any moment, and several may run: a delivery is leased for as long as an attempt can last, so that no
two send it at once, and it comes again when the lease ends without an outcome. A webhook has a few attempts under way
at the most, so that a receiver that hangs delays nobody else's.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from msgspec.structs import replace

from polyvet.core.addresses import Addresses
from polyvet.delivery import outbox
from polyvet.delivery.loop import PURGED, Loop, next_try
from polyvet.delivery.metrics import DeliveryMetrics
from polyvet.model import values
from polyvet.model.hooks import Attempt, Delivery, DeliveryState, Telling, Webhook
from polyvet.storage import deliveries
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching

if TYPE_CHECKING:
    from polyvet.delivery.guard import Resolve
    from polyvet.delivery.webhooks import Outcome, Sender

PAUSES_S = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200)  # between ten attempts [docs: ten; pauses: ours]
POLL_S = 0.5
IDLE_S = 1.0  # while there is no active webhook
LEASE_S = 20  # longer than an attempt and writing its outcome
MOST_AT_ONCE = 100
MOST_OF_CLINIC = 60  # so that one clinic's slow receivers leave places for the others
MOST_OF_HOOK = 4
MOST_OF_FAILING = 1  # of a webhook whose last attempt failed: many dead receivers must not take all places
FIRST_REST_S = 0.002  # of a webhook whose attempt failed; twice as long with each further failure,
LONGEST_REST_S = 10.0  # so that a dead receiver with a long queue keeps nobody busy
STOP_S = 5.0
_log = structlog.get_logger()


class Worker(Loop):
    """Delivers, until it is told to stop."""

    name = "webhooks"

    def __init__(
        self, store: Store, telling: Telling, addresses: Addresses, *, pauses: Sequence[float] = PAUSES_S,
        lease_s: float = LEASE_S, resolve: Resolve | None = None,
    ) -> None:  # fmt: skip
        """`telling` says what each trigger tells of; `pauses` are seconds between attempts, one less than attempts."""
        super().__init__(store)
        self._telling = telling
        self._addresses = addresses
        self._pauses = pauses
        self._lease = int(lease_s * values.MICROSECONDS)
        self._resolve = resolve
        self.metrics = DeliveryMetrics()
        self._sender: Sender | None = None
        self._busy: Counter[bytes] = Counter()  # attempts under way, by webhook
        self._busy_clinics: Counter[int] = Counter()
        self._failing: dict[bytes, tuple[int, float]] = {}  # failures in a row, and when the rest after them ends

    async def _end(self) -> None:
        """What does not end in a few seconds comes again after its lease."""
        await self._let_end(STOP_S)
        if self._sender is not None:
            await self._sender.close()

    async def _turn(self) -> float:
        """Unless an attempt ends before, the pause lasts until something is due."""
        listening, more = await outbox.read_on(self._store, self._telling)
        oldest = await deliveries.oldest_due(self._store.reader)
        self.metrics.note_oldest(oldest)
        now = values.now()
        if oldest is not None and oldest <= now and not self._stopping:
            await self._lease_due(now)
        await self._purge(now, deliveries.first_id, self._remove_before, POLL_S)
        if more:
            return 0.0
        return self._pause(oldest, now) if listening or oldest is not None else IDLE_S

    def _pause(self, oldest: int | None, now: int) -> float:
        """Until the next delivery is due or the next rest ends, if that comes before it is time to look again."""
        if oldest is not None and oldest > now:
            return min(POLL_S, (oldest - now) / values.MICROSECONDS)
        clock = asyncio.get_running_loop().time()
        return min([POLL_S, *(until - clock for _, until in self._failing.values() if until > clock)])

    async def _lease_due(self, now: int) -> None:
        """Lease what there is room for and begin to send it: first for clinics with the least under way, and in another
        order of webhooks each time."""
        room = MOST_AT_ONCE - len(self._under_way)
        wanted: list[tuple[Webhook, int]] = []
        hooks = await deliveries.due_hooks(self._store.reader, now) if room > 0 else []
        random.shuffle(hooks)
        hooks.sort(key=lambda hook: self._busy_clinics[hook.clinic_id])
        clock = asyncio.get_running_loop().time()
        taken: Counter[int] = Counter()
        for hook in hooks:
            failures, until = self._failing.get(hook.id, (0, 0.0))
            allowed = MOST_OF_FAILING if failures else MOST_OF_HOOK
            left = MOST_OF_CLINIC - self._busy_clinics[hook.clinic_id] - taken[hook.clinic_id]
            share = min(room, left, allowed - self._busy[hook.id]) if until <= clock else 0
            if share > 0:
                wanted.append((hook, share))
                taken[hook.clinic_id] += share
                room -= share
        if not wanted:
            return
        lease = values.now() + self._lease
        leased = await self._store.write(Touching(), lambda tx: deliveries.claim(tx, wanted, now, lease))
        for hook, delivery in leased:
            self._busy[hook.id] += 1
            self._busy_clinics[hook.clinic_id] += 1
            self._begin(self._attempt(hook, delivery))

    async def _attempt(self, hook: Webhook, delivery: Delivery) -> None:
        try:
            at = values.now()
            outcome = await self._sent(hook, delivery, at)
            await self._settle(hook, delivery, outcome, at)
        except Exception:  # the store's: the delivery comes again after its lease
            _log.exception("webhook outcome", clinic=hook.clinic_id, webhook=hook.number, delivery=delivery.number)
        finally:
            self._busy.subtract((hook.id,))
            self._busy_clinics.subtract((hook.clinic_id,))
            self._busy, self._busy_clinics = +self._busy, +self._busy_clinics  # without those that have none left
            self._wake.set()

    async def _sent(self, hook: Webhook, delivery: Delivery, at: int) -> Outcome:
        from polyvet.delivery.webhooks import Outcome, Sender  # an HTTP client, which a start has no use for

        if self._sender is None:
            self._sender = Sender(self._addresses, self._resolve)
        try:
            return await self._sender.send(hook, delivery, at)
        except Exception:
            _log.exception("webhook defect", clinic=hook.clinic_id, webhook=hook.number, delivery=delivery.number)
            return Outcome(None, "a defect of the server; its log says more", 0)

    async def _settle(self, hook: Webhook, delivery: Delivery, outcome: Outcome, at: int) -> None:
        after = self._after(delivery, outcome)
        attempt = Attempt(after.attempts, at, outcome.took_ms, outcome.status, outcome.error, outcome.response)
        self._note(hook.id, failed=outcome.error is not None)
        kept = await self._store.write(Touching(), lambda tx: deliveries.settle(tx, delivery, after, attempt))
        word = "retried" if after.state == DeliveryState.QUEUED else str(after.state)
        self.metrics.observe(word)
        log = _log.info if outcome.error is None else _log.warning
        log(
            "webhook", outcome=word if kept else "superseded", clinic=hook.clinic_id, webhook=hook.number,
            delivery=delivery.number, attempt=after.attempts, host=_host(hook.target_url), status=outcome.status,
            error=outcome.error, milliseconds=outcome.took_ms,
        )  # fmt: skip

    def _note(self, hook_id: bytes, *, failed: bool) -> None:
        """Let a webhook rest that fails, and end the rest of one that does not."""
        failures, _ = self._failing.pop(hook_id, (0, 0.0))
        if failed:
            rest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(failures, 20))
            self._failing[hook_id] = failures + 1, asyncio.get_running_loop().time() + rest

    def _after(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        """The delivery as the attempt leaves it. A ping is tried once: who sent it wants to know what came of it."""
        attempts, now = delivery.attempts + 1, values.now()
        state, next_at = DeliveryState.DELIVERED, None
        if outcome.error is not None:
            next_at = next_try(now, () if delivery.is_ping else self._pauses, attempts)
            state = DeliveryState.FAILED if next_at is None else DeliveryState.QUEUED
        return replace(
            delivery, state=str(state), attempts=attempts, next_at=next_at, last_status=outcome.status,
            last_error=outcome.error, updated_at=now,
        )  # fmt: skip

    async def _remove_before(self, before: bytes) -> int:
        return await self._store.write(Touching(), lambda tx: deliveries.remove_before(tx, before, PURGED))


def _host(target: str) -> str:
    """Whom a log may name: a path or a query may hold what only the receiver should know."""
    return urlsplit(target).hostname or ""
