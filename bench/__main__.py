# SPDX-License-Identifier: Apache-2.0
"""Measures polyvet beside a hand-written floor, Django REST framework and FastAPI; run from the repository's root.

python -m bench                                      everything, 5 rounds of 5 seconds
python -m bench --engines sqlite --workloads get,list20 --candidates floor,ours
python -m bench --patients 10000 --clients 3000 --rounds 1 --seconds 1    a quick look whether all of it works
python -m bench --big                                only the first page at 1,000,000 patients
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bench import big, report
from bench.candidates import CANDIDATES, Server
from bench.check import same_rows
from bench.dataset import Size
from bench.drive import Driver
from bench.measure import WORKLOADS, Results, measure_starts, run_rounds
from bench.postgres import Cluster
from bench.prepare import DATA, Stores, say

ENGINES = ("sqlite", "postgresql")
FIRST_PORT = 18100
DATABASE_PORT = 54329


def _chosen(known: tuple[str, ...] | list[str]) -> Callable[[str], list[str]]:
    """An argparse type: a list of known words, separated by commas."""

    def parse(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(known)}")
        return words

    return parse


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--engines", type=_chosen(ENGINES), default=list(ENGINES), help="sqlite,postgresql (default: both)")
    names = list(CANDIDATES)
    add("--candidates", type=_chosen(names), default=names, help=f"{','.join(names)} (default: all)")
    add("--workloads", type=_chosen(WORKLOADS), default=WORKLOADS, help=f"{','.join(WORKLOADS)} (default: all)")
    add("--rounds", type=int, default=5, help="rounds; each candidate runs once in each (default: 5)")
    add("--seconds", type=int, default=5, help="seconds a measurement (default: 5)")
    add("--connections", type=int, default=16, help="connections wrk holds open (default: 16)")
    add("--patients", type=int, default=100_000, help="patients, a fifth in the measured clinic (default: 100000)")
    add("--clients", type=int, default=30_000, help="clients of the measured clinic (default: 30000)")
    add("--cores", default="0,1,1", help="cores of the server, of wrk and of PostgreSQL (default: 0,1,1)")
    add("--check-only", action="store_true", help="stop after proving that all candidates answer the same rows")
    add("--prepare-only", action="store_true", help="stop after making the stores")
    add("--big", action="store_true", help="measure only polyvet's first page at 1,000,000 and 10,000 patients")
    add("--json", type=Path, metavar="FILE", help="also write every round to this file")
    add("--markdown", type=Path, metavar="FILE", help="also write the report to this file")
    return parser.parse_args()


def _run_engine(engine: str, stores: Stores, options: argparse.Namespace) -> Results:
    """Start the candidates of one engine, compare them, measure them, stop them."""
    server_core, load_core, _ = options.cores.split(",")
    results, servers = Results(), []
    try:
        for port, name in enumerate(options.candidates, FIRST_PORT):
            stores.make(CANDIDATES[name].kind, engine)
            server = Server(CANDIDATES[name], engine, stores, port, server_core)
            server.start()
            servers.append(server)
        problems = same_rows(servers, stores.load)
        if problems:
            raise SystemExit("\n".join(["the candidates do not answer the same:", *problems]))
        say(f"{engine}: {', '.join(options.candidates)} answer the same rows")
        if options.check_only:
            return results
        driver = Driver(stores, load_core, options.connections)
        run_rounds(servers, driver, options.workloads, options.rounds, options.seconds, results)
        for server in servers:
            results.memory[server.candidate.name] = server.memory()
            measure_starts(server, results)
    finally:
        for server in servers:
            server.stop()
    return results


def _measure(options: argparse.Namespace, cluster: Cluster | None) -> tuple[dict[str, Results], list[report.Line]]:
    if options.big:
        return {}, [big.first_pages(engine, cluster, options) for engine in options.engines]
    stores = Stores(Size(options.patients, options.clients), cluster)
    for engine in options.engines:
        for name in options.candidates:
            stores.make(CANDIDATES[name].kind, engine)
    if options.prepare_only:
        return {}, []
    found = {engine: _run_engine(engine, stores, options) for engine in options.engines}
    return found, report.other_lines(found)


def main() -> None:
    """Parse, measure, print."""
    options = _arguments()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        raise SystemExit("wrk and taskset must be installed")
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("two cores are needed: one for the server, one for the load")
    cluster = Cluster(DATA / "postgresql", DATABASE_PORT, options.cores.split(",")[2])
    try:
        if "postgresql" in options.engines:
            cluster.start()
        found, lines = _measure(options, cluster)
    finally:
        cluster.stop()
    if options.check_only or options.prepare_only:
        return
    size = f"{options.patients:,} patients, {options.clients:,} clients, "
    how = f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections, "
    how += f"{'' if options.big else size}cores {options.cores} (server, wrk, PostgreSQL)"
    text = report.full(found, lines, how)
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(found, lines, how), indent=1))


if __name__ == "__main__":
    main()
