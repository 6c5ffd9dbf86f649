# SPDX-License-Identifier: Apache-2.0
"""What Vetigen's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from tests.dialects.raw import Answer

PATIENTS = "/api/v1/patients"
EVENTS = "/api/v1/calendar/events"
INVENTORY = "/api/v1/inventory"
SOAP = "/api/v1/soap"
SAMPLE = "patient_01JABC9XYZKL4N7P3Q8TRM2ZDE"  # the vendor's own, with an L [seed]
CANONICAL_SAMPLE = "patient_01JABC9XYZK14N7P3Q8TRM2ZDE"


def data(response: httpx.Response) -> Any:
    """What is inside the envelope of a success."""
    body = response.json()
    assert response.status_code == 200, body
    assert list(body) == ["success", "data", "message"]
    assert body["success"] is True
    assert body["message"] == "OK"
    return body["data"]


def error(response: httpx.Response | Answer, status: int, code: str) -> Any:
    """What is inside the envelope of an error."""
    body = response.json()
    assert response.status_code == status, body
    assert list(body) == ["success", "error"]
    assert body["success"] is False
    assert list(body["error"])[:3] == ["code", "message", "severity"]
    assert body["error"]["code"] == code
    assert response.headers["content-type"] == "application/json"
    return body["error"]


def pages(client: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Page after page, as the vendor's recipe has it: until `has_more` is false [seed]."""
    page = 1
    while True:
        got = data(client.get(path, params={**query, "page": page}))
        assert got["page"] == page
        yield got
        if not got["has_more"]:
            return
        page += 1


def rows(client: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """The rows of all pages."""
    return [row for page in pages(client, path, **query) for row in page["items"]]
