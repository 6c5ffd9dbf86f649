# SPDX-License-Identifier: Apache-2.0
"""Taking a person out of texts that stay, such as medical records: where their names, addresses and numbers stand,
`[erased]` stands afterwards.

A name by itself counts where it is written as names are, with a capital or in capitals: otherwise a client called Long
would take a word out of every description of a bone.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from polyvet.model import values
from polyvet.model.details import ClientDetails
from polyvet.model.entities import Client

ERASED = "[erased]"
_SHORTEST_NAME, _SHORTEST_LINE, _SHORTEST_NUMBER = 2, 4, 6
_NATIONAL = 7  # digits at a phone number's end that are the same however it is dialled
_BETWEEN = r"[\s\-./()]{0,3}"


class Redactor:
    """Knows one person's traces."""

    def __init__(self, client: Client, details: ClientDetails, phones: Iterable[str]) -> None:
        parts = [*_lines(client, details), *_phones(phones), *_names(client)]
        # All of them begin where no word goes on; looked at first, that passes over most places of a text.
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})") if parts else None

    def text(self, text: str) -> str:
        """The text without them."""
        return text if self._pattern is None else self._pattern.sub(ERASED, text)

    def maybe(self, text: str | None) -> str | None:
        """The same of a text that may not be there."""
        return None if text is None else self.text(text)

    def document(self, text: str | None) -> str | None:
        """The same of a JSON text: of the texts in it, since it may spell their letters in another way, and a number is
        one whatever its digits."""
        if not text:
            return text
        kept = json.loads(text)
        left = self._within(kept)
        return text if left == kept else json.dumps(left, ensure_ascii=False)

    def _within(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._within(one) for one in value]
        return {name: self._within(one) for name, one in value.items()} if isinstance(value, dict) else value


def _lines(client: Client, d: ClientDetails) -> Iterator[str]:
    """Whatever is nobody else's, in any case: whole names, addresses, numbers of papers."""
    whole = [
        values.whole_name(client.first_name, client.middle_name, client.last_name),
        f"{client.first_name} {client.last_name}",
        f"{client.last_name} {client.first_name}",
        f"{client.last_name}, {client.first_name}",
        client.organization_name,
        client.email or "",
        *(d.alt_emails or "").replace(";", ",").split(","),
        client.address or "",
        *(line or "" for line in (d.street, d.street_2, d.street_3)),
        d.id_number,
        d.vat_number,
        d.register_number or "",
    ]
    found = {text.strip(" ,") for text in whole}
    for text in sorted((one for one in found if len(one) >= _SHORTEST_LINE), key=len, reverse=True):
        yield f"(?i:{_bounded(text)})"


def _names(client: Client) -> Iterator[str]:
    names = {client.first_name, client.middle_name or "", client.last_name}
    for name in sorted((one.strip() for one in names), key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            yield "|".join(_bounded(one) for one in dict.fromkeys((name[0].upper() + name[1:], name.upper())))


def _bounded(text: str) -> str:
    """The text up to a word's end, also as it stands in html; blanks of it may be any."""
    spelled = dict.fromkeys((text, html.escape(text), html.escape(text, quote=False)))
    found = "|".join(r"\s+".join(re.escape(word) for word in one.split()) for one in spelled)
    return rf"(?:{found})(?!\w)"


def _phones(numbers: Iterable[str]) -> Iterator[str]:
    """Phone numbers, however they are grouped and dialled."""
    for number in numbers:
        digits = re.sub(r"\D", "", number)
        if len(digits) >= _SHORTEST_NUMBER:
            end = _BETWEEN.join(digits[-_NATIONAL:])
            yield rf"(?<!\+)\+?(?:\d{_BETWEEN}){{0,9}}{end}(?!\d)"
