# SPDX-License-Identifier: Apache-2.0
"""Vetigen's wire: credentials, fingerprints, envelope, page object, budget headers and THE error table.

The documentation exists in three generations that disagree; R1, the one of the primary documents, is the default,
and K, the later rewrite, is a switch. What differs between them stands in this file and in the list of `Options`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from polyvet.core.context import Caller
from polyvet.model import errors, values
from polyvet.model.paging import Page
from polyvet.web.dialect import Services, below
from polyvet.web.limits import Budget, Room, Standing, headers
from polyvet.web.message import Headers, Reply, Request
from polyvet.web.params import HIGHEST_PAGE, integer
from polyvet.web.routes import Route, RouteTable

NAME = "vetigen"
ROOT = "/api/v1/"
DEFAULT_PAGE_SIZE = 20  # [seed]
LARGEST_PAGE_SIZE = 100  # [seed]
LONGEST_FP = 100

T = TypeVar("T")


class Generation(StrEnum):
    """Which generation of the documentation is obeyed where they contradict each other."""

    R1 = "R1"
    K = "K"


class Options(msgspec.Struct, frozen=True):
    """The dialect's settings. `name_unconnected`: tell PATIENT.ACCESS_DENIED (403) from PATIENT.NOT_FOUND (404), which
    lets a key probe for other clinics' patients; off, both are 404."""

    generation: Generation = Generation.R1
    name_unconnected: bool = False


# Requests a minute and an hour by the kind of key [docs: rate-limits, K].
BUDGETS = {
    "integration": Budget(60, 1_000),
    "device": Budget(120, 3_000),
    "partner": Budget(300, 10_000),
}


class Items(msgspec.Struct, Generic[T]):
    """The page object inside `data` [seed]."""

    items: list[T]
    total: int
    page: int
    page_size: int
    has_more: bool


class Success(msgspec.Struct, Generic[T]):
    """The envelope of every success [seed]; `message` is always sent [inferred]."""

    success: bool
    data: T
    message: str = "OK"


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong; `details` is left out when there is nothing to add [seed]."""

    code: str
    message: str
    severity: str
    details: dict[str, Any] | None = None


class Failure(msgspec.Struct):
    """The envelope of every error [seed]."""

    success: bool
    error: Problem


encode = msgspec.json.Encoder().encode
_ERROR = "error"
_WARNING = "warning"

# How a missing thing is called; the patient's sentence is [seed], the others follow it [inferred].
_MISSING = {
    "patient": ("PATIENT.NOT_FOUND", "Patient"),
    "item": ("INVENTORY.NOT_FOUND", "Inventory item"),
    "record": ("SOAP.NOT_FOUND", "SOAP record"),
}


class VetigenWire:
    """What Vetigen does its own way."""

    name = NAME

    def __init__(self, options: Options) -> None:
        self.options = options

    def find(self, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]:
        """All paths have one root."""
        return below(ROOT, table, request)

    def secret(self, request: Request) -> str | None:
        """`Authorization: Bearer KEY` [seed] or `X-API-Key: KEY` [docs: K]; the bearer wins [inferred]."""
        authorization = request.header(b"authorization")
        if authorization is not None and authorization[:7].lower() == b"bearer ":
            return authorization[7:].strip().decode("latin-1")
        key = request.header(b"x-api-key")
        return None if key is None else key.strip().decode("latin-1")

    def count(self, services: Services, request: Request, caller: Caller, route: Route) -> Headers:
        """The numbers of the key's kind [docs]; the window with the least room [inferred], `Reset` in seconds
        [docs: K]."""
        return [] if services.limits is None else headers(services.limits.take(caller, BUDGETS[caller.kind]))

    def room(self, services: Services, caller: Caller, routes: RouteTable) -> list[Room]:
        """Of both windows."""
        return [] if services.limits is None else services.limits.left(caller, BUDGETS[caller.kind])

    def error(self, error: errors.PolyvetError) -> Reply:  # noqa: C901, PLR0911, the error table: one row a fact
        """THE error table."""
        match error:
            case errors.Unauthenticated():
                reply = failure(401, "AUTH.UNAUTHORIZED", "Authentication required.")  # [seed]
                reply.headers = [(b"www-authenticate", b"Bearer")]  # HTTP's rule
                return reply
            case errors.Forbidden():
                return failure(403, "AUTH.FORBIDDEN", "Insufficient permissions.")  # [seed]
            case errors.LimitReached():
                return self._limited(error)
            case errors.NotConnected(kind="patient") if self.options.name_unconnected:
                message = f"Your clinic has no connection to patient {error.shown}."
                return failure(403, "PATIENT.ACCESS_DENIED", message)  # code [seed], status and text [inferred]
            case errors.Missing() | errors.NotConnected():
                code, noun = _MISSING[error.kind]
                return failure(404, code, f"{noun} with fingerprint {error.shown} does not exist.")
            case errors.RangeTooLong():
                return failure(400, "CALENDAR.INVALID_RANGE", error.why)  # [docs]; status [inferred]
            case errors.Invalid():
                return failure(400, "VALIDATION.FAILED", _sentences(error.problems), details=dict(error.problems))
            case errors.NoSuchRoute():
                return failure(404, "ROUTE.NOT_FOUND", "There is no such path here; see /openapi/vetigen.json.")
            case errors.WrongMethod():
                message = f"This path takes {', '.join(error.allowed)} only."
                reply = failure(405, "ROUTE.METHOD_NOT_ALLOWED", message)
                reply.headers = [(b"allow", ", ".join(error.allowed).encode())]
                return reply
            case errors.NotServed():
                return failure(501, "ROUTE.NOT_SERVED", error.why)
            case errors.Busy():
                reply = failure(503, "INTERNAL.BUSY", "The store is busy; try again in a moment.")
                reply.headers = [(b"retry-after", b"1")]
                return reply
        raise error  # what only a write can meet: this dialect has none

    def defect(self) -> Reply:
        """The answer to a defect of ours."""
        return failure(500, "INTERNAL.ERROR", "An internal error occurred.")  # [inferred]

    def _limited(self, error: errors.LimitReached) -> Reply:
        seconds = error.retry_after
        if self.options.generation is Generation.K:
            message = "Rate limit exceeded. Please retry after the specified time."
            reply = failure(429, "API_KEY.RATE_LIMIT_EXCEEDED", message)  # [docs: K]
        else:
            message = f"Rate limit exceeded. Retry in {seconds} seconds."
            reply = failure(429, "AUTH.RATE_LIMITED", message, severity=_WARNING)  # [seed]
        reply.headers = [(b"retry-after", b"%d" % seconds), *headers(Standing(error.limit, 0, seconds))]
        return reply


def failure(
    status: int, code: str, message: str, *, severity: str = _ERROR, details: dict[str, Any] | None = None
) -> Reply:
    """An error in its envelope."""
    return Reply(status, encode(Failure(False, Problem(code, message, severity, details))))


def success(data: Any) -> Reply:
    """A success in its envelope."""
    return Reply(200, encode(Success(True, data)))


def _sentences(problems: dict[str, str]) -> str:
    return " ".join(f"{field} {problem}." for field, problem in problems.items())


def to_fp(prefix: str, ident: bytes) -> str:
    """A fingerprint: prefix and ULID [seed]."""
    return prefix + values.to_crockford(ident)


def from_fp(prefix: str, fp: str) -> bytes | None:
    """The id in a fingerprint. Lenient, since the vendor's own sample holds an L [seed]; None for any other text."""
    return values.from_crockford(fp[len(prefix) :]) if fp.startswith(prefix) else None


def respelled(fp: str, canonical: str) -> str:
    """The caller's spelling of an id in the answer to a get: the sample's L comes back as L [seed]."""
    return fp if len(fp) == len(canonical) and fp.upper() != canonical.upper() else canonical


class PageQuery(msgspec.Struct, frozen=True):
    """`page` and `page_size`."""

    page: int
    page_size: int

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.page_size


def page_query(query: dict[str, str]) -> PageQuery:
    """Defaults and ranges [seed]; out of range is a 400 [inferred]."""
    return PageQuery(
        integer(query, "page", 1, low=1, high=HIGHEST_PAGE),
        integer(query, "page_size", DEFAULT_PAGE_SIZE, low=1, high=LARGEST_PAGE_SIZE),
    )


def items(page: Page[Any], rows: list[T], asked: PageQuery) -> Items[T]:
    """The page object."""
    return Items(rows, page.total, asked.page, asked.page_size, page.more)
