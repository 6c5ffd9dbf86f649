# SPDX-License-Identifier: Apache-2.0
"""The mails' worker: sends what is due one after the other, sees to chores once a minute, and takes away what is old.

It may be killed at any moment, and several may run: a mail is leased for as long as an attempt can last, so that no two
send it at once, and it comes again when the lease ends without an outcome. So a mail may come twice; its Message-ID is
the same.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog
from msgspec.structs import replace

from polyvet.delivery.loop import AFTER_ERROR_S, KEPT, PURGED, Loop, next_try
from polyvet.delivery.message import domain
from polyvet.delivery.metrics import DeliveryMetrics
from polyvet.model import values
from polyvet.model.library import Mail, MailState
from polyvet.model.mails import Ending, Outcome, Outgoing
from polyvet.storage import mails
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching

# Between twelve attempts, over three days.
PAUSES_S = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 86_400)
POLL_S = 0.5
IDLE_S = 1.5  # while nothing is sent
LEASE_S = 120  # longer than making a connection, sending a mail and writing its outcome
FIRST_REST_S = 1.0  # of a server that cannot be reached; twice as long with each further failure,
LONGEST_REST_S = 60.0  # so that it is found soon after it is back
CHORES_S = 60.0
STOP_S = 5.0
_log = structlog.get_logger()

Chore = Callable[[], Awaitable[object]]
_WORDS = {MailState.SENT: "sent", MailState.FAILED: "failed", MailState.QUEUED: "retried"}


class Sender(Protocol):
    """What takes mails on their way."""

    async def send(self, letter: Outgoing) -> Outcome:
        """Send it once."""

    async def pause(self) -> None:
        """Nothing more is due for now."""


class MailWorker(Loop):
    """Sends, until it is told to stop."""

    name = "mails"

    def __init__(
        self, store: Store, sender: Sender | None, chores: Sequence[Chore] = (), *,
        pauses: Sequence[float] = PAUSES_S, lease_s: float = LEASE_S,
    ) -> None:  # fmt: skip
        """Without a sender mails wait. Chores are called one after the other, also while another process does; one
        that fails is logged. `pauses` are seconds between attempts, one less than attempts."""
        super().__init__(store)
        self._sender = sender
        self._chores = chores
        self._pauses = pauses
        self._lease = int(lease_s * values.MICROSECONDS)
        self.metrics = DeliveryMetrics("mail")
        self._sending: asyncio.Task[None] | None = None
        self._worked = False
        self._unreached = 0  # times in a row
        self._rest_until = 0.0
        self._doing: asyncio.Task[None] | None = None
        self._chores_at = 0.0

    async def _end(self) -> None:
        """What does not end in a few seconds comes again after its lease."""
        await self._let_end(STOP_S)

    async def _turn(self) -> float:
        """Sending and chores go on beside the turns, so that neither waits for the other."""
        oldest = await mails.oldest_due(self._store.reader)
        self.metrics.note_oldest(oldest)
        now, clock = values.now(), asyncio.get_running_loop().time()
        if self._stopping:
            return 0.0
        if self._chores and clock >= self._chores_at and (self._doing is None or self._doing.done()):
            self._chores_at = clock + CHORES_S
            self._doing = self._begin(self._do_chores())
        await self._purge(now, mails.first_id, self._remove_before, POLL_S)
        if self._sender is None:
            return IDLE_S
        idle = self._sending is None or self._sending.done()
        if idle and oldest is not None and oldest <= now and clock >= self._rest_until:
            self._worked = True
            self._sending = self._begin(self._send_due(self._sender))
            return POLL_S
        worked, self._worked = self._worked, not idle
        return self._pause(oldest, now, clock, POLL_S if worked else IDLE_S)

    def _pause(self, oldest: int | None, now: int, clock: float, usual: float) -> float:
        """Until the next mail is due, or the rest ends that it waits for, if that comes before it is time to look
        again."""
        if oldest is None:
            return usual
        until = max((oldest - now) / values.MICROSECONDS, self._rest_until - clock)
        return min(usual, until) if until > 0 else usual

    async def _send_due(self, sender: Sender) -> None:
        """One mail after the other, until none is due or the server is out of reach."""
        try:
            while not self._stopping and await self._send_one(sender):
                pass
        except Exception:  # the store's: the mail comes again after its lease
            _log.exception("mails")
            self._rest_until = asyncio.get_running_loop().time() + AFTER_ERROR_S
        finally:
            await sender.pause()
            self._wake.set()

    async def _send_one(self, sender: Sender) -> bool:
        """Whether there may be more to send."""
        now = values.now()
        letter = await self._store.write(Touching(), lambda tx: mails.claim(tx, now, now + self._lease))
        if letter is None:
            return False
        started = time.perf_counter_ns()
        outcome = await self._sent(sender, letter)
        await self._settle(letter.mail, outcome, (time.perf_counter_ns() - started) // 1_000_000)
        if outcome.ending != Ending.UNREACHED:
            self._unreached = 0
            return True
        rest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._unreached, 20))
        self._unreached += 1
        self._rest_until = asyncio.get_running_loop().time() + rest
        return False

    async def _sent(self, sender: Sender, letter: Outgoing) -> Outcome:
        try:
            return await sender.send(letter)
        except Exception as error:
            # Not the error's own words, which may hold an address or a text.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            _log.error("mail defect", mail=values.to_crockford(letter.mail.id), error=type(error).__name__, where=where)
            return Outcome(Ending.LATER, reason="a defect of the server; its log says more")

    async def _settle(self, mail: Mail, outcome: Outcome, took_ms: int) -> None:
        after = self._after(mail, outcome)
        kept = await self._store.write(Touching(), lambda tx: mails.settle(tx, mail, after))
        word = "unreached" if outcome.ending == Ending.UNREACHED else _WORDS[MailState(after.state)]
        self.metrics.observe(word)
        log = _log.info if outcome.ending == Ending.SENT else _log.warning
        # Of a server that cannot be reached its words are logged, too: they are of no mail.
        said = {"said": outcome.said} if outcome.ending == Ending.UNREACHED else {}
        log(
            "mail", outcome=word if kept else "superseded", clinic=mail.clinic_id, mail=values.to_crockford(mail.id),
            attempt=after.attempts, domain=domain(mail.recipient), status=outcome.status, error=outcome.reason,
            milliseconds=took_ms, **said,
        )  # fmt: skip

    def _after(self, mail: Mail, outcome: Outcome) -> Mail:
        """The mail as the attempt leaves it."""
        now, error = values.now(), _error(outcome)
        if outcome.ending == Ending.UNREACHED:  # it keeps its place in the queue
            return replace(mail, next_at=now if mail.attempts else mail.created_at, last_error=error)
        attempts = mail.attempts + 1
        if outcome.ending == Ending.SENT:
            return replace(
                mail, state=str(MailState.SENT), attempts=attempts, next_at=None, last_error=None, sent_at=now
            )
        next_at = next_try(now, self._pauses, attempts) if outcome.ending == Ending.LATER else None
        state = MailState.FAILED if next_at is None else MailState.QUEUED
        return replace(mail, state=str(state), attempts=attempts, next_at=next_at, last_error=error)

    async def _do_chores(self) -> None:
        for chore in self._chores:
            if self._stopping:
                return
            try:
                await chore()
            except Exception:
                _log.exception("chore")

    async def _remove_before(self, before: bytes) -> int:
        gone = await self._store.write(Touching(), lambda tx: mails.remove_before(tx, before, PURGED))
        unsent = gone.count(str(MailState.QUEUED))
        if unsent:
            _log.warning("mails that were never sent are given up", mails=unsent, days=KEPT // values.DAY)
        return len(gone)


def _error(outcome: Outcome) -> str | None:
    """What is kept of why a mail was not taken."""
    answer = " ".join(str(part) for part in (outcome.status, outcome.said) if part)
    return ": ".join(part for part in (outcome.reason, answer) if part) or None
