# SPDX-License-Identifier: Apache-2.0
"""Requests: any bytes as a query, bodies however they come, headers and media types."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.model.errors import Invalid, TooLarge, WrongMediaType
from polyvet.web.message import MOST_PARAMETERS, QUERY_BYTES, Request

LIMIT = 1_000


def _request(query: bytes = b"", *, headers: Any = (), pieces: tuple[bytes, ...] = (b"",)) -> Request:
    messages = [
        {"type": "http.request", "body": piece, "more_body": n < len(pieces)} for n, piece in enumerate(pieces, 1)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return Request({"query_string": query, "headers": list(headers)}, receive, {}, LIMIT)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_query_or_invalid(raw: bytes) -> None:
    try:
        found = _request(raw).query()
    except Invalid:
        return
    assert all("\0" not in text and text.encode() is not None for pair in found.items() for text in pair)


@given(st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.text("aä+ &=%#")))
def test_what_was_encoded_comes_back(query: dict[str, str]) -> None:
    encoded = urlencode(query).encode()
    if len(encoded) <= QUERY_BYTES and len(query) <= MOST_PARAMETERS:
        assert _request(encoded).query() == query


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=", {"a": ""}),
        (b"a", {"a": ""}),
        (b"a=1&a=1", {"a": "1"}),  # twice the same says nothing new
        (b"a=x+y%20z%2B", {"a": "x y z+"}),
        (b"a=b=c", {"a": "b=c"}),
        (quote("ß=İ", safe="=").encode(), {"ß": "İ"}),
        (b"&&a=1&", {"a": "1"}),
    ],
)
def test_queries(raw: bytes, found: dict[str, str]) -> None:
    assert _request(raw).query() == found


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"a=1&a=2", "a"),
        (b"a=%00", "query"),
        (b"%00=a", "query"),
        (b"a=%zz", "query"),
        (b"a=%f", "query"),
        (b"a=%ff", "query"),
        (b"a=%ed%a0%80", "query"),  # half of a surrogate pair
        (b"a=%c0%80", "query"),  # a null byte in disguise
        (b"a=\xff", "query"),
        ("a=ä".encode(), "query"),
        (b"a=" + b"x" * QUERY_BYTES, "query"),
        (b"&".join(b"p%d=1" % n for n in range(MOST_PARAMETERS + 1)), "query"),
    ],
)
def test_queries_that_do_not_hold(raw: bytes, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        _request(raw).query()
    assert list(refused.value.problems) == [name]


def test_the_largest_query_is_read() -> None:
    assert _request(b"a=" + b"x" * (QUERY_BYTES - 2)).query() == {"a": "x" * (QUERY_BYTES - 2)}
    assert len(_request(b"&".join(b"p%d=1" % n for n in range(MOST_PARAMETERS))).query()) == MOST_PARAMETERS


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=10))
def test_a_body_is_put_together(pieces: list[bytes]) -> None:
    assert asyncio.run(_request(pieces=tuple(pieces)).body()) == b"".join(pieces)


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ([(b"content-length", b"1001")], (b"x",)),  # refused before it is read
        ([(b"content-length", b"9" * 5_000)], (b"x",)),
        ([(b"content-length", b"1")], (b"x" * 1_001,)),
        ([(b"transfer-encoding", b"chunked")], (b"x" * 600, b"x" * 600)),
    ],
)
def test_a_body_beyond_the_limit_is_refused_however_it_was_announced(headers: Any, pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(TooLarge) as refused:
        asyncio.run(_request(headers=headers, pieces=pieces).body())
    assert refused.value.limit == LIMIT


def test_a_body_as_large_as_the_limit_is_read() -> None:
    assert len(asyncio.run(_request(pieces=(b"x" * LIMIT,)).body())) == LIMIT


def test_a_client_that_goes_away_is_no_request() -> None:
    request = _request(pieces=())
    with pytest.raises(ConnectionResetError):
        asyncio.run(request.body())


def test_headers_by_name() -> None:
    request = _request(headers=[(b"x-a", b"1"), (b"x-b", b"2"), (b"x-a", b"3")])
    assert (request.header(b"x-a"), request.header(b"x-b"), request.header(b"x-c")) == (b"1", b"2", None)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        " application/json ",
    ],
)
def test_json_is_known_by_its_media_type(media_type: str) -> None:
    _request(headers=[(b"content-type", media_type.encode())]).require_json()
    with pytest.raises(WrongMediaType):
        _request(headers=[(b"content-type", b"text/plain, " + media_type.encode())]).require_json()


@pytest.mark.parametrize("media_type", [None, "", "text/json", "application/jsonp", "multipart/form-data"])
def test_anything_else_is_not(media_type: str | None) -> None:
    headers = [] if media_type is None else [(b"content-type", media_type.encode())]
    with pytest.raises(WrongMediaType):
        _request(headers=headers).require_json()


def test_a_route_without_a_caller_has_no_context() -> None:
    with pytest.raises(RuntimeError, match="without a key"):
        _ = _request().context
