# SPDX-License-Identifier: Apache-2.0
"""All pages of the console that somebody comes to: those of the menu, and one of each kind that these lead to; and a
clinic that has something to show on each."""

from __future__ import annotations

import html
import re
from urllib.parse import urldefrag

from msgspec.structs import replace

from polyvet.console.console import ROWS
from polyvet.console.rows import Row
from polyvet.core import clinics, code_entries
from polyvet.core.clinics import Change
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel, Option
from polyvet.model.entities import CodeList
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import custom_fields, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.people import Paths
from tests.console.people import EMAILS, SignedIn
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import HOOK, queued
from tests.dialects.vetcheck.signing_in import Integrator

READ = tuple(row for row in ROWS if row.method == "GET")
WITHOUT_PARAMETER = tuple(row for row in READ if "{" not in row.path)
_LINK = re.compile(r'<a\s[^>]*href="(/console[^"]*)"')
_ROWS = Paths({row.path: row for row in READ})


def addresses(colleague: SignedIn) -> dict[str, str]:
    """Where each page stands that is open to somebody, by its row's path. Downloads are no pages."""
    waiting = [row.href for row in WITHOUT_PARAMETER]
    found: dict[str, str] = {}
    tried: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        row = _row_of(address)
        if row is None or row.path in found or address in tried:
            continue
        tried.add(address)
        answer = colleague.client.get(address)
        assert answer.status_code < 500, address
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        found[row.path] = address
        waiting += [urldefrag(html.unescape(link)).url for link in _LINK.findall(answer.text)]
    return found


def furnished(practice: Practice, name: str = "Lab & Co", suffix: str = "") -> None:
    """Give the main clinic some of everything that the console shows, under one name; `suffix` ends URLs' queries.
    Names also come from elsewhere, so the other clinic, which shares clients with it, has the name, too."""
    practice.run(lambda store: _named(store, name))
    for dialect in ("vetigen", "clinovavet", "provet"):
        practice.new_key(dialect, name=name)
    Integrator(practice, name=name)
    practice.provet.post("/4/api/0.1/client/", json={"firstname": name, "lastname": name}).raise_for_status()
    queued(practice)
    hook = {**HOOK, "target_url": f"{HOOK['target_url']}{suffix}"}
    practice.provet.post("/4/api/0.1/hook/webhook/", json=hook).raise_for_status()


async def _named(store: Store, name: str) -> None:
    field = CustomField(9_901, FieldModel.CLIENT, name, FieldKind.SELECT, False, (Option(9_902, name),))

    async def job(tx: Tx) -> None:
        custom_fields.define(tx, MAIN_CLINIC, field)
        for email in EMAILS.values():
            file = await staff.by_email(tx, MAIN_CLINIC, email)
            assert file is not None
            staff.change_user(tx, replace(file, user=replace(file.user, name=name)))

    await store.write(Touching(clinics=(MAIN_CLINIC,)), job)
    await code_entries.add(store, MAIN_CLINIC, CodeList.INSURERS, name)
    for clinic_id in (MAIN_CLINIC, SECOND_CLINIC):
        await clinics.change(store, clinic_id, Change(name=name))


def _row_of(address: str) -> Row | None:
    path = address.partition("?")[0].removeprefix("/console").removeprefix("/")
    row = _ROWS.find(path)
    return None if row is None else row[0]
