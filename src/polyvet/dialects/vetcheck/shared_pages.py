# SPDX-License-Identifier: Apache-2.0
"""`/s/<token>`: what an owner opens from a shared link, on a phone as a rule. No page of these runs anything.

The token in the address is all the authority that there is: nobody is signed in and no cookie is read, so a request
that another site forged would need the token, and whoever has that may do all of this anyway. So the form carries
nothing against forgeries.

A link that has expired, was revoked or never was is answered alike.
"""

from __future__ import annotations

import re
from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from polyvet.core import filling, shares
from polyvet.core.controls import BODY_BYTES, MOST_SENT, FormField
from polyvet.core.letters import day, written_out
from polyvet.core.prefill import EMAIL
from polyvet.core.shares import Opened
from polyvet.dialects.vetcheck.people import Shared, Table, told
from polyvet.identity.attempts import sender
from polyvet.model import values
from polyvet.model.errors import AlreadySubmitted, Missing
from polyvet.model.library import ContentKind
from polyvet.web import icalendar, pages
from polyvet.web.forms import Fields, of_form
from polyvet.web.message import Request
from polyvet.web.people import moved
from polyvet.web.slots import digest

APPOINTMENT_MINUTES = 30
# What is sent in a minute. One address may be that of many owners: of a phone network's proxy.
OF_A_SHARE, FROM_ONE_ADDRESS = 30, 120
RECEIPTS = 5  # a minute to one e-mail, through whatever open links: anybody may name anybody's
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_GONE = "This link leads nowhere. It may have expired, or a part of it is missing. Ask the clinic for a new one."


def table(shared: Shared) -> Table:
    """The paths."""
    found = SharedPages(shared)
    return {
        "s/{token}": {"GET": found.opened, "POST": found.answered},
        "s/{token}/appointment.ics": {"GET": found.appointment},
    }


class SharedPages:
    """The pages of all links."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def opened(self, request: Request) -> Response:
        """What the link leads to: something to read, a form, or what was filled in. Writes nothing."""
        found = await self._find(request)
        if found is None:
            return _gone()
        if found.content.kind != ContentKind.FORM:
            return _page("share.html", 200, self._common(request, found), content=found.content.html)
        submission = found.submission
        if submission is not None and submission.submitted_at is not None:
            sent = written_out(submission.submitted_at, found.clinic.timezone)
            return _page("sent.html", 200, self._common(request, found), content=submission.shown, sent=sent)
        if submission is not None:
            answers = submission.answers
        else:
            answers = await to_thread(filling.begun, found.content.html, found.share.prefill)
        return await self._form(request, found, answers, {}, None)

    async def answered(self, request: Request) -> Response:
        """The form, to be saved or sent."""
        found = await self._find(request)
        if found is None:
            return _gone()
        self._count(request, found)
        if found.content.kind != ContentKind.FORM:
            response = told(405, "This is to be read. Nothing can be sent here.")
            response.headers["allow"] = "GET, HEAD"
            return response
        request.body_limit = BODY_BYTES
        fields = await of_form(request, most=MOST_SENT)
        own = _own(fields) if found.share.open else None
        save = fields.get("decision") == "save"
        read = filling.typed if save else filling.checked
        answers, problems = await to_thread(read, found.content.html, fields.values)
        if problems and not found.submitted:
            return await self._form(request, found, answers, problems, own)
        self._count_receipt(found, {} if save else answers)
        try:
            token = await self._keep(request, found, answers, own, save=save)
        except AlreadySubmitted:
            token = own or found.token  # where it says so, and shows what was sent
        except Missing:
            return _gone()
        return moved(request, f"/s/{token}")

    async def appointment(self, request: Request) -> Response:
        """The next appointment, for a calendar. It names no link: calendars are shown around."""
        found = await self._find(request)
        starts = None if found is None else found.share.next_appointment
        if found is None or starts is None:
            return _gone()
        share, clinic = found.share, found.clinic
        summary = f"{share.name}: {clinic.name}" if share.name else f"Appointment: {clinic.name}"
        body = icalendar.event(
            f"share-{share.id.hex()}@polyvet", share.created_at, starts, APPOINTMENT_MINUTES,
            summary, clinic.name,
        )  # fmt: skip
        headers = {**pages.private("'none'"), "content-disposition": 'attachment; filename="appointment.ics"'}
        return _unseen(Response(body, 200, headers, icalendar.MEDIA_TYPE))

    async def _find(self, request: Request) -> Opened | None:
        token = request.parameters["token"]
        return await shares.opened(self._shared.store, token) if _TOKEN.fullmatch(token) else None

    def _count(self, request: Request, found: Opened) -> None:
        """Count what is sent through a link. LimitReached when it is too much."""
        address = (request.scope.get("client") or ("",))[0]
        self._shared.attempts.take(digest(b"address", b"share", sender(address)), FROM_ONE_ADDRESS)
        self._shared.attempts.take(digest(b"share", found.share.id), OF_A_SHARE)

    def _count_receipt(self, found: Opened, answers: Mapping[str, str]) -> None:
        """Count a mail that goes to whom the answers name. LimitReached when it is too much."""
        named = found.share.open or found.share.parent_id is not None
        email = answers.get(EMAIL, "").strip().lower()
        if named and email and not found.submitted:
            self._shared.attempts.take(digest(b"receipt", email.encode()), RECEIPTS)

    async def _keep(
        self, request: Request, found: Opened, answers: dict[str, str], own: str | None, *, save: bool
    ) -> str:
        """Save or send what was filled in; gives the token of the link under which it stands."""
        store, days = self._shared.store, self._shared.options.share_days

        def link(token: str) -> str:
            return self._link(request, token)

        if save:
            return await shares.save_draft(store, found, answers, days, own)
        html = found.content.html
        shown, text = await to_thread(_written, html, answers)
        return await shares.submit(store, found, answers, shown, text, link, days, own)

    async def _form(
        self, request: Request, found: Opened, answers: Mapping[str, str], problems: Mapping[str, str], own: str | None
    ) -> Response:
        """The form with what is in it. Who opens an open link gets a token of their own along with it."""
        html, submission = found.content.html, found.submission
        content, fields = await to_thread(_drawn, html, answers, problems)
        return _page(
            "form.html",
            422 if problems else 200,
            self._common(request, found),
            content=content,
            fields=fields,
            problems=problems,
            own=(own or shares.own_token()) if found.share.open else None,
            saved=None if submission is None else written_out(submission.saved_at, found.clinic.timezone),
            own_link=self._link(request, found.token) if found.share.parent_id is not None else None,
        )

    def _common(self, request: Request, found: Opened) -> dict[str, Any]:
        """What all pages of a link show."""
        share, zone = found.share, found.clinic.timezone
        at = share.next_appointment
        return {
            "clinic": found.clinic.name,
            "pet": share.name,
            "title": found.content.title,
            "headed": pages.is_headed(found.content.html),
            "comments": share.comments,
            "instructions": share.special_instructions,
            "appointment": None if at is None else written_out(at, zone),
            "appointment_at": None if at is None else values.to_milliseconds_text(at),
            "coming": at is not None and at > values.now(),
            "until": day(share.expires_at, zone),
            "path": f"{request.scope.get('root_path', '')}/s/{found.token}",
        }

    def _link(self, request: Request, token: str) -> str:
        return f"{self._shared.origin(request)}/s/{token}"


def _own(fields: Fields) -> str | None:
    """The token that came with the form; one that is none is as good as none."""
    own = fields.get("own")
    return own if own is not None and _TOKEN.fullmatch(own) else None


# What reads a form's html can take a tenth of a second: these two run in a thread.
def _drawn(html: str, answers: Mapping[str, str], problems: Mapping[str, str]) -> tuple[str, list[FormField]]:
    return filling.filled(html, answers, problems), filling.fields(html)


def _written(html: str, answers: Mapping[str, str]) -> tuple[str, str]:
    return filling.shown(html, answers), filling.as_text(html, answers)


def _page(name: str, status: int, common: Mapping[str, Any], **more: Any) -> Response:
    form_action = "'self'" if name == "form.html" else "'none'"
    return _unseen(pages.page(name, status, form_action, "reading", pages.OF_CONTENT, **common, **more))


def _unseen(response: Response) -> Response:
    """Kept out of search engines."""
    response.headers["x-robots-tag"] = "noindex"
    return response


def _gone() -> Response:
    """The answer to every link that does not stand."""
    return _unseen(told(404, _GONE, "This link does not work"))
