# SPDX-License-Identifier: Apache-2.0
"""What a developer is told of ClinovaVet's API, with a clinic's own ids in the examples."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.core.newest import Newest, newest
from polyvet.dialects.clinovavet.wire import BUDGET, ROOT, to_id
from polyvet.web.guide import KEY, Example, Guide, Limit, Variable, allowed, authorization, body, curl, url

TITLE = "ClinovaVet"
SCHEME = "Bearer"
_COUNTING = (
    "Each key has a minute, which begins with its first request, and may have a number of its own in place of this. "
    "X-RateLimit-Limit, -Remaining and -Reset tell of it; a 429 says in Retry-After how many seconds to wait."
)


async def guide(ctx: Context, origin: str, *, limited: bool) -> Guide:
    """The guide for the caller's clinic; `origin` is what absolute URLs start with, `limited` whether requests are
    counted."""
    base = origin + ROOT.rstrip("/")
    ours = await newest(ctx)
    return Guide(
        title=TITLE,
        base=base,
        credential="An API key of the clinic, as a bearer token.",
        scheme=SCHEME,
        variable=Variable(KEY, "An API key for ClinovaVet"),
        keyed=True,
        counting=_COUNTING,
        limits=(Limit("A key", allowed(BUDGET)),) if limited else (),
        examples=tuple(_examples(base, ours)),
        known=_known(ours),
        held=_held(ctx, ours),
    )


def _known(ours: Newest) -> dict[str, str]:
    known: dict[str, str] = {}
    if ours.client is not None:
        known["owners/{id}"] = to_id(ours.client.id)
    if ours.patient is not None:
        known["pets/{id}"] = to_id(ours.patient.id)
    return known


def _held(ctx: Context, ours: Newest) -> dict[str, str]:
    held: dict[str, str] = {}
    if ours.client is not None:
        held["ownerId"] = to_id(ours.client.id)
    if ours.patient is not None:
        held["species"] = ctx.codelists.species[ours.patient.species_id].common
    return held


def _examples(base: str, ours: Newest) -> list[Example]:
    key = authorization(SCHEME)
    found = [Example("The newest owners", curl(url(base, "owners", limit=5), key), needs="clients:read")]
    if ours.name:
        named = url(base, "owners", limit=5, search=ours.name)
        found.append(Example("Owners found by a name", curl(named, key), needs="clients:read"))
    if ours.client is not None:
        owner = to_id(ours.client.id)
        one, theirs = f"{base}/owners/{owner}", url(base, "pets", ownerId=owner)
        found.append(Example("One owner, with their pets", curl(one, key), needs="clients:read"))
        found.append(Example("Their pets, as a list", curl(theirs, key), needs="patients:read"))
    if ours.patient is not None:
        seen = url(base, "medical-records", petId=to_id(ours.patient.id), limit=5)
        found.append(Example(f"What was done for {ours.patient.name}", curl(seen, key), needs="records:read"))
    unpaid = url(base, "invoices", status="UNPAID", limit=5)
    found.append(Example("Invoices that are not paid", curl(unpaid, key), needs="invoices:read"))
    new = curl(f"{base}/owners", key, *body({"firstName": "Ada", "lastName": "Example", "email": "ada@mail.example"}))
    found.append(Example("Register an owner", new, changes=True, needs="clients:write"))
    return found
