# SPDX-License-Identifier: Apache-2.0
"""`/console/deliveries`: what was and is to be sent to webhooks, and what became of it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.responses import Response

from polyvet.console.rows import DEVELOPERS, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.console.webhooks import called, named_number
from polyvet.core import audit, webhook_messages, webhooks
from polyvet.core.context import Writing
from polyvet.core.webhooks import DELIVERY, OVERLAP
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.errors import Invalid
from polyvet.model.hooks import Attempt, Delivery, Sought, Webhook
from polyvet.web import params
from polyvet.web.people import BEYOND, before_of

PATH = "/console/deliveries"
ATTEMPTS = 10  # on a delivery's page, as many as are made by themselves: each may show an answer of 2,000 characters
_ANY = ("", "Any")
STATES = {
    Sought.QUEUED: "Waiting to be sent",
    Sought.RETRIED: "Failed so far, trying again",
    Sought.DELIVERED: "Delivered",
    Sought.FAILED: "Given up",
}


class Sent(msgspec.Struct, frozen=True):
    """A message with the headers that it was sent with last, or would be now. `signed` says whether the signature can
    still be shown: one by a secret that is gone cannot."""

    headers: list[tuple[str, str]]
    body: str
    signed: bool


async def listed(visit: Visit) -> Response:
    """The latest deliveries, of a state and a webhook if these are named."""
    query = visit.query().values
    state = params.choice(query, "state", STATES)
    of = params.integer(query, "webhook", 0, low=0, high=BEYOND)
    before = params.integer(query, "before", BEYOND, low=1, high=BEYOND)
    found = await webhooks.latest_deliveries(
        visit.ctx, before, PAGE + 1, sought=None if state is None else Sought(state), of=of or None
    )
    hooks = [(str(hook.number), f"{hook.number}. {called(hook)}") for hook in await webhooks.of_clinic(visit.ctx)]
    chosen = {"state": state or "", "webhook": str(of) if of else ""}
    return visit.page(
        "deliveries.html", found=found[:PAGE], states=[_ANY, *STATES.items()], hooks=[_ANY, *hooks], chosen=chosen,
        query=urlencode({name: value for name, value in chosen.items() if value}), called=called,
        next=found[PAGE - 1][0].number if len(found) > PAGE else None, triggers=visit.shared.triggers,
        first=before == BEYOND, now=values.now(), most=visit.shared.server.delivery_attempts,
    )  # fmt: skip


async def one(visit: Visit) -> Response:
    """One delivery: the message, and each attempt."""
    found = await webhooks.get_delivery(visit.ctx, named_number(visit), visit.parameter("number"))
    return _one(visit, *found)


async def again(visit: Visit) -> Response:
    """Send it once more, at once."""
    ctx, number, text = visit.ctx, named_number(visit), visit.parameter("number")

    async def work(w: Writing) -> None:
        delivery, hook, _ = await webhooks.redeliver(w, number, text)
        audit.note(w, Action.SENT, DELIVERY, delivery.id, f"Delivery {number} to {called(hook)}, once more")

    try:
        await visit.write(work)
    except Invalid as error:
        found = await webhooks.get_delivery(ctx, number, text)
        return _one(visit, *found, 400, " ".join(error.problems.values()))
    return visit.moved(f"{PATH}/{number}", "again")


def _one(
    visit: Visit, delivery: Delivery, hook: Webhook, attempts: list[Attempt], status: int = 200,
    problem: str | None = None,
) -> Response:  # fmt: skip
    before = before_of(visit.request)
    newest_first = [one for one in reversed(attempts) if one.nth < before]
    return visit.page(
        "delivery.html", status, delivery=delivery, hook=hook, called=called(hook), attempts=newest_first[:ATTEMPTS],
        sent=_sent(delivery, hook, attempts), target=urlsplit(hook.target_url), problem=problem,
        triggers=visit.shared.triggers, now=values.now(), most=visit.shared.server.delivery_attempts,
        path=f"{PATH}/{delivery.number}",
        next=newest_first[ATTEMPTS - 1].nth if len(newest_first) > ATTEMPTS else None,
    )  # fmt: skip


def _sent(delivery: Delivery, hook: Webhook, attempts: list[Attempt]) -> Sent:
    """The message of the last attempt, or of one that would be made now."""
    at = attempts[-1].at if attempts else values.now()
    since = 0 if hook.previous_until is None else hook.previous_until - OVERLAP  # when the secret was made
    headers = webhook_messages.headers(hook, delivery, at)
    return Sent(headers, webhook_messages.body(hook, delivery).decode(), at >= since)


ROWS = (
    Row("GET", "deliveries", "webhooks:read", listed, "Deliveries", DEVELOPERS),
    Row("GET", "deliveries/{number}", "webhooks:read", one),
    Row("POST", "deliveries/{number}/again", "webhooks:write", again),
)
