# SPDX-License-Identifier: Apache-2.0
"""Assembly: settings, store, dialects. This file, `served` and `app_console` alone know all dialects.

All dialects stand on one origin at the vendors' own paths. Each also answers under `/<dialect>/…`, and a host name can
be bound to one dialect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from polyvet.core.addresses import Addresses
from polyvet.core.codelists import Codelists
from polyvet.delivery.forget_requests import ForgetRequests
from polyvet.delivery.form_reminders import FormReminders
from polyvet.delivery.loop import Loop
from polyvet.delivery.mail import MailWorker, Sender
from polyvet.delivery.worker import Worker
from polyvet.dialects.clinovavet import router as clinovavet
from polyvet.dialects.provet import router as provet
from polyvet.dialects.provet import triggers
from polyvet.dialects.provet.wire import Options as ProvetOptions
from polyvet.dialects.provet.wire import is_oauth
from polyvet.dialects.vetcheck import router as vetcheck
from polyvet.dialects.vetcheck.scopes import is_page
from polyvet.dialects.vetcheck.wire import Options as VetCheckOptions
from polyvet.dialects.vetigen import router as vetigen
from polyvet.dialects.vetigen.wire import Generation
from polyvet.dialects.vetigen.wire import Options as VetigenOptions
from polyvet.served import Shared
from polyvet.settings import Settings
from polyvet.storage.store import Store, open_store
from polyvet.web.dialect import NO_ROUTE, Dialect, Services, known_method
from polyvet.web.log import RequestLog
from polyvet.web.message import ANSWER, Receive, Scope, Send
from polyvet.web.metrics import Metrics
from polyvet.web.reasons import DEFECT
from polyvet.web.requests import Requests, seen
from polyvet.web.site import DOCUMENTS, SITE_PATHS, site, unknown_path

if TYPE_CHECKING:
    from polyvet.web.outbox import DemoOutbox

API_ROOT = "/api/v1/"
CONSOLE = "console"
STATIC = f"/{CONSOLE}/static/"
_FIRST_ERROR = 400
SITE = "site"  # what the log and the metrics call requests that are no dialect's


class App:
    """The server as an ASGI application."""

    def __init__(self, settings: Settings, shared: Shared | None = None, demo_url: str | None = None) -> None:
        """`demo_url` is where the demo's practice is served, which has some pages of its own."""
        self.settings = settings
        self._vetigen_options = VetigenOptions(
            Generation(settings.vetigen_generation), settings.vetigen_name_unconnected
        )
        self._provet_options = ProvetOptions(
            settings.provet_strict_filters, settings.provet_country, settings.public_url, settings.webhook_networks
        )
        self._vetcheck_options = VetCheckOptions(settings.public_url, settings.registration, settings.share_days)
        self._demo_url = demo_url
        self._hosts = {host.lower(): name for host, name in settings.hosts.items()}
        self.metrics = Metrics()
        self._shared = shared or Shared(settings)
        self._log = RequestLog(enabled=settings.log_level in ("debug", "info"))
        self._store: Store | None = None
        self._dialects: dict[str, Dialect] = {}
        self._by_segment: dict[str, Dialect] = {}
        self._site: Starlette | None = None
        self._oauth: ASGIApp | None = None
        self._people: ASGIApp | None = None
        self._console: ASGIApp | None = None
        self._codelists = Codelists()
        self._requests: Requests | None = None
        self._delivery: list[tuple[Loop, asyncio.Task[None]]] = []
        self._outbox: DemoOutbox | None = None

    async def open(self) -> None:
        """Open the store, whose schema must be there, and put the dialects over it."""
        self._store = store = await open_store(self.settings.store_url)
        await self._codelists.load(store.reader)
        shared = self._shared
        self._requests = Requests(store) if self.settings.request_log_days else None
        services = Services(
            store, self._codelists, shared.limits, shared.rolling, shared.marks, self.metrics, self._log,
            self._requests, self.settings.body_limit,
        )  # fmt: skip
        self._dialects = {
            vetigen.NAME: vetigen.dialect(services, self._vetigen_options),
            clinovavet.NAME: clinovavet.dialect(services),
            provet.NAME: provet.dialect(services, self._provet_options),
            vetcheck.NAME: vetcheck.dialect(services, self._vetcheck_options),
        }
        self._by_segment = {
            segment: self._dialects[name]
            for name in (vetigen.NAME, clinovavet.NAME)
            for segment in self._dialects[name].routes.first_segments()
        }
        documents: dict[str, Callable[[], bytes]] = {name: dialect.document for name, dialect in self._dialects.items()}
        self._site = site(store, documents, () if self._demo_url is None else self._demo_pages(store, self._demo_url))

    async def close(self) -> None:
        """Finish what is being sent and written, then let go of the store."""
        await asyncio.gather(*(worker.stop() for worker, _ in self._delivery))
        await asyncio.gather(*(running for _, running in self._delivery))
        self._log.flush()
        if self._requests is not None:
            await self._requests.close()
        if self._store is not None:
            await self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's event, as ASGI has it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _deliver(self, store: Store) -> None:
        workers = (create_worker(self.settings, store), create_mail_worker(self.settings, store, self._outbox))
        for worker in workers:
            self.metrics.registry.register(worker.metrics)
            self._delivery.append((worker, asyncio.create_task(worker.run())))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if self._hosts and (bound := self._bound(scope)) is not None and not self._stands_beside(path):
            await self._dialect(bound, scope, receive, send)
            return
        if path.startswith(API_ROOT):
            dialect = self._by_segment.get(path[len(API_ROOT) :].partition("/")[0])
            if dialect is not None:
                await dialect(scope, receive, send)
                return
            await self._observed(unknown_path, SITE, scope, receive, send)
            return
        name, slash, _ = path[1:].partition("/")
        if slash and name.isdecimal():  # an installation's number: Provet's paths start with it
            await self._dialect(self._dialects[provet.NAME], scope, receive, send)
            return
        if name in self._dialects[vetcheck.NAME].routes.first_segments() or is_page(name):
            await self._dialect(self._dialects[vetcheck.NAME], scope, receive, send)
            return
        if name == CONSOLE:
            await self._observed(self._consoles(), CONSOLE, scope, receive, send)
            return
        prefixed = self._dialects.get(name) if slash else None
        if prefixed is not None:
            below = {**scope, "path": path[len(name) + 1 :], "root_path": f"/{name}"}
            await self._dialect(prefixed, below, receive, send)
            return
        assert self._site is not None  # noqa: S101, the lifespan ran before the first request
        await self._observed(self._site, SITE, scope, receive, send)

    async def _dialect(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        """A dialect's request; what stands beside Provet's API is OAuth's, and beside VetCheck's what people open."""
        if dialect.wire.name == provet.NAME and is_oauth(scope["path"]):
            await self._observed(self._signing_in(), provet.NAME, scope, receive, send)
        elif dialect.wire.name == vetcheck.NAME and is_page(scope["path"][1:].partition("/")[0]):
            await self._observed(self._pages(), vetcheck.NAME, scope, receive, send)
        else:
            await dialect(scope, receive, send)

    def _signing_in(self) -> ASGIApp:
        """The OAuth endpoints, whose libraries are loaded with the first request."""
        if self._oauth is None:
            from polyvet.dialects.provet.oauth import OAuth

            assert self._store is not None  # noqa: S101, the lifespan ran before the first request
            self._oauth = OAuth(self._store, self._provet_options, self._shared.rolling, self._shared.attempts)
        return self._oauth

    def _pages(self) -> ASGIApp:
        """VetCheck's pages, whose libraries are loaded with the first request."""
        if self._people is None:
            from polyvet.dialects.vetcheck.people import People, Shared

            assert self._store is not None  # noqa: S101, the lifespan ran before the first request
            common = self._shared
            self._people = People(
                Shared(self._store, self._codelists, self._vetcheck_options, common.attempts, common.rolling)
            )
        return self._people

    def _consoles(self) -> ASGIApp:
        """The console, which is loaded with its first request."""
        if self._console is None:
            from polyvet.app_console import console

            assert self._store is not None  # noqa: S101, the lifespan ran before the first request
            self._console = console(
                self.settings, self._shared, self._store, self._codelists, self._dialects, self._vetigen_options,
                sends_mail=self.settings.smtp_host is not None or self._outbox is not None,
            )  # fmt: skip
        return self._console

    async def _observed(self, app: ASGIApp, part: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a request that is no dialect's its id, and log it as the dialects log theirs; what is kept of it says
        which part it belongs to."""
        started = time.perf_counter_ns()
        noted = seen(scope)
        request_id = self._log.next_id()
        status = 500
        scope.pop(ANSWER, None)  # it points back to the scope, and would keep both

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await app(scope, receive, send_with_id)
        except Exception:
            noted.reason = DEFECT
            raise
        finally:
            took = time.perf_counter_ns() - started
            self.metrics.observe((SITE, known_method(scope["method"]), NO_ROUTE, status), took)
            self._log.add(request_id, SITE, scope, status, took, None)
            if self._requests is not None and (status >= _FIRST_ERROR or _is_kept(part, scope["path"])):
                self._requests.add(request_id, part, scope, status, took, noted.who, noted.reason)

    def _demo_pages(self, store: Store, demo_url: str) -> list[Route]:
        from polyvet.web.outbox import DemoOutbox  # most servers are no demo
        from polyvet.web.received import Received

        public = self.settings.public_url
        self._outbox = DemoOutbox((demo_url, *([public.rstrip("/")] if public else ())))
        return [*Received(store).routes(), *self._outbox.routes()]

    def _stands_beside(self, path: str) -> bool:
        """Whether the path is the site's or starts with a dialect's name: these answer at every host."""
        first, slash, _ = path[1:].partition("/")
        beside = first == CONSOLE or (slash and first in self._dialects)
        return path in SITE_PATHS or path.startswith(DOCUMENTS) or bool(beside)

    def _bound(self, scope: Scope) -> Dialect | None:
        """The dialect that the request's host name is bound to."""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1").rpartition(":")[0] if b":" in value else value.decode("latin-1")
                return self._dialects.get(self._hosts.get(host.lower(), ""))
        return None

    async def _start(self) -> None:
        await self.open()
        assert self._store is not None  # noqa: S101, it was opened
        if self._demo_url is not None:
            from polyvet.sandbox.hooks import point_to

            await point_to(self._store, self._demo_url)
        if self.settings.deliver:
            self._deliver(self._store)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_app(settings: Settings, shared: Shared | None = None, demo_url: str | None = None) -> App:
    """The server as an ASGI application; its lifespan opens and closes the store, and delivers meanwhile."""
    return App(settings, shared, demo_url)


def _is_kept(part: str, path: str) -> bool:
    """Whether a request that went well is worth keeping: probes, the front page, documents and styles are not."""
    return part != SITE and not path.startswith(STATIC)


def create_worker(settings: Settings, store: Store) -> Worker:
    """What sends webhooks' deliveries."""
    return Worker(store, triggers.TELLING, Addresses(settings.webhook_networks))


def create_mail_worker(settings: Settings, store: Store, outbox: Sender | None = None) -> MailWorker:
    """What sends mails, and does the chores: to `outbox` if this is a demo, else by SMTP; where no server is set, mails
    wait."""
    chores = (
        FormReminders(store, settings.form_reminder_days, settings.public_url),
        ForgetRequests(store, settings.request_log_days),
    )
    return MailWorker(store, outbox or _smtp_sender(settings), chores)


def _smtp_sender(settings: Settings) -> Sender | None:
    if settings.smtp_host is None or settings.mail_from is None:
        return None
    from polyvet.delivery.smtp import SmtpSender  # many servers send no mail

    return SmtpSender(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, mail_from=settings.mail_from,
        user=settings.smtp_user, password=settings.smtp_password,
    )  # fmt: skip
