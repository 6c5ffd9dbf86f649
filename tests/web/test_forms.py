# SPDX-License-Identifier: Apache-2.0
"""Forms: urlencoded and multipart read alike, an empty field is none, and one that came twice is told."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from polyvet.model.errors import Invalid, WrongMediaType
from polyvet.web.forms import FORM_BYTES, Fields, of_form, of_query
from polyvet.web.message import Request

PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
PAIRS = ((b"a", b"1"), (b"b", "ä &".encode()), (b"c", b""), (b"d", b"x"), (b"d", b"y"))


def _read(kind: str | None, body: bytes) -> Fields:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [] if kind is None else [(b"content-type", kind.encode("latin-1"))]
    return asyncio.run(of_form(Request({"type": "http", "headers": headers}, receive, {}, FORM_BYTES)))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=%C3%A4+%26&c=&d=x&d=y"),
        ("Application/X-WWW-Form-Urlencoded;charset=UTF-8", b"a=1&b=%C3%A4+%26&c=&d=x&d=y"),
        (
            "multipart/form-data; boundary=x",
            b"".join(PART % pair for pair in PAIRS) + b"--x--\r\n",
        ),
    ],
)
def test_both_kinds_of_form_are_read_alike(kind: str, body: bytes) -> None:
    fields = _read(kind, body)
    assert fields.values == {"a": "1", "b": "ä &", "d": "x"}
    assert fields.repeated == {"d"}
    assert (fields.get("a"), fields.get("c")) == ("1", None)


@pytest.mark.parametrize("kind", [None, "", "application/json", "text/plain", "multipart/mixed; boundary=x"])
def test_other_bodies_are_no_forms(kind: str | None) -> None:
    with pytest.raises(WrongMediaType):
        _read(kind, b"a=1")


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=%", b"a=%00", b"%00=a", b"&".join(b"a%d=1" % n for n in range(101))])
def test_what_cannot_be_read_is_refused_in_queries_and_forms(raw: bytes) -> None:
    with pytest.raises(Invalid):
        of_query(raw)
    with pytest.raises(Invalid):
        _read("application/x-www-form-urlencoded", raw)


def test_a_query_is_read_as_a_form_is() -> None:
    assert of_query(b"a=1&b=%C3%A4+x&c&d=").values == {"a": "1", "b": "ä x"}
    assert of_query(b"").values == {}
    with pytest.raises(Invalid):
        of_query(b"a=" + b"x" * 8_192)
