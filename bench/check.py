# SPDX-License-Identifier: Apache-2.0
"""Before anything is measured: every candidate answers the same rows, or the run stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench.candidates import Server


@dataclass(frozen=True)
class Probe:
    """One request and the dialect whose key it needs.

    The peers answer only plain ones: their LIKE runs field by field, and SQLite's own folds no capitals beyond ASCII.
    """

    path: str
    key: str = "vetigen"
    plain: bool = True


def probes(load: dict[str, Any]) -> list[Probe]:
    """Every shape of request of the workloads, once; and the folding of capitals beyond ASCII."""
    patients = "/api/v1/patients"
    paths = [f"{patients}/patient_{load['first']}", f"{patients}?page_size=20&page=1"]
    paths += [
        f"{patients}?page_size={n}&species={s}&page={p}"
        for n, s, p in ((20, "dog", 1), (20, "cat", 3), (100, "dog", 2))
    ]
    paths += [f"{patients}?page_size=100&updated_since=2025-12-{day}T00:00:00Z" for day in ("01", "20")]
    paths += [f"{patients}?page_size=20&species=DOG"]
    found = [Probe(path) for path in paths]
    plain = [fragment for group in load["fragments"].values() for fragment in group]
    found += [_search(fragment) for fragment in (*plain, "%", "_")]
    return found + [_search(fragment, plain=False) for fragment in ("ÜLLER", "şah", "ÇEL", "anna m", "Özlem ö")]


def _search(fragment: str, *, plain: bool = True) -> Probe:
    return Probe(f"/api/v1/owners?limit=20&offset=0&search={quote(fragment)}", "clinova", plain)


def shape(body: Any) -> dict[str, Any]:
    """What must agree: the ids in their order, the total, whether there is more, the keys of a row."""
    data = body["data"]
    if isinstance(data, list):
        page = body["pagination"]
        return _rows(data, "id") | {"total": page["total"], "more": page["hasMore"]}
    if "items" in data:
        return _rows(data["items"], "fp") | {"total": data["total"], "more": data["has_more"]}
    return {"ids": [data["fp"]], "keys": sorted(data), "row": {k: v for k, v in data.items() if not k.endswith("_at")}}


def _rows(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {"ids": [row[key] for row in rows], "keys": sorted(rows[0]) if rows else []}


def _difference(probe: Probe, left: dict[str, Any], right: dict[str, Any]) -> str | None:
    """The floor counts no total of a list, so only counted totals are compared."""
    for field, value in left.items():
        other = right[field]
        if field == "total" and -1 in (value, other):
            continue
        if value != other:
            return f"{probe.path}: {field} is {str(value)[:160]} and {str(other)[:160]}"
    return None


def same_rows(servers: list[Server], load: dict[str, Any]) -> list[str]:
    """The differences between the first server and each other one; empty when all is well."""
    problems: list[str] = []
    for probe in probes(load):
        reference: tuple[str, dict[str, Any]] | None = None
        for server in servers:
            name = f"{server.candidate.name} on {server.engine}"
            if not probe.plain and server.candidate.name in ("drf", "fastapi"):
                continue
            answer = server.ask(probe.path, probe.key)
            if answer.status != 200:
                problems.append(f"{name}: {probe.path}: status {answer.status} {str(answer.body)[:160]}")
                continue
            found = shape(answer.body)
            if reference is None:
                reference = name, found
                continue
            difference = _difference(probe, reference[1], found)
            if difference:
                problems.append(f"{reference[0]} and {name} differ: {difference}")
    return problems + [problem for server in servers for problem in _writes(server, load)]


def _writes(server: Server, load: dict[str, Any]) -> list[str]:
    """A pet can be created, and nothing is answered without a key or across clinics."""
    name = f"{server.candidate.name} on {server.engine}"
    pet = {"name": "Bella", "species": "Dog", "ownerId": load["owner"], "breed": "Beagle", "birthdate": "2020-05-04"}
    pet |= {"weight": 12.5, "neutered": True}
    created = server.ask("/api/v1/pets", "writer", pet)
    problems = []
    if created.status != 201 or created.body["ownerId"] != load["owner"] or not created.body["id"].startswith("c"):
        problems.append(f"{name}: POST /pets: {created.status} {str(created.body)[:160]}")
    if server.ask(f"/api/v1/patients/patient_{load['first']}", "no such key").status != 401:
        problems.append(f"{name}: a wrong key is not refused")
    if server.ask("/api/v1/pets", "clinova", pet).status not in (400, 404):
        problems.append(f"{name}: an owner of another clinic is accepted")
    return problems
