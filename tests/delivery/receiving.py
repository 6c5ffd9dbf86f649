# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks on a real port, and a store with a worker that delivers to it."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier

from polyvet.core import webhooks
from polyvet.core.addresses import Addresses
from polyvet.delivery.worker import Worker
from polyvet.dialects.provet.triggers import TELLING
from polyvet.model.hooks import ContentType, Delivery, Webhook
from polyvet.storage.check import ERROR, check
from polyvet.storage.migrate import migrate
from polyvet.storage.writing import Touching
from tests.core.stores import World, opened

LOOPBACK = ("127.0.0.0/8", "::1/128")
CLIENT, PATIENT = 1, 2
PATIENCE_S = 30.0
QUICK = (0.01,) * 9  # pauses between ten attempts


class Got(msgspec.Struct):
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def message(self) -> str:
        """The `webhook-id`."""
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """As a receiver would: raises when the signature is none of the secret's."""
        Verifier(secret).verify(self.body, self.headers, json_parse=False)


Answer = Callable[[Got, int], int | None]  # the status for the n-th request of a message; None hangs


class Receiver:
    """An HTTP server in threads; `answer` decides the status, and each answer has the same body."""

    def __init__(self, answer: Answer = lambda got, nth: 200, said: bytes = b"", **headers: str) -> None:
        self.got: list[Got] = []
        self.times: Counter[str] = Counter()
        self._released = threading.Event()
        lock, receiver = threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                body = self.rfile.read(size)
                if len(body) < size:  # who sent it was killed
                    self.close_connection = True
                    return
                got = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.monotonic())
                with lock:
                    receiver.got.append(got)
                    receiver.times[got.headers.get("webhook-id", "")] += 1
                    nth = receiver.times[got.headers.get("webhook-id", "")]
                status = answer(got, nth)
                if status is None:
                    receiver._released.wait()
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"content-length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        class Listening(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that went away is none of ours."""

        self._server = Listening(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def bodies(self) -> list[bytes]:
        """What came, in its order."""
        return [one.body for one in self.got]


async def eventually(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait until it holds; fails when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.01)


class Telling(World):
    """A world whose clinics have webhooks."""

    @property
    def clinic(self) -> int:
        """The first clinic."""
        return self.clinics[0]

    async def hook(self, target: str, trigger: int = PATIENT, clinic_id: int | None = None, **more: Any) -> Webhook:
        """Make a webhook; of JSON, if nothing else is said."""
        new = Webhook(b"", 0, 0, "", target, trigger, ContentType.JSON, None, True, "", None, None, 0, 0, 0)
        clinic = clinic_id or self.clinic
        made = replace(new, **more)
        return await self.write(clinic, Touching(clinics=(clinic,)), lambda w: webhooks.create(w, made))

    async def change(self, hook: Webhook, **more: Any) -> Webhook:
        """Change a webhook."""
        return await self.write(
            hook.clinic_id,
            Touching(clinics=(hook.clinic_id,)),
            lambda w: webhooks.save(w, hook.number, "shown", lambda old: replace(old, **more)),
        )

    async def remove(self, hook: Webhook) -> None:
        """Delete a webhook."""
        touching = await webhooks.touching(self.ctx(hook.clinic_id), hook.number)
        await self.write(hook.clinic_id, touching, lambda w: webhooks.delete(w, hook.number, "shown"))

    async def queue(self, clinic_id: int | None = None) -> list[Delivery]:
        """All deliveries of a clinic."""
        ctx = self.ctx(clinic_id or self.clinic)
        page = await webhooks.list_deliveries(ctx, None, (), limit=1_000, offset=0)
        return [delivery for delivery, _ in page.items]

    async def settled(self, count: int, clinic_id: int | None = None) -> list[Delivery]:
        """All deliveries, once there are so many and none is queued."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = await self.queue(clinic_id)
            if len(found) >= count and all(one.state != "queued" for one in found):
                return found
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.02)


@asynccontextmanager
async def telling(url: str, clinic_count: int = 1) -> AsyncIterator[Telling]:
    """A new store."""
    await migrate(url)
    async with opened(url, clinic_count) as world:
        made = Telling(world.store, world.clinics)
        await made.codelists.load(world.store.reader)
        yield made


def worker_of(world: World, **more: Any) -> Worker:
    """A worker that may post to this machine, and pauses for no more than a moment."""
    networks = more.pop("networks", LOOPBACK)
    return Worker(world.store, TELLING, Addresses(networks), **{"pauses": QUICK, **more})


@asynccontextmanager
async def delivering(world: World, **more: Any) -> AsyncIterator[Worker]:
    """A worker that runs until the block ends."""
    worker = worker_of(world, **more)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.stop()
        await running


async def clients(world: Telling, count: int, clinic_id: int | None = None) -> None:
    """Register so many."""
    await asyncio.gather(*(world.client(clinic_id or world.clinic, f"Client {n}") for n in range(count)))


async def sound(url: str) -> None:
    """Fails where the store is not."""
    assert [one for one in await check(url) if one.severity == ERROR] == []
