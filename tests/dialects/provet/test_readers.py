# SPDX-License-Identifier: Apache-2.0
"""Filters, genders, instants and bodies, as they are read and printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.dialects.provet import bodies, filters, gender, times
from polyvet.dialects.provet.wire import FieldErrors
from polyvet.model import values
from polyvet.model.entities import Sex
from polyvet.model.filters import All, AnyOf, Condition, Kind, Op, Order

HELSINKI = ZoneInfo("Europe/Helsinki")
DECLARED = filters.Declared(
    paths={"firstname": "first", "lastname": "last", "id": "number", "archived": "archived", "modified": "at",
           "born": "born", "phones.phone_number": "phones.number"},
    kinds={"first": Kind.TEXT, "last": Kind.TEXT, "number": Kind.NUMBER, "archived": Kind.TRUTH, "at": Kind.INSTANT,
           "born": Kind.DATE, "phones.number": Kind.TEXT},
    together=("first", "last"),
    archived="archived",
    exposed=("client",),
)  # fmt: skip
READING = bodies.Reading(None, HELSINKI)  # type: ignore[arg-type]  # these readers ask for no URL


def asked(*, strict=False, **query):
    return filters.read(query, DECLARED, HELSINKI, strict=strict)


def one(name, text):
    tree = asked(**{name: text}).tree
    assert isinstance(tree, Condition)
    return tree.path, tree.op, tree.values


def refused(name, text):
    with pytest.raises(FieldErrors) as caught:
        asked(**{name: text})
    assert list(caught.value.problems) == [name]


@pytest.mark.parametrize("op", Op)
def test_each_method_is_read_under_its_name(op):
    text = "true" if op is Op.IS_NULL else "a,b"
    assert one(f"firstname__{op.value}", text)[:2] == ("first", op)


@pytest.mark.parametrize(("synonym", "op"), [("eq", Op.IS), ("not_eq", Op.IS_NOT), ("neq", Op.IS_NOT)])
def test_synonyms_are_read(synonym, op):
    assert one(f"id__{synonym}", "5") == ("number", op, (5,))


def test_a_bare_field_is_compared_and_a_property_is_reached_by_a_dot():
    assert one("firstname", "Brett") == ("first", Op.IS, ("Brett",))
    assert one("phones.phone_number__is", "+35840") == ("phones.number", Op.IS, ("+35840",))


@pytest.mark.parametrize("text", ["1,2,3", "[1,2,3]", "[1, 2, 3]", "1, 2, 3", '["1","2","3"]'])
def test_a_list_is_read_with_brackets_and_without(text):
    assert one("id__in", text) == ("number", Op.IN, (1, 2, 3))


@pytest.mark.parametrize("text", ["1", "1,2,3", ""])
def test_a_range_takes_two_values(text):
    refused("id__range", text)


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_truth_is_a_word_or_a_digit(text, truth):
    assert one("archived__is", text) == ("archived", Op.IS, (truth,))
    assert one("born__is_null", text) == ("born", Op.IS_NULL, (truth,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", "five"),
        ("id__in", "1,two"),
        ("id__gt", "9" * 19),
        ("id__contains", "1"),
        ("archived__is", "perhaps"),
        ("born__is_null", "2"),
        ("born__gte", "2026-02-30"),
        ("modified__gte", "2026-13-01"),
        ("modified__gte", ""),
        ("firstname", "n" * 501),
    ],
)
def test_a_value_that_is_not_the_fields_is_named(name, text):
    refused(name, text)


def test_filters_are_joined_by_and_or_by_or():
    both = asked(firstname="A", id="1").tree
    assert isinstance(both, All)
    assert len(both.parts) == 2
    either = asked(id="1", archived="0", filter_type="OR").tree
    assert isinstance(either, AnyOf)


def test_or_looks_for_a_name_in_every_column_of_names():
    tree = asked(firstname__icontains="hill", filter_type="or").tree
    assert tree == AnyOf((Condition("first", Op.ICONTAINS, ("hill",)), Condition("last", Op.ICONTAINS, ("hill",))))


def test_what_is_not_declared_is_ignored_or_refused():
    assert asked(shoe_size__is="43", firstname__sounds_like="x", page="2", expose_x="true").tree is None
    with pytest.raises(FieldErrors) as caught:
        asked(strict=True, shoe_size__is="43", page="2", expose_client="true", expose_shoes="true")
    assert list(caught.value.problems) == ["shoe_size__is", "expose_shoes"]


def test_only_declared_relations_are_exposed():
    assert asked(expose_client="true", expose_shoes="true").exposed == {"client"}


def test_archived_ones_can_be_left_out():
    assert asked(include_archived="false").tree == Condition("archived", Op.IS, (False,))
    assert asked(include_archived="true").tree is None
    assert isinstance(asked(include_archived="0", id="1").tree, All)


def test_orders_are_read_and_unknown_ones_ignored():
    assert asked(ordering="-modified, id,shoe_size").orders == (Order("at", True), Order("number", False))
    assert asked(ordering="phones.phone_number").orders == ()


def test_too_many_filters_are_refused():
    query = {f"id__{op.value}": "1" for op in (Op.IS, Op.IS_NOT, Op.LT, Op.GT)}
    fields = {f"f{n}": "number" for n in range(10)}
    declared = filters.Declared(paths=fields, kinds={"number": Kind.NUMBER})
    many = {f"{field}__{name.partition('__')[2]}": text for field in fields for name, text in query.items()}
    with pytest.raises(FieldErrors):
        filters.read(many, declared, HELSINKI, strict=False)


NOON = values.from_datetime(datetime(2026, 3, 1, 10, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00+02:00",
        "2026-03-01 12:00 02:00",
        "2026-03-01 12:00:00+0200",
        "2026-03-01T12:00:00.000000+02:00",
        "2026-03-01T10:00:00Z",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00",
        " 2026-03-01T12:00 ",
    ],
)
def test_an_instant_is_read_in_each_form_and_is_the_clinics_own_without_an_offset(text):
    assert filters.read_time(text, HELSINKI) == NOON


def test_a_bare_date_is_the_clinics_midnight():
    assert filters.read_time("2026-03-01", HELSINKI) == NOON - 12 * 3_600_000_000
    assert filters.read_time("2026-07-01", HELSINKI) == values.from_datetime(datetime(2026, 6, 30, 21, tzinfo=UTC))


@given(
    st.datetimes(min_value=datetime(1905, 1, 1), max_value=datetime(2150, 1, 1)),  # noqa: DTZ001, UTC is set below
    st.sampled_from(["Europe/Helsinki", "UTC", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_what_is_printed_is_what_is_read_to_the_microsecond(at, zone):
    at = at.replace(tzinfo=UTC)
    instant = values.from_datetime(at)
    text = times.to_text(instant, zone)
    expected = at.astimezone(ZoneInfo(zone))
    if not (expected.utcoffset() or timedelta()).seconds % 900:  # local mean times of long ago
        assert text == expected.isoformat()
    assert datetime.fromisoformat(text) == at
    assert filters.read_time(text, HELSINKI) == instant
    assert filters.read_time(text.replace("+", " "), HELSINKI) == instant


def test_an_unknown_zone_is_utc_and_nothing_is_null():
    assert times.to_text(NOON, "Mars/Olympus") == "2026-03-01T10:00:00+00:00"
    assert times.maybe(None, "UTC") is None


# --- gender ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "facts"),
    [
        (0, (Sex.UNKNOWN, None)),
        (1, (Sex.MALE, False)),
        (2, (Sex.FEMALE, False)),
        (3, (Sex.MALE, True)),
        (4, (Sex.FEMALE, True)),
        ("4", (Sex.FEMALE, True)),
        ("Male", (Sex.MALE, False)),
        ("FEMALE", (Sex.FEMALE, False)),
        ("Female, neutered", (Sex.FEMALE, True)),
        (" male, neutered ", (Sex.MALE, True)),
        ("Unknown", (Sex.UNKNOWN, None)),
    ],
)
def test_a_gender_is_a_number_or_a_text_in_any_case(raw, facts):
    assert gender.read(raw, horse=False) == facts


@pytest.mark.parametrize("raw", [5, -1, True, 1.5, None, [], {}, "", "Mal", "x" * 1000, "٣", "²"])
def test_another_gender_is_refused(raw):
    with pytest.raises(ValueError):
        gender.read(raw, horse=True)


def test_a_gender_that_is_refused_is_told_in_what_can_be_sent():
    with pytest.raises(ValueError) as caught:
        gender.read("\ud800", horse=False)
    assert str(caught.value).encode() == b'"?" is not a valid choice.'


@pytest.mark.parametrize("word", ["Stallion", "Mare", "Gelding"])
def test_horses_have_words_of_their_own(word):
    sex, neutered = gender.read(word, horse=True)
    assert gender.to_text(sex, neutered, horse=True) == word
    with pytest.raises(ValueError, match="horses only"):
        gender.read(word, horse=False)


@pytest.mark.parametrize("sex", Sex)
@pytest.mark.parametrize("neutered", [None, False, True])
@pytest.mark.parametrize("horse", [False, True])
def test_a_gender_that_is_printed_can_be_read(sex, neutered, horse):
    found = gender.read(gender.to_text(sex, neutered, horse=horse), horse=horse)
    if sex in (Sex.MALE, Sex.FEMALE):
        assert found == (sex, bool(neutered))


# --- bodies ---------------------------------------------------------------------------------------------------


def taken(reader, raw):
    return reader(raw, READING)


def not_taken(reader, raw):
    with pytest.raises(ValueError) as caught:
        reader(raw, READING)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("raw", "milligrams"),
    [("32.5", 32_500_000), (32.5, 32_500_000), (4, 4_000_000), ("0.000001", 1), (" 1e1 ", 10_000_000), (None, None),
     ("", None)],
)  # fmt: skip
def test_a_weight_is_kilograms_as_number_or_text(raw, milligrams):
    assert taken(bodies.weight, raw) == milligrams


@pytest.mark.parametrize("raw", [0, -1, "heavy", "NaN", "Infinity", True, 20_001, 1e300, "1e999999", [], {}])
def test_another_weight_is_refused(raw):
    not_taken(bodies.weight, raw)


@pytest.mark.parametrize(("raw", "truth"), [(True, True), (1, True), ("1", True), ("True", True), (0, False)])
def test_a_truth_in_a_body(raw, truth):
    assert taken(bodies.truth, raw) is truth
    assert taken(bodies.state, raw) == int(truth)


@pytest.mark.parametrize("raw", [2, None, "", "yes", [], 1.5])
def test_no_truth(raw):
    not_taken(bodies.truth, raw)


@pytest.mark.parametrize(
    "raw", ["2020-02-30", "2020-6-15", "15.06.2020", 20200615, "2020-06-15T00:00:00", True, "٢٠٢٠-٠٦-١٥"]
)
def test_no_date(raw):
    not_taken(bodies.day, raw)


def test_dates_and_instants():
    assert taken(bodies.day, "2020-02-29") == "2020-02-29"
    assert taken(bodies.day, "") is taken(bodies.day, None) is taken(bodies.moment, "") is None
    assert taken(bodies.moment, "2026-03-01T12:00:00") == NOON
    not_taken(bodies.moment, 5)
    not_taken(bodies.moment, "noon")


def test_texts():
    assert taken(bodies.text(), None) == taken(bodies.text(), "") == ""
    assert taken(bodies.text(null=None), "") is None
    assert taken(bodies.text(), 1234) == "1234"
    unfit: tuple[Any, ...] = ("a\0b", "\ud800", "n" * 251, True, [], {})
    for raw in unfit:
        not_taken(bodies.text(), raw)
    for blank in (None, "", "  "):
        not_taken(bodies.name(10), blank)


@pytest.mark.parametrize("raw", ["a@b.fi", " a.b+c@d-e.co.uk "])
def test_an_email_is_taken_without_its_blanks(raw):
    assert taken(bodies.email, raw) == raw.strip()


@pytest.mark.parametrize("raw", ["a", "a@b", "a b@c.fi", "@c.fi", "a@.fi", f"{'a' * 65}@b.fi", 5])
def test_no_email(raw):
    not_taken(bodies.email, raw)


def test_integers():
    whole = bodies.integer(0, 4)
    assert [taken(whole, raw) for raw in (0, "4")] == [0, 4]
    for raw in (5, -1, "five", 1.0, True, None, "", "9" * 17):
        not_taken(whole, raw)
    assert taken(bodies.integer(0, 4, null=True), "") is None


def test_labels():
    assert taken(bodies.tags, ["a", "b", "a"]) == ("a", "b")
    assert taken(bodies.tags, None) == ()
    for raw in ("a", [""], [["a"]], ["a"] * 101):
        not_taken(bodies.tags, raw)


@pytest.mark.parametrize(
    "raw",
    [
        "x",
        {},
        [1],
        [{"value": 1}],
        [{"field_id": 1}],
        [{"field_id": True, "value": 1}],
        [{"field_id": "²", "value": 1}],
    ],
)
def test_rows_of_custom_fields_need_a_number_and_a_value(raw):
    with pytest.raises(FieldErrors):
        bodies.fields_rel(raw)


def test_rows_of_custom_fields():
    assert bodies.fields_rel(None) == []
    assert bodies.fields_rel([{"field_id": "42", "value": None}, {"field_id": 43, "value": 1}]) == [(42, None), (43, 1)]
