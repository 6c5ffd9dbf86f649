# SPDX-License-Identifier: Apache-2.0
"""What stands in a patient's history of content that was shared or filled in: signed records of the clinic, which
every dialect reads like any other."""

from __future__ import annotations

import msgspec

from polyvet.model import values
from polyvet.model.entities import MedicalRecord, RecordStatus, State
from polyvet.model.library import Content, Share
from polyvet.storage import patients, records
from polyvet.storage.writing import Tx

SHARED = "Shared with the owner"
BY_OWNER = "Filled in by the owner"


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a record; `subjective` is what the owner says, `objective` what the clinic found."""

    clinic_id: int
    patient_id: bytes
    kind: str
    title: str
    subjective: str | None = None
    objective: str | None = None
    plan: str | None = None
    author_id: bytes | None = None
    amends_id: bytes | None = None


def write(tx: Tx, new: NewRecord) -> MedicalRecord:
    """Add a signed record of a clinic that the transaction holds."""
    stamp = tx.stamp(new.clinic_id)
    at = min(values.now(), stamp)  # nothing changed before it was made; a clinic's clock may be ahead of the wall's
    record = MedicalRecord(
        id=values.new_id(at),
        clinic_id=new.clinic_id,
        patient_id=new.patient_id,
        kind=new.kind,
        status=str(RecordStatus.SIGNED),
        title=new.title,
        subjective=new.subjective,
        objective=new.objective,
        assessment=None,
        differential=None,
        plan=new.plan,
        blood_test=None,
        urine_test=None,
        occurred_at=at,
        author_id=new.author_id,
        signed_at=at,
        amends_id=new.amends_id,
        created_at=at,
        updated_at=stamp,
    )
    return records.insert(tx, record)


async def write_if_seen(tx: Tx, new: NewRecord) -> None:
    """The same, but nothing is written of a patient whom the clinic no longer sees."""
    patient = await patients.get(tx, new.clinic_id, new.patient_id)
    if patient is not None and patient.state in (State.ACTIVE, State.ARCHIVED):
        write(tx, new)


def shared(tx: Tx, share: Share, content: Content) -> Share:
    """Note a share in its patient's history; gives the share with the record's id."""
    if share.patient_id is None:
        return share
    title = f"{SHARED}: {content.title}"  # in the plan, too: not every dialect shows a record's title
    plan = "\n\n".join(text for text in (title, share.special_instructions, share.comments) if text)
    record = write(
        tx,
        NewRecord(
            clinic_id=share.clinic_id,
            patient_id=share.patient_id,
            kind=content.details.record,
            title=title,
            plan=plan,
            author_id=share.user_id,
        ),
    )
    return msgspec.structs.replace(share, record_id=record.id)


async def submitted(tx: Tx, share: Share, content: Content, text: str) -> None:
    """Amend the share's record with what the owner filled in. If the clinic no longer sees the patient, the submission
    stands under its link alone."""
    if share.patient_id is None or share.record_id is None:
        return
    await write_if_seen(
        tx,
        NewRecord(
            clinic_id=share.clinic_id,
            patient_id=share.patient_id,
            kind=content.details.record,
            title=f"{BY_OWNER}: {content.title}",
            subjective=text,
            amends_id=share.record_id,
        ),
    )
