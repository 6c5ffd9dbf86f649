# SPDX-License-Identifier: Apache-2.0
"""Connections to webhooks' targets: a name is resolved once, every address that it has must be allowed, and exactly
such an address is connected to. TLS is still spoken with the name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError, ConnectTimeout

from polyvet.core.addresses import Addresses

Resolve = Callable[[str, int], Awaitable[list[str]]]
_MOST_TRIED = 4  # of a name's addresses


class Refused(ConnectError):
    """A target that may not be connected to."""


class GuardedBackend(AsyncNetworkBackend):
    """What the HTTP client opens its connections with."""

    def __init__(self, addresses: Addresses, resolve: Resolve | None = None) -> None:
        """`resolve` gives the addresses of a host and port; the system's, if there is none."""
        self._addresses = addresses
        self._resolve = resolve or system_resolve
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:  # fmt: skip
        """Connect to one of the host's addresses, all of which must be allowed."""
        deadline = time.monotonic() + (60.0 if timeout is None else timeout)
        try:
            found = await asyncio.wait_for(self._resolve(host, port), timeout)
        except TimeoutError as error:
            raise ConnectTimeout("the name was not resolved in time") from error
        except OSError as error:
            raise ConnectError(f"the name cannot be resolved: {error.strerror or error}") from error
        refused = [address for address in found if not self._addresses.allow(address)]
        if refused or not found:
            raise Refused(f"the address {', '.join(refused[:3]) or 'of the target'} may not be connected to")
        for address in found[: _MOST_TRIED - 1]:
            with contextlib.suppress(ConnectError, ConnectTimeout):
                return await self._connect(address, port, deadline, local_address, socket_options)
        return await self._connect(found[-1], port, deadline, local_address, socket_options)

    async def _connect(self, address: str, port: int, deadline: float, *rest: Any) -> AsyncNetworkStream:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ConnectTimeout("no connection in time")
        try:
            return await self._inner.connect_tcp(address, port, left, *rest)
        except ConnectError as error:
            raise ConnectError(_reason(error)) from error

    async def connect_unix_socket(self, *_: Any, **__: Any) -> AsyncNetworkStream:
        """Never: a URL names none."""
        raise Refused("no socket of this machine may be connected to")

    async def sleep(self, seconds: float) -> None:
        """As the client asks for it between tries, of which there are none."""
        await asyncio.sleep(seconds)


def _reason(error: BaseException) -> str:
    """The system's words for what went wrong, such as `Connection refused`, which the libraries wrap; theirs where it
    has none."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)


async def system_resolve(host: str, port: int) -> list[str]:
    """The system's answer. It may take its resolver half a minute to give up, so each question has a thread that
    nothing waits for; the event loop's own are few, and everybody's."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | None, error: OSError | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found or [])

    def ask() -> None:
        found, failed = None, None
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError) as error:
            failed = error if isinstance(error, OSError) else OSError(str(error))
        with contextlib.suppress(RuntimeError):  # the loop has ended in the meantime
            loop.call_soon_threadsafe(settle, found, failed)

    threading.Thread(target=ask, name="polyvet-resolve", daemon=True).start()
    return await answer
