# SPDX-License-Identifier: Apache-2.0
"""A row of each of the library's tables, as the program would write them."""

from __future__ import annotations

from msgspec.structs import replace

from polyvet.model import values
from polyvet.model.entities import MedicalRecord, Patient
from polyvet.model.library import EVERYBODY, Content, ContentDetails, ContentKind, NewMail, Share, Submission
from polyvet.storage import library, mails, records, shares
from polyvet.storage.writing import Tx
from tests.storage.world import World


def content(clinic_id: int, number: int = 0, kind: ContentKind = ContentKind.FORM) -> Content:
    """Content of a clinic, or of everybody."""
    return Content(
        id=values.new_id(), clinic_id=clinic_id, kind=int(kind), number=number, slug="", title="Größe", keywords="a, b",
        role="free", country_code=None, species_id=None, breed_id=None, location_id=None, status=None, patient_id=None,
        created_at=5, updated_at=5, updated_by=None, html="<p>x</p>", markdown="x", plain="x",
        details=ContentDetails(owner_copy=True),
    )  # fmt: skip


def share(clinic_id: int, content_id: bytes, at: int) -> Share:
    """An open share."""
    return Share(
        id=values.new_id(), clinic_id=clinic_id, number=0, content_id=content_id, user_id=None, patient_id=None,
        parent_id=None, record_id=None, name="Bluey", email=None, comments="c\u2028'\\", special_instructions=None,
        next_appointment=7, prefill={"petName": "Bluey"}, created_at=5, updated_at=at, expires_at=9,
    )  # fmt: skip


def record(clinic_id: int, patient_id: bytes, at: int) -> MedicalRecord:
    """A record of a patient."""
    return MedicalRecord(
        values.new_id(), clinic_id, patient_id, "CHECKUP", "SIGNED", "Shared", None, None, None, None, "p", None, None,
        5, None, 5, None, 5, at,
    )  # fmt: skip


async def a_library(w: World, patient: Patient) -> None:
    """At clinic 1: everybody's content and its own, an open link to the one, answered for a patient, a mail."""

    async def job(tx: Tx) -> None:
        await library.add(tx, content(EVERYBODY, 3))
        own = await library.add(tx, content(1))
        parent = await shares.add(tx, share(1, own.id, tx.stamp(1)))
        shares.add_link(tx, parent.id, values.hashed("one"), 5)
        noted = records.insert(tx, record(1, patient.id, tx.stamp(1)))
        child = replace(
            share(1, own.id, tx.stamp(1)), parent_id=parent.id, patient_id=patient.id, record_id=noted.id,
            email="a@b.example",
        )  # fmt: skip
        child = await shares.add(tx, child)
        shares.add_link(tx, child.id, values.hashed("two"), 5)
        shares.save_submission(tx, Submission(child.id, 1, {"petName": "Blüey"}, "<p>Blüey</p>", 5, 6))
        mails.add(tx, NewMail(clinic_id=1, recipient="a@b.example", subject="s", plain="p", html="<p>p</p>"))

    await w.write(job, at=[1])
