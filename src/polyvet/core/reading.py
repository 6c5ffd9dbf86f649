# SPDX-License-Identifier: Apache-2.0
"""What safe html says as Markdown and as plain text. Where a form asks, both show a blank; pictures are their words.

The html may be anybody's: no expression here reads a character again and again, and what the libraries would is made
short for them or refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from polyvet.model.errors import Invalid

FIELD = "html"
BLANK = "________"
BOX = "[ ]"
_BLANK_LINES = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_SPACE = re.compile(r"[ \t\r\n]++")
_ANYWHERE = re.compile(r"([\\`*_\[\]<])")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
# What would begin a heading, a quote, a list, a rule or code at the start of a line.
_AT_START = re.compile(r"^([^\S\n]*+)(#|>|[+-](?=\s|$)|-{2,}|={2,}|~{3,})", re.MULTILINE)
_NUMBERED = re.compile(r"^([^\S\n]*+\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
_BACKTICKS = re.compile(r"`+")
_APART = ("p", "dl", "figure", "fieldset", "blockquote", "details", "section", "article")
_LINES = ("dt", "caption", "summary", "legend", "optgroup", "address")
# What is set in, at each level. All that this adds is bounded, since many lines would become many times as long.
_SET_IN = frozenset(("blockquote", "ul", "ol", "li", "dd"))
_INDENT, _MOST_INDENTED = 4, 1_000_000  # characters
_NUMBER = "number"  # the attribute that says which item of a list one is
_TARGET = str.maketrans({c: f"%{ord(c):02X}" for c in " \t\n\r()<>\\\"'`*_[]|"})


def texts_of(html: str) -> tuple[str, str]:
    """Markdown (headings with #, bullets as *) and plain text of safe html. Invalid for lists and quotes that hold too
    much at too deep a level."""
    tree = _readable(html)
    _prepare(tree)
    markdown = _markdown(tree)
    return _neat(markdown), _neat(_plain(tree))


def on_one_line(text: str) -> str:
    """The text with its white space collapsed."""
    return " ".join(text.split())


def _neat(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text)).strip("\n")


def _readable(html: str) -> Any:
    """A tree of what can be read: inputs are blanks, and nothing is left that only a browser shows."""
    from lxml.html import fragment_fromstring

    tree = fragment_fromstring(html, create_parent="body")
    for element in list(tree.iter("input", "textarea", "select", "img", "a")):
        said = _said(element)
        if said is None:
            href = element.get("href")
            element.attrib.clear()
            if href is not None:
                element.set("href", href.translate(_TARGET))
            continue
        tail = element.tail
        element.clear()
        element.tag, element.text, element.tail = "span", said, tail
    for table in list(tree.iter("table")):
        _set_apart(table)
        for later in table.findall("tbody")[1:]:  # its rows go on where the first one's end
            later.drop_tag()
    return tree


def _prepare(tree: Any) -> None:
    """Shorten white space to what is shown of it, number the items of lists, and see that not too much is set in."""
    indented, waiting = 0, [(tree, 0, False)]
    while waiting:
        element, level, kept = waiting.pop()
        if element.tag == "ol":
            _number(element)
        kept = kept or element.tag == "pre"
        inside = level + (element.tag in _SET_IN)
        if not kept:
            element.text = _shortened(element.text)
        lines = 1 + (element.text or "").count("\n")
        for child in element:
            if not kept:
                child.tail = _shortened(child.tail)
            lines += (child.tail or "").count("\n")
            waiting.append((child, inside, kept))
        indented += lines * inside * _INDENT
        if indented > _MOST_INDENTED:
            raise Invalid({FIELD: "has too many lines in lists and quotes within each other"})


def _shortened(text: str | None) -> str | None:
    """White space is a line end if there is one in it, else a blank."""
    return None if text is None else _SPACE.sub(_one_space, text)


def _one_space(run: re.Match[str]) -> str:
    return " " if set(run[0]).isdisjoint("\r\n") else "\n"


def _number(ordered: Any) -> None:
    """Say at each item which it is; the converter would count those before it."""
    for number, item in enumerate(ordered.iterchildren("li"), int(ordered.get("start", "1"))):
        item.set(_NUMBER, str(number))


def _set_apart(table: Any) -> None:
    """Put a table into a section, since plain text knows no margins of tables."""
    section = table.makeelement("section")
    section.tail, table.tail = table.tail, None
    table.getparent().replace(table, section)
    section.append(table)


def _said(element: Any) -> str | None:
    """What stands in an element's place; None for a link, which stays."""
    match element.tag:
        case "img":
            return str(element.get("alt", ""))
        case "input":
            return BOX if element.get("type") in ("checkbox", "radio") else element.get("value") or BLANK
        case "textarea":
            return on_one_line(element.text_content()) or BLANK
        case "select":
            options = [on_one_line(option.text_content()) for option in element.iter("option")]
            return f"({' / '.join(filter(None, options))})"
    return None


def _plain(tree: Any) -> str:
    from inscriptis.html_engine import Inscriptis

    for element in tree.iter():  # it takes entities for characters once more than there are
        element.text, element.tail = _twice(element.text), _twice(element.tail)
    return str(Inscriptis(tree, _layout()).get_text())


def _twice(text: str | None) -> str | None:
    return None if text is None else text.replace("&", "&amp;")


@cache
def _layout() -> Any:
    """How elements are set in plain text."""
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement

    apart = {name: HtmlElement(display=Display.block, margin_before=1, margin_after=1) for name in _APART}
    lines = {name: HtmlElement(display=Display.block) for name in ("body", *_LINES)}
    css = {**STRICT_CSS_PROFILE, **apart, **lines, "dd": HtmlElement(display=Display.block, padding_inline=4)}
    return ParserConfig(css=css, display_images=False, display_links=False)


def _markdown(tree: Any) -> str:
    from lxml.html import tostring

    # As XML: as html an empty item would lack its end, and those that follow would lie within it.
    return str(_converter().convert(tostring(tree, encoding="unicode", method="xml")))


@cache
def _converter() -> Any:
    """The converter to Markdown, whose text never becomes markup: who shows it may let html through."""
    from markdownify import MarkdownConverter

    class Converter(MarkdownConverter):
        def block(self, el: Any, text: str, parent_tags: set[str]) -> str:
            text = text.strip()
            return f" {text} " if "_inline" in parent_tags else f"\n\n{text}\n\n" if text else ""

        convert_details = convert_summary = convert_fieldset = convert_legend = convert_figure = convert_address = block

        def escape(self, text: str, parent_tags: set[str]) -> str:
            text = _ENTITY.sub("&amp;", _ANYWHERE.sub(r"\\\1", text))
            if "_inline" in parent_tags:
                text = text.replace("|", r"\|")
            return _NUMBERED.sub(r"\1\\\2", _AT_START.sub(r"\1\\\2", text))

        def convert_li(self, el: Any, text: str, parent_tags: set[str]) -> str:
            number = el.get(_NUMBER)
            bullet = "* " if number is None else f"{number}. "
            first, *others = text.strip().split("\n")
            indent = " " * len(bullet)
            lines = (bullet + first, *(indent + line if line else "" for line in others))
            return "\n".join(lines) + "\n" if text.strip() else "\n"

        def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
            longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"\n\n{fence}\n{text.strip(chr(10))}\n{fence}\n\n" if text.strip() else ""

    return Converter(heading_style="ATX", bullets="*", newline_style="backslash", autolinks=False)
