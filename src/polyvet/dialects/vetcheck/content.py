# SPDX-License-Identifier: Apache-2.0
"""`GET` and `PUT` of one handout, form, vet form or program.

A single item answers as JSON, or as one of its forms alone, without an envelope [seed]. `PUT` takes what its body names
and leaves the rest; everybody's content is copied into the account first, each time [seed].
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from polyvet.core import library, reading, rendering
from polyvet.core.codelists import Codelists
from polyvet.dialects.vetcheck import accept
from polyvet.dialects.vetcheck.wire import encode, subject, to_time
from polyvet.model.library import LONGEST_KEYWORDS, LONGEST_TITLE, Content, ContentKind
from polyvet.model.values import whole_number
from polyvet.storage.store import Reader
from polyvet.storage.writing import Tx
from polyvet.web import params
from polyvet.web.message import Headers, Reply, Request
from polyvet.web.routes import Handler

HTML, MARKDOWN, PLAIN = "text/html", "text/markdown", "text/plain"
TEXTS = (HTML, MARKDOWN, PLAIN)  # [docs]
SERVED = (accept.JSON, *TEXTS)
HIGHEST_ID = 2**53
VARY = (b"vary", b"accept")
# A browser that opens the fragment by itself shows it, and does nothing else for it.
_ALONE: Headers = [
    (b"content-security-policy", b"default-src 'none'; img-src 'self' data: https:; form-action 'none'; sandbox"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class ContentOut(msgspec.Struct, kw_only=True):
    """One piece of content in all its forms: html, Markdown, raw and plain text are named [seed], the rest follows the
    lists' columns [inferred]. `raw` is the plain text on one line."""

    id: int
    title: str
    keywords: str
    role: str
    html: str
    markdown: str
    text: str
    raw: str
    country_code: str | None
    species: str | None
    species_id: int | None
    breed_id: int | None
    location_id: int | None
    status: str | UnsetType | None = UNSET  # of vet forms alone
    created_at: str
    updated_at: str
    updated_by: str | None


_Id = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_ID)]
_Title = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST_TITLE, "pattern": r"\S"})]
_Keywords = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST_KEYWORDS})]
_Html = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": rendering.LONGEST})]


class FormIn(msgspec.Struct):
    """What may be changed of a form [seed]."""

    title: _Title | UnsetType = UNSET
    keywords: _Keywords | UnsetType = UNSET


class ProgramIn(FormIn):
    """And of a program [seed]. Null takes an association away [inferred]."""

    html: _Html | UnsetType = UNSET
    breed_id: _Id | UnsetType | None = UNSET
    location_id: _Id | UnsetType | None = UNSET


class HandoutIn(ProgramIn):
    """And of a handout [seed]."""

    species_id: _Id | UnsetType | None = UNSET


# Other fields are ignored [inferred]: a client may send back the whole of what it got.
BODIES: dict[ContentKind, type[FormIn]] = {
    ContentKind.HANDOUT: HandoutIn, ContentKind.FORM: FormIn, ContentKind.PROGRAM: ProgramIn,
}  # fmt: skip


def _title_rule(value: str) -> str | None:
    if not value.strip():
        return "must not be blank"
    return f"must not be longer than {LONGEST_TITLE} characters" if len(value.strip()) > LONGEST_TITLE else None


def _keywords_rule(value: str) -> str | None:
    return f"must not be longer than {LONGEST_KEYWORDS} characters" if len(value) > LONGEST_KEYWORDS else None


RULES: dict[str, Callable[[Any], str | None]] = {"title": _title_rule, "keywords": _keywords_rule}


def getting(kind: ContentKind) -> Handler:
    """The handler that shows one."""

    async def get_content(request: Request) -> Reply:
        """200 in the form that `Accept` asks for, JSON for who does not say [inferred]; 406 [seed]."""
        media_type = accept.chosen(request.header(b"accept"), SERVED)
        ctx = request.context
        item = await library.get(ctx, kind, *named(request))
        if media_type == accept.JSON:
            return Reply(200, encode(await content_out(item, ctx.codelists, ctx.reader)), [VARY])
        text = {HTML: item.html, MARKDOWN: item.markdown, PLAIN: item.plain}[media_type]
        headers = [VARY, *_ALONE] if media_type == HTML else [VARY, *_ALONE[1:]]
        return Reply(200, text.encode(), headers, f"{media_type}; charset=utf-8".encode())

    return get_content


def putting(kind: ContentKind) -> Handler:
    """The handler that changes one, or makes a copy that is changed."""

    async def put_content(request: Request) -> Reply:
        """200 with what stands now, whose id is new for a copy [inferred]. The body is read as JSON whatever it is
        called: the page's sample has none, and `curl --data` calls all a form [seed]; no body changes nothing."""
        ctx = request.context
        number, shown = named(request)
        touching = await library.touching(ctx)
        body = await request.body()
        given = params.read_fields(params.read_json(body) if body.strip() else {}, BODIES[kind], RULES)
        changed = await _changes(given)
        if ctx.caller.user_id is not None:
            changed["updated_by"] = subject(ctx.caller.user_id)

        async def job(tx: Tx) -> Reply:
            item = await library.change(ctx.within(tx), kind, number, shown, lambda old: replace(old, **changed))
            return Reply(200, encode(await content_out(item, ctx.codelists, tx)))

        return await ctx.store.write(touching, job)

    return put_content


async def _changes(given: FormIn) -> dict[str, Any]:
    """What a body sets, by the record's names. Texts are made of html before the store is held up."""
    found = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not UNSET}
    for name in ("title", "keywords"):
        if name in found:
            found[name] = found[name].strip()
    if "html" in found:
        forms = await asyncio.to_thread(rendering.forms_of, found["html"])
        found |= dict(zip(("html", "markdown", "plain"), forms, strict=True))
    return found


async def content_out(item: Content, codelists: Codelists, reader: Reader) -> ContentOut:
    """Content on the wire."""
    species = None
    if item.species_id is not None:
        species = await codelists.species_of(reader, item.species_id, item.clinic_id)
    return ContentOut(
        id=item.number, title=item.title, keywords=item.keywords, role=item.role, html=item.html,
        markdown=item.markdown, text=item.plain, raw=reading.on_one_line(item.plain), country_code=item.country_code,
        species=None if species is None else species.common, species_id=item.species_id, breed_id=item.breed_id,
        location_id=item.location_id, status=item.status if item.kind == ContentKind.VET_FORM else UNSET,
        created_at=to_time(item.created_at), updated_at=to_time(item.updated_at), updated_by=item.updated_by,
    )  # fmt: skip


def named(request: Request) -> tuple[int | None, str]:
    """The number that the path names, and what stands there; no number for what is none."""
    shown = request.parameters["id"]
    return whole_number(shown), shown
