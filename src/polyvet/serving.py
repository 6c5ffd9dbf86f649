# SPDX-License-Identifier: Apache-2.0
"""Running the server: one process, or several on one socket under a parent that replaces those that die."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from prometheus_client import CollectorRegistry, start_http_server

from polyvet.app import create_app, create_mail_worker, create_worker
from polyvet.protocol import Protocol
from polyvet.served import Shared
from polyvet.settings import Settings
from polyvet.storage.store import open_store
from polyvet.web import log

BACKLOG = 2048
GRACE_S = 20  # for requests that are under way when the server is told to stop
START_S = 60
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_log = structlog.get_logger()
RESTART_S = 0.5  # a worker that fails at once must not keep a core busy


class ServeError(Exception):
    """The server cannot be started; the message says what to do."""


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], parent: int | None) -> None:
        super().__init__(config)
        self._announce = announce
        self._parent = parent

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As before, but a signal that was obeyed is not raised again at the end: the process exits with 0."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop, asked ten times a second: also when the parent was killed, whose port would stay taken."""
        return await super().on_tick(counter) or self._parent not in (None, os.getppid())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            gc.collect()
            gc.freeze()  # what lives as long as the process need not be looked through again and again
            gc.enable()
            self._announce()


def serve(settings: Settings, announce: Callable[[str], None], *, demo: bool = False, set_up: str | None = None) -> int:
    """Serve until told to stop; `announce` is called with the URL once requests are answered. `demo` adds the demo's
    own pages, `set_up` is the secret of the link that makes the first clinic. Gives the exit code."""
    shared = Shared(settings, set_up)
    _probe_metrics_ports(settings)
    listening = _bind(settings)
    host, port = listening.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    demo_url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:") if demo else None
    if settings.workers == 1:
        return _work(settings, shared, listening, 0, lambda: announce(url), None, demo_url)
    return _Parent(settings, shared, listening, demo_url).run(lambda: announce(url))


async def deliver(settings: Settings, announce: Callable[[], None]) -> None:
    """Send webhooks' deliveries and mails in this process until told to stop; `announce` is called when it has
    begun."""
    store = await open_store(settings.store_url)
    workers = (create_worker(settings, store), create_mail_worker(settings, store))
    _warn_of_waiting_mails(settings)
    if settings.metrics_port is not None:
        registry = CollectorRegistry()
        for worker in workers:
            registry.register(worker.metrics)
        start_http_server(settings.metrics_port, settings.host, registry)
    stopping = asyncio.Event()
    for name in _STOPPING:
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    announce()
    await stopping.wait()
    await asyncio.gather(*(worker.stop() for worker in workers))
    await asyncio.gather(*running)
    await store.close()


def _warn_of_waiting_mails(settings: Settings) -> None:
    if settings.smtp_host is None:
        _log.warning("mails wait", because="smtp_host is not set; docs/operations.md tells how to send them")


def _bind(settings: Settings) -> socket.socket:
    if not settings.host.isascii():
        raise ServeError("the host to listen on must be written in ASCII")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise ServeError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; choose another with --port"
        ) from error
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


def _probe_metrics_ports(settings: Settings) -> None:
    """ServeError if one of them is taken; a worker that finds that out would be started again and again."""
    if settings.metrics_port is None:
        return
    for port in range(settings.metrics_port, settings.metrics_port + settings.workers):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except (OSError, OverflowError) as error:
                raise ServeError(
                    f"cannot serve metrics on {settings.host} port {port}: {error}; choose another with "
                    "POLYVET_METRICS_PORT"
                ) from error


def _work(
    settings: Settings,
    shared: Shared,
    listening: socket.socket,
    number: int,
    announce: Callable[[], None],
    parent: int | None,
    demo_url: str | None,
) -> int:
    """One process that serves, as long as its parent lives if it has one."""
    log.configure(settings.log_level)
    if number == 0 and settings.deliver and demo_url is None:
        _warn_of_waiting_mails(settings)
    app = create_app(settings, shared, demo_url)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port + number, settings.host, app.metrics.registry)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config, announce, parent)
    server.run(sockets=[listening])
    return 0 if server.started else 1


class _Parent:
    """Forks the workers, replaces one that dies, and passes the signal to stop on."""

    def __init__(self, settings: Settings, shared: Shared, listening: socket.socket, demo_url: str | None) -> None:
        self._settings = settings
        self._demo_url = demo_url
        self._shared = shared
        self._listening = listening
        self._workers: dict[int, int] = {}
        self._stopping = False
        self._failed = False

    def run(self, announce: Callable[[], None]) -> int:
        """Until all workers are gone."""
        reading, writing = os.pipe()
        for name in _STOPPING:
            signal.signal(name, self._stop)
        for number in range(self._settings.workers):
            self._fork(number, writing)
        if self._all_started(reading):
            announce()
        elif not self._stopping:
            sys.stderr.write("polyvet: a worker ended or hung before it answered; see the log above\n")
            self._stop()
            self._failed = True
        while self._workers:
            pid, status = os.wait()
            if pid not in self._workers:
                continue
            number = self._workers.pop(pid)
            if not self._stopping:
                sys.stderr.write(f"polyvet: worker {number} ended ({status}); starting it again\n")
                time.sleep(RESTART_S)
            if not self._stopping:
                self._fork(number, writing)
        return 1 if self._failed else 0

    def _fork(self, number: int, writing: int) -> None:
        # A signal to stop waits until the child is known here, and until it has let go of the parent's handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        parent = os.getpid()
        try:
            if self._stopping:
                return
            pid = os.fork()
            if pid:
                self._workers[pid] = number
                return
            for name in _STOPPING:
                signal.signal(name, signal.SIG_DFL)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        code = 1
        try:
            code = _work(
                self._settings, self._shared, self._listening, number, lambda: _tell(writing), parent, self._demo_url
            )
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _all_started(self, reading: int) -> bool:
        """Wait for all workers; false when one ends before, when it takes too long, or when we are told to stop."""
        deadline = time.monotonic() + START_S
        started = 0
        while started < self._settings.workers and time.monotonic() < deadline and not self._stopping:
            if select.select([reading], [], [], 0.05)[0]:
                started += len(os.read(reading, 64))
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if self._workers.pop(pid, None) is not None:
                return False
        return started == self._settings.workers

    def _stop(self, *_: object) -> None:
        """Tell the workers. Not by the signal that came: an interrupt from a terminal has reached them, too, and a
        second one would end what is under way."""
        self._stopping = True
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(pid, signal.SIGTERM)


def _tell(writing: int) -> None:
    os.write(writing, b".")
