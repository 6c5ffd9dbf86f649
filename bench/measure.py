# SPDX-License-Identifier: Apache-2.0
"""The rounds of one engine, and the two measurements that are not rates: starting and memory."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from bench import deliveries
from bench.candidates import Server
from bench.drive import Driver
from bench.prepare import say

WORKLOADS = (
    "get list20 list100 since100 get_cold list20_cold list100_cold since100_cold "
    "search_rare search_two search_nonascii search_common page1 page500 walk get_beside create "
    "clients50 clients1000 patients_since bulk deliveries "
    "handouts_filter handout_json handout_html handout_markdown handout_text token"
).split()
OURS_ALONE = ("page1", "page500", "walk", "get_beside")
PROVET = ("clients50", "clients1000", "patients_since", "bulk", "deliveries")  # which the peers do not serve
VETCHECK = ("handouts_filter", "handout_json", "handout_html", "handout_markdown", "handout_text", "token")  # likewise
NOT_BY_WRK = ("walk", "get_beside", "bulk", "deliveries")  # or not by wrk alone: they warm up by themselves
WARM_SECONDS = 1
STARTS = 5


@dataclass
class Results:
    """Everything one engine gave: rates by candidate and workload, one number a round."""

    rates: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    p99: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    start: dict[str, float] = field(default_factory=dict)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, candidate: str, workload: str, value: float, p99: float = 0.0) -> None:
        """One more round."""
        self.rates.setdefault(candidate, {}).setdefault(workload, []).append(value)
        self.p99.setdefault(candidate, {}).setdefault(workload, []).append(p99)

    def median(self, candidate: str, workload: str) -> float | None:
        """The middle of the rounds."""
        values = self.rates.get(candidate, {}).get(workload)
        return statistics.median(values) if values else None

    def ratio(self, left: tuple[str, str], right: tuple[str, str]) -> float | None:
        """The middle of the rounds' own ratios, so that slow drift of the machine cancels out."""
        above = self.rates.get(left[0], {}).get(left[1])
        below = self.rates.get(right[0], {}).get(right[1])
        if not above or not below:
            return None
        return statistics.median(a / b for a, b in zip(above, below, strict=True) if b)


def run_rounds(
    servers: list[Server], driver: Driver, workloads: list[str], rounds: int, seconds: int, results: Results
) -> None:
    """Every workload once on every candidate before any is repeated; the order turns around each round."""
    for workload in workloads:
        for server in servers:
            if _applies(server, workload) and workload not in NOT_BY_WRK:
                driver.rate(server, workload, WARM_SECONDS)
    for number in range(rounds):
        for workload in workloads:
            for server in servers if number % 2 == 0 else servers[::-1]:
                if _applies(server, workload):
                    _measure(server, driver, workload, seconds, results)
            say(f"  round {number + 1}/{rounds} {workload:16} {_latest(results, workload)}")


def _applies(server: Server, workload: str) -> bool:
    name = server.candidate.name
    if workload in (*PROVET, *VETCHECK):
        return name in ("ours", "floor")
    return workload not in OURS_ALONE or name == "ours"


def _measure(server: Server, driver: Driver, workload: str, seconds: int, results: Results) -> None:
    name = server.candidate.name
    if workload == "walk":
        first, last = driver.walk(server)
        results.add(name, "walk_start", 1 / first)
        results.add(name, "walk_end", 1 / last)
        return
    if workload == "deliveries":
        results.add(name, workload, deliveries.rate(server, driver.core, seconds))
        return
    if workload == "get_beside":
        alone = driver.rate(server, "get", seconds)
        results.add(name, "get_alone", alone.per_second, alone.p99)
        rate = driver.rate_beside_search(server, seconds)
    elif workload == "bulk":
        rate = driver.bulk(server, seconds)
    else:
        rate = driver.rate(server, workload, seconds)
    results.add(name, workload, rate.per_second, rate.p99)
    if rate.errors:
        results.errors.append(f"{name} on {server.engine}, {workload}: {rate.errors} failed requests")


def _latest(results: Results, workload: str) -> str:
    return "  ".join(
        f"{name} {found[workload][-1]:.0f}/s" for name, found in results.rates.items() if workload in found
    )


def measure_starts(server: Server, results: Results) -> None:
    """Seconds from start to first right answer on the existing store, the middle of five starts."""
    taken = []
    for _ in range(STARTS):
        server.stop()
        server.start()
        taken.append(server.cold)
    results.start[server.candidate.name] = statistics.median(taken)
