# SPDX-License-Identifier: Apache-2.0
"""Calendar files: UTC, escaped, folded by bytes, and the same each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polyvet.model import values
from polyvet.web import icalendar

MADE, STARTS = values.instant("2026-02-03T04:05:06.789Z"), values.instant("2026-03-29T00:45:00.000Z")


def unfolded(body: bytes) -> dict[str, str]:
    """The lines of a calendar by their names, as a reader puts them together."""
    assert body.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    lines = body.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")
    return dict(line.split(":", 1) for line in lines if not line.startswith(("BEGIN", "END:")))


def test_an_event_is_written_as_calendars_read_it() -> None:
    body = icalendar.event("one@polyvet", MADE, STARTS, 30, "Bluey, at; the\\vet\r\nBEGIN:VALARM", "Café\u0007")
    assert body.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert body.endswith(b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    assert body.count(b"BEGIN:") == 3
    assert body.count(b"\r\nBEGIN:") == 1
    found = unfolded(body)
    assert found["UID"] == "one@polyvet"
    assert (found["DTSTAMP"], found["DTSTART"]) == ("20260203T040506Z", "20260329T004500Z")
    assert found["DTEND"] == "20260329T011500Z"
    assert found["SUMMARY"] == "Bluey\\, at\\; the\\\\vet\\nBEGIN:VALARM"
    assert found["LOCATION"] == "Café"


@given(st.text(max_size=200))
def test_whatever_a_name_is_the_lines_hold(name: str) -> None:
    body = icalendar.event("one@polyvet", MADE, STARTS, 30, name, "x")
    found = unfolded(body)
    assert set(found) == {
        "VERSION",
        "PRODID",
        "CALSCALE",
        "METHOD",
        "UID",
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "LOCATION",
    }
    plain = (
        found["SUMMARY"]
        .replace("\\\\", "\0")
        .replace("\\n", "")
        .replace("\\;", ";")
        .replace("\\,", ",")
        .replace("\0", "\\")
    )
    kept = "".join(one for one in "".join(name.splitlines()) if one >= " " and one != "\x7f")
    assert plain == kept.encode("utf-8", "replace").decode()
