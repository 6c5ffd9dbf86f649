# SPDX-License-Identifier: Apache-2.0
"""What all pages that people open share: finding what stands at a path, sending a browser on, and what is told when
something stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec
import structlog
from starlette.responses import RedirectResponse, Response

from polyvet.model import values
from polyvet.model.errors import Busy, Forbidden, Invalid, LimitReached, Missing, TooLarge, WrongMediaType
from polyvet.web import params
from polyvet.web.log import shown
from polyvet.web.message import Request

_MOST_DIGITS = 18
BEYOND = 1 << 59  # more than there are numbers
_log = structlog.get_logger()
T = TypeVar("T")


class Paths(Generic[T]):
    """What stands at which path. `{name}` stands for one segment that is not empty."""

    def __init__(self, table: Mapping[str, T]) -> None:
        self._table = {tuple(path.split("/")): found for path, found in table.items()}

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """What stands at a path, which starts without a slash, and the values of its parameters."""
        segments = tuple(path.split("/"))
        found = self._table.get(segments)
        if found is not None:
            return found, {}
        for pattern, found in self._table.items():
            pairs = list(zip(pattern, segments, strict=False))
            if len(pattern) == len(segments) and all(b and (a == b or a.startswith("{")) for a, b in pairs):
                return found, {a[1:-1]: b for a, b in pairs if a.startswith("{")}
        return None

    def all(self) -> list[str]:
        """The paths."""
        return ["/".join(path) for path in self._table]


class Failure(msgspec.Struct, frozen=True):
    """What a page says of an error."""

    status: int
    problem: str
    retry_after: int | None = None

    def on(self, response: Response) -> Response:
        """The page that tells it, with its header."""
        if self.retry_after is not None:
            response.headers["retry-after"] = str(self.retry_after)
        return response


def failure(error: Exception, where: str, path: str) -> Failure:
    """What to tell of a fact that stands in the way, or of a defect, which is logged."""
    match error:
        case Missing():
            return Failure(404, "There is no such page here.")
        case Forbidden():
            return Failure(403, "Your role does not allow this. Ask an owner of your clinic.")
        case Invalid():
            return Failure(400, " ".join(_sentence(name, says) for name, says in error.problems.items()))
        case WrongMediaType():
            return Failure(400, "Send the form as a browser does.")
        case TooLarge():
            return Failure(413, "This is more than fits. Shorten what you wrote.")
        case LimitReached():
            return Failure(429, f"Too many attempts. Wait {error.retry_after} seconds.", error.retry_after)
        case Busy():
            _log.warning("busy", dialect=where, reason=str(error))
            return Failure(503, "The server is busy. Try again in a moment.", 1)
    _log.exception("defect", dialect=where, path=shown(path))
    return Failure(500, "Something went wrong here. Try again; if it stays, tell whoever runs this server.")


def _sentence(name: str, says: str) -> str:
    """What does not hold, as a page says it: core has either a sentence or what goes on from the field's name."""
    return says if says[:1].isupper() else f"The {name} {says}."


def moved(request: Request, path: str) -> Response:
    """Send the browser to a path of this server by 303, which no browser follows with what it posted (RFC 9700)."""
    root: str = request.scope.get("root_path", "")
    return RedirectResponse(root + path, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def here(request: Request) -> str:
    """The path and query that were asked for, as a path of this server."""
    query: str = request.scope["query_string"].decode("latin-1")
    return quote(request.scope["path"]) + (f"?{query}" if query else "")


def allowed(methods: Mapping[str, object]) -> str:
    """What the header `Allow` says of a page that answers these methods."""
    return ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))


def number_in(text: str, kind: str) -> int:
    """The number that a part of a path or a form's field is. Missing for what is none: no such thing is here."""
    found = values.whole_number(text, _MOST_DIGITS)
    if found is None or found > BEYOND:
        raise Missing(kind, text)
    return found


def before_of(request: Request) -> int:
    """The number below which a page of a list starts; BEYOND for the first page."""
    return params.integer(request.query(), "before", BEYOND, low=1, high=BEYOND)
