# SPDX-License-Identifier: Apache-2.0
"""What this process has sent, for Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from polyvet.model import values


class DeliveryMetrics:
    """Attempts by what came of them, and how long the oldest delivery that is due has waited."""

    def __init__(self, kind: str = "webhook") -> None:
        """`kind` stands in the metrics' names: `webhook`, or `mail`."""
        self._kind = kind
        self._outcomes: Counter[str] = Counter()
        self._oldest_due: int | None = None

    def observe(self, outcome: str) -> None:
        """Count an attempt: `delivered` or `sent`, `retried` if it will be tried again, or `failed` for good."""
        self._outcomes[outcome] += 1

    def note_oldest(self, due: int | None) -> None:
        """What is due first, in microseconds; it may lie in the future."""
        self._oldest_due = due

    def collect(self) -> Iterable[Metric]:
        """The families, in the client library's terms."""
        attempts = CounterMetricFamily(
            f"polyvet_{self._kind}_attempts", "Attempts to deliver, by what came of them.", labels=("outcome",)
        )
        for outcome, n in list(self._outcomes.items()):
            attempts.add_metric((outcome,), n)
        yield attempts
        waited = 0.0
        if self._oldest_due is not None:
            waited = max(0.0, time.time() - self._oldest_due / values.MICROSECONDS)
        yield GaugeMetricFamily(
            f"polyvet_{self._kind}_queue_age_seconds", "How long the oldest delivery that is due has waited.", waited
        )
