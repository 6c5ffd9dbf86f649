# SPDX-License-Identifier: Apache-2.0
"""Reaching each worker process of a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from tests.serving.running import Running, client, until

WORKERS = 3


def worker_of(answer: httpx.Response) -> str:
    """Which process answered: a request id starts with what is its process's own."""
    return answer.headers["x-request-id"][:10]


@contextmanager
def one_client_a_worker(server: Running, key: str) -> Iterator[list[httpx.Client]]:
    """Clients that each keep a connection to another worker."""
    headers = {"Authorization": f"Bearer {key}"}
    found: dict[str, httpx.Client] = {}
    with ExitStack() as stack:

        def one_more() -> bool:
            http = stack.enter_context(client(server.url, headers=headers))
            found.setdefault(worker_of(http.get("/health")), http)
            return len(found) == WORKERS

        # The system hands most new connections to one worker while that is not busy: keep them busy.
        with _hammered(server):
            assert until(one_more)
        yield list(found.values())


@contextmanager
def _hammered(server: Running) -> Iterator[None]:
    over = threading.Event()

    def hammer() -> None:
        while not over.is_set():
            server.get("/openapi/vetigen.json")

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
