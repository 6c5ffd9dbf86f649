# SPDX-License-Identifier: Apache-2.0
"""The page on which a user signs in and allows an application something, or nothing: RFC 9700, 2.1 and 4.1."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from polyvet.identity import passwords, signing
from polyvet.identity.attempts import AS_ONE, FROM_ONE_ADDRESS, sender
from polyvet.model import values
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.page import Page
from tests.dialects.provet.signing_in import (
    EMAIL,
    NONCE,
    OTHER_EMAIL,
    REDIRECT,
    STATE,
    Integrator,
    error,
    made,
    set_beside,
    told,
)


def shown(answer: httpx.Response) -> str:
    """What a page says to a user who is sent nowhere."""
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "form-action 'none'" in answer.headers["content-security-policy"]
    page = Page(answer)
    assert not page.all("form")
    return page.text


# --- a user's consent -------------------------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what_and_has_a_form_that_anybody_can_use(it: Integrator) -> None:
    answer = it.ask()
    assert answer.status_code == 200
    page = Page(answer)
    for words in ("Waiting <room>", "Harbour Street Veterinary Practice", "know your name", "add and change: calendar"):
        assert words in page.text
    assert page.hidden == it.asking()
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"
    labelled = [one["for"] for one in page.all("label")]
    assert labelled == [one["id"] for one in page.all("input") if one["type"] != "hidden"] == [
        "email", "password", "code",
    ]  # fmt: skip
    assert [(one["name"], one["value"]) for one in page.all("button")] == [
        ("decision", "allow"),
        ("decision", "cancel"),
    ]
    assert not page.all("script")
    assert not [one for one in page.tags if "src" in one[1] or "href" in one[1] or "style" in one[1]]


def test_the_page_is_kept_framed_and_told_nowhere(it: Integrator) -> None:
    headers = it.ask().headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"].startswith("'sha256-")
    assert policy["form-action"] == "'self' https://app.example"
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    assert headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("http://127.0.0.1:8765/x", "http://127.0.0.1:8765"),
        ("http://[::1]:8765/x", "http:"),
        ("com.example.app:/x", "com.example.app:"),
    ],
)
def test_the_form_may_lead_to_the_application_and_nowhere_else(practice: Practice, uri: str, target: str) -> None:
    it = Integrator(practice, redirect_uris=(uri,))
    policy = it.ask(redirect_uri=uri).headers["content-security-policy"]
    assert f"form-action 'self' {target};" in policy
    back = it.allow(redirect_uri=uri, decision="cancel").headers["location"]
    assert back.startswith(f"{uri}?error=access_denied&")


def test_a_user_allows_and_the_application_gets_tokens(it: Integrator) -> None:
    answer = it.allow()
    found = told(answer)
    assert set(found) == {"from", "code", "state", "iss"}
    assert (found["from"], found["state"]) == ("vet", STATE)
    assert found["iss"] == f"{it.practice.server.url}/4/oauth2"
    exchanged = it.exchange(found["code"])
    tokens = made(exchanged)
    assert set(tokens) == {"access_token", "expires_in", "token_type", "scope", "refresh_token", "id_token"}
    assert (tokens["expires_in"], tokens["scope"]) == (36_000, "restapi openid")
    assert exchanged.headers["cache-control"] == "no-store"
    assert it.status(tokens["access_token"]) == 200
    assert it.status(tokens["refresh_token"]) == 401


def test_without_openid_there_is_no_id_token_and_restapi_is_the_usual_scope(it: Integrator) -> None:
    tokens = made(it.exchange(told(it.allow(scope=None))["code"]))
    assert tokens["scope"] == "restapi"
    assert "id_token" not in tokens
    answer = it.userinfo(tokens["access_token"])
    assert (answer.status_code, answer.headers["www-authenticate"]) == (403, 'Bearer error="insufficient_scope"')


def test_a_token_for_openid_alone_does_not_open_the_api(it: Integrator) -> None:
    tokens = it.signed_in(scope="openid")
    assert it.status(tokens["access_token"]) == 403
    assert it.userinfo(tokens["access_token"]).status_code == 200


def test_cancel_sends_the_user_back_with_empty_hands(it: Integrator) -> None:
    found = told(it.allow(decision="cancel", email="", password=""))
    assert (found["error"], found["state"]) == ("access_denied", STATE)
    assert found["iss"].endswith("/4/oauth2")
    assert "code" not in found


def test_the_page_can_be_asked_for_by_post(it: Integrator) -> None:
    answer = it.http.post(it.root + "authorize/", data=it.asking())
    assert answer.status_code == 200
    assert Page(answer).hidden == it.asking()


def test_the_e_mail_is_found_in_any_case_and_the_password_in_any_composition(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    fresh_practice.run(lambda store: passwords.set_password(store, 4, EMAIL, "Ä" * 10))
    assert "code" in told(it.allow(email=f" {EMAIL.upper()} ", password="A\u0308" * 10))


def test_an_id_token_names_the_user_and_is_signed(it: Integrator) -> None:
    tokens = it.signed_in()
    keys = KeySet.import_key_set(it.http.get(it.root + ".well-known/jwks.json").json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    assert token.header["alg"] == "RS256"
    claims = token.claims
    now = time.time()
    assert (claims["iss"], claims["aud"]) == (f"{it.practice.server.url}/4/oauth2", it.client_id)
    assert (claims["nonce"], claims["name"], claims["email"]) == (NONCE, "Dr. Aino Laakso", EMAIL)
    assert now - 30 < claims["auth_time"] <= claims["iat"] <= now
    assert claims["exp"] == claims["iat"] + 36_000
    info = it.userinfo(tokens["access_token"])
    assert info.json() == {"sub": claims["sub"], "name": "Dr. Aino Laakso", "email": EMAIL, "provet_id": 4}
    assert info.headers["cache-control"] == "no-store"


def test_an_id_token_of_before_a_rotation_is_verified_after_it(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)

    def keys() -> KeySet:
        return KeySet.import_key_set(it.http.get(it.root + ".well-known/jwks.json").json())

    before = it.signed_in()["id_token"]
    kid = fresh_practice.run(signing.rotate)
    after = it.signed_in()["id_token"]
    published = keys()
    assert published.keys[0].kid == kid
    signed_by = [jwt.decode(one, published, algorithms=["RS256"]).header["kid"] for one in (before, after)]
    assert signed_by[0] != signed_by[1] == kid
    set_beside(fresh_practice, f"signing_keys SET retired_at = {values.now() - 2 * values.DAY}", "kid", signed_by[0])
    assert [key.kid for key in keys().keys] == [kid]
    fresh_practice.run(signing.rotate)
    assert len(keys().keys) == 2


def test_what_is_published_holds_no_private_key(it: Integrator) -> None:
    for path in (".well-known/jwks.json", ".well-known/jwks.json/"):
        [*keys] = it.http.get(it.root + path).json()["keys"]
        assert keys
        assert all(set(key) == {"kty", "n", "e", "kid", "use", "alg"} for key in keys)


@pytest.mark.parametrize("path", [".well-known/openid-configuration", ".well-known/openid-configuration/"])
def test_the_configuration_names_endpoints_that_answer(it: Integrator, path: str) -> None:
    found = it.http.get(it.root + path).json()
    assert found["issuer"] == f"{it.practice.server.url}/4/oauth2"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert "password" not in found["grant_types_supported"]
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert found[name].startswith(found["issuer"] + "/")
        assert it.http.options(found[name]).status_code == 405


# --- where codes go (RFC 9700, 2.1 and 4.1) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        REDIRECT + "x",
        REDIRECT.partition("?")[0],
        REDIRECT.upper(),
        REDIRECT + "#",
        REDIRECT.replace("https", "http"),
        "https://app.example/callback/../callback?from=vet",
        "https://app.example.evil.example/callback?from=vet",
        "https://app.example@evil.example/callback?from=vet",
        "https://evil.example/",
        "javascript:alert(1)",
        REDIRECT + " https://evil.example/",
        "//app.example/callback?from=vet",
    ],
)
def test_nobody_is_sent_to_a_uri_that_is_not_registered_letter_by_letter(it: Integrator, uri: str | None) -> None:
    assert "redirect_uri" in shown(it.ask(redirect_uri=uri))
    assert "redirect_uri" in shown(it.allow(redirect_uri=uri))
    assert "redirect_uri" in shown(it.allow(redirect_uri=uri, decision="cancel"))
    assert "redirect_uri" in shown(it.ask(redirect_uri=uri, response_type="token"))


@pytest.mark.parametrize("client_id", [None, "", "unknown", "\0", "ä" * 500])
def test_nobody_is_sent_anywhere_for_an_application_that_is_not_known(it: Integrator, client_id: str | None) -> None:
    shown(it.ask(client_id=client_id))
    shown(it.allow(client_id=client_id))


def test_another_clinics_application_is_not_known_here(it: Integrator, other: Integrator) -> None:
    foreign, missing = (shown(it.ask(client_id=client_id)) for client_id in (other.client_id, "unknown"))
    assert foreign == missing


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_application_or_a_target_that_is_named_twice_is_neither(it: Integrator, name: str) -> None:
    asked = it.asking()
    doubled: Any = [*asked.items(), (name, "https://evil.example/")]
    shown(it.http.get(it.root + "authorize/", params=doubled))
    shown(it.http.get(it.root + "authorize/", params=[doubled[-1], *asked.items()]))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"scope": "restapi admin"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "ä" * 43}, "invalid_request"),
        ({"state": "s" * 2_001}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_problems_are_told_to_the_application(it: Integrator, changed: dict[str, Any], problem: str) -> None:
    for answer in (it.ask(**changed), it.allow(**changed)):
        found = told(answer)
        assert (found["error"], found["iss"]) == (problem, f"{it.practice.server.url}/4/oauth2")
        assert found["state"] == changed.get("state", STATE)
        assert "code" not in found


def test_a_parameter_that_came_twice_is_told_to_the_application(it: Integrator) -> None:
    doubled: Any = [*it.asking().items(), ("scope", "openid")]
    assert told(it.http.get(it.root + "authorize/", params=doubled))["error"] == "invalid_request"


def test_an_application_without_users_gets_no_codes(practice: Practice) -> None:
    it = Integrator(practice, redirect_uris=())
    assert "redirect_uri" in shown(it.ask())
    assert error(it.exchange("x")) == (400, "unauthorized_client")
    assert error(it.refresh("x")) == (400, "unauthorized_client")


# --- who signs in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong password"),
        (EMAIL, ""),
        ("", PASSWORD),
        ("nobody@harbour-street.example", PASSWORD),
        ("peter.hollis@harbour-street.example", PASSWORD),  # who has no password
        (OTHER_EMAIL, PASSWORD),  # who works elsewhere
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_who_does_not_sign_in_reads_the_same_page_whatever_was_wrong(it: Integrator, email: str, password: str) -> None:
    answer = it.allow(email=email, password=password)
    assert answer.status_code == 401
    page = Page(answer)
    assert "This e-mail and password are not right" in page.text
    assert page.hidden == it.asking()
    assert answer.text.count('role="alert"') == 1
    assert [one.get("value") for one in page.all("input")][-3:] == [email, None, None]
    assert not password or password not in answer.text.replace(email, "")


def test_guesses_take_about_as_long_whether_there_is_such_a_user_or_not(it: Integrator) -> None:
    def took(email: str) -> float:
        started = time.perf_counter()
        assert it.allow(email=email, password="guess").status_code == 401
        return time.perf_counter() - started

    took("warm.up@harbour-street.example")
    known, unknown = min(took(OTHER_EMAIL) for _ in range(2)), min(took(f"nobody{n}@x.example") for n in range(2))
    assert 1 / 4 < known / unknown < 4


def test_guessing_is_slowed_for_one_user_and_for_one_address(fresh_practice: Practice) -> None:
    it = Integrator(fresh_practice)
    it.http = fresh_practice.served_otherwise(limits="off").client()  # which are the vendors'
    guesses = [it.allow(email=EMAIL, password=f"guess {n}").status_code for n in range(AS_ONE)]
    assert guesses == [401] * AS_ONE
    for email in (EMAIL, EMAIL.upper()):
        refused = it.allow(email=email)
        assert refused.status_code == 429, "even with the right password"
        assert 50 <= int(refused.headers["retry-after"]) <= 61
        assert "Too many attempts" in Page(refused).text
    for n in range(FROM_ONE_ADDRESS - AS_ONE - 2):
        it.allow(email=f"{n}@x.example", password="guess")
    assert it.allow().status_code == 429
    assert told(it.allow(decision="cancel"))["error"] == "access_denied"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "somewhere", False),
    ],
)
def test_addresses_of_one_network_of_ipv6_are_counted_as_one(one: str, other: str, alike: bool) -> None:
    assert (sender(one) == sender(other)) == alike


def test_what_a_stranger_types_is_shown_as_text(it: Integrator) -> None:
    email = '"><script>alert(1)</script>'
    answer = it.allow(email=email, password="x", state='"><script>')
    assert answer.status_code == 401
    page = Page(answer)
    assert not page.all("script")
    assert page.hidden["state"] == '"><script>'


def test_credentials_are_not_sent_on(it: Integrator) -> None:
    """307 would have the browser post the password to the application (RFC 9700, 4.12)."""
    answer = it.allow()
    assert answer.status_code == 303
    assert PASSWORD not in answer.headers["location"]
    assert answer.headers["referrer-policy"] == "no-referrer"
