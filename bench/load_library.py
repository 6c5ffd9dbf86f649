# SPDX-License-Identifier: Apache-2.0
"""Loads the handouts into polyvet, and lets a premium user read them through an application."""

from __future__ import annotations

from bench.apps.shared import KEYS
from bench.dataset import MEASURED_CLINIC
from bench.library import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, REFRESH_TOKEN, SPECIES, Handout, handouts
from polyvet.core.context import PERMISSIONS
from polyvet.identity.keys import ACCESS, REFRESH, hashed
from polyvet.model import values
from polyvet.model.access import Application, Grant, Token
from polyvet.model.entities import User
from polyvet.model.library import Content, ContentKind
from polyvet.storage import applications, grants, library, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

AT_ONCE = 1_000
SCOPE = "read:handouts offline_access"
YEARS = 50 * 365 * values.DAY  # for as long as the store may lie there


async def add_library(store: Store, now: int) -> None:
    """Add the handouts, and a user's tokens."""
    rows = list(handouts())
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]

        async def add(tx: Tx, part: list[Handout] = part) -> None:
            for row in part:
                await library.add(tx, _content(row))

        await store.write(Touching(clinics=(MEASURED_CLINIC,)), add)

    async def tokens(tx: Tx) -> None:
        await _add_tokens(tx, now)

    await store.write(Touching(clinics=(MEASURED_CLINIC,)), tokens)


async def _add_tokens(tx: Tx, now: int) -> None:
    user = User(values.new_id(now), MEASURED_CLINIC, "A. Reader", "", "vet", now, email="reader@example.org")
    application = Application(
        id=values.new_id(now),
        clinic_id=MEASURED_CLINIC,
        dialect="vetcheck",
        name="bench",
        client_id=CLIENT_ID,
        secret_hash=hashed(CLIENT_SECRET),
        grant_types="authorization_code refresh_token",
        redirect_uris=REDIRECT_URI,
        scopes=SCOPE,
        permissions=" ".join(PERMISSIONS),
        per_minute=None,
        per_hour=None,
        created_at=now,
        revoked_at=None,
    )
    await staff.add_user(tx, user)
    applications.add(tx, application)
    grant = Grant(values.new_id(now), application.id, user.id, SCOPE, now)
    grants.add_grant(tx, grant)
    for secret, kind in ((KEYS["vetcheck"], ACCESS), (REFRESH_TOKEN, REFRESH)):
        grants.add_token(tx, Token(hashed(secret), grant.id, kind, now, now + YEARS))


def _content(row: Handout) -> Content:
    return Content(
        id=values.new_id(values.from_datetime(row.created)),
        clinic_id=MEASURED_CLINIC,
        kind=int(ContentKind.HANDOUT),
        number=0,  # given when it is added
        slug="",
        title=row.title,
        keywords=row.keywords,
        role="free",
        country_code=None,
        species_id=SPECIES[row.species],
        breed_id=None,
        location_id=None,
        status=None,
        patient_id=None,
        created_at=values.from_datetime(row.created),
        updated_at=values.from_datetime(row.updated),
        updated_by=None,
        html=row.html,
        markdown=row.markdown,
        plain=row.plain,
    )
