# SPDX-License-Identifier: Apache-2.0
"""OAuth applications in the console, and at VetCheck's own page: registered, given new secrets, revoked."""

from __future__ import annotations

import html
import re
import time

import httpx
import pytest
from msgspec.structs import replace

from polyvet.core.access import MOST_APPLICATIONS
from polyvet.core.context import PERMISSIONS
from polyvet.model.access import Role
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.console.people import EMAILS, OTHER_OWNER, Colleague, deeds, told
from tests.console.test_keys import ALL, FORGOTTEN_S
from tests.dialects.harness import Practice
from tests.dialects.page import Page

REDIRECT = "https://app.example/callback"
_ONCE = re.compile(r'<code class="secret">(\w+)</code>')
_HREF = re.compile(r'href="(/console/applications/[0-9A-Z]{26})"')


def form(dialect: str = "provet", **more: str) -> dict[str, str]:
    """The form as a browser sends it; an empty field of `more` is left out."""
    given = {
        "name": "Waiting <room>",
        "dialect": dialect,
        "redirect_uris": REDIRECT,
        "for_itself": "yes",
        **ALL,
        **more,
    }
    return {name: value for name, value in given.items() if value}


class Registered:
    """An application that an owner has registered; `secret` is empty for a public one."""

    def __init__(self, practice: Practice, owner: Colleague, **more: str) -> None:
        self.http = practice.client()
        answer = owner.post("applications/new", form(**more))
        assert answer.status_code == 200, told(answer)
        assert answer.headers["cache-control"] == "no-store"
        self.client_id, *secrets = _ONCE.findall(answer.text)
        self.secret = "".join(secrets)
        self.page = _HREF.findall(answer.text)[0].removeprefix("/console/")

    def token(self, secret: str | None = None) -> httpx.Response:
        """A token of the application's own, from Provet Cloud's endpoint."""
        sent = {"grant_type": "client_credentials"}
        return self.http.post("/4/oauth2/token/", data=sent, auth=(self.client_id, secret or self.secret))

    def opens(self, token: str) -> int:
        """The status of a read with a token."""
        return self.http.get("/4/api/0.1/client/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_an_application_gets_tokens_and_its_secret_is_shown_once(module_practice: Practice, owner: Colleague) -> None:
    made = Registered(module_practice, owner)
    assert (len(made.client_id), len(made.secret)) == (40, 64)
    assert made.opens(made.token().json()["access_token"]) == 200
    pages = [owner.get(path).text for path in ("applications", made.page, "apis/provet")]
    assert not [page for page in pages if made.secret in page]
    assert "Waiting &lt;room&gt;" in pages[1]
    text = owner.text(made.page)
    for said in ("in use", REDIRECT, "client_credentials , authorization_code , refresh_token", "May all"):
        assert said in text
    assert re.search(r"GET client/ 124 125 in \d\d s", text)


def test_what_was_chosen_is_what_it_may(module_practice: Practice, owner: Colleague) -> None:
    fields = {"name": "Narrow", "dialect": "provet", "for_itself": "yes", "may-patients:read": "yes", "per_minute": "2"}
    answer = owner.post("applications/new", fields)
    client_id, secret = _ONCE.findall(answer.text)
    http = module_practice.client()
    given = http.post("/4/oauth2/token/", data={"grant_type": "client_credentials"}, auth=(client_id, secret)).json()
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    assert http.get("/4/api/0.1/client/", headers=bearer).status_code == 403
    statuses = [http.get("/4/api/0.1/patient/", headers=bearer).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    text = owner.text(_HREF.findall(answer.text)[0].removeprefix("/console/"))
    assert "Gets tokens by client_credentials" in text
    assert "May patients:read" in text
    assert "GET patient/ 0 2 in" in text


@pytest.mark.parametrize("dialect", ["provet", "vetcheck"])
def test_a_public_application_has_no_secret(module_practice: Practice, owner: Colleague, dialect: str) -> None:
    made = Registered(module_practice, owner, dialect=dialect, public="yes", redirect_uris="com.example.app:/cb")
    assert made.secret == ""
    text = owner.text(made.page)
    assert "it is public" in text
    assert "Make a new secret" not in text
    refused = owner.post(f"{made.page}/secret", {}, "applications/new")
    assert refused.status_code == 400
    assert "A public application has no secret." in told(refused)


def test_in_vetcheck_an_application_gets_nothing_without_a_user(module_practice: Practice, owner: Colleague) -> None:
    made = Registered(module_practice, owner, dialect="vetcheck")
    assert "client_credentials" not in owner.text(made.page)
    refused = owner.post("applications/new", form(dialect="vetcheck", redirect_uris=""))
    assert refused.status_code == 400
    assert 'id="redirect_uris-problem"' in refused.text


def test_a_new_secret_ends_the_old_one_and_no_token(module_practice: Practice, owner: Colleague) -> None:
    made = Registered(module_practice, owner, name="Rotating")
    token = made.token().json()["access_token"]
    answer = owner.post(f"{made.page}/secret", {}, made.page)
    client_id, secret = _ONCE.findall(answer.text)
    assert (client_id, len(secret)) == (made.client_id, 64)
    assert made.token().status_code == 401
    assert made.token(secret).status_code == 200
    assert made.opens(token) == 200
    noted = [shown for _, action, shown in deeds(module_practice) if action == "changed" and "Rotating" in shown]
    assert noted == [f"Rotating (provet, {made.client_id}), new secret"]


def test_a_revoked_application_is_gone_with_all_its_tokens(module_practice: Practice, owner: Colleague) -> None:
    made, spared = (Registered(module_practice, owner, name=name) for name in ("Doomed", "Spared"))
    tokens = [one.token().json()["access_token"] for one in (made, made, spared)]
    assert [made.opens(token) for token in tokens] == [200, 200, 200]
    done = owner.post(f"{made.page}/revoke", {}, made.page)
    assert done.headers["location"] == f"/console/{made.page}?done=revoked"
    assert "The application is revoked." in owner.text(f"{made.page}?done=revoked")
    time.sleep(FORGOTTEN_S)
    assert [made.opens(token) for token in tokens] == [401, 401, 200]
    assert made.token().status_code == 401
    assert [owner.post(f"{made.page}/{what}", {}, spared.page).status_code for what in ("revoke", "secret")] == [
        404,
        404,
    ]
    assert "Doomed" not in owner.text("applications")
    assert "Doomed" in owner.text("applications?state=revoked")
    noted = [(action, shown) for _, action, shown in deeds(module_practice) if shown.startswith("Doomed")]
    assert noted == [(action, f"Doomed (provet, {made.client_id})") for action in ("made", "ended")]


def test_another_clinics_application_is_nobodys(module_practice: Practice, owner: Colleague) -> None:
    made, stranger = Registered(module_practice, owner), Colleague(module_practice, who=OTHER_OWNER)
    assert stranger.get(made.page).status_code == 404
    for what in ("revoke", "secret"):
        assert stranger.post(f"{made.page}/{what}", {}, "applications/new").status_code == 404
    assert made.page not in stranger.get("applications").text
    assert made.token().status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"dialect": "vetigen"}, "dialect"),
        ({"redirect_uris": "http://app.example/"}, "redirect_uris"),
        ({"redirect_uris": f"{REDIRECT}\r\njavascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": " ".join(f"https://a.example/{n}" for n in range(21))}, "redirect_uris"),
        ({"redirect_uris": "", "for_itself": ""}, "redirect_uris"),
        ({"redirect_uris": "", "public": "yes"}, "redirect_uris"),
        ({"per_minute": "-1"}, "per_minute"),
        ({f"may-{one}": "" for one in PERMISSIONS}, "permissions"),
    ],
)
def test_what_does_not_hold_is_told_beside_the_field(owner: Colleague, fields: dict[str, str], field: str) -> None:
    answer = owner.post("applications/new", form(**fields))
    assert answer.status_code == 400
    assert re.findall(r'id="(\w+)-problem"', answer.text) == [field]
    assert not _ONCE.search(answer.text)
    for name, typed in form(**fields).items():
        assert not name.startswith("may-") or f'name="{name}" type="checkbox" value="yes" checked' in answer.text
        assert name != "redirect_uris" or html.escape(typed) in answer.text.replace("&#39;", "&#x27;")


def test_a_clinic_has_so_many_of_a_dialect_wherever_they_are_registered(fresh_practice: Practice) -> None:
    stranger = Colleague(fresh_practice, who=OTHER_OWNER)
    answers = [stranger.post("applications/new", form(dialect="vetcheck")) for _ in range(MOST_APPLICATIONS + 1)]
    assert [answer.status_code for answer in answers] == [200] * MOST_APPLICATIONS + [400]
    assert f"at most {MOST_APPLICATIONS} applications for vetcheck" in told(answers[-1])
    assert _at_vetcheck(stranger.client).status_code == 400
    assert stranger.post("applications/new", form(dialect="provet")).status_code == 200


# --- VetCheck's own page ----------------------------------------------------------------------------------------


def _at_vetcheck(browser: httpx.Client) -> httpx.Response:
    csrf = Page(browser.get("/account")).hidden["csrf"]
    return browser.post("/account/applications", data={"csrf": csrf, "name": "Mine", "redirect_uris": REDIRECT})


def test_vetchecks_page_registers_what_the_console_shows(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    assert _at_vetcheck(owner.client).status_code == 200
    assert "Mine" in owner.text("applications")
    assert [(action, shown.partition(" ")[0]) for _, action, shown in deeds(fresh_practice)][-1] == ("made", "Mine")
    form = {"csrf": Page(owner.client.get("/account")).hidden["csrf"], "revoke": _client_id(owner)}
    assert "is revoked" in owner.client.post("/account/applications", data=form).text
    assert "Mine" in owner.text("applications?state=revoked")
    assert deeds(fresh_practice)[-1][1] == "ended"


def _client_id(owner: Colleague) -> str:
    page = next(href for href in _HREF.findall(owner.get("applications").text))
    found = re.search(r"<dt>Client ID</dt><dd><code>(\w{40})</code>", owner.client.get(page).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_whose_role_does_not_allow_it_is_refused_there(fresh_practice: Practice, role: Role) -> None:
    colleague = Colleague(fresh_practice, role)
    assert "account/applications" not in colleague.client.get("/account").text
    assert colleague.client.get("/account/applications").status_code == 403
    assert _at_vetcheck(colleague.client).status_code == 403
    assert "Mine" not in Colleague(fresh_practice).text("applications")


def test_a_user_of_whom_nobody_has_said_what_they_may_registers_there(fresh_practice: Practice) -> None:
    vet = Colleague(fresh_practice, Role.VET)

    async def forget(store: Store) -> None:
        async def job(tx: Tx) -> None:
            file = await staff.by_email(tx, MAIN_CLINIC, EMAILS[Role.VET])
            assert file is not None
            staff.change_user(tx, replace(file, user=replace(file.user, console_role=None)))

        await store.write(Touching(clinics=(MAIN_CLINIC,)), job)

    fresh_practice.run(forget)
    assert "account/applications" in vet.client.get("/account").text
    assert _at_vetcheck(vet.client).status_code == 200
