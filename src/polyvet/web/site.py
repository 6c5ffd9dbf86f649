# SPDX-License-Identifier: Apache-2.0
"""What stands beside the dialects: the front page, health, readiness, and the OpenAPI documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from polyvet import __version__
from polyvet.model.errors import NoSuchRoute, WrongMethod
from polyvet.storage.store import Store
from polyvet.web.kept import Kept, kept
from polyvet.web.message import Receive, Scope, Send
from polyvet.web.pages import template
from polyvet.web.reasons import reason
from polyvet.web.requests import seen

SITE_PATHS = ("/", "/health", "/ready")
DOCUMENTS = "/openapi/"
_READ = ("GET", "HEAD")
_log = structlog.get_logger()
SAFE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# A body that clients of all dialects that stand below /api/v1 can read as an error.
_UNKNOWN = {
    "success": False,
    "error": {
        "code": "ROUTE.NOT_FOUND",
        "message": "There is no such path here; the page at / says what is served.",
        "severity": "error",
        "details": {},
    },
}
_NOT_ALLOWED = {
    "success": False,
    "error": {
        "code": "ROUTE.METHOD_NOT_ALLOWED",
        "message": "This path takes GET and HEAD only.",
        "severity": "error",
        "details": {},
    },
}


def site(store: Store, documents: Mapping[str, Callable[[], bytes]], more: Sequence[Route] = ()) -> Starlette:
    """The application for all paths that are no dialect's; `documents` gives each dialect's description, `more` are
    pages that only some servers have."""
    made: dict[str, Kept] = {}

    async def front(request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        page = template("front.html").render(base=base, version=__version__, more=[route.path for route in more])
        return Response(page, media_type="text/html", headers=SAFE)

    async def health(_: Request) -> Response:
        return _json(200, {"status": "ok", "version": __version__})

    async def ready(_: Request) -> Response:
        try:
            await store.ready()
        except Exception:
            _log.exception("not ready")
            return _json(503, {"status": "the store does not answer"})
        return _json(200, {"status": "ready"})

    async def document(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in documents:
            return _missing(request.scope)
        if name not in made:
            made[name] = kept(documents[name](), "application/json")
        return made[name].answer(request.scope)

    async def not_found(request: Request, __: Exception) -> Response:
        return _missing(request.scope)

    async def not_allowed(request: Request, __: Exception) -> Response:
        seen(request.scope).reason = reason(WrongMethod(_READ))
        return _json(405, _NOT_ALLOWED, {"allow": ", ".join(_READ)})

    routes = [Route(path, page) for path, page in zip(SITE_PATHS, (front, health, ready), strict=True)]
    routes.append(Route(DOCUMENTS + "{name}.json", document))
    made_site = Starlette(routes=[*routes, *more], exception_handlers={404: not_found, 405: not_allowed})
    made_site.router.redirect_slashes = False  # a redirect would name the host that the client made up
    return made_site


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer to a path below /api/v1 that no dialect has."""
    await _missing(scope)(scope, receive, send)


def _missing(scope: Scope) -> Response:
    """There is no such path, of which the request log is told, too."""
    seen(scope).reason = reason(NoSuchRoute())
    return _json(404, _UNKNOWN)


def _json(status: int, content: object, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")
