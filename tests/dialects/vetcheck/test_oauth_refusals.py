# SPDX-License-Identifier: Apache-2.0
"""What VetCheck's sign-in refuses: one test for each MUST of RFC 9700 (OAuth 2.0 Security Best Current Practice) that
an authorization server can break. The sections stand in the tests' docstrings."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from polyvet.identity import keys
from polyvet.model import values
from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.page import VERIFIER, Page
from tests.dialects.vetcheck.signing_in import (
    COLLEAGUE,
    EMAIL,
    FORM,
    OTHER_EMAIL,
    REDIRECT,
    SCOPE,
    Integrator,
    beside,
    error,
    made,
    sent,
    sign_in,
    signed_in,
    told,
    user_of,
)

OTHER_VERIFIER = "a" * 43
FORGOTTEN_S = 1.1


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


# --- codes ------------------------------------------------------------------------------------------------------


def test_a_code_serves_once_and_its_replay_ends_what_it_gave(it: Integrator) -> None:
    """4.5.3 and RFC 6749, 4.1.2: a code that comes again was stolen."""
    code = it.code()
    tokens = made(it.exchange(code))
    assert it.status(tokens["access_token"]) != 401
    assert error(it.exchange(code)) == (400, "invalid_grant")
    time.sleep(FORGOTTEN_S)
    assert it.status(tokens["access_token"]) == 401
    assert error(it.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_of_many_exchanges_at_once_one_succeeds_and_its_tokens_end(it: Integrator) -> None:
    """4.5.3."""
    code = it.code()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: it.exchange(code), range(8)))
    [won] = [answer for answer in answers if answer.status_code == 200]
    time.sleep(FORGOTTEN_S)
    assert it.status(won.json()["access_token"]) == 401


def test_a_code_is_its_applications_alone(it: Integrator, public: Integrator) -> None:
    """4.5: code injection; a code is bound to its client."""
    code = it.code()
    assert error(public.exchange(code)) == (400, "invalid_grant")
    assert error(it.exchange(code, client_secret="x")) == (401, "invalid_client")
    assert error(it.exchange(code, client_secret=None)) == (401, "invalid_client")
    assert made(it.exchange(code))


@pytest.mark.parametrize("uri", ["https://app.example/other", REDIRECT + "&x", "", None])
def test_a_code_goes_with_its_redirect_uri(it: Integrator, uri: str | None) -> None:
    """4.5 and RFC 6749, 4.1.3: letter by letter here, too [seed]."""
    code = it.code()
    assert error(it.exchange(code, redirect_uri=uri))[1] == ("invalid_grant" if uri else "invalid_request")
    assert made(it.exchange(code))


def test_a_code_is_good_for_a_minute(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    for seconds, status in ((50, 200), (61, 400)):
        code = it.code()
        beside(fresh_practice, f"UPDATE oauth_codes SET expires_at = expires_at - {seconds * values.MICROSECONDS}")  # noqa: S608
        assert it.exchange(code).status_code == status


@pytest.mark.parametrize("verifier", [None, "", OTHER_VERIFIER, VERIFIER[:-1], VERIFIER.upper(), "x" * 200, "é" * 43])
def test_a_challenge_is_answered_by_its_verifier_alone(it: Integrator, verifier: str | None) -> None:
    """2.1.1: the verifier is enforced where there was a challenge."""
    code = it.code()
    assert error(it.exchange(code, code_verifier=verifier)) == (400, "invalid_grant")
    assert made(it.exchange(code))


def test_a_verifier_without_a_challenge_is_refused(it: Integrator) -> None:
    """2.1.1 and 4.8.2: PKCE downgrade."""
    assert error(it.exchange(it.code(challenge=None))) == (400, "invalid_grant")


def test_a_public_application_must_send_a_challenge(public: Integrator) -> None:
    """2.1.1: public clients must use PKCE."""
    back = told(public.ask(code_challenge=None, code_challenge_method=None))
    assert back["error"] == "invalid_request"
    assert "code_challenge" in back["error_description"]


# --- refresh tokens -----------------------------------------------------------------------------------------------


def test_a_refresh_token_is_its_applications_alone(it: Integrator, public: Integrator) -> None:
    """4.14.2: bound to the client and to the scope that was granted."""
    refresh = it.tokens(scope="offline_access read:handouts")["refresh_token"]
    assert error(public.refresh(refresh)) == (400, "invalid_grant")
    assert error(it.refresh(refresh, client_secret="x")) == (401, "invalid_client")
    assert error(it.refresh(it.tokens()["access_token"])) == (400, "invalid_grant")
    assert it.status(refresh) == 401
    assert made(it.refresh(refresh, scope="openid read:handouts"))["scope"] == "offline_access read:handouts"


def test_a_public_applications_refresh_tokens_rotate(public: Integrator) -> None:
    """2.2.2 and 4.14.2: and one that comes again ends the grant."""
    first = public.tokens()
    second = made(public.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert error(public.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error(public.refresh(second["refresh_token"])) == (400, "invalid_grant")
    time.sleep(FORGOTTEN_S)
    assert public.status(second["access_token"]) == 401


def test_a_refresh_token_that_nobody_uses_for_ninety_days_ends(fresh_practice: Practice) -> None:
    """4.14.2: refresh tokens expire when they are not used."""
    it = Integrator(fresh_practice)
    refresh = it.tokens()["refresh_token"]
    for _ in range(3):  # each time it starts anew
        _days(fresh_practice, 80)
        assert made(it.refresh(refresh))
    _days(fresh_practice, 91)
    assert error(it.refresh(refresh)) == (400, "invalid_grant")


def _days(practice: Practice, days: int) -> None:
    beside(practice, f"UPDATE oauth_tokens SET expires_at = expires_at - {days * values.DAY}")  # noqa: S608


@pytest.mark.parametrize("how", ["application", "user", "password"])
def test_tokens_end_with_what_they_stand_on(fresh_practice: Practice, how: str) -> None:
    """4.14.2: revoked at a change of password, and when user or application go."""
    it = Integrator(fresh_practice)
    tokens, code = it.tokens(), it.code()
    if how == "application":
        beside(fresh_practice, f"UPDATE oauth_applications SET revoked_at = 1 WHERE client_id = '{it.client_id}'")  # noqa: S608
    elif how == "user":
        beside(fresh_practice, f"UPDATE users SET active = false WHERE email = '{EMAIL}'")  # noqa: S608
    else:
        fresh_practice.new_passwords()
    time.sleep(FORGOTTEN_S)
    assert it.status(tokens["access_token"]) == 401
    refused = (401, "invalid_client") if how == "application" else (400, "invalid_grant")
    assert error(it.refresh(tokens["refresh_token"])) == refused
    assert error(it.exchange(code)) == refused


# --- what is not offered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grant_type",
    ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "Authorization_Code"],
)
def test_no_other_grant_is_offered(it: Integrator, grant_type: str) -> None:
    """2.4: no resource owner password credentials; 2.1.2: nothing implicit."""
    answer = it.token(grant_type, username=EMAIL, password=PASSWORD, scope=SCOPE)
    assert error(answer) == (400, "unsupported_grant_type")


def test_an_application_proves_itself_once(it: Integrator) -> None:
    """2.5: client authentication."""
    body = {"grant_type": "refresh_token", "refresh_token": "x"}
    auth = (it.client_id, it.secret or "")
    both = it.http.post("/oauth/token", json={**body, "client_secret": it.secret}, auth=auth)
    assert error(both) == (400, "invalid_request")
    for wrong in ((it.client_id, "x"), ("x", it.secret or ""), (it.client_id, "")):
        answer = it.http.post("/oauth/token", json=body, auth=wrong)
        assert error(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_public_application_has_no_secret_to_send(public: Integrator) -> None:
    """2.5."""
    assert error(public.exchange(public.code(), client_secret="x")) == (401, "invalid_client")


def test_there_is_no_cross_origin_access_to_the_page(it: Integrator) -> None:
    """2.6: CORS must not be offered at the authorization endpoint."""
    answer = signed_in(it.practice).get("/code", params=it.asking(), headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_another_dialects_application_is_not_known_here(it: Integrator, practice: Practice) -> None:
    """4.5: nor are codes and tokens of another authorization server on this machine."""
    body = {"grant_type": "authorization_code", "code": it.code(), "redirect_uri": REDIRECT}
    answer = practice.client().post("/4/oauth2/token/", data=body, auth=(it.client_id, it.secret or ""))
    assert answer.status_code == 401


def test_a_user_of_another_clinic_sees_their_own_things_only(it: Integrator) -> None:
    other = signed_in(it.practice, OTHER_EMAIL, SECOND_CLINIC)
    page = Page(other.get("/account")).text
    assert user_of(it.practice, EMAIL).name not in page
    assert it.client_id not in other.get("/account/applications").text


def test_no_secret_is_stored_or_logged(fresh_practice: Practice, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """4.3 and 4.2: nothing leaks through logs."""
    logging = Practice(fresh_practice.url, log_level="info")
    try:
        it = Integrator(fresh_practice)
        it.http = browser = logging.client()
        assert sign_in(browser).status_code == 303
        session = browser.cookies["polyvet_session"]
        code = told(it.answer(browser, state="a-state"))["code"]
        tokens = made(it.exchange(code))
        made(it.refresh(tokens["refresh_token"]))
        it.http.post("/oauth/token", content=b"{" + tokens["refresh_token"].encode(), headers={"content-type": FORM})
    finally:
        logging.close()
    logged = capfdbinary.readouterr().err
    assert logged.count(b"/oauth/token") == 3
    hidden = [it.secret or "", code, tokens["access_token"], tokens["refresh_token"], PASSWORD, VERIFIER, session]
    for secret in (*hidden, "a-state", EMAIL):
        assert secret.encode() not in logged
    if fresh_practice.url.startswith("sqlite"):
        path = fresh_practice.url.removeprefix("sqlite:///")
        stored = b"".join(_bytes(path + suffix) for suffix in ("", "-wal"))
        assert keys.hashed(session) in stored
        assert [secret for secret in hidden if secret.encode() in stored] == []


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123, a name that was put together
        return file.read()


def test_signing_in_and_allowing_goes_through_the_pages_alone(it: Integrator) -> None:
    """What integrators' own tests do: three pages, no JavaScript."""
    browser = it.practice.client()
    login = browser.get(it.ask(browser).headers["location"])
    back = sent(browser, login, email=COLLEAGUE, password=PASSWORD)
    answer = sent(browser, browser.get(back.headers["location"]), decision="allow")
    assert made(it.exchange(told(answer)["code"]))
