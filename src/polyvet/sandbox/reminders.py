# SPDX-License-Identifier: Apache-2.0
"""What the practice's clients are going to be told, or were told lately: vaccinations that are due, and checks. Only of
the first patients; the same for the same seed and day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from polyvet.model.details import ReminderDetails
from polyvet.model.entities import Reminder, ReminderStatus
from polyvet.sandbox.clock import new_id
from polyvet.sandbox.stories import CHECKUP, VACCINATIONS

_BY_EMAIL = 1
_SHARE = 0.4  # of the patients
_BEFORE, _AFTER = 45, 90  # days around the demo's
_FAILED = 0.05
_NOTICE = (3, 7, 14)  # days before the day on which it is due
_TEXT = "Dear client, {what} of {name} is due on {day}. Please call us for an appointment."


class Pet(NamedTuple):
    """A patient at a clinic, its client's e-mail address, and when its row there was changed last."""

    clinic_id: int
    client_id: bytes
    patient_id: bytes
    name: str
    slug: str
    email: str
    updated_at: int


def due(seed: int, today: date, pets: Iterable[Pet]) -> Iterator[tuple[Reminder, ReminderDetails]]:
    """At most one reminder of each patient, as whoever changed the patient last would have left it; the numbers are the
    caller's to give."""
    rng = Random(f"reminders {seed}")
    for pet in pets:
        if rng.random() < _SHARE:
            yield _one(rng, today, pet)


def _one(rng: Random, today: date, pet: Pet) -> tuple[Reminder, ReminderDetails]:
    titles = [one.title for one in VACCINATIONS if pet.slug in one.slugs and not one.common]
    what = rng.choice(titles) if titles and rng.random() < 0.7 else CHECKUP.title
    notice = rng.choice(_NOTICE)
    planned = today + timedelta(days=rng.randrange(-_BEFORE, _AFTER))
    expires = (planned + timedelta(days=notice)).isoformat()
    status = ReminderStatus.CREATED
    if planned < today:
        status = ReminderStatus.FAILED if rng.random() < _FAILED else ReminderStatus.SENT
    reminder = Reminder(
        new_id(pet.updated_at, rng), pet.clinic_id, 0, pet.client_id, pet.patient_id, None, planned.isoformat(),
        int(status), _BY_EMAIL, pet.updated_at, pet.updated_at,
    )  # fmt: skip
    return reminder, ReminderDetails(
        email_address=pet.email, email_subject=f"{what}: {pet.name}",
        email_text=_TEXT.format(what=what, name=pet.name, day=expires), send_before=notice, expires_on=expires,
    )  # fmt: skip
