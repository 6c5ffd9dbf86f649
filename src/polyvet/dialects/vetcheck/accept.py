# SPDX-License-Identifier: Apache-2.0
"""Which form of a resource a caller takes: `Accept`, as HTTP reads it (RFC 9110, 12.5.1)."""

from __future__ import annotations

import contextlib
import math

import msgspec

from polyvet.model.errors import NotAcceptable

JSON = "application/json"
_MISSPELT = {"applications/json": JSON}  # the page's own list of types says so [docs]
_ANYTHING = "*/*"


class _Range(msgspec.Struct, frozen=True):
    """One entry of the header. Of the entries that hold for a type, the narrowest decides."""

    type: str
    quality: float
    place: int

    @property
    def narrow(self) -> int:
        """How narrow it is: everything, all of a kind, one type."""
        return 2 - self.type.count("*")

    def holds(self, served: str) -> bool:
        """Whether the type is meant."""
        return self.type in (_ANYTHING, served, f"{served.partition('/')[0]}/*")


def chosen(accept: bytes | None, served: tuple[str, ...]) -> str:
    """The type, of those served, that the caller likes best: by q, then by how narrowly it was named, then by its place
    in the header, then by the server's order. Who says nothing gets the first [inferred]. NotAcceptable for who takes
    none of them."""
    if accept is None or not accept.strip():
        return served[0]
    ranges = [found for place, text in enumerate(accept.decode("latin-1").split(",")) if (found := _range(text, place))]
    best: tuple[tuple[float, int, int], str] | None = None
    for one in served:
        narrowest = max((each for each in ranges if each.holds(one)), key=lambda each: each.narrow, default=None)
        if narrowest is None or not narrowest.quality:
            continue
        rank = (narrowest.quality, narrowest.narrow, -narrowest.place)
        if best is None or rank > best[0]:
            best = rank, one
    if best is None:
        raise NotAcceptable(served)
    return best[1]


def _range(text: str, place: int) -> _Range | None:
    """An entry of the header; None for one that says nothing. All parameters but q are left out: what is served has
    none."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    if not name:
        return None
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.rstrip() == "q":
            quality = _quality(value)
    name = _ANYTHING if name == "*" else _MISSPELT.get(name, name)  # the single star is old Java's
    return _Range(name, quality, place)


def _quality(text: str) -> float:
    """A weight, 0 to 1; one that is no number weighs nothing."""
    with contextlib.suppress(ValueError):
        number = float(text)
        return min(max(number, 0.0), 1.0) if math.isfinite(number) else 0.0
    return 0.0
