# SPDX-License-Identifier: Apache-2.0
"""The log: one JSON object a line, of requests and of defects, and nothing of what a caller entrusts to us."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest

from polyvet.storage import sqlite
from polyvet.storage.migrate import migrate
from polyvet.web import log
from tests.web.served import served

TOKEN = "Geheimnis".ljust(43, "x")  # of a shared link
SECRETS = ("Geheimnis", "sk_live_made_up_by_a_caller", "geheim@example.org")


async def talk(folder: str) -> None:
    """A conversation that is logged to standard error; prints what the test should find there."""
    log.configure("info")
    sqlite.BUSY_TIMEOUT_MS = 100
    path = Path(folder) / "polyvet.db"
    await migrate(f"sqlite:///{path}")
    async with served(f"sqlite:///{path}", log_level="info") as it:
        key = it.http.headers["authorization"].removeprefix("Bearer ")
        answers = [
            await it.http.get("/api/v1/owners?search=Geheimnis"),
            await it.http.post("/api/v1/owners", json={"firstName": "Geheimnis", "lastName": "x", "email": SECRETS[2]}),
            await it.http.get("/api/v1/owners/c" + "0" * 24),
            await it.http.get("/api/v1/owners", headers={"Authorization": f"Bearer {SECRETS[1]}"}),
            await it.http.post("/api/v1/owners", content=b"Geheimnis", headers={"Content-Type": "application/json"}),
            await it.http.get("/health?x=Geheimnis"),
        ]
        await _raw(it.app, "/api/v1/owners/\ud800", key)
        await _raw(it.app, "/nothing/\udcff")
        it.app._store._writing.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
        answers.append(await it.http.post("/api/v1/owners", json={"firstName": "Geheimnis", "lastName": "x"}))
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE connections")
        connection.close()
        answers.append(await it.http.get("/api/v1/owners?search=Geheimnis", headers={"X-Secret": "Geheimnis"}))
        ids = [answer.headers["x-request-id"] for answer in answers]
        links = await _links(it.http, path)
        metrics = generate_latest(it.app.metrics.registry).decode()
        told = {
            "links": links,
            "metrics": metrics,
            "ids": ids,
            "statuses": [answer.status_code for answer in answers],
            "key": key,
            "clinic": it.clinic,
        }
        sys.stdout.write(json.dumps(told))
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE clinics")
        connection.close()
        await it.http.get("/ready")


async def _links(http: httpx.AsyncClient, path: Path) -> list[int]:
    """Shared links, in every spelling; the last time with the store broken."""
    paths = [f"/s/{TOKEN}", f"/s//{TOKEN}", f"/vetcheck/s/{TOKEN}/appointment.ics", f"/S/{TOKEN}", f"/s%2F{TOKEN}"]
    answers = [await http.get(path) for path in paths]
    answers.append(await http.post(paths[0], data={"Geheimnis": "Geheimnis"}))
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE share_links")
    connection.close()
    answers.append(await http.get(paths[0]))
    return [answer.status_code for answer in answers]


async def _raw(app: Any, path: str, key: str = "") -> None:
    """A request as a server hands it over, whatever is in its path."""
    headers = [(b"authorization", b"Bearer " + key.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"q=Geheimnis", "headers": headers}
    scope |= {"raw_path": b"", "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(_: Any) -> None:
        pass

    await app({**scope, "http_version": "1.1", "root_path": ""}, receive, send)


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What was said, and what was logged; in a process of its own, since logging is set up once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.test_log", str(tmp_path_factory.mktemp("log"))],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((".", "src"))},
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), done.stderr.decode()


def _lines(logged: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.splitlines()]


def test_each_request_is_one_line(conversation: tuple[dict[str, Any], str]) -> None:
    told, logged = conversation
    requests = {line["request_id"]: line for line in _lines(logged) if line["event"] == "request"}
    assert told["statuses"] == [200, 201, 404, 401, 400, 200, 503, 500]
    for ident, status in zip(told["ids"], told["statuses"], strict=True):
        assert requests[ident]["status"] == status
    line = requests[told["ids"][1]]
    assert line["milliseconds"] > 0
    assert (line["method"], line["path"], line["dialect"], line["level"]) == (
        "POST",
        "/api/v1/owners",
        "clinovavet",
        "info",
    )
    assert (line["clinic"], line["key"]) == (told["clinic"], told["key"][:12])
    assert (requests[told["ids"][3]]["clinic"], requests[told["ids"][3]]["key"]) == (None, None)
    assert requests[told["ids"][5]]["dialect"] == "site"


def test_no_secret_no_query_and_no_body_is_logged(conversation: tuple[dict[str, Any], str]) -> None:
    told, logged = conversation
    for secret in (*SECRETS, told["key"][12:]):
        assert secret not in logged


def test_a_defect_is_logged_with_its_request_and_its_cause(conversation: tuple[dict[str, Any], str]) -> None:
    told, logged = conversation
    defects = [line for line in _lines(logged) if line["event"] == "defect"]
    causes = {line.get("request_id"): json.dumps(line["exception"]) for line in defects}
    assert "no such table" in causes[told["ids"][7]]
    assert all(line["level"] == "error" for line in defects)
    assert sum(line["event"] == "not ready" for line in _lines(logged)) == 1


def test_who_is_told_to_try_again_is_logged_with_the_reason(conversation: tuple[dict[str, Any], str]) -> None:
    told, logged = conversation
    (busy,) = [line for line in _lines(logged) if line["event"] == "busy"]
    assert (busy["request_id"], busy["level"], busy["dialect"]) == (told["ids"][6], "warning", "clinovavet")
    assert "readonly" in busy["reason"]


def test_half_of_a_surrogate_pair_is_logged_as_something_else(conversation: tuple[dict[str, Any], str]) -> None:
    paths = [line["path"] for line in _lines(conversation[1]) if line["event"] == "request"]
    assert "/api/v1/owners/?" in paths
    assert "/nothing/?" in paths


def test_a_shared_link_is_logged_without_what_lets_one_in(conversation: tuple[dict[str, Any], str]) -> None:
    told, logged = conversation
    assert told["links"] == [404, 404, 404, 404, 404, 404, 500]
    lines = [line for line in _lines(logged) if "…" in line.get("path", "")]
    paths = ["/s/…", "/s//…", "/s/…/appointment.ics", "/S/…", "/s/…", "/s/…", "/s/…", "/s/…"]
    assert [line["path"] for line in lines if line["event"] == "request"] == paths[:7]
    assert [line["path"] for line in lines if line["event"] == "defect"] == paths[:1]
    assert TOKEN not in told["metrics"]
    assert 'status="500"' in told["metrics"]


def test_ids_are_unique_in_and_between_processes() -> None:
    first, second = log.RequestLog(), log.RequestLog()
    ids = {one.next_id() for one in (first, second) for _ in range(1_000)}
    assert len(ids) == 2_000


def test_levels(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    quiet = log.RequestLog(enabled=False)
    quiet.add("1", "vetigen", {"method": "GET", "path": "/"}, 200, 1, None)
    quiet.flush()

    async def many() -> None:
        loud = log.RequestLog()
        for n in range(1_000):
            loud.add(str(n), "vetigen", {"method": "GET", "path": "/"}, 200, 1, None)

    asyncio.run(many())
    assert capfdbinary.readouterr().err.count(b"\n") == 1_000  # as many as are kept waiting, then all at once


if __name__ == "__main__":
    asyncio.run(talk(sys.argv[1]))
