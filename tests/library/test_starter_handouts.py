# SPDX-License-Identifier: Apache-2.0
"""The starter library's handouts as files: their front matter, their shape, and what no handout may hold."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from polyvet.core.library_files import STARTER
from polyvet.core.library_sources import Source, read_folder
from polyvet.model.countries import COUNTRIES
from polyvet.model.library import ContentKind
from polyvet.model.species import SPECIES

HANDOUTS = [one for one in read_folder(STARTER, numbered=True) if one.kind == ContentKind.HANDOUT]
REVIEW = "*A starting point for your clinic's own vet to review and adapt.*"
AT_ONCE = "Call the clinic at once"
WORDS = range(250, 501)
WIDTH = 120
DOSE = re.compile(r"\d\s*(?:mg|mcg|µg|g|ml|IU|units?)(?:/kg)?\b|\bper kg\b", re.IGNORECASE)

each = pytest.mark.parametrize("handout", HANDOUTS, ids=lambda one: one.slug)


def _tokens(handout: Source) -> list[Token]:
    """Every block of the handout and every piece within one."""
    blocks = MarkdownIt("commonmark").enable("table").parse(handout.text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def _headings(handout: Source, tag: str) -> list[str]:
    pairs = pairwise(_tokens(handout))
    return [after.content for token, after in pairs if (token.type, token.tag) == ("heading_open", tag)]


@each
def test_the_head_says_what_it_must(handout: Source) -> None:
    assert {"title", "keywords", "role", "number"} <= handout.lines.keys()
    assert handout.country is None or handout.country in COUNTRIES
    assert handout.species is None or handout.species in {one.common for one in SPECIES}


@each
def test_its_file_is_markdown_and_has_a_plain_name(handout: Source) -> None:
    assert handout.is_markdown
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", handout.slug)


@each
def test_keywords_are_many_and_single(handout: Source) -> None:
    words = handout.keywords.split(", ")
    assert len(words) >= 9
    assert len(words) == len(set(words))
    assert all(word == word.strip() != "" and "," not in word for word in words)


@each
def test_the_title_is_its_only_first_heading_and_parts_follow(handout: Source) -> None:
    assert handout.text.startswith(f"# {handout.title}\n")
    assert _headings(handout, "h1") == [handout.title]
    parts = _headings(handout, "h2")
    assert len(parts) >= 3
    assert len(parts) == len(set(parts))
    tags = {token.tag for token in _tokens(handout) if token.type == "heading_open"}
    assert tags <= {"h1", "h2", "h3"}


@each
def test_it_says_when_to_call_and_has_lists(handout: Source) -> None:
    assert _headings(handout, "h2").count(AT_ONCE) == 1
    assert "bullet_list_open" in {token.type for token in _tokens(handout)}


@each
def test_every_table_names_its_columns(handout: Source) -> None:
    assert all(after.content for token, after in pairwise(_tokens(handout)) if token.type == "th_open")


@each
def test_it_ends_with_the_line_for_the_clinics_vet(handout: Source) -> None:
    assert handout.text.endswith(f"\n\n{REVIEW}\n")
    assert handout.text.count(REVIEW) == 1


@each
def test_it_is_short_enough_to_be_read_on_a_phone(handout: Source) -> None:
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", handout.text)
    assert len(words) in WORDS


@each
def test_its_source_reads_well(handout: Source) -> None:
    lines = handout.text.split("\n")
    assert [line for line in lines if len(line) > WIDTH or line != line.rstrip() or "\t" in line] == []


@each
def test_it_holds_no_html_no_link_and_no_picture(handout: Source) -> None:
    kinds = {token.type for token in _tokens(handout)}
    assert kinds.isdisjoint({"html_block", "html_inline", "link_open", "image", "fence", "code_block"})
    assert re.search(r"https?:|www\.|@|<", handout.text) is None


@each
def test_it_gives_no_dose(handout: Source) -> None:
    assert DOSE.search(handout.text) is None


def test_numbers_are_unique_without_a_gap() -> None:
    assert sorted(one.number or 0 for one in HANDOUTS) == list(range(1, len(HANDOUTS) + 1))


def test_titles_differ() -> None:
    assert len({one.title for one in HANDOUTS}) == len(HANDOUTS)


def test_each_species_has_its_handouts_and_some_are_free() -> None:
    species = Counter(one.species for one in HANDOUTS)
    assert species == {"Dog": 13, "Cat": 8, "Horse": 5, "Rabbit": 5, "Bird": 4, None: 5}
    assert Counter(one.role for one in HANDOUTS) == {"free": 11, "premium": 29}
    assert {one.species for one in HANDOUTS if one.role == "free"} == set(species)
    assert Counter(one.country for one in HANDOUTS if one.country) == {"GB": 2, "AU": 1, "US": 1}
