# SPDX-License-Identifier: Apache-2.0
"""The starter's forms and programs go through what makes them safe and what fills them in, and come out whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml.html import HtmlElement, fragment_fromstring

import polyvet
from polyvet.core import filling, rendering
from polyvet.core.controls import FormField

LIBRARY = Path(polyvet.__file__).parent / "library"
FORMS = sorted([*LIBRARY.glob("forms/*"), *LIBRARY.glob("vetforms/*")])
PROGRAMS = sorted(LIBRARY.glob("programs/*"))
every_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.name}/{path.stem}")


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


def tree(html: str) -> HtmlElement:
    return fragment_fromstring(html, create_parent="div")


def meaning(html: str) -> list[tuple[object, ...]]:
    """Every element in its order with its attributes and its words."""

    def words(text: str | None) -> list[str]:
        return (text or "").split()

    return [(one.tag, sorted(one.items()), words(one.text), words(one.tail)) for one in tree(html).iter()]


def answer(field: FormField) -> str:
    """Something that fits into a field."""
    if field.choice:
        return field.options[-1].value
    given = {"email": "owner@example.org", "date": "2026-05-04", "number": field.least or ""}
    return given.get(field.kind, f"About {field.name}"[: field.max_length])


@every_form
def test_what_makes_html_safe_takes_nothing_from_a_form(path: Path) -> None:
    html = body(path)
    assert meaning(rendering.safe(html)) == meaning(html)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_what_makes_html_safe_takes_nothing_from_a_program(path: Path) -> None:
    html = rendering.from_markdown(body(path))
    assert meaning(rendering.safe(html)) == meaning(html)


@every_form
def test_a_form_is_read_with_the_names_that_it_gives(path: Path) -> None:
    html = body(path)
    names = [one.attrib["name"] for one in tree(html).iter("input", "select", "textarea")]
    fields = filling.fields(html)
    assert [field.name for field in fields] == list(dict.fromkeys(names))
    assert all(field.label and field.label != field.name for field in fields)


@every_form
def test_a_form_takes_an_answer_to_every_question(path: Path) -> None:
    html = body(path)
    fields = filling.fields(html)
    raw = {field.name: answer(field) for field in fields}
    answers, problems = filling.checked(html, raw)
    assert problems == {}
    assert answers == raw
    lines = filling.as_text(html, answers).splitlines()
    assert all(line.startswith(field.label.rstrip(" .:")) for line, field in zip(lines, fields, strict=True))
    assert not list(tree(filling.shown(html, answers)).iter("input", "select", "textarea"))


@every_form
def test_a_form_asks_again_for_what_it_needs_alone(path: Path) -> None:
    html = body(path)
    needed = {field.name for field in filling.fields(html) if field.required}
    assert needed >= {"firstName", "lastName", "petName", "petSpecies"}
    assert set(filling.checked(html, {})[1]) == needed
