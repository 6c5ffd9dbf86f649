# SPDX-License-Identifier: Apache-2.0
"""Instants as Provet Cloud prints them: in the clinic's zone with its offset, microseconds when there are some."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from polyvet.model import values

_HOUR = 3_600 * values.MICROSECONDS
_QUARTER = _HOUR // 4  # no zone changes its offset in between


zone_of = values.zone_of


@lru_cache(maxsize=50_000)
def _quarter(name: str, quarter: int) -> tuple[str, str]:
    """What all instants of a quarter of an hour have in common: date, hour and its first minute's place, offset.

    The local mean times of long ago are given in whole quarters of an hour: what is printed is the same instant."""
    start = values.to_datetime(quarter * _QUARTER)
    offset = start.astimezone(zone_of(name)).utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 900 * 15
    local = start + timedelta(minutes=minutes)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return local.strftime("%Y-%m-%dT%H:%M"), f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def to_text(instant: int, name: str) -> str:
    """`2021-11-10T15:45:50.179386+02:00` [seed]; no fraction when it is a whole second [client]."""
    quarter, rest = divmod(instant, _QUARTER)
    start, offset = _quarter(name, quarter)
    seconds, microseconds = divmod(rest, values.MICROSECONDS)
    minute = int(start[-2:]) + seconds // 60
    fraction = f".{microseconds:06d}" if microseconds else ""
    return f"{start[:-2]}{minute:02d}:{seconds % 60:02d}{fraction}{offset}"


def maybe(instant: int | None, name: str) -> str | None:
    """The same, or null."""
    return None if instant is None else to_text(instant, name)
