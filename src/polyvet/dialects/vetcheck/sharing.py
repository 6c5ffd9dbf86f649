# SPDX-License-Identifier: Apache-2.0
"""`POST /{handouts|forms|programs}/{id}/share`: a link to content, for a pet's owner.

The five fields are [seed], and none is marked as required; so a share may be bare, and is then the page's "Generate
Link": a link for everybody, each of whom fills in a form of their own [inferred]. With an e-mail the link is mailed.
A form's pre-fill variables may stand beside them [inferred: the page names them where it tells of this request], and
so may `patient`, which is ours: a patient of the record, by any id under which this server shows it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from polyvet.core import shares
from polyvet.core.context import Writing
from polyvet.core.prefill import NAMES
from polyvet.core.shares import LONGEST_NAME, NewShare
from polyvet.dialects.vetcheck import wire
from polyvet.dialects.vetcheck.content import named
from polyvet.dialects.vetcheck.patient_ids import patient_named
from polyvet.dialects.vetcheck.wire import SHARES_PER_MINUTE, Options
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.library import ContentKind
from polyvet.web import params
from polyvet.web.idempotency import write_secret
from polyvet.web.message import Reply, Request
from polyvet.web.origin import origin
from polyvet.web.rolling import Rolling
from polyvet.web.routes import Handler
from polyvet.web.slots import digest

LONGEST_TEXT = 5_000
LONGEST_PREFILL = 500
_LATEST_SECOND = 7_258_118_400  # 2200, as for texts


def _schema(longest: int, description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description, extra_json_schema={"maxLength": longest})


class ShareOut(msgspec.Struct):
    """What a share gives back: the page calls it `sharelink` [seed]; that it stands in an object is [inferred]."""

    sharelink: str


class Said(msgspec.Struct):
    """What is said of a share, but for a form's fields."""

    name: Annotated[str | None, _schema(LONGEST_NAME, "The name of the pet [seed].")] = None
    email: Annotated[str | None, _schema(values.LONGEST_EMAIL, "Where the link is mailed; without it, it is open.")] = (
        None
    )
    comments: Annotated[str | None, _schema(LONGEST_TEXT, "Additional comments [seed].")] = None
    special_instructions: Annotated[str | None, _schema(LONGEST_TEXT, "Special instructions [seed].")] = None
    next_appointment: Annotated[
        str | int | None,
        msgspec.Meta(description="ISO 8601, in UTC [seed] where it has no offset; or seconds since 1970 [inferred]."),
    ] = None
    patient: Annotated[
        str | int | None,
        msgspec.Meta(description="A patient of the record, by any id that this server shows of it [ours]."),
    ] = None


_PREFILL = Annotated[str | None, _schema(LONGEST_PREFILL, "What the form's field of this name starts with.")]
ShareIn: Any = msgspec.defstruct("ShareIn", [(name, _PREFILL, None) for name in NAMES], bases=(Said,))


def sharing(kind: ContentKind, options: Options, rolling: Rolling | None) -> Handler:
    """The handler that shares one; `rolling` counts shares, None for not at all."""

    async def share_content(request: Request) -> Reply:
        touching = shares.sharing(request.context)
        number, shown = named(request)
        body = await request.body()
        new = read(body)
        room = _Room(request, rolling)

        def link(token: str) -> str:
            return f"{origin(request, options.public_url)}/s/{token}"

        def answer(token: str) -> bytes:
            return wire.encode(ShareOut(link(token)))

        async def work(w: Writing) -> tuple[Reply, bytes]:
            wanted = await shares.wanted(w, kind, number, shown, new)
            room.take()
            share, token = await shares.add(w, wanted, link, options.share_days)
            return Reply(200, answer(token)), share.id

        async def again(w: Writing, share_id: bytes) -> bytes:
            return answer(await shares.link_again(w, share_id))

        return await write_secret(request, body, touching, work, again)

    return share_content


class _Room:
    """A request's place among the user's five a minute. It is taken once, however often the store tries the work; only
    what would be done takes one, so neither a mistake nor a retry under an idempotency key does."""

    def __init__(self, request: Request, rolling: Rolling | None) -> None:
        caller = request.context.caller
        self._key = digest(caller.user_id or caller.key_id, b"share")
        self._rolling = rolling

    def take(self) -> None:
        """LimitReached if there is none."""
        if self._rolling is not None:
            self._rolling.take(self._key, SHARES_PER_MINUTE)
            self._rolling = None


def read(body: bytes) -> NewShare:
    """What a body says, whatever content type it was sent as, like this vendor's other bodies [inferred]; no body says
    nothing. Invalid names the fields that do not hold."""
    said = params.read_fields(params.read_json(body) if body.strip() else {}, ShareIn, _RULES)
    prefill = {name: _given(getattr(said, name)) for name in NAMES}
    return NewShare(
        name=_given(said.name),
        email=_given(said.email),
        comments=_given(said.comments),
        special_instructions=_given(said.special_instructions),
        next_appointment=_instant(said.next_appointment),
        patient=patient_named(said.patient),
        patient_shown=str(said.patient),
        prefill={name: value for name, value in prefill.items() if value is not None},
    )


def _given(value: str | None) -> str | None:
    """A text without the blanks around it; a blank one says nothing."""
    return None if value is None else value.strip() or None


def _instant(value: str | int | None) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return params.read_instant(value.strip(), "next_appointment")[0]
    if not 0 <= value < _LATEST_SECOND:
        raise Invalid({"next_appointment": "must be in seconds since 1970, before the year 2200"})
    return value * values.MICROSECONDS


def _bounded(longest: int) -> Any:
    def rule(value: str | None) -> str | None:
        too_long = value is not None and len(value.strip()) > longest
        return f"must not be longer than {longest} characters" if too_long else None

    return rule


def _address(value: str | None) -> str | None:
    given = _given(value)
    return None if given is None or values.is_email(given) else "must be one e-mail address"


_RULES = {
    **{name: _bounded(LONGEST_PREFILL) for name in NAMES},
    "name": _bounded(LONGEST_NAME),
    "email": _address,
    "comments": _bounded(LONGEST_TEXT),
    "special_instructions": _bounded(LONGEST_TEXT),
}
