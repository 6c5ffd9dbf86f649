# SPDX-License-Identifier: Apache-2.0
"""Requests byte by byte, for what no HTTP client would send."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import msgspec

from tests.dialects.harness import TIMEOUT_S, Practice


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON; a failure if it is none."""
        return msgspec.json.decode(self.content)

    @property
    def status_code(self) -> int:
        """The status, by httpx's name."""
        return self.status


def send(
    practice: Practice,
    target: bytes,
    *headers: bytes,
    key: str | None = None,
    method: bytes = b"GET",
    body: bytes = b"",
) -> Answer:
    """One request with exactly this target and these header lines."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *headers]
    if key is not None:
        lines.append(b"Authorization: Bearer " + key.encode())
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    with socket.create_connection(("127.0.0.1", practice.server.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        response = http.client.HTTPResponse(connection, method=method.decode())
        response.begin()
        content = response.read()
        response.close()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
