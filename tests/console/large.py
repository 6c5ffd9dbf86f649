# SPDX-License-Identifier: Apache-2.0
"""A clinic that has much of everything, put into the store directly; and what its pages cost: the statements that are
run for them, and how much work these are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, LargeBinary, SmallInteger, Table

from polyvet.core.webhooks import new_secret
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.hooks import ContentType
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import tables as t
from polyvet.storage.postgres import PostgresReader, PostgresStore
from polyvet.storage.sqlite import SqliteReader, SqliteStore
from polyvet.storage.statement import Statement, inserting
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import DOG

FIRST = 100_000  # number of what is added, above those that the practice gives
OWN_CODES = 30_000_000_001
WEBHOOKS, FIELDS, OPTIONS, DEPARTMENTS, ATTEMPTS = 45, 190, 20, 190, 100
_PARENTS_FIRST = 1
Rows = list[dict[str, Any]]


class Large:
    """What is added to the main clinic, so many of each at a time."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._now = values.now()
        self.added = 0

    def id(self, kind: int, n: int) -> bytes:
        """The id of the nth row of a kind; later ones are higher."""
        at = self._now // 1_000 + n
        return at.to_bytes(6, "big") + kind.to_bytes(6, "big") + n.to_bytes(4, "big")

    def add(self, n: int) -> None:
        """So many more of each; at first what has a limit, too."""
        some = range(self.added, self.added + n)
        first = self.added == 0

        async def job(tx: Tx) -> None:
            for table, rows in (*(self._limited() if first else ()), *self._people(some), *self._logs(some)):
                _write(tx, table, rows)

        async def work(store: Store) -> None:
            await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), job)
            if isinstance(store, PostgresStore):
                await store._connections.fetch("ANALYZE", ())

        self._practice.run(work)
        self.added += n

    def _limited(self) -> Iterator[tuple[Table, Rows]]:
        """What a clinic has some of, and no more."""
        yield t.webhooks, [
            {"id": self.id(1, n), "number": FIRST + n, "target_url": f"https://hooks.example/{n}", "trigger": 3,
             "content_type": int(ContentType.JSON), "active": True, "secret": new_secret()} for n in range(WEBHOOKS)
        ]  # fmt: skip
        yield t.departments, [{"number": FIRST + n, "name": f"Department {n}"} for n in range(DEPARTMENTS)]
        yield (
            t.custom_fields,
            [{"number": FIRST + n, "model": "client", "label": f"Field {n}", "kind": "select"} for n in range(FIELDS)],
        )
        yield t.custom_field_options, [
            {"number": FIRST + n * OPTIONS + m, "field": FIRST + n, "name": f"Option {m}"}
            for n in range(FIELDS) for m in range(OPTIONS)
        ]  # fmt: skip

    def _people(self, some: range) -> Iterator[tuple[Table, Rows]]:
        yield t.clinics, [{"id": FIRST + n, "uid": self.id(2, n), "name": f"Clinic {n}", "timezone": "UTC",
                           "currency": "EUR"} for n in some]  # fmt: skip
        yield t.users, [
            {"id": self.id(3, n), "number": FIRST + n, "name": f"Colleague {n}", "subject": f"c{n}",
             "email": f"c{n}@large.example", "console_role": str(Role.VET)} for n in some
        ]  # fmt: skip
        for kind, revoked in ((4, None), (5, self._now)):
            both: Rows = [
                {"id": self.id(kind, n), "name": f"Part {n}", "dialect": "provet", "permissions": "clients:read",
                 "revoked_at": revoked} for n in some
            ]  # fmt: skip
            yield t.api_keys, [{**one, "key_hash": one["id"] + one["id"], "kind": "integration"} for one in both]
            if revoked or some.start == 0:  # core lets few be alive
                yield (
                    t.oauth_applications,
                    [
                        {
                            **one,
                            "client_id": f"client {kind} {n}",
                            "grant_types": "client_credentials",
                            "scopes": "openid",
                        }
                        for n, one in zip(some, both, strict=True)
                    ],
                )
        for table, beside in ((t.species, {"slug": "other"}), (t.breeds, {"species_id": DOG})):
            yield table, [{"id": OWN_CODES + n * 1_000, "name": f"Kind {n}", "active": True, **beside} for n in some]
        yield t.code_entries, [
            {"id": OWN_CODES + (2 * n + place) * 1_000, "list": name, "name": f"Entry {n}", "active": True}
            for n in some for place, name in enumerate(("diagnoses", "insurers"))
        ]  # fmt: skip
        yield t.clients, [{"id": self.id(6, n), "first_name": "Ada", "last_name": f"Large {n}"} for n in some]
        yield t.connections, [
            {"clinic_id": clinic_id, "client_id": self.id(6, n), "number": FIRST + n, "shared": True,
             "search_text": f"ada large {n}", "updated_at": n}
            for n in some for clinic_id in (MAIN_CLINIC, SECOND_CLINIC)
        ]  # fmt: skip
        yield t.patients, [{"id": self.id(7, n), "client_id": self.id(6, 0), "name": f"Pet {n}", "species_id": DOG}
                           for n in some]  # fmt: skip
        yield t.enrolments, [
            {"patient_id": self.id(7, n), "client_id": self.id(6, 0), "number": FIRST + n, "slug": "dog",
             "species_id": DOG, "updated_at": n} for n in some
        ]  # fmt: skip
        yield t.medical_records, [{"id": self.id(8, n), "patient_id": self.id(7, n), "kind": "soap",
                                   "number": FIRST + n} for n in some]  # fmt: skip
        yield t.stock_items, [{"id": self.id(9, n), "name": f"Item {n}"} for n in some]
        yield t.content, [{"id": self.id(10, n), "kind": 1, "number": FIRST + n, "role": "free"} for n in some]

    def _logs(self, some: range) -> Iterator[tuple[Table, Rows]]:
        yield t.deliveries, [
            {"id": self.id(11, n), "number": FIRST + n, "webhook_id": self.id(1, n % 2 and n % WEBHOOKS),
             "event_seq": n, "parameter": "client_id", "value": str(n), "next_at": None if n % 3 else self._now,
             "state": ("queued", "delivered", "failed")[n % 3]} for n in some
        ]  # fmt: skip
        if some.start == 0:
            yield t.delivery_attempts, [{"delivery_id": self.id(11, 0), "nth": n + 1, "took_ms": 1, "status": 500,
                                         "response": "<b>no</b> " * 200} for n in range(ATTEMPTS)]  # fmt: skip
        yield t.mails, [{"id": self.id(12, n), "state": "queued", "next_at": self._now} for n in some]
        actor = self.id(3, 0)
        yield t.requests, [
            {"at": self._now + n, "request_id": f"large-{n}", "dialect": "provet", "method": "GET",
             "path": f"/4/api/0.1/client/{FIRST + n}/", "status": 200, "key_id": self.id(4, 0)} for n in some
        ]  # fmt: skip
        yield t.audit, [{"at": self._now + n, "id": self.id(13, n), "actor": actor, "action": "made",
                         "entity": "key", "entity_id": self.id(6, 0), "shown": f"Deed {n}."} for n in some]  # fmt: skip
        yield t.events, [{"seq": FIRST + n, "at": self._now + n, "kind": "updated", "entity": "client",
                          "entity_id": self.id(6, n), "actor": actor} for n in some]  # fmt: skip
        for kind, (one, other) in ((14, (MAIN_CLINIC, SECOND_CLINIC)), (15, (SECOND_CLINIC, MAIN_CLINIC))):
            yield t.offers, [{"id": self.id(kind, n), "from_clinic": one, "to_clinic": other, "state": "offered",
                              "client_id": self.id(6, n % 2)} for n in some]  # fmt: skip


def _write(tx: Tx, table: Table, rows: Rows) -> None:
    """Rows of the main clinic, if they name no other; a column that says nothing is empty, zero or false."""
    if not rows:
        return
    blank = {one.name: _blank(one) for one in table.columns if not one.nullable and one.server_default is None}
    if "clinic_id" in table.columns:
        blank["clinic_id"] = MAIN_CLINIC
    if table is t.connections:
        del blank["id"]  # the engine gives it
    names = list(dict.fromkeys([*blank, *rows[0]]))
    statement = inserting(table, " ".join(names), rank=_PARENTS_FIRST)
    for row in rows:
        tx.write(statement, *({**blank, **row}[name] for name in names))


def _blank(column: Any) -> Any:
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, BigInteger | SmallInteger):
        return 0
    return b"\0" * 16 if isinstance(column.type, LargeBinary) else ""


# --- what pages cost ------------------------------------------------------------------------------------------

Run = tuple[Statement, tuple[Any, ...]]  # what was read


@contextmanager
def recorded() -> Iterator[list[Run]]:
    """All reads of the servers of this process."""
    found: list[Run] = []
    with pytest.MonkeyPatch.context() as patch:
        for reader in (SqliteReader, PostgresReader):
            _record(patch, reader, found)
        yield found


def _record(patch: pytest.MonkeyPatch, reader: Any, found: list[Run]) -> None:
    fetch, fetch_one = reader.fetch, reader.fetch_one

    async def recording(self: Any, statement: Statement, *args: Any) -> Any:
        found.append((statement, args))
        return await fetch(self, statement, *args)

    async def recording_one(self: Any, statement: Statement, *args: Any) -> Any:
        if reader is SqliteReader:  # PostgreSQL's reads all rows for it
            found.append((statement, args))
        return await fetch_one(self, statement, *args)

    patch.setattr(reader, "fetch", recording)
    patch.setattr(reader, "fetch_one", recording_one)


async def work(store: Store, statement: Statement, args: tuple[Any, ...]) -> int:
    """How much the engine does for a statement: SQLite's steps, or the rows that PostgreSQL goes through."""
    sql, arrange = statement.compiled(store.engine)
    if isinstance(store, SqliteStore):
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        store._reading.set_progress_handler(step, 1)
        store._reading.execute(sql, arrange(args)).fetchall()
        store._reading.set_progress_handler(None, 0)
        return steps
    assert isinstance(store, PostgresStore)
    # So small tables it would read whole: what is asked is whether there is a better way for large ones.
    await store._connections.fetch("SELECT set_config('enable_seqscan', 'off', false)", ())
    rows = await store._connections.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", arrange(args))
    return _gone_through(json.loads(rows[0][0])[0]["Plan"])


def _gone_through(node: dict[str, Any]) -> int:
    here = 0
    if "Relation Name" in node:
        removed = sum(n for name, n in node.items() if name.startswith("Rows Removed by"))
        here = int((node["Actual Rows"] + removed) * node["Actual Loops"])
    return here + sum(map(_gone_through, node.get("Plans", ())))
