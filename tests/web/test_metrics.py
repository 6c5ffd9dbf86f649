# SPDX-License-Identifier: Apache-2.0
"""Metrics: what Prometheus reads of the requests that were observed."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from polyvet.web.metrics import BOUNDS_S, Metrics

NAME = "polyvet_request_duration_seconds"
KEY = ("vetigen", "GET", "patients/{fp}", 200)
LABELS = {"dialect": "vetigen", "method": "GET", "route": "patients/{fp}", "status": "200"}


def _samples(metrics: Metrics) -> dict[tuple[str, str | None], float]:
    """Our histogram's values by sample name and bucket; the labels are held against the ones expected."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        if family.name == NAME:
            for sample in family.samples:
                bucket = sample.labels.pop("le", None)
                assert sample.labels == LABELS
                found[sample.name.removeprefix(NAME), bucket] = sample.value
    return found


def test_requests_are_counted_in_cumulative_buckets() -> None:
    metrics = Metrics()
    for milliseconds in (0.5, 1, 3, 9_000):
        metrics.observe(KEY, int(milliseconds * 1e6))
    found = _samples(metrics)
    assert found["_bucket", "0.001"] == 2  # the bound belongs to its bucket
    assert found["_bucket", "0.0025"] == 2
    assert found["_bucket", "0.005"] == 3
    assert found["_bucket", "5.0"] == 3
    assert found["_bucket", "+Inf"] == found["_count", None] == 4
    assert abs(found["_sum", None] - 9.0045) < 1e-9
    assert len(found) == len(BOUNDS_S) + 3


def test_nothing_was_served_yet() -> None:
    assert _samples(Metrics()) == {}


def test_the_process_is_described_too() -> None:
    names = {family.name for family in text_string_to_metric_families(Metrics().render().decode())}
    assert "process_resident_memory_bytes" in names


def test_two_instances_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.observe(KEY, 1)
    assert _samples(first)["_count", None] == 1
    assert _samples(second) == {}
