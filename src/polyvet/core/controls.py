# SPDX-License-Identifier: Apache-2.0
"""The fields of a form: which controls its html has, what they are called, and what they take.

A form is a fragment of safe html with plain controls. It may be anybody's, so nothing is taken for granted: a control
without a name or an id gets one, a second control of the same name another, and what is no field goes. The same html
always gives the same names, which is how an answer finds its field again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from polyvet.model.errors import Invalid

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MOST_FIELDS = 200
BODY_BYTES = 2 << 20  # all answers of a form, percent-encoded
_LONGEST_LABEL, _MOST_PARTS = 1_000, 1_000  # characters, and pieces of text between tags
# What a page around a form calls its own fields.
RESERVED = ("csrf", "decision", "own", "to_owner")
MOST_SENT = MOST_FIELDS + len(RESERVED)
_PLAIN = ("text", "email", "tel", "date", "number", "checkbox", "radio")
_GONE = ("hidden", "submit", "button", "image", "reset", "file", "password")  # are no fields to fill in
_CHOSEN = ("radio", "select")
_CONTROLS = ("input", "textarea", "select")
# Would take a control out of the form, or have a browser check what is not checked here.
_FOREIGN = ("form", "disabled", "readonly", "autofocus", "multiple", "pattern", "minlength", "list")


class Option(msgspec.Struct, frozen=True):
    """One of the values that a field takes, and how it is shown."""

    value: str
    label: str


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """A field. `id` is that of its first control as `filling.filled` writes it; the limits stand as in the html, where
    they can be wrong; `preset` is what the form says where nobody has."""

    name: str
    kind: str  # text, email, tel, date, number, checkbox, radio, textarea, select
    label: str
    id: str
    required: bool
    options: tuple[Option, ...]
    max_length: int | None
    least: str | None
    most: str | None
    step: str | None
    preset: str

    @property
    def choice(self) -> bool:
        """Whether only the options' values can be said."""
        return self.kind in ("checkbox", *_CHOSEN)


class Control(msgspec.Struct):
    """A field and the elements that stand for it: one, or the radio buttons of a group."""

    field: FormField
    elements: list[HtmlElement]


class Form(msgspec.Struct):
    """A form that was read, to be changed and written out again."""

    root: HtmlElement
    labels: dict[str, list[HtmlElement]]  # by the id of what they label
    controls: list[Control]
    texts: dict[HtmlElement, str]  # of labels: one can be around all controls

    def text(self, label: HtmlElement) -> str:
        """What a label says."""
        if label not in self.texts:
            self.texts[label] = _words(_text(label))
        return self.texts[label]

    def html(self) -> str:
        """The fragment."""
        from lxml.html import tostring

        text = tostring(self.root, encoding="unicode", method="html", with_tail=False)
        return text[len("<div>") : -len("</div>")]


def read(html: str) -> Form:
    """The form of a fragment of safe html. Invalid when it has more than MOST_FIELDS fields."""
    from lxml.html import fragment_fromstring

    root = fragment_fromstring(storable(html), create_parent="div")
    _tidy(root)
    form = Form(root, {}, [], {})
    for label in root.iter("label"):
        target = label.get("for")
        if target:
            form.labels.setdefault(target, []).append(label)
    groups = _grouped(root)
    if len(groups) > MOST_FIELDS:
        raise Invalid({"form": f"has more than {MOST_FIELDS} fields"})
    _name(form, groups)
    form.controls = [Control(_field(form, group), group) for group in groups]
    return form


def storable(text: str) -> str:
    """A text without the characters that no html can hold: control characters and halves of surrogate pairs."""
    if text.isprintable():
        return text
    return "".join(one for one in text if one in "\t\n\r" or (one >= "\x20" and not _unwritable(one)))


def _unwritable(one: str) -> bool:
    return "\x7f" <= one <= "\x9f" or "\ud800" <= one <= "\udfff" or one in "\ufffe\uffff"


def _tidy(root: HtmlElement) -> None:
    """Leave no element and no attribute that is for other forms than these."""
    for element in list(root.iter("form")):
        element.drop_tag()
    for element in [*root.iter("button"), *(one for one in root.iter("input") if kind_of(one) in _GONE)]:
        element.drop_tree()
    for element in root.iter(*_CONTROLS, "fieldset", "option"):
        for name in _FOREIGN:
            element.attrib.pop(name, None)


def kind_of(element: HtmlElement) -> str:
    """What kind of field a control is; a kind of input that is not ours is text."""
    if element.tag != "input":
        return str(element.tag)
    kind = (element.get("type") or "text").strip().lower()
    return kind if kind in (*_PLAIN, *_GONE) else "text"


def _grouped(root: HtmlElement) -> list[list[HtmlElement]]:
    """The controls in their order, radio buttons of one name together."""
    groups: list[list[HtmlElement]] = []
    radios: dict[str, list[HtmlElement]] = {}
    for element in root.iter(*_CONTROLS):
        kind, name = kind_of(element), element.get("name")
        if element.tag == "input":
            element.set("type", kind)
        if kind == "radio" and name in radios:
            radios[name].append(element)
            continue
        groups.append([element])
        if kind == "radio" and name:
            radios[name] = groups[-1]
    return groups


def _name(form: Form, groups: list[list[HtmlElement]]) -> None:
    """Give every control an id of its own and every field a name of its own."""
    names, ids = set(RESERVED), {one.get("id", "") for one in form.root.iter() if one.get("id")}
    seen: set[str] = set()
    for elements in groups:
        first = elements[0]
        name = _free(first.get("name") or first.get("id") or "field", names)
        names.add(name)
        for element in elements:
            element.set("name", name)
            old = element.get("id")
            if not old or old in seen or len(old.split()) != 1 or old != old.strip():
                new = _free("-".join((old or name).split()) or "field", ids)
                element.set("id", new)
                ids.add(new)
                if old and old not in seen:
                    form.labels[new] = form.labels.pop(old, [])
                    for label in form.labels[new]:
                        label.set("for", new)
            seen |= {old or "", element.get("id", "")}


def _free(wanted: str, taken: set[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _field(form: Form, elements: list[HtmlElement]) -> FormField:
    first = elements[0]
    kind = kind_of(first)
    options = _options(form, kind, elements)
    label = _group_label(first) if kind == "radio" else label_of(form, first)
    if not label and kind != "radio":
        first.set("aria-label", first.get("name", ""))
    length = first.get("maxlength", "").strip()
    return FormField(
        name=first.get("name", ""),
        kind=kind,
        label=label or first.get("name", ""),
        id=first.get("id", ""),
        required=any(one.get("required") is not None for one in elements),
        options=options,
        max_length=int(length) if length.isascii() and length.isdigit() and len(length) < 10 else None,
        least=first.get("min"),
        most=first.get("max"),
        step=first.get("step"),
        preset=_preset(kind, elements, options),
    )


def _options(form: Form, kind: str, elements: list[HtmlElement]) -> tuple[Option, ...]:
    if kind == "select":
        found = elements[0].iter("option")
        return tuple(Option(option_value(one), _words(one.get("label") or _text(one))) for one in found)
    if kind not in ("checkbox", "radio"):
        return ()
    return tuple(Option(option_value(one), label_of(form, one) or option_value(one)) for one in elements)


def option_value(element: HtmlElement) -> str:
    """What is sent when this option, radio button or checkbox is chosen."""
    value = element.get("value")
    if value is None:
        return _words(_text(element)) if element.tag == "option" else "on"
    return value.strip()


def _preset(kind: str, elements: list[HtmlElement], options: tuple[Option, ...]) -> str:
    if kind == "textarea":
        return elements[0].text_content().strip()
    if kind == "select":
        chosen = [one for one in elements[0].iter("option") if one.get("selected") is not None]
        return option_value(chosen[-1]) if chosen else (options[0].value if options else "")
    if kind in ("checkbox", "radio"):
        return next((option_value(one) for one in elements if one.get("checked") is not None), "")
    return elements[0].get("value", "").strip()


def label_of(form: Form, element: HtmlElement) -> str:
    """What a control is called, without the colon or star at its end; empty when nothing says it."""
    labels = form.labels.get(element.get("id", ""), [])
    around = next(element.iterancestors("label"), None)
    found = [form.text(one) for one in (*labels, *(() if around is None or around in labels else (around,)))]
    text = " ".join(one for one in found if one)
    text = text or _words(element.get("aria-label") or element.get("title") or element.get("placeholder") or "")
    return text.rstrip(":* ")


def _group_label(element: HtmlElement) -> str:
    fieldset = next(element.iterancestors("fieldset"), None)
    legend = None if fieldset is None else fieldset.find("legend")
    return "" if legend is None else _words(_text(legend)).rstrip(":* ")


def _text(element: HtmlElement) -> str:
    """An element's text without that of controls in it. A label that never ends is cut: it may be around all others."""
    parts: list[str] = []
    size = 0
    for part in islice(_parts(element), _MOST_PARTS):
        parts.append(part)
        size += len(part)
        if size > _LONGEST_LABEL:
            break
    return "".join(parts)[:_LONGEST_LABEL]


def _parts(element: HtmlElement) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _CONTROLS:
            yield from _parts(child)
        yield child.tail or ""


def _words(text: str) -> str:
    return " ".join(text.split())


def labels_of(form: Form, element: HtmlElement) -> list[HtmlElement]:
    """The label elements of a control."""
    return [*form.labels.get(element.get("id", ""), []), *element.iterancestors("label")]
