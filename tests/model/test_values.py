# SPDX-License-Identifier: Apache-2.0
"""Ids, instants and folded text, for every value there is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.model import values

IDS = st.binary(min_size=16, max_size=16)
FITTING = st.integers(0, 36**24 - 1).map(lambda number: number.to_bytes(16, "big"))
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(IDS)
def test_crockford_round_trips_over_all_128_bits(ident: bytes) -> None:
    text = values.to_crockford(ident)
    assert len(text) == values.ULID_CHARACTERS
    assert set(text) <= set(values.CROCKFORD)
    assert values.from_crockford(text) == ident


@given(IDS, IDS)
def test_crockford_sorts_as_the_ids_do(one: bytes, other: bytes) -> None:
    assert (one < other) == (values.to_crockford(one) < values.to_crockford(other))


@given(IDS, st.randoms())
def test_crockford_is_read_leniently(ident: bytes, drawn) -> None:
    spellings = {"0": "0Oo", "1": "1IiLl"}
    text = "".join(drawn.choice(spellings.get(c, c + c.lower())) for c in values.to_crockford(ident))
    assert values.from_crockford(text) == ident


@given(st.text(max_size=30) | st.text(alphabet=values.CROCKFORD + "UuIiLlOo_-+ ²٣", min_size=24, max_size=28))
def test_crockford_reads_nothing_else(text: str) -> None:
    ident = values.from_crockford(text)
    if ident is not None:
        assert values.to_crockford(ident) == text.upper().translate(str.maketrans("ILO", "110"))


@pytest.mark.parametrize(
    "text", ["", "8" + "0" * 25, "Z" * 26, "0" * 25, "0" * 27, "U" * 26, "0_" * 13, "+" + "0" * 25]
)
def test_crockford_refuses(text: str) -> None:
    assert values.from_crockford(text) is None


def test_the_vendors_sample_id_with_an_l_is_read() -> None:
    ident = values.from_crockford("01JABC9XYZKL4N7P3Q8TRM2ZDE")
    assert ident is not None
    assert values.to_crockford(ident) == "01JABC9XYZK14N7P3Q8TRM2ZDE"


@given(FITTING)
def test_base36_round_trips_below_its_limit(ident: bytes) -> None:
    text = values.to_base36(ident)
    assert len(text) == values.BASE36_CHARACTERS
    assert int(text, 36) == int.from_bytes(ident, "big")
    assert values.from_base36(text) == ident


@given(st.integers(36**24, 2**128 - 1))
def test_base36_says_when_an_id_does_not_fit(number: int) -> None:
    with pytest.raises(OverflowError):
        values.to_base36(number.to_bytes(16, "big"))


@given(st.text(max_size=26) | st.text(alphabet=values.BASE36 + "ABZ_+ ²", min_size=24, max_size=24))
def test_base36_reads_nothing_else(text: str) -> None:
    ident = values.from_base36(text)
    if ident is not None:
        assert values.to_base36(ident) == text


def test_new_ids_fit_both_spellings_and_hold_their_time() -> None:
    at = 1_700_000_000_123_456
    one, other = values.new_id(at), values.new_id(at)
    assert one != other
    assert int.from_bytes(one[:6], "big") == at // 1000
    year_2527 = values.from_datetime(datetime(2526, 12, 31, tzinfo=UTC))
    assert values.from_base36(values.to_base36(values.new_id(year_2527))) is not None


@given(INSTANTS)
def test_instants_round_trip(moment: datetime) -> None:
    instant = values.from_datetime(moment)
    assert values.to_datetime(instant) == moment
    text = values.to_milliseconds_text(instant)
    expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert text == expected.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert values.instant(text) == values.from_datetime(expected)


@given(st.floats(0.000001, 5000))
def test_weights_keep_milligrams(kilograms: float) -> None:
    assert abs(values.to_kilograms(values.from_kilograms(kilograms)) - kilograms) <= 0.000_000_51


# A dot above that follows an i which has lost its own is the one thing that a second folding would change.
@given(st.text(alphabet=st.characters(exclude_characters="\u0307", codec="utf-8")))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert values.fold(values.fold(text)) == values.fold(text)


@given(st.text(alphabet=st.characters(codec="latin-1")))
def test_folding_ignores_case(text: str) -> None:
    assert values.fold(text.upper()) == values.fold(text) == values.fold(text.lower())


@pytest.mark.parametrize(
    ("one", "other"),
    [("İnci", "inci"), ("Weiß", "WEISS"), ("e\u0301", "É"), ("ΟΔΟΣ", "οδος"), ("ﬁn", "FIN"), ("Ｆｕｌｌ", "full")],
)
def test_what_folds_to_the_same(one: str, other: str) -> None:
    assert values.fold(one) == values.fold(other)
