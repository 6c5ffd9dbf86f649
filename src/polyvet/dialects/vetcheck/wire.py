# SPDX-License-Identifier: Apache-2.0
"""VetCheck's wire: credential, dates, who a user is called, and THE error table.

The vendor's page lists nine statuses with their messages [seed]; how an error's body looks is not shown: [inferred].
"""

from __future__ import annotations

import msgspec

from polyvet.core.context import Caller
from polyvet.model import errors, values
from polyvet.web.dialect import Services, below
from polyvet.web.limits import Room
from polyvet.web.message import Headers, Reply, Request
from polyvet.web.routes import Route, RouteTable

NAME = "vetcheck"
ROOT = "/"  # [seed]
AUDIENCE = "https://api-v2.vetcheck.it/"  # of every request to sign in, with the slash [seed]
SHARES_PER_MINUTE = 5  # of a user, over all kinds of content [seed]
LONGEST_SHOWN_ID = 100


class Options(msgspec.Struct, frozen=True):
    """The dialect's settings: the URL under which clients reach the server; whether strangers may register; for how
    many days a shared link leads anywhere."""

    public_url: str | None = None
    registration: bool = False
    share_days: int = 90


class Failure(msgspec.Struct, rename="camel"):
    """The body of every error [inferred]: the status's own name [seed], what was wrong, and the status."""

    error: str
    message: str
    status_code: int


encode = msgspec.json.Encoder().encode

# The names of the statuses [seed]; 413 and 415 are not on the page and are told as 400.
_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    422: "Unprocessable Entity",  # not the vendor's: our idempotency keys
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class VetCheckWire:
    """What VetCheck does its own way."""

    name = NAME

    def find(self, table: RouteTable, request: Request) -> tuple[Route, dict[str, str]]:
        """The paths stand at the root [seed]."""
        return below(ROOT, table, request)

    def secret(self, request: Request) -> str | None:
        """`Authorization: Bearer TOKEN` [seed]; the scheme in any case, as HTTP has it."""
        authorization = request.header(b"authorization")
        if authorization is None or authorization[:7].lower() != b"bearer ":
            return None
        return authorization[7:].strip().decode("latin-1")

    def count(self, services: Services, request: Request, caller: Caller, route: Route) -> Headers:
        """Only shares are limited [seed]; they count themselves, for only what is right counts."""
        return []

    def room(self, services: Services, caller: Caller, routes: RouteTable) -> list[Room]:
        """Nothing is counted but users' shares."""
        return []

    def error(self, error: errors.PolyvetError) -> Reply:  # noqa: C901, PLR0911, the error table: one row a fact
        """THE error table. The statuses are [seed]; which fact has which is [inferred] where the page is silent."""
        match error:
            case errors.Unauthenticated():
                return failure(401, "Your id_token is not valid.", [(b"www-authenticate", b"Bearer")])
            case errors.Forbidden() | errors.RoleNeeded():
                return failure(403, "You are not authorised to access the content.")
            case errors.Missing() | errors.NotConnected():
                return failure(404, f"The {error.kind} {error.shown[:LONGEST_SHOWN_ID]} could not be found.")
            case errors.Invalid():
                return failure(400, "; ".join(f"{name} {problem}" for name, problem in error.problems.items()))
            case errors.TooLarge():
                return failure(400, f"The body must not be larger than {error.limit} bytes.")
            case errors.WrongMediaType():
                return failure(400, "The body must be sent as Content-Type: application/json.")
            case errors.NotAcceptable():
                return failure(406, f"This resource is served as {', '.join(error.served)}.")
            case errors.LimitReached():
                header = (b"retry-after", b"%d" % error.retry_after)
                return failure(429, f"{error.limit} shares a minute are allowed; wait {error.retry_after} s.", [header])
            case errors.NoSuchRoute():
                return failure(404, "There is no such path here.")
            case errors.WrongMethod():
                allowed = ", ".join(error.allowed)
                return failure(405, f"This path takes {allowed} only.", [(b"allow", allowed.encode())])
            case errors.KeyReused():
                return failure(422, "Idempotency-Key was used before with another request; send a new key.")
            case errors.Busy():
                return failure(503, "The store is busy; try again in a moment.", [(b"retry-after", b"1")])
        raise error  # a fact that this dialect cannot meet: a defect

    def defect(self) -> Reply:
        """The answer to a defect of ours."""
        return failure(500, "The API could not process your request.")


def failure(status: int, message: str, headers: Headers | None = None) -> Reply:
    """An error as it stands on the wire."""
    return Reply(status, encode(Failure(_NAMES[status], message, status)), headers or [])


def subject(user_id: bytes) -> str:
    """What a user is called in tokens and `updated_by`: as Auth0 spells ids [seed], made of our own."""
    return f"auth0|{user_id.hex()}"


def to_time(instant: int) -> str:
    """An instant: UTC [seed], ISO 8601 with milliseconds and Z [inferred]."""
    return values.to_milliseconds_text(instant)
