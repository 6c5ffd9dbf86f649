# SPDX-License-Identifier: Apache-2.0
"""What a connection may do before its request's head is complete, and how a refused body is answered."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from polyvet import protocol
from tests.serving.conftest import Practice
from tests.serving.running import Running

MIB = 1 << 20


@pytest.fixture
def address(practice: Callable[..., Practice]) -> Iterator[tuple[str, int]]:
    """A server to connect to."""
    with Running(practice().folder) as server:
        parts = urlsplit(server.url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


def _said(address: tuple[str, int], *pieces: bytes) -> bytes:
    """All that comes back to what is sent in pieces; who is cut off while sending reads what there is."""
    with socket.create_connection(address, timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def test_one_endless_header_is_refused_with_a_400(address: tuple[str, int]) -> None:
    sent = protocol.HEAD_BYTES + 1
    answer = _said(address, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Filler: " + b"x" * sent)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_large_body_that_is_refused_still_gets_its_answer(address: tuple[str, int]) -> None:
    for path in (b"/api/v1/owners", b"/api/v1/owners/x/y/z"):
        head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (8 * MIB)
        answer = _said(address, head, *([b" " * MIB] * 8))
        assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 404 "))
        assert b'"error"' in answer
