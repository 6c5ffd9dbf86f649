# SPDX-License-Identifier: Apache-2.0
"""What a developer is told of Vetigen's API, with a clinic's own ids in the examples."""

from __future__ import annotations

from polyvet.core import records, stock
from polyvet.core.context import Context
from polyvet.core.newest import newest
from polyvet.dialects.vetigen.inventory import ITEM
from polyvet.dialects.vetigen.patients import PATIENT
from polyvet.dialects.vetigen.soap import SOAP
from polyvet.dialects.vetigen.wire import BUDGETS, ROOT, Generation, Options, to_fp
from polyvet.model.entities import Patient
from polyvet.web.guide import KEY, Example, Guide, Limit, Variable, allowed, authorization, curl, url

TITLE = "Vetigen"
SCHEME = "Bearer"
_CREDENTIAL = "An API key of the clinic, as a bearer token. The header X-API-Key takes it, too."
_COUNTING = (
    "Each key has a minute and an hour, which begin with its first request, and may have numbers of its own in place "
    "of these. X-RateLimit-Limit, -Remaining and -Reset tell of the one with the least room; a 429 says in Retry-After "
    "how many seconds to wait."
)


async def guide(ctx: Context, origin: str, *, options: Options, limited: bool) -> Guide:
    """The guide for the caller's clinic; `origin` is what absolute URLs start with, `limited` whether requests are
    counted."""
    base = origin + ROOT.rstrip("/")
    patient = (await newest(ctx)).patient
    known = await _known(ctx, options, patient)
    return Guide(
        title=TITLE,
        base=base,
        credential=_CREDENTIAL,
        scheme=SCHEME,
        variable=Variable(KEY, "An API key for Vetigen"),
        keyed=True,
        counting=_COUNTING,
        limits=tuple(Limit(f"A key of the kind {kind}", allowed(one)) for kind, one in BUDGETS.items() if limited),
        examples=tuple(_examples(ctx, base, known, patient)),
        known=known,
    )


async def _known(ctx: Context, options: Options, patient: Patient | None) -> dict[str, str]:
    """Ids of the clinic's own: the patient is one that has a SOAP record, if there is any."""
    known: dict[str, str] = {}
    written = await records.search(ctx, limit=1)
    items = await stock.search(ctx, limit=1)
    if patient is not None:
        known["patients/{fp}"] = to_fp(PATIENT, patient.id)
    if written.items and options.generation is not Generation.K:  # which opens them to no key
        known["soap/patient/{patient_fp}"] = to_fp(PATIENT, written.items[0].patient_id)
        known["soap/{fp}"] = to_fp(SOAP, written.items[0].id)
    if items.items:
        known["inventory/{fp}"] = to_fp(ITEM, items.items[0].id)
    return known


def _examples(ctx: Context, base: str, known: dict[str, str], patient: Patient | None) -> list[Example]:
    key = authorization(SCHEME)
    newest_first = url(base, "patients", page=1, page_size=5)
    found = [Example("The patients that changed last", curl(newest_first, key), needs="patients:read")]
    if patient is not None:
        slug = ctx.codelists.species[patient.species_id].slug
        listed = url(base, "patients", species=slug, updated_since="2020-01-01T00:00:00Z")
        says = f"Those of the species {slug}, as a mirror asks for what is new"
        found.append(Example(says, curl(listed, key), needs="patients:read"))
        one = f"{base}/patients/{known['patients/{fp}']}"
        found.append(Example(f"One patient: {patient.name}", curl(one, key), needs="patients:read"))
    booked, stocked = url(base, "calendar/events"), url(base, "inventory", page_size=5)
    found.append(Example("The calendar of the next 30 days", curl(booked, key), needs="calendar:read"))
    found.append(Example("What is in stock", curl(stocked, key), needs="stock:read"))
    of_patient = known.get("soap/patient/{patient_fp}")
    if of_patient is not None:
        written = url(base, f"soap/patient/{of_patient}")
        found.append(Example("A patient's SOAP records", curl(written, key), needs="records:read"))
    return found
