# SPDX-License-Identifier: Apache-2.0
"""Bodies that stay as they are while the process lives: compressed once for whoever takes that, and not sent again to
whoever has them."""

from __future__ import annotations

import gzip
import hashlib

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from polyvet.web.message import Scope

_VERSION_CHARACTERS = 16
ASK_AGAIN = "no-cache"  # a client may keep it, and asks each time whether it is still the one


class Kept(msgspec.Struct, frozen=True):
    """A body, also compressed, and the text by which its versions are told apart."""

    body: bytes
    packed: bytes
    version: str
    media_type: str

    def answer(self, scope: Scope, **headers: str) -> Response:
        """The answer to a request that reads it; 304 without a body for a client that has this version. `headers` are
        more of them, a line below for a hyphen."""
        request = Request(scope)
        headers = {"cache-control": ASK_AGAIN} | {name.replace("_", "-"): one for name, one in headers.items()}
        # A weak tag: what is compressed has other bytes and says the same.
        headers |= {"etag": f'W/"{self.version}"', "vary": "accept-encoding"}
        if _has(request.headers.getlist("if-none-match"), self.version):
            return Response(None, 304, headers)
        if takes_gzip(request.headers.getlist("accept-encoding")):
            return Response(self.packed, 200, headers | {"content-encoding": "gzip"}, self.media_type)
        return Response(self.body, 200, headers, self.media_type)


def kept(body: bytes, media_type: str) -> Kept:
    """A body that is to be served again and again."""
    # The time of compressing stays out of it, so that all workers send the same.
    version = hashlib.sha256(body).hexdigest()[:_VERSION_CHARACTERS]
    return Kept(body, gzip.compress(body, mtime=0), version, media_type)


def takes_gzip(headers: list[str]) -> bool:
    """Whether a client says, by its `Accept-Encoding`, that it takes gzip."""
    asked = {}
    for one in ",".join(headers).lower().split(","):
        coding, _, weight = one.partition(";")
        asked[coding.strip()] = "".join(weight.split())
    given = asked.get("gzip", asked.get("x-gzip", asked.get("*")))
    return given is not None and not _is_zero(given)


def _is_zero(weight: str) -> bool:
    """Whether a weight such as `q=0.5` says that something is not wanted."""
    name, _, number = weight.partition("=")
    return name == "q" and number.strip("0") in ("", ".")


def _has(headers: list[str], version: str) -> bool:
    """Whether one of the tags in `If-None-Match` is that of a version; `*` is any."""
    tags = {one.strip().removeprefix("W/") for one in ",".join(headers).split(",")}
    return "*" in tags or f'"{version}"' in tags
