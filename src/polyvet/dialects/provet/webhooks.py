# SPDX-License-Identifier: Apache-2.0
"""`hook/webhook/`: who is told of changes [oas]. A hook has a target, a trigger, a content type, and may have a name, a
department and a switch [docs]; but for `trigger` and `content_type` the names of the keys are [inferred].

`url` is the hook's own address, as everywhere, so the target is `target_url`; a `url` that is not the hook's own is
read as the target. The secret, which the vendor does not know, is told once: by the answer that makes it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from polyvet.core import webhooks
from polyvet.core.addresses import CLOSED, Addresses, read_target
from polyvet.core.context import Writing
from polyvet.core.webhooks import LONGEST_NAME, LONGEST_URL
from polyvet.dialects.provet import bodies, times, triggers
from polyvet.dialects.provet.bodies import Fields, Reading, applied, changes, read_document, read_object, renamed
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import FieldErrors, Listed, Urls, encode
from polyvet.model.hooks import ContentType, Webhook
from polyvet.storage.writing import Touching
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

HOOK = "hook/webhook"
FILTERS = Declared(
    paths={
        "id": "number", "name": "name", "target_url": "target_url", "trigger": "trigger",
        "content_type": "content_type", "department": "department", "active": "active", "created": "created_at",
        "modified": "updated_at",
    },
    kinds=webhooks.KINDS,
)  # fmt: skip


def _target(raw: Any, reading: Reading) -> str:
    return read_target(bodies.name(LONGEST_URL)(raw, reading))


FIELDS: Fields = {
    "target_url": ("target_url", _target),
    "trigger": ("trigger", bodies.integer(triggers.FIRST, triggers.LAST)),
    "content_type": ("content_type", bodies.integer(ContentType.FORM, ContentType.JSON)),
    "name": ("name", bodies.text(LONGEST_NAME)),
    "department": ("department", bodies.relation("department")),
    "active": ("active", bodies.truth),
}
REQUIRED = ("target_url", "trigger")
_NEW = Webhook(b"", 0, 0, "", "", 0, ContentType.FORM, None, True, "", None, None, 0, 0, 0)


class HookOut(msgspec.Struct):
    """A hook."""

    id: int
    url: str
    name: str
    target_url: str
    trigger: int
    content_type: int
    department: str | None
    active: bool
    created: str
    modified: str


class HookWithSecret(HookOut):
    """A hook, and the secret that its deliveries are signed with [ours]."""

    secret: str


class Webhooks:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._addresses = Addresses(asking.options.webhook_networks)

    async def list_hooks(self, request: Request) -> Reply:
        """The clinic's hooks, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(webhooks.list_webhooks)
        return asked.reply(page, [hook_out(one, asked.urls, asked.zone) for one in page.items])

    async def get_hook(self, request: Request) -> Reply:
        """One hook."""
        found = await webhooks.get(request.context, *named(request, HOOK))
        return Reply(200, encode(await self._out(request, found)))

    async def create_hook(self, request: Request) -> Reply:
        """201 with the hook and its secret; it is sent forms when the content type is not said [inferred]."""
        body, document = await read_document(request)
        changed = await self._changes(request, document, None, REQUIRED)

        async def work(w: Writing) -> Reply:
            made = await webhooks.create(w, applied(_NEW, changed))
            return Reply(201, encode(await self._with_secret(request, made)))

        with renamed(FIELDS):
            return await write(request, body, Touching(clinics=(request.context.clinic_id,)), work)

    async def change_hook(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, shown = named(request, HOOK)
        body, document = await read_document(request)
        changed = await self._changes(request, document, number)

        async def work(w: Writing) -> Reply:
            saved = await webhooks.save(w, number, shown, lambda old: applied(old, changed))
            return Reply(200, encode(await self._out(request, saved)))

        with renamed(FIELDS):
            return await write(request, body, Touching(clinics=(request.context.clinic_id,)), work)

    async def rotate(self, request: Request) -> Reply:
        """A new secret [ours]; the old one signs beside it for a day."""
        number, shown = named(request, HOOK)
        body = await request.body()

        async def work(w: Writing) -> Reply:
            return Reply(200, encode(await self._with_secret(request, await webhooks.rotate(w, number, shown))))

        return await write(request, body, Touching(clinics=(request.context.clinic_id,)), work)

    async def delete_hook(self, request: Request) -> Reply:
        """204; its deliveries go with it."""
        number, shown = named(request, HOOK)

        async def work(w: Writing) -> Reply:
            await webhooks.delete(w, number, shown)
            return Reply(204, b"")

        return await write(request, b"", await webhooks.touching(request.context, number), work)

    async def _changes(
        self, request: Request, document: Any, number: int | None, required: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        given = read_object(document)
        if "url" in given and "target_url" not in given and not _own(self._asking.urls(request), given["url"], number):
            given = {**given, "target_url": given["url"]}
        changed = changes(given, FIELDS, await self._asking.reading(request), required)
        target = changed.get("target_url")
        if target is not None and self._addresses.refuse(urlsplit(target).hostname or ""):
            raise FieldErrors({"target_url": [CLOSED]})
        return changed

    async def _out(self, request: Request, hook: Webhook) -> HookOut:
        return hook_out(hook, self._asking.urls(request), await self._asking.zone(request))

    async def _with_secret(self, request: Request, hook: Webhook) -> HookWithSecret:
        return HookWithSecret(**msgspec.structs.asdict(await self._out(request, hook)), secret=hook.secret)


def _own(urls: Urls, url: Any, number: int | None) -> bool:
    """Whether a URL is the hook's own address, which a hook that was read and sent back holds."""
    try:
        return number is not None and urls.number(HOOK, url) == number
    except ValueError:
        return False


def hook_out(hook: Webhook, urls: Urls, zone: str) -> HookOut:
    """A hook on the wire."""
    return HookOut(
        hook.number, urls.of(HOOK, hook.number), hook.name, hook.target_url, hook.trigger, hook.content_type,
        urls.maybe("department", hook.department), hook.active, times.to_text(hook.created_at, zone),
        times.to_text(hook.updated_at, zone),
    )  # fmt: skip


HooksAnswer = Listed[HookOut]
