# SPDX-License-Identifier: Apache-2.0
"""API keys in the console: made and shown once, with a command that works; looked at; revoked."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import time
from typing import Any

import httpx
import pytest

from polyvet.core.access import MOST_KEYS
from polyvet.core.context import PERMISSIONS
from polyvet.identity import keys
from polyvet.identity.keys import NewKey
from polyvet.model import values
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.served import KEYED
from polyvet.storage import access
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague, deeds, told
from tests.dialects.harness import Practice

FORGOTTEN_S = 1.2  # a little more than a key is remembered
PATHS = {"vetigen": "/api/v1/patients", "clinovavet": "/api/v1/owners", "provet": "/4/api/0.1/client/"}
ALL = {f"may-{one}": "yes" for one in PERMISSIONS}
_SECRET = re.compile(r'<code class="secret">(sk_live_[a-z0-9]{36})</code>')
_COMMAND = re.compile(r'<pre class="copy"><code>(.*?)</code></pre>', re.DOTALL)
_HREF = re.compile(r'href="(/console/keys/[0-9A-Z]{26})"')


def form(dialect: str = "vetigen", **more: str) -> dict[str, str]:
    """The form as a browser sends it, when nothing but a name and an API was chosen."""
    return {"name": "Lab <b>", "dialect": dialect, "kind": "integration", **ALL, **more}


def make(owner: Colleague, **more: Any) -> tuple[str, str, httpx.Response]:
    """Make a key; gives its secret, its page's path below /console, and the answer."""
    answer = owner.post("keys/new", form(**more))
    assert answer.status_code == 200, told(answer)
    secret, href = _SECRET.search(answer.text), _HREF.search(answer.text)
    assert secret is not None
    assert href is not None
    return secret[1], href[1].removeprefix("/console/"), answer


def opens(practice: Practice, dialect: str, secret: str) -> int:
    """The status of a read with the key."""
    return practice.client(secret).get(PATHS[dialect]).status_code


@pytest.mark.parametrize("dialect", KEYED)
def test_a_key_is_shown_once_with_a_command_that_works(
    module_practice: Practice, owner: Colleague, dialect: str
) -> None:
    secret, page, answer = make(owner, dialect=dialect)
    assert answer.headers["cache-control"] == "no-store"
    assert "Lab &lt;b&gt;" in answer.text
    assert "<b>" not in answer.text
    assert opens(module_practice, dialect, secret) == 200
    assert [opens(module_practice, other, secret) for other in KEYED if other != dialect] == [401, 401]
    shown = [owner.get(path).text for path in ("keys", page, f"apis/{dialect}", "requests")]
    assert not [text for text in shown if secret.removeprefix(keys.PREFIX)[4:] in text]
    command = _COMMAND.search(answer.text)
    assert command is not None
    assert secret in command[1]
    if shutil.which("curl") is None:
        pytest.skip("the command is curl's")
    line = html.unescape(command[1]).replace("curl ", "curl -sS --noproxy '*' -w '%{stderr}%{http_code}' ", 1)
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "200"


@pytest.mark.parametrize(
    ("dialect", "permission", "there_is_one"),
    [("vetigen", "calendar:read", True), ("clinovavet", "invoices:read", True), ("provet", "patients:read", True),
     ("provet", "webhooks:write", False)],
)  # fmt: skip
def test_the_command_is_one_that_the_key_may_make(
    module_practice: Practice, owner: Colleague, dialect: str, permission: str, there_is_one: bool
) -> None:
    fields = {"name": "narrow", "dialect": dialect, "kind": "device", f"may-{permission}": "yes"}
    answer = owner.post("keys/new", fields)
    secret, command = _SECRET.search(answer.text), _COMMAND.search(answer.text)
    assert secret is not None
    assert (command is not None) == there_is_one
    if command is not None:
        url = re.findall(r"http://\S+", html.unescape(command[1]).replace("'", " "))[-1]
        scheme = "Token" if dialect == "provet" else "Bearer"
        assert module_practice.client(secret[1], scheme=scheme).get(url).status_code == 200


def test_a_keys_page_tells_what_it_is(owner: Colleague) -> None:
    fields = {"name": "Fridge", "dialect": "vetigen", "kind": "device", "may-stock:read": "yes", "per_minute": "7",
              "per_hour": "9000"}  # fmt: skip
    found = _HREF.search(owner.post("keys/new", fields).text)
    assert found is not None
    text = owner.text(found[1].removeprefix("/console/"))
    for told_ in ("Fridge", "in use", "device", "May stock:read", "7 requests a minute", "9,000 requests an hour"):
        assert told_ in text
    assert "Last used never" in text
    assert "Fridge" in owner.text("keys")
    assert "Fridge" not in owner.text("keys?state=revoked")


def test_what_is_left_of_a_budget_is_told_and_not_touched(module_practice: Practice, owner: Colleague) -> None:
    secret, page, _ = make(owner, dialect="vetigen", per_minute="10", per_hour="50")
    assert "a minute 10 10 now an hour 50 50 now" in owner.text(page)
    for _ in range(3):
        assert opens(module_practice, "vetigen", secret) == 200
    texts = [owner.text(page) for _ in range(2)]
    assert all(re.search(r"a minute 7 10 in \d+ s an hour 47 50 in 60 min", text) for text in texts)
    assert module_practice.client(secret).get(PATHS["vetigen"]).headers["x-ratelimit-remaining"] == "6"
    secret, page, _ = make(owner, dialect="provet")
    assert "Nothing was counted in the last minute." in owner.text(page)
    assert opens(module_practice, "provet", secret) == 200
    assert re.search(r"GET client/ 124 125 in \d\d s", owner.text(page))


def test_a_server_that_counts_nothing_says_so(module_practice: Practice) -> None:
    owner = Colleague(module_practice.served_otherwise(limits="off"))
    secret, page, _ = make(owner, dialect="vetigen")
    assert owner.client.get(PATHS["vetigen"], headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert "Nothing was counted" in owner.text(page)


def test_a_key_is_revoked_at_once_and_for_good(module_practice: Practice, owner: Colleague) -> None:
    secret, page, _ = make(owner, name="Doomed")
    assert opens(module_practice, "vetigen", secret) == 200
    done = owner.post(f"{page}/revoke", {}, page)
    assert (done.status_code, done.headers["location"]) == (303, f"/console/{page}?done=revoked")
    after = owner.text(f"{page}?done=revoked")
    assert "The key is revoked." in after
    assert "Revoke this key" not in after
    time.sleep(FORGOTTEN_S)
    assert opens(module_practice, "vetigen", secret) == 401
    again = owner.post(f"{page}/revoke", {}, "keys/new")
    assert again.status_code == 303
    assert "Doomed" not in owner.text("keys")
    assert "Doomed" in owner.text("keys?state=revoked")
    noted = [(action, shown) for _, action, shown in deeds(module_practice) if shown.startswith("Doomed")]
    assert noted == [(action, f"Doomed (vetigen, {secret[:12]}…)") for action in ("made", "ended")]


def test_another_clinics_key_is_nobodys(module_practice: Practice, owner: Colleague) -> None:
    secret, page, _ = make(owner)
    stranger = Colleague(module_practice, who=OTHER_OWNER)
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}/revoke", {}, "keys/new").status_code == 404
    assert page.rpartition("/")[2] not in stranger.get("keys").text
    time.sleep(FORGOTTEN_S)
    assert opens(module_practice, "vetigen", secret) == 200


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"name": ""}, "name", "A name has 1 to 200 characters."),
        ({"name": "x" * 201}, "name", "A name has 1 to 200 characters."),
        ({"name": "\x07"}, "name", "A name has 1 to 200 characters."),
        ({"dialect": "vetcheck"}, "dialect", "Choose one of the list."),
        ({"dialect": "../vetigen"}, "dialect", "Choose one of the list."),
        ({"kind": "master"}, "kind", "Choose one of the list."),
        ({"per_minute": "0"}, "per_minute", "Write a whole number from 1"),
        ({"per_minute": "1e3"}, "per_minute", "Write a whole number from 1"),
        ({"per_minute": "٣"}, "per_minute", "Write a whole number from 1"),
        ({"per_hour": "1000000001"}, "per_hour", "Write a whole number from 1"),
        ({"per_hour": "9" * 5_000}, "per_hour", "Write a whole number from 1"),
    ],
)
def test_what_does_not_hold_is_told_beside_the_field(
    module_practice: Practice, owner: Colleague, fields: dict[str, str], field: str, problem: str
) -> None:
    before = len(deeds(module_practice))
    answer = owner.post("keys/new", form(**{"name": "kept as typed", **fields}))
    assert answer.status_code == 400
    said = re.search(rf'id="{field}-problem">([^<]*)<', answer.text)
    assert said is not None
    assert problem in said[1]
    assert f'href="#{field}"' in answer.text
    assert "name" in fields or "kept as typed" in answer.text
    assert not _SECRET.search(answer.text)
    assert len(deeds(module_practice)) == before


def test_a_key_without_a_permission_is_none(owner: Colleague) -> None:
    answer = owner.post("keys/new", {"name": "x", "dialect": "provet", "kind": "partner", "may-everything": "yes"})
    assert answer.status_code == 400
    assert "Choose at least one." in told(answer)
    assert 'value="partner" selected' in answer.text
    assert "checked" not in answer.text


def test_an_apis_page_leads_to_a_key_for_it(owner: Colleague) -> None:
    assert '<option value="provet" selected>' in owner.get("keys/new?dialect=provet").text
    assert owner.get("keys/new").text.count(" checked>") == len(PERMISSIONS)


def test_the_list_goes_on_by_key(fresh_practice: Practice) -> None:
    owner, stranger = Colleague(fresh_practice), Colleague(fresh_practice, who=OTHER_OWNER)
    before = len(_HREF.findall(stranger.get("keys").text))

    async def fill(store: Store) -> list[str]:
        made = [keys.made(NewKey(clinic_id=MAIN_CLINIC, dialect="provet", name=f"No. {n}"))[0] for n in range(120)]

        async def job(tx: Tx) -> None:
            for key in made:
                access.add_key(tx, key)
                access.revoke_key(tx, key.id, values.now())

        await store.write(Touching(), job)
        return sorted((values.to_crockford(key.id) for key in made), reverse=True)

    made, path, pages = fresh_practice.run(fill), "keys?state=revoked", []
    while path:
        text = owner.get(path).text
        pages.append([one.rpartition("/")[2] for one in _HREF.findall(text)])
        older = re.search(r'rel="next" href="/console/([^"]+)"', text)
        path = "" if older is None else html.unescape(older[1])
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [one for page in pages for one in page] == made
    assert len(_HREF.findall(stranger.get("keys").text)) == before
    assert owner.get("keys?before=nonsense").status_code == 400


def test_a_clinic_has_so_many_keys_and_no_more(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)

    async def fill(store: Store) -> None:
        for _ in range(MOST_KEYS - await access.living_keys(store.reader, MAIN_CLINIC)):
            await keys.create(store, NewKey(clinic_id=MAIN_CLINIC, dialect="provet", name="one of many"))

    fresh_practice.run(fill)
    refused = owner.post("keys/new", form())
    assert refused.status_code == 400
    assert f"at most {MOST_KEYS} keys" in told(refused)
    owner.post(f"{_HREF.findall(owner.get('keys').text)[0].removeprefix('/console/')}/revoke", {}, "keys/new")
    assert owner.post("keys/new", form()).status_code == 200
