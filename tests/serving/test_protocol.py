# SPDX-License-Identifier: Apache-2.0
"""What a connection may do before its request's head is complete, and how a refused body is answered."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from polyvet import protocol
from tests.serving.conftest import Practice, filled
from tests.serving.running import Running

MIB = 1 << 20


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A server to connect to; nobody changes anything there."""
    with Running(filled(tmp_path_factory.mktemp("protocol") / "data").folder) as server:
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


def test_answers_to_a_pipeline_come_in_its_order(address: tuple[str, int]) -> None:
    """A dialect's answers leave together at the end of a turn, the site's at once."""
    paths = [b"/api/v1/patients", b"/health", b"/api/v1/nothing", b"/api/v1/owners", b"/", b"/api/v1/patients/x"] * 3
    head = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = _said(address, b"".join(head % path for path in paths) + last)
    # An answer stands right behind the body of the one before.
    codes = [b"401", b"200", b"404", b"401", b"200", b"401"] * 3 + [b"200"]
    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", answer) == codes


@pytest.mark.parametrize("request_head", [b"HTTP/1.0\r\nHost: x", b"HTTP/1.1\r\nHost: x\r\nConnection: close"])
def test_a_connection_that_ends_says_so(address: tuple[str, int], request_head: bytes) -> None:
    head, _, body = _said(address, b"GET /api/v1/patients " + request_head + b"\r\n\r\n").partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower().split(b"\r\n")
    assert b"content-length: %d" % len(body) in head.lower().split(b"\r\n")


def test_the_answer_to_head_has_no_body(address: tuple[str, int]) -> None:
    request = b"%b /api/v1/patients HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    get_head, _, body = _said(address, request % b"GET").partition(b"\r\n\r\n")
    head_head, _, nothing = _said(address, request % b"HEAD").partition(b"\r\n\r\n")
    assert nothing == b""
    lengths = [_length(head) for head in (get_head, head_head)]
    assert lengths == [len(body), len(body)]


def _length(head: bytes) -> int:
    (line,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(line.split(b":")[1])


def test_a_reader_that_is_slow_gets_all_of_its_answers(practice: Callable[..., Practice]) -> None:
    """More than the sockets' buffers hold: the server waits, and goes on when there is room."""
    one = practice()
    with Running(one.folder) as server:
        parts = urlsplit(server.url)
        request = (
            b"GET /api/v1/patients?page_size=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + one.vetigen.encode()
            + b"\r\n\r\n"
        )
        asked = 400
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.settimeout(20)
            sender = threading.Thread(target=connection.sendall, args=(request * asked,))
            sender.start()
            time.sleep(1)
            answer, heads = b"", 0
            while heads < asked or not _whole(answer):
                piece = connection.recv(1 << 20)
                assert piece, f"closed after {heads} answers"
                heads += (answer[-20:] + piece).count(b"HTTP/1.1 200 OK") - answer[-20:].count(b"HTTP/1.1 200 OK")
                answer = (answer + piece)[-200_000:]
            sender.join()
    assert heads == asked


def _whole(tail: bytes) -> bool:
    """Whether the last answer is complete."""
    head, _, body = tail[tail.rindex(b"HTTP/1.1 200 OK") :].partition(b"\r\n\r\n")
    return len(body) == _length(head)
