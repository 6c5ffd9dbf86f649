# SPDX-License-Identifier: Apache-2.0
"""The starter library's handouts as files: their front matter, their shape, and what no handout may hold."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import polyvet
from polyvet.model.countries import COUNTRIES
from polyvet.model.library import OWN_FROM, LibraryRole
from polyvet.model.species import SPECIES

FOLDER = Path(polyvet.__file__).parent / "library" / "handouts"
FILES = sorted(FOLDER.iterdir())
KEYS = {"title", "keywords", "species", "role", "country", "number"}
REVIEW = "*A starting point for your clinic's own vet to review and adapt.*"
AT_ONCE = "Call the clinic at once"
WORDS = range(250, 501)
WIDTH = 120
DOSE = re.compile(r"\d\s*(?:mg|mcg|µg|g|ml|IU|units?)(?:/kg)?\b|\bper kg\b", re.IGNORECASE)

each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def _parts(path: Path) -> tuple[dict[str, str], str]:
    """The front matter and the Markdown after it. A value may hold a colon; no key stands twice."""
    start, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert start == ""
    rows = [line.partition(": ") for line in head.splitlines()]
    assert all(sign and value == value.strip() != "" for _, sign, value in rows)
    fields = {key: value for key, _, value in rows}
    assert len(fields) == len(rows)
    return fields, body


def _tokens(path: Path) -> list[Token]:
    """Every block of the handout and every piece within one."""
    blocks = MarkdownIt("commonmark").enable("table").parse(_parts(path)[1])
    return [token for block in blocks for token in (block, *(block.children or ()))]


def _headings(path: Path, level: int) -> list[str]:
    tokens = _tokens(path)
    return [after.content for token, after in pairwise(tokens) if _opens(token, level)]


def _opens(token: Token, level: int) -> bool:
    return token.type == "heading_open" and token.tag == f"h{level}"


@each
def test_the_front_matter_says_what_it_must(path: Path) -> None:
    fields, _ = _parts(path)
    assert {"title", "keywords", "role", "number"} <= fields.keys() <= KEYS
    assert fields["role"] in set(LibraryRole)
    assert fields.get("country", "AU") in COUNTRIES
    assert fields.get("species", "Dog") in {one.common for one in SPECIES}


@each
def test_its_name_is_a_slug(path: Path) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.md", path.name)


@each
def test_keywords_are_many_and_single(path: Path) -> None:
    words = _parts(path)[0]["keywords"].split(", ")
    assert len(words) >= 9
    assert len(words) == len(set(words))
    assert all(word == word.strip() and "," not in word for word in words)


@each
def test_the_title_is_its_only_first_heading_and_parts_follow(path: Path) -> None:
    fields, body = _parts(path)
    assert body.startswith(f"# {fields['title']}\n")
    assert _headings(path, 1) == [fields["title"]]
    parts = _headings(path, 2)
    assert len(parts) >= 3
    assert len(parts) == len(set(parts))
    tags = {token.tag for token in _tokens(path) if token.type == "heading_open"}
    assert tags <= {"h1", "h2", "h3"}


@each
def test_it_says_when_to_call_and_has_lists(path: Path) -> None:
    assert _headings(path, 2).count(AT_ONCE) == 1
    assert "bullet_list_open" in {token.type for token in _tokens(path)}


@each
def test_every_table_names_its_columns(path: Path) -> None:
    tokens = _tokens(path)
    assert all(after.content for token, after in pairwise(tokens) if token.type == "th_open")


@each
def test_it_ends_with_the_line_for_the_clinics_vet(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith(f"\n\n{REVIEW}\n")
    assert text.count(REVIEW) == 1


@each
def test_it_is_short_enough_to_be_read_on_a_phone(path: Path) -> None:
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", _parts(path)[1])
    assert len(words) in WORDS


@each
def test_its_source_reads_well(path: Path) -> None:
    lines = _parts(path)[1].splitlines()
    assert [line for line in lines if len(line) > WIDTH or line != line.rstrip() or "\t" in line] == []


@each
def test_it_holds_no_html_no_link_and_no_picture(path: Path) -> None:
    kinds = {token.type for token in _tokens(path)}
    assert kinds.isdisjoint({"html_block", "html_inline", "link_open", "image", "fence", "code_block"})
    assert re.search(r"https?:|www\.|@|<", _parts(path)[1]) is None


@each
def test_it_gives_no_dose(path: Path) -> None:
    assert DOSE.search(_parts(path)[1]) is None


def test_numbers_are_unique_without_a_gap_and_everybodys() -> None:
    numbers = sorted(int(_parts(path)[0]["number"]) for path in FILES)
    assert numbers == list(range(1, len(FILES) + 1))
    assert len(FILES) < OWN_FROM


def test_titles_differ() -> None:
    titles = [_parts(path)[0]["title"] for path in FILES]
    assert len(titles) == len(set(titles))


def test_each_species_has_its_handouts_and_some_are_free() -> None:
    fields = [_parts(path)[0] for path in FILES]
    species = Counter(one.get("species") for one in fields)
    assert species == {"Dog": 13, "Cat": 8, "Horse": 5, "Rabbit": 5, "Bird": 4, None: 5}
    assert Counter(one["role"] for one in fields) == {"free": 11, "premium": 29}
    assert {one.get("species") for one in fields if one["role"] == "free"} == set(species)
    assert Counter(one["country"] for one in fields if "country" in one) == {"GB": 2, "AU": 1, "US": 1}
