# SPDX-License-Identifier: Apache-2.0
"""Filling in forms: what was sent is checked against the form's html, put into it, or shown in its place.

Answers are texts by the names of the form's fields; one that is empty says that nothing was filled in, and one that is
missing leaves what the form itself has there. They are put in as attributes and texts of a tree, never into html, so
that no answer can be read as html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from polyvet.core.controls import Control, Form, FormField, labels_of, option_value, read, storable
from polyvet.model.values import is_email

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LONGEST, LONGEST_IN_ALL = 10_000, 200_000  # characters of an answer, and of all
NOTHING = "—"
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# What holds no paragraphs: one beside a control goes behind it.
_NO_PARAGRAPHS = frozenset(
    "a abbr b cite code del dl em h1 h2 h3 h4 h5 h6 i ins label legend ol p pre small span strong sub sup table tbody"
    " tfoot thead tr u ul".split()
)


def fields(html: str) -> list[FormField]:
    """The fields of a form in their order. Invalid when they are more than a form may have."""
    return [control.field for control in read(html).controls]


def filled(html: str, answers: Mapping[str, str], problems: Mapping[str, str]) -> str:
    """The form with its answers in the fields, and the problems, by the fields' names, beside them."""
    form = read(html)
    for control in form.controls:
        if control.field.required:
            _mark(form, control)
        answer = answers.get(control.field.name)
        if answer is not None:
            _put(control, _clean(control.field, answer))
        problem = problems.get(control.field.name)
        if problem is not None:
            _tell(form, control, problem)
    return form.html()


def begun(html: str, known: Mapping[str, str]) -> dict[str, str]:
    """The answers that a form starts with: what is known by the fields' ids or names. Of what can only be chosen, the
    option whose value or label it is in any case, else nothing."""
    answers = {}
    for field in fields(html):
        text = known.get(field.id) or known.get(field.name)
        if text is None:
            continue
        if field.choice:
            text = next(
                (one.value for one in field.options if text.lower() in (one.value.lower(), one.label.lower())), ""
            )
        if text:
            answers[field.name] = text
    return answers


def typed(html: str, raw: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What was sent of a form's fields, an answer for each, and the problems with its size alone: a draft."""
    return _taken(fields(html), raw)


def checked(html: str, raw: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What was sent of a form's fields, an answer for each, and what is wrong with it, by the fields' names."""
    known = fields(html)
    answers, problems = _taken(known, raw)
    for field in known:
        problem = problems.get(field.name) or _problem(field, answers[field.name])
        if problem:
            problems[field.name] = problem
    return answers, {field.name: problems[field.name] for field in known if field.name in problems}


def shown(html: str, answers: Mapping[str, str]) -> str:
    """The form to be read, with answers in place of its fields."""
    from lxml.html import Element

    form = read(html)
    for control in form.controls:
        field = control.field
        first = control.elements[0]
        answer = Element("span")
        answer.set("class", "answer")
        answer.text = _said(field, answers.get(field.name, field.preset))
        first.addprevious(answer)
        for element in control.elements:
            if field.kind == "radio":
                _drop_choice(form, element, answer)
            else:
                element.drop_tree()
    for label in list(form.root.iter("label")):
        label.tag = "span"
        label.attrib.pop("for", None)
        label.set("class", "asked")
    return form.html()


def as_text(html: str, answers: Mapping[str, str]) -> str:
    """The answers as lines `Label: answer`, for records and mails; the further lines of an answer are indented."""
    lines = []
    for field in fields(html):
        said = _said(field, answers.get(field.name, field.preset)).replace("\n", "\n  ")
        label = field.label.rstrip(" .:")
        lines.append(f"{label} {said}" if label.endswith("?") else f"{label}: {said}")
    return "\n".join(lines)


def _taken(known: list[FormField], raw: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    answers: dict[str, str] = {}
    problems: dict[str, str] = {}
    size = 0
    for field in known:
        answer = answers[field.name] = _clean(field, raw.get(field.name, ""))
        size += len(answer)
        if len(answer) > LONGEST:
            problems[field.name] = f"This is too long: {LONGEST:,} characters fit."
        elif size > LONGEST_IN_ALL:
            problems[field.name] = f"All answers together are too long: {LONGEST_IN_ALL:,} characters fit."
    return answers, problems


def _clean(field: FormField, text: str) -> str:
    """An answer as it is kept: no white space at its ends, no line ends but in a text of several lines."""
    text = storable(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return text if field.kind == "textarea" else text.replace("\n", " ")


def _problem(field: FormField, answer: str) -> str | None:
    """What is wrong with an answer."""
    if not answer:
        return _missing(field) if field.required else None
    if field.choice:
        return None if any(answer == one.value for one in field.options) else "Choose one of what is offered."
    if field.kind == "email" and not is_email(answer):
        return "Write an e-mail address, such as name@example.org."
    if field.kind == "date":
        return _date_problem(field, answer)
    if field.kind == "number":
        return _number_problem(field, answer)
    if field.max_length is not None and len(answer) > field.max_length:
        return f"This is too long: {field.max_length:,} characters fit."
    return None


def _missing(field: FormField) -> str:
    if field.kind == "checkbox":
        return "Tick this to go on."
    return "Choose one." if field.choice else "Fill this in."


def _date_problem(field: FormField, answer: str) -> str | None:
    found, least, most = _date(answer), _date(field.least), _date(field.most)
    if found is None:
        return "Write a date as year-month-day, such as 2026-05-04."
    if least is not None and found < least:
        return f"The earliest date is {least.isoformat()}."
    if most is not None and found > most:
        return f"The latest date is {most.isoformat()}."
    return None


def _date(text: str | None) -> date | None:
    if text is None or not _DATE.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:  # there is no such day
        return None


def _number_problem(field: FormField, answer: str) -> str | None:
    found, least, most = _number(answer), _number(field.least), _number(field.most)
    if found is None:
        return "Write a number, such as 4.5."
    if least is not None and found < least:
        return f"The least is {field.least}."
    if most is not None and found > most:
        return f"The most is {field.most}."
    step = Fraction(1)  # as browsers have it: whole numbers, unless the form says otherwise
    if field.step is not None:
        if field.step.strip().lower() == "any":
            return None
        step = _number(field.step) or step
    base = least or _number(field.preset) or Fraction(0)
    if step > 0 and (found - base) % step:
        return "Write a whole number." if step == 1 and base.denominator == 1 else f"Only steps of {field.step} fit."
    return None


def _number(text: str | None) -> Fraction | None:
    if text is None or not _NUMBER.fullmatch(text.strip()):
        return None
    return Fraction(text.strip().rstrip("."))


def _said(field: FormField, answer: str) -> str:
    """An answer as it is shown."""
    answer = _clean(field, answer)
    if field.kind == "checkbox":
        return "Yes" if answer and answer == field.options[0].value else "No"
    if field.choice and answer:
        answer = next((one.label for one in field.options if one.value == answer), answer)
    return answer or NOTHING


def _put(control: Control, answer: str) -> None:
    """Put an answer into a field."""
    first = control.elements[0]
    if control.field.kind == "textarea":
        del first[:]
        # Browsers skip a line end at its beginning.
        first.text = f"\n{answer}"
    elif control.field.kind == "select":
        _choose(first.iter("option"), "selected", answer)
    elif control.field.choice:
        _choose(control.elements, "checked", answer)
    else:
        first.set("value", answer)


def _choose(elements: Iterable[HtmlElement], how: str, answer: str) -> None:
    chosen = False
    for element in list(elements):
        element.attrib.pop(how, None)
        if not chosen and answer == option_value(element):
            element.set(how, how)
            chosen = True


def _mark(form: Form, control: Control) -> None:
    """Have the label show that its field must be filled in."""
    first = control.elements[0]
    fieldset = next(first.iterancestors("fieldset"), None) if control.field.kind == "radio" else None
    legend = None if fieldset is None else fieldset.find("legend")
    labels = [legend] if legend is not None else labels_of(form, first)
    for label in labels:
        label.set("class", "needed")


def _tell(form: Form, control: Control, problem: str) -> None:
    """Put a problem beside a field."""
    from lxml.html import Element

    told = Element("p")
    told.set("class", "wrong")
    told.set("id", f"{control.field.id}-problem")
    told.text = storable(problem)
    for element in control.elements:
        element.set("aria-invalid", "true")
        element.set("aria-describedby", f"{element.get('aria-describedby', '')} {told.get('id')}".strip())
    place = _place(form, control.elements[-1])
    around = place.getparent()
    if around is not None:  # the root is never the place
        around.insert(around.index(place) + 1, told)


def _place(form: Form, element: HtmlElement) -> HtmlElement:
    """What a paragraph can stand behind: the element, its label where that follows, or what is around them."""
    place = element
    following = place.getnext()
    if following is not None and following in form.labels.get(element.get("id", ""), []):
        place = following
    around = place.getparent()
    while around is not None and around is not form.root and around.tag in _NO_PARAGRAPHS:
        place, around = around, around.getparent()
    return place


def _drop_choice(form: Form, element: HtmlElement, answer: HtmlElement) -> None:
    """Take a radio button and its label away, and what is empty then; the answer stays, outside of the label."""
    around = element.getparent()
    for label in labels_of(form, element):
        if label in answer.iterancestors():
            label.addprevious(answer)
        if label is around:
            around = label.getparent()
        if label.getparent() is not None:
            label.drop_tree()
    if element.getparent() is not None:
        element.drop_tree()
    while around is not None and around is not form.root and not len(around) and not (around.text or "").strip():
        empty, around = around, around.getparent()
        empty.drop_tree()
