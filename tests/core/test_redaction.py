# SPDX-License-Identifier: Apache-2.0
"""Taking a person out of texts: what of them is found, however it is written, and what is not them and stays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from polyvet.core.redaction import Redactor
from polyvet.model.details import ClientDetails
from polyvet.model.entities import Client

ADA = Client(
    b"a" * 16, 1, 0, "Åsa", "Maria", "Long", "asa.long@mail.example", None, "Kirkkokatu 12 B", None, 0, 0,
    organization_name="Höfe & Söhne",
)  # fmt: skip
DETAILS = ClientDetails(alt_emails="a@long.example; b@long.example", street="Kirkkokatu 12 B", id_number="010190-123A")
REDACTOR = Redactor(ADA, DETAILS, ["+358 40 123 4567", "112"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Åsa Maria Long called", "[erased] called"),
        ("åsa LONG called", "[erased] called"),
        ("Long, Åsa: two cats", "[erased]: two cats"),
        ("Mrs Long and ÅSA's dog", "Mrs [erased] and [erased]'s dog"),
        ("A long bone, along the spine; Longing", "A long bone, along the spine; Longing"),
        ("Mail ASA.LONG@mail.example or b@long.example.", "Mail [erased] or [erased]."),
        ("lives at kirkkokatu  12\nB", "lives at [erased]"),
        ("id 010190-123a", "id [erased]"),
        ("Call 040 123 4567, +358401234567 or (040) 123-45-67!", "Call [erased], [erased] or ([erased]!"),
        ("Weight 1234567 g? chip 985112345678901", "Weight [erased] g? chip 985112345678901"),
        ("112 is not hers alone", "112 is not hers alone"),
        ("of Höfe &amp; Söhne", "of [erased]"),
        ("of höfe & söhne", "of [erased]"),
        ("", ""),
    ],
)
def test_a_person_is_found_however_written(text: str, left: str) -> None:
    assert REDACTOR.text(text) == left
    assert REDACTOR.text(left) == left


def test_nothing_is_found_of_nobody() -> None:
    nobody = replace(ADA, first_name="", middle_name=None, last_name="", email=None, address=None, organization_name="")
    redactor = Redactor(nobody, ClientDetails(), [])
    assert redactor.text("All of this. stays , as it is") == "All of this. stays , as it is"
    assert redactor.maybe(None) is None


@pytest.mark.parametrize("name", ["(", "a|b", "[x", "\\d+", "x*", "O'Brien", "Å", "ß", "ı", "🐕🐕"])
def test_any_name_is_a_plain_text(name: str) -> None:
    redactor = Redactor(replace(ADA, first_name=name, last_name=name), ClientDetails(), [])
    assert redactor.text("12 ab xx") == "12 ab xx"
    capital = name[0].upper() + name[1:]
    assert (capital in redactor.text(f"with {capital} here")) == (len(name) < 2)
