# SPDX-License-Identifier: Apache-2.0
"""What is kept of a receiver's answer."""

from __future__ import annotations

import gzip

import pytest

from polyvet.core import webhooks
from polyvet.delivery.said import LONGEST_RESPONSE, RESPONSE_BYTES, beginning
from polyvet.model.hooks import DeliveryState
from tests.core.stores import run
from tests.delivery.receiving import CLIENT, Receiver, delivering, telling

HTML, JSON = [(b"Content-Type", b"text/html; charset=utf-8")], [(b"content-type", b"application/problem+json")]


@pytest.mark.parametrize(
    ("body", "headers", "kept"),
    [
        (b"", HTML, None),
        (b"no such hook", [], "no such hook"),
        ("zu spät".encode(), HTML, "zu spät"),
        (b'{"error":1}', JSON, '{"error":1}'),
        (b"<a/>", [(b"content-type", b"application/xml")], "<a/>"),
        (b"one\r\ntwo\tthree", HTML, "one\ntwo\tthree"),
        (b"\x1b[31mred\x07", HTML, "[31mred"),
        ("grün".encode("latin-1") * 10, HTML, None),  # too much of it is no UTF-8
        (b"all but one letter, \xfc", HTML, "all but one letter, \N{REPLACEMENT CHARACTER}"),
        (b"text with \0 in it", HTML, None),
        (b"\x89PNG", [(b"content-type", b"image/png")], None),
        (b"\xff\xfe\x00\x01", [], None),
        (gzip.compress(b"hello", mtime=0), [*HTML, (b"Content-Encoding", b"gzip")], None),
        (b"as it is", [*HTML, (b"content-encoding", b"Identity")], "as it is"),
        ("\N{PAW PRINTS}".encode() * 5_000, HTML, "\N{PAW PRINTS}" * LONGEST_RESPONSE),
        (b"x" * (RESPONSE_BYTES + 1), HTML, "x" * LONGEST_RESPONSE),
    ],
)
def test_text_is_kept_and_nothing_else(body: bytes, headers: list[tuple[bytes, bytes]], kept: str | None) -> None:
    assert beginning(body, headers) == kept


def test_an_answer_that_is_long_is_kept_to_its_first_characters(migrated_url: str) -> None:
    said = ("ä" * 100_000).encode()

    async def test() -> None:
        with Receiver(lambda got, nth: 400, said) as receiver:
            async with telling(migrated_url) as world, delivering(world, pauses=()):
                await world.hook(receiver.url, CLIENT)
                await world.client(world.clinic)
                [delivery] = await world.settled(1)
                assert delivery.state == DeliveryState.FAILED
                *_, [attempt] = await webhooks.get_delivery(world.ctx(world.clinic), delivery.number, "shown")
                assert attempt.response == "ä" * LONGEST_RESPONSE

    run(test())
