# SPDX-License-Identifier: Apache-2.0
"""What POST bodies share: reading them, and the rules of their texts.

The vendor says which fields are required and of what type [seed]; lengths, blanks and nulls are [inferred].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from polyvet.web import params
from polyvet.web.message import Request

T = TypeVar("T", bound=msgspec.Struct)
Rule = Callable[[Any], str | None]


async def posted(request: Request, wanted: type[T], rules: dict[str, Rule]) -> tuple[bytes, T]:
    """The body as it came and as the wanted struct. Invalid with all problems at once; unknown keys are ignored."""
    request.require_json()
    body = await request.body()
    return body, params.read_fields(params.read_json(body), wanted, rules)


def required(longest: int) -> Rule:
    """A text that says something; blanks around it do not count."""

    def rule(value: str) -> str | None:
        stripped = len(value.strip())
        return "must not be blank" if not stripped else _too_long(stripped, longest)

    return rule


def optional(longest: int) -> Rule:
    """A text, null or nothing."""

    def rule(value: str | None) -> str | None:
        return None if value is None else _too_long(len(value.strip()), longest)

    return rule


def given(value: str | None) -> str | None:
    """An optional text without the blanks around it; a blank one says nothing and is kept as null [inferred]."""
    return None if value is None else value.strip() or None


def required_schema(longest: int) -> msgspec.Meta:
    """The rule `required` in a description."""
    return msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": longest, "pattern": r"\S"})


def optional_schema(longest: int) -> msgspec.Meta:
    """The rule `optional` in a description."""
    return msgspec.Meta(extra_json_schema={"maxLength": longest})


def _too_long(length: int, longest: int) -> str | None:
    return f"must not be longer than {longest} characters" if length > longest else None
