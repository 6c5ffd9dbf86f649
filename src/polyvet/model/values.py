# SPDX-License-Identifier: Apache-2.0
"""The record's small values: ids, instants, dates, weights, money, folded text.

An id is 16 bytes, a ULID or any other 128-bit number (a foreign cuid fits, too). Its two spellings,
Crockford base 32 and base 36, are pure functions of it, so that no table of foreign ids is needed.
An instant is an integer: microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
ULID_CHARACTERS = 26
BASE36_CHARACTERS = 24
LONGEST_EMAIL = 254  # the longest that a mail server takes
LONGEST_NAME = 200  # of a clinic, a person, a key, an application
MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS

_LETTER = r"[^@\s<>,;:\"()\[\]\\\x00-\x1f\x7f-\x9f.]"  # none by which a header's list of addresses goes on
_EMAIL = re.compile(rf"(?:{_LETTER}|\.){{1,64}}@{_LETTER}+(?:\.{_LETTER}+)+")
_HALVES = Struct(">QQ")
_PAIRS32 = [a + b for a in CROCKFORD for b in CROCKFORD]
_PAIRS36 = [a + b for a in BASE36 for b in BASE36]
# Python reads base 32 as 0-9a-v; Crockford leaves out I, L, O, U and reads I and L as 1, O as 0.
_FROM_CROCKFORD = str.maketrans(
    CROCKFORD + CROCKFORD.lower() + "IiLlOo", "0123456789abcdefghijklmnopqrstuv" * 2 + "111100", "Uu_-+ "
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_TEXTS: dict[int, str] = {}
_MINUTES = [f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02d}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03d}Z" for millisecond in range(1000)]


def now() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


def hashed(secret: str) -> bytes:
    """What is stored of a secret that is as long and random as a key: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def new_id(at: int | None = None) -> bytes:
    """A new ULID as 16 bytes: 48 bits of milliseconds (of `at`, microseconds, or now) and 80 random bits."""
    milliseconds = (now() if at is None else at) // 1000
    return milliseconds.to_bytes(6, "big") + os.urandom(10)


def to_crockford(ident: bytes) -> str:
    """26 characters of Crockford base 32, the canonical spelling of a ULID."""
    high, low = _HALVES.unpack(ident)
    p = _PAIRS32  # 1,024 pairs stay in the processor's cache; a table of triples was slower
    return (
        f"{p[high >> 56]}{p[high >> 46 & 1023]}{p[high >> 36 & 1023]}{p[high >> 26 & 1023]}{p[high >> 16 & 1023]}"
        f"{p[high >> 6 & 1023]}{p[(high & 63) << 4 | low >> 60]}{p[low >> 50 & 1023]}{p[low >> 40 & 1023]}"
        f"{p[low >> 30 & 1023]}{p[low >> 20 & 1023]}{p[low >> 10 & 1023]}{p[low & 1023]}"
    )


def from_crockford(text: str) -> bytes | None:
    """The id that 26 characters spell, in either case, I and L read as 1 and O as 0; None if they spell none."""
    if len(text) != ULID_CHARACTERS or not text.isascii():
        return None
    digits = text.translate(_FROM_CROCKFORD)
    if len(digits) != ULID_CHARACTERS or not digits.isalnum() or digits[0] > "7":
        return None
    try:
        return int(digits, 32).to_bytes(16, "big")
    except ValueError:
        return None


def to_base36(ident: bytes) -> str:
    """24 base-36 digits; OverflowError for an id of 36**24 and more (a ULID after the year 2527)."""
    number = int.from_bytes(ident, "big")
    if number >= 36**BASE36_CHARACTERS:
        raise OverflowError("the id does not fit 24 base-36 digits")
    # Four numbers of six digits each: below 2**32, where division costs least.
    high, low = divmod(number, 36**12)
    (a, b), (c, d) = divmod(high, 36**6), divmod(low, 36**6)
    p = _PAIRS36
    return (
        f"{p[a // 1679616]}{p[a // 1296 % 1296]}{p[a % 1296]}{p[b // 1679616]}{p[b // 1296 % 1296]}{p[b % 1296]}"
        f"{p[c // 1679616]}{p[c // 1296 % 1296]}{p[c % 1296]}{p[d // 1679616]}{p[d // 1296 % 1296]}{p[d % 1296]}"
    )


def from_base36(text: str) -> bytes | None:
    """The id that 24 base-36 digits (lower case) spell; None if they spell none."""
    if len(text) != BASE36_CHARACTERS or not text.isascii() or not text.isalnum() or text.lower() != text:
        return None
    return int(text, 36).to_bytes(16, "big")


def any_id(text: str) -> bytes | None:
    """The id that a text spells in either way, after whatever prefix; None if it spells none."""
    text = text.strip()
    return from_crockford(text.rpartition("_")[2]) or from_base36(text[-BASE36_CHARACTERS:])


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """The instant as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name; UTC for one that is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local(instant: int, zone: str) -> datetime:
    """The instant as the clocks of a zone show it."""
    return to_datetime(instant).astimezone(zone_of(zone))


def instant(text: str) -> int:
    """Microseconds of an ISO 8601 text that the program itself wrote; ValueError otherwise."""
    return from_datetime(datetime.fromisoformat(text))


def to_milliseconds_text(instant: int) -> str:
    """`2026-03-18T14:02:41.000Z`: UTC with exactly three digits of fraction, the rest cut off."""
    day, rest = divmod(instant, DAY)
    text = _DAY_TEXTS.get(day)
    if text is None:
        if len(_DAY_TEXTS) > 50_000:
            _DAY_TEXTS.clear()
        text = _DAY_TEXTS[day] = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
    seconds, microseconds = divmod(rest, MICROSECONDS)
    minutes, seconds = divmod(seconds, 60)
    return f"{text}{_MINUTES[minutes]}{_SECONDS[seconds]}{_MILLISECONDS[microseconds // 1000]}"


def to_kilograms(milligrams: int) -> float:
    """Kilograms as the nearest float: 28_400_000 mg is 28.4 kg."""
    return milligrams / 1_000_000


def from_kilograms(kilograms: float) -> int:
    """Whole milligrams, the precision in which weights are kept."""
    return round(kilograms * 1_000_000)


def fold(text: str) -> str:
    """Text as it is compared: case folded and composed, the same on both engines and beyond ASCII.

    The dot that case folding leaves on a Turkish capital I is dropped, so that "İnci" is found by "inci".
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", folded.replace("i\u0307", "i"))


def is_name(text: str) -> bool:
    """Whether a text can be the name of a clinic, a person, a key or an application."""
    return 1 <= len(text) <= LONGEST_NAME and text.isprintable() and not text.isspace()


def whole_name(*parts: str | None) -> str:
    """A person's name, of those of its parts that there are."""
    return " ".join(part for part in parts if part)


def sentence(problem: str) -> str:
    """What goes on from a field's name or stands by itself, as a sentence."""
    return f"{problem[:1].upper()}{problem[1:]}."


def whole_number(text: str, most_digits: int = 15) -> int | None:
    """The number that a text is in decimal digits, as paths and forms name one; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= most_digits else None


def is_email(text: str) -> bool:
    """Whether a text is one mailbox's address and nothing else; its letters may be of any alphabet."""
    return len(text) <= LONGEST_EMAIL and text.isprintable() and _EMAIL.fullmatch(text) is not None
