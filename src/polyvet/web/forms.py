# SPDX-License-Identifier: Apache-2.0
"""Forms, as browsers and OAuth clients send them: urlencoded or multipart, every field a text."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

import msgspec

from polyvet.model.errors import Invalid, WrongMediaType
from polyvet.web.message import BROKEN_PERCENT, MOST_PARAMETERS, QUERY_BYTES, Request

FORM_BYTES = 65_536
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?(?!utf-?8\"?\s*(?:;|$))", re.IGNORECASE)


class Fields(msgspec.Struct, frozen=True):
    """What was sent. A field without a value is none (RFC 6749); of one that came several times, the first."""

    values: dict[str, str]
    repeated: frozenset[str]

    def get(self, name: str) -> str | None:
        """A field's text."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """A field's text without the blanks around it; empty where there is none."""
        return (self.get(name) or "").strip()


def of_query(raw: bytes) -> Fields:
    """The query's parameters. Invalid for what is no percent-encoded UTF-8, or too much."""
    if len(raw) > QUERY_BYTES:
        raise Invalid({"query": f"is longer than {QUERY_BYTES} bytes"})
    return _fields(_pairs(raw, "query"), "query")


async def of_form(request: Request, body: bytes | None = None, most: int = MOST_PARAMETERS) -> Fields:
    """The body's fields, `most` of them at most; `body` is given where it was read already. WrongMediaType, TooLarge,
    or Invalid for what cannot be read."""
    kind = (request.header(b"content-type") or b"").decode("latin-1")
    media_type = kind.partition(";")[0].strip().lower()
    if media_type not in (URLENCODED, MULTIPART):
        raise WrongMediaType(URLENCODED)
    if _CHARSET.search(kind):
        raise Invalid({"body": "must be UTF-8"})
    body = await request.body() if body is None else body
    pairs = _pairs(body, "body", most) if media_type == URLENCODED else await _parts(kind, body, most)
    return _fields(pairs, "body")


def _pairs(raw: bytes, where: str, most: int = MOST_PARAMETERS) -> list[tuple[str, str]]:
    if BROKEN_PERCENT.search(raw):
        raise Invalid({where: "holds a % that is not followed by two hexadecimal digits"})
    try:
        return parse_qsl(raw.decode(), errors="strict", max_num_fields=most)
    except UnicodeDecodeError as error:
        raise Invalid({where: "is not percent-encoded UTF-8"}) from error
    except ValueError as error:
        raise Invalid({where: f"has more than {most} fields"}) from error


async def _parts(kind: str, body: bytes, most: int) -> list[tuple[str, str]]:
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartException, MultiPartParser

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = MultiPartParser(Headers({"content-type": kind}), stream(), max_files=0, max_fields=most)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Invalid({"body": f"is no form: {error.message}"}) from error
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str) and value]


def _fields(pairs: list[tuple[str, str]], where: str) -> Fields:
    values: dict[str, str] = {}
    repeated: set[str] = set()
    for name, value in pairs:
        if "\0" in value or "\0" in name:
            raise Invalid({where: "must not hold a null byte"})
        if name in values:
            repeated.add(name)
        else:
            values[name] = value
    return Fields(values, frozenset(repeated))
