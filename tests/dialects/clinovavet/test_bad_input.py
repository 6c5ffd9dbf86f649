# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in: a 4xx in the dialect's envelope, with a message that says what to mend."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.clinovavet.test_golden import BELLA, JANE, JOHN

ENOUGH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
CODES = {400: "VALIDATION_ERROR", 401: "INVALID_API_KEY", 404: "RESOURCE_NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def refused(answer, status=400, field=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert list(error) == ["code", "message", "details"]
    assert error["code"] == CODES[status]
    assert error["message"]
    if status == 400:
        assert error["details"]
        assert all(name in error["message"] and reason in error["message"] for name, reason in error["details"].items())
    if field is not None:
        assert field in error["details"], error
    return error


def post(client, path, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/api/v1/{path}", content=content, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("owners?limit=0", "limit"),
        ("owners?limit=-1", "limit"),
        ("pets?limit=ten", "limit"),
        ("pets?limit=1.5", "limit"),
        ("pets?limit=1e2", "limit"),
        ("pets?limit=NaN", "limit"),
        ("pets?limit=٣", "limit"),
        ("invoices?limit=0x10", "limit"),
        ("invoices?limit=99999999999999999999", "limit"),
        ("medical-records?limit=10%20", "limit"),
        ("owners?limit=1&limit=2", "limit"),
        ("owners?offset=-1", "offset"),
        ("pets?offset=x", "offset"),
        ("records?offset=1000000001", "offset"),
        ("invoices?offset=18446744073709551616", "offset"),
        ("owners?search=" + "a" * 201, "search"),
        ("owners?search=%00", "query"),
        ("owners?search=%ff", "query"),
        ("owners?search=%ED%A0%80", "query"),
        ("owners?search=a&search=b", "search"),
        ("owners?" + "&".join(f"p{i}=1" for i in range(101)), "query"),
        ("owners?search=" + "%41" * 3000, "query"),
        ("pets?ownerId=" + "a" * 201, "ownerId"),
        ("pets?species=" + "a" * 201, "species"),
        ("medical-records?petId=" + "a" * 201, "petId"),
        ("medical-records?startDate=yesterday", "startDate"),
        ("medical-records?startDate=2026-02-30", "startDate"),
        ("medical-records?startDate=2026-1-5", "startDate"),
        ("medical-records?startDate=15.01.2026", "startDate"),
        ("medical-records?startDate=1768487400", "startDate"),
        ("medical-records?endDate=2026-01-15T25:00:00Z", "endDate"),
        ("medical-records?endDate=2026-01-15T10:00:00%2B99:00", "endDate"),
        ("medical-records?endDate=0001-01-01", "endDate"),
        ("medical-records?endDate=9999-12-31T23:59:59-14:00", "endDate"),
        ("medical-records?endDate=2026-01-15%00", "query"),
        ("medical-records?startDate=2026-01-16&endDate=2026-01-15T23:59:59Z", "startDate"),
        ("invoices?status=paid", "status"),
        ("invoices?ownerId=" + "a" * 201, "ownerId"),
    ],
)
def test_a_query_that_does_not_hold(practice, path, field):
    refused(practice.clinovavet.get(f"/api/v1/{path}"), field=field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \u2003\t"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 7}, "name"),
        ({"name": ["Max"]}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud83d"}, "name"),
        ({"species": "x" * 101}, "species"),
        ({"species": {}}, "species"),
        ({"breed": "x" * 101}, "breed"),
        ({"breed": True}, "breed"),
        ({"ownerId": " "}, "ownerId"),
        ({"ownerId": 12}, "ownerId"),
        ({"ownerId": "x" * 101}, "ownerId"),
        ({"birthdate": 20220820}, "birthdate"),
        ({"birthdate": "20.08.2022"}, "birthdate"),
        ({"birthdate": "2022-02-30"}, "birthdate"),
        ({"birthdate": "1899-12-31"}, "birthdate"),
        ({"birthdate": "2199-01-01"}, "birthdate"),
        ({"birthdate": "2022-08-20T99:00:00Z"}, "birthdate"),
        ({"birthdate": "٢٠٢٢-٠٨-٢٠"}, "birthdate"),
        ({"weight": 0}, "weight"),
        ({"weight": -4.2}, "weight"),
        ({"weight": 1e-7}, "weight"),
        ({"weight": 20000.1}, "weight"),
        ({"weight": 10**39}, "weight"),
        ({"weight": True}, "weight"),
        ({"weight": "4.2"}, "weight"),
        ({"neutered": 1}, "neutered"),
        ({"neutered": "true"}, "neutered"),
    ],
)
def test_a_pet_that_does_not_hold(practice, change, field):
    refused(post(practice.clinovavet, "pets", {**BELLA, **change}), field=field)


@pytest.mark.parametrize("name", ["firstName", "middleName", "lastName", "email", "phone", "address"])
@pytest.mark.parametrize("value", [0, False, [], {}, "\0", "\udfff", "x" * 501])
def test_an_owner_that_does_not_hold(practice, name, value):
    refused(post(practice.clinovavet, "owners", {**JANE, name: value}), field=name)


def test_all_problems_are_told_at_once(practice):
    body = {"name": "", "weight": -1, "neutered": "no", "birthdate": "soon"}
    error = refused(post(practice.clinovavet, "pets", body))
    assert set(error["details"]) == {"name", "species", "ownerId", "weight", "neutered", "birthdate"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{'firstName': 'Jane'}",
        b'{"firstName":"Jane",}',
        b"\xff\xfe",
        b'{"firstName":"\xc3\x28"}',
        b"\xef\xbb\xbf{}",
        b'{"weight":NaN}',
        b'{"weight":-Infinity}',
        b'{"weight":' + b"9" * 41 + b"}",
        b'{"weight":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
@pytest.mark.parametrize("path", ["owners", "pets"])
def test_a_body_that_is_no_json_object(practice, path, body):
    refused(post(practice.clinovavet, path, body), field="body")


def test_a_key_that_comes_twice(practice):
    for body, field in (
        (b'{"firstName":"A","firstName":"B"}', "firstName"),
        (b'{"firstName":"A","extra":{"x":1,"x":1}}', "x"),
        (b'{"\\ud800":1,"\\ud800":2}', "?"),
    ):
        refused(post(practice.clinovavet, "owners", body), field=field)


def test_a_number_beyond_all_bounds(practice):
    body = json.dumps(BELLA).replace("4.2", "1e999").encode()
    refused(post(practice.clinovavet, "pets", body), field="weight")


@pytest.mark.parametrize("path", ["owners", "pets"])
@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20])
def test_a_body_that_is_too_large(practice, path, size):
    body = json.dumps(JANE).encode().ljust(size)
    refused(post(practice.clinovavet, path, body), field="body")
    pieces = (body[at : at + 65536] for at in range(0, size, 65536))  # no length announced
    answer = practice.clinovavet.post(f"/api/v1/{path}", content=pieces, headers={"content-type": "application/json"})
    refused(answer, field="body")


def test_the_largest_body_is_read(fresh_practice):
    body = json.dumps(JANE).encode().ljust(1 << 20)
    assert post(fresh_practice.clinovavet, "owners", body).status_code == 201


@pytest.mark.parametrize(
    "media_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", "a/b;json"],
)
def test_a_content_type_that_is_not_read(practice, media_type):
    headers = {} if media_type is None else {"content-type": media_type}
    answer = practice.clinovavet.post("/api/v1/owners", content=json.dumps(JANE), headers=headers)
    refused(answer, field="body")


def test_a_content_type_that_is_read(fresh_practice):
    for media_type in ("application/json;charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"):
        answer = fresh_practice.clinovavet.post(
            "/api/v1/owners", content=json.dumps(JANE), headers={"content-type": media_type}
        )
        assert answer.status_code == 201, media_type


@pytest.mark.parametrize(
    "path",
    [
        "owners/",
        "owners//",
        f"owners/{JOHN}/",
        f"owners/{JOHN}/pets",
        "pets/a/b",
        "medical-records/cku9i9a5s0003ab0f0v4c5d6e",
        "invoices/cku9j0b6t0004ab0f0w5d6e7f",
        "owners/%2f",
        "owners/%00",
        "owners/%ff",
        "owners/%F0%9F%90%95",
        "owners/" + "x" * 5000,
        "owners/" + JOHN.upper(),
        "owners/ " + JOHN,
        "pets/" + JOHN,
        "pets/c" + "z" * 24,
    ],
)
def test_a_path_that_is_not_there(practice, path):
    error = refused(practice.clinovavet.get(f"/api/v1/{path}"), 404)
    assert len(error["message"]) < 200


def test_below_the_dialects_own_prefix_unknown_paths_are_the_dialects(practice):
    client = practice.clinovavet
    assert client.get(f"/clinovavet/api/v1/owners/{JOHN}").status_code == 200
    for path in ("api/v1/appointments", "api/v1/", "api/v2/owners", "xxxxxxxowners", ""):
        refused(client.get(f"/clinovavet/{path}"), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [("owners", "GET, HEAD, POST"), (f"pets/{JOHN}", "GET, HEAD"), ("records", "GET, HEAD"), ("invoices", "GET, HEAD")],
)
def test_a_method_that_is_not_served(practice, method, path, allowed):
    answer = practice.clinovavet.request(method, f"/api/v1/{path}")
    refused(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Basic c2tfbGl2ZV8=",
        "sk_live_clinovavet_main",
        b"Bearer \xff\xfe",
        "Bearer ü".encode(),
    ],
)
def test_a_credential_that_is_none(practice, authorization):
    refused(practice.client().get("/api/v1/owners", headers=[("authorization", authorization)]), 401)


def test_the_scheme_is_read_in_any_case(practice):
    headers = {"authorization": "bEARER   sk_live_clinovavet_main"}
    assert practice.client().get("/api/v1/owners", headers=headers).status_code == 200


@ENOUGH
@given(st.text(max_size=60))
def test_any_text_in_a_query(practice, text):
    for path, name in (("owners", "search"), ("pets", "species"), ("pets", "ownerId"), ("records", "petId")):
        answer = practice.clinovavet.get(f"/api/v1/{path}", params={name: text})
        if answer.status_code != 200:
            refused(answer)
    for path, name in (("owners", "limit"), ("records", "startDate"), ("invoices", "status")):
        answer = practice.clinovavet.get(f"/api/v1/{path}", params={name: text})
        if answer.status_code != 200:
            refused(answer, field=name if "\0" not in text else "query")


@ENOUGH
@given(st.binary(max_size=80))
def test_any_bytes_in_a_body(practice, body):
    refused(post(practice.clinovavet, "pets", body))


@ENOUGH
@given(
    st.dictionaries(
        st.sampled_from(["name", "species", "ownerId", "breed", "birthdate", "weight", "neutered"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none(), max_size=1),
    )
)
def test_any_values_in_a_body(practice, body):
    answer = post(practice.clinovavet, "pets", {**body, "ownerId": body.get("ownerId", "invalid-id")})
    refused(answer, 404 if answer.status_code == 404 else 400)


@ENOUGH
@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_in_a_path(practice, raw):
    """Straight through a socket, since clients mend what they send. What is no HTTP the server itself refuses."""
    quoted = "".join(f"%{byte:02x}" for byte in raw)
    with socket.create_connection(("127.0.0.1", practice.server.port), 10) as connection:
        head = f"GET /api/v1/owners/{quoted} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_live_clinovavet_main\r\n"
        connection.sendall(head.encode() + b"connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "RESOURCE_NOT_FOUND"
