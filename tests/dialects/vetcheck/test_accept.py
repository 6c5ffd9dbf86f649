# SPDX-License-Identifier: Apache-2.0
"""`Accept` as HTTP reads it."""

from __future__ import annotations

import time

import pytest

from polyvet.dialects.vetcheck.accept import chosen
from polyvet.model.errors import NotAcceptable

JSON, HTML, MARKDOWN, PLAIN = SERVED = ("application/json", "text/html", "text/markdown", "text/plain")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("applications/json", JSON),
        ("APPLICATION/JSON; charset=utf-8", JSON),
        ("text/html", HTML),
        ("text/html; charset=utf-8", HTML),
        ("Text/Markdown;variant=GFM", MARKDOWN),
        ("text/plain", PLAIN),
        ("text/*", HTML),
        ("text/*, text/html;q=0", MARKDOWN),
        ("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5", PLAIN),
        ("text/*;q=0.3, */*;q=0.5", JSON),
        (BROWSER, HTML),
        ("application/json, text/plain, */*", JSON),
        ("text/plain, application/json", PLAIN),
        ("*/*, text/html", HTML),
        ("text/html;q=0.8, text/markdown;q=0.9", MARKDOWN),
        ("text/html ; q = 0.2 , text/plain;q=.1", HTML),
        ("application/pdf, text/markdown;q=0.1", MARKDOWN),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),
        ("*; q=.2", JSON),
        ("text/html;q=2, text/plain;q=1", HTML),
        ("application/json;q=0, */*", HTML),
        ("text/html;q=high, text/plain;q=0.1", PLAIN),
        (", ,text/html", HTML),
        ("application/json;q=1.000, text/html;q=0.999", JSON),
    ],
)
def test_what_the_caller_likes_best_is_chosen(accept: str | None, expected: str) -> None:
    assert chosen(None if accept is None else accept.encode(), SERVED) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "application/pdf",
        "image/*",
        "application/hal+json",
        "*/*;q=0",
        "text/html;q=0",
        "text/html;q=nan",
        "json",
        ";",
        "text/htm*",
        "\xff/\xfe",
    ],
)
def test_what_is_not_served_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        chosen(accept.encode("latin-1"), SERVED)
    assert caught.value.served == SERVED


@pytest.mark.parametrize("accept", ["text/html", "text/*", "application/json;q=0, */*", "application/xml"])
def test_a_list_is_json_alone(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(accept.encode(), (JSON,))
    assert chosen(BROWSER.encode(), (JSON,)) == JSON


def test_a_very_long_header_takes_no_time() -> None:
    began = time.thread_time()
    with pytest.raises(NotAcceptable):
        chosen(b'text/x;a="\\",' * 20_000, SERVED)
    assert time.thread_time() - began < 1
