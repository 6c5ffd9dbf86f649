# SPDX-License-Identifier: Apache-2.0
"""Sends load: wrk for rates, and one plain connection for walking through pages."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bench import library
from bench.apps.shared import KEYS
from bench.candidates import HOST, Server
from bench.dataset import BULK_ROWS, CLINICS, LAST_NAME_PARTS, WRITTEN_CLINIC
from bench.prepare import Stores

SCRIPT = Path(__file__).parent / "load.lua"
KEY_OF_WORKLOAD = {"create": "writer"}
KEY_OF_WORKLOAD |= dict.fromkeys(("clients50", "clients1000", "patients_since"), "provet")
KEY_OF_WORKLOAD |= dict.fromkeys(
    ("handouts_filter", *(f"handout_{form}" for form in library.TYPES), "token"), "vetcheck"
)
# Searches use "clinova", everything else "vetigen".
OTHER_CLINICS = "\n".join(f"{clinic} {KEYS[f'vetigen{clinic}']}" for clinic in range(2, CLINICS + 1))
BULK = f"/{WRITTEN_CLINIC}/api/0.1/patient/bulk/"
FEWEST_BULKS = 3
LATE_PAGE = 500
PAGE_SIZE = 20
WALK_SAMPLE = 20


@dataclass(frozen=True)
class Rate:
    """What wrk saw: requests a second, latencies in milliseconds, failed requests."""

    per_second: float
    p50: float
    p99: float
    errors: int


@dataclass(frozen=True)
class Driver:
    """The load side: its core and how hard it pushes."""

    stores: Stores
    core: str
    connections: int

    @property
    def late_page(self) -> int:
        """Page 500, or the last one of a smaller clinic."""
        pages: int = self.stores.load["patients"] // PAGE_SIZE
        return max(1, min(LATE_PAGE, pages))

    def _wide_pages(self, workload: str) -> int:
        """How many pages of a list surely every other clinic has, in the workloads that go through all of them."""
        rows = self.stores.size.patients * 4 // 5 // (CLINICS - 1) * (5 if "since" in workload else 3) // 10
        return max(1, rows // (20 if "20_" in workload else 100))

    def _start(self, server: Server, workload: str, seconds: float, connections: int) -> subprocess.Popen[str]:
        is_search = workload.startswith("search_")
        key = KEY_OF_WORKLOAD.get(workload, "clinova" if is_search else "vetigen")
        fragments = self.stores.load["fragments"]
        words = fragments[workload.removeprefix("search_")] if is_search else LAST_NAME_PARTS
        environment = dict(
            os.environ,
            WORKLOAD=workload,
            KEY=KEYS[key],
            IDS=str(self.stores.home / "ids.txt"),
            OWNER=self.stores.load["owner"],
            FRAGMENTS=" ".join(map(quote, words)),
            LATE_PAGE=str(self.late_page),
            KEYS=OTHER_CLINICS,
            PAGES=str(self._wide_pages(workload)),
            HANDOUTS="\n".join(map(library.filtered, library.WORDS)),
            FIRST_HANDOUT=str(library.FIRST),
            LAST_HANDOUT=str(library.FIRST + library.HANDOUTS - 1),
            ACCEPT=library.TYPES.get(workload.removeprefix("handout_"), library.TYPES["json"]),
            TOKEN=library.token_body(),
        )
        load = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(SCRIPT)]
        command = ["taskset", "-c", self.core, *load, f"http://{HOST}:{server.port}"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def rate(self, server: Server, workload: str, seconds: int) -> Rate:
        """One measurement."""
        return _rate(self._start(server, workload, seconds, self.connections))

    def rate_beside_search(self, server: Server, seconds: int) -> Rate:
        """Get-one while two further connections search for what every client matches."""
        searching = self._start(server, "search_common", seconds + 1, 2)
        time.sleep(0.5)
        found = self.rate(server, "get", seconds)
        _rate(searching)
        return found

    def walk(self, server: Server) -> tuple[float, float]:
        """Seconds a page over the first 20 and the last 20 of 500 pages, read in order by one connection."""
        connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
        headers = {"Authorization": f"Bearer {KEYS['vetigen']}"}
        taken: list[float] = []
        for page in range(1, self.late_page + 1):
            began = time.perf_counter()
            connection.request("GET", f"/api/v1/patients?page_size=20&page={page}", headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise SystemExit(f"walking: page {page} answered {response.status}")
            taken.append(time.perf_counter() - began)
        connection.close()
        return _middle(taken[:WALK_SAMPLE]), _middle(taken[-WALK_SAMPLE:])

    def bulk(self, server: Server, seconds: int) -> Rate:
        """Patients a second by one connection that sends one bulk request after the other.

        wrk would leave requests behind that are still being written when the next workload is measured.
        """
        body = (self.stores.home / "bulk.json").read_bytes()
        connection = http.client.HTTPConnection(HOST, server.port, timeout=120)
        headers = {"Authorization": f"Bearer {KEYS['provet_writer']}", "Content-Type": "application/json"}
        taken: list[float] = []
        while sum(taken[1:]) < seconds or len(taken) <= FEWEST_BULKS:  # the first warms up
            began = time.perf_counter()
            connection.request("POST", BULK, body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 201:
                raise SystemExit(f"bulk: {server.candidate.name} answered {response.status}")
            taken.append(time.perf_counter() - began)
        connection.close()
        taken = taken[1:]
        return Rate(len(taken) * BULK_ROWS / sum(taken), _middle(taken) * 1000, max(taken) * 1000, 0)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _rate(process: subprocess.Popen[str]) -> Rate:
    output = process.communicate()[0]
    found = re.search(r"RESULT ([\d.]+) ([\d.]+) ([\d.]+) (\d+)", output)
    if found is None:
        raise SystemExit("wrk said: " + output[-500:])
    return Rate(float(found[1]), float(found[2]), float(found[3]), int(found[4]))
