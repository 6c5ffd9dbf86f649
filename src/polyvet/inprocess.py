# SPDX-License-Identifier: Apache-2.0
"""One request to the application without a server or a socket; `polyvet get` is made of it."""

from __future__ import annotations

import json
import os
import string
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

import msgspec

from polyvet.app import create_app
from polyvet.settings import Settings
from polyvet.storage.migrate import migrate

CREDENTIALS = "demo-credentials.json"
SECRETS = ("api_key", "token")  # as the vendors call them
LOG_LEVEL: Literal["warning"] = "warning"  # who makes one request need not be told of it


async def request(settings: Settings, path: str, key: str | None) -> tuple[int, bytes]:
    """GET `path` (with its query); gives status and body."""
    await migrate(settings.store_url)
    app = create_app(msgspec.structs.replace(settings, log_level=LOG_LEVEL, request_log_days=0))
    await app.open()
    try:
        secrets = [key] if key else _demo_keys(Path(settings.data)) or [None]
        answer = (0, b"")
        for secret in secrets:
            answer = await _get(app, path, secret)
            if answer[0] != 401:
                break
        return answer
    finally:
        await app.close()


def _demo_keys(folder: Path) -> list[str | None]:
    try:
        credentials = json.loads((folder / CREDENTIALS).read_text())
    except (OSError, ValueError):
        return []
    shown = [one for one in credentials.values() if isinstance(one, dict)]
    return [one[name] for one in shown for name in SECRETS if name in one]


async def _get(app: Any, path: str, key: str | None) -> tuple[int, bytes]:
    path, _, query = path.partition("?")
    raw_path = _quoted("/" + path.lstrip("/"))
    headers = [(b"host", b"localhost")]
    if key is not None:
        headers.append((b"authorization", b"Bearer " + os.fsencode(key)))
    status, pieces = 0, []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "root_path": "",
        "query_string": _quoted(query.partition("#")[0]).encode(),
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return status, b"".join(pieces)


def _quoted(text: str) -> str:
    """What a shell handed over, as a browser would send it."""
    return quote(os.fsencode(text), safe=string.punctuation)
