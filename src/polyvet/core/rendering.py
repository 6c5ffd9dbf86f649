# SPDX-License-Identifier: Apache-2.0
"""Content in its forms: html that is safe to show, and the Markdown and the plain text that are made from it.

Everything that clinics write goes through `safe` before it is kept: an allow-list of elements and attributes
[inferred]. Pictures are part of the text (`data:`), of this server (`/…`), or come by https from where their author
says: that host learns that somebody reads, and the pages' headers see to it that it does not learn what. All of this
can take a second for the largest texts: work for a thread.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from polyvet.core import reading
from polyvet.model.errors import Invalid

LONGEST = 500_000  # characters of html
MOST_TAGS = 20_000  # an html parser takes time by the square of elements that are left open
_MOST_WRITTEN = 3 * MOST_TAGS  # by the cleaner: a formatting element is opened again, a `</p>` alone becomes one
DEEPEST = 100  # elements within each other
_PASSES = 8
FIELD = reading.FIELD

TAGS = frozenset(
    "h1 h2 h3 h4 h5 h6 p br hr wbr div span section article address blockquote pre ul ol li dl dt dd details summary "
    "a abbr b bdi bdo cite code del dfn em i ins kbd mark q s samp small strong sub sup time u var "
    "table caption colgroup col thead tbody tfoot tr th td img figure figcaption "
    "input textarea select optgroup option fieldset legend label".split()
)
_WITH_CONTENT = frozenset(  # what stands in these is no text either
    "script style iframe object embed applet svg math template noscript noembed noframes title xmp plaintext button "
    "datalist audio video canvas frameset".split()
)
_EVERYWHERE = frozenset("id lang dir title aria-label aria-labelledby aria-describedby".split())
_NAMED = "name required maxlength placeholder autocomplete"
_OF_A_TAG = {
    "a": "href",
    "img": "src alt width height",
    "ol": "start reversed",
    "li": "value",
    "del": "datetime",
    "ins": "datetime",
    "time": "datetime",
    "details": "open",
    "col": "span",
    "colgroup": "span",
    "td": "colspan rowspan headers",
    "th": "colspan rowspan headers scope abbr",
    "label": "for",
    "input": f"type value min max step checked {_NAMED}",
    "textarea": f"rows cols {_NAMED}",
    "select": "name required autocomplete",
    "option": "value selected",
    "optgroup": "label",
}
ATTRIBUTES = {"*": _EVERYWHERE, **{tag: frozenset(names.split()) for tag, names in _OF_A_TAG.items()}}
INPUTS = ("text", "email", "tel", "date", "number", "checkbox", "radio")
LINKS = ("http", "https", "mailto", "tel")
# Names that mean something to a page that shows the content, or that a form in a browser is asked by.
OURS = frozenset(
    "csrf next token action method target enctype submit reset save send draft elements length attributes children "
    "childnodes parentnode parentelement firstchild lastchild nextsibling innerhtml outerhtml nodename nodetype "
    "ownerdocument style classname checkvalidity requestsubmit constructor prototype __proto__ tostring valueof "
    "hasownproperty document window location history cookie domain body head forms images links scripts "
    "defaultview getelementbyid queryselector createelement currentscript documentelement".split()
)
OURS_PREFIX = "field-"
_REFUSED = "refused"  # the type that marks an input to be taken out

_NAME = re.compile(r"[A-Za-z][\w.:\[\]-]{0,99}", re.ASCII)
_NAMES = frozenset(("id", "name", "for"))
_LISTS_OF_NAMES = frozenset(("headers", "aria-labelledby", "aria-describedby"))
_SMALL = frozenset(("colspan", "rowspan", "span"))
_COUNTS = frozenset(("width", "height", "start", "rows", "cols", "maxlength"))
_COUNT = re.compile(r"\d{1,6}", re.ASCII)
_SMALL_COUNT = re.compile(r"[1-9]\d?", re.ASCII)
_PICTURE = re.compile(
    r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*|(?:https://[A-Za-z0-9]|/(?!/))[^\\\x00-\x20\x7f]*",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]+")
# No text, and not to be carried by all that reads it.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_START = re.compile(r"<[a-zA-Z]")
# An html parser opens these again in each block until they are closed, and those alike three times only: with
# attributes of their own a few thousand of them would become millions.
# One that is not closed reaches to the end of the text: so no character is read twice.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?:[\s/][^>]*+)?+(?=>|\Z)", re.IGNORECASE
)
# What the cleaner writes has `<` in tags only.
_REFUSED_INPUT = re.compile(rf'<input(?: [^<>]*)? type="{_REFUSED}"[^<>]*>')
_FIRST_NEWLINES = re.compile(r"(<(?:pre|textarea)(?: [^<>]*)?>)\n+")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
_VOID = frozenset(("br", "hr", "wbr", "img", "input", "col"))


def safe(html: str) -> str:
    """Html that runs nothing, loads nothing from elsewhere and sends nothing; the same again for what is safe already.
    Invalid for what is too large, too deep or too broken."""
    _require_bounded(html)
    text = _FORMATTING.sub(r"<\1", _CONTROLS.sub("", html))
    for _ in range(_PASSES):
        cleaned = _cleaned(text)
        if cleaned == text:
            return text
        if len(cleaned) > 2 * LONGEST:
            raise Invalid({FIELD: "grows too much when its open elements are closed"})
        _require_few(cleaned, _MOST_WRITTEN)
        _require_shallow(cleaned)
        text = cleaned
    raise Invalid({FIELD: "is too broken: its elements do not lie within each other"})


def forms_of(html: str) -> tuple[str, str, str]:
    """Safe html, and what it says as Markdown and as plain text. Invalid as `safe` has it."""
    cleaned = safe(html)
    markdown, plain = reading.texts_of(cleaned)
    if max(len(markdown), len(plain)) > 2 * LONGEST:
        raise Invalid({FIELD: "spans too many columns"})
    return cleaned, markdown, plain


def from_markdown(text: str) -> str:
    """Html of CommonMark with tables, which is yet to be made safe."""
    return str(_markdown().render(text))


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _require_bounded(html: str) -> None:
    if len(html) > LONGEST:
        raise Invalid({FIELD: f"must not be longer than {LONGEST} characters"})
    _require_few(html, MOST_TAGS)


def _require_few(html: str, most: int) -> None:
    if len(_START.findall(html)) > most:
        raise Invalid({FIELD: f"must not hold more than {MOST_TAGS} elements"})


def _require_shallow(cleaned: str) -> None:
    depth = 0
    for closing, tag in _TAG.findall(cleaned):
        depth += 0 if tag in _VOID else -1 if closing else 1
        if depth > DEEPEST:
            raise Invalid({FIELD: f"must not hold more than {DEEPEST} elements within each other"})


def _cleaned(text: str) -> str:
    """One pass of the cleaner. What it leaves out may leave elements where no parser would put them, so that the next
    parser puts them elsewhere; only what comes out as it went in will be read by a browser as it was read here."""
    import nh3

    cleaned = nh3.clean(
        text,
        tags=set(TAGS),
        clean_content_tags=set(_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={*LINKS, "data"},
        link_rel="noopener noreferrer",
    )
    return _FIRST_NEWLINES.sub(r"\1", _REFUSED_INPUT.sub("", _CONTROLS.sub("", cleaned)))


def _attribute(tag: str, name: str, value: str) -> str | None:
    """What an attribute may say; None takes it away."""
    if name in _NAMES:
        return _renamed(value)
    if name in _LISTS_OF_NAMES:
        return " ".join(filter(None, map(_renamed, value.split()))) or None
    if name == "href":
        scheme = _SCHEME.match(_INVISIBLE.sub("", value).lower())
        return value if scheme is None or scheme[1] in LINKS else None
    if name == "src":
        value = "".join(value.split())  # as a browser reads it: lines within it do not count
        return value if _PICTURE.fullmatch(value) else None
    if (tag, name) == ("input", "type"):
        kind = value.strip().lower()
        return kind if kind in INPUTS else _REFUSED
    if name in _SMALL:
        return value if _SMALL_COUNT.fullmatch(value) else None
    if name in _COUNTS:
        return value if _COUNT.fullmatch(value) else None
    return value


def _renamed(name: str) -> str | None:
    """A name that is its own; None for one that is none."""
    if not _NAME.fullmatch(name):
        return None
    return f"{OURS_PREFIX}{name}" if name.lower() in OURS else name
