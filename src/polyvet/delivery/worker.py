# SPDX-License-Identifier: Apache-2.0
"""The worker: reads the event logs on, sends what is due, and takes away what is old.

It may be killed at any moment, and several may run: a delivery is leased for as long as an attempt can last, so that no
two send it at once, and it comes again when the lease ends without an outcome. A webhook has a few attempts under way
at the most, so that a receiver that hangs delays nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from msgspec.structs import replace

from polyvet.core.addresses import Addresses
from polyvet.delivery import outbox
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
JITTER = 0.1  # of a pause, so that what failed together does not come again together
POLL_S = 0.5
IDLE_S = 1.0  # while there is no active webhook
AFTER_ERROR_S = 5.0
LEASE_S = 20  # longer than an attempt and writing its outcome
MOST_AT_ONCE = 100
MOST_OF_CLINIC = 60  # so that one clinic's slow receivers leave places for the others
MOST_OF_HOOK = 4
MOST_OF_FAILING = 1  # of a webhook whose last attempt failed: many dead receivers must not take all places
FIRST_REST_S = 0.002  # of a webhook whose attempt failed; twice as long with each further failure,
LONGEST_REST_S = 10.0  # so that a dead receiver with a long queue keeps nobody busy
KEPT = 30 * values.DAY
PURGE_S = 60.0
PURGED = 1_000  # rows in one transaction
STOP_S = 5.0
_log = structlog.get_logger()


class Worker:
    """Delivers, until it is told to stop."""

    def __init__(
        self, store: Store, telling: Telling, addresses: Addresses, *, pauses: Sequence[float] = PAUSES_S,
        lease_s: float = LEASE_S, resolve: Resolve | None = None,
    ) -> None:  # fmt: skip
        """`telling` says what each trigger tells of; `pauses` are seconds between attempts, one less than attempts."""
        self._store = store
        self._telling = telling
        self._addresses = addresses
        self._pauses = pauses
        self._lease = int(lease_s * values.MICROSECONDS)
        self._resolve = resolve
        self.metrics = DeliveryMetrics()
        self._sender: Sender | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._busy: Counter[bytes] = Counter()  # attempts under way, by webhook
        self._busy_clinics: Counter[int] = Counter()
        self._failing: dict[bytes, tuple[int, float]] = {}  # failures in a row, and when the rest after them ends
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False
        self._purge_at = 0.0

    async def run(self) -> None:
        """Until `stop`. An error of the store ends nothing: it is tried again."""
        try:
            while not self._stopping:
                try:
                    pause = await self._turn()
                except Exception:
                    _log.exception("webhooks")
                    pause = AFTER_ERROR_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), 0 if self._stopping else pause)
                self._wake.clear()
            await self._end()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Begin nothing more; returns when what is under way has ended. Only for a worker that runs."""
        self._stopping = True
        self._wake.set()
        await self._ended.wait()

    async def _end(self) -> None:
        """Give what is under way a few seconds, the last turn's attempts among it; the rest comes again after its
        lease."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_S)
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()

    async def _turn(self) -> float:
        """One look at everything; gives how many seconds to pause, unless an attempt ends before."""
        listening, more = await outbox.read_on(self._store, self._telling)
        oldest = await deliveries.oldest_due(self._store.reader)
        self.metrics.note_oldest(oldest)
        now = values.now()
        if oldest is not None and oldest <= now and not self._stopping:
            await self._begin(now)
        if asyncio.get_running_loop().time() >= self._purge_at:
            await self._purge(now)
        if more:
            return 0.0
        return self._pause(oldest, now) if listening or oldest is not None else IDLE_S

    def _pause(self, oldest: int | None, now: int) -> float:
        """Until the next delivery is due or the next rest ends, if that comes before it is time to look again."""
        if oldest is not None and oldest > now:
            return min(POLL_S, (oldest - now) / values.MICROSECONDS)
        clock = asyncio.get_running_loop().time()
        return min([POLL_S, *(until - clock for _, until in self._failing.values() if until > clock)])

    async def _begin(self, now: int) -> None:
        """Lease what there is room for and begin to send it: first for clinics with the least under way, and in another
        order of webhooks each time."""
        room = MOST_AT_ONCE - len(self._sending)
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
            task = asyncio.create_task(self._attempt(hook, delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _attempt(self, hook: Webhook, delivery: Delivery) -> None:
        try:
            at = values.now()
            outcome = await self._sent(hook, delivery)
            await self._settle(hook, delivery, outcome, at)
        except Exception:  # the store's: the delivery comes again after its lease
            _log.exception("webhook outcome", clinic=hook.clinic_id, webhook=hook.number, delivery=delivery.number)
        finally:
            self._busy.subtract((hook.id,))
            self._busy_clinics.subtract((hook.clinic_id,))
            self._busy, self._busy_clinics = +self._busy, +self._busy_clinics  # without those that have none left
            self._wake.set()

    async def _sent(self, hook: Webhook, delivery: Delivery) -> Outcome:
        from polyvet.delivery.webhooks import Outcome, Sender  # an HTTP client, which a start has no use for

        if self._sender is None:
            self._sender = Sender(self._addresses, self._resolve)
        try:
            return await self._sender.send(hook, delivery)
        except Exception:
            _log.exception("webhook defect", clinic=hook.clinic_id, webhook=hook.number, delivery=delivery.number)
            return Outcome(None, "a defect of the server; its log says more", 0)

    async def _settle(self, hook: Webhook, delivery: Delivery, outcome: Outcome, at: int) -> None:
        after = self._after(delivery, outcome)
        attempt = Attempt(after.attempts, at, outcome.took_ms, outcome.status, outcome.error)
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
        """The delivery as the attempt leaves it."""
        attempts, now = delivery.attempts + 1, values.now()
        state, next_at = DeliveryState.DELIVERED, None
        if outcome.error is not None and attempts > len(self._pauses):
            state = DeliveryState.FAILED
        elif outcome.error is not None:
            pause = self._pauses[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311, no secret
            state, next_at = DeliveryState.QUEUED, now + int(pause * values.MICROSECONDS)
        return replace(
            delivery, state=str(state), attempts=attempts, next_at=next_at, last_status=outcome.status,
            last_error=outcome.error, updated_at=now,
        )  # fmt: skip

    async def _purge(self, now: int) -> None:
        """Take away some of the deliveries that are older than a month; there may be more next time."""
        before, gone = values.new_id(now - KEPT), 0
        first = await deliveries.first_id(self._store.reader)
        if first is not None and first < before:
            gone = await self._store.write(Touching(), lambda tx: deliveries.remove_before(tx, before, PURGED))
        self._purge_at = asyncio.get_running_loop().time() + (POLL_S if gone == PURGED else PURGE_S)


def _host(target: str) -> str:
    """Whom a log may name: a path or a query may hold what only the receiver should know."""
    return urlsplit(target).hostname or ""
