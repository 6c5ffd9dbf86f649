# SPDX-License-Identifier: Apache-2.0
"""OAuth 2.0 as it is meant to go: an application's own tokens, refreshing, ending, libraries, paths."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from polyvet.identity import applications
from tests.dialects.harness import PASSWORD, Golden, Practice
from tests.dialects.oauth_client import OAuth2Client
from tests.dialects.page import VERIFIER, Page
from tests.dialects.provet.asking import ROOT, SMITH
from tests.dialects.provet.signing_in import (
    COLLEAGUES,
    EMAIL,
    REDIRECT,
    Integrator,
    error,
    later,
    made,
    set_beside,
    told,
)

FORGOTTEN_S = 1.2  # a little more than a caller is remembered


# --- tokens of an application's own ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["token/", "token"])
@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("basic", [False, True])
def test_an_application_gets_a_token_of_its_own_in_every_documented_way(
    it: Integrator, path: str, multipart: bool, basic: bool
) -> None:
    form = {"grant_type": "client_credentials"}
    if not basic:
        form |= {"client_id": it.client_id, "client_secret": it.secret}
    sent: dict[str, Any] = {"auth": it.auth} if basic else {}
    if multipart:
        sent["files"] = {name: (None, value) for name, value in form.items()}
    else:
        sent["data"] = form
    answer = it.http.post(it.root + path, **sent)
    found = made(answer)
    assert list(found) == ["access_token", "expires_in", "token_type", "scope"]
    assert (found["expires_in"], found["token_type"], found["scope"]) == (36_000, "Bearer", "restapi")
    assert answer.headers["cache-control"] == "no-store"
    assert it.status(found["access_token"]) == 200


def test_fields_that_are_not_known_are_ignored(it: Integrator) -> None:
    assert it.status(made(it.token("client_credentials", response_type="code", foo="bar"))["access_token"]) == 200


def test_scopes_are_restapi_or_what_is_asked_for(it: Integrator) -> None:
    for asked, granted in ((None, "restapi"), ("restapi", "restapi"), ("restapi openid", "restapi")):
        assert made(it.token("client_credentials", scope=asked))["scope"] == granted
    for asked in ("openid", "wholesaler", "restapi admin", "RESTAPI"):
        assert error(it.token("client_credentials", scope=asked)) == (400, "invalid_scope")


def test_a_token_may_do_what_its_application_may(practice: Practice) -> None:
    it = Integrator(practice, permissions=("clients:read",))
    token = it.own()
    assert it.status(token) == 200
    assert it.get(f"{ROOT}patient/", token).status_code == 403
    answer = it.http.post(f"{ROOT}client/", json=SMITH, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_an_applications_requests_are_counted_over_all_its_tokens_and_apart_from_its_users(
    fresh_practice: Practice,
) -> None:
    it = Integrator(fresh_practice)
    set_beside(fresh_practice, "oauth_applications SET per_minute = 4", "client_id", it.client_id)
    one, two, users = it.own(), it.own(), it.signed_in()["access_token"]
    assert [it.status(token) for token in (one, two, one, two, one, two)] == [200, 200, 200, 200, 429, 429]
    assert it.status(users) == 200
    assert it.token("client_credentials").status_code == 200
    refused = it.token("client_credentials")
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert int(refused.headers["retry-after"]) > 0


def test_an_idempotency_key_is_the_applications(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    answers = [
        it.http.post(
            f"{ROOT}client/", json=SMITH, headers={"Authorization": f"Bearer {it.own()}", "Idempotency-Key": "once"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]


# --- refreshing and ending --------------------------------------------------------------------------------------


def test_a_refresh_token_gives_new_tokens_of_the_same_scope(it: Integrator) -> None:
    first = it.signed_in()
    second = made(it.refresh(first["refresh_token"]))
    assert set(second) == {"access_token", "expires_in", "token_type", "scope", "refresh_token"}
    assert second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    third = made(it.refresh(second["refresh_token"], scope="restapi"))
    assert [it.status(one["access_token"]) for one in (first, second, third)] == [200] * 3


def test_a_refresh_token_lives_thirty_days_from_the_newest_access_token(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    first = it.signed_in()
    later(fresh_practice, "oauth_tokens", 29)
    second = made(it.refresh(first["refresh_token"]))
    assert it.status(first["access_token"]) == 401
    later(fresh_practice, "oauth_tokens", 29)
    third = made(it.refresh(second["refresh_token"]))
    later(fresh_practice, "oauth_tokens", 31)
    assert error(it.refresh(third["refresh_token"])) == (400, "invalid_grant")


def test_an_access_token_ends_by_itself(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    token, other = it.own(), it.own()
    assert it.status(token) == 200
    later(fresh_practice, "oauth_tokens", 10 / 24)
    assert it.status(other) == 401
    time.sleep(FORGOTTEN_S)
    assert it.status(token) == 401


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_an_ended_access_token_is_dead_within_a_second_and_others_live(it: Integrator, hint: str | None) -> None:
    token, other = it.own(), it.own()
    assert [it.status(token), it.status(other)] == [200, 200]
    answer = it.revoke(token, **({} if hint is None else {"token_type_hint": hint}))
    assert (answer.status_code, answer.content) == (200, b"")
    time.sleep(FORGOTTEN_S)
    assert [it.status(token), it.status(other)] == [401, 200]
    assert it.revoke(token).status_code == 200


def test_ending_a_refresh_token_ends_its_access_tokens(it: Integrator) -> None:
    tokens, others = it.signed_in(), it.signed_in()
    assert it.revoke(tokens["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert [it.status(tokens["access_token"]), it.userinfo(tokens["access_token"]).status_code] == [401, 401]
    assert error(it.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert it.status(others["access_token"]) == 200


@pytest.mark.parametrize("how", ["application", "password", "inactive"])
def test_tokens_end_with_their_application_and_their_user(fresh_practice: Practice, how: str) -> None:
    it = Integrator(fresh_practice)
    tokens = it.signed_in()
    assert it.status(tokens["access_token"]) == 200
    if how == "application":
        assert fresh_practice.run(lambda store: applications.revoke(store, it.client_id))
        assert it.ask().status_code == 400
    elif how == "password":
        fresh_practice.new_passwords()
    else:
        set_beside(fresh_practice, "users SET active = false", "email", EMAIL)
        assert it.allow(email=EMAIL).status_code == 401
    time.sleep(FORGOTTEN_S)
    assert it.status(tokens["access_token"]) == 401
    assert it.userinfo(tokens["access_token"]).status_code == 401
    refused = it.refresh(tokens["refresh_token"])
    assert error(refused) == ((401, "invalid_client") if how == "application" else (400, "invalid_grant"))


# --- as a library does it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_library_goes_the_whole_way(it: Integrator, method: str) -> None:
    base = it.practice.server.url + it.root
    with OAuth2Client(
        it.client_id, it.secret, token_endpoint=base + "token/", token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method, redirect_uri=REDIRECT, scope="restapi openid",
        code_challenge_method="S256", trust_env=False,
    ) as client:  # fmt: skip
        own = client.fetch_token(grant_type="client_credentials", scope="restapi")
        assert own["token_type"] == "Bearer"
        assert client.get(f"{it.practice.server.url}{ROOT}client/").status_code == 200
        url, state = client.create_authorization_url(base + "authorize/", code_verifier=VERIFIER)
        page = Page(it.http.get(url))
        form = {**page.hidden, "email": COLLEAGUES[1], "password": PASSWORD, "decision": "allow"}
        back = it.http.post(base + "authorize/", data=form).headers["location"]
        assert parse_qs(urlsplit(back).query)["state"] == [state]
        tokens = client.fetch_token(authorization_response=back, state=state, code_verifier=VERIFIER)
        assert {"refresh_token", "id_token"} <= set(tokens)
        assert client.get(f"{it.practice.server.url}{ROOT}client/").status_code == 200
        refreshed = client.refresh_token(base + "token/")
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        assert client.get(base + "userinfo/").json()["email"] == COLLEAGUES[1]
        revoked = client.revoke_token(base + "revoke_token/", refreshed["refresh_token"], "refresh_token")
        assert revoked.status_code == 200
        assert it.userinfo(refreshed["access_token"]).status_code == 401


def test_a_public_application_goes_the_whole_way_without_a_secret(public: Integrator) -> None:
    base = public.practice.server.url + public.root
    with OAuth2Client(
        public.client_id, None, token_endpoint=base + "token/", token_endpoint_auth_method="none",
        revocation_endpoint_auth_method="none", redirect_uri=REDIRECT, trust_env=False,
    ) as client:  # fmt: skip
        tokens = client.fetch_token(grant_type="authorization_code", code=public.code(), code_verifier=VERIFIER)
        refreshed = client.refresh_token(base + "token/")
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        client.revoke_token(base + "revoke_token/", refreshed["refresh_token"], "refresh_token")
    assert public.userinfo(refreshed["access_token"]).status_code == 401


# --- paths ------------------------------------------------------------------------------------------------------


def test_reads_without_the_slash_are_sent_on_and_writes_served(it: Integrator) -> None:
    for path in ("authorize?client_id=x&state=%2F", "userinfo"):
        answer = it.http.get(it.root + path)
        bare, mark, query = path.partition("?")
        assert (answer.status_code, answer.headers["location"]) == (301, f"{it.root}{bare}/{mark}{query}")
    form = {**it.asking(), "email": COLLEAGUES[0], "password": PASSWORD, "decision": "allow"}
    assert "code" in told(it.http.post(it.root + "authorize", data=form))
    assert it.http.post(it.root + "revoke_token", data={"token": "x"}, auth=it.auth).status_code == 200
    headers = {"Authorization": f"Bearer {it.signed_in()['access_token']}"}
    assert it.http.post(it.root + "userinfo", headers=headers).status_code == 200


def test_other_paths_methods_and_installations_are_told_apart(it: Integrator) -> None:
    assert it.http.get(it.root + "nothing/").json() == {"detail": "Not found."}
    assert it.http.get("/99/oauth2/authorize/").status_code == 404
    assert it.http.post("/99/oauth2/token/", data={"grant_type": "client_credentials"}).status_code == 404
    for path, method, allowed in (
        ("token/", "GET", "POST"),
        ("revoke_token", "GET", "POST"),
        ("authorize/", "DELETE", "GET, HEAD, POST"),
        (".well-known/jwks.json", "POST", "GET, HEAD"),
    ):
        answer = it.http.request(method, it.root + path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_it_stands_below_the_dialects_name_and_at_a_bound_host_too(practice: Practice) -> None:
    it = Integrator(practice)
    form = {"grant_type": "client_credentials", "client_id": it.client_id, "client_secret": it.secret}
    answer = it.http.post(f"/provet{it.root}token/", data=form)
    assert it.status(made(answer)["access_token"]) == 200
    assert answer.headers["x-request-id"]
    issuer = it.http.get(f"/provet{it.root}.well-known/openid-configuration").json()["issuer"]
    assert issuer == f"{practice.server.url}/provet/4/oauth2"
    moved = it.http.get(f"/provet{it.root}authorize")
    assert moved.headers["location"] == f"/provet{it.root}authorize/"
    bound = Practice(practice.url, hosts={"provet.example.org": "provet"}, public_url="https://vet.example")
    try:
        there, headers = bound.client(), {"Host": "provet.example.org"}
        assert there.post(it.root + "token/", data=form, headers=headers).status_code == 200
        found = there.get(it.root + ".well-known/openid-configuration", headers=headers).json()
        assert found["issuer"] == "https://vet.example/4/oauth2"
    finally:
        bound.close()


def test_the_answers_are_those_that_are_documented(it: Integrator, golden: Golden) -> None:
    golden("oauth_error_client", it.token("client_credentials", auth=(it.client_id, "wrong")))
    golden("oauth_error_grant", it.refresh("unknown"))
    golden("oauth_error_scope", it.token("client_credentials", scope="wholesaler"))
    golden("oauth_userinfo", it.userinfo(it.signed_in()["access_token"]))
