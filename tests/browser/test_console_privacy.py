# SPDX-License-Identifier: Apache-2.0
"""A client asks what the clinic knows of her, and to be forgotten: an owner does both in a real browser."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Download, expect

from polyvet.dialects.vetigen.wire import to_fp
from tests.browser.reading import cells, entered, followed, pressed
from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.console.quill import TRACES, Quill, registered, root, shown_without_her
from tests.dialects.harness import Practice
from tests.dialects.vetigen.asking import PATIENTS, data

NAME, ERASED, OWNER = "Quintessa Quillfeather", "Erased client", "Dr. Aino Laakso"


@pytest.fixture
def quill(fresh_practice: Practice) -> Quill:
    """The client."""
    return registered(fresh_practice)


@pytest.fixture
def owner(fresh_practice: Practice, request: pytest.FixtureRequest, quill: Quill, context: str) -> Iterator[Walker]:
    """Who has found her."""
    found = walker(fresh_practice, request, context)
    found.menu("Privacy")
    found.page.get_by_label("Name, e-mail, phone or number").fill("nobody of that name")
    entered(found.page)
    expect(found.page.get_by_text("No client of yours matches “nobody of that name”.")).to_be_visible()
    found.page.get_by_label("Name, e-mail, phone or number").fill("QUILLFEATHER")
    pressed(found.page, "Find")
    assert cells(found.page, "Number", "Name") == [(str(quill.number), NAME)]
    found.look()
    found.go(NAME)
    yield found
    found.has_heard_nothing()


def _kinds(got: Download) -> dict[str, list[dict[str, object]]]:
    """What a copy holds, by kind."""
    with zipfile.ZipFile(got.path()) as packed:
        assert NAME not in packed.read("README.txt").decode()
        return {name.removesuffix(".json"): json.loads(packed.read(name)) for name in packed.namelist()[1:]}


@BOTH_WAYS
def test_a_client_is_handed_a_copy_and_forgotten(fresh_practice: Practice, owner: Walker, quill: Quill) -> None:
    before = fresh_practice.provet.get(root(quill.number)).json()
    since = {"updated_since": data(fresh_practice.vetigen.get(_pet(quill)))["updated_at"]}
    _copied(owner, quill)
    _forgotten(owner, quill)
    _twice(owner, quill)
    shown_without_her(fresh_practice, quill, before)
    changed = data(fresh_practice.vetigen.get(PATIENTS, params=since))["items"]
    assert _pet(quill) in [f"{PATIENTS}/{one['fp']}" for one in changed]
    _told(owner, quill)


def _pet(quill: Quill) -> str:
    return f"{PATIENTS}/{to_fp('patient_', quill.patient_id)}"


def _copied(owner: Walker, quill: Quill) -> None:
    """She is handed a copy, and that is in the log."""
    with owner.page.expect_download() as waiting:
        owner.press("Export")
    assert waiting.value.suggested_filename == f"client-{quill.number}.zip"
    found = _kinds(waiting.value)
    assert found["client"][0]["last_name"] == "Quillfeather"
    assert {"patients", "records", "appointments", "invoices", "reminders", "shares", "mails"} <= set(found)
    assert set(_held(owner)) <= {str(len(each)) for each in found.values()}
    owner.go("Who saw and changed the client’s file", "Audit log")
    assert cells(owner.page, "Who", "What", "Which")[0] == (OWNER, "exported client", f"number {quill.number}")
    assert (OWNER, "saw client", f"number {quill.number}") in cells(owner.page, "Who", "What", "Which")
    owner.page.go_back()
    owner.arrive(NAME)


def _held(owner: Walker) -> list[str]:
    """How much is held of each kind."""
    return owner.page.locator("h2:text-is('What is held') + dl dd").all_inner_texts()


def _forgotten(owner: Walker, quill: Quill) -> None:
    """It is said what goes and what stays, and nothing happens before the right words are typed."""
    browser, asked = owner.page, f"Take {NAME} out of the record"
    owner.go("Take the person out of the record…", asked)
    for heading in ("What goes", "What stays", "What this does not reach"):
        expect(browser.get_by_role("heading", name=heading)).to_be_visible()
    confirmation = browser.get_by_label(f"Type “erase {quill.number}”")
    confirmation.fill("erase")
    pressed(browser, "Take the person out")
    owner.is_to_mend(f"Type “erase {quill.number}”", f"Type erase {quill.number} to do it.")
    expect(confirmation).to_have_value("erase")
    followed(browser, NAME)
    owner.arrive(NAME)
    owner.go("Take the person out of the record…", asked)
    confirmation.fill(f"erase {quill.number}")
    pressed(browser, "Take the person out")
    owner.is_told("The person is out of the record.")
    owner.arrive(ERASED)


def _twice(owner: Walker, quill: Quill) -> None:
    """Back to the form, and once more."""
    owner.page.go_back()
    owner.page.get_by_label(f"Type “erase {quill.number}”").fill(f"erase {quill.number}")
    pressed(owner.page, "Take the person out")
    owner.is_told("there was nothing left to take out.")


def _told(owner: Walker, quill: Quill) -> None:
    """The log tells what was done, by whom, and of a number; her name is nowhere."""
    owner.go("Who saw and changed the client’s file", "Audit log")
    found = cells(owner.page, "Who", "What", "Which")
    assert (OWNER, "erased client", f"number {quill.number}") in found
    for path in ("audit", "privacy?q=quill", f"privacy/{quill.number}", "requests", "deliveries"):
        owner.page.goto(f"{owner.page.url.partition('/console')[0]}/console/{path}")
        text = owner.page.locator("body").inner_text().lower()
        assert not [trace for trace in TRACES if trace in text], path
