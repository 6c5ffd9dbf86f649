# SPDX-License-Identifier: Apache-2.0
"""What VetCheck's sign-in refuses: one test for each MUST of RFC 9700 (OAuth 2.0 Security Best Current Practice) that
an authorization server can break, as far as the pages go; test_oauth_codes.py has the rest. The sections stand in the
tests' docstrings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.harness import PASSWORD
from tests.dialects.page import VERIFIER, Page
from tests.dialects.vetcheck.signing_in import (
    COLLEAGUE,
    REDIRECT,
    Integrator,
    error,
    made,
    sign_in,
    signed_in,
    told,
)

# --- where the answer goes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [None, "https://app.example/callback", REDIRECT + "/", REDIRECT + "&x=y", REDIRECT.upper(), "https://evil.example/",
     REDIRECT.replace("https", "http"), "https://app.example@evil.example/callback?from=vet", REDIRECT + "#x",
     "https://app.example/callback%3Ffrom=vet", "https://app.example:443/callback?from=vet", "javascript:alert(1)"],
)  # fmt: skip
def test_a_redirect_uri_is_compared_letter_by_letter(it: Integrator, uri: str | None) -> None:
    """2.1 and 4.1.3: exact string matching; 4.11.2: no open redirector. Whoever asks is told on a page."""
    for browser in (it.practice.client(), signed_in(it.practice)):
        answer = it.ask(browser, redirect_uri=uri)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "form-action 'none'" in answer.headers["content-security-policy"]
        assert "Nothing was allowed" in answer.text


@pytest.mark.parametrize("client_id", [None, "nobody", "provet"])
def test_nobody_is_sent_anywhere_for_an_application_that_is_not_known(it: Integrator, client_id: str | None) -> None:
    """4.11.2: no redirect before client and redirect URI are known to belong together."""
    answer = it.ask(signed_in(it.practice), client_id=client_id)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_application_or_a_target_that_is_named_twice_is_neither(it: Integrator, name: str) -> None:
    """4.11.2."""
    asked = it.asking()
    answer = signed_in(it.practice).get("/code", params=[*asked.items(), (name, asked[name])])
    assert answer.status_code == 400
    assert "more than once" in answer.text


def test_an_error_says_who_answers_and_brings_the_state_back(
    it: Integrator,
) -> None:
    """4.4.2 and 4.7: for mix-up and forgery alike (RFC 9207)."""
    back = told(it.ask(scope=None))
    assert (back["error"], back["state"]) == ("invalid_request", "a state & more")
    assert back["iss"] == it.practice.server.url + "/"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "read:secrets"}, "invalid_scope"),
        ({"audience": None}, "invalid_request"),
        ({"audience": "https://api-v2.vetcheck.it"}, "invalid_request"),
        ({"audience": "https://other.example/"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": "x" * 2_001}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_request_that_does_not_hold_is_told_to_the_application(
    it: Integrator, changed: dict[str, Any], problem: str
) -> None:
    """2.1.2: no implicit grant, no token in an authorization response; 2.1.1 and 4.8.2: no `plain` challenge."""
    for browser in (it.practice.client(), signed_in(it.practice)):
        back = told(it.ask(browser, **changed))
        assert back["error"] == problem
        assert "code" not in back
        assert back["error_description"]


def test_unknown_scopes_are_dropped(it: Integrator) -> None:
    back = told(it.answer(signed_in(it.practice), scope="read:handouts read:dragons"))
    assert made(it.exchange(back["code"]))["scope"] == "read:handouts"


def test_a_parameter_that_came_twice_is_told_to_the_application(it: Integrator) -> None:
    answer = signed_in(it.practice).get("/code", params=[*it.asking().items(), ("scope", "email")])
    assert told(answer)["error"] == "invalid_request"


# --- the user's consent -----------------------------------------------------------------------------------------


def test_a_user_refuses(it: Integrator) -> None:
    """The reference leaves it open: RFC 6749, 4.1.2.1."""
    back = told(it.answer(signed_in(it.practice), "cancel"))
    assert set(back) == {"from", "error", "error_description", "state", "iss"}
    assert back["error"] == "access_denied"


def test_a_session_alone_grants_nothing(it: Integrator) -> None:
    """4.11.2 and 4.7: an answer needs the user's click, also where the same was allowed before."""
    browser = signed_in(it.practice)
    told(it.answer(browser))
    assert it.ask(browser).status_code == 200
    assert it.ask(browser, decision="allow").status_code == 200, "which does not come from the form"
    assert told(it.ask(browser, prompt="none"))["error"] == "consent_required"
    assert told(it.ask(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_a_prompt_to_sign_in_again_is_obeyed_once(it: Integrator, prompt: str) -> None:
    browser = it.practice.client()
    browser.cookies.update(signed_in(it.practice, COLLEAGUE).cookies)
    away = it.ask(browser, prompt=prompt)
    assert (away.status_code, away.headers["location"][:12]) == (303, "/login?next=")
    assert "login" not in away.headers["location"].partition("next=")[2]
    assert it.ask(browser, prompt="consent").status_code == 200


@pytest.mark.parametrize("decision", ["allow", "cancel"])
def test_the_consent_is_not_forged(it: Integrator, decision: str) -> None:
    """4.7: cross-site request forgery; the form carries what its own session's page has shown."""
    browser, other = signed_in(it.practice), signed_in(it.practice, COLLEAGUE)
    theirs = Page(it.ask(other)).hidden["csrf"]
    url = it.ask(browser).url
    for form in ({}, {"csrf": theirs}, {"csrf": ""}):
        answer = browser.post(url, data={"decision": decision, **form})
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    late = it.practice.client().post(url, data={"decision": decision, "csrf": theirs})
    assert late.headers["location"].startswith("/login?next=/code")


def test_a_page_asked_for_by_post_is_the_same_page(it: Integrator) -> None:
    """OpenID Connect Core, 3.1.2.1; it grants nothing by itself."""
    answer = signed_in(it.practice).post("/code", data=it.asking())
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/code?audience=")


def test_the_pages_are_framed_kept_and_told_nowhere(it: Integrator) -> None:
    """4.16: clickjacking; 4.2.4: no referrer that leaks code or state; nothing is kept."""
    browser = signed_in(it.practice)
    for answer in (
        it.ask(browser),
        browser.get("/login"),
        browser.get("/account"),
        browser.get("/account/applications"),
    ):
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] in ("'self' https://app.example", "'self'")
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
        assert not Page(answer).all("script")


def test_redirects_do_not_carry_what_was_posted(it: Integrator) -> None:
    """4.12: never 307, which would send the password or the form on."""
    browser = it.practice.client()
    steps = [it.ask(browser), sign_in(browser, COLLEAGUE), it.answer(browser), it.answer(browser, "cancel")]
    for answer in steps:
        assert answer.status_code == 303
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert PASSWORD.split()[0] not in answer.headers["location"]


def test_answers_say_who_answers(it: Integrator) -> None:
    """4.4.2: mix-up; `iss` in success and failure alike, and as discovery has it (RFC 9207)."""
    browser = signed_in(it.practice)
    issuer = it.http.get("/.well-known/openid-configuration").json()["issuer"]
    for back in (it.answer(browser), it.answer(browser, "cancel"), it.ask(browser, scope="x")):
        assert told(back)["iss"] == issuer


def test_no_token_stands_in_a_url(it: Integrator) -> None:
    """4.3.2 and 2.1.2: the redirect brings a code only, and tokens in a query are not read."""
    back = told(it.answer(signed_in(it.practice)))
    assert set(back) == {"from", "code", "state", "iss"}
    token = it.tokens()["access_token"]
    assert it.http.get("/handouts", params={"access_token": token}).status_code == 401
    body = {"grant_type": "authorization_code", "code": it.code(), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    answer = it.http.post(
        "/oauth/token", data=body, params={"client_id": it.client_id, "client_secret": it.secret or ""}
    )
    assert error(answer) == (401, "invalid_client")
