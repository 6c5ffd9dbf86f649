# SPDX-License-Identifier: Apache-2.0
"""Structured logs: one JSON object a line on standard error. Never a secret, a query or a body.

Lines of requests are written together a few times a second: writing each by itself cost more than reading a patient.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import re
import sys
import time
from typing import Any

import msgspec
import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from polyvet.core.context import Caller
from polyvet.model.requests import Known

FLUSH_S = 0.1
_MOST_WAITING = 1_000
# Some paths end with what lets one in, such as a shared link's `/s/<token>`, in any spelling that a reader may give it.
_LINK = re.compile(r"(/(?:s|set-up|join)/+)[^/]+", re.IGNORECASE)


def configure(level: str) -> None:
    """Set up logging for this process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the values of variables: they hold what callers entrust to us.
            ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_serialise),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _serialise(event: Any, **_: Any) -> str:
    try:
        return msgspec.json.encode(event, enc_hook=repr).decode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(event, default=repr)


def shown(path: str) -> str:
    """A request's path as it is logged."""
    return _LINK.sub(r"\1…", path)


class RequestLine(msgspec.Struct, gc=False):
    """What is logged of a request."""

    timestamp: str
    request_id: str
    dialect: str
    method: str
    path: str
    status: int
    milliseconds: float
    key: str | None
    clinic: int | None
    event: str = "request"
    level: str = "info"


class RequestLog:
    """Collects the lines of requests and writes them together."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._waiting: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._ids = itertools.count()
        self._prefix = os.urandom(5).hex()
        self._second, self._second_text = 0, ""

    def next_id(self) -> str:
        """A request id: unique in this process, and all but surely everywhere."""
        return f"{self._prefix}{next(self._ids):08x}"

    def add(
        self,
        request_id: str,
        dialect: str,
        scope: Any,
        status: int,
        nanoseconds: int,
        who: Caller | Known | None,
    ) -> None:
        """Log one request."""
        if not self._enabled:
            return
        milliseconds = nanoseconds // 1000 / 1000
        key, clinic = (None, None) if who is None else (who.shown, who.clinic_id)
        line = RequestLine(
            self._now(), request_id, dialect, scope["method"], shown(scope["path"]), status, milliseconds, key, clinic
        )
        if not self._waiting:
            asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
        try:
            self._waiting.append(self._encode(line))
        except UnicodeEncodeError:  # a path with half of a surrogate pair
            line.path = line.path.encode("utf-8", "replace").decode()
            self._waiting.append(self._encode(line))
        if len(self._waiting) >= _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            sys.stderr.buffer.write(b"\n".join(waiting) + b"\n")
            sys.stderr.buffer.flush()

    def _now(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
        return self._second_text
