# SPDX-License-Identifier: Apache-2.0
"""What a browser makes of a page, and an application of PKCE, for the tests of signing in."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser

import httpx

VERIFIER = "the-same-in-every-process_so-that-tests-have-the-same-names.0~1"


def challenge(verifier: str = VERIFIER) -> str:
    """S256 of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Page(HTMLParser):
    """The fields, buttons, labels and texts of a page."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "input" and found["type"] == "hidden":
            self.hidden[found["name"] or ""] = found["value"] or ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]
