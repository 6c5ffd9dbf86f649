# SPDX-License-Identifier: Apache-2.0
"""What stands beside VetCheck's API at the root: signing in and OAuth's endpoints, and the pages that people open.

Each file of pages gives its table: paths with the functions that answer them, by method. `{name}` stands for one
segment. An error of theirs is told on a page; files whose callers are programs tell their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import msgspec
import structlog
from starlette.responses import RedirectResponse, Response

from polyvet.core.codelists import Codelists
from polyvet.dialects.vetcheck import wire
from polyvet.dialects.vetcheck.wire import Options
from polyvet.model.errors import Busy, Invalid, LimitReached, Missing, RoleNeeded, TooLarge, WrongMediaType
from polyvet.storage.store import Store
from polyvet.web import pages, params
from polyvet.web.forms import FORM_BYTES
from polyvet.web.log import shown
from polyvet.web.message import Receive, Request, Scope, Send
from polyvet.web.origin import origin
from polyvet.web.rolling import Rolling

BEYOND = 1 << 59  # more than there are numbers
_FIRST_ERROR = 400
_log = structlog.get_logger()

Answering = Callable[[Request], Awaitable[Response]]
Table = Mapping[str, Mapping[str, Answering]]


class SignInNeeded(Exception):
    """Nobody is signed in, or whoever was is not any more. `next` is where to go on, if not where it was noticed."""

    def __init__(self, next_: str | None = None) -> None:
        super().__init__("sign in first")
        self.next = next_


class Shared(msgspec.Struct, frozen=True):
    """What all pages need."""

    store: Store
    codelists: Codelists
    options: Options
    attempts: Rolling  # to sign in, and to do what a stranger may
    rolling: Rolling | None  # the vendor's limits; None: switched off

    def origin(self, request: Request) -> str:
        """What absolute URLs start with."""
        return origin(request, self.options.public_url)


class People:
    """The pages as an ASGI application."""

    def __init__(self, shared: Shared) -> None:
        from polyvet.dialects.vetcheck import (
            account,
            authorize,
            login,
            oauth,
            share_pages,
            shared_pages,
            vet_form_pages,
        )

        self._table: dict[tuple[str, ...], Mapping[str, Answering]] = {}
        for module in (account, authorize, login, oauth, share_pages, shared_pages, vet_form_pages):
            for path, methods in module.table(shared).items():
                self._table[tuple(path.split("/"))] = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request. Answers are small and hold secrets, so they are not compressed."""
        request = Request(scope, receive, {}, FORM_BYTES)
        try:
            response = await self._answer(request)
        except ConnectionResetError:
            return
        except SignInNeeded as error:
            response = _to_sign_in(request, error.next)
        except Exception as error:
            response = _failed(error, scope["path"])
        if response.status_code >= _FIRST_ERROR:
            await request.drain()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        methods = self._find(request)
        if methods is None:
            return told(404, "There is no such page here.")
        method: str = request.scope["method"]
        answering = methods.get("GET" if method == "HEAD" else method)
        if answering is None:
            allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
            response = told(405, f"This page takes {allowed} only.")
            response.headers["allow"] = allowed
            return response
        return await answering(request)

    def _find(self, request: Request) -> Mapping[str, Answering] | None:
        """The methods of the request's path; notes its parameters."""
        segments = tuple(request.scope["path"].removeprefix("/").split("/"))
        found = self._table.get(segments)
        if found is not None:
            return found
        for pattern, methods in self._table.items():
            pairs = list(zip(pattern, segments, strict=False))
            if len(pattern) == len(segments) and all(b and (a == b or a.startswith("{")) for a, b in pairs):
                request.parameters = {a[1:-1]: b for a, b in pairs if a.startswith("{")}
                return methods
        return None


def told(status: int, problem: str, title: str = "This did not work") -> Response:
    """A page that says what is wrong, and what to do."""
    return pages.page("told.html", status, "'none'", title=title, problem=problem)


def moved(request: Request, path: str) -> Response:
    """Send the browser to a path of this server by 303, which no browser follows with what it posted (RFC 9700)."""
    root: str = request.scope.get("root_path", "")
    return RedirectResponse(root + path, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def here(request: Request) -> str:
    """The path and query that were asked for, as a path of this server."""
    query: str = request.scope["query_string"].decode("latin-1")
    return quote(request.scope["path"]) + (f"?{query}" if query else "")


def before_of(request: Request) -> int:
    """The number below which a page of a list starts; BEYOND for the first page."""
    return params.integer(request.query(), "before", BEYOND, low=1, high=BEYOND)


def _to_sign_in(request: Request, next_: str | None) -> Response:
    """To the page where people sign in, and from there back: to where they were if that was to be read."""
    if next_ is None:
        next_ = here(request) if request.scope["method"] in ("GET", "HEAD") else "/account"
    return moved(request, f"/login?next={quote(next_, safe='/')}")


def _failed(error: Exception, path: str) -> Response:
    """The page for a fact that stands in the way, or for a defect."""
    match error:
        case Missing():
            return told(404, "There is no such page here.")
        case RoleNeeded():
            return told(403, "This is open to premium users only. A promo code on the page of your account opens it.")
        case Invalid():
            return told(400, str(error))
        case WrongMediaType():
            return told(400, "Send the form as a browser does.")
        case TooLarge():
            return told(413, "This is more than fits. Shorten what you wrote.")
        case LimitReached():
            response = told(429, f"Too many attempts. Wait {error.retry_after} seconds.")
            response.headers["retry-after"] = str(error.retry_after)
            return response
        case Busy():
            _log.warning("busy", dialect=wire.NAME, reason=str(error))
            response = told(503, "The server is busy. Try again in a moment.")
            response.headers["retry-after"] = "1"
            return response
    _log.exception("defect", dialect=wire.NAME, path=shown(path))
    return told(500, "Something went wrong here. Try again; if it stays, tell whoever runs this server.")
