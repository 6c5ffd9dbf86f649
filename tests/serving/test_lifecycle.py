# SPDX-License-Identifier: Apache-2.0
"""A server's life: it starts or says why not, says how it is, and ends without losing what is under way."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.cli.commands import made, refused
from tests.serving.conftest import Practice
from tests.serving.running import Running, until

OWNER = json.dumps({"firstName": "Late", "lastName": "Arrival"}).encode()


def _free_ports(count: int) -> int:
    """The first of some free ports in a row."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
        try:
            for n in range(count):
                with socket.socket() as other:
                    other.bind(("127.0.0.1", port + n))
        except (OSError, OverflowError):
            continue
        return port


def _half_sent(server: Running, key: str) -> socket.socket:
    """A connection on which the first half of a request was sent."""
    connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30)
    head = (
        f"POST /api/v1/owners HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(OWNER)}\r\n\r\n"
    )
    connection.sendall(head.encode() + OWNER[:10])
    time.sleep(0.3)
    return connection


@pytest.mark.parametrize(("workers", "number"), [(1, signal.SIGTERM), (1, signal.SIGINT), (2, signal.SIGTERM)])
def test_a_signal_lets_requests_under_way_finish(
    practice: Callable[..., Practice], workers: int, number: signal.Signals
) -> None:
    made = practice()
    server = Running(made.folder, "--workers", workers)
    server.get("/health")
    server.http.get("/health")  # this connection stays open and idle, and delays nothing
    with _half_sent(server, made.clinovavet) as connection:
        server.process.send_signal(number)
        time.sleep(0.3)
        assert server.process.poll() is None
        connection.sendall(OWNER[10:])
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 201 ")
    began = time.monotonic()
    assert server.stop(0) == 0
    assert time.monotonic() - began < 5
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5)
    connection_ = sqlite3.connect(made.folder / "polyvet.db")
    assert connection_.execute("SELECT count(*) FROM clients WHERE last_name = 'Arrival'").fetchone() == (1,)
    connection_.close()
    assert "Traceback" not in server.log.read_text()


def test_an_idle_server_ends_at_once_and_folds_its_log_into_the_file(practice: Callable[..., Practice]) -> None:
    made = practice()
    with Running(made.folder, "--workers", 2) as server:
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 3
    assert not (made.folder / "polyvet.db-wal").exists()


def test_why_it_does_not_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made("migrate", "--data", folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = refused("serve", "--port", port, "--data", folder)
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use; choose another with --port" in told
        told = refused("serve", "--port", 0, "--workers", 2, "--data", folder, POLYVET_METRICS_PORT=str(port - 1))
        # As a rule the second worker's; the first one's where a server of another test has that.
        assert any(f"cannot serve metrics on 127.0.0.1 port {one}: " in told for one in (port, port - 1))
        assert "metrics" in told
    assert "--port" in refused("serve", "--host", "no.such.host.invalid", "--port", 0, "--data", folder)
    assert "the store cannot be used" in refused("serve", "--port", 0, "--data", "/proc/polyvet")
    nobody = refused("serve", "--port", 0, "--database-url", "postgresql://me:secret@127.0.0.1:1/polyvet")
    assert "the store cannot be used" in nobody
    assert "secret" not in nobody
    told = refused("serve", "--port", 0, "--data", folder, POLYVET_HOSTS="a.example=nobodys")
    assert "nobodys is no dialect" in told
    assert "limits" in refused("serve", "--port", 0, "--data", folder, POLYVET_LIMITS="some")
    connection = sqlite3.connect(folder / "polyvet.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "revision 9999" in refused("serve", "--port", 0, "--data", folder)


def test_metrics_of_each_worker_on_a_port_of_its_own(practice: Callable[..., Practice]) -> None:
    made, port = practice(), _free_ports(2)
    with Running(made.folder, "--workers", 2, POLYVET_METRICS_PORT=str(port)) as server:
        for _ in range(20):
            server.get("/api/v1/patients", made.vetigen)
            server.get("/api/v1/nothing")
        counted = 0.0
        for n in range(2):
            text = Running.get(_at(server, port + n), "/metrics").text
            assert "process_resident_memory_bytes" in text
            for line in text.splitlines():
                if line.startswith("polyvet_request_duration_seconds_count") and 'route="patients"' in line:
                    assert 'dialect="vetigen",method="GET",route="patients",status="200"' in line
                    counted += float(line.rpartition(" ")[2])
        assert counted == 20


def _at(server: Running, port: int) -> Running:
    """The same server, asked at another port."""
    other = Running.__new__(Running)
    other.url = f"{server.url.rpartition(':')[0]}:{port}"
    return other


def test_hosts_limits_and_the_log_are_set_by_the_environment(practice: Callable[..., Practice]) -> None:
    made = practice()
    settings = {
        "POLYVET_HOSTS": "clinova.example.org=clinovavet",
        "POLYVET_LIMITS": "off",
        "POLYVET_LOG_LEVEL": "warning",
        "POLYVET_DELIVER": "false",  # else it warns that mails wait
    }
    with Running(made.folder, **settings) as server:
        bound = server.http.get("/nothing", headers={"Host": "clinova.example.org"})
        assert (bound.status_code, bound.json()["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")
        answers = [server.get("/api/v1/owners", made.few) for _ in range(45)]
        assert {answer.status_code for answer in answers} == {200}
        assert "x-ratelimit-limit" not in answers[0].headers
        assert server.get("/openapi/vetigen.json").json()["openapi"] == "3.1.0"
    assert server.log.read_text() == ""


def test_a_server_says_how_its_postgresql_is_and_comes_back_with_it(
    fresh_database: Callable[[], str], postgres_url: str, practice: Callable[..., Practice]
) -> None:
    url = fresh_database()
    made, name = practice(url), url.rpartition("/")[2]
    with Running(made.folder, *made.arguments) as server:
        assert server.get("/ready").status_code == 200
        assert server.get("/api/v1/owners", made.clinovavet).status_code == 200
        _sql(postgres_url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        _sql(postgres_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
        gone = server.get("/ready")
        assert (gone.status_code, gone.json()["status"]) == (503, "the store does not answer")
        assert server.get("/health").status_code == 200
        time.sleep(1.1)  # the key is looked up again
        busy = server.get("/api/v1/owners", made.clinovavet)
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        post = {"json": {"firstName": "A", "lastName": "B"}, "headers": {"Authorization": f"Bearer {made.clinovavet}"}}
        assert server.http.post("/api/v1/owners", **post).status_code == 503  # type: ignore[arg-type]
        _sql(postgres_url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert until(lambda: server.get("/ready").status_code == 200, 10)
        assert until(lambda: server.get("/api/v1/owners", made.clinovavet).status_code == 200, 10)
        assert server.http.post("/api/v1/owners", **post).status_code == 201  # type: ignore[arg-type]
    log = server.log.read_text()
    assert re.search(r'"event":"busy"', log)


def _sql(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())
