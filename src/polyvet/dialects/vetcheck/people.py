# SPDX-License-Identifier: Apache-2.0
"""What stands beside VetCheck's API at the root: signing in and OAuth's endpoints, and the pages that people open.

Each file of pages gives its table: paths with the functions that answer them, by method. `{name}` stands for one
segment. An error of theirs is told on a page; files whose callers are programs tell their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from polyvet.core.codelists import Codelists
from polyvet.dialects.vetcheck import wire
from polyvet.dialects.vetcheck.wire import Options
from polyvet.model.errors import RoleNeeded
from polyvet.storage.store import Store
from polyvet.web import pages
from polyvet.web.forms import FORM_BYTES
from polyvet.web.message import Receive, Request, Scope, Send
from polyvet.web.origin import origin
from polyvet.web.people import Failure, Paths, allowed, failure, here, moved
from polyvet.web.rolling import Rolling

_FIRST_ERROR = 400

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

        modules = (account, authorize, login, oauth, share_pages, shared_pages, vet_form_pages)
        self.table = {path: methods for module in modules for path, methods in module.table(shared).items()}
        self._paths = Paths(self.table)

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
        found = self._paths.find(request.scope["path"].removeprefix("/"))
        if found is None:
            return told(404, "There is no such page here.")
        methods, request.parameters = found
        method: str = request.scope["method"]
        answering: Answering | None = methods.get("GET" if method == "HEAD" else method)
        if answering is None:
            response = told(405, f"This page takes {allowed(methods)} only.")
            response.headers["allow"] = allowed(methods)
            return response
        return await answering(request)


def told(status: int, problem: str, title: str = "This did not work") -> Response:
    """A page that says what is wrong, and what to do."""
    return pages.page("told.html", status, "'none'", title=title, problem=problem)


def _to_sign_in(request: Request, next_: str | None) -> Response:
    """To the page where people sign in, and from there back: to where they were if that was to be read."""
    if next_ is None:
        next_ = here(request) if request.scope["method"] in ("GET", "HEAD") else "/account"
    return moved(request, f"/login?next={quote(next_, safe='/')}")


def _failed(error: Exception, path: str) -> Response:
    """The page for a fact that stands in the way, or for a defect."""
    if isinstance(error, RoleNeeded):
        of_role = "This is open to premium users only. A promo code on the page of your account opens it."
        return told(403, of_role)
    found: Failure = failure(error, wire.NAME, path)
    return found.on(told(found.status, found.problem))
