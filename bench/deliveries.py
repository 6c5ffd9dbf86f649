# SPDX-License-Identifier: Apache-2.0
"""Webhooks' deliveries a second: as polyvet works its queue off, and as the floor posts the same bodies."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.candidates import HOST, ROOT, Server
from bench.dataset import BULK_ROWS, WRITTEN_CLINIC

PORT = 18140
URL = f"http://{HOST}:{PORT}/"
HOOKS = 4
OF_A_HOOK = 4  # deliveries that polyvet has under way for one webhook
PATIENT_CHANGED = 2  # the trigger's number
API = f"/{WRITTEN_CLINIC}/api/0.1/"
KEY = "provet_writer"
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.05


def rate(server: Server, load_core: str, seconds: int) -> float:
    """From the first delivery that arrives on, for so many seconds, or until the queue is empty."""
    with _running(load_core, "bench.apps.receiver", str(PORT)) as receiver:
        _wait(receiver)
        if server.candidate.name == "floor":
            arguments = "bench.apps.floor_deliveries", URL, str(HOOKS * OF_A_HOOK)
            with _running(server.core, *arguments) as floor:
                return _count(floor, seconds, None)
        with _queued(server):
            return _count(server.process, seconds, HOOKS * BULK_ROWS)


@contextmanager
def _running(core: str, *module: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["taskset", "-c", core, sys.executable, "-m", *module], cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _queued(server: Server) -> Iterator[None]:
    """Webhooks that hear of patients, and a bulk request's patients for them to hear of. They are taken away again,
    with what was not sent, so that no other workload is told of."""
    new = {"target_url": URL, "trigger": PATIENT_CHANGED}
    made = [server.ask(API + "hook/webhook/", KEY, new) for _ in range(HOOKS)]
    if any(answer.status != 201 for answer in made):
        raise SystemExit(f"deliveries: {made[0].status} {made[0].body}")
    try:
        rows = json.loads((server.stores.home / "bulk.json").read_text())
        if server.ask(API + "patient/bulk/", KEY, rows).status != 201:
            raise SystemExit("deliveries: the bulk request failed")
        yield
    finally:
        for answer in made:
            server.ask(f"{API}hook/webhook/{answer.body['id']}/", KEY, method="DELETE")


def _count(sender: subprocess.Popen[bytes], seconds: int, expected: int | None) -> float:
    began = time.perf_counter()
    while True:
        time.sleep(LOOK_SECONDS)
        count, first, last = _seen()
        if count > 1 and (last - first >= seconds or count == expected):
            return (count - 1) / (last - first)
        if sender.poll() is not None or time.perf_counter() - began > WAIT_SECONDS + seconds:
            raise SystemExit(f"deliveries: only {count} came")


def _wait(receiver: subprocess.Popen[bytes]) -> None:
    began = time.perf_counter()
    while receiver.poll() is None and time.perf_counter() - began < WAIT_SECONDS:
        try:
            _seen()
            return
        except OSError:
            time.sleep(LOOK_SECONDS)
    raise SystemExit("the receiver of webhooks did not start")


def _seen() -> tuple[int, float, float]:
    connection = http.client.HTTPConnection(HOST, PORT, timeout=5)
    try:
        connection.request("GET", "/")
        seen = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return seen["count"], seen["first"], seen["last"]
