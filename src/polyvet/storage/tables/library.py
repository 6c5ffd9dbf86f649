# SPDX-License-Identifier: Apache-2.0
"""The library of what clinics give to people: content, what was shared of it, what was filled in, and the mails that
tell of it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, Table, text

from polyvet.storage.tables.columns import BYTES, INSTANT, clinic_, document, id_, int_, metadata, plain, text_

INCOMPLETE = text("status = 'incomplete'")

# Handouts, forms, vet forms and programs. Clinic 0 is everybody's: what comes with the program.
content = Table(
    "content",
    metadata,
    id_(primary_key=True),
    clinic_(checked=False),
    Column("kind", SmallInteger, nullable=False),
    int_("number"),
    text_("slug"),  # the file that it was loaded from, without its ending; empty for a copy
    text_("title"),
    text_("keywords"),  # separated by commas
    text_("role"),  # free or premium
    text_("country_code", nullable=True),
    int_("species_id", ForeignKey("species.id"), nullable=True),
    int_("breed_id", nullable=True),
    int_("location_id", nullable=True),
    text_("status", nullable=True),  # of a vet form that is being filled in
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    text_("updated_by", nullable=True),
    *plain("title_lower title_upper keywords_lower keywords_upper"),  # so that both engines know all letters' cases
    text_("html"),
    text_("markdown"),
    text_("plain"),
    document("details"),
    Index("content_number", "clinic_id", "kind", "number", unique=True),
    Index("content_patient", "patient_id"),
    # What a reminder may be due of.
    Index("content_incomplete", "created_at", sqlite_where=INCOMPLETE, postgresql_where=INCOMPLETE),
    # With row numbers on SQLite: rows are large, and it would read whole ones on the way through the key's own tree.
)

# One link to content for one person; without an e-mail it is open, and each answer to it is a share of its own.
shares = Table(
    "shares",
    metadata,
    id_(primary_key=True),
    clinic_(),
    int_("number"),
    id_("content_id", ForeignKey("content.id")),
    id_("user_id", ForeignKey("users.id"), nullable=True),
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    id_("parent_id", nullable=True),  # the open link that it was answered through
    id_("record_id", ForeignKey("medical_records.id"), nullable=True),  # what stands in the patient's history
    text_("name"),  # the pet's
    text_("email", nullable=True),
    text_("comments", nullable=True),
    text_("special_instructions", nullable=True),
    Column("next_appointment", INSTANT),
    text_("prefill"),  # JSON: a form's fields by name
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Index("shares_number", "clinic_id", "number", unique=True),
    Index("shares_patient", "patient_id", "number"),
    sqlite_with_rowid=False,
)

share_links = Table(
    "share_links",
    metadata,
    Column("token_hash", BYTES, primary_key=True),
    id_("share_id", ForeignKey("shares.id")),
    Column("created_at", INSTANT, nullable=False),
    sqlite_with_rowid=False,
)

# What was filled in, of a share or of a vet form.
submissions = Table(
    "submissions",
    metadata,
    id_("subject_id", primary_key=True),
    clinic_(),
    text_("answers"),  # JSON: what was filled in by the fields' names
    text_("shown"),  # the form with its answers as it was submitted, as html; empty for a draft
    Column("saved_at", INSTANT, nullable=False),
    Column("submitted_at", INSTANT),
    sqlite_with_rowid=False,
)

# A queue. What was sent keeps nothing of what it said, since it may have held a link.
mails = Table(
    "mails",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("recipient"),
    text_("reply_to", nullable=True),
    text_("subject"),
    text_("plain"),
    text_("html"),
    text_("state"),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", INSTANT),
    Column("leased_until", INSTANT),
    text_("last_error", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("sent_at", INSTANT),
    Index("mails_due", "next_at"),
    sqlite_with_rowid=False,
)
