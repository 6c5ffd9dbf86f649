# SPDX-License-Identifier: Apache-2.0
"""The demo's outbox: takes the mails that another server would send, and shows the last of them. Nobody is written to.

They are kept in this process's memory: a demo is served by one.
"""

from __future__ import annotations

import re
from collections import deque

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from polyvet.model import values
from polyvet.model.mails import Ending, Outcome, Outgoing
from polyvet.web.pages import template
from polyvet.web.site import SAFE

PATH = "/demo/mail"
KEPT = 50
_URL = re.compile(r"https?://[^\s<>\"']+")
_AFTER = ".,;:!?)]"  # ends a sentence rather than a URL

Pieces = list[tuple[str, bool]]


class Posted(msgspec.Struct, frozen=True):
    """A mail as it is shown."""

    at: str
    letter: Outgoing


class DemoOutbox:
    """The last mails, the newest first."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        """`urls` are where this server is reached, as far as it knows: links to it can be followed."""
        self._urls = urls
        self._posted: deque[Posted] = deque(maxlen=KEPT)

    async def send(self, letter: Outgoing) -> Outcome:
        """Keep it, which never fails."""
        self._posted.appendleft(Posted(values.to_milliseconds_text(values.now()), letter))
        return Outcome(Ending.SENT)

    async def pause(self) -> None:
        """There is no connection to let go of."""

    def routes(self) -> list[Route]:
        """The page."""
        return [Route(PATH, self.show)]

    async def show(self, request: Request) -> Response:
        """The page."""
        ours = (*self._urls, str(request.base_url).rstrip("/"))
        shown = [(one.at, one.letter, pieces(one.letter.mail.plain, ours)) for one in self._posted]
        page = template("outbox.html").render(mails=shown, kept=KEPT)
        return Response(page, media_type="text/html", headers={**SAFE, "cache-control": "no-store"})


def pieces(text: str, ours: tuple[str, ...]) -> Pieces:
    """The text in pieces, and of each whether it is a URL of one of our servers."""
    found: Pieces = []
    end = 0
    for match in _URL.finditer(text):
        url = match[0].rstrip(_AFTER)
        if any(_is_below(url, one) for one in ours):
            found += [(text[end : match.start()], False), (url, True)]
            end = match.start() + len(url)
    return [piece for piece in [*found, (text[end:], False)] if piece[0]]


def _is_below(url: str, server: str) -> bool:
    """Not merely a URL that starts alike, such as another host's whose name is longer."""
    return url.startswith(server) and url[len(server) : len(server) + 1] in ("", "/", "?", "#")
