# SPDX-License-Identifier: Apache-2.0
"""The first page of a clinic with 1,000,000 patients beside that of one with 10,000; polyvet only."""

from __future__ import annotations

import argparse
import statistics

from bench.candidates import CANDIDATES, Server
from bench.dataset import Size
from bench.drive import Driver
from bench.postgres import Cluster
from bench.prepare import Stores, say
from bench.report import Line, big_line

SMALL = Size(10_000, 10_000, one_clinic=True)
LARGE = Size(1_000_000, 30_000, one_clinic=True)
FIRST_PORT = 18120


def first_pages(engine: str, cluster: Cluster | None, options: argparse.Namespace) -> Line:
    """Both stores side by side, asked in turns; every patient belongs to the one clinic."""
    server_core, load_core, _ = options.cores.split(",")
    pairs: list[tuple[Server, Driver]] = []
    try:
        for port, size in enumerate((SMALL, LARGE), FIRST_PORT):
            stores = Stores(size, cluster)
            stores.make("ours", engine)
            server = Server(CANDIDATES["ours"], engine, stores, port, server_core)
            server.start()
            pairs.append((server, Driver(stores, load_core, options.connections)))
        rates: list[list[float]] = [[], []]
        for number in range(options.rounds + 1):
            for place, (server, driver) in enumerate(pairs):
                rate = driver.rate(server, "page1", options.seconds).per_second
                if number:  # the first round only warms up
                    rates[place].append(rate)
                    say(f"  {engine}, {driver.stores.size.patients:,} patients, round {number}: {rate:.0f}/s")
    finally:
        for server, _ in pairs:
            server.stop()
    return big_line(engine, statistics.median(rates[0]), statistics.median(rates[1]))
