# SPDX-License-Identifier: Apache-2.0
"""Before anything is measured: every candidate answers the same rows, or the run stops."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench import library
from bench.candidates import Server
from bench.dataset import LAST_NAME_PARTS, MEASURED_CLINIC, WRITTEN_CLINIC

API = "/api/0.1/"
# Fields of Provet's that the floor's tables know, too, and write in the same way.
TOLD = ("firstname", "lastname", "email", "archived", "name", "gender", "weight", "date_of_birth")


@dataclass(frozen=True)
class Probe:
    """One request and the dialect whose key it needs.

    The peers answer only plain ones: their LIKE runs field by field, SQLite's own folds no capitals beyond ASCII, and
    they have none of Provet's paths.
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
    found += [_search(fragment, plain=False) for fragment in ("ÜLLER", "şah", "ÇEL", "anna m", "Özlem ö")]
    return found + _provet()


def _provet() -> list[Probe]:
    """Provet's lists: each needle of the load, small and large pages, pages that have one before and behind them."""
    clients, patients = f"/{MEASURED_CLINIC}/api/0.1/client/", f"/{MEASURED_CLINIC}/api/0.1/patient/"
    queries = [f"lastname__icontains={part}&archived__is=false" for part in LAST_NAME_PARTS]
    queries += [f"lastname__icontains={quote(part)}&archived__is=false" for part in ("ÜLLER", "%", "_")]
    queries += ["lastname__icontains=ber&archived__is=true"]
    paths = [f"{clients}?{query}&page_size={size}" for query in queries for size in (50, 1000)]
    paths += [f"{clients}?lastname__icontains=ma&page=2&archived__is=false&page_size=50"]
    since = "modified__gte=2025-12-{}&page_size={}"
    days = (("01T00:00:00Z", 50), ("20T13:00:00Z", 50), ("28T23:00:00Z", 1000))
    paths += [f"{patients}?{since.format(*day)}" for day in days]
    paths += [f"{patients}?{since.format(*days[0])}&page=3", f"{patients}?page_size=50&page=2", patients]
    return [Probe(path, "provet", plain=False) for path in paths]


def _search(fragment: str, *, plain: bool = True) -> Probe:
    return Probe(f"/api/v1/owners?limit=20&offset=0&search={quote(fragment)}", "clinova", plain)


def shape(body: Any) -> dict[str, Any]:
    """What must agree: the ids in their order, the total, whether there is more, the keys of a row."""
    if "results" in body:
        return _listed(body)
    data = body["data"]
    if isinstance(data, list):
        page = body["pagination"]
        return _rows(data, "id") | {"total": page["total"], "more": page["hasMore"]}
    if "items" in data:
        return _rows(data["items"], "fp") | {"total": data["total"], "more": data["has_more"]}
    return {"ids": [data["fp"]], "keys": sorted(data), "row": {k: v for k, v in data.items() if not k.endswith("_at")}}


def _listed(body: dict[str, Any]) -> dict[str, Any]:
    """A page of Provet's: ids, exact count and number of pages, links, and of each row what the floor knows as well."""
    links = [body[name] and body[name].partition(API)[2] for name in ("next", "previous")]
    rows = [{name: row[name] for name in TOLD if name in row} for row in body["results"]]
    for row, told in zip(body["results"], rows, strict=True):
        if "client" in row:
            told["client"] = row["client"].partition(API)[2]
        else:
            told["phones"] = [phone["number"] for phone in row["phone_numbers"]]
    ids = [row["id"] for row in body["results"]]
    return {"ids": ids, "count": body["count"], "pages": body["num_pages"], "links": links, "rows": rows}


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
    problems += [problem for server in servers for problem in _writes(server, load)]
    return problems + library.differences(servers)


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
    if server.candidate.name in ("floor", "ours"):
        problems += [f"{name}: {problem}" for problem in _bulk(server)]
    return problems


def _bulk(server: Server) -> list[str]:
    """A bulk request creates all of its patients with the next numbers, or none; only its own clinic's key may."""
    home, other = f"/{WRITTEN_CLINIC}{API}", f"/{MEASURED_CLINIC}{API}"
    rows = json.loads((server.stores.home / "bulk.json").read_text())[:50]
    before = server.ask(home + "patient/", "provet_writer").body["count"]
    nobody = [*rows, rows[0] | {"client": f"http://localhost{home}client/999999999/"}]
    problems = []
    if server.ask(home + "patient/bulk/", "provet_writer", nobody).status != 400:
        problems.append("a bulk request with an unknown owner is accepted")
    answer = server.ask(home + "patient/bulk/", "provet_writer", rows)
    created = answer.body["created"] if answer.status == 201 else []
    numbers = [one["patient"]["id"] for one in created]
    if numbers != list(range(before + 1, before + 1 + len(rows))) or answer.body["failed"]:
        problems.append(f"POST patient/bulk/: {answer.status} {str(answer.body)[:160]}")
    for row, one in zip(rows, created, strict=False):
        told = one["patient"]
        same = all(told[field] == row[field] for field in ("name", "weight", "date_of_birth"))
        if not same or told["client"].partition(API)[2] != row["client"].partition(API)[2]:
            problems.append(f"POST patient/bulk/: {row} became {told}")
            break
    if server.ask(home + "patient/", "provet_writer").body["count"] != before + len(rows):
        problems.append("a bulk request did not write exactly its rows")
    if server.ask(other + "patient/", "provet_writer").status == 200 or server.ask(home + "client/").status == 200:
        problems.append("another clinic's key is accepted")
    return problems
