# SPDX-License-Identifier: Apache-2.0
"""Cookies of people who sign in, and where they may be sent afterwards."""

from __future__ import annotations

import re

from starlette.requests import cookie_parser
from starlette.responses import Response

from polyvet.web.message import Request

_LONGEST_NEXT = 8_000
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # no host, no scheme, no backslash, nothing that browsers leave out


def cookie(request: Request, name: str) -> str | None:
    """A cookie's value. What others on this host have set is in nobody's way, however it is written."""
    for header, value in request.scope["headers"]:
        if header == b"cookie" and (found := cookie_parser(value.decode("latin-1")).get(name)) is not None:
            return found
    return None


def keep(request: Request, response: Response, name: str, secret: str, seconds: int, public_url: str | None) -> None:
    """Have the browser keep a secret that no script reads and that other sites' forms do not bring along; 0 seconds
    end it. It goes by https only where the request came so, or the server's address says so."""
    secure = request.scope["scheme"] == "https" or (public_url or "").startswith("https:")
    response.set_cookie(name, secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def local(path: str | None) -> str | None:
    """The path, if it leads nowhere else but to this server; else None."""
    if path is None or len(path) > _LONGEST_NEXT or not _LOCAL.fullmatch(path):
        return None
    return path
