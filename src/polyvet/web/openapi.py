# SPDX-License-Identifier: Apache-2.0
"""OpenAPI 3.1 descriptions, made from the route table and the wire types that serve.

`x-origin` says where a vendor's fact comes from: `seed` (the vendor's own page), `docs` (another stored copy of the
vendor's documentation) or `inferred` (our decision).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from polyvet.web.idempotency import HEADER as IDEMPOTENCY_HEADER
from polyvet.web.idempotency import LONGEST_KEY
from polyvet.web.routes import Parameter, Route, RouteTable

Schema = dict[str, Any]
_JSON = "application/json"
_REF = "#/components/schemas/{name}"
_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
# msgspec names the parts of a generic type by their modules, which say nothing to a caller.
_MODULES = re.compile(rb"polyvet(?:\.[a-z_]+)*\.(?=[A-Z])")
_INTEGER = {"type": "integer", "minimum": 0}
# Standards behind the headers' names are none; two of the vendors that document limits use these.
_HEADERS: dict[str, Schema] = {
    "X-RateLimit-Limit": {"description": "Requests in the window that has the least room.", "schema": _INTEGER},
    "X-RateLimit-Remaining": {"description": "Requests that are left in that window.", "schema": _INTEGER},
    "X-RateLimit-Reset": {"description": "Seconds until that window ends.", "schema": _INTEGER},
    "X-Request-Id": {"description": "Names the request in the server's log.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": _INTEGER},
}
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_OTHER_HEADERS = ("X-Request-Id", "Retry-After")
_WAITING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_EVERYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class Security(msgspec.Struct, frozen=True):
    """One way to show a credential."""

    name: str
    scheme: dict[str, str]


BEARER = Security("bearer", {"type": "http", "scheme": "bearer", "description": "The API key as a bearer token."})


def api_key(header: str) -> Security:
    """The API key in a header of its own."""
    return Security("apiKey", {"type": "apiKey", "in": "header", "name": header})


def document(
    *,
    title: str,
    version: str,
    root: str,
    table: RouteTable,
    error_type: type[msgspec.Struct],
    security: Iterable[Security] = (BEARER,),
    errors: Mapping[int, tuple[Any, ...]] | None = None,
    rate_headers: tuple[str, ...] = RATE_HEADERS,
) -> bytes:
    """The description as JSON. Aliases are served, not described. `errors`: by status, the types of errors that have
    other forms than `error_type`; `rate_headers`: what the vendor says of its limits in headers."""
    routes = [route for route in table.routes if route.alias_of is None]
    security = tuple(security)
    others = errors or {}
    types = [*_types(routes), *(kind for kinds in others.values() for kind in kinds), error_type]
    made, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = dict(zip(types, made, strict=True))
    failures = {status: {"anyOf": [schemas[kind] for kind in kinds]} for status, kinds in others.items()}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schemas, rate_headers)
        for key, response in _failures(operation, schemas[error_type], failures, rate_headers).items():
            operation["responses"].setdefault(key, response)
        for status, kind in route.also:
            _add_answer(operation["responses"], status, schemas[kind])
        paths.setdefault("/" + route.path, {})[route.method.lower()] = operation
    described = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [_server(root.rstrip("/"))],
        "security": [{one.name: []} for one in security],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {name: one for name, one in _HEADERS.items() if name in (*rate_headers, *_OTHER_HEADERS)},
            "responses": {"Error": _response("Any other error.", schemas[error_type])},
            "securitySchemes": {one.name: one.scheme for one in security},
        },
    }
    return _MODULES.sub(b"", msgspec.json.encode(described))


def _types(routes: Iterable[Route]) -> list[Any]:
    """All wire types of the routes; a body that is a schema already is none."""
    found: list[Any] = []
    for route in routes:
        found += [route.answer, None if isinstance(route.body, dict) else route.body, *(kind for _, kind in route.also)]
    return [kind for kind in found if kind is not None]


def _server(url: str) -> Schema:
    """A root that names the clinic has its number as a variable."""
    names = _PATH_PARAMETER.findall(url)
    variables = {name: {"default": "1", "description": "The clinic's installation number."} for name in names}
    return {"url": url, "variables": variables} if names else {"url": url}


def _operation(route: Route, schemas: dict[Any, Schema], rate_headers: tuple[str, ...]) -> Schema:
    made: Schema = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.path.partition("/")[0] or "root"],
        "x-origin": route.origin,
        "x-permission": route.permission,
        "parameters": [*_path_parameters(route), *map(_query_parameter, route.parameters)],
        "responses": {},
    }
    if route.method == "POST":
        made["parameters"].append(_idempotency_key())
    if route.body is not None:
        schema = route.body if isinstance(route.body, dict) else schemas[route.body]
        made["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    phrase = HTTPStatus(route.status).phrase
    if route.answer is not None:
        answer = made["responses"][str(route.status)] = _response(phrase, schemas[route.answer], rate_headers)
        answer["content"] |= {media_type: {"schema": {"type": "string"}} for media_type in route.texts}
    elif route.status == HTTPStatus.NO_CONTENT:  # otherwise a route that answers with an error only
        made["responses"][str(route.status)] = _response(phrase, None, rate_headers)
    return made


def _add_answer(responses: Schema, status: int, schema: Schema) -> None:
    """A further form of an answer: with others of the same status, any of them."""
    there = responses.get(str(status))
    if there is None:
        responses[str(status)] = _response(HTTPStatus(status).phrase, schema)
        return
    content = there["content"][_JSON]
    content["schema"] = {"anyOf": [*content["schema"].get("anyOf", [content["schema"]]), schema]}


def _path_parameters(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PATH_PARAMETER.findall(route.path)
    ]


def _query_parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
        "x-origin": parameter.origin,
    }


def _idempotency_key() -> Schema:
    return {
        "name": IDEMPOTENCY_HEADER.decode().title(),
        "in": "header",
        "description": "The same key and body give the saved answer instead of a second row.",
        # Printable ASCII; a blank at either end would not survive the transport.
        "schema": {"type": "string", "pattern": f"^[!-~]([ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?$"},
        "x-origin": "inferred",
    }


def _failures(operation: Schema, error: Schema, others: Mapping[int, Schema], rate_headers: tuple[str, ...]) -> Schema:
    """The errors that the operation can meet."""
    looked_up = "requestBody" in operation or any(one["in"] == "path" for one in operation["parameters"])
    statuses = sorted({*_EVERYWHERE, *((HTTPStatus.NOT_FOUND,) if looked_up else ())})
    responses: Schema = {}
    for status in statuses:
        headers = (*(rate_headers if status == HTTPStatus.TOO_MANY_REQUESTS else ()),)
        headers += ("Retry-After",) if status in _WAITING else ()
        responses[str(int(status))] = _response(status.phrase, others.get(status, error), headers)
    return {**responses, "default": {"$ref": "#/components/responses/Error"}}


def _response(description: str, schema: Schema | None, headers: Iterable[str] = ()) -> Schema:
    made: Schema = {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in (*headers, "X-Request-Id")},
    }
    return made if schema is None else {**made, "content": {_JSON: {"schema": schema}}}
