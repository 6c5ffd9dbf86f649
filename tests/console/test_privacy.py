# SPDX-License-Identifier: Apache-2.0
"""Privacy in the console: finding a client, the copy of what is held, and taking the person out of the record."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from typing import Any

from sqlalchemy import select

from polyvet.model import values
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import events
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.console.quill import registered, root, shown_to_the_other, shown_without_her, traces
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN
from tests.dialects.vetcheck.shared import sound

_LOG = Statement(
    select(events.c.kind, events.c.entity, events.c.actor)
    .where(events.c.clinic_id == p("clinic"), events.c.entity_id == p("thing"))
    .order_by(events.c.seq),
    "clinic thing",
)


def _log(practice: Practice, clinic_id: int, thing: bytes) -> list[str]:
    rows = practice.run(lambda store: store.reader.fetch(_LOG, clinic_id, thing))
    return [row[0] for row in rows]


def _erase(owner: Colleague, number: int) -> Any:
    path = f"privacy/{number}/erase"
    return owner.post(path, {"confirmation": f"Erase  {number}"})


def test_clients_are_found_by_name_number_and_phone_and_in_pages(owner: Colleague) -> None:
    assert "John Smith" in owner.text("privacy?q=smith")
    assert "John Smith" in owner.text(f"privacy?q={JOHN}")
    assert "No client of yours matches" in owner.text("privacy?q=nobody+of+that+name")
    assert "No client" not in owner.text("privacy")
    first = owner.get("privacy?q=e").text
    assert first.count("<tr>") == 51
    assert "q=e&amp;before=" in first


def test_whose_number_was_typed_stands_first_and_once_on_all_pages(owner: Colleague) -> None:
    """Such a number is a part of many phone numbers, and may be of that client's own, too."""
    pages = 0
    for number in range(1, 10):
        path, found = f"privacy?q={number}", []
        while path:
            page, pages = owner.get(path).text, pages + 1
            found += [int(one) for one in re.findall(r'<a href="/console/privacy/(\d+)">', page)]
            older = re.search(r'rel="next" href="/console/([^"]+)"', page)
            path = html.unescape(older[1]) if older else ""
        assert found[0] == number
        assert sorted(set(found[1:]), reverse=True) == found[1:]
        assert number not in found[1:]
    assert pages > 9  # some were found on more than one


def test_a_client_is_shown_and_who_looked_is_noted(owner: Colleague) -> None:
    page = owner.text(f"privacy/{JOHN}")
    assert "john.smith@example.com" in page
    assert "Medical records" in page
    assert f"Dr. Aino Laakso saw client number {JOHN}" in owner.text("audit?kind=seen")


def test_the_copy_holds_all_and_no_other_client(fresh_practice: Practice) -> None:
    quill, owner = registered(fresh_practice), Colleague(fresh_practice)
    answer = owner.post(f"privacy/{quill.number}/export", {}, page=f"privacy/{quill.number}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="client-{quill.number}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        found = {name: packed.read(name).decode() for name in packed.namelist()}
    assert "Harbour Street Veterinary Practice" in found["README.txt"]
    kinds = {name.removesuffix(".json"): json.loads(text) for name, text in found.items() if name.endswith(".json")}
    assert {name: len(rows) for name, rows in kinds.items()} == {
        "client": 1, "at_this_clinic": 1, "phones": 1, "patients": 1, "patients_at_this_clinic": 1,
        "custom_values": 2, "records": 4, "appointments": 1, "invoices": 1,
        "invoice_lines": len(kinds["invoice_lines"]), "reminders": 1, "shares": 2, "submissions": 1,
        "mails": len(kinds["mails"]), "changes": len(kinds["changes"]), "seen": 1,
    }  # fmt: skip
    assert kinds["client"][0]["details"]["id_number"] == "VELLUM-77"
    assert kinds["custom_values"][0]["label"] == "Heard of us"
    assert kinds["submissions"][0]["answers"]["firstName"] == "Quintessa"
    assert kinds["appointments"][0]["start_at"] == "2033-05-04T07:00:00.000Z"
    assert "Comb your cat" not in str(found)  # what was shared is the library's
    assert "exported client" in owner.text("audit")


def test_a_person_is_taken_out_of_everything(fresh_practice: Practice) -> None:
    quill, owner = registered(fresh_practice), Colleague(fresh_practice)
    before = fresh_practice.provet.get(root(quill.number)).json()
    assert set(traces(fresh_practice)) >= {
        "clients", "connections", "phones", "enrolments", "patients", "medical_records", "calendar_events",
        "invoice_lines", "reminders", "shares", "submissions", "mails", "custom_field_values",
    }  # fmt: skip
    page = owner.text(f"privacy/{quill.number}/erase")
    assert "What stays" in page
    assert "Backups" in page
    done = _erase(owner, quill.number)
    assert (done.status_code, done.headers["location"]) == (303, f"/console/privacy/{quill.number}?done=erased")
    assert traces(fresh_practice) == {}
    assert sound(fresh_practice)
    assert _log(fresh_practice, MAIN_CLINIC, quill.client_id)[-1] == "erased"
    assert fresh_practice.client().get(f"/s/{quill.token}").status_code in (404, 410)
    assert "The person is out of the record" in owner.text(f"privacy/{quill.number}")
    assert f"erased client number {quill.number}" in owner.text("audit")
    events_before = _log(fresh_practice, MAIN_CLINIC, quill.client_id)
    assert _erase(owner, quill.number).headers["location"].endswith("?done=nothing")
    assert _log(fresh_practice, MAIN_CLINIC, quill.client_id) == events_before
    shown_without_her(fresh_practice, quill, before)


def test_what_another_clinic_sees_stays_there(fresh_practice: Practice) -> None:
    quill, owner = registered(fresh_practice), Colleague(fresh_practice)
    other = Colleague(fresh_practice, who=OTHER_OWNER)
    shown_to_the_other(fresh_practice, quill)
    assert "Another clinic still sees this client" in owner.text(f"privacy/{quill.number}/erase")
    assert _erase(owner, quill.number).headers["location"] == "/console/privacy?done=ended"
    assert set(traces(fresh_practice)) == {"clients", "connections", "phones", "patients"}
    assert sound(fresh_practice)
    assert owner.get(f"privacy/{quill.number}").status_code == 404
    assert f"erased client a client no longer seen here ({values.to_crockford(quill.client_id)})" in owner.text("audit")
    assert fresh_practice.provet.get(root(quill.number)).status_code == 404
    assert _log(fresh_practice, MAIN_CLINIC, quill.client_id)[-1] == "erased"
    assert "erased" not in _log(fresh_practice, SECOND_CLINIC, quill.client_id)
    found = other.get("privacy?q=quillfeather").text
    number = int(found.partition('href="/console/privacy/')[2].partition('"')[0])
    assert _erase(other, number).headers["location"].endswith("?done=erased")
    assert traces(fresh_practice) == {}
    assert sound(fresh_practice)
    assert "erased" in _log(fresh_practice, SECOND_CLINIC, quill.client_id)


def test_it_takes_the_words_and_nothing_happens_without_them(owner: Colleague) -> None:
    answer = owner.post(f"privacy/{JOHN}/erase", {"confirmation": "erase 1"})
    assert answer.status_code == 400
    assert f"Type erase {JOHN}" in told(answer)
    assert "John Smith" in owner.text(f"privacy/{JOHN}")


def test_what_is_no_client_of_the_clinic_is_missing(owner: Colleague, practice: Practice) -> None:
    for number in ("999999999", "x", "-1", "0", "²", "9" * 40):
        assert owner.get(f"privacy/{number}").status_code == 404
        assert owner.get(f"privacy/{number}/erase").status_code == 404
