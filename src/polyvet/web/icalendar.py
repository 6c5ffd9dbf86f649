# SPDX-License-Identifier: Apache-2.0
"""An appointment as a file that calendars take in (RFC 5545)."""

from __future__ import annotations

from polyvet.model import values

MEDIA_TYPE = "text/calendar; charset=utf-8"
_LINE_BYTES = 75  # without its end, and with the blank that a folded line starts with


def event(uid: str, made: int, starts: int, minutes: int, summary: str, place: str) -> bytes:
    """A calendar of one event. `made` and `starts` are instants; the same `uid` names the same event again, so that
    who takes it in twice has it once."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//polyvet//polyvet//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_time(made)}",
        f"DTSTART:{_time(starts)}",
        f"DTEND:{_time(starts + minutes * 60 * values.MICROSECONDS)}",
        f"SUMMARY:{_text(summary)}",
        f"LOCATION:{_text(place)}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return b"".join(_folded(line.encode("utf-8", "replace")) for line in lines)


def _time(instant: int) -> str:
    return f"{values.to_datetime(instant):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Text in which nothing means anything; a line end is two characters, a control character none."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = "\\n".join(escaped.splitlines())
    return "".join(one for one in lines if one >= " " and one != "\x7f")


def _folded(line: bytes) -> bytes:
    """A line in pieces that are not too long and end where a character does."""
    pieces = []
    room = _LINE_BYTES
    while len(line) > room:
        end = room
        while line[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        pieces.append(line[:end])
        line, room = line[end:], _LINE_BYTES - 1
    return b"\r\n ".join((*pieces, line)) + b"\r\n"
