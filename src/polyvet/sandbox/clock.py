# SPDX-License-Identifier: Apache-2.0
"""Instants and ids for the demo practice: integers all the way, because a million rows leave no time for datetimes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from polyvet.model.values import DAY, from_datetime

HOUR = DAY // 24
MINUTE = HOUR // 60
EPOCH = date(1970, 1, 1)
_FIRST_DAY = (date(1960, 1, 1) - EPOCH).days
_LAST_DAY = (date(2100, 1, 1) - EPOCH).days

# A day number's ISO text, indexed from 1960 on; a tuple look-up costs a tenth of formatting a date.
_TEXTS = tuple((EPOCH + timedelta(days=day)).isoformat() for day in range(_FIRST_DAY, _LAST_DAY))


def day_text(day: int) -> str:
    """`2019-06-15` of a number of days since the epoch."""
    return _TEXTS[day - _FIRST_DAY]


def new_id(at: int, rng: Random) -> bytes:
    """A ULID of that instant (microseconds) whose random part comes from the seed."""
    return (at // 1000).to_bytes(6, "big") + rng.randbytes(10)


class Stamps:
    """`updated_at` values of one clinic, none twice.

    An instant's lowest bits are replaced by a serial number, which moves it by less than two grains (about a minute
    for a million clients) to the future. Serials are odd, so that the samples' own stamps, all even, stay free; of
    the odd ones each source takes its own lane, 1 or 3 of four.
    """

    def __init__(self, rows: int, lane: int = 1) -> None:
        self._bits = max(20, (rows * 4).bit_length() + 1)
        self._serial = lane - 4
        self.grain = 1 << self._bits

    def after(self, at: int) -> int:
        """The stamp for something that changed at that instant."""
        self._serial += 4
        return ((at >> self._bits) + 1 << self._bits) | self._serial


class Days:
    """A clinic's local days; each day's offset from UTC is worked out once, at its noon."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._midnights: dict[int, int] = {}

    def midnight(self, day: int) -> int:
        """The instant at which the clock on the wall, read backwards from the day's noon, shows 0:00."""
        known = self._midnights.get(day)
        if known is None:
            on = EPOCH + timedelta(days=day)
            noon = datetime(on.year, on.month, on.day, 12, tzinfo=self._zone)
            known = self._midnights[day] = from_datetime(noon.astimezone(UTC)) - 12 * HOUR
        return known


def weekday(day: int) -> int:
    """0 is Monday: day 0 of the epoch was a Thursday."""
    return (day + 3) % 7
