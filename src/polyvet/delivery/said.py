# SPDX-License-Identifier: Apache-2.0
"""What the other side of a connection said, as it can be kept: it may have had its hand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 300  # characters of an error that are kept
LONGEST_RESPONSE = 2_000  # characters of a response's body
RESPONSE_BYTES = 4 * LONGEST_RESPONSE  # in which so many have room, whichever they are
_BROKEN = "\N{REPLACEMENT CHARACTER}"
_MOST_BROKEN = 0.1  # of a text: more is none, or none in UTF-8
_TEXT = re.compile(r"text/|application/([\w.-]+\+)?(json|xml|javascript|x-www-form-urlencoded)\b", re.IGNORECASE)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # controls but tab and new line
_LINK = re.compile(r"\S+://\S*")
_LOCAL_PART = re.compile(r"[^\s<>()\[\],;:\"]+@")


def kept(error: str) -> str:
    """An error in plain ASCII, and not much of it."""
    return error.encode("ascii", "backslashreplace").decode().replace("\0", " ")[:LONGEST]


def beginning(body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """How an answer's body begins, if it says that it is text or nothing of itself, and is: text in UTF-8, without
    controls. None if there is none."""
    said = {name.lower(): value.decode("latin-1").strip() for name, value in headers}
    media_type, encoding = said.get(b"content-type", ""), said.get(b"content-encoding", "identity")
    if not body or encoding.lower() != "identity" or (media_type and not _TEXT.match(media_type)):
        return None
    text = body[:RESPONSE_BYTES].decode("utf-8", "replace")[:LONGEST_RESPONSE]
    if "\0" in text or text.count(_BROKEN) > _MOST_BROKEN * len(text):
        return None
    return _UNSEEN.sub("", text.replace("\r\n", "\n")) or None


def discreet(answer: str) -> str:
    """A mail server's answer on one line, without what it repeats of a mail: its links, and whose address it is."""
    return kept(_LOCAL_PART.sub("...@", _LINK.sub("...", " ".join(answer.split()))))
