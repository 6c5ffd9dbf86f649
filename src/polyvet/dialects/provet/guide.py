# SPDX-License-Identifier: Apache-2.0
"""What a developer is told of Provet Cloud's API and its OAuth, with a clinic's own numbers in the examples."""

from __future__ import annotations

from typing import Any

from polyvet.core import departments
from polyvet.core.context import Context
from polyvet.core.newest import Newest, newest
from polyvet.dialects.provet.router import LIMITS, READ_CALENDAR, READ_CLIENTS, READ_PATIENTS, ROOT, WRITE_CLIENTS
from polyvet.dialects.provet.wire import NAME, SCOPES, USUAL_LIMIT
from polyvet.model import values
from polyvet.storage import applications
from polyvet.web import guide as told
from polyvet.web.guide import KEY, Example, Guide, Limit, OAuth, Variable, authorization, body, curl, url

TITLE = "Provet Cloud"
SCHEME = "Token"
_CREDENTIAL = (
    "An API key of the clinic after the word Token, or an access token of OAuth 2.0 after the word Bearer. The path "
    "starts with the clinic's installation number."
)
_COUNTING = (
    "Each operation has a minute of its own that rolls on; a key or an application may have one number for all in "
    "place of these. A page_size above 50 counts as so many pages of 50. No header tells what is left; a 429 says in "
    "Retry-After how many seconds to wait."
)


async def guide(ctx: Context, origin: str, *, limited: bool) -> Guide:
    """The guide for the caller's clinic; `origin` is what absolute URLs start with, `limited` whether requests are
    counted."""
    base = origin + ROOT.format(provet_id=ctx.clinic_id).rstrip("/")
    ours = await newest(ctx)
    usual = (Limit("Most operations", _a_minute(USUAL_LIMIT)),)
    others = tuple(Limit(f"{method} {path}", _a_minute(number)) for (method, path), number in LIMITS.items())
    return Guide(
        title=TITLE,
        base=base,
        credential=_CREDENTIAL,
        scheme=SCHEME,
        variable=Variable(KEY, "An API key for Provet Cloud"),
        keyed=True,
        counting=_COUNTING,
        limits=(*usual, *others) if limited else (),
        examples=tuple(_examples(base, ours)),
        known=_known(ours),
        held=await _held(ctx, base, ours),
        oauth=await _oauth(ctx, f"{origin}/{ctx.clinic_id}/oauth2"),
    )


def _a_minute(number: int) -> str:
    return f"{number:,} a minute"


def _known(ours: Newest) -> dict[str, str]:
    known: dict[str, str] = {}
    if ours.client is not None:
        known["client/{id}"] = str(ours.client.number)
    if ours.patient is not None:
        known["patient/{id}"] = str(ours.patient.number)
    return known


async def _held(ctx: Context, base: str, ours: Newest) -> dict[str, Any]:
    """Relations are URLs, and a booking starts tomorrow."""
    held: dict[str, Any] = {"start": values.to_milliseconds_text(values.now() + values.DAY)}
    if ours.client is not None:
        held["client"] = f"{base}/client/{ours.client.number}/"
    if ours.patient is not None:
        held["patient"] = f"{base}/patient/{ours.patient.number}/"
        held["patients"] = [held["patient"]]
        held["species"] = ours.patient.species_id
    for number in list(await departments.of_clinic(ctx))[:1]:
        held["department"] = f"{base}/department/{number}/"
    return held


def _examples(base: str, ours: Newest) -> list[Example]:
    key = authorization(SCHEME)
    found = [Example("The clients", curl(url(base, "client/", page_size=5), key), needs=READ_CLIENTS)]
    if ours.client is not None:
        number = ours.client.number
        field = "lastname" if ours.client.last_name else "organization_name"
        named = url(base, "client/", **{f"{field}__icontains": ours.name})
        theirs = url(base, "patient/", client__is=number)
        found.append(Example("Clients found by a name", curl(named, key), needs=READ_CLIENTS))
        found.append(Example("One client", curl(f"{base}/client/{number}/", key), needs=READ_CLIENTS))
        found.append(Example("Their patients", curl(theirs, key), needs=READ_PATIENTS))
    if ours.patient is not None:
        one = url(base, f"patient/{ours.patient.number}/weight/")
        found.append(Example(f"The weights of {ours.patient.name}", curl(one, key), needs=READ_PATIENTS))
    changed = url(base, "patient/", modified__gte="2020-01-01T00:00:00Z", page_size=5)
    says = "Patients that changed since an instant, as a mirror asks"
    found.append(Example(says, curl(changed, key), needs=READ_PATIENTS))
    booked = url(base, "appointment/", ordering="start", page_size=5)
    found.append(Example("Appointments, in their order", curl(booked, key), needs=READ_CALENDAR))
    new = curl(f"{base}/client/", key, *body({"firstname": "Ada", "lastname": "Example", "email": "ada@mail.example"}))
    found.append(Example("Register a client", new, changes=True, needs=WRITE_CLIENTS))
    return found


async def _oauth(ctx: Context, issuer: str) -> OAuth:
    """The installation's endpoints, and how one of its applications gets a token: of its own, else of a user."""
    ctx.require("access:read")
    registered = await applications.of_clinic(ctx.reader, ctx.clinic_id, NAME)
    endpoints = (
        ("Authorization", f"{issuer}/authorize/"),
        ("Token", f"{issuer}/token/"),
        ("Revocation", f"{issuer}/revoke_token/"),
        ("User info", f"{issuer}/userinfo/"),
        ("Configuration", f"{issuer}/.well-known/openid-configuration"),
        ("Keys of signed tokens", f"{issuer}/.well-known/jwks.json"),
    )
    for_itself = told.newest_with(registered, "client_credentials")
    if for_itself is not None:
        example = Example("A token for the application itself", told.for_itself(f"{issuer}/token/", for_itself))
        return OAuth(
            endpoints=endpoints, scopes=SCOPES, application=for_itself.name, variables=(told.SECRET,),
            examples=(example,),
        )  # fmt: skip
    for_users = told.newest_with(registered, "authorization_code")
    if for_users is None:
        return OAuth(endpoints=endpoints, scopes=SCOPES)
    return OAuth(
        endpoints=endpoints, scopes=SCOPES, application=for_users.name,
        authorize=told.asking(f"{issuer}/authorize/", for_users, for_users.scopes.split()),
        variables=(told.SECRET, told.CODE),
        examples=(Example("A token for the user who allowed it", told.for_code(f"{issuer}/token/", for_users)),),
    )  # fmt: skip
