# SPDX-License-Identifier: Apache-2.0
"""One table: medians, ratios, the goal beside each, and whether it is met."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Results

FLOOR, DRF, FASTAPI = "floor", "drf", "fastapi"
CANDIDATES = ("floor", "ours", "drf", "fastapi")
# Per workload: how many times the rate of the floor and of the Django peer polyvet must reach.
GOALS: dict[str, dict[str, float]] = {
    "get": {FLOOR: 0.45, DRF: 12},
    "list20": {FLOOR: 0.5, DRF: 8},
    "list100": {FLOOR: 0.6, DRF: 8},
    "since100": {FLOOR: 0.6, DRF: 8},
    "get_cold": {FLOOR: 0.45, DRF: 12},
    "list20_cold": {FLOOR: 0.5, DRF: 8},
    "list100_cold": {FLOOR: 0.6, DRF: 8},
    "since100_cold": {FLOOR: 0.6, DRF: 8},
    "create": {FLOOR: 0.4},
    "search_rare": {FLOOR: 5},
    "search_two": {FLOOR: 1},
    "search_nonascii": {FLOOR: 1},
    "search_common": {FLOOR: 1},
}
BESIDE = 0.7
LATE_PAGE = 1.5
BIG_PAGE = 1.3
START_SECONDS = 1.0
MEMORY_MB = 120.0


@dataclass(frozen=True)
class Line:
    """One row of the second table."""

    engine: str
    what: str
    value: str
    goal: str
    met: bool | None


def machine() -> str:
    """The shape of the machine, for the head of the table."""
    model = next((x.split(":")[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")), "?")
    memory = next((int(x.split()[1]) // 1048576 for x in _lines("/proc/meminfo") if x.startswith("MemTotal")), 0)
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {memory} GB, {platform.system()} {platform.release()}, {python}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def rates_table(found: dict[str, Results]) -> str:
    """Requests a second and the ratios of polyvet to each other candidate."""
    head = ["engine", "workload", *(f"{name} /s" for name in CANDIDATES)]
    head += ["ours/floor", "ours/drf", "ours/fastapi", "goal", "met"]
    rows = []
    for engine, results in found.items():
        workloads = dict.fromkeys(w for rates in results.rates.values() for w in rates if not w.startswith("walk"))
        for workload in workloads:
            medians = [_rate(results.median(name, workload)) for name in CANDIDATES]
            ratios = {o: results.ratio(("ours", workload), (o, workload)) for o in (FLOOR, DRF, FASTAPI)}
            goals = GOALS.get(workload, {})
            wanted = ", ".join(f">= {value:g} x {name}" for name, value in goals.items())
            rows.append([engine, workload, *medians, *map(_ratio, ratios.values()), wanted, _met(goals, ratios)])
    return _markdown(head, rows)


def _met(goals: dict[str, float], ratios: dict[str, float | None]) -> str:
    known = [ratio >= goals[name] for name, ratio in ratios.items() if name in goals and ratio is not None]
    return "" if not known else "yes" if all(known) else "NO"


def other_lines(found: dict[str, Results]) -> list[Line]:
    """What is not a rate against a candidate."""
    lines: list[Line] = []
    for engine, results in found.items():
        beside = results.ratio(("ours", "get_beside"), ("ours", "get_alone"))
        jump = results.ratio(("ours", "page1"), ("ours", "page500"))
        walk = results.ratio(("ours", "walk_start"), ("ours", "walk_end"))
        lines += _line(engine, "get beside 2 searching connections / alone", beside, BESIDE, at_least=True)
        lines += _line(engine, "time of page 500 / page 1, jumped to", jump, LATE_PAGE)
        lines += _line(engine, "time of pages 481-500 / 1-20, walked to", walk, LATE_PAGE)
        for name, seconds in results.start.items():
            goal = START_SECONDS if name == "ours" else None
            lines += _line(engine, f"{name}: start to first answer, seconds", seconds, goal)
        for name, (proportional, resident) in results.memory.items():
            goal = MEMORY_MB if name == "ours" else None
            lines += _line(engine, f"{name}: memory after the run, MB (PSS {proportional:g}), RSS", resident, goal)
    return lines


def _line(engine: str, what: str, value: float | None, goal: float | None, at_least: bool = False) -> list[Line]:
    if value is None:
        return []
    if goal is None:
        return [Line(engine, what, f"{value:.2f}", "", None)]
    met = value >= goal if at_least else value <= goal
    return [Line(engine, what, f"{value:.2f}", f"{'>=' if at_least else '<='} {goal:g}", met)]


def big_line(engine: str, small: float, large: float) -> Line:
    """The first page of a very large clinic beside that of a small one; both are rates."""
    return _line(engine, "time of the first page at 1,000,000 / 10,000 patients", small / large, BIG_PAGE)[0]


def lines_table(lines: list[Line]) -> str:
    """The second table."""
    rows = [[x.engine, x.what, x.value, x.goal, "" if x.met is None else "yes" if x.met else "NO"] for x in lines]
    return _markdown(["engine", "what", "value", "goal", "met"], rows)


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in [head, *rows]]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def full(found: dict[str, Results], lines: list[Line], how: str) -> str:
    """The whole report as Markdown."""
    head = f"polyvet benchmark, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n{machine()}\n{how}\n"
    errors = [f"FAILED REQUESTS: {error}" for results in found.values() for error in results.errors]
    parts = [head, rates_table(found) if found else "", lines_table(lines) if lines else "", "\n".join(errors)]
    return "\n".join(part + "\n" for part in parts if part)


def as_json(found: dict[str, Results], lines: list[Line], how: str) -> dict[str, Any]:
    """The same for a program, with every round."""
    return {
        "date": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "how": how,
        "engines": {engine: asdict(results) for engine, results in found.items()},
        "lines": [asdict(line) for line in lines],
    }
