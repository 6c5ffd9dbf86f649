# SPDX-License-Identifier: Apache-2.0
"""Html that is made safe, and the Markdown and plain text that say the same."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import fragment_fromstring
from markdown_it import MarkdownIt

from polyvet.core.reading import on_one_line
from polyvet.core.rendering import (
    ATTRIBUTES,
    DEEPEST,
    INPUTS,
    LONGEST,
    MOST_TAGS,
    OURS,
    TAGS,
    forms_of,
    from_markdown,
    safe,
)
from polyvet.model.errors import Invalid
from tests.dialects.vetcheck import xss_vectors

GOLDEN = Path(__file__).parent / "golden"
LINK = re.compile(r"(?:https?:|mailto:|tel:)|(?![a-z][a-z0-9+.-]*:)", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,|https://\w|/(?![/\\\s])", re.IGNORECASE)
PIECES = re.compile(r"[<>&\"'=/!\-\s]|\w+|.", re.DOTALL)


def require_safe(html: str) -> None:
    """Fails unless nothing stands in it but what may."""
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", html)
    tree = fragment_fromstring(html, create_parent="body")
    for element in tree.iterdescendants():
        assert element.tag in TAGS  # a comment's is a function
        for name, value in element.attrib.items():
            _require_attribute(str(element.tag), str(name), str(value))
        if element.tag == "a":
            assert element.get("rel") == "noopener noreferrer"


def _require_attribute(tag: str, name: str, value: str) -> None:
    if (tag, name) == ("a", "rel"):
        return
    assert name in ATTRIBUTES["*"] | ATTRIBUTES.get(tag, frozenset())
    if name == "href":
        assert LINK.match(re.sub(r"[\x00-\x20]", "", value))
    if name == "src":
        assert PICTURE.match(value)
    if (tag, name) == ("input", "type"):
        assert value in INPUTS
    if name in ("id", "name", "for"):
        assert value.lower() not in OURS
        assert re.fullmatch(r"[A-Za-z][\w.:\[\]-]*", value, re.ASCII)
    if name in ("colspan", "rowspan", "span"):
        assert 0 < int(value) < 100


def test_there_are_enough_vectors_and_none_twice() -> None:
    assert len(xss_vectors.ALL) == len(set(xss_vectors.ALL))
    assert len(xss_vectors.ALL) > 200


@pytest.mark.parametrize("vector", xss_vectors.ALL)
def test_a_vector_is_disarmed_and_stays_so(vector: str) -> None:
    html, markdown, plain = forms_of(vector)
    require_safe(html)
    assert safe(html) == html
    assert forms_of(html) == (html, markdown, plain)
    # Within others, and cut off, it is no better.
    require_safe(safe(f"<table><tr><td>{vector}</td></tr></table>{vector}<p>after"))
    require_safe(safe(f"<select><option>{vector}"))


@pytest.mark.parametrize("vector", xss_vectors.ALL)
def test_markdown_that_lets_html_through_is_harmless(vector: str) -> None:
    """Who shows our Markdown need not clean it: text of ours never becomes markup."""
    for text in (vector, f"<p>{vector.replace('&', '&amp;').replace('<', '&lt;')}</p>"):
        shown = str(MarkdownIt("commonmark", {"html": True}).enable("table").render(forms_of(text)[1]))
        if shown.strip():
            tree = fragment_fromstring(shown, create_parent="body")
            for element in tree.iterdescendants():
                assert element.tag in TAGS
                assert not {name for name in element.attrib if str(name).startswith("on")}
                assert LINK.match(str(element.get("href", "#")))


@settings(max_examples=400, deadline=None, database=None)
@given(st.lists(st.sampled_from(sorted({p for v in xss_vectors.ALL for p in PIECES.findall(v)})), max_size=40))
def test_pieces_of_vectors_in_any_order_are_disarmed(pieces: list[str]) -> None:
    html = safe("".join(pieces))
    require_safe(html)
    assert safe(html) == html


def test_nothing_that_runs_loads_or_sends_is_on_the_list() -> None:
    never = "script style iframe object embed svg math form button meta link base template noscript source video audio"
    assert not TAGS & set(never.split())
    names = frozenset().union(*ATTRIBUTES.values())
    assert not names & set("style srcset formaction action form target background ping srcdoc poster class".split())
    assert not {name for name in names if name.startswith("on")}


def test_what_a_handout_needs_stays() -> None:
    html = (
        '<h1 id="top">Fleas</h1>\n<p lang="de" dir="ltr">Comb <strong>daily</strong>, <em>please</em>.<br>'
        "H<sub>2</sub>O</p>"
        '<ul><li>a</li></ul><ol start="3"><li>b</li></ol><dl><dt>t</dt><dd>d</dd></dl><blockquote>q</blockquote>'
        '<table><caption>c</caption><thead><tr><th scope="col" colspan="2">h</th></tr></thead>'
        '<tbody><tr><td>1</td><td rowspan="2">2</td></tr></tbody></table>'
        '<figure><img src="data:image/png;base64,iVBORw0KGgo=" alt="A dog" width="10" height="10">'
        "<figcaption>A dog</figcaption></figure>"
        '<img src="/pictures/cat.jpg" alt="A cat"><hr><pre>x  y</pre><details><summary>s</summary>more</details>'
    )
    assert safe(html) == html


def test_links_stay_and_tell_nobody_where_they_were() -> None:
    for target in (
        "https://vet.example/a?b=c&amp;d",
        "http://vet.example",
        "mailto:a@vet.example",
        "tel:+4930",
        "/x",
        "#top",
    ):
        html = f'<a href="{target}">x</a>'
        assert safe(html) == html.replace(">x", ' rel="noopener noreferrer">x')


def test_what_a_form_needs_stays() -> None:
    inputs = "".join(f'<input type="{kind}" id="a{kind}" name="a{kind}">' for kind in INPUTS)
    html = (
        f"<fieldset><legend>You</legend>{inputs}"
        '<label for="petName">Pet</label><input type="text" id="petName" name="petName" value="Rex" required="" '
        'maxlength="60" placeholder="as you call it" autocomplete="off">'
        '<input type="number" name="weight" min="0" max="90" step="0.1">'
        '<input type="radio" name="sex" value="f" checked="">'
        '<textarea name="notes" rows="3" required="">so far</textarea>'
        '<select id="petSex" name="petSex" required=""><optgroup label="Known"><option value="male" selected="">Male'
        "</option></optgroup></select></fieldset>"
    )
    assert safe(html) == html


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('<input type="HIDDEN" name="x">a', "a"),
        ('<p>a<input type="submit" value="Go">b</p>', "<p>ab</p>"),
        ("<input name=x>", '<input name="x">'),
        ("<input type=' Checkbox' name=x>", '<input type="checkbox" name="x">'),
        ('<form action="//evil.example"><p>a</p></form>', "<p>a</p>"),
        ("<p>a<button>Send</button></p>", "<p>a</p>"),
        (
            '<input id="csrf" name="csrf"><label for="csrf">x</label>',
            '<input id="field-csrf" name="field-csrf"><label for="field-csrf">x</label>',
        ),
        ('<td headers="csrf a">', ""),
        (
            '<table><tbody><tr><td headers="csrf a b&lt;">x</td></tr></tbody></table>',
            '<table><tbody><tr><td headers="field-csrf a">x</td></tr></tbody></table>',
        ),
        ('<img src="https://vet.example/p.gif" alt="a dog">', '<img src="https://vet.example/p.gif" alt="a dog">'),
        ('<img src="http://evil.example/p.gif" alt="a dog">', '<img alt="a dog">'),
        ('<img src="https:/evil.example/p.gif" alt="">', '<img alt="">'),
        ('<img src="https:\\\\evil.example/p.gif" alt="">', '<img alt="">'),
        ("<p><button><p>x</p></button>y</p>", "<p>y</p>"),
        ("<b title=x id=y>a</b>", "<b>a</b>"),
        ('<img src="data:image/gif;base64,R0lG\n  ODlh">', '<img src="data:image/gif;base64,R0lGODlh">'),
        ('<img src="/a\t/b.png">', '<img src="/a/b.png">'),
        ("<pre>\n\n\na</pre>", "<pre>a</pre>"),
        ("a\x00b\x08c", "abc"),
        ("a<!-- b -->c", "ac"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_becomes_of_it(given: str, kept: str) -> None:
    assert safe(given) == kept


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("x" * (LONGEST + 1), "longer than 500000"),
        ("<p>" * (MOST_TAGS + 1), "more than 20000 elements"),
        ("<div>" * (DEEPEST + 1), "within each other"),
        ("<ul><li>" * MOST_TAGS, "more than 20000 elements"),
        ("<table><tr>" + "<td colspan=99>x" * 10_000, "columns"),
        ("</p>" * 120_000, "more than 20000 elements"),
        ("<blockquote>" * 90 + "x\n" * 200_000, "too many lines in lists and quotes"),
        ("<ul><li>" * 45 + "<pre>" + "x\n" * 200_000, "too many lines in lists and quotes"),
        ("<dl><dd>" * 45 + "<pre>" + "x\n" * 200_000, "too many lines in lists and quotes"),
        ("<blockquote>" * 90 + "<br>" * 19_000, "too many lines in lists and quotes"),
    ],
)
def test_what_is_too_much_is_refused(html: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        forms_of(html)
    assert words in refused.value.problems["html"]


def test_formatting_that_is_never_closed_does_not_grow() -> None:
    """An html parser opens it again in each block: with attributes, ten thousand would become a gigabyte."""
    started = time.perf_counter()
    html = safe("".join(f'<b id="n{n}"><p>' for n in range(9_000)))
    assert len(html) < LONGEST
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "html",
    [
        "<b " * 20_000 + "x" * 440_000,
        "<pre>" + " " * 490_000 + "x</pre>",
        "<pre>" + ("\t" * 100_000 + "x\n") * 4 + "</pre>",
        "<p>" + " " * 490_000 + "x</p>",
        "<p>x" + "\u2003\n" * 240_000 + "</p>",
        "<p>" + "\u2003\n1" * 160_000 + "</p>",
        "<ol>" + "<li>x" * 19_000 + "</ol>",
        "<table>" + "<tbody><tr><td>x" * 6_600 + "</table>",
    ],
    ids=["unclosed", "blanks", "tabs", "blanks before", "blank lines", "blank lines and digits", "items", "bodies"],
)
def test_no_text_takes_time_by_the_square_of_its_length(html: str) -> None:
    """Each of these took minutes, for most of which nobody else was served."""
    started = time.perf_counter()
    forms_of(html)
    assert time.perf_counter() - started < 5


def test_later_bodies_of_a_table_go_on_where_the_first_ends() -> None:
    html = "<table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td>b</td></tr></tbody></table>"
    assert forms_of(html)[1] == "|  |\n| --- |\n| a |\n| b |"


def test_items_are_numbered_from_where_their_list_starts() -> None:
    html = '<ol start="9"><li>a<p>b</p></li><li></li><li>c</li></ol>'
    assert forms_of(html)[1] == "9. a\n\n   b\n11. c"


def test_empty_items_do_not_lie_within_each_other() -> None:
    assert forms_of("<ul>" + "<li></li>" * 5_000 + "<li>a</li></ul>b")[1] == "* a\n\nb"


def test_all_forms_of_a_rich_document() -> None:
    html, markdown, plain = forms_of((GOLDEN / "rich.html").read_text(encoding="utf-8"))
    assert html == (GOLDEN / "rich.safe.html").read_text(encoding="utf-8")
    assert markdown + "\n" == (GOLDEN / "rich.md").read_text(encoding="utf-8")
    assert plain + "\n" == (GOLDEN / "rich.txt").read_text(encoding="utf-8")
    assert safe(html) == html


def test_markdown_becomes_the_html_that_it_came_from() -> None:
    html = (
        "<h1>T</h1>\n<p>a <strong>b</strong> <em>c</em> <code>d</code></p>\n<ul>\n<li>e\n<ul>\n<li>f</li>\n"
        "</ul>\n</li>\n"
        "</ul>\n<ol>\n<li>g</li>\n<li>h</li>\n</ol>\n<blockquote>\n<p>q</p>\n</blockquote>\n<table>\n<thead>\n<tr>\n"
        "<th>x</th>\n<th>y</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1 | 2</td>\n<td>*3*</td>\n</tr>\n"
        "</tbody>\n</table>\n"
        '<p><a href="https://vet.example/a" rel="noopener noreferrer">link</a></p>\n'
    )
    markdown = forms_of(html)[1]
    assert safe(from_markdown(markdown)) == html


def test_html_within_markdown_is_made_safe_with_the_rest() -> None:
    text = (
        "# T\n\n<script>pwn()</script>\n\n<div onclick=pwn()>a</div>\n\n[b](javascript:pwn()) ![c](//evil.example/x)\n"
    )
    html = safe(from_markdown(text))
    require_safe(html)
    assert "pwn" not in html.replace("[b](javascript:pwn())", "")


def test_text_on_one_line() -> None:
    assert on_one_line(" a\n\n b\u00a0c ") == "a b c"
