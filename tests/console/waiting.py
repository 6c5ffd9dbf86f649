# SPDX-License-Identifier: Apache-2.0
"""What can wait for somebody on the first page of the console: deliveries, offers, mails, invitations, a backup."""

from __future__ import annotations

from typing import Any

from polyvet.core.staff_access import LINK_DAYS
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.hooks import ContentType, Delivery, DeliveryState, Webhook
from polyvet.model.library import NewMail
from polyvet.model.offers import Offer, OfferState
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import client_files, deeds, deliveries, mails, numbers, offers, webhooks
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.console.people import Colleague
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN
from tests.dialects.provet.signing_in import beside, later

HOUR = 3600 * values.MICROSECONDS
REFUSED = "answered 500; only 200 counts"


def hooked(practice: Practice, name: str, *made: dict[str, Any], active: bool = True) -> int:
    """Add a webhook of the main clinic, with deliveries: queued ones that are due an hour from now, where nothing else
    is said of one. Gives its number."""

    async def work(tx: Tx) -> int:
        at = tx.stamp(MAIN_CLINIC)
        nth = await numbers.take(tx, MAIN_CLINIC, "webhook")
        hook = Webhook(
            values.new_id(), MAIN_CLINIC, nth, name, "https://lab.example/in", 1, ContentType.JSON, None, active,
            "whsec_c2VjcmV0", None, None, 1, at, at,
        )  # fmt: skip
        webhooks.insert(tx, hook)
        first = await numbers.take(tx, MAIN_CLINIC, "delivery", len(made)) if made else 0
        for number, one in enumerate(made, first):
            given: dict[str, Any] = {
                "state": str(DeliveryState.QUEUED), "next_at": at + HOUR, "at": at, "ping": False, "error": None,
            } | one  # fmt: skip
            seq = -number if given["ping"] else number
            deliveries.insert(tx, Delivery(
                values.new_id(given["at"]), MAIN_CLINIC, number, hook.id, seq, "client_id", "1", given["state"],
                int(given["error"] is not None), given["next_at"], None, None, given["error"], given["at"], given["at"],
            ))  # fmt: skip
        return nth

    return practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), work))


def retried(ago: int = 0) -> dict[str, Any]:
    """A delivery that failed so long ago and is tried again."""
    return {"error": REFUSED, "at": values.now() - ago}


def given_up(ago: int = 0, **more: Any) -> dict[str, Any]:
    """One that was given up."""
    return {"state": str(DeliveryState.FAILED), "next_at": None, "error": REFUSED, "at": values.now() - ago, **more}


def delivered(ago: int = 0) -> dict[str, Any]:
    """One that got through."""
    return {"state": str(DeliveryState.DELIVERED), "next_at": None, "at": values.now() - ago}


def offered(practice: Practice, count: int = 1, client: int = JOHN) -> list[str]:
    """The second clinic is offered a client of the main one, so many times; gives the offers' ids, the first first."""

    async def work(store: Store) -> list[str]:
        ident = await client_files.id_of(store.reader, MAIN_CLINIC, client)
        assert ident is not None
        at = values.now()
        found = [
            Offer(values.new_id(at + n), MAIN_CLINIC, SECOND_CLINIC, ident, "", OfferState.OFFERED, at, at)
            for n in range(count)
        ]

        async def job(tx: Tx) -> None:
            for one in found:
                offers.add(tx, one)

        await store.write(Touching(), job)
        return [values.to_crockford(one.id) for one in found]

    return practice.run(work)


def invited(practice: Practice, owner: Colleague, *names: str) -> None:
    """Somebody is invited, and their links run out."""
    for name in names:
        email = f"{name.replace(' ', '.').lower()}@harbour-street.example"
        assert owner.post("staff/invite", {"name": name, "email": email, "role": str(Role.VET)}).status_code == 200
    later(practice, "password_links", LINK_DAYS)


def mailed(practice: Practice, count: int = 1, ago: int = 0) -> None:
    """So many mails wait, and were due so long ago."""

    async def work(tx: Tx) -> None:
        for _ in range(count):
            mails.add(tx, NewMail(clinic_id=MAIN_CLINIC, recipient="x@y.example", subject="x", plain="x", html=""))

    practice.run(lambda store: store.write(Touching(), work))
    beside(practice, f"UPDATE mails SET next_at = next_at - {ago} WHERE next_at IS NOT NULL")  # noqa: S608


def backed_up(practice: Practice, ago: int = 0) -> None:
    """A backup was made so long ago."""
    practice.run(lambda store: deeds.done(store, deeds.BACKUP, "today.polyvet"))
    beside(practice, f"UPDATE deeds SET at = at - {ago}")  # noqa: S608
