# SPDX-License-Identifier: Apache-2.0
"""What users find at /account: a promo code, and the applications of their clinic."""

from __future__ import annotations

import re

import httpx
import pytest

from polyvet.identity import roles
from polyvet.identity.attempts import AS_ONE
from polyvet.identity.roles import NewPromoCode
from polyvet.model.library import LibraryRole
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from tests.dialects.harness import Practice
from tests.dialects.page import Page
from tests.dialects.vetcheck.signing_in import (
    EMAIL,
    OTHER_EMAIL,
    Integrator,
    sent,
    signed_in,
    told,
    user_of,
)

# --- promo codes ------------------------------------------------------------------------------------------------


def test_a_promo_code_that_comes_with_the_request_opens_the_library(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    code = fresh_practice.run(lambda store: roles.create(store, NewPromoCode(most_uses=1)))
    fresh_practice.run(lambda store: roles.set_role(store, MAIN_CLINIC, EMAIL, LibraryRole.FREE))
    browser = signed_in(fresh_practice)
    assert "opens the whole library" in Page(it.ask(browser, promo_code=code.lower())).text
    assert user_of(fresh_practice, EMAIL).library_role == "free"
    it.answer(browser, "cancel", promo_code=code)
    assert user_of(fresh_practice, EMAIL).library_role == "free"
    told(it.answer(browser, promo_code=code))
    assert user_of(fresh_practice, EMAIL).library_role == "premium"
    other = signed_in(fresh_practice, OTHER_EMAIL, SECOND_CLINIC)
    page = it.ask(other, promo_code=code)
    assert "not known here, or is used up or over" in Page(page).text
    assert "code" in told(sent(other, page, decision="allow"))


def test_a_promo_code_is_typed_at_the_account(fresh_practice: Practice) -> None:
    code = fresh_practice.run(lambda store: roles.create(store, NewPromoCode()))
    fresh_practice.run(lambda store: roles.set_role(store, MAIN_CLINIC, EMAIL, LibraryRole.FREE))
    browser = signed_in(fresh_practice)
    wrong = sent(browser, browser.get("/account"), promo_code="nonsense")
    assert wrong.status_code == 400
    assert "not known here" in Page(wrong).text
    right = sent(browser, browser.get("/account"), promo_code=f" {code.lower()} ")
    assert right.status_code == 200
    assert "The whole library is open to you now." in Page(right).text
    page = Page(browser.get("/account"))
    assert "Your role is premium" in page.text
    assert not [one for one in page.all("input") if one.get("name") == "promo_code"]


def test_guessing_promo_codes_is_slowed(fresh_practice: Practice) -> None:
    fresh_practice.run(lambda store: roles.set_role(store, MAIN_CLINIC, EMAIL, LibraryRole.FREE))
    browser = signed_in(fresh_practice)
    page = browser.get("/account")
    assert [sent(browser, page, promo_code="x").status_code for _ in range(AS_ONE + 1)] == [400] * AS_ONE + [429]


# --- developers' pages ------------------------------------------------------------------------------------------


def _register(browser: httpx.Client, **given: str) -> httpx.Response:
    page = browser.get("/account/applications")
    form = {"csrf": Page(page).hidden["csrf"], "name": "My app", "redirect_uris": "https://a.example/cb", **given}
    return browser.post(page.url, data=form)


def test_a_developer_registers_an_application_and_revokes_it(fresh_practice: Practice) -> None:
    browser = signed_in(fresh_practice)
    answer = _register(browser, redirect_uris="https://a.example/cb\r\nhttp://127.0.0.1:8765/callback\r\n")
    client_id, secret = (re.findall(rf"<code>(\w{{{length}}})</code>", answer.text)[0] for length in (40, 64))
    assert secret not in browser.get("/account/applications").text
    body = {"grant_type": "authorization_code", "client_id": client_id, "client_secret": secret, "code": "x",
            "redirect_uri": "https://a.example/cb"}  # fmt: skip
    assert fresh_practice.client().post("/oauth/token", json=body).json()["error"] == "invalid_grant"
    other = signed_in(fresh_practice, OTHER_EMAIL, SECOND_CLINIC)
    assert client_id not in other.get("/account/applications").text
    theirs = {"csrf": Page(other.get("/account/applications")).hidden["csrf"], "revoke": client_id}
    assert other.post("/account/applications", data=theirs).status_code == 400
    form = {"csrf": Page(browser.get("/account/applications")).hidden["csrf"], "revoke": client_id}
    assert "is revoked" in browser.post("/account/applications", data=form).text
    assert fresh_practice.client().post("/oauth/token", json=body).json()["error"] == "invalid_client"


def test_a_public_application_gets_no_secret(module_practice: Practice) -> None:
    shown = Page(_register(signed_in(module_practice), public="yes", redirect_uris="com.example.app:/cb")).text
    assert "It has no secret" in shown
    assert "Client secret" not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 201), ("redirect_uris", ""), ("redirect_uris", "http://a.example/"),
     ("redirect_uris", "https://a.example/#x"), ("redirect_uris", "javascript:alert(1)"),
     ("redirect_uris", " ".join(f"https://a.example/{n}" for n in range(21)))],
)  # fmt: skip
def test_an_application_that_does_not_hold_is_told_beside_the_field(
    module_practice: Practice, field: str, value: str
) -> None:
    answer = _register(signed_in(module_practice), **{field: value})
    assert answer.status_code == 400
    page = Page(answer)
    assert [one["name"] for one in (*page.all("input"), *page.all("textarea")) if one.get("aria-invalid")] == [field]


def test_a_clinic_has_at_most_twenty(fresh_practice: Practice) -> None:
    browser = signed_in(fresh_practice, OTHER_EMAIL, SECOND_CLINIC)
    answers = [_register(browser) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [400]
    assert "at most 20 applications" in Page(answers[-1]).text


def test_what_a_stranger_wrote_is_shown_as_text(module_practice: Practice) -> None:
    name = "<script>alert(1)</script>"
    it = Integrator(module_practice, name=name)
    browser = signed_in(module_practice)
    answers = [it.ask(browser, promo_code=name), browser.get("/account/applications"), _register(browser, name=name),
               sent(browser, browser.get("/login"), email=f'"{name}', password="x")]  # fmt: skip
    for answer in answers:
        assert name not in answer.text
        assert name in Page(answer).text or "&lt;script&gt;" in answer.text
