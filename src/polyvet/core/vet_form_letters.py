# SPDX-License-Identifier: Apache-2.0
"""The mails that tell of vet forms: copies of those that are complete, and reminders of those that are not."""

from __future__ import annotations

from collections.abc import Callable

from polyvet.core.letters import Letter
from polyvet.model.entities import Clinic
from polyvet.model.library import Content, NewMail

Link = Callable[[int], str | None]


def completed(clinic: Clinic, item: Content, recipient: str, text: str) -> NewMail:
    """A copy of a form: what was filled in, as text."""
    letter = Letter(f"{item.title} – {clinic.name}", (f"“{item.title}” was completed at {clinic.name}.", text))
    return letter.mail(clinic.id, recipient, clinic.email)


def unfinished(item: Content, recipient: str, link: str | None) -> NewMail:
    """A reminder to whoever began a form."""
    before = (
        f"“{item.title}” (number {item.number}) was begun and is not complete.",
        "Finish it under Vet forms in your account." if link is None else "Finish it here:",
    )
    return Letter(f"Not complete: {item.title}", before, link).mail(item.clinic_id, recipient, None)
