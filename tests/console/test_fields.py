# SPDX-License-Identifier: Apache-2.0
"""Custom fields in the console, and what programs read and write of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from polyvet.model.access import Role
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import custom_fields
from tests.console.people import OTHER_OWNER, Colleague, deeds, told
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, MAX, ROOT

SELECT = {"model": "client", "label": "Came by", "kind": "select", "options": "A friend\n\n The street \n"}
TEXT = {"model": "patient", "label": "Favourite toy", "kind": "text", "required": "yes"}


def _define(owner: Colleague, given: dict[str, str]) -> int:
    done = owner.post("fields/new", given)
    found = re.fullmatch(r"/console/fields/(\d+)\?done=defined", done.headers.get("location", ""))
    assert found is not None, done.text
    return int(found[1])


def _told(practice: Practice, number: int) -> Any:
    answer = practice.provet.get(f"{ROOT}custom_fields/{number}/")
    return answer.json() if answer.status_code == 200 else answer.status_code


def _numbers(practice: Practice) -> list[int]:
    return [one["id"] for one in practice.provet.get(f"{ROOT}custom_fields/?page_size=1000").json()["results"]]


def _rows(practice: Practice, path: str, number: int) -> list[Any]:
    found = practice.provet.get(f"{ROOT}{path}").json()["fields_rel"]
    return [one for one in found if one["field_id"] == number]


def test_a_field_is_defined_and_takes_values(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    number = _define(owner, SELECT)
    shown = _told(fresh_practice, number)
    assert (shown["label"], shown["field_type"], shown["model"], shown["required"]) == (
        "Came by", "select", "client", False,
    )  # fmt: skip
    assert [one["name"] for one in shown["options"]] == ["A friend", "The street"]
    option = shown["options"][1]["id"]
    written = fresh_practice.provet.post(
        f"{ROOT}client/{JOHN}/custom_field_values/", json={"field": number, "value": option}
    )
    assert written.status_code == 201
    [row] = _rows(fresh_practice, f"client/{JOHN}/", number)
    assert (row["label"], row["value"]) == ("Came by", [{"id": option, "name": "The street"}])
    assert _told(fresh_practice, _define(owner, TEXT))["required"] is True
    assert "Favourite toy" in owner.text("fields")


def test_numbers_go_on_after_those_that_are_taken(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    before = fresh_practice.run(lambda store: custom_fields.definitions(store.reader, MAIN_CLINIC))
    highest = max(option.number for field in before.values() for option in field.options)
    first = _define(owner, SELECT)
    assert first == max(before) + 1
    assert [one["id"] for one in _told(fresh_practice, first)["options"]] == [highest + 1, highest + 2]
    assert _define(owner, TEXT) == first + 1


def test_a_label_changes_and_options_are_added(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    number = _define(owner, SELECT)
    first = _told(fresh_practice, number)["options"][0]["id"]
    path = f"{ROOT}client/{JOHN}/custom_field_values/"
    fresh_practice.provet.post(path, json={"field": number, "value": first})
    changed = owner.post(f"fields/{number}", {"label": "Heard by", "required": "yes"})
    assert changed.headers["location"] == f"/console/fields/{number}?done=changed"
    added = owner.post(f"fields/{number}/options", {"option": "The <i>web</i>"}, f"fields/{number}")
    assert added.headers["location"] == f"/console/fields/{number}?done=option"
    shown = _told(fresh_practice, number)
    assert (shown["label"], shown["required"]) == ("Heard by", True)
    assert [one["name"] for one in shown["options"]] == ["A friend", "The street", "The <i>web</i>"]
    [row] = _rows(fresh_practice, f"client/{JOHN}/", number)
    assert (row["label"], row["value"]) == ("Heard by", [{"id": first, "name": "A friend"}])
    assert fresh_practice.provet.post(path, json={"field": number, "value": shown["options"][2]["id"]}).is_success
    assert "<i>web</i>" not in owner.get(f"fields/{number}").text


def test_what_changed_of_a_field_is_noted(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    page = f"fields/{_define(owner, {**TEXT, 'required': ''})}"
    for label, required in (("Toy", ""), ("Toy", "yes"), ("Toy", "yes"), ("Ball", "")):
        assert owner.post(page, {"label": label, "required": required}).status_code == 303
    assert [(action, shown) for _, action, shown in deeds(fresh_practice)][-4:] == [
        ("made", "Favourite toy (patient)"),
        ("changed", "Toy (patient), was “Favourite toy”"),
        ("changed", "Toy (patient), required"),
        ("changed", "Ball (patient), was “Toy”, not required"),
    ]


@pytest.mark.parametrize(
    ("given", "path", "value"),
    [
        ({**SELECT, "kind": "text", "options": ""}, f"client/{JOHN}/", "Yes"),
        (TEXT, f"patient/{MAX}/", "A ball"),
    ],
)
def test_a_field_that_is_switched_off_is_as_if_it_were_not_there(
    fresh_practice: Practice, given: dict[str, str], path: str, value: str
) -> None:
    owner, provet = Colleague(fresh_practice), fresh_practice.provet
    number = _define(owner, given)
    values = f"{ROOT}{path}custom_field_values/"
    made = provet.post(values, json={"field": number, "value": value}).json()
    one = f"{ROOT}custom_field_values/{made['id']}/"
    assert provet.get(one).json()["value"] == value
    off = owner.post(f"fields/{number}/switch", {"active": "no"}, f"fields/{number}")
    assert off.headers["location"] == f"/console/fields/{number}?done=off"
    assert _told(fresh_practice, number) == 404
    assert number not in _numbers(fresh_practice)
    assert _rows(fresh_practice, path, number) == []
    assert all(row["field_id"] != number for row in provet.get(values).json()["results"])
    assert provet.get(one).status_code == 404
    assert provet.delete(one).status_code == 404
    assert provet.post(values, json={"field": number, "value": "Other"}).status_code == 400
    embedded = {"fields_rel": [{"field_id": number, "value": "Other"}]}
    assert provet.patch(f"{ROOT}{path}", json=embedded).status_code == 400
    assert "switched off" in owner.text("fields")

    on = owner.post(f"fields/{number}/switch", {"active": "yes"}, f"fields/{number}")
    assert on.headers["location"] == f"/console/fields/{number}?done=on"
    [row] = _rows(fresh_practice, path, number)
    assert (row["value"], row["id"]) == (value, made["id"])
    assert provet.get(one).json()["value"] == value


def test_a_field_comes_back_only_if_its_label_is_free(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    number = _define(owner, TEXT)
    owner.post(f"fields/{number}/switch", {"active": "no"}, f"fields/{number}")
    _define(owner, {**TEXT, "label": "favourite TOY"})
    refused = owner.post(f"fields/{number}/switch", {"active": "yes"}, f"fields/{number}")
    assert refused.status_code == 400
    assert "There is a field of this label." in told(refused)


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ({"model": "invoice"}, "model", "Choose what the field stands on."),
        ({"kind": ""}, "kind", "Choose what the field holds."),
        ({"label": " "}, "label", "A label has 1 to 200 characters"),
        ({"label": "heard OF us"}, "label", "There is a field of this label."),
        ({"options": ""}, "options", "Give at least one option"),
        ({"options": "a\nA"}, "options", "Two options have the same name."),
        ({"options": "\n".join(map(str, range(201)))}, "options", "at most 200 options"),
        ({"kind": "number"}, "options", "A field of this kind has no options."),
    ],
)
def test_a_field_that_does_not_hold_is_not_defined(
    owner: Colleague, module_practice: Practice, given: dict[str, str], field: str, problem: str
) -> None:
    before = _numbers(module_practice)
    answer = owner.post("fields/new", {**SELECT, **given})
    assert answer.status_code == 400
    assert problem in told(answer)
    assert f'id="{field}-problem"' in answer.text
    assert _numbers(module_practice) == before


def test_what_does_not_hold_of_a_change_is_told(owner: Colleague, module_practice: Practice) -> None:
    numbers = _numbers(module_practice)
    select = next(one for one in numbers if _told(module_practice, one)["field_type"] == "select")
    text = next(one for one in numbers if _told(module_practice, one)["field_type"] == "text")
    for path, given, problem in (
        (f"fields/{select}", {"label": ""}, "A label has 1 to 200 characters"),
        (f"fields/{select}/options", {"option": "OPTION a"}, "Two options have the same name."),
        (f"fields/{select}/options", {"option": " "}, "An option has 1 to 200 characters."),
        (f"fields/{text}/options", {"option": "x"}, "A field of this kind has no options."),
    ):
        answer = owner.post(path, given, path.removesuffix("/options"))
        assert answer.status_code == 400
        assert problem in told(answer)


def test_fields_are_their_clinics_alone(module_practice: Practice, owner: Colleague) -> None:
    other = Colleague(module_practice, Role.OWNER, OTHER_OWNER)
    number = _numbers(module_practice)[0]
    assert owner.get(f"fields/{number}").status_code == 200
    assert other.get(f"fields/{number}").status_code == 404
    for path in (f"fields/{number}", f"fields/{number}/options", f"fields/{number}/switch"):
        assert other.post(path, {"label": "Mine", "option": "x", "active": "no"}, "fields/new").status_code == 404


def test_fields_are_listed_page_by_page(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    for n in range(45):
        _define(owner, {**TEXT, "label": f"Own {n:02}"})
    first = owner.get("fields")
    assert first.text.count('<td class="number">') == 50
    older = re.search(r'rel="next" href="/console/([^"]+)"', first.text)
    assert older is not None
    assert "Heard of us" in told(owner.get(older[1]))
