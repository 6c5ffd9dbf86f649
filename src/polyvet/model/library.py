# SPDX-License-Identifier: Apache-2.0
"""What clinics give to people: content of a library, shares of it, what was filled in, and mails."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from polyvet.model.details import Details
from polyvet.model.entities import Entity, RecordKind

EVERYBODY = 0  # in place of a clinic: the library that comes with the program
LONGEST_TITLE, LONGEST_KEYWORDS = 300, 2_000  # characters
OWN_FROM = 100_001  # the first number of a clinic's own content; lower ones are everybody's


class ContentKind(IntEnum):
    """What a piece of content is for; the values are kept."""

    HANDOUT = 0  # to read
    FORM = 1  # for an owner to fill in
    VET_FORM = 2  # for the clinic's staff to fill in
    PROGRAM = 3  # to read over weeks


class LibraryRole(StrEnum):
    """What of a library is open to a user, and which users a piece of content is open to."""

    FREE = "free"
    PREMIUM = "premium"


class FormStatus(StrEnum):
    """The way of a vet form that somebody has begun."""

    INCOMPLETE = "incomplete"
    REMINDED = "reminded"
    COMPLETE = "complete"


class ContentDetails(Details, frozen=True):
    """What no list is filtered by. `source_hash` is the hash of the file that content was loaded from, in
    hexadecimal digits; `begun_from` the number of the vet form that one being filled in was begun from."""

    source_hash: str = ""
    record: str = RecordKind.CHECKUP  # the kind of medical record that it leaves with a patient
    owner_copy: bool = False  # of a vet form: whether a copy may go to the owner
    begun_from: int | None = None
    begun_by: str | None = None  # a user's id, in Crockford characters
    owner_email: str | None = None  # who gets a copy of a vet form when it is complete


class Content(Entity, frozen=True):
    """A handout, form, vet form or program. `html` is safe to show; Markdown and plain text were made from it."""

    id: bytes
    clinic_id: int  # EVERYBODY: it comes with the program
    kind: int
    number: int  # unique by clinic and kind
    slug: str
    title: str
    keywords: str
    role: str
    country_code: str | None
    species_id: int | None  # None: of all
    breed_id: int | None
    location_id: int | None
    status: str | None
    patient_id: bytes | None
    created_at: int
    updated_at: int
    updated_by: str | None  # a user's subject
    html: str
    markdown: str
    plain: str
    details: ContentDetails = ContentDetails()


class LoadedFrom(Entity, frozen=True):
    """The file that content was loaded from; the slug is its name without its ending."""

    kind: ContentKind
    number: int
    slug: str
    hash: str


class ListedContent(Entity, frozen=True):
    """What lists show of a piece of content; `species` is the everyday name."""

    number: int
    title: str
    keywords: str
    country_code: str | None
    species_id: int | None
    species: str | None
    status: str | None
    created_at: int
    updated_at: int
    updated_by: str | None


class Share(Entity, frozen=True):
    """A link to content for one person. One that names neither a person nor a patient is open: each answer to it is a
    share of its own, whose parent it is."""

    id: bytes
    clinic_id: int
    number: int
    content_id: bytes
    user_id: bytes | None
    patient_id: bytes | None
    parent_id: bytes | None
    record_id: bytes | None
    name: str  # the pet's
    email: str | None
    comments: str | None
    special_instructions: str | None
    next_appointment: int | None
    prefill: dict[str, str]
    created_at: int
    updated_at: int
    expires_at: int
    revoked_at: int | None = None

    def stands(self, now: int) -> bool:
        """Whether its links lead anywhere."""
        return self.revoked_at is None and self.expires_at > now

    @property
    def open(self) -> bool:
        """Whether everybody who has the link begins a form of their own."""
        return self.email is None and self.patient_id is None and self.parent_id is None


class Submission(Entity, frozen=True):
    """What was filled in, of a share or of a vet form, whose id is the subject. `shown` is the form with its answers
    as it was submitted, as html; a draft has none."""

    subject_id: bytes
    clinic_id: int
    answers: dict[str, str]
    shown: str
    saved_at: int
    submitted_at: int | None = None


class ListedShare(Entity, frozen=True):
    """A share as a list shows it: what was shared, about which patient of those that the clinic sees, and when the
    form was begun and submitted; `parent` is the number of the open link that it was answered through."""

    share: Share
    kind: int
    title: str
    patient: str | None
    parent: int | None
    saved_at: int | None
    submitted_at: int | None


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class NewMail(Entity, frozen=True, kw_only=True):
    """A message to be sent for a clinic."""

    clinic_id: int
    recipient: str
    subject: str
    plain: str
    html: str
    reply_to: str | None = None


class Mail(Entity, frozen=True):
    """A message in the queue; one that was sent says nothing any more."""

    id: bytes
    clinic_id: int
    recipient: str
    reply_to: str | None
    subject: str
    plain: str
    html: str
    state: str
    attempts: int
    next_at: int | None
    leased_until: int | None
    last_error: str | None
    created_at: int
    sent_at: int | None = None
