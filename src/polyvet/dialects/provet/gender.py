# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's gender: one value for sex and neutered.

`Male` and `Female` are [seed], `Female, neutered` is [client]; the codes 0 to 4 are [client], the other texts are
[inferred] from them. Stallion, mare and gelding are for horses only [seed, whose words are lost].
"""

from __future__ import annotations

from typing import Any

from polyvet.model.entities import Sex

HORSE = "horse"
_CODES: dict[int, tuple[str, bool | None]] = {
    0: (Sex.UNKNOWN, None),
    1: (Sex.MALE, False),
    2: (Sex.FEMALE, False),
    3: (Sex.MALE, True),
    4: (Sex.FEMALE, True),
}
_TEXTS = {0: "Unknown", 1: "Male", 2: "Female", 3: "Male, neutered", 4: "Female, neutered"}
_HORSES = {"stallion": (Sex.MALE, False), "mare": (Sex.FEMALE, False), "gelding": (Sex.MALE, True)}
_WORDS = {
    **{text.lower(): _CODES[code] for code, text in _TEXTS.items()},
    "castrated": _CODES[3], "male castrated": _CODES[3], "male neutered": _CODES[3], "neutered male": _CODES[3],
    "spayed": _CODES[4], "female spayed": _CODES[4], "female sterilised": _CODES[4], "female neutered": _CODES[4],
    "neutered female": _CODES[4],
}  # fmt: skip


def to_text(sex: str, neutered: bool | None, *, horse: bool) -> str:
    """What is printed."""
    if horse and neutered is not None:
        for word, facts in _HORSES.items():
            if facts == (sex, neutered):
                return word.capitalize()
    code = {Sex.MALE: 1, Sex.FEMALE: 2}.get(Sex(sex), 0)
    return _TEXTS[code + 2 if code and neutered else code]


def read(raw: Any, *, horse: bool) -> tuple[str, bool | None]:
    """Sex and neutered of a code or a text, in any case. ValueError in the framework's words."""
    shown = str(raw)[:50].encode("utf-8", "replace").decode()
    problem = ValueError(f'"{shown}" is not a valid choice.')
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise problem
    word = str(raw).strip().lower()
    if word.isascii() and word.isdecimal() and len(word) == 1 and int(word) in _CODES:
        return _CODES[int(word)]
    if word in _HORSES:
        if not horse:
            raise ValueError(f'"{shown}" is for horses only.')
        return _HORSES[word]
    if word not in _WORDS:
        raise problem
    return _WORDS[word]
