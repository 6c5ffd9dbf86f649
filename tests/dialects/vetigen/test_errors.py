# SPDX-License-Identifier: Apache-2.0
"""Everything that goes wrong comes in the envelope: bad input of every kind, unknown routes, wrong methods, defects."""

from __future__ import annotations

import inspect

import httpx
import pytest

from polyvet.core import patients
from polyvet.dialects.vetigen.wire import Generation, Options, VetigenWire
from polyvet.model import errors
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.dialects import raw
from tests.dialects.harness import SECRETS, Golden, Practice
from tests.dialects.vetigen.asking import EVENTS, INVENTORY, PATIENTS, SAMPLE, SOAP, data, error

KEY = SECRETS["vetigen", MAIN_CLINIC]
LISTS = [PATIENTS, EVENTS, INVENTORY, f"{SOAP}/patient/{SAMPLE}"]
BAD_BYTES = [
    b"%ff%fe",
    b"%C0%AF",
    b"%ED%A0%80",
    b"%F5%80%80%80",
    b"%00",
    b"a%00b",
    b"%",
    b"%4",
    b"%ZZ",
]


@pytest.mark.parametrize("bad", BAD_BYTES)
@pytest.mark.parametrize("path", LISTS)
def test_bad_bytes_in_the_query_are_refused(practice: Practice, path: str, bad: bytes) -> None:
    for name in (b"page", b"species", b"updated_since", b"start_date", b"category", b"type", b"anything"):
        error(raw.send(practice, path.encode() + b"?" + name + b"=" + bad, key=KEY), 400, "VALIDATION.FAILED")
    error(raw.send(practice, path.encode() + b"?" + bad + b"=1", key=KEY), 400, "VALIDATION.FAILED")


def test_a_request_line_that_is_not_ascii_is_no_http_and_reaches_no_dialect(practice: Practice) -> None:
    for target in (PATIENTS.encode() + b"?species=\xff", PATIENTS.encode() + b"/\xc3\xbc"):
        assert raw.send(practice, target, key=KEY).status == 400


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        "page=1&page=2",
        "page_size=99999999999999999999999999",
        "page=-9223372036854775809",
        "page=%EF%BC%91",
        "page=0x10",
        "page=1e3",
        "page=+",
        "page=NaN",
        "page=1%20",
        "page=1;page_size=2",
        "species=" + "x" * 10_000,
        "&".join(f"p{n}=1" for n in range(200)),
    ],
)
def test_bad_numbers_and_overlong_queries_are_refused(practice: Practice, path: str, query: str) -> None:
    error(practice.vetigen.get(f"{path}?{query}"), 400, "VALIDATION.FAILED")


def test_a_parameter_may_come_twice_with_one_value(practice: Practice) -> None:
    assert data(practice.vetigen.get(f"{PATIENTS}?page=2&page=2"))["page"] == 2


@pytest.mark.parametrize("path", [f"{PATIENTS}/", f"{INVENTORY}/", f"{SOAP}/", f"{SOAP}/patient/"])
@pytest.mark.parametrize(
    "bad",
    [*BAD_BYTES, b"patient_" + b"A" * 5_000, b"..%2f..%2fetc%2fpasswd", b"'%20OR%20'1'='1", b"patient_%F0%9F%90%95"],
)
def test_bad_bytes_in_the_path_are_missing_things(practice: Practice, path: str, bad: bytes) -> None:
    answer = raw.send(practice, path.encode() + bad, key=KEY)
    assert answer.status == 404
    assert answer.json()["error"]["code"].endswith(".NOT_FOUND")
    assert len(answer.content) < 500


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer",
        b"Authorization: Bearer ",
        b"Authorization:",
        b"Authorization: Bearer \xff\xfe",
        b"X-API-Key: \xc3\xbc\xff",
        b"X-API-Key:  ",
        b"X-API-Key: " + b"k" * 60_000,
    ],
)
def test_bad_bytes_in_the_credential_are_no_key(practice: Practice, line: bytes) -> None:
    error(raw.send(practice, PATIENTS.encode(), line), 401, "AUTH.UNAUTHORIZED")


@pytest.mark.parametrize("line", [f"X-API-Key:  {KEY} ".encode(), f"x-api-key:{KEY}".encode()])
def test_blanks_around_a_credential_do_not_count(practice: Practice, line: bytes) -> None:
    assert raw.send(practice, PATIENTS.encode(), line).status == 200


@pytest.mark.parametrize(
    "path",
    [
        f"{PATIENTS}/",
        f"{PATIENTS}/{SAMPLE}/",
        f"{PATIENTS}/{SAMPLE}/diagnostics",
        f"{PATIENTS};x=1/y",
        "/api/v1/calendar",
        f"{EVENTS}/calevt_01KM0000000000000000EVENT1",
        SOAP,
        f"{SOAP}/patient",
        f"{SOAP}/soap_1/plan-items",
        f"{INVENTORY}//",
        "/api/v1/cortex/diagnostics/cds_1",
        "/api/v1/products",
        "/api/v1/webhooks",
        "/api/v1/",
        "/api/v1/PATIENTS",
        "/api/v1/dragons",
    ],
)
def test_an_unknown_path_answers_in_the_envelope(practice: Practice, path: str) -> None:
    for client in (practice.vetigen, practice.client()):
        error(client.get(path), 404, "ROUTE.NOT_FOUND")


def test_an_unknown_path_to_the_letter(practice: Practice, golden: Golden) -> None:
    golden("route_not_found", practice.vetigen.get("/vetigen/api/v1/dragons"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_refused_in_the_envelope(practice: Practice, golden: Golden, method: str) -> None:
    for path in [*LISTS, f"{PATIENTS}/{SAMPLE}"]:
        golden("method_not_allowed", practice.vetigen.request(method, path))


def test_a_body_is_not_read(practice: Practice) -> None:
    answer = raw.send(practice, PATIENTS.encode(), key=KEY, method=b"POST", body=b"{" * 2_000_000)
    error(answer, 405, "ROUTE.METHOD_NOT_ALLOWED")


def test_the_dialects_name_leads_to_the_same_answers(practice: Practice) -> None:
    assert (
        practice.vetigen.get(f"/vetigen{PATIENTS}/{SAMPLE}").json()
        == practice.vetigen.get(f"{PATIENTS}/{SAMPLE}").json()
    )


def test_every_answer_has_a_request_id_of_its_own(practice: Practice) -> None:
    paths = [PATIENTS, f"{PATIENTS}?page=0", f"{PATIENTS}/nobody", "/api/v1/dragons", f"{PATIENTS}/"]
    ids = [practice.vetigen.get(path).headers["x-request-id"] for path in paths]
    assert len(set(ids)) == len(paths)


def test_a_validation_error_to_the_letter(practice: Practice, golden: Golden) -> None:
    golden("validation_failed", practice.vetigen.get(PATIENTS, params={"page_size": 101}))


def test_a_defect_answers_a_fixed_500_and_tells_nothing(
    practice: Practice, golden: Golden, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(patients, "get", broken)
    answer = practice.vetigen.get(f"{PATIENTS}/{SAMPLE}")
    golden("internal_error", answer)
    logged = capsys.readouterr()
    assert answer.headers["x-request-id"] in logged.out + logged.err


def test_a_busy_store_answers_503(practice: Practice, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise errors.Busy("locked")

    monkeypatch.setattr(patients, "get", busy)
    golden("busy", practice.vetigen.get(f"{PATIENTS}/{SAMPLE}"))


# What only a body can bring about; no operation of this dialect takes one.
OF_WRITES = (errors.KeyReused, errors.Merged, errors.SlotTaken, errors.TooLarge, errors.WrongMediaType)
# What only a library has.
OF_LIBRARIES = (errors.AlreadySubmitted, errors.NotAcceptable, errors.RoleNeeded)
FACTS = [
    errors.Missing("patient", "x"),
    errors.Missing("item", "x"),
    errors.Missing("record", "x"),
    errors.NotConnected("patient", "x"),
    errors.NotConnected("record", "x"),
    errors.Forbidden("x"),
    errors.Unauthenticated(),
    errors.Invalid({"x": "is wrong"}),
    errors.RangeTooLong("x"),
    errors.LimitReached(1, 60),
    errors.NoSuchRoute(),
    errors.WrongMethod(("GET",)),
    errors.NotServed("x"),
    errors.Busy(),
]


def test_the_list_of_facts_is_complete() -> None:
    known = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.PolyvetError)}
    assert {type(fact) for fact in FACTS} == known - {errors.PolyvetError, *OF_WRITES, *OF_LIBRARIES}


@pytest.mark.parametrize("generation", list(Generation))
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{type(fact).__name__}-{getattr(fact, 'kind', '')}")
def test_every_fact_has_its_answer(fact: errors.PolyvetError, generation: Generation) -> None:
    for name_unconnected in (False, True):
        reply = VetigenWire(Options(generation, name_unconnected)).error(fact)
        assert reply.status >= 400
        response = httpx.Response(reply.status, content=reply.body, headers={"content-type": "application/json"})
        problem = error(response, reply.status, response.json()["error"]["code"])
        assert problem["severity"] in ("error", "warning")
        assert problem["code"].count(".") == 1
        assert problem["code"] == problem["code"].upper()
