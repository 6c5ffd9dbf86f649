# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI descriptions: valid, complete, and true: schemathesis holds what is served against them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from polyvet.dialects.clinovavet import router as clinovavet
from polyvet.dialects.clinovavet.wire import to_id
from polyvet.dialects.provet import router as provet
from polyvet.dialects.provet.requests import Asking
from polyvet.dialects.provet.wire import Options as ProvetOptions
from polyvet.dialects.vetcheck import router as vetcheck
from polyvet.dialects.vetcheck.wire import Options as VetCheckOptions
from polyvet.dialects.vetigen import router as vetigen
from polyvet.dialects.vetigen.wire import Generation, Options
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.sandbox.samples import JOHN_SMITH_ID, MAX_ID
from polyvet.served import DIALECTS
from polyvet.web.marks import Marks
from polyvet.web.routes import RouteTable
from tests.dialects.harness import SECRETS, Practice, fill
from tests.dialects.provet.asking import queued
from tests.dialects.vetigen.asking import SAMPLE

EXAMPLES = 15  # requests an operation and mode
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example, HealthCheck.data_too_large)


def _table(dialect: str, generation: Generation = Generation.R1) -> RouteTable:
    services: Any = SimpleNamespace(marks=Marks(shared=False))  # until a request comes, a table asks for no more
    if dialect == "vetigen":
        return vetigen.table(services, Options(generation))
    if dialect == "provet":
        return provet.table(Asking(ProvetOptions()))
    if dialect == "vetcheck":
        services.rolling = None
        return vetcheck.table(services, VetCheckOptions())
    return clinovavet.table(services)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    url = f"sqlite:///{tmp_path_factory.mktemp('openapi')}/polyvet.db"
    asyncio.run(fill(url))
    practice = Practice(url)
    yield practice
    practice.close()


def _described(served: Practice, dialect: str) -> dict[str, Any]:
    answer = served.client().get(f"/openapi/{dialect}.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_description_is_valid(served: Practice, dialect: str) -> None:
    document = _described(served, dialect)
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_generation_ks_description_is_valid() -> None:
    OpenAPIV31SpecValidator(msgspec.json.decode(vetigen.document(_table("vetigen", Generation.K)))).validate()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_route_is_described_and_nothing_else(served: Practice, dialect: str) -> None:
    paths = _described(served, dialect)["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert described == {(r.method, f"/{r.path}") for r in _table(dialect).routes if r.alias_of is None}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_operation_says_all_that_its_route_says(served: Practice, dialect: str) -> None:
    document = _described(served, dialect)
    for route in _table(dialect).routes:
        if route.alias_of is not None:
            continue
        operation = document["paths"][f"/{route.path}"][route.method.lower()]
        parameters = {(one["in"], one["name"]) for one in operation["parameters"]}
        expected = {("query", one.name) for one in route.parameters}
        expected |= {("path", name) for name in re.findall(r"\{(\w+)\}", route.path)}
        expected |= {("header", "Idempotency-Key")} if route.method == "POST" else set()
        assert parameters == expected
        assert operation["x-origin"] == route.origin
        assert all(one["x-origin"] for one in operation["parameters"] if one["in"] == "query")
        assert ("requestBody" in operation) == (route.body is not None)
        assert {str(route.status), "400", "401", "403", "429", "500", "default"} <= operation["responses"].keys()
        told = operation["responses"]["429"]["headers"].keys()
        assert {"Retry-After", "X-Request-Id"} <= told
        assert ("X-RateLimit-Remaining" in told) == (dialect in ("vetigen", "clinovavet"))  # which document it
        assert ("content" in operation["responses"][str(route.status)]) == (route.status != 204)
        assert {str(status) for status, _ in route.also} <= operation["responses"].keys()


def test_vetigen_takes_its_key_in_either_header(served: Practice) -> None:
    document = _described(served, "vetigen")
    assert document["security"] == [{"bearer": []}, {"apiKey": []}]
    assert document["components"]["securitySchemes"]["apiKey"] == {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
    }


def test_vetcheck_takes_what_its_users_granted_and_no_key(served: Practice) -> None:
    document = _described(served, "vetcheck")
    assert document["security"] == [{"bearer": []}]
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert scheme["bearerFormat"] == "JWT"
    assert "id_token" in scheme["description"]


def test_no_name_of_a_module_stands_in_a_description(served: Practice) -> None:
    for dialect in DIALECTS:
        assert "polyvet." not in served.client().get(f"/openapi/{dialect}.json").text


@pytest.mark.parametrize(
    ("dialect", "generation", "mode"),
    [
        ("vetigen", "R1", GenerationMode.POSITIVE),
        ("vetigen", "R1", GenerationMode.NEGATIVE),
        ("vetigen", "K", GenerationMode.POSITIVE),
        ("clinovavet", "R1", GenerationMode.POSITIVE),
        ("clinovavet", "R1", GenerationMode.NEGATIVE),
        ("provet", "R1", GenerationMode.POSITIVE),
        ("provet", "R1", GenerationMode.NEGATIVE),
        ("vetcheck", "R1", GenerationMode.POSITIVE),
        ("vetcheck", "R1", GenerationMode.NEGATIVE),
    ],
)
def test_what_is_served_is_what_is_described(
    served: Practice, dialect: str, generation: str, mode: GenerationMode
) -> None:
    practice = served if generation == "R1" else served.served_otherwise(vetigen_generation=generation)
    schema = schemathesis.openapi.from_dict(_described(practice, dialect))
    for operation in _operations(schema):

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=QUIET, phases=[Phase.generate]
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case) -> None:
            _validated(practice, dialect, case)

        holds()


# What no generator guesses: the ids of things that are there.
KNOWN = {
    "getPatient": {"fp": SAMPLE},
    "getInventoryItem": {"fp": "invitem_01KM00000000000000000STK01"},
    "listPatientSOAP": {"patient_fp": SAMPLE},
    "getSOAP": {"fp": "soap_01KM00000000000000000S0AP2"},
    "getOwner": {"id": to_id(JOHN_SMITH_ID)},
    "getPet": {"id": to_id(MAX_ID)},
    "getHandout": {"id": "2"},
    "getForm": {"id": "2"},
    "getVetForm": {"id": "2"},
    "getProgram": {"id": "2"},
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_there_is_as_described(served: Practice, dialect: str) -> None:
    schema = schemathesis.openapi.from_dict(_described(served, dialect))
    known = {**KNOWN, **(_known_to_provet(served) if dialect == "provet" else {})}
    for operation in _operations(schema):
        if "{" in operation.path and operation.method.upper() == "GET":
            case = operation.Case(path_parameters=known[operation.definition.raw["operationId"]])
            assert _validated(served, dialect, case).status_code == 200


def _known_to_provet(practice: Practice) -> dict[str, dict[str, Any]]:
    """The same, where numbers are given when rows are made."""
    http, root = practice.client(SECRETS["provet", MAIN_CLINIC]), f"/{MAIN_CLINIC}/api/0.1/"

    def one(path: str) -> int:
        return int(http.get(root + path + "?page_size=1").json()["results"][0]["id"])

    def value(path: str) -> int:
        field = next(row for row in fields if row["model"] == path.partition("/")[0] and row["field_type"] == "text")
        made = http.post(root + path + "custom_field_values/", json={"field": field["id"], "value": "x"})
        return int(made.json()["id"])

    fields = http.get(root + "custom_fields/").json()["results"]
    hook, delivery = queued(practice)
    clients_value, patients_value = value("client/456/"), value("patient/1204/")
    client, patient = {"id": "456"}, {"id": "1204"}
    return {
        "getClient": client,
        "getPatient": patient,
        "getPhoneNumber": {"id": one("phonenumber/")},
        "getCustomField": {"id": fields[0]["id"]},
        "getAValue": {"id": clients_value},
        "listAClientValues": client,
        "getAClientValue": {**client, "value_id": clients_value},
        "listAPatientValues": patient,
        "getAPatientValue": {**patient, "value_id": patients_value},
        "listWeights": patient,
        "getWeight": {**patient, "weight_id": one("patient/1204/weight/")},
        "getSpecies": {"id": one("codelist/species/")},
        "getBreed": {"id": one("codelist/breeds/")},
        "getDiagnosis": {"id": one("codelist/diagnoses/")},
        "getInsurer": {"id": one("codelist/insurancecompanies/")},
        "getConsultation": {"id": one("consultation/")},
        "getInvoice": {"id": one("invoice/")},
        "getInvoiceRow": {"id": one("invoicerow/")},
        "getReminder": {"id": one("reminder/")},
        "getDepartment": {"id": one("department/")},
        "getAppointment": {"id": one("appointment/")},
        "getUser": {"id": one("user/")},
        "getDetailsOfAUser": {"id": one("userdetails/")},
        "getWebhook": {"id": hook},
        "getDelivery": {"id": delivery},
    }


def _operations(schema: Any) -> list[Any]:
    return [result.ok() for result in schema.get_all_operations()]


def _validated(practice: Practice, dialect: str, case: Case) -> Any:
    token = "vetcheck_main" if dialect == "vetcheck" else SECRETS[dialect, MAIN_CLINIC]
    headers = {"Authorization": f"Bearer {token}"}
    root = {"provet": f"/{MAIN_CLINIC}/api/0.1", "vetcheck": ""}.get(dialect, "/api/v1")
    return case.call_and_validate(base_url=practice.server.url + root, headers=headers, checks=CHECKS)
