# SPDX-License-Identifier: Apache-2.0
"""`hook/queue/`: what was and is to be sent to hooks, for reading [docs, oas]; the names of the keys are [inferred]."""

from __future__ import annotations

import msgspec

from polyvet.core import webhooks
from polyvet.core.context import Writing
from polyvet.dialects.provet import times
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.webhooks import HOOK
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.hooks import Attempt, Delivery, DeliveryState, Webhook, written
from polyvet.storage.writing import Touching
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

QUEUE = "hook/queue"
FILTERS = Declared(
    paths={
        "id": "number", "webhook": "webhook.number", "trigger": "trigger", "status": "state", "state": "state",
        "attempts": "attempts", "created": "created_at", "modified": "updated_at",
    },
    kinds=webhooks.DELIVERY_KINDS,
)  # fmt: skip


class DeliveryOut(msgspec.Struct):
    """A delivery: `queued`, `delivered` or `failed`. `body` is as it is sent, `last_status` the receiver's answer."""

    id: int
    url: str
    webhook: str
    trigger: int
    body: str
    status: str
    attempts: int
    next_attempt: str | None
    last_status: int | None
    last_error: str | None
    created: str
    modified: str


class AttemptOut(msgspec.Struct):
    """One try."""

    number: int
    timestamp: str
    milliseconds: int
    status: int | None
    error: str | None


class DeliveryDetail(DeliveryOut):
    """A delivery with the log of its attempts."""

    log: list[AttemptOut]


class Queue:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_queue(self, request: Request) -> Reply:
        """Deliveries of the last 30 days, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(webhooks.list_deliveries)
        return asked.reply(page, [delivery_out(*one, asked.urls, asked.zone) for one in page.items])

    async def get_delivery(self, request: Request) -> Reply:
        """One delivery and its attempts."""
        found = await webhooks.get_delivery(request.context, *named(request, QUEUE))
        return Reply(200, encode(await self._detail(request, *found)))

    async def redeliver(self, request: Request) -> Reply:
        """Send it once more, at once [ours]."""
        number, shown = named(request, QUEUE)
        body = await request.body()

        async def work(w: Writing) -> Reply:
            return Reply(200, encode(await self._detail(request, *await webhooks.redeliver(w, number, shown))))

        return await write(request, body, Touching(clinics=(request.context.clinic_id,)), work)

    async def _detail(
        self, request: Request, delivery: Delivery, hook: Webhook, attempts: list[Attempt]
    ) -> DeliveryDetail:
        zone = await self._asking.zone(request)
        log = [AttemptOut(one.nth, times.to_text(one.at, zone), one.took_ms, one.status, one.error) for one in attempts]
        shown = delivery_out(delivery, hook, self._asking.urls(request), zone)
        return DeliveryDetail(**msgspec.structs.asdict(shown), log=log)


def delivery_out(delivery: Delivery, hook: Webhook, urls: Urls, zone: str) -> DeliveryOut:
    """A delivery on the wire."""
    due = delivery.next_at if delivery.state == DeliveryState.QUEUED else None
    return DeliveryOut(
        delivery.number, urls.of(QUEUE, delivery.number), urls.of(HOOK, hook.number), hook.trigger,
        written(hook.content_type, delivery.parameter, delivery.value).decode(), delivery.state, delivery.attempts,
        times.maybe(due, zone), delivery.last_status, delivery.last_error, times.to_text(delivery.created_at, zone),
        times.to_text(delivery.updated_at, zone),
    )  # fmt: skip


QueueAnswer = Listed[DeliveryOut]
