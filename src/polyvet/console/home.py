# SPDX-License-Identifier: Apache-2.0
"""`/console`: where people come in, and what is told where there is no page."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.visit import Visit

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


async def shown(visit: Visit) -> Response:
    """What can be done here, as far as the role goes."""
    return visit.page("home.html", leads=LEADS)


async def missing(visit: Visit) -> Response:
    """There is no such page."""
    return visit.told(404, "There is no such page here. The menu shows what there is.")


ROWS = (Row("GET", "", SIGNED_IN, shown),)
