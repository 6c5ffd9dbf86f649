# SPDX-License-Identifier: Apache-2.0
"""E-mail addresses, as far as a text tells whether it may be one."""

from __future__ import annotations

LONGEST_ADDRESS = 254  # RFC 5321


def is_address(text: str) -> bool:
    """Whether a mail can be sent there, by its looks: something on both sides of one @, no blanks, no control
    characters, nothing that a header reads as more than one address."""
    local, at, domain = text.partition("@")
    return (
        bool(local and at and domain)
        and len(text) <= LONGEST_ADDRESS
        and "@" not in domain
        and all(letter.isprintable() and not letter.isspace() and letter not in '<>,;:"()[]\\' for letter in text)
    )
