# SPDX-License-Identifier: Apache-2.0
"""A dialect as an ASGI application: find the route, the caller and its budget, answer, log.

What differs between vendors is behind `Wire`: where the credential stands, what an error looks like, how requests are
counted and told of.
"""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import structlog

from polyvet.core.codelists import Codelists
from polyvet.core.context import Caller, Context
from polyvet.model.errors import Busy, NoSuchRoute, PolyvetError, Unauthenticated
from polyvet.model.requests import Known
from polyvet.storage.store import Store
from polyvet.web.limits import Limits, Room
from polyvet.web.log import RequestLog, shown
from polyvet.web.marks import Marks
from polyvet.web.message import ANSWER, Headers, Receive, Reply, Request, Scope, Send
from polyvet.web.metrics import Metrics
from polyvet.web.reasons import DEFECT, reason
from polyvet.web.requests import Requests
from polyvet.web.rolling import Rolling
from polyvet.web.routes import Route, RouteTable

COMPRESS_FROM = 1_000  # bytes
_FIRST_ERROR = 400
NO_ROUTE = "(none)"
_NO_GZIP = re.compile(rb"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)", re.IGNORECASE)
_log = structlog.get_logger()


class Wire(Protocol):
    """What one vendor does its own way."""

    name: str

    def find(self, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]: ...
    def secret(self, request: Request) -> str | None: ...
    def count(self, services: Services, request: Request, caller: Caller, route: Route) -> Headers: ...
    def room(self, services: Services, caller: Caller, routes: RouteTable) -> list[Room]: ...
    def error(self, error: PolyvetError) -> Reply: ...
    def defect(self) -> Reply: ...


class Callers(Protocol):
    """Finds who has a secret."""

    async def caller(self, secret: str | None) -> Caller: ...


class Services(msgspec.Struct):
    """What all dialects of one process share."""

    store: Store
    codelists: Codelists
    limits: Limits | None  # None: switched off
    rolling: Rolling | None
    marks: Marks
    metrics: Metrics
    log: RequestLog
    requests: Requests | None  # None: no requests are kept
    body_limit: int


class Dialect:
    """One vendor's API."""

    def __init__(
        self, wire: Wire, routes: RouteTable, services: Services, callers: Callers, document: Callable[[], bytes]
    ) -> None:
        """`document` makes the dialect's OpenAPI description when it is asked for."""
        self.wire = wire
        self.routes = routes
        self.document = document
        self._services = services
        self._callers = callers

    def room(self, caller: Caller) -> list[Room]:
        """What is left of a caller's budgets. Nothing where nothing is counted, and of what was not used lately where
        each operation has its own."""
        return self.wire.room(self._services, caller, self.routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request whose path starts with the dialect's root."""
        started = time.perf_counter_ns()
        services = self._services
        request_id = services.log.next_id()
        request = Request(scope, receive, {}, services.body_limit)
        route: Route | None = None
        known: Known | None = None
        why: str | None = None
        counted: Headers = []
        try:
            try:
                route, request.parameters = self.wire.find(self.routes, request)
                caller = await self._callers.caller(self.wire.secret(request))
                if request.tenant not in (None, caller.clinic_id):
                    whose = Known(caller.clinic_id, caller.credential_id, caller.shown)
                    raise Unauthenticated("the path names another installation than the key's", whose)
                request.caller = caller
                counted = self.wire.count(services, request, caller, route)
                request.ctx = Context(caller, services.store, services.codelists)
                if route.permission is not None:
                    request.ctx.require(route.permission)
                reply = await route.handler(request)
            except PolyvetError as error:
                why, known = reason(error), error.known
                if isinstance(error, Busy):  # the caller is told to try again, the operator why
                    _log.warning("busy", request_id=request_id, dialect=self.wire.name, reason=str(error))
                reply = self.wire.error(error)  # raises what this dialect has no answer for
        except ConnectionResetError:
            return
        except Exception:
            _log.exception("defect", request_id=request_id, dialect=self.wire.name, path=shown(scope["path"]))
            reply, why = self.wire.defect(), DEFECT
        headers = [(b"x-request-id", request_id.encode()), *reply.headers, *counted]
        if reply.status >= _FIRST_ERROR:
            await request.drain()
        await _send(request, reply, headers, send)
        took = time.perf_counter_ns() - started
        self._note(request, request_id, route, reply.status, took, request.caller or known, why)

    def _note(
        self, request: Request, request_id: str, route: Route | None, status: int, took: int,
        who: Caller | Known | None, why: str | None,
    ) -> None:  # fmt: skip
        """Count, log and keep what was answered; `took` is in nanoseconds."""
        scope, services = request.scope, self._services
        template = NO_ROUTE if route is None else route.path
        services.metrics.observe((self.wire.name, known_method(scope["method"]), template, status), took)
        services.log.add(request_id, self.wire.name, scope, status, took, who)
        if services.requests is not None:
            services.requests.add(request_id, self.wire.name, scope, status, took, who, why)


def below(root: str, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]:
    """The route of a path below a fixed root. NoSuchRoute outside it, where a prefix or a bound host may lead."""
    path: str = request.scope["path"]
    if not path.startswith(root):
        raise NoSuchRoute
    return table.find(request.scope["method"], path[len(root) :])


def known_method(method: str) -> str:
    """The method as a label: what a caller makes up does not become a label of its own."""
    return method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") else "other"


async def _send(request: Request, reply: Reply, headers: Headers, send: Send) -> None:
    body = reply.body
    if len(body) >= COMPRESS_FROM:
        headers.append((b"vary", b"accept-encoding"))
        accepted = request.header(b"accept-encoding")
        if accepted is not None and b"gzip" in accepted and not _NO_GZIP.search(accepted):
            body = gzip.compress(body, 1, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-type", reply.media_type))
    headers.append((b"content-length", b"%d" % len(body)))
    if request.scope["method"] == "HEAD":
        body = b""
    answer = request.scope.pop(ANSWER, None)  # it points back to the scope, and would keep both
    if answer is not None and answer(reply.status, headers, body):
        return
    start: dict[str, Any] = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
