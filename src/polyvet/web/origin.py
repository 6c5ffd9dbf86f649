# SPDX-License-Identifier: Apache-2.0
"""Where clients reach the server."""

from __future__ import annotations

from polyvet.web.message import Request


def origin(request: Request, public_url: str | None) -> str:
    """What absolute URLs start with, without a slash at the end: the setting, else as the request's sender reached the
    server; with the prefix below which it found the dialect."""
    if public_url is None:
        host = request.header(b"host")
        public_url = f"{request.scope['scheme']}://{host.decode('latin-1') if host else 'localhost'}"
    return f"{public_url.rstrip('/')}{request.scope.get('root_path', '')}"
