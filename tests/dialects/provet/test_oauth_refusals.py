# SPDX-License-Identifier: Apache-2.0
"""OAuth 2.0 as it must not go: each thing that RFC 9700 forbids, other clinics, and what no client would send."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from polyvet.dialects.provet.consent import ATTEMPTS_AS_ONE, ATTEMPTS_FROM_ONE_ADDRESS
from polyvet.identity import keys
from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, ROOT
from tests.dialects.provet.signing_in import (
    EMAIL,
    OTHER_EMAIL,
    PASSWORD,
    REDIRECT,
    STATE,
    VERIFIER,
    Integrator,
    Page,
    challenge,
    error,
    later,
    made,
    told,
    with_passwords,
)
from tests.dialects.raw import send

AT_ONCE = 20
FORGOTTEN_S = 1.2
OTHER_VERIFIER = "a" * 43


@pytest.fixture(scope="module")
def it(practice: Practice) -> Integrator:
    with_passwords(practice)
    return Integrator(practice)


@pytest.fixture(scope="module")
def public(practice: Practice) -> Integrator:
    return Integrator(practice, public=True)


@pytest.fixture(scope="module")
def other(practice: Practice) -> Integrator:
    """Another clinic's application."""
    return Integrator(practice, SECOND_CLINIC)


def shown(answer: httpx.Response) -> str:
    """What a page says to a user who is sent nowhere."""
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "form-action 'none'" in answer.headers["content-security-policy"]
    page = Page(answer)
    assert not page.all("form")
    return page.text


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
    assert [one.get("value") for one in page.all("input")][-2:] == [email, None]
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
    with_passwords(fresh_practice)
    it = Integrator(fresh_practice)
    it.http = fresh_practice.served_otherwise(limits="off").client()  # which are the vendors'
    guesses = [it.allow(email=EMAIL, password=f"guess {n}").status_code for n in range(ATTEMPTS_AS_ONE)]
    assert guesses == [401] * ATTEMPTS_AS_ONE
    for email in (EMAIL, EMAIL.upper()):
        refused = it.allow(email=email)
        assert refused.status_code == 429, "even with the right password"
        assert 50 <= int(refused.headers["retry-after"]) <= 61
        assert "Too many attempts" in Page(refused).text
    for n in range(ATTEMPTS_FROM_ONE_ADDRESS - ATTEMPTS_AS_ONE - 2):
        it.allow(email=f"{n}@x.example", password="guess")
    assert it.allow().status_code == 429
    assert told(it.allow(decision="cancel"))["error"] == "access_denied"


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
    with_passwords(fresh_practice)
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


# --- who asks ---------------------------------------------------------------------------------------------------


def test_an_application_proves_itself_once(it: Integrator) -> None:
    form = {"grant_type": "client_credentials"}
    both = {**form, "client_id": it.client_id, "client_secret": it.secret}
    assert error(it.http.post(it.root + "token/", data=both, auth=it.auth)) == (400, "invalid_request")
    named = {**form, "client_id": "another"}
    assert error(it.http.post(it.root + "token/", data=named, auth=it.auth)) == (400, "invalid_request")
    again = {**form, "client_id": it.client_id}
    assert it.http.post(it.root + "token/", data=again, auth=it.auth).status_code == 200


@pytest.mark.parametrize("path", ["token/", "revoke_token/"])
@pytest.mark.parametrize("form", [{}, {"client_id": "unknown"}, {"client_id": "unknown", "client_secret": "x"}])
def test_who_does_not_prove_itself_is_refused(it: Integrator, path: str, form: dict[str, str]) -> None:
    sent = {"grant_type": "client_credentials", "token": "x", **form}
    answer = it.http.post(it.root + path, data=sent)
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    own = {**sent, "client_id": it.client_id}
    assert error(it.http.post(it.root + path, data={**own, "client_secret": it.secret + "x"})) == (
        401,
        "invalid_client",
    )


@pytest.mark.parametrize(
    "authorization",
    [
        b"Basic",
        b"Basic ",
        b"Basic !!!",
        b"Basic \xff\xfe",
        b"Basic " + base64.b64encode(b"\xff:\xff"),
        b"Basic " + base64.b64encode(b"no colon"),
        b"Basic " + base64.b64encode(b":"),
        b"Basic " + base64.b64encode(b"\0:\0"),
        b"Basic " + base64.b64encode(b"%00:%ff"),
        b"basic " + base64.b64encode(b"unknown:secret"),
        b"Basic " + b"A" * 20_000,
    ],
)
def test_broken_basic_is_no_proof(it: Integrator, authorization: bytes) -> None:
    answer = send(
        it.practice, (it.root + "token/").encode(), b"Content-Type: application/x-www-form-urlencoded",
        b"Authorization: " + authorization, method=b"POST", body=b"grant_type=client_credentials",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (b"application/x-www-form-urlencoded", b"grant_type=a&grant_type=b", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=client_credentials&x=1&x=1", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=client_credentials%00", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=%ff", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=\xff", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=%zz", 400),
        (b"application/x-www-form-urlencoded", b"", 400),
        (b"application/x-www-form-urlencoded", b"grant_type=", 400),
        (b"application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(101)), 400),
        (b"application/x-www-form-urlencoded", b"grant_type=" + b"x" * 70_000, 413),
        (b"application/x-www-form-urlencoded; charset=utf-16", b"grant_type=client_credentials", 400),
        (b'application/x-www-form-urlencoded; charset="latin-1"', b"grant_type=client_credentials", 400),
        (b"application/json", b'{"grant_type":"client_credentials"}', 400),
        (b"text/plain", b"grant_type=client_credentials", 400),
        (b"multipart/form-data", b"--x--", 400),
        (b"multipart/form-data; boundary=x", b"--x\r\n", 400),
        (b"multipart/form-data; boundary=x", b"--x\r\nnonsense\r\n\r\n1\r\n--x--\r\n", 400),
        (
            b"multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n--x--\r\n',
            400,
        ),
        (
            b"multipart/form-data; boundary=x; charset=undefined",
            b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n--x--\r\n',
            400,
        ),
    ],
)
def test_a_body_that_is_no_form_is_refused(it: Integrator, kind: bytes, body: bytes, status: int) -> None:
    basic = b"Authorization: Basic " + base64.b64encode(":".join(it.auth).encode())
    for path in ("token/", "revoke_token/"):
        answer = send(
            it.practice, (it.root + path).encode(), b"Content-Type: " + kind, basic, method=b"POST", body=body
        )
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
    page = send(it.practice, (it.root + "authorize/").encode(), b"Content-Type: " + kind, method=b"POST", body=body)
    assert page.status_code == 400
    assert page.content.startswith(b"<!doctype html>")


@pytest.mark.parametrize("query", [b"client_id=%ff", b"client_id=%zz", b"client_id=%00", b"x=" + b"y" * 9_000])
def test_a_query_that_cannot_be_read_is_told_on_a_page(it: Integrator, query: bytes) -> None:
    answer = send(it.practice, it.root.encode() + b"authorize/?" + query)
    assert answer.status_code == 400
    assert answer.content.startswith(b"<!doctype html>")


# --- other clinics, other dialects ------------------------------------------------------------------------------


def test_a_token_opens_its_own_installation_and_dialect_only(it: Integrator, other: Integrator) -> None:
    for token in (it.own(), it.signed_in()["access_token"]):
        assert [it.status(token, 4), it.status(token, 5), it.status(token, 99)] == [200, 401, 401]
        for path in ("/api/v1/patients", "/api/v1/owners"):
            assert it.get(path, token).status_code == 401
        answer = it.get(other.root + "userinfo/", token)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_another_clinics_application_gets_and_ends_nothing_here(it: Integrator, other: Integrator) -> None:
    form = {"grant_type": "client_credentials"}
    assert error(it.http.post(it.root + "token/", data=form, auth=other.auth)) == (401, "invalid_client")
    token = it.own()
    assert error(it.http.post(it.root + "revoke_token/", data={"token": token}, auth=other.auth)) == (
        401,
        "invalid_client",
    )
    assert other.revoke(token).status_code == 200
    code = it.code()
    assert error(other.exchange(code)) == (400, "invalid_grant")
    assert [it.status(token), it.exchange(code).status_code] == [200, 200]


def test_who_works_elsewhere_does_not_sign_in_here(other: Integrator) -> None:
    assert other.allow(email=EMAIL).status_code == 401
    assert "code" in told(other.allow(email=OTHER_EMAIL))


def test_userinfo_is_for_tokens_of_users(it: Integrator, practice: Practice) -> None:
    assert it.http.get(it.root + "userinfo/").headers["www-authenticate"] == "Bearer"
    key = practice.new_key("provet")
    for token, status in (("unknown", 401), (key, 401), (it.own(), 403)):
        assert it.get(it.root + "userinfo/", token).status_code == status
    assert it.userinfo(it.signed_in()["refresh_token"]).status_code == 401


# --- what is kept -----------------------------------------------------------------------------------------------


def test_no_secret_is_stored_or_logged(fresh_practice: Practice, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with_passwords(fresh_practice)
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
        assert keys.hashed(code) in stored
        assert [secret for secret in hidden if secret.encode() in stored] == []


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123, a name that was put together
        return file.read()
