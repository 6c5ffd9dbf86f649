# SPDX-License-Identifier: Apache-2.0
"""What the other side of a connection said, as it can be kept: it may have had its hand in it."""

from __future__ import annotations

import re

LONGEST = 300  # characters of an error that are kept
_LINK = re.compile(r"\S+://\S*")
_LOCAL_PART = re.compile(r"[^\s<>()\[\],;:\"]+@")


def kept(error: str) -> str:
    """An error in plain ASCII, and not much of it."""
    return error.encode("ascii", "backslashreplace").decode().replace("\0", " ")[:LONGEST]


def discreet(answer: str) -> str:
    """A mail server's answer on one line, without what it repeats of a mail: its links, and whose address it is."""
    return kept(_LOCAL_PART.sub("...@", _LINK.sub("...", " ".join(answer.split()))))
