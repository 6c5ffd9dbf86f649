# SPDX-License-Identifier: Apache-2.0
"""`/console`: where people come in and are told what waits for them, and what is told where there is no page."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from polyvet.console.offers import PATH as OFFERS
from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.server import ago
from polyvet.console.visit import Visit
from polyvet.console.webhooks import called
from polyvet.core import health, offers, staff_access, webhooks
from polyvet.core.health import Neglected
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.model.hooks import Health, Webhook
from polyvet.model.offers import Told
from polyvet.model.paging import SOME
from polyvet.storage.health import FAILED_SINCE

# What one comes to each page of the menu for, by its path.
LEADS = {
    "apis": "Base URLs, curl lines that work as they stand, and a page to try requests on.",
    "applications": "Who asks your people for access by OAuth, and what they were allowed.",
    "audit": "Who saw and changed what, searched and exported.",
    "clinic": "Your clinic's name, time zone, e-mail and numbers.",
    "clinics": "All clinics of this server; add one.",
    "connections": "Show a client to another clinic, or see theirs.",
    "deliveries": "What was told to webhooks, when, and what they answered.",
    "fields": "Fields of your own on clients and patients.",
    "health": "The store's size, what waits, what failed, the last backup.",
    "keys": "Make a key, see when each was last used, revoke one at once.",
    "lists": "Species, breeds, diagnoses, insurers, and your own entries.",
    "privacy": "A copy of all that is held of a person, or taking them out.",
    "requests": "Each request of the last days, and why it was refused.",
    "settings": "What this server goes by, and which settings are not as they come.",
    "staff": "Who works here, with which role; invite somebody.",
    "webhooks": "Addresses that are told of changes, and their secrets.",
}
NAMED = 3  # webhooks that fail, and people whose invitation has run out; of more it is said how many they are


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for who is signed in, as far as their role may see it."""

    offers: list[Told] = []
    webhooks: list[tuple[Webhook, Health]] = []
    invited: list[User] = []
    server: Neglected | None = None
    unsendable: bool = False  # mails wait, and there is no server to send them by

    @property
    def any(self) -> bool:
        """Whether there is something."""
        neglected = self.server is not None and self.server.any
        return bool(self.offers or self.webhooks or self.invited or neglected or self.unsendable)


async def shown(visit: Visit) -> Response:
    """What waits and what can be done here, as far as the role goes."""
    return visit.page(
        "home.html", leads=LEADS, waiting=await _waiting(visit), some=SOME, named=NAMED, called=called,
        spelled=values.to_crockford, offers_path=OFFERS, ago=ago, days=FAILED_SINCE // values.DAY,
    )  # fmt: skip


async def _waiting(visit: Visit) -> Waiting:
    ctx, facts = visit.ctx, visit.shared.server
    server = await health.neglected(ctx) if visit.may("server:read") else None
    return Waiting(
        offers=await offers.unanswered(ctx) if visit.may(offers.PERMISSION) else [],
        webhooks=await webhooks.failing(ctx) if visit.may("webhooks:read") else [],
        invited=await staff_access.run_out(ctx) if visit.may(staff_access.PERMISSION) else [],
        server=server,
        unsendable=server is not None and server.mails > 0 and facts.delivers and not facts.sends_mail,
    )


async def missing(visit: Visit) -> Response:
    """There is no such page."""
    return visit.told(404, "There is no such page here. The menu shows what there is.")


ROWS = (Row("GET", "", SIGNED_IN, shown),)
