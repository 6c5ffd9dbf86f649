# SPDX-License-Identifier: Apache-2.0
"""Counts and durations of requests, for Prometheus.

A request costs one look-up in a plain dictionary; the Prometheus client library renders it when it is asked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BOUNDS_NS = tuple(int(bound * 1e9) for bound in BOUNDS_S)
_LABELS = ("dialect", "method", "route", "status")


class Metrics:
    """What this process has served."""

    def __init__(self) -> None:
        self._served: dict[tuple[str, str, str, int], list[int]] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def observe(self, key: tuple[str, str, str, int], nanoseconds: int) -> None:
        """Count one request: its dialect, method, route template and status."""
        counts = self._served.get(key)
        if counts is None:
            counts = self._served[key] = [0] * (len(_BOUNDS_NS) + 2)
        counts[bisect_left(_BOUNDS_NS, nanoseconds)] += 1
        counts[-1] += nanoseconds

    def collect(self) -> Iterable[Metric]:
        """The histogram, in the client library's terms."""
        family = HistogramMetricFamily(
            "polyvet_request_duration_seconds", "Time from the request's head to its last byte.", labels=_LABELS
        )
        for (dialect, method, route, status), counts in list(self._served.items()):
            total, buckets = 0, []
            for bound, n in zip((*map(str, BOUNDS_S), "+Inf"), counts, strict=False):
                total += n
                buckets.append((bound, total))
            family.add_metric((dialect, method, route, str(status)), buckets, counts[-1] / 1e9)
        yield family

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
