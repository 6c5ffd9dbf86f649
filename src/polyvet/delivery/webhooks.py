# SPDX-License-Identifier: Apache-2.0
"""One attempt: what is sent to a webhook's target, and what counts as success.

Success is the status 200 and no other [docs of Provet Cloud].
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from urllib.parse import urlsplit

import httpcore
import msgspec

from polyvet.core import webhook_messages
from polyvet.core.addresses import Addresses
from polyvet.delivery.guard import GuardedBackend, Resolve
from polyvet.delivery.said import RESPONSE_BYTES, beginning, kept
from polyvet.model.hooks import Delivery, Webhook

CONNECT_S = 5.0
WHOLE_S = 15.0  # until the status has come
READ_S = 2.0  # for the rest of the answer, of which no more than its beginning is kept
MOST_CONNECTIONS = 200
ANSWER_BYTES = 64 << 10  # what is read of an answer, so that its connection can be used again
IDLE_S = 2.0  # less than servers leave a connection open: one that they close as we write is a failure
SUCCESS = 200


class Outcome(msgspec.Struct, frozen=True):
    """What came of an attempt: the receiver's status, why it is no success, and how the answer begins if that is
    text."""

    status: int | None
    error: str | None
    took_ms: int
    response: str | None = None


class Sender:
    """The HTTP client of one process."""

    def __init__(self, addresses: Addresses, resolve: Resolve | None = None) -> None:
        """Makes no connection yet."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=GuardedBackend(addresses, resolve),
        )

    async def send(self, hook: Webhook, delivery: Delivery, at: int) -> Outcome:
        """Send it once, signed as of an instant. Redirects are not followed: they are no 200, and they name targets
        that nobody has vouched for."""
        started = time.perf_counter_ns()
        status, error, response = None, None, None
        try:
            async with asyncio.timeout(WHOLE_S) as whole:
                status, response = await self._post(hook, delivery, at, whole)
        except TimeoutError:
            error = f"no answer within {WHOLE_S:g} seconds"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failed:
            error = f"{type(failed).__name__}: {failed}".rstrip(": ")
        except (ValueError, UnicodeError, httpcore.UnsupportedProtocol) as failed:  # a URL that is none
            error = f"the target cannot be called: {failed}"
        if status is not None and status != SUCCESS:
            error = f"answered {status}; {'redirects are not followed' if 300 <= status < 400 else 'only 200 counts'}"
        took = (time.perf_counter_ns() - started) // 1_000_000
        return Outcome(status, None if error is None else kept(error), took, response)

    async def _post(self, hook: Webhook, delivery: Delivery, at: int, whole: asyncio.Timeout) -> tuple[int, str | None]:
        headers = [
            (b"Host", urlsplit(hook.target_url).netloc.encode()),
            *((name.encode(), value.encode()) for name, value in webhook_messages.headers(hook, delivery, at)),
        ]
        timeouts = {"connect": CONNECT_S, "read": WHOLE_S, "write": WHOLE_S, "pool": WHOLE_S}
        async with self._pool.stream(
            "POST", _url(hook.target_url), headers=headers, content=webhook_messages.body(hook, delivery),
            extensions={"timeout": timeouts},
        ) as answer:  # fmt: skip
            # The status has come; whatever happens to the rest does not change it.
            whole.reschedule(None)
            return answer.status, beginning(await _read(answer), answer.headers)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()


async def _read(answer: httpcore.Response) -> bytes:
    """How the answer begins. The rest is read, too, so that its connection can be used again, unless it is long."""
    begins, size = bytearray(), 0
    with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(READ_S):
            async for piece in answer.aiter_stream():
                begins += piece[: RESPONSE_BYTES - len(begins)]
                size += len(piece)
                if size > ANSWER_BYTES:
                    break
    return bytes(begins)


def _url(target: str) -> httpcore.URL:
    """The target without its fragment, which is never sent."""
    return httpcore.URL(urlsplit(target)._replace(fragment="").geturl())
