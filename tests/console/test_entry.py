# SPDX-License-Identifier: Apache-2.0
"""Signing in to the console and out, and where that leads."""

from __future__ import annotations

import re

import httpx
import pytest

from polyvet.model.access import Role
from tests.console.people import EMAILS, Colleague, Visitor, told
from tests.dialects.harness import PASSWORD, Practice

# Each test signs in as somebody of its own: an address may be tried five times a minute.
EMAIL, TOBIAS, SELIN, MAIJA = (EMAILS[role] for role in (Role.OWNER, Role.VET, Role.READ_ONLY, Role.NURSE))
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def _sign_in(client: httpx.Client, email: str, password: str, path: str = "/console/sign-in") -> httpx.Response:
    found = _CSRF.search(client.get(path).text)
    assert found is not None
    return client.post(path, data={"csrf": found[1], "email": email, "password": password})


def test_signing_in_leads_to_where_one_wanted_to_go(practice: Practice) -> None:
    client = practice.client()
    turned = client.get("/console/account?x=1")
    assert turned.headers["location"] == "/console/sign-in?next=/console/account%3Fx%3D1"
    entered = _sign_in(client, EMAIL, PASSWORD, turned.headers["location"])
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/account?x=1")
    cookie = entered.headers["set-cookie"]
    assert [word in cookie for word in ("HttpOnly", "SameSite=lax", "Secure")] == [True, True, False]
    assert "Dr. Aino Laakso" in told(client.get("/console/account"))


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(practice: Practice, next_: str) -> None:
    client = practice.client()
    entered = _sign_in(client, EMAIL, PASSWORD, str(httpx.URL("/console/sign-in", params={"next": next_})))
    assert entered.headers["location"] == "/console"


def test_a_session_that_was_there_before_stands_for_nobody(practice: Practice) -> None:
    client = practice.client()
    client.cookies.set("polyvet_session", "planted")
    entered = _sign_in(client, TOBIAS, PASSWORD)
    assert "planted" not in entered.headers["set-cookie"]
    victim = practice.client()
    victim.cookies.set("polyvet_session", "planted")
    assert victim.get("/console").status_code == 303


def test_a_session_ends_with_signing_out(practice: Practice) -> None:
    client = practice.client()
    _sign_in(client, SELIN, PASSWORD)
    secret = client.cookies["polyvet_session"]
    found = _CSRF.search(client.get("/console").text)
    assert found is not None
    left = client.post("/console/sign-out", data={"csrf": found[1]})
    assert left.headers["location"] == "/console/sign-in?done=signed-out"
    again = practice.client()
    again.cookies.set("polyvet_session", secret)
    assert again.get("/console").status_code == 303


def test_a_wrong_password_and_a_wrong_address_are_answered_alike(practice: Practice) -> None:
    client = practice.client()
    answers = [_sign_in(client, *pair) for pair in ((MAIJA, "wrong password"), ("nobody@x.example", PASSWORD))]
    texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert [answer.status_code for answer in answers] == [401, 401]
    assert len(texts) == 1


def test_guessing_is_slowed_down(fresh_practice: Practice) -> None:
    client = fresh_practice.client()
    answers = [_sign_in(client, "guess@x.example", f"guess number {n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_pages_are_kept_and_framed_nowhere(owner: Colleague) -> None:
    headers = owner.get("").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")
    assert owner.get("no/such/page").status_code == 404
    assert owner.client.put("/console/account").status_code == 405


def test_static_files_have_an_address_for_each_version(owner: Colleague) -> None:
    found = re.search(r'href="(/console/static/console.css\?v=[0-9a-f]{16})"', owner.get("").text)
    assert found is not None
    assert "immutable" in owner.client.get(found[1]).headers["cache-control"]
    assert owner.client.get("/console/static/console.css?v=0").headers["cache-control"] == "no-cache"
    for path in ("../console.py", "%2e%2e/console.py", "nothing.css", ""):
        assert owner.client.get(f"/console/static/{path}").status_code == 404


def test_a_form_that_is_out_of_date_is_told_of_in_a_sentence(practice: Practice) -> None:
    answer = Visitor(practice).client.post("/console/sign-in", data={"csrf": "0" * 64})
    assert answer.status_code == 400
    assert "The form is out of date, or does not come from this site; go back and load the page again." in told(answer)
