# SPDX-License-Identifier: Apache-2.0
"""The cache of printed versions: only the version that was asked for, only at the clinic that sees it."""

from __future__ import annotations

import msgspec

from polyvet.storage.patients import Stamp
from polyvet.web.versions import Versions

A, B = b"a" * 16, b"b" * 16


def _text(raw: msgspec.Raw | None) -> str | None:
    return None if raw is None else bytes(raw).decode()


def test_a_version_is_kept_until_the_rows_next_one() -> None:
    versions = Versions()
    assert versions.get(1, A, 10) is None
    assert _text(versions.keep(1, A, 10, b'"ten"')) == '"ten"'
    assert _text(versions.get(1, A, 10)) == '"ten"'
    versions.keep(1, A, 11, b'"eleven"')
    assert versions.get(1, A, 10) is None
    assert _text(versions.get(1, A, 11)) == '"eleven"'


def test_another_clinics_version_of_the_same_row_and_stamp_is_its_own() -> None:
    versions = Versions()
    versions.keep(1, A, 10, b'"one"')
    assert versions.get(2, A, 10) is None
    versions.keep(2, A, 10, b'"two"')
    assert _text(versions.get(1, A, 10)) == '"one"'


def test_a_page_is_given_whole_or_not_at_all() -> None:
    versions = Versions()
    versions.keep(1, A, 10, b'"a"')
    versions.keep(1, B, 11, b'"b"')
    assert [_text(raw) for raw in versions.all(1, [Stamp(B, 11), Stamp(A, 10)]) or ()] == ['"b"', '"a"']
    assert versions.all(1, [Stamp(B, 11), Stamp(A, 9)]) is None
    assert versions.all(2, [Stamp(A, 10)]) is None
    assert versions.all(2, []) == []


def test_it_starts_over_when_it_is_full() -> None:
    versions = Versions(most=3)
    rows = [bytes([n]) * 16 for n in range(4)]
    for row in rows[:3]:
        versions.keep(1, row, 10, b"1")
    versions.keep(1, rows[0], 11, b"2")
    versions.keep(1, rows[3], 10, b"1")
    kept = [versions.get(1, row, 10) is not None for row in rows]
    assert kept[3]
    assert sum(kept) <= 3
