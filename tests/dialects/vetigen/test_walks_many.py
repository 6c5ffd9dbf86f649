# SPDX-License-Identifier: Apache-2.0
"""Walks over the patients while others write: the vendor's page numbers lose rows then [seed]; ours do not."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyvet.core import clients, patients
from polyvet.core.patients import Changes
from polyvet.dialects.vetigen.patients import PATIENT
from polyvet.dialects.vetigen.wire import from_fp
from polyvet.model.entities import NewPatient
from polyvet.sandbox.samples import BONCUKS_OWNER_ID
from tests.dialects.harness import Practice
from tests.dialects.vetigen.asking import CANONICAL_SAMPLE, PATIENTS, pages, rows

# One write: what is done, to which of the patients as they stood when the walk began.
WRITES = st.lists(st.tuples(st.sampled_from(["change", "delete", "create"]), st.integers(0, 10_000)), max_size=4)
QUIET = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


class Writer:
    """Somebody who works at the practice meanwhile."""

    def __init__(self, practice: Practice, fps: list[str]) -> None:
        self._practice = practice
        self._fps = [fp for fp in fps if fp != CANONICAL_SAMPLE]
        self.touched: set[str] = set()
        self.deleted: set[str] = set()
        self._made = 0

    def write(self, what: str, which: int) -> None:
        """Change, delete or create one patient."""
        if what == "create":
            self._create()
            return
        fp = self._fps[which % len(self._fps)]
        if fp in self.deleted:
            return
        self.touched.add(fp)
        ident = from_fp(PATIENT, fp)
        assert ident is not None
        touching = self._practice.read(lambda ctx: patients.touching(ctx, ident))
        if what == "change":
            changes = Changes(name=f"Renamed {which}")
            self._practice.change(touching, lambda w: patients.update(w, ident, fp, changes))
        else:
            self.deleted.add(fp)
            self._practice.change(touching, lambda w: patients.delete(w, ident, fp))

    def _create(self) -> None:
        self._made += 1
        new = NewPatient(client_id=BONCUKS_OWNER_ID, name=f"New {self._made}", species="Cat")
        touching = clients.connecting(4, 9, BONCUKS_OWNER_ID)
        self._practice.change(touching, lambda w: patients.create(w, new, "him"))


def _walk(practice: Practice, writer: Writer, plan: list[list[tuple[str, int]]], **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, page in enumerate(pages(practice.vetigen, PATIENTS, **query)):
        found += page["items"]
        for what, which in plan[number] if number < len(plan) else []:
            writer.write(what, which)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(plan=st.lists(WRITES, max_size=8), size=st.sampled_from([13, 20, 40]))
def test_a_walk_gets_every_row_that_stays(fresh_practice: Practice, plan: list, size: int) -> None:
    before = [row["fp"] for row in rows(fresh_practice.vetigen, PATIENTS, page_size=100)]
    writer = Writer(fresh_practice, before)
    found = [row["fp"] for row in _walk(fresh_practice, writer, plan, page_size=size)]
    assert set(before) - writer.deleted <= set(found)
    untouched = set(before) - writer.touched
    assert sorted(fp for fp in found if fp in untouched) == sorted(untouched)


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(plan=st.lists(WRITES, max_size=8), afterwards=WRITES)
def test_a_mirror_that_takes_the_newest_stamp_as_its_cursor_misses_no_change(
    fresh_practice: Practice, plan: list, afterwards: list
) -> None:
    before = [row["fp"] for row in rows(fresh_practice.vetigen, PATIENTS, page_size=100)]
    writer = Writer(fresh_practice, before)
    mirror: dict[str, dict[str, Any]] = {}
    for row in _walk(fresh_practice, writer, plan, page_size=30):
        mirror[row["fp"]] = row
    for what, which in afterwards:
        writer.write(what, which)
    cursor = max(row["updated_at"] for row in mirror.values())
    for row in rows(fresh_practice.vetigen, PATIENTS, page_size=30, updated_since=cursor):
        mirror[row["fp"]] = row
    for fp in writer.deleted:  # soft deletes leave no trace in the feed [seed]
        mirror.pop(fp, None)
    assert mirror == {row["fp"]: row for row in rows(fresh_practice.vetigen, PATIENTS, page_size=100)}
