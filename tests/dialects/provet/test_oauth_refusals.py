# SPDX-License-Identifier: Apache-2.0
"""OAuth 2.0 as it must not go: codes, refresh tokens and PKCE, as RFC 9700 has them, and what is kept."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from polyvet.model import values
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.page import VERIFIER, challenge
from tests.dialects.provet.asking import JOHN, ROOT
from tests.dialects.provet.signing_in import (
    EMAIL,
    REDIRECT,
    Integrator,
    error,
    later,
    made,
    told,
)

AT_ONCE = 20
FORGOTTEN_S = 1.2
OTHER_VERIFIER = "a" * 43


# --- codes (RFC 9700, 2.1.1 and 4.5) ----------------------------------------------------------------------------


def test_a_code_serves_once_and_its_replay_ends_what_it_gave(it: Integrator) -> None:
    code = it.code()
    tokens = made(it.exchange(code))
    refreshed = made(it.refresh(tokens["refresh_token"]))
    assert it.status(refreshed["access_token"]) == 200
    assert error(it.exchange(code)) == (400, "invalid_grant")
    time.sleep(FORGOTTEN_S)
    assert [it.status(one["access_token"]) for one in (tokens, refreshed)] == [401, 401]
    assert error(it.refresh(refreshed["refresh_token"])) == (400, "invalid_grant")


def test_of_many_exchanges_at_once_one_succeeds_and_its_tokens_end(it: Integrator) -> None:
    code = it.code()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: it.exchange(code), range(AT_ONCE)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {error(answer) for answer in answers if answer not in won} == {(400, "invalid_grant")}
    assert it.status(won[0].json()["access_token"]) == 401
    assert error(it.refresh(won[0].json()["refresh_token"])) == (400, "invalid_grant")


def test_of_many_refreshes_at_once_one_succeeds_and_its_grant_ends(it: Integrator) -> None:
    token = it.signed_in()["refresh_token"]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: it.refresh(token), range(AT_ONCE)))
    [won] = [answer for answer in answers if answer.status_code == 200]
    assert it.status(won.json()["access_token"]) == 401


def test_a_code_is_its_applications_alone(it: Integrator, public: Integrator, practice: Practice) -> None:
    code, stranger = it.code(), Integrator(practice)
    assert error(stranger.exchange(code)) == (400, "invalid_grant")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    mixed = public.http.post(public.root + "token/", data={**form, "client_id": public.client_id})
    assert error(mixed) == (400, "invalid_grant")
    assert it.exchange(code).status_code == 200, "whoever else tried it"
    assert error(stranger.exchange(code)) == (400, "invalid_grant")
    assert it.refresh(made(it.exchange(it.code()))["refresh_token"]).status_code == 200


@pytest.mark.parametrize("uri", ["https://app.example/callback", REDIRECT + "&code=1", "https://second.example/"])
def test_a_code_goes_with_its_redirect_uri(practice: Practice, uri: str) -> None:
    it = Integrator(practice, redirect_uris=(REDIRECT, "https://second.example/"))
    code = it.code()
    assert error(it.exchange(code, redirect_uri=uri)) == (400, "invalid_grant")
    assert error(it.exchange(code, redirect_uri=None)) == (400, "invalid_request")
    assert it.exchange(code).status_code == 200


def test_a_code_is_good_for_a_minute(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    code, old = it.code(), it.code()
    later(fresh_practice, "oauth_codes", 55 / 86_400)
    assert it.exchange(code).status_code == 200
    later(fresh_practice, "oauth_codes", 6 / 86_400)
    assert error(it.exchange(old)) == (400, "invalid_grant")


# --- PKCE (RFC 9700, 2.1.1 and 4.8) -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verifier", [None, OTHER_VERIFIER, challenge(), VERIFIER[:-1], VERIFIER + "a", "short", "ä" * 43]
)
def test_a_challenge_is_answered_by_its_verifier_alone(it: Integrator, verifier: str | None) -> None:
    code = it.code()
    assert error(it.exchange(code, code_verifier=verifier)) == (400, "invalid_grant")
    assert it.exchange(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(it: Integrator) -> None:
    code = told(it.allow(code_challenge=None, code_challenge_method=None))["code"]
    assert error(it.exchange(code)) == (400, "invalid_grant")
    assert it.exchange(code, code_verifier=None).status_code == 200


def test_a_public_application_must_send_a_challenge(public: Integrator) -> None:
    found = told(public.ask(code_challenge=None, code_challenge_method=None))
    assert found["error"] == "invalid_request"


def test_a_public_application_has_no_tokens_of_its_own_and_no_secret(public: Integrator) -> None:
    form = {"grant_type": "client_credentials", "client_id": public.client_id}
    assert error(public.http.post(public.root + "token/", data=form)) == (400, "unauthorized_client")
    for secret in ("x", "null", "None"):
        with_secret = public.http.post(public.root + "token/", data={**form, "client_secret": secret})
        assert error(with_secret) == (401, "invalid_client")


# --- refresh tokens (RFC 9700, 4.14) ----------------------------------------------------------------------------


def test_a_refresh_token_that_comes_again_ends_its_grant(it: Integrator) -> None:
    first, others = it.signed_in(), it.signed_in()
    second = made(it.refresh(first["refresh_token"]))
    assert it.status(second["access_token"]) == 200
    assert error(it.refresh(first["refresh_token"])) == (400, "invalid_grant")
    time.sleep(FORGOTTEN_S)
    assert [it.status(one["access_token"]) for one in (first, second, others)] == [401, 401, 200]
    assert error(it.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert it.refresh(others["refresh_token"]).status_code == 200


def test_a_refresh_token_is_its_applications_alone_and_gives_no_more_than_was_granted(
    it: Integrator, practice: Practice
) -> None:
    tokens, stranger = it.signed_in(), Integrator(practice)
    assert error(stranger.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error(it.refresh(tokens["access_token"])) == (400, "invalid_grant")
    assert error(it.refresh(tokens["refresh_token"], scope="restapi admin")) == (400, "invalid_scope")
    assert stranger.revoke(tokens["refresh_token"]).status_code == 200
    assert stranger.revoke(tokens["access_token"]).status_code == 200
    assert it.status(tokens["access_token"]) == 200
    assert it.refresh(tokens["refresh_token"]).status_code == 200


# --- grants that are not offered, and secrets in URLs (RFC 9700, 2.4, 2.5 and 4.3) ------------------------------


@pytest.mark.parametrize(
    "grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials2", "ä"]
)
def test_no_other_grant_is_offered(it: Integrator, grant_type: str) -> None:
    answer = it.token(grant_type, username=EMAIL, password=PASSWORD)
    assert error(answer) == (400, "unsupported_grant_type")


def test_secrets_in_the_url_are_not_read(it: Integrator) -> None:
    credentials = {"client_id": it.client_id, "client_secret": it.secret, "grant_type": "client_credentials"}
    answer = it.http.post(it.root + "token/", params=credentials, data={"grant_type": "client_credentials"})
    assert error(answer) == (401, "invalid_client")
    token = it.own()
    for path in (f"{ROOT}client/{JOHN}/", it.root + "userinfo/"):
        assert it.http.get(path, params={"access_token": token}).status_code == 401
    asked = {**it.asking(), "email": EMAIL, "password": PASSWORD, "decision": "allow"}
    assert it.http.get(it.root + "authorize/", params=asked).status_code == 200, "the page, and no code"


# --- what is kept -----------------------------------------------------------------------------------------------


def test_no_secret_is_stored_or_logged(fresh_practice: Practice, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    logging = Practice(fresh_practice.url, log_level="info")
    try:
        it = Integrator(fresh_practice)
        it.http = logging.client()
        code = told(it.allow(state="a-state"))["code"]
        tokens = made(it.exchange(code))
        it.http.get(it.root + "authorize", params=it.asking())
        assert it.status(tokens["access_token"]) == 200
        it.http.post(it.root + "token/", data={"client_secret": "broken", "\0": "x"})
    finally:
        logging.close()
    logged = capfdbinary.readouterr().err
    assert logged.count(b"/4/oauth2/") == 4
    assert b'"key":"' + it.client_id[:12].encode() + b'"' in logged
    hidden = [it.secret, code, tokens["access_token"], tokens["refresh_token"], PASSWORD, VERIFIER]
    for secret in (*hidden, tokens["id_token"], "a-state", EMAIL):
        assert secret.encode() not in logged
    if fresh_practice.url.startswith("sqlite"):
        path = fresh_practice.url.removeprefix("sqlite:///")
        stored = b"".join(_bytes(path + suffix) for suffix in ("", "-wal"))
        assert values.hashed(code) in stored
        assert [secret for secret in hidden if secret.encode() in stored] == []


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123, a name that was put together
        return file.read()
