# SPDX-License-Identifier: Apache-2.0
"""Requests for tokens: who proves itself how, what is no form, and what another clinic gets."""

from __future__ import annotations

import base64

import pytest

from tests.dialects.harness import Practice
from tests.dialects.provet.signing_in import (
    EMAIL,
    OTHER_EMAIL,
    Integrator,
    error,
    told,
)
from tests.dialects.raw import send

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
