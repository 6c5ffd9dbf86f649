# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the servers that are measured: the floor, polyvet, and the two peers."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.apps.shared import KEYS
from bench.prepare import DATA, Stores

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
START_SECONDS = 60.0


def _program(name: str) -> str:
    """A command that was installed beside this Python."""
    return str(Path(sys.executable).parent / name)


def _uvicorn(app: str, port: int) -> list[str]:
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", str(port), *options]


def _floor(engine: str, port: int, store: str) -> list[str]:
    return _uvicorn(f"bench.apps.floor_{engine}:app", port)


def _drf(engine: str, port: int, store: str) -> list[str]:
    threads = ["-w", "1", "-k", "gthread", "--threads", "4"]
    return [_program("gunicorn"), *threads, "--log-level", "warning", "-b", f"{HOST}:{port}", "bench.apps.drf_peer:app"]


def _fastapi(engine: str, port: int, store: str) -> list[str]:
    return _uvicorn("bench.apps.fastapi_peer:app", port)


def _ours(engine: str, port: int, store: str) -> list[str]:
    place = ["--data", store] if engine == "sqlite" else ["--data", str(DATA / "empty"), "--database-url", store]
    return [_program("polyvet"), "serve", "--host", HOST, "--port", str(port), *place]


@dataclass(frozen=True)
class Candidate:
    """How one candidate is started and which store it reads."""

    name: str
    command: Callable[[str, int, str], list[str]]
    kind: str


CANDIDATES = {
    "floor": Candidate("floor", _floor, "floor"),
    "ours": Candidate("ours", _ours, "ours"),
    "drf": Candidate("drf", _drf, "usual"),
    "fastapi": Candidate("fastapi", _fastapi, "usual"),
}


@dataclass(frozen=True)
class Answer:
    """What a server sent back."""

    status: int
    body: Any


class Server:
    """One running candidate, pinned to its core; `cold` is the seconds from start to first answer."""

    def __init__(self, candidate: Candidate, engine: str, stores: Stores, port: int, core: str) -> None:
        self.candidate, self.engine, self.port, self.core = candidate, engine, port, core
        self.stores = stores
        self.first = stores.load["first"]
        name = f"{candidate.name}_{engine}"
        self.store = stores.copy(candidate.kind, engine, name)
        self.log = DATA / "logs" / f"{name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.cold = 0.0

    def start(self) -> None:
        """Start and wait for the first right answer."""
        command = ["taskset", "-c", self.core, *self.candidate.command(self.engine, self.port, self.store)]
        environment = dict(os.environ, BENCH_STORE=self.store, PYTHONPATH=str(ROOT))
        environment["POLYVET_WEBHOOK_NETWORKS"] = f"{HOST}/32"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs are compiled once, not with each start
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        while not self._answers():
            if self.process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                self.stop()
                raise SystemExit(f"{self.candidate.name} on {self.engine} did not start; see {self.log}")
            time.sleep(0.005)
        self.cold = time.perf_counter() - began

    def _answers(self) -> bool:
        try:
            return self.ask(f"/api/v1/patients/patient_{self.first}").status == 200
        except OSError:
            return False

    def ask(
        self, path: str, key: str = "vetigen", body: Any = None, method: str = "GET", accept: str = "*/*"
    ) -> Answer:
        """One request on a connection of its own; one with a body is a POST."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        headers = {"Authorization": f"Bearer {KEYS.get(key, key)}", "Content-Type": "application/json"}
        headers["Accept"] = accept
        try:
            connection.request("POST" if body else method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            return Answer(response.status, json.loads(text))
        except ValueError:
            return Answer(response.status, text[:200].decode(errors="replace"))

    def memory(self) -> tuple[float, float]:
        """Proportional and resident megabytes of the server and its children."""
        proportional = resident = 0
        for pid in self._tree():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            proportional += _kilobytes("Pss", rollup)
            resident += _kilobytes("Rss", rollup)
        return round(proportional / 1024, 1), round(resident / 1024, 1)

    def _tree(self) -> list[int]:
        pids, seen = [self.process.pid], 0
        while seen < len(pids):
            children = Path(f"/proc/{pids[seen]}/task/{pids[seen]}/children").read_text()
            pids += map(int, children.split())
            seen += 1
        return pids

    def stop(self) -> None:
        """Ask the process group to end; insist after ten seconds."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def _kilobytes(field: str, rollup: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+)", rollup, re.MULTILINE)
    return int(found.group(1)) if found else 0
