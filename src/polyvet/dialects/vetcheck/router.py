# SPDX-License-Identifier: Apache-2.0
"""VetCheck's route table: all that the vendor documents of its API. Content is neither made nor deleted through it
[seed, by absence]. What people open in a browser, and OAuth, stands in people.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from polyvet.dialects.vetcheck import content, lists, sharing
from polyvet.dialects.vetcheck.wire import NAME, ROOT, Failure, Options, VetCheckWire
from polyvet.identity.keys import Keys
from polyvet.model.library import ContentKind
from polyvet.web import openapi
from polyvet.web.dialect import Dialect, Services
from polyvet.web.routes import Handler, Parameter, Route, RouteTable, getting

TITLE = "VetCheck, as polyvet serves it"
_TEXT = {"type": "string"}
_WHENCE = "The id_token of a user who allowed the application: see /.well-known/openid-configuration."
TOKEN = openapi.Security("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _WHENCE})
QUERY = (
    Parameter(name="$filter", schema=_TEXT, description="Which items: a boolean expression.", origin="seed"),
    Parameter(name="$orderby", schema=_TEXT, description="Columns, each with ASC or DESC.", origin="seed"),
    Parameter(name="$top", schema={"type": "integer"}, description="The first n results.", origin="seed"),
    Parameter(name="$skip", schema={"type": "integer"}, description="Those after the first n.", origin="seed"),
    Parameter(name="$count", schema=_TEXT, description="How many there are, in place of them.", origin="seed"),
)


def dialect(services: Services, options: Options) -> Dialect:
    """The dialect as an application."""
    served = table(services, options)
    # Which scopes guard what is not described, so that a token of any scope may come [inferred].
    callers = Keys(services.store, NAME, scope="")
    return Dialect(VetCheckWire(), served, services, callers, partial(document, served))


def document(served: RouteTable) -> bytes:
    """The dialect's OpenAPI description."""
    return openapi.document(
        title=TITLE,
        version="v2",
        root=ROOT,
        table=served,
        error_type=Failure,
        security=(TOKEN,),
        rate_headers=(),
    )


def table(services: Services, options: Options) -> RouteTable:
    """What is served."""
    share = partial(sharing.sharing, options=options, rolling=services.rolling)
    # fmt: off
    return RouteTable((
        _listing("species", "Species", lists.list_species, lists.SpeciesOut),
        *_kind("handouts", "handout", ContentKind.HANDOUT, "{id}", changed=True, share=share),
        *_kind("forms", "form", ContentKind.FORM, "{id}/get", changed=True, share=share),
        *_kind("vetforms", "vet form", ContentKind.VET_FORM, "{id}/get", changed=False, share=None),
        *_kind("programs", "program", ContentKind.PROGRAM, "{id}", changed=True, share=share),
    ))
    # fmt: on


def _kind(plural: str, name: str, kind: ContentKind, one: str, *, changed: bool, share: Any) -> tuple[Route, ...]:
    """A kind's rows. The page speaks of `/{id}` in its prose and of `/{id}/get` at some kinds' endpoints [seed]: both
    are served everywhere."""
    word = "".join(part.capitalize() for part in name.split())
    get_one = getting(
        f"{plural}/{one}", f"Retrieve a {name}", f"get{word}", "seed", "library:read", content.getting(kind),
        content.ContentOut,
    )  # fmt: skip
    get_one = replace(get_one, texts=content.TEXTS)
    other = "{id}" if one == "{id}/get" else "{id}/get"
    rows = [
        _listing(plural, f"{word}s", lists.listing(kind), lists.ENVELOPES[kind]),
        get_one,
        replace(get_one, path=f"{plural}/{other}", alias_of=get_one.path),
    ]
    if changed:
        rows.append(Route(
            method="PUT", path=f"{plural}/{{id}}", handler=content.putting(kind), permission="library:write",
            summary=f"Update a {name}", operation=f"update{word}", origin="seed", answer=content.ContentOut,
            body=content.BODIES[kind],
        ))  # fmt: skip
    if share is not None:
        rows.append(Route(
            method="POST", path=f"{plural}/{{id}}/share", handler=share(kind), permission="shares:write",
            summary=f"Share a {name}", operation=f"share{word}", origin="seed", answer=sharing.ShareOut,
            body=sharing.ShareIn,
        ))  # fmt: skip
    return tuple(rows)


def _listing(plural: str, word: str, handler: Handler, answer: Any) -> Route:
    """A list's row: its items, or with `$count` how many there are."""
    row = getting(plural, f"List {plural}", f"list{word}", "seed", "library:read", handler, answer, QUERY)
    return replace(row, also=((200, lists.CountOut),))


__all__ = ["NAME", "ROOT", "dialect", "document", "table"]
