# SPDX-License-Identifier: Apache-2.0
"""The forms, vet forms and programs that come with the program: whole, accessible, and as their readers expect them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml.html import HtmlElement, fragment_fromstring

import polyvet
from polyvet.model.entities import RecordKind
from polyvet.model.library import OWN_FROM, LibraryRole

LIBRARY = Path(polyvet.__file__).parent / "library"
# What a vendor's client finds in every form, by id, and in that order.
HEADER = [
    *("firstName", "lastName", "ownerEmail", "ownerPhone"),
    *("petName", "petSpecies", "petBreed", "petSex", "petDateOfBirth"),
]
CERTIFICATES = {
    "forms/desexing-certificate.html": ["form_client_address", "form_pet_desexing_date"],
    "forms/health-certificate.html": ["form_pet_microchip"],
    "forms/vaccination-certificate.html": [
        "form_pet_last_vaccine",
        "form_pet_last_vaccine_date",
        "form_pet_next_vaccine_date",
    ],
}
CONTROLS = ("input", "select", "textarea")
COMMON = {"id", "name", "required", "autocomplete"}
# The tags that a form is made of, each with its attributes.
ALLOWED = {
    **{tag: set[str]() for tag in ("h1", "h2", "p", "em", "ul", "li", "fieldset", "legend")},
    **{tag: set[str]() for tag in ("table", "caption", "thead", "tbody", "tr", "td")},
    "th": {"scope"},
    "label": {"for"},
    "input": COMMON | {"type", "value", "maxlength", "min", "max", "step"},
    "textarea": COMMON | {"maxlength"},
    "select": COMMON,
    "option": {"value"},
}
TYPES = {"text", "email", "tel", "date", "number", "checkbox", "radio"}
KEYS = {"title", "keywords", "role", "number"}
LAST = "A starting point for your clinic's own vet to review and adapt."
MOST_CHARACTERS = 60_000


class File(NamedTuple):
    """A file of the library, read without the code that loads it."""

    name: str
    front: dict[str, str]
    body: str

    def tree(self) -> HtmlElement:
        return fragment_fromstring(self.body, create_parent="div")


def read(path: Path) -> File:
    empty, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert empty == ""
    pairs = [line.split(": ", 1) for line in front.splitlines()]
    assert all(len(pair) == 2 and all(pair) for pair in pairs)
    assert len({pair[0] for pair in pairs}) == len(pairs)
    return File(path.relative_to(LIBRARY).as_posix(), dict(pairs), body)


FORMS = [read(path) for path in sorted(LIBRARY.glob("forms/*"))]
VET_FORMS = [read(path) for path in sorted(LIBRARY.glob("vetforms/*"))]
PROGRAMS = [read(path) for path in sorted(LIBRARY.glob("programs/*"))]
every_form = pytest.mark.parametrize("form", [*FORMS, *VET_FORMS], ids=lambda form: form.name)
every_file = pytest.mark.parametrize("file", [*FORMS, *VET_FORMS, *PROGRAMS], ids=lambda file: file.name)


def controls(tree: HtmlElement) -> list[HtmlElement]:
    return list(tree.iter(*CONTROLS))


def text(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_there_are_enough_of_each_kind() -> None:
    assert len(FORMS) >= 6
    assert len(VET_FORMS) >= 3
    assert len(PROGRAMS) >= 4
    assert all(file.name.endswith(".html") for file in [*FORMS, *VET_FORMS])
    assert all(file.name.endswith(".md") for file in PROGRAMS)


@pytest.mark.parametrize("files", [FORMS, VET_FORMS, PROGRAMS], ids=["forms", "vetforms", "programs"])
def test_numbers_are_everybodys_and_unique(files: list[File]) -> None:
    numbers = [int(file.front["number"]) for file in files]
    assert sorted(numbers) == list(range(1, len(files) + 1))
    assert max(numbers) < OWN_FROM
    assert len({file.front["title"] for file in files}) == len(files)


def test_both_roles_find_forms_and_programs() -> None:
    for files in (FORMS, PROGRAMS):
        assert {file.front["role"] for file in files} == set(LibraryRole)


@every_file
def test_the_front_matter_is_whole(file: File) -> None:
    assert file.front.keys() >= KEYS
    assert file.front["role"] in list(LibraryRole)
    keywords = file.front["keywords"].split(", ")
    assert len(keywords) == len(set(keywords)) >= 6
    assert all(word == word.strip() and word for word in keywords)


@every_file
def test_it_names_itself_first_and_ends_as_a_starting_point(file: File) -> None:
    lines = file.body.splitlines()
    title = file.front["title"]
    assert lines[0] in (f"# {title}", f"<h1>{title}</h1>")
    assert lines[-1] in (f"*{LAST}*", f"<p><em>{LAST}</em></p>")
    assert file.body.endswith("\n")
    assert all(line == line.rstrip() and (line.isprintable() or not line) for line in lines)


@every_form
def test_a_form_leaves_a_record_of_a_known_kind(form: File) -> None:
    assert form.front["record"] in list(RecordKind)
    assert form.front.keys() - KEYS <= {"record", "owner_copy"}


def test_the_records_say_what_was_done() -> None:
    kinds = {file.name: file.front["record"] for file in [*FORMS, *VET_FORMS]}
    assert kinds["forms/desexing-certificate.html"] == RecordKind.SURGERY
    assert kinds["forms/health-certificate.html"] == RecordKind.EXAMINATION
    assert kinds["forms/vaccination-certificate.html"] == RecordKind.VACCINATION
    assert kinds["forms/surgery-and-anaesthesia-consent.html"] == RecordKind.SURGERY
    assert kinds["vetforms/ultrasound-report.html"] == RecordKind.EXAMINATION
    assert kinds["vetforms/dental-chart.html"] == RecordKind.DENTAL
    assert kinds["vetforms/desexing-certificate.html"] == RecordKind.SURGERY
    assert all(file.front["owner_copy"] == "yes" for file in VET_FORMS)


@every_form
def test_it_begins_with_the_fields_of_owner_and_pet(form: File) -> None:
    tree = form.tree()
    first = [(one.get("id"), one.get("name")) for one in controls(tree)[: len(HEADER)]]
    assert first == [(name, name) for name in HEADER]
    for name in HEADER:
        assert len(tree.xpath("//*[@id = $name or @name = $name]", name=name)) == 1
    kinds = {name: tree.get_element_by_id(name).get("type") for name in HEADER}
    assert kinds.pop("ownerEmail") == "email"
    assert kinds.pop("ownerPhone") == "tel"
    assert kinds.pop("petDateOfBirth") == "date"
    assert set(kinds.values()) == {"text"}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_has_its_own_variables(name: str) -> None:
    tree = next(form for form in FORMS if form.name == name).tree()
    for variable in CERTIFICATES[name]:
        element = tree.get_element_by_id(variable)
        assert element.tag in CONTROLS
        assert element.get("name") == variable
        assert (element.get("type") == "date") == variable.endswith("_date")


@pytest.mark.parametrize(
    "form", [one for one in [*FORMS, *VET_FORMS] if "certificate" in one.name], ids=lambda f: f.name
)
def test_a_certificate_claims_no_validity(form: File) -> None:
    assert "does not claim to be an official document in any country" in form.body


@every_form
def test_it_is_made_of_plain_controls_alone(form: File) -> None:
    assert len(form.body) < MOST_CHARACTERS
    assert "<!--" not in form.body
    for element in form.tree().iterdescendants():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= ALLOWED[element.tag]
        if element.tag == "input":
            assert element.get("type") in TYPES


@every_form
def test_names_and_ids_are_clear_and_unique(form: File) -> None:
    tree = form.tree()
    ids = tree.xpath("//@id")
    assert len(set(ids)) == len(ids)
    names: list[str] = []
    for control in controls(tree):
        name, ident = control.attrib["name"], control.attrib["id"]
        assert name in HEADER or re.fullmatch(r"form(_[a-z0-9]+)+", name)
        if control.get("type") == "radio":
            assert ident.startswith(f"{name}_")
            if name in names:
                assert names[-1] == name  # the buttons of a group stand together
                continue
        else:
            assert ident == name
        assert name not in names
        names.append(name)


@every_form
def test_every_control_has_its_label_and_every_label_its_control(form: File) -> None:
    tree = form.tree()
    targets = [label.attrib["for"] for label in tree.iter("label")]
    assert sorted(targets) == sorted(control.attrib["id"] for control in controls(tree))
    assert all(text(label) for label in tree.iter("label"))


@every_form
def test_answers_can_be_told_apart_by_what_they_are_called(form: File) -> None:
    tree = form.tree()
    called = [
        text(label)
        for label in tree.iter("label")
        if tree.get_element_by_id(label.attrib["for"]).get("type") != "radio"
    ]
    called += [text(one[0]) for one in tree.iter("fieldset") if one.xpath("./p/input[@type='radio']")]
    assert len(set(called)) == len(called)


@every_form
def test_fieldsets_have_legends_and_radio_groups_have_one_of_their_own(form: File) -> None:
    tree = form.tree()
    for fieldset in tree.iter("fieldset"):
        assert fieldset[0].tag == "legend"
        assert len(fieldset.findall("legend")) == 1
        assert text(fieldset[0])
    groups: dict[str, list[HtmlElement]] = {}
    for radio in tree.xpath("//input[@type='radio']"):
        groups.setdefault(radio.get("name"), []).append(radio)
    for name, radios in groups.items():
        fieldset = next(radios[0].iterancestors("fieldset"))
        assert {one.get("name") for one in controls(fieldset)} == {name}
        assert len(controls(fieldset)) == len(radios) > 1
        assert len({one.attrib["value"] for one in radios}) == len(radios)
        assert len({one.get("required") for one in radios}) == 1


@every_form
def test_what_can_be_said_is_bounded(form: File) -> None:
    for control in controls(form.tree()):
        kind = control.get("type") or control.tag
        if kind in ("text", "email", "tel", "textarea"):
            assert 1 <= int(control.attrib["maxlength"]) <= 3000
        if kind == "number":
            least, most, step = (float(control.attrib[key]) for key in ("min", "max", "step"))
            assert 0 <= least < most
            assert step > 0
        if kind in ("checkbox", "radio"):
            assert control.attrib["value"]
        if kind == "select":
            values = [option.attrib["value"] for option in control.iter("option")]
            assert values[0] == ""  # nothing is said until somebody chooses
            assert len(set(values)) == len(values) > 2
            assert all(value == text(one) for value, one in zip(values[1:], list(control)[1:], strict=True))


def test_the_dental_chart_has_every_tooth_of_a_dog_and_marks_those_that_cats_lack() -> None:
    tree = next(form for form in VET_FORMS if form.name.endswith("dental-chart.html")).tree()
    quarters = {1: 10, 2: 10, 3: 11, 4: 11}
    teeth = [quarter * 100 + tooth for quarter, last in quarters.items() for tooth in range(1, last + 1)]
    labels = {
        label.attrib["for"]: text(label)
        for label in tree.iter("label")
        if label.get("for", "").startswith("form_tooth")
    }
    assert list(labels) == [f"form_tooth_{tooth}" for tooth in teeth]
    assert len(teeth) == 42
    assert all(labels[f"form_tooth_{tooth}"].startswith(f"{tooth} ") for tooth in teeth)
    cats = [tooth for tooth in teeth if "dog only" not in labels[f"form_tooth_{tooth}"]]
    upper, lower = [1, 2, 3, 4, 6, 7, 8, 9], [1, 2, 3, 4, 7, 8, 9]
    assert cats == [100 * q + tooth for q, row in ((1, upper), (2, upper), (3, lower), (4, lower)) for tooth in row]
    assert len(cats) == 30


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_goes_by_weeks_and_says_when_to_call(program: File) -> None:
    assert program.front.keys() == KEYS | {"species"}
    assert program.front["species"] in ("Dog", "Cat", "Horse", "Rabbit", "Bird")
    assert 400 <= len(program.body.split()) <= 800
    headings = re.findall(r"^## (.*)$", program.body, re.MULTILINE)
    assert sum(heading.startswith("Week") for heading in headings) >= 4
    assert headings[-2:] == ["What to watch", "When to call"]
    assert "**At once" in program.body.split("## When to call")[1]
    assert "<" not in program.body
