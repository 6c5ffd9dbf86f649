# SPDX-License-Identifier: Apache-2.0
"""What a developer is told of VetCheck's API and its OAuth, with what is open to the user in the examples."""

from __future__ import annotations

from polyvet.core import library_lists
from polyvet.core.context import Context
from polyvet.core.newest import newest
from polyvet.dialects.vetcheck.content import PLAIN
from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME, SHARES_PER_MINUTE
from polyvet.model.entities import Patient
from polyvet.model.library import ContentKind
from polyvet.storage import applications
from polyvet.web import guide as told
from polyvet.web.guide import KEY, Example, Guide, Limit, OAuth, Variable, authorization, body, curl, url

TITLE = "VetCheck"
SCHEME = "Bearer"
_CREDENTIAL = (
    "The id_token of a user who has allowed an application, as a bearer token. There are no API keys: tokens are given "
    "by OAuth 2.0."
)
_COUNTING = "Only shares are counted, of each user over a rolling minute; a 429 says in Retry-After how long to wait."
_EXCHANGE = "The id_token for the user who allowed it, kept for the requests below"
_PATHS = {
    ContentKind.HANDOUT: "handouts", ContentKind.FORM: "forms", ContentKind.VET_FORM: "vetforms",
    ContentKind.PROGRAM: "programs",
}  # fmt: skip


async def guide(ctx: Context, origin: str, *, limited: bool) -> Guide:
    """The guide for the caller's clinic; `origin` is what absolute URLs start with, `limited` whether shares are
    counted."""
    known = await _known(ctx)
    patient = (await newest(ctx)).patient
    return Guide(
        title=TITLE,
        base=origin,
        credential=_CREDENTIAL,
        scheme=SCHEME,
        variable=Variable(KEY, "An id_token, if it is not there from above"),
        keyed=False,
        counting=_COUNTING,
        limits=(Limit("Shares of a user", f"{SHARES_PER_MINUTE} a minute"),) if limited else (),
        examples=tuple(_examples(origin, known, patient)),
        known=known,
        held={} if patient is None else {"patient": str(patient.number)},
        oauth=await _oauth(ctx, origin),
    )


async def _known(ctx: Context) -> dict[str, str]:
    """The first of each kind that is open to the user."""
    known: dict[str, str] = {}
    for kind, path in _PATHS.items():
        found = await library_lists.content(ctx, kind, None, limit=1)
        if found:
            known[f"{path}/{{id}}"] = str(found[0].number)
    return known


def _examples(base: str, known: dict[str, str], patient: Patient | None) -> list[Example]:
    key = authorization(SCHEME)
    cats = url(base, "handouts", filter_="species eq 'Cat'", orderby_="updated_at desc", top_=5)
    found = [
        Example("Handouts about cats, the newest first", curl(cats, key)),
        Example("How many there are in all", curl(url(base, "handouts", count_="true"), key)),
        Example("The species", curl(url(base, "species", top_=5), key)),
    ]
    handout = known.get("handouts/{id}")
    if handout is not None:
        one = f"{base}/handouts/{handout}"
        found.append(Example("One handout", curl(one, key)))
        found.append(Example("Its text alone", curl(one, key, f"-H 'Accept: {PLAIN}'")))
        found.append(_shared(one, key, patient))
    return found


def _shared(handout: str, key: str, patient: Patient | None) -> Example:
    """A share that mails nothing, with a patient of the record where there is one."""
    given = {"comments": "As we said today."}
    if patient is None:
        return Example("A link to it", curl(f"{handout}/share", key, *body(given)), changes=True)
    about = {**given, "patient": str(patient.number)}
    return Example(f"Share it for {patient.name}", curl(f"{handout}/share", key, *body(about)), changes=True)


async def _oauth(ctx: Context, origin: str) -> OAuth:
    """The endpoints, and how one of the clinic's applications gets a user's token."""
    ctx.require("access:read")
    application = told.newest_with(await applications.of_clinic(ctx.reader, ctx.clinic_id, NAME), "authorization_code")
    token = f"{origin}/oauth/token"
    endpoints = (
        ("Authorization", f"{origin}/code"),
        ("Token", token),
        ("Revocation", f"{origin}/oauth/revoke"),
        ("Configuration", f"{origin}/.well-known/openid-configuration"),
        ("Keys of signed tokens", f"{origin}/.well-known/jwks.json"),
    )
    if application is None:
        return OAuth(endpoints=endpoints, scopes=SCOPES)
    scopes = application.scopes.split()
    return OAuth(
        endpoints=endpoints, scopes=SCOPES, application=application.name,
        authorize=told.asking(f"{origin}/code", application, scopes, audience=AUDIENCE),
        variables=(told.SECRET, told.CODE),
        examples=(Example(_EXCHANGE, told.kept(told.for_code(token, application), "id_token")),),
    )  # fmt: skip
