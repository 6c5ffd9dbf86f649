# SPDX-License-Identifier: Apache-2.0
"""Makes the stores of one size under bench/data/ when they are missing, and fresh copies of them for a run."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import dataset, store
from bench.apps.shared import KEYS, key_hash
from bench.ids import cuid_text, ulid_text
from bench.postgres import Cluster

DATA = Path(__file__).parent / "data"
CLINIC_OF_KEY = {
    "vetigen": dataset.MEASURED_CLINIC,
    "clinova": dataset.MEASURED_CLINIC,
    "writer": dataset.WRITTEN_CLINIC,
    "provet": dataset.MEASURED_CLINIC,
    "provet_writer": dataset.WRITTEN_CLINIC,
    "vetcheck": dataset.MEASURED_CLINIC,
}
CLINIC_OF_KEY |= {f"vetigen{clinic}": clinic for clinic in range(2, dataset.CLINICS + 1)}


def say(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


@dataclass
class Stores:
    """The stores of one size; `engine` is "sqlite" or "postgresql", `kind` "floor", "usual" or "ours"."""

    size: dataset.Size
    cluster: Cluster | None

    @property
    def home(self) -> Path:
        """Where this size lives."""
        return DATA / self.size.name

    @cached_property
    def clients(self) -> list[dataset.Client]:
        """The owners, made once a run."""
        return dataset.clients(self.size)

    def patients(self) -> Any:
        """The patients, made anew at each call."""
        return dataset.patients(self.size, self.clients)

    @cached_property
    def load(self) -> dict[str, Any]:
        """What the load asks for: fragments, an owner to create under, a first patient. A file beside it holds
        the body of a bulk request."""
        path = self.home / "load.json"
        if not path.exists():
            self._write_load(path)
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded

    def _write_load(self, path: Path) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        everyone = [(ulid_text(p.id), p.clinic) for p in self.patients()]
        measured = [ident for ident, clinic in everyone if clinic == dataset.MEASURED_CLINIC]
        (self.home / "ids.txt").write_text("".join(f"{ident} {clinic}\n" for ident, clinic in everyone))
        writer = next((c for c in self.clients if c.clinic == dataset.WRITTEN_CLINIC), self.clients[0])
        found: dict[str, Any] = {"first": measured[0], "patients": len(measured), "owner": cuid_text(writer.id)}
        found["fragments"] = dataset.fragments(self.clients)
        (self.home / "bulk.json").write_text(json.dumps(dataset.bulk_rows(self.clients)))
        path.write_text(json.dumps(found))

    def make(self, kind: str, engine: str) -> None:
        """Make one store unless it is there."""
        if kind == "ours":
            from bench import load_ours  # polyvet itself is only needed when it is measured

            self._once("ours", engine, lambda place: load_ours.load(place, self))
        elif engine == "sqlite":
            self._once(kind, engine, lambda path: self._load_sqlite(path, usual=kind == "usual"))
        else:
            self._once("floor", engine, self._load_postgresql)

    def _load_sqlite(self, path: str, *, usual: bool) -> None:
        store.load_sqlite(Path(path), self.clients, self.patients(), _keys(), usual=usual)

    def _load_postgresql(self, url: str) -> None:
        asyncio.run(store.load_postgresql(url, self.clients, self.patients(), _keys()))

    def _once(self, kind: str, engine: str, fill: Callable[[str], None]) -> None:
        """Fill under a passing name first, so that a half-made store is never taken for a whole one."""
        final, passing = self._base(kind, engine), self._base(kind, engine) + "_part"
        self.home.mkdir(parents=True, exist_ok=True)
        if engine == "sqlite":
            if Path(final).exists():
                return
            say(f"making {kind} on sqlite, {self.size.name}")
            _remove(Path(passing))
            if kind == "ours":
                Path(passing).mkdir()
            fill(passing)
            Path(passing).rename(final)
        else:
            assert self.cluster is not None
            if self.cluster.exists(final):
                return
            say(f"making {kind} on postgresql, {self.size.name}")
            self.cluster.create(passing)
            fill(self.cluster.url(passing))
            self.cluster.rename(passing, final)

    def _base(self, kind: str, engine: str) -> str:
        """The name of the store that is loaded once and only copied: a path, or a database."""
        if engine == "sqlite":
            return str(self.home / (kind if kind == "ours" else f"{kind}.db"))
        return f"{'ours' if kind == 'ours' else 'floor'}_{self.size.name}"

    def copy(self, kind: str, engine: str, name: str) -> str:
        """A fresh copy for one candidate of a run: its path, or the address of its database."""
        base = self._base(kind, engine)
        if engine == "postgresql":
            assert self.cluster is not None
            self.cluster.create(f"run_{name}", template=base)
            return self.cluster.url(f"run_{name}")
        target = self.home / f"run_{name}"
        _remove(target)
        if Path(base).is_dir():
            shutil.copytree(base, target)
        else:
            target.mkdir()
            shutil.copy(base, target / "store.db")
            return str(target / "store.db")
        return str(target)


def _keys() -> list[tuple[int, str]]:
    return [(clinic, key_hash(KEYS[name])) for name, clinic in CLINIC_OF_KEY.items()]


def _remove(path: Path) -> None:
    """A file with its write-ahead log, or a directory."""
    if path.is_dir():
        shutil.rmtree(path)
    for tail in ("", "-wal", "-shm"):
        Path(str(path) + tail).unlink(missing_ok=True)
