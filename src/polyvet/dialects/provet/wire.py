# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's wire: installation and slash in the path, credentials, absolute URLs, pages and THE error table.

Paths start with the clinic's installation number and end with a slash; relations are absolute URLs of this host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from polyvet.core.context import Caller
from polyvet.model import errors
from polyvet.model.paging import Page
from polyvet.web.dialect import Services
from polyvet.web.limits import Room
from polyvet.web.message import Headers, Reply, Request
from polyvet.web.origin import origin
from polyvet.web.routes import Route, RouteTable
from polyvet.web.slots import digest

NAME = "provet"
DEFAULT_PAGE_SIZE = 50  # [client]
LARGEST_PAGE_SIZE = 1_000  # [docs]
API_SCOPE, OPENID = "restapi", "openid"  # [docs]
SCOPES = (API_SCOPE, OPENID)
USUAL_LIMIT = 300  # a minute, of most operations [oas]
_MOST_DIGITS = 15
_PATH = re.compile(r"/(\d{1,9})/api/0\.1/(.*)", re.ASCII | re.DOTALL)
_OAUTH = re.compile(r"/\d{1,9}/oauth2/", re.ASCII)
_RELATION = re.compile(r"/(\d{1,9})/api/0\.1/([a-z_/]+)/(\d{1,15})/?", re.ASCII)
_SAFE = ("GET", "HEAD")

T = TypeVar("T")
encode = msgspec.json.Encoder().encode


class Options(msgspec.Struct, frozen=True):
    """The dialect's settings: refuse filters that are not known; a client's country as an object or a code; the URL
    under which clients reach the server; networks beside the public ones to which webhooks may go."""

    strict_filters: bool = False
    country: str = "object"
    public_url: str | None = None
    webhook_networks: tuple[str, ...] = ()


class Moved(errors.PolyvetError):
    """A path without its slash."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class InvalidPage(errors.PolyvetError):
    """A page beyond the last."""


class ParseError(errors.PolyvetError):
    """A body that cannot be read at all."""


class FieldErrors(errors.PolyvetError):
    """A body's problems, as they stand on the wire: a field's name and its sentences."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(str(problems))
        self.problems = problems


class Detail(msgspec.Struct):
    """The body of an error that is no field's [docs]."""

    detail: str


class Listed(msgspec.Struct, Generic[T]):
    """A page [docs]."""

    count: int
    num_pages: int
    next: str | None
    previous: str | None
    results: list[T]


def is_oauth(path: str) -> bool:
    """Whether a path is one of OAuth's, beside the API's root [docs]."""
    return _OAUTH.match(path) is not None


class ProvetWire:
    """What Provet Cloud does its own way."""

    name = NAME

    def __init__(self, limits: dict[tuple[str, str], int]) -> None:
        """`limits`: requests a minute by method and path, where they differ from the usual."""
        self._limits = limits

    def find(self, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]:
        """The path names the installation. Without its last slash a read is sent on to the path with it [client], and a
        write is served as it is [client]."""
        found = _PATH.fullmatch(request.scope["path"])
        if found is None:
            raise errors.NoSuchRoute
        request.tenant = int(found[1])
        path, method = found[2], request.scope["method"]
        if path.endswith("/") or not path:
            return table.find(method, path)
        route = table.find(method, path + "/")
        if method in _SAFE:
            query = request.scope["query_string"].decode("latin-1")
            here = request.scope.get("root_path", "") + request.scope["path"]
            raise Moved(f"{here}/{'?' + query if query else ''}")
        return route

    def secret(self, request: Request) -> str | None:
        """`Authorization: Bearer TOKEN` [seed] or, older, `Token KEY` [docs]; the scheme in any case."""
        authorization = request.header(b"authorization")
        if authorization is None:
            return None
        scheme, _, secret = authorization.partition(b" ")
        return secret.strip().decode("latin-1") if scheme.lower() in (b"bearer", b"token") else None

    def count(self, services: Services, request: Request, caller: Caller, route: Route) -> Headers:
        """A minute's budget for each caller and operation [docs]; a page that is larger than the usual one costs as
        many requests as pages of the usual size [docs]. No header but Retry-After is documented."""
        if services.rolling is not None:
            key, limit = self._budget(caller, route)
            services.rolling.take(key, limit, -(-page_size(request) // DEFAULT_PAGE_SIZE))
        return []

    def room(self, services: Services, caller: Caller, routes: RouteTable) -> list[Room]:
        """Of the operations that were asked for in the last minute."""
        found: list[Room] = []
        if services.rolling is None:
            return found
        for route in routes.routes:
            key, limit = self._budget(caller, route)
            left, whole_in_s = services.rolling.left(key, limit)
            if whole_in_s:
                found.append(Room(f"{route.method} {route.path}", limit, left, whole_in_s))
        return found

    def _budget(self, caller: Caller, route: Route) -> tuple[bytes, int]:
        """Under which key an operation is counted for a caller, and how often it is allowed a minute."""
        limit = self._limits.get((route.method, route.path), USUAL_LIMIT)
        key = digest(caller.key_id, route.method.encode(), route.path.encode())
        return key, limit if caller.per_minute is None else caller.per_minute

    def error(self, error: errors.PolyvetError) -> Reply:  # noqa: C901, PLR0911, PLR0912, the error table: one row a fact
        """THE error table. Texts are those of the vendor's framework [inferred] where no source is named."""
        match error:
            case Moved():
                return Reply(301, b"", [(b"location", error.location.encode("latin-1", "replace"))])  # [client]
            case FieldErrors():
                return Reply(400, encode(error.problems))  # [client]
            case ParseError():
                return failure(400, str(error))
            case InvalidPage():
                return failure(404, "Invalid page.")
            case errors.Unauthenticated():
                reply = failure(401, "Authentication credentials were not provided.")
                reply.headers = [(b"www-authenticate", b"Bearer")]
                return reply
            case errors.Forbidden():
                return failure(403, "You do not have permission to perform this action.")
            case errors.Missing() | errors.NotConnected() | errors.NoSuchRoute():
                return failure(404, "Not found.")  # [client]
            case errors.Merged():
                return failure(400, f"This {error.kind} was merged into another one; change that one.")
            case errors.Invalid():
                return Reply(400, encode({field: [problem] for field, problem in error.problems.items()}))
            case errors.SlotTaken():
                problem = "There is already an appointment for this time slot."  # [client]
                return Reply(400, encode({"non_field_errors": [problem]}))
            case errors.LimitReached():
                seconds = error.retry_after
                reply = failure(429, f"Request was throttled. Expected available in {seconds} seconds.")
                reply.headers = [(b"retry-after", b"%d" % seconds)]  # [docs]
                return reply
            case errors.TooLarge():
                return failure(413, f"The body must not be larger than {error.limit} bytes.")
            case errors.WrongMediaType():
                return failure(415, "Unsupported media type in request.")
            case errors.WrongMethod():
                reply = failure(405, "Method not allowed.")
                reply.headers = [(b"allow", ", ".join(error.allowed).encode())]
                return reply
            case errors.KeyReused():
                return failure(422, "Idempotency-Key was used before with another request; send a new key.")
            case errors.Busy():
                reply = failure(503, "The store is busy; try again in a moment.")
                reply.headers = [(b"retry-after", b"1")]
                return reply
        raise error  # a fact that this dialect cannot meet: a defect

    def defect(self) -> Reply:
        """The answer to a defect of ours [inferred]."""
        return failure(500, "A server error occurred.")


def failure(status: int, detail: str) -> Reply:
    """An error that is no field's."""
    return Reply(status, encode(Detail(detail)))


# --- absolute URLs --------------------------------------------------------------------------------------------


def installation(request: Request, options: Options, tenant: int) -> str:
    """What all URLs of an installation start with, as the request's sender reaches it."""
    return f"{origin(request, options.public_url)}/{tenant}"


class Urls:
    """Makes and reads the URLs of one installation, for one request."""

    __slots__ = ("base", "options", "tenant")

    def __init__(self, request: Request, options: Options) -> None:
        self.options = options
        self.tenant = request.context.clinic_id
        self.base = f"{installation(request, options, self.tenant)}/api/0.1/"

    def of(self, resource: str, number: int) -> str:
        """One thing's URL."""
        return f"{self.base}{resource}/{number}/"

    def maybe(self, resource: str, number: int | None) -> str | None:
        """One thing's URL, or null."""
        return None if number is None else f"{self.base}{resource}/{number}/"

    def number(self, resource: str, url: Any) -> int:
        """The number in a relation that came in: a URL of this installation, of whatever host, since integrations kept
        those of the vendor's. ValueError says what is wrong, in the framework's words."""
        if not isinstance(url, str):
            raise ValueError("Incorrect type. Expected URL string, received " + type(url).__name__ + ".")
        try:
            found = _RELATION.search(urlsplit(url).path)
        except ValueError:
            found = None
        if found is None or found[2] != resource:
            raise ValueError("Invalid hyperlink - No URL match.")
        if int(found[1]) != self.tenant:
            raise ValueError("Invalid hyperlink - Object does not exist.")
        return int(found[3])


# --- pages ----------------------------------------------------------------------------------------------------


def page_size(request: Request) -> int:
    """`page_size`: what is no number above 0 is the default, and too much the largest [inferred]."""
    found = re.search(rb"(?:^|&)page_size=(\d{1,15})(?:&|$)", request.scope["query_string"])
    size = int(found[1]) if found else DEFAULT_PAGE_SIZE
    return min(size or DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE)


class Paging:
    """The page that a request asks for."""

    def __init__(self, request: Request, query: dict[str, str], urls: Urls) -> None:
        """InvalidPage for a page that is no number from 1 on [inferred]."""
        text = query.get("page", "1")
        if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
            raise InvalidPage
        self.page = int(text)
        self.limit = page_size(request)
        self.offset = (self.page - 1) * self.limit
        path: str = request.scope["path"].partition("/api/0.1/")[2]
        self._path = urls.base + path
        raw = request.scope["query_string"].decode("latin-1")
        self._others = [part for part in raw.split("&") if part and part.partition("=")[0] != "page"]

    def window(self, rows: Sequence[T]) -> Page[T]:
        """The page of a list that is in memory as a whole."""
        items = list(rows[self.offset : self.offset + self.limit])
        return Page(items, len(rows), self.offset + len(items) < len(rows))

    def listed(self, page: Page[Any], results: list[T]) -> Listed[T]:
        """The page object. InvalidPage beyond the last one; an empty list has one page."""
        pages = max(1, -(-page.total // self.limit))
        if self.page > pages:
            raise InvalidPage
        following = self._url(self.page + 1) if self.page < pages else None
        before = self._url(self.page - 1) if self.page > 1 else None
        return Listed(page.total, pages, following, before, results)

    def _url(self, page: int) -> str:
        """The same query with another page; the first page is not named."""
        parts = [*self._others, *([f"page={page}"] if page > 1 else [])]
        query = "?" + "&".join(parts) if parts else ""
        return f"{self._path}{query}"
