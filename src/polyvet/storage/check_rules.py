# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608, the names and numbers put into these statements are our own
"""What must hold in a store, as statements that give the rows for which it does not; the same for both engines."""

from __future__ import annotations

import msgspec

from polyvet.model.entities import State
from polyvet.model.library import EVERYBODY, OWN_FROM, ContentKind
from polyvet.storage.counters import BUCKET_BITS

IDENTIFIED = (
    "clients", "patients", "weights", "medical_records", "calendar_events", "stock_items", "invoices", "users",
    "api_keys", "reminders", "content", "shares", "mails",
)  # fmt: skip
_REPORT = "Report this with the text of the finding."


class Rule(msgspec.Struct, frozen=True):
    """A statement that gives no row in a sound store, and what its rows mean."""

    name: str
    sql: str
    text: str


_ACTIVE, _ARCHIVED, _HIDDEN, _DELETED = (int(state) for state in State)
_DELETED_SOMEWHERE = f"EXISTS (SELECT 1 FROM enrolments d WHERE d.patient_id = {{}} AND d.state = {_DELETED})"

_HAS_ROWS = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} x WHERE x.patient_id = m.source_id)"
    for table in ("medical_records", "invoices", "reminders")
)


def _stamped(table: str, column: str = "updated_at") -> Rule:
    return Rule(
        "clock",
        f"SELECT x.clinic_id, max(x.{column}) FROM {table} x JOIN clinics ON clinics.id = x.clinic_id"
        f" GROUP BY x.clinic_id, clinics.clock HAVING max(x.{column}) > clinics.clock",
        f"these clinics' clocks are behind their {table}, so a reader's cursor may miss rows. {_REPORT}",
    )


def _distinct(table: str) -> Rule:
    return Rule(
        "stamps",
        f"SELECT clinic_id, updated_at FROM {table} GROUP BY clinic_id, updated_at HAVING count(*) > 1 LIMIT 1000",
        f"rows of {table} share a stamp, so a page that ends between them loses one. Change one of them anyhow.",
    )


def _numbered(table: str, sequence: str) -> Rule:
    return Rule(
        "numbers",
        f"SELECT x.clinic_id, max(x.number) FROM {table} x JOIN clinics k ON k.id = x.clinic_id"
        f" GROUP BY x.clinic_id, k.{sequence} HAVING max(x.number) > k.{sequence}",
        f"these clinics' {sequence} is behind, so the next number is taken: UPDATE clinics SET {sequence} to the number"
        " that is shown.",
    )


def _numbered_as(kind: str, table: str) -> Rule:
    return Rule(
        "numbers",
        f"SELECT x.clinic_id, max(x.number) FROM {table} x LEFT JOIN numbers n ON n.clinic_id = x.clinic_id"
        f" AND n.kind = '{kind}' GROUP BY x.clinic_id, n.last HAVING max(x.number) > coalesce(n.last, 0)",
        f"these clinics' sequence of {kind}s is behind, so the next number is taken: set `last` of numbers to the"
        f" number that is shown, where kind is '{kind}'.",
    )


def _content_numbered(kind: ContentKind) -> Rule:
    name = f"content {kind.name.lower()}"
    return Rule(
        "numbers",
        f"SELECT x.clinic_id, max(x.number) FROM content x LEFT JOIN numbers n ON n.clinic_id = x.clinic_id"
        f" AND n.kind = '{name}' WHERE x.clinic_id <> {EVERYBODY} AND x.kind = {int(kind)}"
        f" GROUP BY x.clinic_id, n.last HAVING max(x.number) > {OWN_FROM - 1} + coalesce(n.last, 0)",
        f"these clinics' sequence of own content is behind, so the next number is taken: set `last` of numbers to the"
        f" number that is shown less {OWN_FROM - 1:,}, where kind is '{name}'.",
    )


RULES = (
    Rule(
        "enrolments",
        "SELECT e.clinic_id, e.patient_id FROM enrolments e JOIN patients p ON p.id = e.patient_id"
        " JOIN species s ON s.id = p.species_id WHERE e.client_id <> p.client_id OR e.species_id <> p.species_id"
        " OR e.created_at <> p.created_at OR e.slug <> s.slug LIMIT 1000",
        f"these enrolments differ from their patients in client, species, slug or creation. {_REPORT}",
    ),
    Rule(
        "enrolments",
        "SELECT c.clinic_id, p.id FROM connections c JOIN patients p ON p.client_id = c.client_id"
        " LEFT JOIN enrolments e ON e.clinic_id = c.clinic_id AND e.patient_id = p.id"
        f" WHERE c.state <> {_HIDDEN} AND e.patient_id IS NULL AND NOT {_DELETED_SOMEWHERE.format('p.id')} LIMIT 1000",
        "these patients of connected clients are not enrolled, so their clinic does not list them. Disconnect the"
        " client there and connect it again.",
    ),
    Rule(
        "enrolments",
        "SELECT e.clinic_id, e.patient_id FROM enrolments e LEFT JOIN connections c"
        " ON c.clinic_id = e.clinic_id AND c.client_id = e.client_id WHERE c.id IS NULL"
        f" OR (c.state = {_HIDDEN} AND e.state IN ({_ACTIVE}, {_ARCHIVED}))"
        f" OR (c.state <> {_HIDDEN} AND e.state = {_HIDDEN} AND NOT {_DELETED_SOMEWHERE.format('e.patient_id')})"
        " LIMIT 1000",
        "these patients are shown at clinics to whom their client is not open, or hidden where it is. Disconnect the"
        " client there and connect it again.",
    ),
    Rule(
        "connections",
        f"SELECT c.clinic_id, c.client_id FROM connections c WHERE c.shared <> (c.state <= {_ARCHIVED} AND EXISTS"
        " (SELECT 1 FROM connections o WHERE o.client_id = c.client_id AND o.clinic_id <> c.clinic_id"
        f" AND o.state <= {_ARCHIVED})) LIMIT 1000",
        f"these clients are not listed with those whom other clinics see, too, or wrongly so. {_REPORT}",
    ),
    *(_stamped(table) for table in (
        "connections", "enrolments", "medical_records", "calendar_events", "stock_items", "invoices",
        "reminders", "shares",
    )),
    _stamped("events", "at"),
    _distinct("enrolments"),
    _distinct("connections"),
    Rule(
        "events",
        "SELECT k.id, count(*), min(x.seq), max(x.seq) FROM events x JOIN clinics k ON k.id = x.clinic_id"
        " GROUP BY k.id, k.event_seq HAVING count(*) <> max(x.seq) - min(x.seq) + 1 OR max(x.seq) > k.event_seq",
        f"these clinics' event logs have gaps or run ahead of their sequence (clinic, rows, first, last). {_REPORT}",
    ),
    _numbered("connections", "client_seq"),
    _numbered("enrolments", "patient_seq"),
    _numbered("calendar_events", "appointment_seq"),
    Rule(
        "merges",
        "SELECT e.clinic_id, m.source_id FROM merges m JOIN enrolments e ON e.patient_id = m.source_id"
        f" WHERE e.state = {_ACTIVE} LIMIT 1000",
        "these patients were merged and are active all the same. Unmerge them, and merge them again.",
    ),
    _numbered_as("webhook", "webhooks"),
    _numbered_as("delivery", "deliveries"),
    Rule(
        "outbox",
        "SELECT o.clinic_id, o.seq FROM outbox_cursors o JOIN clinics k ON k.id = o.clinic_id WHERE o.seq > k.event_seq"
        " UNION ALL SELECT w.clinic_id, w.since_seq FROM webhooks w JOIN clinics k ON k.id = w.clinic_id"
        " WHERE w.since_seq > k.event_seq",
        "these clinics' webhooks wait for events beyond the log, so they miss those that come next: set `seq` of"
        " outbox_cursors and `since_seq` of webhooks to the clinic's event_seq.",
    ),
    Rule(
        "deliveries",
        "SELECT d.clinic_id, d.number FROM deliveries d LEFT JOIN webhooks w ON w.id = d.webhook_id"
        " AND w.clinic_id = d.clinic_id JOIN clinics k ON k.id = d.clinic_id"
        " WHERE w.id IS NULL OR d.event_seq > k.event_seq OR (d.event_seq < 0 AND d.event_seq <> -d.number) LIMIT 1000",
        f"these deliveries are of no webhook of their clinic, or of an event that the log does not have. {_REPORT}",
    ),
    Rule(
        "deliveries",
        "SELECT clinic_id, number FROM deliveries WHERE (state = 'queued') <> (next_at IS NOT NULL) LIMIT 1000",
        f"these deliveries are queued and never due, or over and due. {_REPORT}",
    ),
    Rule(
        "merges",
        "SELECT m.source_id, m.target_id FROM merges m LEFT JOIN merges t ON t.source_id = m.target_id"
        " WHERE m.source_id = m.target_id OR t.target_id = m.source_id LIMIT 1000",
        f"these patients were merged into themselves or into each other. {_REPORT}",
    ),
    Rule(
        "merges",
        f"SELECT m.source_id FROM merges m WHERE {_HAS_ROWS} LIMIT 1000",
        "these patients were merged and have records, invoices or reminders all the same, which nobody finds. Unmerge"
        " them, and merge them again.",
    ),
    _numbered_as("user", "users"),
    Rule(
        "appointments",
        "SELECT e.clinic_id, e.number FROM calendar_events e LEFT JOIN clients c ON c.id = e.client_id"
        " WHERE e.client_id IS NOT NULL AND c.id IS NULL LIMIT 1000",
        f"these appointments are of clients that are not there. {_REPORT}",
    ),
    Rule(
        "appointments",
        "SELECT e.clinic_id, e.number FROM event_users x JOIN calendar_events e ON e.id = x.event_id"
        " WHERE x.start_at <> e.start_at LIMIT 1000",
        "these appointments have people beside them for another time, so who is free is told wrongly: UPDATE"
        " event_users SET start_at to the appointment's.",
    ),
    _numbered_as("custom field value", "custom_field_values"),
    _numbered_as("reminder", "reminders"),
    _numbered_as("share", "shares"),
    *map(_content_numbered, ContentKind),
    Rule(
        "content",
        "SELECT x.clinic_id, x.kind, x.number FROM content x LEFT JOIN clinics k ON k.id = x.clinic_id"
        f" WHERE (x.clinic_id = {EVERYBODY}) <> (x.number < {OWN_FROM})"
        f" OR (x.clinic_id <> {EVERYBODY} AND k.id IS NULL)"
        " LIMIT 1000",
        f"this content (clinic, kind, number) is of no clinic, or has a number of somebody else's. {_REPORT}",
    ),
    Rule(
        "shares",
        "SELECT s.clinic_id, s.number FROM shares s JOIN content x ON x.id = s.content_id"
        " LEFT JOIN shares o ON o.id = s.parent_id LEFT JOIN medical_records r ON r.id = s.record_id"
        f" WHERE x.clinic_id NOT IN ({EVERYBODY}, s.clinic_id)"
        " OR (s.parent_id IS NOT NULL AND (o.id IS NULL OR o.clinic_id <> s.clinic_id))"
        " OR (r.id IS NOT NULL"
        " AND (r.clinic_id <> s.clinic_id OR s.patient_id IS NULL OR r.patient_id <> s.patient_id))"
        " LIMIT 1000",
        f"these shares are of another clinic's content or open link, or of another patient's record. {_REPORT}",
    ),
    Rule(
        "shares",
        "SELECT s.clinic_id, s.number FROM shares s LEFT JOIN share_links l ON l.share_id = s.id"
        " WHERE l.share_id IS NULL LIMIT 1000",
        "no link leads to these shares, so nobody can open them. Share the content again.",
    ),
    Rule(
        "submissions",
        "SELECT u.clinic_id, u.subject_id FROM submissions u LEFT JOIN shares s ON s.id = u.subject_id"
        " LEFT JOIN content x ON x.id = u.subject_id WHERE coalesce(s.clinic_id, x.clinic_id, -1) <> u.clinic_id"
        " LIMIT 1000",
        f"these answers are of no share and no vet form of their clinic. {_REPORT}",
    ),
    Rule(
        "mails",
        "SELECT clinic_id, id FROM mails WHERE (state = 'queued') <> (next_at IS NOT NULL) LIMIT 1000",
        f"these mails are queued and never due, or over and due. {_REPORT}",
    ),
    Rule(
        "mails",
        "SELECT clinic_id, id FROM mails WHERE state <> 'queued' AND (plain <> '' OR html <> '') LIMIT 1000",
        f"these mails are over and still hold what they said, which may be a link. {_REPORT}",
    ),
)  # fmt: skip

# Clinic, name, bucket, what is kept, what the rows say.
COUNTERS = f"""
WITH active AS MATERIALIZED (
    SELECT clinic_id, slug, species_id, updated_at >> {BUCKET_BITS} AS bucket, count(*) AS n FROM enrolments
    WHERE state = {_ACTIVE} GROUP BY clinic_id, slug, species_id, updated_at >> {BUCKET_BITS}
), counted AS (
    SELECT clinic_id, 'clients' AS name, 0 AS bucket, count(*) AS n FROM connections WHERE state = {_ACTIVE}
        GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'clients updated', updated_at >> {BUCKET_BITS}, count(*) FROM connections
        WHERE state = {_ACTIVE} GROUP BY clinic_id, updated_at >> {BUCKET_BITS}
    UNION ALL SELECT clinic_id, 'archived clients', 0, count(*) FROM connections WHERE state = {_ARCHIVED}
        GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'archived clients updated', updated_at >> {BUCKET_BITS}, count(*) FROM connections
        WHERE state = {_ARCHIVED} GROUP BY clinic_id, updated_at >> {BUCKET_BITS}
    UNION ALL SELECT clinic_id, 'archived patients', 0, count(*) FROM enrolments WHERE state = {_ARCHIVED}
        GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'archived patients updated', updated_at >> {BUCKET_BITS}, count(*) FROM enrolments
        WHERE state = {_ARCHIVED} GROUP BY clinic_id, updated_at >> {BUCKET_BITS}
    UNION ALL SELECT clinic_id, 'patients', 0, sum(n) FROM active GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'patients/' || slug, 0, sum(n) FROM active GROUP BY clinic_id, slug
    UNION ALL SELECT clinic_id, 'patients@' || species_id, 0, sum(n) FROM active GROUP BY clinic_id, species_id
    UNION ALL SELECT clinic_id, 'updated', bucket, sum(n) FROM active GROUP BY clinic_id, bucket
    UNION ALL SELECT clinic_id, 'updated/' || slug, bucket, sum(n) FROM active GROUP BY clinic_id, slug, bucket
    UNION ALL SELECT clinic_id, 'records', 0, count(*) FROM medical_records GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'occurred', occurred_at >> {BUCKET_BITS}, count(*) FROM medical_records
        GROUP BY clinic_id, occurred_at >> {BUCKET_BITS}
    UNION ALL SELECT clinic_id, 'invoices', 0, count(*) FROM invoices GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'invoices/' || status, 0, count(*) FROM invoices GROUP BY clinic_id, status
    UNION ALL SELECT clinic_id, 'stock', 0, count(*) FROM stock_items GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'invoice rows', 0, sum(n) FROM (
        SELECT i.clinic_id, count(*) AS n FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id
            GROUP BY i.clinic_id
        UNION ALL SELECT clinic_id, count(*) FROM invoices WHERE carried_over_cents <> 0 GROUP BY clinic_id
    ) AS r GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'reminders', 0, count(*) FROM reminders GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'appointments', 0, count(*) FROM calendar_events GROUP BY clinic_id
    UNION ALL SELECT clinic_id, 'deliveries', 0, count(*) FROM deliveries GROUP BY clinic_id
), sides AS (
    SELECT clinic_id, name, bucket, n AS kept, 0 AS n FROM counters
    UNION ALL SELECT clinic_id, name, bucket, 0, n FROM counted
)
SELECT clinic_id, name, bucket, sum(kept), sum(n) FROM sides GROUP BY clinic_id, name, bucket
HAVING sum(kept) <> sum(n) ORDER BY clinic_id, name, bucket
"""
