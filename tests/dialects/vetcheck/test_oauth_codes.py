# SPDX-License-Identifier: Apache-2.0
"""What a code, a refresh token and an application are refused. The sections of RFC 9700 stand in the docstrings."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

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
        assert values.hashed(session) in stored
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
