# SPDX-License-Identifier: Apache-2.0
"""Forms: what is checked of what was sent, how answers are put in and shown, and that no answer is ever html."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvet.core import filling
from polyvet.core.rendering import safe
from polyvet.model.errors import Invalid
from tests.dialects.library import FORM_HTML

RADIOS = (
    "<fieldset><legend>Kind *</legend>"
    '<p><input type="radio" name="kind" value="cat" id="kind_cat" required> <label for="kind_cat">A cat</label></p>'
    '<p><label><input type="radio" name="kind" value="dog"> A dog</label></p></fieldset>'
)
NUMBER = '<ul><li><label>Weight <input type="number" name="weight" min="0.5" max="90" step="0.1"></label></li></ul>'
DAY = '<p><label for="day">Day</label><input type="date" id="day" name="day" min="2026-01-01" max="2026-12-31"></p>'
ALL = FORM_HTML + RADIOS + NUMBER + DAY
GOOD = {
    "firstName": "Anna", "ownerEmail": "anna@mail.example", "petName": "", "petSex": "female", "notes": "",
    "agree": "yes", "kind": "dog", "weight": "4.5", "day": "2026-05-04",
}  # fmt: skip


class Structure(HTMLParser):
    """The tags of a text, without what answers may change: values, texts, and what is chosen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.texts: list[str] = []
        self.values: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") not in ("checkbox", "radio"):
            self.values[found.get("name") or ""] = found.pop("value", "") or ""
        self.tags.append((tag, sorted(name for name in found if name not in ("checked", "selected"))))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.tags.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        self.tags.append(("instruction", data))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def problem(html: str, said: str) -> str | None:
    """What is wrong with an answer to a form of one field."""
    [field] = filling.fields(html)
    return filling.checked(html, {field.name: said})[1].get(field.name)


def test_what_is_right_is_kept_and_what_is_not_asked_ignored() -> None:
    sent = {**GOOD, "firstName": "  Anna \t", "unknown": "x", "csrf": "y", "decision": "send"}
    assert filling.checked(ALL, sent) == (GOOD, {})
    assert list(filling.checked(ALL, {})[0]) == list(GOOD)
    assert [field.name for field in filling.fields(ALL)] == list(GOOD)


@pytest.mark.parametrize(
    ("html", "said", "expected"),
    [
        ('<input name="a" required>', " \r\n ", "Fill this in."),
        ('<input name="a">', "", None),
        ('<input name="a" maxlength="3">', "abcd", "This is too long: 3 characters fit."),
        ('<input name="a" maxlength="3">', " abc ", None),
        ('<input name="a" maxlength="-3">', "abcd", None),
        ('<textarea name="a" maxlength="3"></textarea>', "a\r\nb", None),
        ('<input name="a" type="checkbox" required>', "", "Tick this to go on."),
        ('<input name="a" type="checkbox" required>', "on", None),
        ('<input name="a" type="checkbox" value="yes">', "on", "Choose one of what is offered."),
        ('<input name="a" type="email">', "nobody", "Write an e-mail address, such as name@example.org."),
        ('<input name="a" type="email">', "a b@c.example", "Write an e-mail address, such as name@example.org."),
        ('<input name="a" type="email">', "ä@über.example", None),
        ('<input name="a" type="tel">', "+358 40 1234567 ext. 8", None),
        ('<input name="a" type="date">', "2026-02-29", "Write a date as year-month-day, such as 2026-05-04."),
        ('<input name="a" type="date">', "20260228", "Write a date as year-month-day, such as 2026-05-04."),
        ('<input name="a" type="date">', "2026-W01-1", "Write a date as year-month-day, such as 2026-05-04."),
        ('<input name="a" type="date">', "٢٠٢٦-٠٢-٠١", "Write a date as year-month-day, such as 2026-05-04."),
        ('<input name="a" type="date" min="2026-03-01">', "2026-02-28", "The earliest date is 2026-03-01."),
        ('<input name="a" type="date" max="2026-03-01">', "2026-03-02", "The latest date is 2026-03-01."),
        ('<input name="a" type="date" min="soon" max="">', "2026-03-02", None),
        ('<input name="a" type="number">', "3", None),
        ('<input name="a" type="number">', "-0", None),
        ('<input name="a" type="number">', "3.5", "Write a whole number."),
        ('<input name="a" type="number">', "1e3", "Write a number, such as 4.5."),
        ('<input name="a" type="number">', "9" * 9_999, "Write a number, such as 4.5."),
        ('<input name="a" type="number">', "٣", "Write a number, such as 4.5."),
        ('<input name="a" type="number" min="0.5" step="0.1">', "0.7", None),
        ('<input name="a" type="number" min="0.5" step="0.1">', "0.75", "Only steps of 0.1 fit."),
        ('<input name="a" type="number" min="0.5" step="0.1">', ".4", "The least is 0.5."),
        ('<input name="a" type="number" max="9">', "9.", None),
        ('<input name="a" type="number" max="9">', "10", "The most is 9."),
        ('<input name="a" type="number" step="any">', "3.14159", None),
        ('<input name="a" type="number" step="0">', "3", None),
        ('<input name="a" type="number" step="x" value="0.5">', "1.5", None),
        ('<select name="a" required><option value="">-</option><option>x</option></select>', "", "Choose one."),
        ('<select name="a"><option value="1">x</option></select>', "x", "Choose one of what is offered."),
        ('<select name="a"><optgroup label="g"><option> x  y </option></optgroup></select>', "x y", None),
        ('<select name="a"></select>', "x", "Choose one of what is offered."),
        (RADIOS, "", "Choose one."),
        (RADIOS, "bird", "Choose one of what is offered."),
        ('<input name="a" type="time">', "whenever", None),
        ("<input>", "x" * 10_000, None),
        ("<input>", "x" * 10_001, "This is too long: 10,000 characters fit."),
    ],
)
def test_answers_are_checked(html: str, said: str, expected: str | None) -> None:
    assert problem(html, said) == expected


def test_a_form_is_bounded() -> None:
    html = "".join(f'<input name="f{number}">' for number in range(200))
    answers, problems = filling.typed(html, {f"f{number}": "x" * 1_000 for number in range(200)})
    assert problems == {}
    assert sum(map(len, answers.values())) == filling.LONGEST_IN_ALL
    _, problems = filling.typed(html, {f"f{number}": "x" * 1_005 for number in range(200)})
    assert problems == {"f199": "All answers together are too long: 200,000 characters fit."}
    with pytest.raises(Invalid, match="more than 200 fields"):
        filling.fields(html + "<textarea></textarea>")


def test_a_draft_is_only_bounded() -> None:
    answers, problems = filling.typed(ALL, {"ownerEmail": "an", "weight": "a lot", "notes": "x" * 10_001})
    assert (answers["ownerEmail"], answers["weight"], answers["firstName"]) == ("an", "a lot", "")
    assert list(problems) == ["notes"]


def test_answers_stand_in_the_fields() -> None:
    said = {**GOOD, "notes": "one\ntwo <b>", "firstName": 'A "quoted" & <i>'}
    found = Structure(filling.filled(ALL, said, {}))
    assert found.values == {name: said[name] for name in ("firstName", "ownerEmail", "petName", "weight", "day")}
    html = filling.filled(ALL, said, {})
    assert '<option value="female" selected>' in html
    assert html.count(" selected") == 1
    assert 'value="dog" id="kind" checked' in html
    assert 'id="agree" name="agree" value="yes" required checked' in html
    assert ">\none\ntwo &lt;b&gt;</textarea>" in html


def test_what_nobody_answered_is_as_the_form_has_it_and_what_was_emptied_is_empty() -> None:
    html = (
        '<input name="a" value="x"><input type="checkbox" name="b" checked><textarea name="c">y</textarea>'
        "<select name=d><option>1<option selected>2</select>"
    )
    assert [field.preset for field in filling.fields(html)] == ["x", "on", "y", "2"]
    assert filling.as_text(html, {}) == "a: x\nb: Yes\nc: y\nd: 2"
    emptied = filling.filled(html, filling.checked(html, {})[0], {})
    assert "checked" not in emptied
    assert "selected" not in emptied
    assert 'value=""' in emptied
    assert filling.as_text(html, filling.checked(html, {})[0]) == "a: —\nb: No\nc: —\nd: —"


def test_problems_stand_beside_their_fields() -> None:
    answers, problems = filling.checked(ALL, {"weight": "100", "petSex": "x"})
    html = filling.filled(ALL, answers, problems)
    assert list(problems) == ["firstName", "ownerEmail", "petSex", "agree", "kind", "weight"]
    for field in filling.fields(ALL):
        told = f'<p class="wrong" id="{field.id}-problem">'
        assert (told in html) == (field.name in problems)
        assert html.count(f'aria-describedby="{field.id}-problem"') == {"kind": 2}.get(
            field.name, int(field.name in problems)
        )
    # No paragraph within a paragraph or a label: a browser would tear them apart.
    assert '</label></p><p class="wrong" id="agree-problem">Tick this to go on.</p>' in html
    assert '</label><p class="wrong" id="weight-problem">The most is 90.</p></li></ul>' in html
    assert '</p><p class="wrong" id="kind_cat-problem">Choose one.</p></fieldset>' in html


def test_a_problem_goes_behind_the_label_and_text_of_its_field() -> None:
    html = '<div><input type="checkbox" id="a"> <label for="a">Yes</label> please</div>'
    assert filling.filled(html, {}, {"a": "No"}).endswith('</label> please<p class="wrong" id="a-problem">No</p></div>')


def test_what_must_be_filled_in_is_marked() -> None:
    html = filling.filled(ALL, {}, {})
    assert '<label for="firstName" class="needed">' in html
    assert '<label for="petName">' in html
    assert '<legend class="needed">' in html


def test_forms_are_shown_without_fields() -> None:
    said = {**GOOD, "notes": "one\n<two>", "petSex": "male"}
    html = filling.shown(ALL, said)
    tags = {one[0] for one in Structure(html).tags if isinstance(one, tuple)}
    assert not tags & {"input", "select", "textarea", "option", "label", "form", "button"}
    for answer in ("Anna", "Male", "one\n&lt;two&gt;", "Yes", "A dog", "4.5", "2026-05-04"):
        assert f'<span class="answer">{answer}</span>' in html
    assert "A cat" not in html
    assert '<span class="asked">Pet</span> <span class="answer">—</span>' in html
    assert '<legend>Kind *</legend><p><span class="answer">A dog</span> </p></fieldset>' in html


def test_answers_are_written_out_as_lines() -> None:
    said = {**GOOD, "notes": "one\ntwo", "agree": ""}
    assert filling.as_text(ALL, said).splitlines() == [
        "First name: Anna", "E-mail: anna@mail.example", "Pet: —", "Sex: Female", "Notes: one", "  two", "I agree: No",
        "Kind: A dog", "Weight: 4.5", "Day: 2026-05-04",
    ]  # fmt: skip


def test_a_label_that_ends_a_sentence_needs_no_second_mark() -> None:
    html = (
        '<label for="a">Desexed?</label><input id="a" name="a"><label for="b">I agree.</label>'
        '<input type="checkbox" id="b" name="b"><label for="c">Weight:</label><input id="c" name="c">'
    )
    assert filling.as_text(html, {"a": "Yes", "b": "on", "c": "4"}) == "Desexed? Yes\nI agree: Yes\nWeight: 4"


def test_a_form_begins_with_what_is_known_by_id_or_name() -> None:
    html = (
        '<input id="petName" name="pet"><select name="petSex"><option value="m">Male</option></select>'
        '<input name="ownerEmail"><select name="petSpecies"><option>Cat</option></select>'
    )
    known = {"petName": "Bluey", "petSex": "MALE", "petSpecies": "Dog", "lastName": "x"}
    assert filling.begun(html, known) == {"pet": "Bluey", "petSex": "m"}


def test_every_field_has_a_name_and_an_id_of_its_own() -> None:
    html = (
        '<input name="a"><input name="a"><input id="x"><input id="x"><input><textarea></textarea><input name="csrf">'
        '<input type="checkbox" name="c" value="1"><input type="checkbox" name="c" value="2"><input name="a-2">'
        '<label for="s p">Two words</label><input id="s p"><input name="own">'
    )
    found = filling.fields(html)
    names = ["a", "a-2", "x", "x-2", "field", "field-2", "csrf-2", "c", "c-2", "a-2-2", "s p", "own-2"]
    assert [field.name for field in found] == names
    assert len({field.id for field in found}) == len(found)
    assert [field.label for field in found][10] == "Two words"
    answers, problems = filling.checked(html, {"c": "1", "c-2": "2", "a": "one", "a-2": "two"})
    assert not problems
    assert (answers["c"], answers["c-2"], answers["a-2"]) == ("1", "2", "two")
    assert '<label for="s-p">' in filling.filled(html, {}, {})


def test_labels_come_from_wherever_they_are() -> None:
    html = (
        '<label>Around <input name="a"></label><input name="b" aria-label="Said"><input name="c" placeholder="Held">'
        '<label for="d">By <em>id</em>: *</label><input id="d"><input name="e">'
        "<label>Long <textarea>x</textarea> end</label>"
    )
    assert [field.label for field in filling.fields(html)] == ["Around", "Said", "Held", "By id", "e", "Long end"]
    assert 'name="e" type="text" id="e" aria-label="e"' in filling.filled(html, {}, {})


def test_a_label_around_all_fields_is_cut() -> None:
    html = "<label>" + '<input name="f">words ' * 200 + "</label>"
    found = filling.fields(html)
    assert {field.label for field in found} == {found[0].label}
    assert 900 < len(found[0].label) <= 1_000
    marked = filling.filled(html.replace("<input", "<input required"), {}, {})
    assert marked.startswith('<label class="needed"><input')


def test_what_is_no_field_of_a_form_goes() -> None:
    html = (
        '<form action="https://elsewhere.example"><input type="hidden" name="h"><input type="file" name="f">'
        '<input type="password" name="p"><button formaction="x">b</button>'
        '<input name="a" form="other" disabled pattern="x"></form>'
    )
    assert [field.name for field in filling.fields(html)] == ["a"]
    assert filling.filled(html, {}, {}) == '<input name="a" type="text" id="a" aria-label="a">'


@pytest.mark.parametrize(
    "html", ["", "plain", "<!-- -->", "<p>", "</p></div>", "<table><input></table>", "<p>&amp;<br>ä"]
)
def test_any_html_is_taken(html: str) -> None:
    for made in (filling.filled(html, {}, {}), filling.shown(html, {})):
        assert filling.shown(made, {}) == filling.shown(html, {})
    assert filling.filled("plain &amp; ä", {}, {}) == "plain &amp; ä"


ANSWER = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="<>\"'&/=- !\n\r\t\0;a\u2028\ud800", max_size=30),
    st.sampled_from((
        '"><script>alert(1)</script>', "</textarea><img src=x onerror=alert(1)>", "</span></div><h1>", "<!--", "-->",
        "]]>", "&quot;&gt;", "&#34;&#62;", "' autofocus onfocus='x", "<?php", "<![CDATA[", "\u0000<b>", "{{ 7*7 }}",
        "${7*7}",
    )),
)  # fmt: skip
NAMES = tuple(GOOD)


SOME = st.dictionaries(st.sampled_from(NAMES), ANSWER, max_size=5)


@settings(deadline=None)
@given(SOME, SOME)
def test_no_answer_changes_the_html(said: dict[str, str], problems: dict[str, str]) -> None:
    answers, _ = filling.checked(ALL, said)
    blank = dict.fromkeys(NAMES, "")
    found = Structure(filling.filled(ALL, answers, problems))
    assert found.tags == Structure(filling.filled(ALL, blank, dict.fromkeys(problems, "x"))).tags
    for name in ("firstName", "ownerEmail", "petName", "weight", "day"):
        assert found.values[name] == answers[name]
    assert Structure(filling.shown(ALL, answers)).tags == Structure(filling.shown(ALL, blank)).tags


@settings(deadline=None)
@given(SOME)
def test_what_was_filled_in_comes_back_as_it_was(said: dict[str, str]) -> None:
    answers, _ = filling.typed(ALL, said)
    assert filling.typed(ALL, answers)[0] == answers
    assert filling.typed(filling.filled(ALL, answers, {}), answers)[0] == answers


@settings(deadline=None)
@given(st.text(alphabet="<>/= \"'abpinputlegdsco-!", max_size=60), st.text(max_size=10))
def test_whatever_a_clinic_writes_can_be_filled_in(html: str, answer: str) -> None:
    html = safe(html)
    known = filling.fields(html)
    answers, problems = filling.checked(html, {field.name: answer for field in known})
    filling.filled(html, answers, problems)
    filling.shown(html, answers)
    filling.as_text(html, answers)
