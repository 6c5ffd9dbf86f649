# SPDX-License-Identifier: Apache-2.0
"""The mails that bring somebody who works at a clinic a link by which to choose a password."""

from __future__ import annotations

from polyvet.core.letters import Letter, day
from polyvet.model.entities import Clinic, User

_KEEP = "Whoever has it can sign in as you, so keep it to yourself."


def invitation(clinic: Clinic, user: User, link: str, until: int) -> Letter:
    """To somebody who is invited."""
    before = (
        f"Hello {user.name},",
        f"{clinic.name} lets you into its practice's record. Choose a password here, and you are in:",
    )
    return Letter(f"Your account at {clinic.name}", before, link, (_until(clinic, until),))


def new_password(clinic: Clinic, user: User, link: str, until: int) -> Letter:
    """To somebody who is to choose another password."""
    before = (f"Hello {user.name},", f"{clinic.name} sends you this link to choose a new password:")
    after = "Until you use it, your password stays as it is."
    return Letter(f"A new password for {clinic.name}", before, link, (_until(clinic, until), after))


def _until(clinic: Clinic, until: int) -> str:
    return f"The link works once, until {day(until, clinic.timezone)}. {_KEEP}"
