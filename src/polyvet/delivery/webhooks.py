# SPDX-License-Identifier: Apache-2.0
"""One attempt: what is sent to a webhook's target, and what counts as success.

The body names the kind and the number of what was changed, no more [docs of Provet Cloud]; success is the status 200
and no other. The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` are those of Standard Webhooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpcore
import msgspec
from standardwebhooks import Webhook as Signer

from polyvet import __version__
from polyvet.core.addresses import Addresses
from polyvet.delivery.guard import GuardedBackend, Resolve
from polyvet.delivery.said import kept
from polyvet.model import values
from polyvet.model.hooks import ContentType, Delivery, Webhook, written

CONNECT_S = 5.0
WHOLE_S = 15.0  # until the status has come
READ_S = 2.0  # for the rest of the answer, which nobody reads
MOST_CONNECTIONS = 200
ANSWER_BYTES = 64 << 10  # what is read of an answer, so that its connection can be used again
IDLE_S = 2.0  # less than servers leave a connection open: one that they close as we write is a failure
SUCCESS = 200
_MEDIA_TYPES = {ContentType.FORM: b"application/x-www-form-urlencoded", ContentType.JSON: b"application/json"}


class Outcome(msgspec.Struct, frozen=True):
    """What came of an attempt: the receiver's status, and why it is no success."""

    status: int | None
    error: str | None
    took_ms: int


def message_id(delivery_id: bytes) -> str:
    """The `webhook-id`."""
    return f"msg_{values.to_crockford(delivery_id)}"


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

    async def send(self, hook: Webhook, delivery: Delivery) -> Outcome:
        """Send it once. Redirects are not followed: they are no 200, and they name targets that nobody has vouched
        for."""
        started = time.perf_counter_ns()
        status, error = None, None
        try:
            async with asyncio.timeout(WHOLE_S) as whole:
                status = await self._post(hook, delivery, whole)
        except TimeoutError:
            error = f"no answer within {WHOLE_S:g} seconds"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failed:
            error = f"{type(failed).__name__}: {failed}".rstrip(": ")
        except (ValueError, UnicodeError, httpcore.UnsupportedProtocol) as failed:  # a URL that is none
            error = f"the target cannot be called: {failed}"
        if status is not None and status != SUCCESS:
            error = f"answered {status}; {'redirects are not followed' if 300 <= status < 400 else 'only 200 counts'}"
        took = (time.perf_counter_ns() - started) // 1_000_000
        return Outcome(status, None if error is None else kept(error), took)

    async def _post(self, hook: Webhook, delivery: Delivery, whole: asyncio.Timeout) -> int:
        body = written(hook.content_type, delivery.parameter, delivery.value)
        url = _url(hook.target_url)
        headers = [
            (b"Host", urlsplit(hook.target_url).netloc.encode()),
            (b"Content-Type", _MEDIA_TYPES[ContentType(hook.content_type)]),
            *_signed(hook, delivery, body),
        ]
        timeouts = {"connect": CONNECT_S, "read": WHOLE_S, "write": WHOLE_S, "pool": WHOLE_S}
        async with self._pool.stream(
            "POST", url, headers=headers, content=body, extensions={"timeout": timeouts}
        ) as answer:
            # The status has come; whatever happens to the rest does not change it.
            whole.reschedule(None)
            with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
                await _read(answer)
            return answer.status

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()


async def _read(answer: httpcore.Response) -> None:
    async with asyncio.timeout(READ_S):
        size = 0
        async for piece in answer.aiter_stream():
            size += len(piece)
            if size > ANSWER_BYTES:
                return


def _url(target: str) -> httpcore.URL:
    """The target without its fragment, which is never sent."""
    return httpcore.URL(urlsplit(target)._replace(fragment="").geturl())


def _signed(hook: Webhook, delivery: Delivery, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that tell who sends: signed with the secret, and for a while with the one before it."""
    now = datetime.now(UTC)
    secrets = [hook.secret]
    if hook.previous_secret and hook.previous_until and hook.previous_until > values.from_datetime(now):
        secrets.append(hook.previous_secret)
    ident = message_id(delivery.id)
    signatures = " ".join(Signer(secret).sign(ident, now, body.decode()) for secret in secrets)
    return [
        (b"Accept", b"*/*"),
        (b"User-Agent", f"polyvet/{__version__}".encode()),
        (b"webhook-id", ident.encode()),
        (b"webhook-timestamp", b"%d" % int(now.timestamp())),
        (b"webhook-signature", signatures.encode()),
    ]
