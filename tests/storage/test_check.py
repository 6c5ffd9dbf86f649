# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608, the statements plant defects of our own making
"""The check finds each kind of defect, and nothing in a sound store."""

from __future__ import annotations

import re

import pytest

from polyvet.model import values
from polyvet.model.custom_fields import CustomField, CustomValue, FieldKind, FieldModel
from polyvet.model.details import AppointmentDetails, ReminderDetails
from polyvet.model.entities import CalendarEvent, Reminder, State, User
from polyvet.model.hooks import Delivery, DeliveryState, Webhook
from polyvet.storage import (
    appointments,
    custom_fields,
    deliveries,
    merging,
    numbers,
    outbox,
    reminders,
    staff,
    webhooks,
)
from polyvet.storage.check import ERROR, INFO, Finding, check
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.writing import Tx
from tests.storage.given import a_library
from tests.storage.test_bulk import batch, load
from tests.storage.test_migrate import execute
from tests.storage.world import World, run, world

# The finding's name, and the statements that plant the defect.
PLANTED = [
    ("counters", "UPDATE counters SET n = n + 1 WHERE name = 'patients' AND clinic_id = 1"),
    ("counters", "DELETE FROM counters WHERE name LIKE 'updated/%'"),
    ("counters", "INSERT INTO counters VALUES (1, 'patients/griffin', 0, 1)"),
    ("counters", "UPDATE counters SET n = n - 1 WHERE name = 'invoices/PAID'"),
    ("counters", "UPDATE counters SET bucket = bucket + 1 WHERE name = 'occurred' AND bucket ="
                 " (SELECT max(bucket) FROM counters WHERE name = 'occurred')"),
    ("enrolments", "UPDATE enrolments SET slug = 'griffin' WHERE number = 3"),
    ("enrolments", "UPDATE enrolments SET created_at = created_at + 1 WHERE number = 3"),
    ("enrolments", "UPDATE enrolments SET client_id = (SELECT id FROM clients WHERE id <> client_id LIMIT 1)"
                   " WHERE number = 3"),
    ("enrolments", "DELETE FROM enrolments WHERE number = 3 AND clinic_id = 1"),
    ("enrolments", f"UPDATE enrolments SET state = {int(State.HIDDEN)} WHERE number = 3 AND clinic_id = 1"),
    ("enrolments", f"UPDATE connections SET state = {int(State.HIDDEN)} WHERE number = 3 AND clinic_id = 1"),
    ("connections", "UPDATE connections SET shared = NOT shared WHERE number = 3 AND clinic_id = 1"),
    ("merges", f"UPDATE enrolments SET state = {int(State.ACTIVE)} WHERE patient_id IN (SELECT source_id FROM merges)"),
    ("merges", "UPDATE merges SET target_id = source_id"),
    ("merges", "UPDATE medical_records SET patient_id = (SELECT source_id FROM merges) WHERE clinic_id = 1"),
    ("merges", "UPDATE invoices SET patient_id = (SELECT source_id FROM merges) WHERE clinic_id = 1"),
    ("search_text", "UPDATE connections SET search_text = 'somebody' WHERE number = 3"),
    ("search_text", "UPDATE clients SET first_name = 'Eve' WHERE first_name = 'Bulk3'"),
    ("clock", "UPDATE clinics SET clock = 5 WHERE id = 1"),
    ("clock", "UPDATE events SET at = 4000000000000000000 WHERE seq = 2 AND clinic_id = 1"),
    ("stamps", "UPDATE enrolments SET updated_at = 4000300000000002 WHERE number = 5 AND clinic_id = 1"),
    ("events", "DELETE FROM events WHERE seq = 2 AND clinic_id = 1"),
    ("events", "UPDATE clinics SET event_seq = 3 WHERE id = 1"),
    ("numbers", "UPDATE clinics SET client_seq = 3 WHERE id = 1"),
    ("numbers", "UPDATE clinics SET patient_seq = 3 WHERE id = 1"),
    ("numbers", "UPDATE numbers SET last = 0"),
    ("numbers", "DELETE FROM numbers"),
    ("numbers", "UPDATE reminders SET number = number + 5"),
    ("clock", "UPDATE reminders SET updated_at = 4000000000000000000"),
    ("counters", "UPDATE counters SET n = n + 1 WHERE name = 'reminders'"),
    ("counters", "UPDATE counters SET n = n - 1 WHERE name = 'invoice rows' AND clinic_id = 1"),
    ("counters", "UPDATE counters SET n = n + 1 WHERE name = 'archived clients'"),
    ("counters", "UPDATE counters SET n = n - 1 WHERE name = 'archived patients' AND clinic_id = 1"),
    ("counters", "DELETE FROM counters WHERE name = 'archived patients updated'"),
    ("counters", "UPDATE counters SET bucket = bucket + 1 WHERE name = 'archived clients updated'"),
    ("counters", "INSERT INTO counters VALUES (2, 'clients updated', 5, 1)"),
    ("search_text", "UPDATE clients SET organization_name = 'Höfe', organization_name_folded = 'höfe'"
                    " WHERE first_name = 'Bulk3'"),
    ("search_text", "UPDATE phones SET number = '031' WHERE number = '030'"),
    ("folded", "UPDATE clients SET last_name_folded = 'MÜLLER' WHERE first_name = 'Bulk3'"),
    ("folded", "UPDATE clients SET email_folded = '' WHERE first_name = 'Bulk3'"),
    ("folded", "UPDATE clients SET organization_name_folded = 'x' WHERE first_name = 'Bulk3'"),
    ("folded", "INSERT INTO species (id, clinic_id, name, slug, common, synonyms)"
               " VALUES (20000000001, 1, 'Axolotl', 'axolotl', 'Axolotl', '')"),
    ("folded", "UPDATE patients SET name_folded = 'Rex' WHERE species_id = 15461002"),
    ("counters", "UPDATE counters SET n = n + 1 WHERE name = 'appointments' AND clinic_id = 1"),
    ("numbers", "UPDATE clinics SET appointment_seq = 3 WHERE id = 1"),
    ("numbers", "UPDATE numbers SET last = 0 WHERE kind = 'user'"),
    ("appointments", "UPDATE calendar_events SET client_id = patient_id WHERE number = 3 AND clinic_id = 1"),
    ("appointments", "UPDATE event_users SET start_at = start_at + 1"),
    ("outbox", "UPDATE outbox_cursors SET seq = 1000 WHERE clinic_id = 1"),
    ("outbox", "UPDATE webhooks SET since_seq = 1000"),
    ("deliveries", "UPDATE webhooks SET clinic_id = 2"),
    ("deliveries", "UPDATE deliveries SET event_seq = 1000"),
    ("deliveries", "UPDATE deliveries SET event_seq = -7"),
    ("deliveries", "UPDATE deliveries SET next_at = NULL"),
    ("deliveries", "UPDATE deliveries SET state = 'failed'"),
    ("numbers", "UPDATE numbers SET last = 0 WHERE kind = 'webhook'"),
    ("numbers", "UPDATE numbers SET last = 0 WHERE kind = 'delivery'"),
    ("counters", "UPDATE counters SET n = 2 WHERE name = 'deliveries'"),
    ("numbers", "UPDATE numbers SET last = 0 WHERE kind = 'share'"),
    ("numbers", "UPDATE numbers SET last = 0 WHERE kind = 'content form'"),
    ("numbers", "UPDATE content SET kind = 3 WHERE clinic_id = 1"),
    ("content", "UPDATE content SET number = 3 WHERE clinic_id = 1"),
    ("content", "UPDATE content SET number = 100001 WHERE clinic_id = 0"),
    ("content", "UPDATE content SET clinic_id = 77 WHERE clinic_id = 1"),
    ("clock", "UPDATE shares SET updated_at = 4000000000000000000"),
    ("shares", "UPDATE content SET clinic_id = 2 WHERE clinic_id = 1"),
    ("shares", "UPDATE shares SET parent_id = content_id WHERE parent_id IS NOT NULL"),
    ("shares", "UPDATE shares SET patient_id = NULL"),
    ("shares", "UPDATE shares SET clinic_id = 2 WHERE parent_id IS NULL"),
    ("shares", "DELETE FROM share_links"),
    ("submissions", "UPDATE submissions SET clinic_id = 2"),
    ("submissions", "UPDATE submissions SET subject_id = (SELECT id FROM clients LIMIT 1)"),
    ("mails", "UPDATE mails SET next_at = NULL"),
    ("mails", "UPDATE mails SET state = 'sent'"),
    ("mails", "UPDATE mails SET state = 'failed', next_at = NULL"),
    ("revision", "UPDATE alembic_version SET version_num = '0000'"),
    ("indexes", "DROP INDEX enrolments_updated"),
]  # fmt: skip


async def an_appointment(w: World, client_id: bytes) -> None:
    """With somebody beside it."""

    async def job(tx: Tx) -> None:
        user = await staff.add_user(tx, User(values.new_id(), 1, "Vet", "vet", "vet", 5))
        clinic = tx.clinic(1)
        clinic.appointment_seq += 1
        event = CalendarEvent(
            values.new_id(), 1, "E", "CHECKUP", "SCHEDULED", 5, 9, None, user.id, 5, tx.stamp(1),
            clinic.appointment_seq,
            client_id,
        )  # fmt: skip
        appointments.insert(tx, event, AppointmentDetails())
        appointments.put_users(tx, event, [user.id])

    await w.write(job, at=[1])


def errors(found: list[Finding]) -> list[str]:
    return sorted({finding.name for finding in found if finding.severity == ERROR})


@pytest.fixture
def sound(migrated_url: str) -> str:
    async def make() -> None:
        async with world(migrated_url) as w:
            await load(migrated_url, batch(1, 10))
            one = await w.patient((await w.client()).id)
            await w.set_patient(one, State.DELETED)
            archived = await w.client()
            await w.set_client(archived.id, 1, State.ARCHIVED)

            async def told(tx: Tx) -> None:
                now, kind = tx.stamp(1), str(DeliveryState.QUEUED)
                number = await numbers.take(tx, 1, "webhook")
                hook = Webhook(
                    values.new_id(), 1, number, "", "https://x", 2, 2, None, True, "s", None, None, 1, now, now
                )
                webhooks.insert(tx, hook)
                number = await numbers.take(tx, 1, "delivery")
                deliveries.insert(
                    tx,
                    Delivery(
                        values.new_id(), 1, number, hook.id, 2, "client_id", "1", kind, 0, now, None, None, None, now,
                        now,
                    ),
                )  # fmt: skip
                outbox.advance(tx, 1, 2)

            await w.write(told, at=[1])

            async def valued(tx: Tx) -> None:
                custom_fields.define(tx, 1, CustomField(4, FieldModel.CLIENT, "Likes", FieldKind.TEXT, False))
                number = await numbers.take(tx, 1, "custom field value")
                value = CustomValue(number, 4, "fish", 5, 5)
                custom_fields.insert(tx, 1, value, FieldModel.CLIENT, archived.id)

            async def reminded(tx: Tx) -> None:
                number, at = await reminders.take_numbers(tx, 1), tx.stamp(1)
                reminder = Reminder(values.new_id(), 1, number, archived.id, None, None, None, 0, 1, at, at)
                reminders.insert(tx, reminder, ReminderDetails())

            await w.write(valued, at=[1])
            client = await w.client()
            rex, max_ = await w.patient(client.id), await w.patient(client.id)
            await w.set_patient(rex, State.ARCHIVED)

            async def merged(tx: Tx) -> None:
                merging.insert(tx, 1, rex.id, max_.id, {1: int(State.ACTIVE)}, (), 5)

            await w.write(merged, at=[1])
            await an_appointment(w, archived.id)
            await w.write(reminded, at=[1])
            await a_library(w, max_)

    run(make())
    return migrated_url


def test_a_sound_store_has_no_errors(sound: str) -> None:
    found = run(check(sound))
    assert errors(found) == []
    assert {finding.severity for finding in found} == {INFO}
    assert {finding.name for finding in found} - {"trigrams"} == {"mails"}
    [waiting] = [finding.text for finding in found if finding.name == "mails"]
    assert re.match(r"1 mail waits to be sent, the oldest since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z: ", waiting)


def test_each_defect_is_found(sound: str) -> None:
    """All defects on one store, each undone by the next one's fresh transaction, would hide each other; so each is
    planted, found, and taken back by its copy of the rows."""

    async def test() -> None:
        for name, statement in PLANTED:
            undo = await planted(sound, statement)
            found = await check(sound)
            assert name in errors(found), statement
            assert all(finding.text for finding in found)
            await undo()
        assert errors(await check(sound)) == []

    run(test())


async def planted(url: str, statement: str):
    """Plant a defect; gives what takes it back."""
    if not is_postgresql(url):
        path = sqlite_path(url)
        await execute(url, "PRAGMA wal_checkpoint(TRUNCATE)")
        copy = path.read_bytes()
        await execute(url, statement)

        async def put_back() -> None:
            for name in ("-wal", "-shm"):
                path.with_name(path.name + name).unlink(missing_ok=True)
            path.write_bytes(copy)

        return put_back
    words = statement.split()
    if words[0] == "DROP":
        await execute(url, statement)
        columns = "clinic_id, state, updated_at, patient_id, number"
        return lambda: execute(url, f"CREATE INDEX enrolments_updated ON enrolments ({columns})")
    table = words[1] if words[0] == "UPDATE" else words[2]
    await execute(url, f"CREATE TABLE saved AS TABLE {table}", statement)

    async def restore() -> None:
        await execute(
            url, "BEGIN", "SET session_replication_role = replica", f"DELETE FROM {table}",
            f"INSERT INTO {table} SELECT * FROM saved", "DROP TABLE saved", "COMMIT",
        )  # fmt: skip

    return restore


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO connections_fts (connections_fts) VALUES ('delete-all')",
        "INSERT INTO connections_fts (connections_fts, rowid, search_text) VALUES ('delete', 3, 'other text')",
        "INSERT INTO connections_fts (rowid, search_text) VALUES (3, 'other text')",
    ],
)
def test_a_search_index_that_differs_is_found(tmp_path, statement: str) -> None:
    url = f"sqlite:///{tmp_path}/polyvet.db"

    async def test() -> None:
        async with world(url):
            await load(url, batch(1, 10))
        await execute(url, statement)
        assert errors(await check(url)) == ["search_index"]
        await execute(url, "INSERT INTO connections_fts (connections_fts) VALUES ('rebuild')")
        assert errors(await check(url)) == []

    run(test())


def test_dangling_rows_damaged_pages_and_odd_ids_are_found(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/polyvet.db"
    path = tmp_path / "polyvet.db"

    async def test() -> None:
        async with world(url):
            await load(url, batch(1, 200))
        await execute(url, "DELETE FROM clients WHERE first_name = 'Bulk7'")
        assert "references" in errors(await check(url))
        await execute(
            url, "INSERT INTO clients (id, first_name, last_name, created_at) VALUES (x'ff', 'Short', 'Id', 1)"
        )
        assert "ids" in errors(await check(url))
        await execute(url, f"UPDATE clients SET id = x'{'ff' * 16}' WHERE first_name = 'Short'")
        assert "ids" in errors(await check(url))
        await execute(url, "PRAGMA wal_checkpoint(TRUNCATE)")
        pages = bytearray(path.read_bytes())
        late = len(pages) * 3 // 4 // 4096 * 4096  # beyond the schema, without which nothing opens the file
        pages[late : late + 16384] = b"\x07" * 16384
        path.write_bytes(pages)
        assert "file" in errors(await check(url))

    run(test())
