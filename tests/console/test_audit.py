# SPDX-License-Identifier: Apache-2.0
"""The audit log in the console: three logs as one, page by page, by who, what, which and when; and as CSV."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from polyvet.core import audit, audit_log
from polyvet.core.audit_log import Wanted
from polyvet.core.codelists import Codelists
from polyvet.core.context import Caller, Context
from polyvet.dialects.clinovavet.wire import to_id
from polyvet.dialects.vetigen.wire import to_fp
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.audit_log import Entry, Kind, Mark, Things
from polyvet.model.requests import Asked
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.samples import JOHN_SMITH_ID, MAX_ID
from polyvet.storage import audit_log as stored
from polyvet.storage import requests
from polyvet.storage.statement import Statement
from polyvet.storage.tables import audit as deeds
from polyvet.storage.tables import events
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, MAX, sent

_ROW = re.compile(r"<tr>\s*" + r"<td[^>]*>(?:<code>)?(.*?)(?:</code>)?</td>\s*" * 4 + "</tr>", re.DOTALL)
_NEXT = re.compile(r'rel="next" href="([^"]+)"')


def rows(page: str) -> list[tuple[str, ...]]:
    """Who, what and which, of a page's rows."""
    return [tuple(html.unescape(cell).strip() for cell in found[1:]) for found in _ROW.findall(page)]


def noted(practice: Practice, owner: Colleague, action: Action, shown: str, thing: bytes | None = None) -> None:
    """Note something as she would do it."""

    async def job(tx: Tx) -> None:
        audit.note(ctx.within(tx), action, "key", thing, shown)

    ctx = _context(practice, owner)
    practice.run(lambda store: store.write(Touching(), job))


def _context(practice: Practice, owner: Colleague) -> Context:
    user = owner.user
    caller = Caller(user.id, user.clinic_id, "owner", frozenset({"audit:read"}), user.name, user_id=user.id)

    async def made(store: Any) -> Context:
        return Context(caller, store, Codelists())

    return practice.run(made)


def _asked(practice: Practice, *rows: Asked) -> None:
    async def job(tx: Tx) -> None:
        requests.add(tx, rows)

    practice.run(lambda store: store.write(Touching(), job))


def _request(path: str, at: int, **more: Any) -> Asked:
    base = Asked(MAIN_CLINIC, at, f"r{at}", "provet", "GET", path, 200, 900, None, "provet_…", None)
    return replace(base, **more)


def test_a_change_through_an_api_names_its_key_and_the_thing(owner: Colleague, module_practice: Practice) -> None:
    sent(module_practice.provet, "PATCH", f"client/{JOHN}/", {"remarks": "Prefers mornings"}, 200)
    first = rows(owner.get("audit").text)[0]
    assert first == ("tests", "updated client", f"John Smith ({JOHN})")
    for spelled in (str(JOHN), to_id(JOHN_SMITH_ID), values.to_crockford(JOHN_SMITH_ID)):
        assert rows(owner.get(f"audit?thing={spelled}").text)[0] == first
    assert first not in rows(owner.get(f"audit?thing={to_fp('patient_', MAX_ID)}").text)
    assert first not in rows(owner.get("audit?kind=entered").text)
    assert first not in rows(owner.get("audit?kind=seen").text)


def test_what_people_do_is_found_by_who_they_are(owner: Colleague, module_practice: Practice) -> None:
    noted(module_practice, owner, Action.MADE, "Lab (vetigen)")
    who = values.to_crockford(owner.user.id)
    assert rows(owner.get(f"audit?who={who}&kind=changed").text)[0] == (owner.user.name, "made key", "Lab (vetigen)")
    page = owner.get("audit").text
    key = re.search(r'<option value="(\w{26})">tests \(key\)', page)
    assert key is not None
    assert ("made key", "Lab (vetigen)") not in [row[1:] for row in rows(owner.get(f"audit?who={key[1]}").text)]


def test_reads_of_one_thing_are_told_and_no_others(owner: Colleague, module_practice: Practice) -> None:
    now = values.now()
    paths = {
        f"/4/api/0.1/client/{JOHN}/": True,
        f"/provet/4/api/0.1/patient/{MAX}/": True,
        f"/api/v1/pets/{to_id(MAX_ID)}": True,
        f"/api/v1/patients/{to_fp('patient_', MAX_ID)}/soap": True,
        "/4/api/0.1/client/": False,
        "/api/v1/owners": False,
        f"/console/privacy/{JOHN}": False,
    }
    _asked(module_practice, *(_request(path, now + n) for n, path in enumerate(paths)))
    refused = _request(f"/4/api/0.1/client/{JOHN + 1}/", now + 50, status=403)
    written = _request(f"/4/api/0.1/client/{JOHN + 2}/", now + 51, method="PATCH")
    _asked(module_practice, refused, written)
    seen = {row[2]: row for row in rows(owner.get("audit?kind=seen").text)}
    assert [path in seen for path in paths] == list(paths.values())
    assert refused.path not in seen
    assert written.path not in seen
    assert seen[f"/4/api/0.1/client/{JOHN}/"][:2] == ("provet_…", "read through an API")
    of_max = {row[2] for row in rows(owner.get(f"audit?kind=seen&thing={to_id(MAX_ID)}").text)}
    assert of_max == {path for path in paths if "pets/" in path or "patient" in path}
    assert f"/4/api/0.1/client/{JOHN}/" in {row[2] for row in rows(owner.get(f"audit?thing={JOHN}").text)}


def test_another_clinics_log_is_another_one(module_practice: Practice, owner: Colleague) -> None:
    noted(module_practice, owner, Action.MADE, "Of the first clinic")
    other = Colleague(module_practice, who=OTHER_OWNER)
    assert "Of the first clinic" not in other.text("audit")
    assert owner.user.name not in other.get("audit").text.partition("<table")[2]
    who = values.to_crockford(owner.user.id)
    assert other.get(f"audit?who={who}").status_code == 400


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("who=nobody", "Choose one of the list"),
        ("kind=x", "Choose one of the list"),
        ("thing=999999999", "Nothing of this clinic has this"),
        ("thing=x", "Nothing of this clinic has this"),
        ("from=yesterday", "Write a day as"),
        ("until=0001-01-01", "Write a day as"),
        ("before=x", "There is no such page"),
        ("before=WzEsMiwiIiwtMSwiIl0", "There is no such page"),
    ],
)
def test_what_cannot_be_looked_for_is_said(owner: Colleague, query: str, problem: str) -> None:
    answer = owner.get(f"audit?{query}")
    assert answer.status_code == 400
    assert problem in told(answer)


def test_pages_follow_each_other_to_the_end(owner: Colleague, module_practice: Practice) -> None:
    """All that an actor did, walked by the links, is all that stands in the tables."""
    for n in range(60):
        noted(module_practice, owner, Action.CHANGED, f"walk {n}")
    who = values.to_crockford(owner.user.id)
    path, found = f"audit?who={who}&kind=changed", []
    while path:
        page = owner.get(path).text
        found += [row[2] for row in rows(page)]
        link = _NEXT.search(page)
        path = html.unescape(link[1]).removeprefix("/console/") if link else ""
    walked = [shown for shown in found if shown.startswith("walk")]
    assert walked == [f"walk {n}" for n in reversed(range(60))]
    assert len(found) == len(set(found))


def test_the_three_logs_are_one_by_time_however_it_is_cut(module_practice: Practice, owner: Colleague) -> None:
    ctx = _context(module_practice, owner)
    start = values.now()
    for n in range(4):
        sent(module_practice.provet, "PATCH", f"client/{JOHN}/", {"remarks": f"No {n}"}, 200)
        noted(module_practice, owner, Action.CHANGED, f"cut {n}", JOHN_SMITH_ID)
        _asked(module_practice, _request(f"/4/api/0.1/client/{JOHN}/", values.now()))
    wanted = Wanted(since=start, things=Things((JOHN_SMITH_ID,), frozenset({str(JOHN)})))

    async def walk(limit: int) -> list[Entry]:
        found: list[Entry] = []
        mark: Mark | None = None
        while True:
            page = await audit_log.page(ctx, wanted, mark, limit)
            found += page.entries
            if page.after is None:
                return found
            mark = page.after

    def walked(limit: int) -> list[Entry]:
        return module_practice.run(lambda _: walk(limit))

    whole = walked(100)
    assert len(whole) == 12
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
    for limit in (1, 2, 5, 11, 12):
        assert walked(limit) == whole


def test_a_page_looks_at_so_much_and_no_more(
    module_practice: Practice, owner: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHUNK", "LOOKED"):
        monkeypatch.setattr(audit_log, name, 2)
    ctx = _context(module_practice, owner)
    now = values.now()
    _asked(module_practice, *(_request(f"/4/api/0.1/client/?{n}", now + n) for n in range(9)))
    _asked(module_practice, _request(f"/4/api/0.1/patient/{MAX}/", now - 1))
    wanted = Wanted(kind=Kind.SEEN, since=now - 1, things=Things((MAX_ID,), frozenset({str(MAX)})))

    async def walk() -> tuple[list[Entry], int]:
        pages, found = 1, []
        page = await audit_log.page(ctx, wanted, None, 10)
        while page.after is not None:
            assert page.looked_until is not None
            found += page.entries
            page = await audit_log.page(ctx, wanted, page.after, 10)
            pages += 1
        return found + page.entries, pages

    found, pages = module_practice.run(lambda _: walk())
    assert [one.shown for one in found] == [f"/4/api/0.1/patient/{MAX}/"]
    assert pages >= 5


def test_days_are_the_clinics(module_practice: Practice, owner: Colleague) -> None:
    at = values.instant("2026-02-10T22:30:00Z")  # the eleventh in Helsinki
    _asked(module_practice, _request(f"/4/api/0.1/client/{JOHN}/consent/", at))
    path = f"/4/api/0.1/client/{JOHN}/consent/"
    assert path in [row[2] for row in rows(owner.get("audit?from=2026-02-11&until=2026-02-11&kind=seen").text)]
    assert path not in [row[2] for row in rows(owner.get("audit?from=2026-02-10&until=2026-02-10&kind=seen").text)]


def test_the_log_is_halved_to_a_day(module_practice: Practice) -> None:
    every = Statement(
        select(events.c.seq, events.c.at).where(events.c.clinic_id == SECOND_CLINIC).order_by(events.c.seq)
    )

    async def look(store: Any) -> None:
        found = await store.reader.fetch(every)
        last = await stored.last_seq(store.reader, SECOND_CLINIC)
        assert last == found[-1][0]
        for seq, at in (found[0], found[len(found) // 2], found[-1]):
            assert await stored.seq_at(store.reader, SECOND_CLINIC, at, last) <= seq
            assert await stored.seq_at(store.reader, SECOND_CLINIC, at + 1, last) > seq
        assert await stored.seq_at(store.reader, SECOND_CLINIC, 0, last) <= found[0][0]

    module_practice.run(look)


def test_the_log_of_some_days_is_handed_out_as_csv(module_practice: Practice, owner: Colleague) -> None:
    noted(module_practice, owner, Action.MADE, '=HYPERLINK("http://evil.example")')
    today = values.to_milliseconds_text(values.now())[:10]
    answer = owner.post("audit/export", {"from": today, "until": today, "kind": "changed"}, page="audit")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith(f'-{today}.csv"')
    found = list(csv.reader(io.StringIO(answer.text)))
    assert found[0] == ["time (UTC)", "who", "what", "kind of thing", "thing"]
    assert '\'=HYPERLINK("http://evil.example")' in [row[4] for row in found]
    times = [row[0] for row in found[1:]]
    assert times == sorted(times, reverse=True)
    assert (owner.user.name, "exported audit log", f"{today} to {today}") in rows(owner.get("audit?kind=seen").text)


def test_an_export_has_two_ends(owner: Colleague) -> None:
    for days in ({}, {"from": "2026-01-01"}, {"from": "2026-01-02", "until": "2026-01-01"},
                 {"from": "2020-01-01", "until": "2026-01-01"}):  # fmt: skip
        answer = owner.post("audit/export", days, page="audit")
        assert answer.status_code == 400
        assert "Nothing was exported" in told(answer)
        assert all(f'value="{day}"' in answer.text for day in days.values())


def test_opening_a_file_is_one_row(module_practice: Practice, owner: Colleague) -> None:
    counting = Statement(select(func.count()).select_from(deeds))
    before = module_practice.run(lambda store: store.reader.fetch_one(counting))[0]
    ctx = _context(module_practice, owner)
    module_practice.run(lambda _: audit.saw(ctx, "client", JOHN_SMITH_ID, "number 1"))
    assert module_practice.run(lambda store: store.reader.fetch_one(counting))[0] == before + 1


def test_a_colleague_goes_by_name_in_what_happened_to_them(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    given = {"name": "Ada Lovelace", "email": "ada@harbour-street.example", "role": "vet"}
    assert owner.post("staff/invite", given).status_code == 200
    assert (owner.user.name, "created user", "Ada Lovelace") in rows(owner.get("audit").text)
