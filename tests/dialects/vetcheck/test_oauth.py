# SPDX-License-Identifier: Apache-2.0
"""VetCheck's OAuth as its page shows it: answers to the letter, tokens that say something, and a client library that
goes the whole way."""

from __future__ import annotations

import base64
import re
import time
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import AUDIENCE, subject
from polyvet.identity import signing
from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.harness import Golden
from tests.dialects.oauth_client import OAuth2Client
from tests.dialects.page import VERIFIER
from tests.dialects.vetcheck.signing_in import (
    EMAIL,
    FORM,
    NONCE,
    OTHER_EMAIL,
    REDIRECT,
    STATE,
    Integrator,
    error,
    made,
    sent,
    signed_in,
    told,
    user_of,
)

FORGOTTEN_S = 1.1  # a caller is remembered for a second


def claims(it: Integrator, token: str, **verified: Any) -> dict[str, Any]:
    """What a token says, verified with the published keys."""
    keys = KeySet.import_key_set(it.http.get("/.well-known/jwks.json").json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    jwt.JWTClaimsRegistry(exp={"essential": True}, **verified).validate(decoded.claims)
    return decoded.claims


def plain(answer: httpx.Response) -> httpx.Response:
    """The answer without what differs each time."""
    shown = re.sub(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+", b"A.SIGNED.TOKEN", answer.content)
    shown = re.sub(rb'(?<="refresh_token":")[\w-]{43}', b"A-REFRESH-TOKEN", shown)
    return httpx.Response(answer.status_code, headers=answer.headers, content=shown)


# --- to the letter ----------------------------------------------------------------------------------------------


def test_the_answers_are_those_of_the_vendors_page(it: Integrator, golden: Golden) -> None:
    exchanged = it.exchange(it.code(scope="offline_access read:handouts", challenge=None), code_verifier=None)
    golden("token_for_a_code", plain(exchanged))
    golden("token_refreshed", plain(it.refresh(made(exchanged)["refresh_token"])))
    golden("token_without_offline_access", plain(it.exchange(it.code(scope="read:handouts"))))
    golden("token_invalid_grant", it.exchange("nonsense"))
    golden("token_invalid_client", it.token("authorization_code", client_secret="nonsense"))
    golden("token_unsupported_grant", it.token("client_credentials"))


def test_the_three_tokens_are_one_and_each_is_a_bearer(it: Integrator) -> None:
    tokens = it.tokens()
    assert tokens["ID_TOKEN"] == tokens["access_token"] == tokens["id_token"]
    assert it.status(tokens["ID_TOKEN"]) != 401
    assert it.status(tokens["ID_TOKEN"][:-1]) == 401


@pytest.mark.parametrize(
    "how", ["json", "json called a form", "json called text", "json called nothing", "form", "basic"]
)
def test_a_code_is_exchanged_in_every_spelling(it: Integrator, how: str) -> None:
    body = {
        "grant_type": "authorization_code", "code": it.code(challenge=None), "redirect_uri": REDIRECT,
        "client_id": it.client_id, "client_secret": it.secret or "",
    }  # fmt: skip
    kinds = {"json": "application/json", "json called a form": FORM, "json called text": "text/plain"}
    if how == "form":
        answer = it.http.post("/oauth/token", data=body)
    elif how == "basic":
        pair = body.pop("client_id"), body.pop("client_secret")
        answer = it.http.post("/oauth/token", data=body, auth=pair)
    else:
        headers = {"content-type": kinds[how]} if how in kinds else {}
        answer = it.http.post("/oauth/token", content=b" \n" + msgspec.json.encode(body), headers=headers)
    assert made(answer)["token_type"] == "Bearer"
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[]"),
        ("application/json", b'{"grant_type": "x"'),
        ("application/json", b'{"grant_type": "x", "grant_type": "y"}'),
        (FORM, b'{"grant_type": "authorization_code", "client_id": 5}'),
        (FORM, b'{"grant_type": "authorization_code", "client_id": ["x"]}'),
        (FORM, b'{"grant_type": "authorization_code", "client_id": "x\\u0000"}'),
        (FORM, b'{"grant_type": "authorization_code", "client_id": "\\ud800"}'),
        (FORM, b"{\xff}"),
        (FORM, b"grant_type=a&grant_type=b"),
        (FORM, b"grant_type=%zz"),
        ("text/plain", b"grant_type=authorization_code"),
        ("multipart/form-data", b"x"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_invalid_request(it: Integrator, kind: str, body: bytes) -> None:
    answer = it.http.post("/oauth/token", content=body, headers={"content-type": kind})
    assert error(answer) == (400, "invalid_request")


def test_a_body_that_is_too_large_is_refused(it: Integrator) -> None:
    answer = it.http.post("/oauth/token", content=b"{" + b" " * 70_000, headers={"content-type": FORM})
    assert error(answer) == (413, "invalid_request")


# --- what a token says ------------------------------------------------------------------------------------------


def test_a_token_says_whose_it_is_and_for_whom(it: Integrator) -> None:
    user, now = user_of(it.practice, EMAIL), time.time()
    found = claims(it, it.tokens()["id_token"])
    issuer = it.practice.server.url + "/"
    assert {**found, "iat": 0, "exp": 0, "jti": ""} == {
        "iss": issuer, "sub": subject(user.id), "aud": [AUDIENCE, it.client_id], "azp": it.client_id, "jti": "",
        "scope": "openid profile email offline_access read:handouts", "role": "premium", "nonce": NONCE,
        "name": user.name, "email": EMAIL, "iat": 0, "exp": 0,
    }  # fmt: skip
    assert abs(found["iat"] - now) < 30
    assert found["exp"] - found["iat"] == 86_400
    assert re.fullmatch(r"auth0\|[0-9a-f]{32}", found["sub"])


def test_name_and_e_mail_are_told_only_where_they_were_granted(it: Integrator) -> None:
    found = claims(it, it.tokens(scope="read:handouts", nonce=None)["id_token"])
    assert not {"name", "email", "nonce"} & set(found)


def test_no_two_tokens_are_alike(it: Integrator) -> None:
    refresh = it.tokens()["refresh_token"]
    found = {made(it.refresh(refresh))["access_token"] for _ in range(5)}
    assert len(found) == 5


def test_a_token_of_before_a_rotation_of_keys_is_verified_after_it(it: Integrator) -> None:
    before = it.tokens()["id_token"]
    it.practice.run(signing.rotate)
    assert claims(it, before)["azp"] == claims(it, it.tokens()["id_token"])["azp"]


def test_what_is_published_holds_no_private_key(it: Integrator) -> None:
    for key in it.http.get("/.well-known/jwks.json").json()["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


# --- refreshing and ending ---------------------------------------------------------------------------------------


def test_a_refresh_token_serves_again_and_again(it: Integrator) -> None:
    tokens = it.tokens()
    for _ in range(3):
        found = made(it.refresh(tokens["refresh_token"]))
        assert "refresh_token" not in found  # [seed]
        assert found["scope"] == tokens["scope"]
        assert it.status(found["access_token"]) != 401
    assert error(it.refresh(tokens["refresh_token"], scope="read:all")) == (400, "invalid_scope")


def test_there_is_no_refresh_token_without_offline_access(it: Integrator) -> None:
    assert "refresh_token" not in it.tokens(scope="read:handouts")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_that_was_ended_is_dead_within_a_second(it: Integrator, kind: str) -> None:
    tokens = it.tokens()
    answer = it.http.post("/oauth/revoke", data={"token": tokens[kind]}, auth=(it.client_id, it.secret or ""))
    assert (answer.status_code, answer.content) == (200, b"")
    time.sleep(FORGOTTEN_S)
    assert it.status(tokens["access_token"]) == 401
    assert it.refresh(tokens["refresh_token"]).status_code == (400 if kind == "refresh_token" else 200)
    answer = it.http.post("/oauth/revoke", json={"token": "unknown", "client_id": it.client_id})
    assert error(answer) == (401, "invalid_client")


# --- what clients read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/vetcheck"])
def test_the_configuration_names_endpoints_that_answer(it: Integrator, prefix: str) -> None:
    path = f"{prefix}/.well-known/openid-configuration"
    found = it.http.get(path).json()
    assert found["issuer"] == f"{it.practice.server.url}{prefix}/"
    for name, status in (("authorization", 400), ("token", 405), ("revocation", 405)):
        assert found[f"{name}_endpoint"].startswith(found["issuer"])
        assert it.http.get(found[f"{name}_endpoint"]).status_code == status
    assert it.http.get(found["jwks_uri"]).json()["keys"]
    assert found["scopes_supported"] == list(SCOPES)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token"]
    for known in (path, f"{prefix}/.well-known/jwks.json"):
        answer = it.http.head(known)
        assert (answer.status_code, answer.content) == (200, b"")


def test_the_issuer_is_the_same_everywhere_below_the_prefix(it: Integrator) -> None:
    browser = signed_in(it.practice)
    page = browser.get("/vetcheck/code", params=it.asking())
    back = told(sent(browser, page, decision="allow"))
    issuer = f"{it.practice.server.url}/vetcheck/"
    assert back["iss"] == issuer
    body = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER, "client_id": it.client_id, "client_secret": it.secret}  # fmt: skip
    token = made(it.http.post("/vetcheck/oauth/token", json=body))["id_token"]
    assert claims(it, token)["iss"] == issuer


def test_the_servers_own_name_is_an_audience_too(it: Integrator) -> None:
    browser = signed_in(it.practice)
    assert it.ask(browser, audience=it.practice.server.url + "/").status_code == 200
    assert told(it.ask(browser, audience=it.practice.server.url))["error"] == "invalid_request"


# --- as a library does it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_library_goes_the_whole_way(it: Integrator, method: str) -> None:
    found = it.http.get("/.well-known/openid-configuration").json()
    browser = signed_in(it.practice, OTHER_EMAIL, SECOND_CLINIC)
    with OAuth2Client(
        it.client_id, it.secret, token_endpoint=found["token_endpoint"], token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method, redirect_uri=REDIRECT,
        scope="openid email offline_access read:handouts", code_challenge_method="S256", trust_env=False,
    ) as client:  # fmt: skip
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=VERIFIER, audience=AUDIENCE, nonce=NONCE
        )
        back = sent(browser, browser.get(url), decision="allow").headers["location"]
        assert parse_qs(urlsplit(back).query)["iss"] == [found["issuer"]]
        tokens = client.fetch_token(authorization_response=back, state=state, code_verifier=VERIFIER)
        said = claims(
            it, tokens["id_token"], iss={"essential": True, "value": found["issuer"]},
            aud={"essential": True, "value": it.client_id}, nonce={"essential": True, "value": NONCE},
        )  # fmt: skip
        assert said["email"] == OTHER_EMAIL
        assert client.get(f"{it.practice.server.url}/handouts").status_code != 401
        refreshed = client.refresh_token(found["token_endpoint"], refresh_token=tokens["refresh_token"])
        assert refreshed["access_token"] != tokens["access_token"]
        client.revoke_token(found["revocation_endpoint"], tokens["refresh_token"], "refresh_token")
    time.sleep(FORGOTTEN_S)
    assert it.status(refreshed["access_token"]) == 401


def test_a_public_application_goes_the_whole_way_without_a_secret(public: Integrator) -> None:
    url = public.practice.server.url + "/oauth/token"
    with OAuth2Client(
        public.client_id, None, token_endpoint=url, token_endpoint_auth_method="none", redirect_uri=REDIRECT,
        trust_env=False,
    ) as client:  # fmt: skip
        tokens = client.fetch_token(grant_type="authorization_code", code=public.code(), code_verifier=VERIFIER)
        refreshed = client.refresh_token(url)
        assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert public.status(refreshed["access_token"]) != 401


# --- whose token it is ------------------------------------------------------------------------------------------


def test_a_user_of_another_clinic_acts_for_their_own(it: Integrator) -> None:
    """An application is registered at one clinic, and users of all may allow it."""
    theirs = it.tokens(email=OTHER_EMAIL, clinic=SECOND_CLINIC)["access_token"]
    found = claims(it, theirs)
    assert found["sub"] == subject(user_of(it.practice, OTHER_EMAIL, SECOND_CLINIC).id)
    assert it.status(theirs) != 401
    for path in ("/4/api/0.1/client/", "/5/api/0.1/client/", "/api/v1/owners", "/api/v1/patients"):
        assert it.http.get(path, headers={"Authorization": f"Bearer {theirs}"}).status_code == 401


def test_tokens_of_other_dialects_and_keys_open_nothing_here(it: Integrator) -> None:
    for secret in ("provet_main", "sk_live_vetigen_main", "nonsense"):
        assert it.status(secret) == 401


def test_basic_credentials_are_read_as_the_standard_has_them(it: Integrator) -> None:
    pair = base64.b64encode(f"{quote(it.client_id)}:{quote(it.secret or '')}".encode()).decode()
    body = {"grant_type": "refresh_token", "refresh_token": it.tokens()["refresh_token"]}
    answer = it.http.post("/oauth/token", json=body, headers={"authorization": f"Basic {pair}"})
    assert made(answer)["expires_in"] == 86_400


def test_state_and_code_come_back_as_they_went(it: Integrator) -> None:
    back = told(it.answer(signed_in(it.practice)))
    assert set(back) == {"from", "code", "state", "iss"}
    assert back["state"] == STATE
    assert made(it.exchange(back["code"]))["scope"] == "openid profile email offline_access read:handouts"
