# SPDX-License-Identifier: Apache-2.0
"""The demo's own receiver of webhooks: takes what is posted to `/demo/webhooks/<name>`, and shows the last of it.

What came is kept in this process's memory: a demo is served by one.
"""

from __future__ import annotations

from collections import deque

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from polyvet.model import values
from polyvet.storage import access, webhooks
from polyvet.storage.store import Store
from polyvet.web.pages import template
from polyvet.web.site import SAFE

PATH = "/demo/webhooks"
KEPT = 50
MOST_BYTES = 64 << 10
_MOST_HEADERS = 40
_SHOWN = 4_000  # characters of a body, and of a header a tenth
_HIDDEN = ("authorization", "cookie", "proxy-authorization")


class Message(msgspec.Struct, frozen=True):
    """A request that came in, as it is shown. `signed` is None where it has no signature."""

    at: str
    name: str
    headers: list[tuple[str, str]]
    body: str
    signed: bool | None


class Received:
    """The last messages, the newest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._messages: deque[Message] = deque(maxlen=KEPT)

    def routes(self) -> list[Route]:
        """The page, and where to post to."""
        return [Route(PATH, self.show), Route(PATH + "/{name}", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """200 for whatever comes; 413 for too much of it."""
        body = b""
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    return Response(status_code=413)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody hears
        name = request.path_params["name"][:_MOST_HEADERS]
        headers = [(key, value[: _SHOWN // 10]) for key, value in request.headers.items() if key not in _HIDDEN]
        at = values.to_milliseconds_text(values.now())
        signed = await self._signed(request, body)
        text = body.decode("utf-8", "replace")[:_SHOWN]
        self._messages.appendleft(Message(at, name, headers[:_MOST_HEADERS], text, signed))
        return Response("received\n", media_type="text/plain")

    async def show(self, request: Request) -> Response:
        """The page."""
        base = str(request.base_url).rstrip("/")
        page = template("received.html").render(messages=self._messages, url=f"{base}{PATH}", kept=KEPT)
        return Response(page, media_type="text/html", headers=SAFE)

    async def _signed(self, request: Request, body: bytes) -> bool | None:
        """Whether one of the server's webhooks has signed the message, as a receiver finds out that has its secret. The
        demo has few clinics, and whoever makes a webhook chooses the name that it posts to."""
        from standardwebhooks import Webhook, WebhookVerificationError

        if "webhook-signature" not in request.headers:
            return None
        reader = self._store.reader
        for clinic in await access.list_clinics(reader):
            for hook in await webhooks.of_clinic(reader, clinic.id):
                try:
                    Webhook(hook.secret).verify(body, dict(request.headers), json_parse=False)
                except (WebhookVerificationError, ValueError):  # the second is a header or a body that is no text
                    continue
                return True
        return False
