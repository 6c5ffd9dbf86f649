# SPDX-License-Identifier: Apache-2.0
"""ClinovaVet's wire: credential, ids, lists with their pagination block, budget headers and THE error table.

The vendor's page lists the statuses 200, 201, 400, 401, 403, 404, 429 and 500, and five error codes [seed]. Where it
is silent we stay within its statuses as far as they can say it: what a caller sent wrong is a 400.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from polyvet.core.context import Caller
from polyvet.model import errors, values
from polyvet.model.paging import Page, Place
from polyvet.web.dialect import Services, below
from polyvet.web.limits import Budget, Room, Standing
from polyvet.web.limits import headers as budget_headers
from polyvet.web.marks import Marks, page_key
from polyvet.web.message import Headers, Reply, Request
from polyvet.web.params import HIGHEST_PAGE, integer
from polyvet.web.routes import Route, RouteTable

NAME = "clinovavet"
ROOT = "/api/v1/"  # [seed]
DEFAULT_LIMIT = 50  # [seed]
LARGEST_LIMIT = 100  # [seed]
# The vendor enforces limits [seed]; the number is lost in every stored copy: [inferred]. A key may have its own.
PER_MINUTE = 100
LONGEST_SHOWN_ID = 100
_ID_PREFIX = "c"
BUDGET = Budget(PER_MINUTE, None)
_MOST_DIGITS = 10**18  # any whole number that is read may be clamped

T = TypeVar("T")


class Problem(msgspec.Struct):
    """What went wrong; `details` is an object, empty when there is nothing to add [seed]."""

    code: str
    message: str
    details: dict[str, str] = {}


class Failure(msgspec.Struct):
    """The envelope of every error [seed]."""

    error: Problem


class Pagination(msgspec.Struct, rename="camel", gc=False):
    """The block beside a list: effective limit and offset, and how many rows match in all [seed]."""

    total: int
    limit: int
    offset: int
    has_more: bool


class ListOf(msgspec.Struct, Generic[T], gc=False):
    """A list's envelope [seed]. For records and invoices the page shows `data` only [seed];
    there the block is an extra [inferred]."""

    data: list[T]
    pagination: Pagination


encode = msgspec.json.Encoder().encode

# How a missing thing is called: the sentence with "Owner" is [seed], the other nouns follow it [inferred].
_NOUNS = {"client": "Owner", "patient": "Pet", "record": "Medical record", "invoice": "Invoice"}


class ClinovaVetWire:
    """What ClinovaVet does its own way."""

    name = NAME

    def find(self, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]:
        """All paths have one root."""
        return below(ROOT, table, request)

    def secret(self, request: Request) -> str | None:
        """`Authorization: Bearer KEY` [seed]; the scheme in any case, as HTTP has it."""
        authorization = request.header(b"authorization")
        if authorization is None or authorization[:7].lower() != b"bearer ":
            return None
        return authorization[7:].strip().decode("latin-1")

    def count(self, services: Services, request: Request, caller: Caller, route: Route) -> Headers:
        """The same budget for all kinds of keys; headers are not mentioned by the vendor [inferred]."""
        return [] if services.limits is None else budget_headers(services.limits.take(caller, BUDGET))

    def room(self, services: Services, caller: Caller, routes: RouteTable) -> list[Room]:
        """Of the windows that the key has."""
        return [] if services.limits is None else services.limits.left(caller, BUDGET)

    def error(self, error: errors.PolyvetError) -> Reply:  # noqa: C901, PLR0911, the error table: one row a fact
        """THE error table. The five codes are [seed]; which status each has is [inferred]."""
        match error:
            case errors.Unauthenticated():
                # The code's own description; the challenge is HTTP's rule.
                challenge = (b"www-authenticate", b"Bearer")
                return failure(401, "INVALID_API_KEY", "API key is missing or invalid", headers=[challenge])
            case errors.Forbidden():
                # The status is [seed]; it has no code there: [inferred].
                message = f"Insufficient permissions: the API key lacks {error.permission}"
                return failure(403, "FORBIDDEN", message, details={"permission": error.permission})
            case errors.Missing() | errors.NotConnected():
                message = f"{_NOUNS[error.kind]} with ID '{error.shown[:LONGEST_SHOWN_ID]}' not found"  # [seed]
                return failure(404, "RESOURCE_NOT_FOUND", message)
            case errors.Invalid():
                return failure(400, "VALIDATION_ERROR", _sentences(error.problems), details=dict(error.problems))
            case errors.TooLarge():
                return _invalid_body(f"must not be larger than {error.limit} bytes")  # no 413 here [inferred]
            case errors.WrongMediaType():
                return _invalid_body("must be sent as Content-Type: application/json")  # no 415 here [inferred]
            case errors.LimitReached():
                return _limited(error.retry_after, error.limit)
            case errors.NoSuchRoute():
                message = "There is no such path here; /owners, /pets, /medical-records and /invoices are served"
                return failure(404, "RESOURCE_NOT_FOUND", message)  # [inferred]
            case errors.WrongMethod():
                allowed = ", ".join(error.allowed)
                header = (b"allow", allowed.encode())
                message = f"This path takes {allowed} only"
                return failure(405, "METHOD_NOT_ALLOWED", message, headers=[header])  # [inferred]
            case errors.KeyReused():
                message = "Idempotency-Key was used before with another request; send a new key"
                return failure(422, "IDEMPOTENCY_KEY_REUSED", message)  # not the vendor's: our extension
            case errors.NotServed():
                return failure(501, "NOT_SERVED", error.why)  # [inferred]
            case errors.Busy():
                message = "The store is busy; try again in a moment"
                return failure(503, "INTERNAL_ERROR", message, headers=[(b"retry-after", b"1")])  # [inferred]
        raise error  # a fact that this dialect cannot meet: a defect

    def defect(self) -> Reply:
        """The answer to a defect of ours: code and description [seed], status [inferred]."""
        return failure(500, "INTERNAL_ERROR", "Server-side error occurred")


def failure(
    status: int, code: str, message: str, *, details: dict[str, str] | None = None, headers: Headers | None = None
) -> Reply:
    """An error in its envelope."""
    return Reply(status, encode(Failure(Problem(code, message, details or {}))), headers or [])


def _invalid_body(problem: str) -> Reply:
    return failure(400, "VALIDATION_ERROR", _sentences({"body": problem}), details={"body": problem})


def _limited(seconds: int, limit: int) -> Reply:
    # Status and code [seed]; text and headers [inferred].
    headers = [(b"retry-after", b"%d" % seconds), *budget_headers(Standing(limit, 0, seconds))]
    message = f"Too many requests; try again in {seconds} seconds"
    return failure(429, "RATE_LIMIT_EXCEEDED", message, headers=headers)


def _sentences(problems: dict[str, str]) -> str:
    return "; ".join(f"{field} {problem}" for field, problem in problems.items())


def to_id(ident: bytes) -> str:
    """An id in the form of a cuid: `c` and 24 base-36 digits [seed]."""
    return _ID_PREFIX + values.to_base36(ident)


def from_id(text: str) -> bytes | None:
    """The id that the text spells; None for any other text, which then is the id of nothing [seed: 'invalid-id']."""
    return values.from_base36(text[1:]) if text.startswith(_ID_PREFIX) else None


class Listing:
    """One request for a page of a list, and what it takes to let the next page go on where this one ended."""

    __slots__ = ("_key_id", "_marks", "_query", "limit", "offset", "place")

    def __init__(
        self, marks: Marks, request: Request, query: dict[str, str], *, name: str, filters: Any = None
    ) -> None:
        """`filters`: the list's filters as they were asked for; another query's mark is not this one's."""
        self.limit = _limit(query)
        self._query = (name, self.limit, filters)
        self._marks = marks
        self._key_id = request.context.caller.key_id
        asked = integer(query, "offset", 0, low=0, high=HIGHEST_PAGE)  # default [seed]
        self.place = marks.place(self._key(asked)) if asked else None
        self.offset = asked

    @property
    def rows_to_skip(self) -> int:
        """The offset, unless the previous page's end is known."""
        return 0 if self.place is not None else self.offset

    def page(self, page: Page[Any], rows: list[T], last: Place | None) -> ListOf[T]:
        """The rows in their envelope; `last` is the last row's place, None without rows."""
        if page.more and last is not None:
            self._marks.keep_place(self._key(self.offset + len(rows)), last)
        return ListOf(rows, Pagination(page.total, self.limit, self.offset, page.more))

    def _key(self, start: int) -> bytes:
        name, limit, filters = self._query
        return page_key(self._key_id, name, start, limit, filters)


def _limit(query: dict[str, str]) -> int:
    """More than the largest is clamped to it, and the clamped number is echoed; less than 1 is a 400 [inferred]."""
    return min(integer(query, "limit", DEFAULT_LIMIT, low=1, high=_MOST_DIGITS), LARGEST_LIMIT)
