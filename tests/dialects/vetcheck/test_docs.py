# SPDX-License-Identifier: Apache-2.0
"""The page docs/vetcheck.md names all that is served, its figures are the program's, and every proof that it names is
there."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyvet.core import access, library_lists, redirects, rendering, shares
from polyvet.core.library_files import STARTER
from polyvet.core.library_sources import FOLDERS, read_folder
from polyvet.core.prefill import NAMES
from polyvet.dialects.vetcheck import (
    accept,
    content,
    expressions,
    lists,
    oauth,
    odata,
    router,
    share_pages,
    shared_pages,
    sharing,
    wire,
)
from polyvet.dialects.vetcheck.people import People, Shared
from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import Options
from polyvet.identity import attempts, grants, passwords, sessions
from polyvet.model.library import LONGEST_KEYWORDS, LONGEST_TITLE, ContentKind, LibraryRole
from polyvet.settings import Settings

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
PAGE = (TESTS.parent / "docs" / "vetcheck.md").read_text(encoding="utf-8")
CHANGES = (TESTS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
SOURCES = Path(router.__file__).parent
ROUTES = router.table(SimpleNamespace(rolling=None), Options()).routes  # type: ignore[arg-type]  # it asks for no more
PAGES = People(Shared(None, None, Options(), None, None)).table  # type: ignore[arg-type]  # nothing is asked of it
PROOF = re.compile(r"`(?:test_\w+|golden/[\w/]+\.json)`")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_operation_and_parameter_is_named(route):
    assert f"| `{route.method} /{route.path}` |" in PAGE
    for parameter in route.parameters:
        assert f"| `{parameter.name}` |" in PAGE


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_named_with_its_methods(path):
    methods = ", ".join(sorted(PAGES[path]))
    assert f"| `/{path}` | {methods} |" in PAGE


def test_every_field_of_a_body_is_named():
    for body in (*content.BODIES.values(), sharing.ShareIn):
        for name in body.__struct_encode_fields__:
            assert f"`{name}`" in PAGE


def test_every_field_of_an_answer_is_named():
    for answer in (content.ContentOut, lists.ItemOut, lists.SpeciesItemOut, lists.CountOut, sharing.ShareOut):
        for name in answer.__struct_encode_fields__:
            assert f"`{name}`" in PAGE or f'"{name}"' in PAGE
    assert '`{"error","message","statusCode"}`' in PAGE
    assert wire.Failure.__struct_encode_fields__ == ("error", "message", "statusCode")


@pytest.mark.parametrize("kind", [*ContentKind, None])
def test_the_fields_of_each_filter_are_named(kind):
    name = "species" if kind is None else list(FOLDERS)[list(FOLDERS.values()).index(kind)]
    fields = lists.SPECIES_FIELDS if kind is None else lists.FIELDS[kind]
    assert f"| {name} | {', '.join(f'`{field}`' for field in fields)} |" in PAGE


def test_every_status_is_named():
    source = (SOURCES / "wire.py").read_text(encoding="utf-8")
    found = {int(status) for status in re.findall(r"failure\((\d{3}),", source)}
    assert len(found) > 8
    assert [status for status in found if f"| {status} | {wire._NAMES[status]} |" not in PAGE] == []


def test_every_word_of_signing_in_is_named():
    source = (SOURCES / "oauth.py").read_text(encoding="utf-8")
    [claims] = re.findall(r'"claims_supported": \((.*?)\)', source, re.DOTALL)
    keys = re.findall(r'"(\w+)"', claims)
    assert len(keys) > 10
    tokens = re.findall(r'"(\w+)": (?:issued|"Bearer"|LIFETIMES)', source)
    assert len(tokens) > 5
    fields = set(oauth._READ) - {"token", "token_type_hint"}
    assert [one for one in (*SCOPES, *keys, *tokens, *fields) if f"`{one}`" not in PAGE] == []


def test_every_setting_is_named():
    assert Options.__struct_fields__ == ("public_url", "registration", "share_days")
    for name in ("public_url", "registration", "share_days", "form_reminder_days", "limits", "body_limit"):
        assert name in Settings.__struct_fields__
        assert f"`{name}" in PAGE


def test_the_figures_are_the_programs():
    defaults = Settings()
    for told in (
        f"up to {redirects.MOST} redirect URIs",
        f"up to {access.MOST_APPLICATIONS} a clinic",
        f"within {grants.CODE_S} seconds",
        f"nobody has used it for {oauth.LIFETIMES.refresh // 86_400} days",
        f"{oauth.LIFETIMES.access:,} seconds apart",
        f"`Bearer`, {oauth.LIFETIMES.access},",
        f"ends after {sessions.LIFETIME_S // 3600} hours",
        f"An e-mail may be tried {attempts.AS_ONE} times a minute, an address {attempts.FROM_ONE_ADDRESS} times",
        f"accounts at {passwords.CANDIDATES} clinics",
        f"{wire.SHARES_PER_MINUTE} shares in any 60 seconds",
        f"at the most, {library_lists.MOST_ITEMS:,} items",
        f"at most {odata.MOST_KEYS} |",
        f"{odata.LONGEST:,} characters, {expressions.DEEPEST} levels of parentheses",
        f"{expressions.MOST_TERMS} comparisons",
        f"at most {expressions.MOST_DIGITS} digits",
        f"1 to {LONGEST_TITLE} characters",
        f"at most {LONGEST_KEYWORDS:,} characters",
        f"{rendering.LONGEST:,} characters, {rendering.MOST_TAGS:,} elements, {rendering.DEEPEST} of them",
        f"the pet's, at most {shares.LONGEST_NAME} characters",
        f"at most {sharing.LONGEST_TEXT:,} characters each",
        f"starts with, at most {sharing.LONGEST_PREFILL} characters",
        f"`share_days` days, {defaults.share_days} unless set",
        f"`form_reminder_days` days, {defaults.form_reminder_days} unless set",
        f"`{wire.AUDIENCE}`",
        f"{shared_pages.OF_A_SHARE} times a minute for a share, {shared_pages.FROM_ONE_ADDRESS} for an address",
        f"through open links, {shared_pages.RECEIPTS} times a minute for the e-mail",
        f"its state, {share_pages.PAGE} a page",
    ):
        assert told in PAGE, told


def test_each_form_of_an_answer_is_named():
    for media_type in (accept.JSON, *content.TEXTS):
        assert f"`{media_type}`" in PAGE
    assert len(NAMES) == 15


def test_the_starter_library_is_counted():
    found = read_folder(STARTER, numbered=True)
    for name, kind in FOLDERS.items():
        pieces = [one for one in found if one.kind == kind]
        free = sum(one.role == LibraryRole.FREE for one in pieces)
        assert f"| {name} | {len(pieces)} | {free} |" in PAGE
    of = Counter(one.kind for one in found)
    told = f"{of[ContentKind.HANDOUT]} handouts, {of[ContentKind.FORM]} forms, {of[ContentKind.VET_FORM]} vet forms"
    assert f"A starter library of {told} and {of[ContentKind.PROGRAM]} programs" in CHANGES
    by_species = Counter(one.species for one in found if one.kind == ContentKind.HANDOUT)
    told = ", ".join(f"{by_species[name]} on {name.lower()}s" for name in ("Dog", "Cat", "Horse", "Rabbit", "Bird"))
    assert f"{told}, {by_species[None]} for all" in PAGE
    countries = {one.number: one.country for one in found if one.country is not None}
    assert countries == {17: "AU", 18: "US", 19: "GB", 36: "GB"}


def test_no_row_of_a_table_is_broken_and_none_lacks_its_proof():
    tables = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    assert len(tables) > 12
    for head, _, *rows in (table.splitlines() for table in tables):
        for row in rows:
            plain = row.replace("\\|", "")
            assert plain.count("|") == head.count("|"), row
            assert plain.split("|")[-2].strip(), row
            if head.endswith("| Proof |"):
                assert PROOF.search(plain.split("|")[-2]), row


def test_every_decision_has_its_number_and_a_proof():
    decided = PAGE.partition("\n## Decisions\n")[2].partition("\nWebhooks are ")[0]
    numbers, texts = zip(*re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", decided, re.MULTILINE | re.DOTALL), strict=True)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    assert len(numbers) > 30
    assert [text for text in texts if not PROOF.search(text)] == []


def test_every_proof_is_there():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = set(re.findall(r"`(golden/[\w/]+\.json)`", PAGE))
    assert len(named) > 80
    assert len(files) > 20
    assert [name for name in sorted(named) if f"def {name}(" not in _tests()] == []
    assert [file for file in sorted(files) if not (HERE / file).exists()] == []


def test_every_link_leads_somewhere():
    folder = TESTS.parent / "docs"
    assert [one for one in re.findall(r"\]\(([\w./-]+)", PAGE) if not (folder / one).exists()] == []
    heads = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= anchors


@cache
def _tests() -> str:
    """All tests that prove something of this dialect."""
    others = ("browser", "console", "core", "identity", "library", "delivery", "serving", "web")
    folders = (HERE, *(TESTS / name for name in others))
    return "".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.glob("test_*.py")))
