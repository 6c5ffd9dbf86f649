# SPDX-License-Identifier: Apache-2.0
"""What the tests read of VetCheck's answers."""

from __future__ import annotations

import httpx


def error(response: httpx.Response, status: int) -> str:
    """The message of an error of this status."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error", "message", "statusCode"]
    assert body["statusCode"] == status
    return str(body["message"])
