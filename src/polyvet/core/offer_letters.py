# SPDX-License-Identifier: Apache-2.0
"""The mails that tell clinics' owners of offers. They name the other clinic and nobody else: who the client is stands
behind the link, for who signs in."""

from __future__ import annotations

from polyvet.core.letters import Letter
from polyvet.model.entities import Clinic
from polyvet.model.offers import OfferState

MOST_A_DAY = 3  # from one clinic to another


def offered(to: Clinic, by: Clinic, link: str) -> Letter:
    """To the owners of the clinic to which a client is offered."""
    before = (f"Hello {to.name},", f"{by.name} offers to let you see one of its clients. Answer here:")
    after = (
        "Before you accept you see the client's name and the names of the patients, and nothing else.",
        f"You are sent {MOST_A_DAY} such mails a day from one clinic at the most. All that was offered to you stands "
        "under Connections.",
    )
    return Letter(f"{by.name} offers you a client", before, link, after)


def answered(to: Clinic, by: Clinic, state: OfferState, link: str) -> Letter:
    """To the owners of the clinic that offered a client, once the other one has accepted or declined."""
    says = {
        OfferState.ACCEPTED: "From now on it sees the client and their patients. You can end that here:",
        OfferState.DECLINED: "It sees nothing of the client. Which one it was you see here:",
    }
    before = (f"Hello {to.name},", f"{by.name} has {state} a client whom you offered. {says[state]}")
    return Letter(f"{by.name} has {state} a client", before, link)
